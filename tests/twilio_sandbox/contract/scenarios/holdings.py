"""Addresses and applications."""

from __future__ import annotations

from tests.twilio_sandbox.contract.scenes import Scene, drives
from tests.twilio_sandbox.papers import new_address
from twilio_sandbox.operations import ACCOUNT

ADDRESSES, APPLICATIONS = f"{ACCOUNT}/Addresses", f"{ACCOUNT}/Applications"


@drives("api", f"{ADDRESSES}.json", "GET", "POST")
@drives("api", f"{ADDRESSES}/{{Sid}}.json", "GET", "POST", "DELETE")
def keep_an_address(scene: Scene) -> None:
    sid = new_address(scene.client, friendly_name="Office")
    address = scene.client.addresses(sid)

    assert address.update(street="2 High Street").street == "2 High Street"
    assert address.fetch().street == "2 High Street"
    assert [each.sid for each in scene.client.addresses.list(friendly_name="Office")] == [sid]
    assert address.delete() is True


@drives("api", f"{ADDRESSES}/{{AddressSid}}/DependentPhoneNumbers.json", "GET")
def see_which_numbers_an_address_serves(scene: Scene) -> None:
    sid = new_address(scene.client)
    number = scene.client.incoming_phone_numbers.create(area_code="415", address_sid=sid)

    dependent = scene.client.addresses(sid).dependent_phone_numbers.list()
    assert [each.sid for each in dependent] == [number.sid]


@drives("api", f"{APPLICATIONS}.json", "GET", "POST")
@drives("api", f"{APPLICATIONS}/{{Sid}}.json", "GET", "POST", "DELETE")
def keep_an_application(scene: Scene) -> None:
    created = scene.client.applications.create(
        friendly_name="Agent", voice_url="https://example.com/voice"
    )
    application = scene.client.applications(str(created.sid))

    assert application.update(sms_url="https://example.com/sms").friendly_name == "Agent"
    assert application.fetch().sms_url == "https://example.com/sms"
    assert created.sid in {
        each.sid for each in scene.client.applications.list(friendly_name="Agent")
    }
    assert application.delete() is True
