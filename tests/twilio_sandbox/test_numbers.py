"""Fetch, update, buy, release and buy back (twilio-facts 1.1, 1.2, 2)."""

from __future__ import annotations

from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client
from twilio.rest.api.v2010.account.incoming_phone_number import IncomingPhoneNumberInstance

from tests.sandbox_process import SandboxProcess, SandboxRefused
from tests.twilio_sandbox.papers import new_address, new_paper
from tests.twilio_sandbox.refusals import refusal
from twilio_sandbox import available
from twilio_sandbox.world import World

pytestmark = pytest.mark.process

APPLICATION = "AP" + "1" * 32
TRUNK = "TK" + "2" * 32


def refused(error: pytest.ExceptionInfo[TwilioRestException]) -> tuple[int, int | None]:
    return error.value.status, error.value.code


def plain(client: Client) -> IncomingPhoneNumberInstance:
    """A local American number without any setting of its own."""
    for number in client.incoming_phone_numbers.list(page_size=1000, phone_number="+1"):
        if (
            number.voice_url is None
            and number.type == "local"
            and number.trunk_sid is None
            and number.voice_application_sid == ""
            and str(number.friendly_name).startswith("(")
            and number.emergency_status == "Inactive"
        ):
            return number
    raise AssertionError("no plain number")


def fetched(client: Client, sid: str | None) -> dict[str, Any]:
    """The number as the API shows it now."""
    assert sid is not None
    return dict(vars(client.incoming_phone_numbers(sid).fetch()))


# Fetch


