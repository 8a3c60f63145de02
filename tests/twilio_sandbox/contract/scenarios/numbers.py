"""The numbers of an account, and numbers on sale."""

from __future__ import annotations

from tests.twilio_sandbox.contract.scenes import Scene, drives
from tests.twilio_sandbox.papers import new_address, new_paper
from tests.twilio_sandbox.refusals import refusal
from tests.twilio_sandbox.texting import switch
from twilio_sandbox.operations import ACCOUNT

NUMBERS = f"{ACCOUNT}/IncomingPhoneNumbers"
ON_SALE = f"{ACCOUNT}/AvailablePhoneNumbers"
COUNTRY = f"{ON_SALE}/{{CountryCode}}"


@drives("api", f"{NUMBERS}.json", "GET", "POST")
@drives("api", f"{NUMBERS}/{{Sid}}.json", "GET", "POST", "DELETE")
def own_a_number(scene: Scene) -> None:
    numbers = scene.client.incoming_phone_numbers
    bought = numbers.create(area_code="415", friendly_name="Front desk")
    number = numbers(str(bought.sid))

    changed = number.update(voice_url="https://example.com/voice", voice_method="GET")
    assert changed.voice_url == number.fetch().voice_url == "https://example.com/voice"
    assert [each.sid for each in numbers.list(friendly_name="Front desk")] == [bought.sid]
    assert len(numbers.list(page_size=10)) == 28
    assert number.delete() is True


@drives("api", f"{NUMBERS}/Local.json", "GET", "POST")
def own_a_local_number(scene: Scene) -> None:
    numbers = scene.client.incoming_phone_numbers.local
    offer = scene.client.available_phone_numbers("US").local.list(area_code=415, limit=1)[0]
    bought = numbers.create(phone_number=offer.phone_number)

    assert bought.sid in {each.sid for each in numbers.list(page_size=1000)}


@drives("api", f"{NUMBERS}/TollFree.json", "GET", "POST")
def own_a_toll_free_number(scene: Scene) -> None:
    numbers = scene.client.incoming_phone_numbers.toll_free
    offer = scene.client.available_phone_numbers("US").toll_free.list(limit=1)[0]
    bought = numbers.create(phone_number=offer.phone_number)

    assert bought.sid in {each.sid for each in numbers.list(page_size=1000)}


@drives("api", f"{NUMBERS}/Mobile.json", "GET", "POST")
def own_a_mobile_number(scene: Scene) -> None:
    numbers = scene.client.incoming_phone_numbers.mobile
    offer = scene.client.available_phone_numbers("GB").mobile.list(limit=1)[0]
    bought = numbers.create(
        phone_number=offer.phone_number,
        address_sid=new_address(scene.client, "GB"),
        bundle_sid=new_paper(scene.sandbox, "bundle"),
    )

    assert bought.sid in {each.sid for each in numbers.list(page_size=1000)}


@drives("api", f"{ON_SALE}.json", "GET")
@drives("api", f"{COUNTRY}.json", "GET")
def see_the_countries(scene: Scene) -> None:
    countries = scene.client.available_phone_numbers

    assert "US" in {each.country_code for each in countries.list()}
    assert countries("US").fetch().country == "United States"


@drives("api", f"{COUNTRY}/Local.json", "GET")
@drives("api", f"{COUNTRY}/TollFree.json", "GET")
@drives("api", f"{COUNTRY}/Mobile.json", "GET")
@drives("api", f"{COUNTRY}/National.json", "GET")
def see_what_is_on_sale(scene: Scene) -> None:
    american, british = (scene.client.available_phone_numbers(each) for each in ("US", "GB"))
    switch(scene.sandbox, available_capabilities="lower")

    for kind in (american.local, american.toll_free, british.mobile, british.national):
        assert len(kind.list(limit=3)) == 3


@drives("api", f"{COUNTRY}/Voip.json", "GET", succeeds=False)
@drives("api", f"{COUNTRY}/SharedCost.json", "GET", succeeds=False)
@drives("api", f"{COUNTRY}/MachineToMachine.json", "GET", succeeds=False)
def look_for_what_nobody_sells(scene: Scene) -> None:
    american = scene.client.available_phone_numbers("US")

    for kind in (american.voip, american.shared_cost, american.machine_to_machine):
        assert refusal(kind.list) == (404, 20404)
