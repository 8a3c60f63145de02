"""Addresses, applications, and emergency addresses of numbers."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.papers import new_address
from tests.twilio_sandbox.refusals import refusal
from tests.twilio_sandbox.test_numbers import plain

pytestmark = pytest.mark.process

SPEAR_STREET: dict[str, Any] = {
    "customer_name": "Acme",
    "street": "101 Spear St",
    "city": "San Francisco",
    "region": "CA",
    "postal_code": "94105",
    "iso_country": "US",
}


# Addresses


def test_an_address_is_created_fetched_changed_and_deleted(acme_client: Client) -> None:
    created = acme_client.addresses.create(**SPEAR_STREET, street_secondary="Suite 300")
    address = acme_client.addresses(str(created.sid))

    changed = address.update(street="102 Spear St", friendly_name="Office", emergency_enabled=True)

    assert (created.street, created.street_secondary) == ("101 Spear St", "Suite 300")
    assert (created.emergency_enabled, created.validated, created.verified) == (False,) * 3
    assert (changed.street, changed.friendly_name) == ("102 Spear St", "Office")
    assert changed.street_secondary == "Suite 300"
    assert address.fetch().emergency_enabled is True
    assert address.delete() is True
    assert refusal(address.fetch) == (404, 20404)


@pytest.mark.parametrize("missing", SPEAR_STREET)
def test_an_address_is_whole_or_refused(sandbox: SandboxProcess, missing: str) -> None:
    form = {
        "".join(part.title() for part in name.split("_")): value
        for name, value in SPEAR_STREET.items()
        if name != missing
    }
    url = f"{sandbox.url}/api/2010-04-01/Accounts/{sandbox.acme_sid}/Addresses.json"
    auth = (sandbox.acme_sid, sandbox.acme_token)

    answer = requests.post(url, data=form, auth=auth, timeout=5)

    assert (answer.status_code, answer.json()["code"]) == (400, 20001)


def test_an_address_stays_whole(acme_client: Client) -> None:
    address = acme_client.addresses(new_address(acme_client))

    assert refusal(address.update, street="") == (400, 20001)
    assert refusal(new_address, acme_client, "usa") == (400, 20001)


def test_addresses_are_filtered(acme_client: Client) -> None:
    french = new_address(acme_client, "FR", friendly_name="Paris")
    for_emergencies = new_address(acme_client, emergency_enabled=True)
    addresses = acme_client.addresses

    def found(**filters: Any) -> set[str]:
        return {str(address.sid) for address in addresses.list(**filters)}

    assert found(iso_country="FR") == found(friendly_name="Paris") == {french}
    assert for_emergencies in found(emergency_enabled=True, customer_name="Acme")
    assert french in found(emergency_enabled=False)
    assert found(customer_name="Nobody") == set()


def test_an_address_of_another_account_is_not_found(
    sandbox: SandboxProcess, acme_client: Client, parent_client: Client
) -> None:
    sid = new_address(acme_client)

    assert refusal(parent_client.addresses(sid).fetch) == (404, 20404)


def test_a_purchase_names_an_address_of_its_own_account(
    sandbox: SandboxProcess, acme_client: Client, parent_client: Client
) -> None:
    foreign = new_address(parent_client)
    create = acme_client.incoming_phone_numbers.create

    assert refusal(create, area_code="415", address_sid=foreign) == (400, 20001)
    assert refusal(create, phone_number="+442079460999", address_sid=foreign) == (400, 21631)
    assert sandbox.account(sandbox.acme_sid)["numbers"] == 27


def test_an_address_knows_the_numbers_that_depend_on_it_and_stays_for_them(
    acme_client: Client,
) -> None:
    sid = new_address(acme_client)
    bought = acme_client.incoming_phone_numbers.create(area_code="415", address_sid=sid)
    address = acme_client.addresses(sid)

    dependent = address.dependent_phone_numbers.list()

    assert [number.sid for number in dependent] == [bought.sid]
    assert dependent[0].capabilities == {"Voice": True, "SMS": True, "MMS": True}
    assert refusal(address.delete) == (400, 20001)
    bought.update(address_sid="")
    assert address.dependent_phone_numbers.list() == []
    assert address.delete() is True


def test_what_the_seeded_numbers_name_is_there(acme_client: Client) -> None:
    addresses = {address.sid for address in acme_client.addresses.list()}
    applications = {application.sid for application in acme_client.applications.list()}
    numbers = acme_client.incoming_phone_numbers.list(page_size=1000)

    named = {n.address_sid for n in numbers} | {n.emergency_address_sid for n in numbers}
    assert named - {None} == addresses
    answering = {n.voice_application_sid for n in numbers} | {
        n.sms_application_sid for n in numbers
    }
    assert answering - {""} == applications


# Applications


def test_an_application_is_created_fetched_changed_and_deleted(acme_client: Client) -> None:
    created = acme_client.applications.create(
        friendly_name="Answering", voice_url="https://example.com/voice", sms_method="GET"
    )
    application = acme_client.applications(str(created.sid))

    changed = application.update(voice_url="", message_status_callback="https://example.com/sent")

    assert (created.voice_url, created.voice_method) == ("https://example.com/voice", "POST")
    assert (changed.voice_url, changed.sms_method) == (None, "GET")
    assert application.fetch().message_status_callback == "https://example.com/sent"
    listed = acme_client.applications.list(friendly_name="Answering")
    assert created.sid in {each.sid for each in listed}
    assert application.delete() is True
    assert refusal(application.fetch) == (404, 20404)


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ({"voice_url": "nonsense"}, 21402),
        ({"sms_method": "PUT"}, 21403),
        ({"friendly_name": "x" * 65}, 20001),
        ({"api_version": "1999"}, 20001),
    ],
)
def test_an_application_off_pattern_is_refused(
    acme_client: Client, setting: dict[str, str], code: int
) -> None:
    assert refusal(acme_client.applications.create, **setting) == (400, code)


# Emergency addresses


def test_an_address_that_is_not_for_emergencies_fails_to_be_registered(
    acme_client: Client,
) -> None:
    number = plain(acme_client)

    failed = number.update(emergency_address_sid=new_address(acme_client))

    assert (failed.emergency_status, failed.emergency_address_status) == (
        "Inactive",
        "registration-failure",
    )


def test_an_emergency_address_is_one_of_the_account(
    acme_client: Client, parent_client: Client
) -> None:
    foreign = new_address(parent_client, emergency_enabled=True)

    update = plain(acme_client).update

    assert refusal(update, emergency_address_sid=foreign) == (400, 20001)


def test_an_emergency_address_can_take_its_time(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    sandbox.control("POST", "switches", {"emergency_registration": "later"})
    number = plain(acme_client)
    address = new_address(acme_client, emergency_enabled=True)

    def states() -> tuple[str, str]:
        now = number.fetch()
        return str(now.emergency_status), str(now.emergency_address_status)

    number.update(emergency_address_sid=address)
    assert states() == ("Inactive", "pending-registration")
    assert refusal(number.delete) == (400, 20001)
    sandbox.forward(minutes=1)
    assert states() == ("Active", "registered")

    number.update(emergency_address_sid="")
    assert states() == ("Active", "pending-unregistration")
    sandbox.forward(minutes=1)
    assert states() == ("Inactive", "unregistered")
    assert number.delete() is True