def test_a_number_is_fetched_with_its_defaults(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    number = plain(acme_client).fetch()
    digits = str(number.phone_number)

    assert number.account_sid == sandbox.acme_sid
    assert number.friendly_name == f"({digits[2:5]}) {digits[5:8]}-{digits[8:]}"
    assert (number.sms_url, number.sms_application_sid, number.status_callback) == ("", "", "")
    assert (number.voice_url, number.voice_fallback_url, number.trunk_sid) == (None, None, None)
    assert (number.voice_method, number.sms_method) == ("POST", "POST")
    assert (number.status, number.origin, number.type) == ("in-use", "twilio", "local")
    assert number.date_created is not None
    assert number.uri == (
        f"/2010-04-01/Accounts/{sandbox.acme_sid}/IncomingPhoneNumbers/{number.sid}.json"
    )


@pytest.mark.parametrize("sid", ["PN" + "0" * 32, "nonsense"])
def test_an_unknown_number_is_not_found(acme_client: Client, sid: str) -> None:
    with pytest.raises(TwilioRestException) as error:
        acme_client.incoming_phone_numbers(sid).fetch()

    assert refused(error) == (404, 20404)


def test_a_number_is_found_under_its_own_account_only(
    sandbox: SandboxProcess, acme_client: Client, parent_client: Client
) -> None:
    sid = plain(acme_client).sid
    assert sid is not None

    with pytest.raises(TwilioRestException) as error:
        parent_client.incoming_phone_numbers(sid).fetch()

    assert refused(error) == (404, 20404)


# Update


def test_every_setting_can_be_changed_and_stays(acme_client: Client) -> None:
    address = new_address(acme_client, emergency_enabled=True)
    settings: dict[str, Any] = {
        "api_version": "2008-08-01",
        "friendly_name": "Night line",
        "sms_application_sid": APPLICATION,
        "sms_fallback_method": "GET",
        "sms_fallback_url": "https://example.com/sms-fallback",
        "sms_method": "GET",
        "sms_url": "https://example.com/sms",
        "status_callback": "https://example.com/status",
        "status_callback_method": "GET",
        "voice_application_sid": APPLICATION,
        "voice_caller_id_lookup": True,
        "voice_fallback_method": "GET",
        "voice_fallback_url": "https://example.com/voice-fallback",
        "voice_method": "GET",
        "voice_url": "https://example.com/voice",
        "voice_receive_mode": "fax",
        "emergency_address_sid": address,
        "identity_sid": "RI" + "4" * 32,
        "address_sid": address,
        "bundle_sid": "BU" + "5" * 32,
    }
    number = plain(acme_client)

    number.update(**settings)

    now = fetched(acme_client, number.sid)
    assert {name: now[name] for name in settings} == settings
    assert now["date_updated"] > now["date_created"]


def test_settings_are_cleared_to_what_a_new_number_shows(acme_client: Client) -> None:
    number = plain(acme_client)
    before = fetched(acme_client, number.sid)
    number.update(
        voice_url="https://example.com/a",
        sms_url="https://example.com/b",
        trunk_sid=TRUNK,
        sms_application_sid=APPLICATION,
        emergency_address_sid=new_address(acme_client, emergency_enabled=True),
    )

    number.update(
        voice_url="", sms_url="", trunk_sid="", sms_application_sid="", emergency_address_sid=""
    )

    after = fetched(acme_client, number.sid)
    for volatile in ("date_updated", "_version", "_context", "_solution"):
        before.pop(volatile, None)
        after.pop(volatile, None)
    assert after == before


def test_a_trunk_and_a_voice_application_exclude_each_other(acme_client: Client) -> None:
    number = plain(acme_client)

    number.update(voice_application_sid=APPLICATION, voice_url="https://example.com/kept")
    with_trunk = number.update(trunk_sid=TRUNK)
    assert (with_trunk.trunk_sid, with_trunk.voice_application_sid) == (TRUNK, "")

    with_application = number.update(voice_application_sid=APPLICATION)
    assert (with_application.trunk_sid, with_application.voice_application_sid) == (
        None,
        APPLICATION,
    )
    assert with_application.voice_url == "https://example.com/kept"


def test_a_name_may_have_64_characters(acme_client: Client) -> None:
    number = plain(acme_client)

    assert number.update(friendly_name="x" * 64).friendly_name == "x" * 64
    with pytest.raises(TwilioRestException) as error:
        number.update(friendly_name="x" * 65)

    assert refused(error) == (400, 20001)


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ({"sms_application_sid": "PN" + "1" * 32}, 20001),
        ({"voice_application_sid": "AP123"}, 20001),
        ({"trunk_sid": "nonsense"}, 20001),
        ({"emergency_address_sid": "AD"}, 20001),
        ({"bundle_sid": "BU" + "z" * 32}, 20001),
        ({"voice_url": "example.com/no-scheme"}, 21402),
        ({"sms_url": "ftp://example.com"}, 21402),
        ({"status_callback": "https://"}, 21402),
        ({"status_callback": "https://my_host.example/sent"}, 21402),
        ({"voice_method": "PUT"}, 21403),
        ({"voice_receive_mode": "telex"}, 20001),
    ],
)
def test_settings_off_pattern_are_refused_and_change_nothing(
    acme_client: Client, setting: dict[str, str], code: int
) -> None:
    number = plain(acme_client)

    with pytest.raises(TwilioRestException) as error:
        number.update(**setting, status_callback_method="GET")

    assert refused(error) == (400, code)
    assert fetched(acme_client, number.sid)["status_callback_method"] == "POST"


# Buy


def test_a_number_is_bought_by_its_digits(sandbox: SandboxProcess, acme_client: Client) -> None:
    offer = acme_client.available_phone_numbers("US").local.list(area_code=512, limit=1)[0]
    assert offer.phone_number is not None

    bought = acme_client.incoming_phone_numbers.create(
        phone_number=offer.phone_number,
        friendly_name="Austin, new",
        voice_url="https://example.com/voice",
    )

    assert bought.phone_number == offer.phone_number
    assert (bought.friendly_name, bought.voice_url) == ("Austin, new", "https://example.com/voice")
    newest = acme_client.incoming_phone_numbers.list(limit=1)[0]
    assert newest.sid == bought.sid
    still = acme_client.available_phone_numbers("US").local.list(area_code=512, limit=1000)
    assert offer.phone_number not in {o.phone_number for o in still}


def test_a_number_is_bought_by_area_code(acme_client: Client) -> None:
    bought = acme_client.incoming_phone_numbers.create(area_code="206")

    assert str(bought.phone_number).startswith("+1206")


def test_a_purchase_by_area_code_does_not_pass_by_all_that_was_sold_before() -> None:
    class Watched(World):
        looked_at = 0

        def is_free(self, phone_number: str) -> bool:
            self.looked_at += 1
            return super().is_free(phone_number)

    world = Watched(seed=1)
    account = world.add_account("Buyer")
    needed = []
    for _ in range(300):
        world.looked_at = 0
        found = available.first_in_area_code(world, "415")
        assert found is not None
        world.add_number(account, found[0])
        needed.append(world.looked_at)

    assert max(needed[100:]) <= max(needed[:3])


