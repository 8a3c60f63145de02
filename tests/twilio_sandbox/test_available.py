"""What is on sale (twilio-facts 1.4)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.refusals import refusal
from tests.twilio_sandbox.texting import switch

pytestmark = pytest.mark.process


def local(client: Client, **filters: Any) -> list[str]:
    found = client.available_phone_numbers("US").local.list(page_size=100, **filters)
    return [str(offer.phone_number) for offer in found]


def test_the_countries_name_their_lists(sandbox: SandboxProcess, acme_client: Client) -> None:
    countries = {c.country_code: c for c in acme_client.available_phone_numbers.list()}

    assert set(countries) == {"US", "CA", "GB", "DE", "FR", "AU"}
    base = f"/2010-04-01/Accounts/{sandbox.acme_sid}/AvailablePhoneNumbers"
    assert countries["US"].subresource_uris == {
        "local": f"{base}/US/Local.json",
        "toll_free": f"{base}/US/TollFree.json",
    }
    assert "mobile" in (countries["GB"].subresource_uris or {})
    assert acme_client.available_phone_numbers("GB").fetch().country == "United Kingdom"


def test_the_us_has_no_mobile_list_and_nowhere_is_no_country(acme_client: Client) -> None:
    with pytest.raises(TwilioException) as no_list:
        acme_client.available_phone_numbers("US").mobile.list()
    with pytest.raises(TwilioRestException) as no_country:
        acme_client.available_phone_numbers("ZZ").fetch()

    assert no_list.value.args[1].status_code == 404
    assert (no_country.value.status, no_country.value.code) == (404, 20404)


def test_an_area_code_limits_the_offers(acme_client: Client) -> None:
    found = local(acme_client, area_code=415)

    assert len(found) == len(set(found)) == 30
    assert all(number.startswith("+1415") for number in found)
    assert local(acme_client, area_code=999) == []


def test_offers_are_free(sandbox: SandboxProcess, acme_client: Client) -> None:
    held = {str(n.phone_number) for n in acme_client.incoming_phone_numbers.list(page_size=1000)}

    for area_code in ("415", "212", "312"):
        assert not held & set(local(acme_client, area_code=area_code))


@pytest.mark.parametrize(
    ("contains", "fits"),
    [
        ("5550", lambda n: "5550" in n),
        ("55*01", lambda n: any(f"55{d}01" in n for d in "0123456789")),
        ("+1415555", lambda n: n.startswith("+1415555")),
        ("19$", lambda n: n.endswith("19")),
        ("%0177$", lambda n: n.endswith("0177")),
        ("KL0", lambda n: "550" in n),
    ],
)
def test_a_pattern_limits_the_offers(acme_client: Client, contains: str, fits: Any) -> None:
    found = local(acme_client, contains=contains)

    assert found
    assert all(fits(number) for number in found)


def test_a_whole_number_can_be_looked_up(acme_client: Client) -> None:
    assert local(acme_client, contains="4152347890")[0] == "+14152347890"
    assert local(acme_client, contains="+14152347890$")[0] == "+14152347890"


@pytest.mark.parametrize("contains", ["5", "5" * 17, "5-5", "+", "5+5"])
def test_a_bad_pattern_is_refused(acme_client: Client, contains: str) -> None:
    with pytest.raises(TwilioException) as error:
        local(acme_client, contains=contains)

    assert json.loads(error.value.args[1].text)["code"] == 20001


def test_places_limit_the_offers(acme_client: Client) -> None:
    texas = acme_client.available_phone_numbers("US").local.list(in_region="TX", page_size=1000)

    assert {offer.locality for offer in texas} <= {"Austin", "Dallas", "Houston"}
    assert all(offer.region == "TX" for offer in texas)
    assert local(acme_client, in_locality="Hilo")[0].startswith("+1808")
    assert local(acme_client, in_region="ZZ") == []


def able(client: Client, **filters: Any) -> list[tuple[bool, bool, bool]]:
    """(voice, SMS, MMS) of each American local number on offer in San Francisco."""
    found = client.available_phone_numbers("US").local.list(area_code=415, **filters)
    return [(c["voice"], c["SMS"], c["MMS"]) for c in (offer.capabilities for offer in found)]


def test_some_american_numbers_only_speak_and_some_only_text(acme_client: Client) -> None:
    found = able(acme_client)

    kinds = {(True, True, True), (True, False, False), (False, True, True)}
    assert set(found) == kinds
    assert found.count((True, True, True)) > 20


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_capability_that_is_asked_for_is_there(acme_client: Client, place: int) -> None:
    name = ("voice_enabled", "sms_enabled", "mms_enabled")[place]

    found = able(acme_client, **{name: True})

    assert len(found) == 30
    assert all(each[place] for each in found)
    assert not all(all(each) for each in found) or name == "mms_enabled"


def test_all_capabilities_can_be_asked_for_at_once(acme_client: Client) -> None:
    found = able(acme_client, sms_enabled=True, voice_enabled=True, mms_enabled=True)

    assert set(found) == {(True, True, True)}


def test_a_capability_that_is_false_excludes_nothing(acme_client: Client) -> None:
    unasked = able(acme_client)

    for name in ("voice_enabled", "sms_enabled", "mms_enabled", "fax_enabled"):
        assert able(acme_client, **{name: False}) == unasked


def test_a_number_can_do_after_the_purchase_what_was_offered(acme_client: Client) -> None:
    offers = acme_client.available_phone_numbers("US").local.list(area_code=415)
    only_one = [each for each in offers if not all(each.capabilities.values())]

    for offer in only_one:
        bought = acme_client.incoming_phone_numbers.create(phone_number=offer.phone_number)
        offered = {name.lower(): is_there for name, is_there in offer.capabilities.items()}
        assert bought.capabilities == {**offered, "fax": False}
    assert len(only_one) >= 2


def test_numbers_abroad_can_do_what_their_kind_can(acme_client: Client) -> None:
    british = acme_client.available_phone_numbers("GB")

    assert local(acme_client, fax_enabled=True) == []
    assert british.local.list(sms_enabled=True) == []
    assert british.local.list(voice_enabled=True, limit=1)[0].capabilities == {
        "voice": True,
        "SMS": False,
        "MMS": False,
    }
    assert british.mobile.list(sms_enabled=True, limit=1)


def test_capabilities_on_sale_are_spelled_unlike_those_of_own_numbers(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    def names() -> set[str]:
        offers = acme_client.available_phone_numbers("US").local.list(limit=1)
        return set(offers[0].capabilities)

    assert names() == {"voice", "SMS", "MMS"}
    switch(sandbox, available_capabilities="lower")
    assert names() == {"voice", "sms", "mms"}


def test_there_are_thirty_offers_at_most_unless_the_switch_says_otherwise(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    assert len(local(acme_client)) == 30
    assert len(acme_client.available_phone_numbers("US").local.list(page_size=7)) == 7
    switch(sandbox, available_rows="page_size")
    assert len(local(acme_client)) == 100


def test_numbers_that_need_an_address_can_be_left_out(acme_client: Client) -> None:
    british = acme_client.available_phone_numbers("GB").local

    assert british.list(exclude_all_address_required=True) == []
    assert british.list(limit=1)[0].address_requirements == "any"


def test_toll_free_numbers_are_offered_in_the_us_and_canada(acme_client: Client) -> None:
    for country in ("US", "CA"):
        found = acme_client.available_phone_numbers(country).toll_free.list(limit=10)
        assert len(found) == 10
        assert {offer.iso_country for offer in found} == {country}
        assert all(str(offer.phone_number)[2:5].startswith("8") for offer in found)


@pytest.mark.parametrize(
    ("country", "kind", "prefix"),
    [
        ("GB", "national", "+443069"),
        ("DE", "local", "+49"),
        ("DE", "mobile", "+49176"),
        ("FR", "local", "+33"),
        ("FR", "mobile", "+336"),
        ("AU", "local", "+61"),
        ("AU", "mobile", "+61491"),
    ],
)
def test_other_countries_have_their_own_lists(
    acme_client: Client, country: str, kind: str, prefix: str
) -> None:
    offers = getattr(acme_client.available_phone_numbers(country), kind).list(limit=5)

    assert len(offers) == 5
    assert all(str(offer.phone_number).startswith(prefix) for offer in offers)
    assert {offer.iso_country for offer in offers} == {country}


def test_an_area_code_means_nothing_outside_north_america(acme_client: Client) -> None:
    assert acme_client.available_phone_numbers("DE").local.list(area_code=415, limit=5)


def test_a_rate_center_needs_its_lata(acme_client: Client) -> None:
    found = local(acme_client, in_rate_center="AUSTIN", in_lata="558")

    assert refusal(local, acme_client, in_rate_center="AUSTIN") == (400, 20001)
    assert all(number.startswith("+1512") for number in found)


def test_numbers_near_a_number_come_nearest_first(acme_client: Client) -> None:
    def areas(**filters: Any) -> list[str]:
        found = acme_client.available_phone_numbers("US").local.list(page_size=1000, **filters)
        return list(dict.fromkeys(str(offer.locality) for offer in found))

    # From Austin it is 146 miles to Houston and 182 to Dallas, over the surface of the earth.
    near = {"near_number": "+15125550100", "contains": "0199"}

    assert areas(**near) == ["Austin"]
    assert areas(**near, distance=160) == ["Austin", "Houston"]
    assert areas(**near, distance=200) == ["Austin", "Houston", "Dallas"]


def test_numbers_near_a_point_are_found(acme_client: Client) -> None:
    assert all(n.startswith("+1206") for n in local(acme_client, near_lat_long="47.7,-122.3"))
    assert local(acme_client, near_lat_long="0,0") == []


@pytest.mark.parametrize(
    ("filters", "code"),
    [
        ({"near_lat_long": "north"}, 20001),
        ({"near_lat_long": "91,0"}, 20001),
        ({"near_number": "+18005550100"}, 21421),
        ({"near_number": "12"}, 21421),
        ({"near_lat_long": "0,0", "distance": 501}, 20001),
    ],
)
def test_a_place_that_is_none_is_refused(
    acme_client: Client, filters: dict[str, Any], code: int
) -> None:
    assert refusal(local, acme_client, **filters) == (400, code)