def test_a_number_that_came_back_on_sale_is_sold_by_area_code_again(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    first = acme_client.incoming_phone_numbers.create(area_code="415")
    second = acme_client.incoming_phone_numbers.create(area_code="415")
    first.delete()
    sandbox.forward(days=61)

    again = acme_client.incoming_phone_numbers.create(area_code="415")

    assert again.phone_number == first.phone_number != second.phone_number


def test_the_magic_numbers_of_test_credentials_work(acme_client: Client) -> None:
    numbers = acme_client.incoming_phone_numbers

    assert numbers.create(phone_number="+15005550006").phone_number == "+15005550006"
    with pytest.raises(TwilioRestException) as invalid:
        numbers.create(phone_number="+15005550001")
    with pytest.raises(TwilioRestException) as unavailable:
        numbers.create(phone_number="+15005550000")
    with pytest.raises(TwilioRestException) as nothing_there:
        numbers.create(area_code="533")

    assert refused(invalid) == (400, 21421)
    assert refused(unavailable) == (400, 21422)
    assert refused(nothing_there) == (400, 21452)


def test_area_code_500_is_in_stock(acme_client: Client) -> None:
    bought = acme_client.incoming_phone_numbers.create(area_code="500")

    assert bought.phone_number == "+15005550006"


def test_purchases_that_twilio_refuses(sandbox: SandboxProcess, acme_client: Client) -> None:
    stranger = sandbox.client(sandbox.stranger_sid, sandbox.stranger_token)
    theirs = stranger.incoming_phone_numbers.list()[0].phone_number
    ours = plain(acme_client).phone_number

    def code(**wanted: Any) -> int | None:
        with pytest.raises(TwilioRestException) as error:
            acme_client.incoming_phone_numbers.create(**wanted)
        status, code = refused(error)
        assert status == 400
        return code

    assert code(phone_number="12") == 21421
    assert code(phone_number="+14150000000") == 21421
    assert code(phone_number=ours) == 21422
    assert code(phone_number=theirs) == 21422
    assert code(phone_number="+39061234567") == 21422
    assert code(area_code="41") == 21451
    assert code(area_code="999") == 21452
    assert code() == 20001
    assert code(phone_number="+442079460999") == 21631
    assert sandbox.account(sandbox.acme_sid)["numbers"] == 27


def test_a_british_number_is_bought_with_an_address_and_a_bundle(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    address, bundle = new_address(acme_client), new_paper(sandbox, "bundle")

    bought = acme_client.incoming_phone_numbers.create(
        phone_number="+442079460999", address_sid=address, bundle_sid=bundle
    )

    assert (bought.address_sid, bought.bundle_sid) == (address, bundle)
    assert bought.address_requirements == "any"


def test_the_routes_by_type_sell_that_type_only(acme_client: Client) -> None:
    numbers = acme_client.incoming_phone_numbers
    offer = acme_client.available_phone_numbers("US").toll_free.list(limit=1)[0].phone_number
    assert offer is not None

    with pytest.raises(TwilioRestException) as error:
        numbers.local.create(phone_number=offer)

    assert refused(error) == (400, 21422)
    assert numbers.toll_free.create(phone_number=offer).phone_number == offer
    assert refusal(numbers.local.create, phone_number="") == (400, 20001)


# Release


def test_a_released_number_is_gone_and_cannot_be_bought(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    number = plain(acme_client)
    assert number.phone_number is not None

    assert number.delete() is True

    with pytest.raises(TwilioRestException) as gone:
        number.delete()
    with pytest.raises(TwilioRestException) as taken:
        acme_client.incoming_phone_numbers.create(phone_number=number.phone_number)
    assert refused(gone) == (404, 20404)
    assert refused(taken) == (400, 21422)
    assert sandbox.account(sandbox.acme_sid)["numbers"] == 26
    released = sandbox.state()["released"][0]
    assert (released["phone_number"], released["restorable"]) == (number.phone_number, True)


def test_an_emergency_address_has_to_go_first(acme_client: Client) -> None:
    number = plain(acme_client)
    number.update(emergency_address_sid=new_address(acme_client, emergency_enabled=True))

    with pytest.raises(TwilioRestException) as error:
        number.delete()

    assert error.value.status == 400
    number.update(emergency_address_sid="")
    assert number.delete() is True


def test_console_gives_a_number_back_within_ten_days(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    number = plain(acme_client)
    number.update(friendly_name="Night line", voice_url="https://example.com/voice")
    number.delete()
    sandbox.forward(days=9, hours=23)

    back = sandbox.buy_back(str(number.phone_number))

    assert back["sid"] != number.sid
    restored = acme_client.incoming_phone_numbers(back["sid"]).fetch()
    assert restored.phone_number == number.phone_number
    assert str(restored.friendly_name).startswith("(")
    assert restored.voice_url is None
    assert sandbox.state()["released"] == []


def test_on_day_eleven_it_is_gone(sandbox: SandboxProcess, acme_client: Client) -> None:
    number = plain(acme_client)
    number.delete()
    sandbox.forward(days=10, seconds=1)

    with pytest.raises(SandboxRefused) as error:
        sandbox.buy_back(str(number.phone_number))

    assert error.value.status == 409
    assert sandbox.state()["released"][0]["restorable"] is False
    with pytest.raises(TwilioRestException) as resting:
        acme_client.incoming_phone_numbers.create(phone_number=str(number.phone_number))
    assert refused(resting) == (400, 21422)


def test_after_two_months_anybody_may_buy_it(sandbox: SandboxProcess, acme_client: Client) -> None:
    number = plain(acme_client)
    assert number.phone_number is not None
    number.delete()
    sandbox.forward(days=61)
    stranger = sandbox.client(sandbox.stranger_sid, sandbox.stranger_token)

    stranger.incoming_phone_numbers.create(phone_number=number.phone_number)

    assert sandbox.state()["released"] == []


def test_a_number_never_released_cannot_be_bought_back(sandbox: SandboxProcess) -> None:
    with pytest.raises(SandboxRefused) as error:
        sandbox.buy_back("+14155550100")

    assert error.value.status == 404


def test_the_pool_can_be_open_to_the_api_for_who_released_the_number(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    number = plain(acme_client)
    sandbox.control("POST", "switches", {"released_number_purchase": "allowed"})
    stranger = sandbox.client(sandbox.stranger_sid, sandbox.stranger_token)
    number.delete()

    for_others = refusal(stranger.incoming_phone_numbers.create, phone_number=number.phone_number)
    back = acme_client.incoming_phone_numbers.create(phone_number=str(number.phone_number))

    assert for_others == (400, 21422)
    assert back.sid != number.sid


def test_the_open_pool_closes_after_ten_days(sandbox: SandboxProcess, acme_client: Client) -> None:
    number = plain(acme_client)
    sandbox.control("POST", "switches", {"released_number_purchase": "allowed"})
    number.delete()
    sandbox.forward(days=10, seconds=1)

    create = acme_client.incoming_phone_numbers.create

    assert refusal(create, phone_number=number.phone_number) == (400, 21422)


@pytest.mark.parametrize("code", [22350, 22400, 22402])
def test_a_number_that_is_held_cannot_be_released(
    sandbox: SandboxProcess, acme_client: Client, code: int
) -> None:
    number = plain(acme_client)
    path = f"numbers/{number.phone_number}/release-refusal"
    sandbox.control("POST", path, {"code": code})

    assert refusal(number.delete) == (400, code)

    sandbox.control("POST", path, {"code": None})
    assert number.delete() is True


def test_a_trial_account_has_one_local_number(
    sandbox: SandboxProcess, parent_client: Client
) -> None:
    trial = sandbox.add_account("On trial")
    sandbox.control("POST", f"accounts/{trial['sid']}/type", {"type": "Trial"})
    client = sandbox.client(trial["sid"], trial["auth_token"])
    toll_free = client.available_phone_numbers("US").toll_free.list(limit=1)[0].phone_number
    numbers = client.incoming_phone_numbers

    assert client.api.v2010.accounts(trial["sid"]).fetch().type == "Trial"
    assert refusal(numbers.create, phone_number=toll_free) == (400, 21404)
    numbers.create(area_code="415")
    assert refusal(numbers.create, area_code="415") == (400, 21404)
