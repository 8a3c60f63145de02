"""Porting webhooks and the look of signing mails: configuration, events, payload, signature."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.ports import ANOTHER, LANDLINE, bill, body, call, move, post
from tests.twilio_sandbox.receiver import Received, Receiver

pytestmark = pytest.mark.process

WEBHOOK = "Porting/Configuration/Webhook"
SIGNING = "SigningRequest/Configuration"


@pytest.fixture
def program() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def as_parent(sandbox: SandboxProcess, method: str, path: str, **options: Any) -> Any:
    credentials = (sandbox.main_sid, sandbox.main_token)
    return call(sandbox, method, path, credentials=credentials, **options)


def listen(sandbox: SandboxProcess, program: Receiver, *events: str) -> None:
    url = f"{program.url}/porting"
    wanted = {"port_in_target_url": url, "notifications_of": list(events)}
    assert as_parent(sandbox, "POST", WEBHOOK, json=wanted).status_code == 201


def told(program: Receiver) -> list[tuple[str, str | None]]:
    """(status, phone number) of what came, in the order of what happened."""
    return [(r.json["status"], r.json.get("phone_number")) for r in program.received]


# Configuration


def test_the_official_client_configures_webhooks(
    sandbox: SandboxProcess, parent_client: Client
) -> None:
    wanted = {
        "port_in_target_url": "https://example.com/port-in",
        "port_out_target_url": "https://example.com/port-out",
        "notifications_of": ["PortInCompleted", "PortInPhoneNumberCanceled"],
    }
    numbers = parent_client.numbers.v1
    created = numbers.porting_webhook_configurations.create(SimpleNamespace(to_dict=lambda: wanted))
    fetched = as_parent(sandbox, "GET", WEBHOOK).json()

    assert created.port_in_target_url == wanted["port_in_target_url"]
    assert created.notifications_of == wanted["notifications_of"]
    assert {name: fetched[name] for name in wanted} == wanted
    assert fetched["port_in_target_date_created"]
    assert fetched["port_out_target_date_created"]
    assert numbers.porting_webhook_configurations_delete("PORT_IN").delete() is True
    assert as_parent(sandbox, "GET", WEBHOOK).json()["port_in_target_url"] is None
    assert numbers.porting_webhook_configurations_delete("PORT_OUT").delete() is True
    assert as_parent(sandbox, "GET", WEBHOOK).status_code == 404


def test_answers_have_the_fields_of_twilios_examples(sandbox: SandboxProcess) -> None:
    fields = {"port_in_target_url", "port_out_target_url", "notifications_of", "url"}

    created = as_parent(sandbox, "POST", WEBHOOK, json={"port_in_target_url": "https://a.example/"})
    fetched = as_parent(sandbox, "GET", WEBHOOK)

    assert set(created.json()) == fields
    dates = {"port_in_target_date_created", "port_out_target_date_created"}
    assert set(fetched.json()) == fields | dates
    assert created.json()["notifications_of"] == []
    assert created.json()["url"] == f"https://numbers.twilio.com/v1/{WEBHOOK}"


@pytest.mark.parametrize(("switch", "kept"), [("clears", False), ("keeps", True)])
def test_what_a_post_leaves_out_is_a_switch(
    sandbox: SandboxProcess, switch: str, kept: bool
) -> None:
    sandbox.control("POST", "switches", {"porting_webhook_configuration_post": switch})
    first = {"port_in_target_url": "https://a.example/", "notifications_of": ["PortInExpired"]}
    as_parent(sandbox, "POST", WEBHOOK, json=first)

    second = as_parent(
        sandbox, "POST", WEBHOOK, json={"port_out_target_url": "https://b.example/"}
    ).json()

    assert second["port_out_target_url"] == "https://b.example/"
    assert second["port_in_target_url"] == (first["port_in_target_url"] if kept else None)
    assert second["notifications_of"] == (first["notifications_of"] if kept else [])


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"port_in_target_url": "example.com"}, 21402),
        ({"port_in_target_url": 5}, 20001),
        ({"notifications_of": "PortInCompleted"}, 20001),
        ({"notifications_of": ["PortInLost"]}, 20001),
        ({"notifications_of": [{}]}, 20001),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(
    sandbox: SandboxProcess, wanted: dict[str, Any], code: int
) -> None:
    answer = as_parent(sandbox, "POST", WEBHOOK, json=wanted)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert as_parent(sandbox, "GET", WEBHOOK).status_code == 404


def test_subaccounts_have_no_configuration_of_their_own(sandbox: SandboxProcess) -> None:
    for method, path in (("GET", WEBHOOK), ("POST", WEBHOOK), ("DELETE", f"{WEBHOOK}/PORT_IN")):
        answer = call(sandbox, method, path, json={})
        assert (answer.status_code, answer.json()["code"]) == (403, 20006)


def test_only_what_is_configured_can_be_deleted(sandbox: SandboxProcess) -> None:
    as_parent(sandbox, "POST", WEBHOOK, json={"port_in_target_url": "https://a.example/"})

    assert as_parent(sandbox, "DELETE", f"{WEBHOOK}/PORT_OUT").status_code == 404
    assert as_parent(sandbox, "DELETE", f"{WEBHOOK}/PORT_UP").json()["code"] == 20001


# Events


def test_every_step_is_told_but_the_review(sandbox: SandboxProcess, program: Receiver) -> None:
    listen(sandbox, program)
    sid = post(sandbox, LANDLINE)["port_in_request_sid"]
    sandbox.forward(hours=5)
    sandbox.control("POST", f"ports/{sid}/sign?settle=1", {})
    sandbox.forward(days=10)

    assert sorted(told(program), key=str) == sorted(
        [
            ("waiting_for_signature", LANDLINE),
            ("waiting_for_signature", None),
            ("submitted", LANDLINE),
            ("in_progress", None),
            ("pending", LANDLINE),
            ("completed", LANDLINE),
            ("completed", None),
        ],
        key=str,
    )
    assert all(received.is_signed_with(sandbox.main_token) for received in program.received)
    assert all("bodySHA256" in received.params for received in program.received)


def test_a_number_is_told_with_these_fields(sandbox: SandboxProcess, program: Receiver) -> None:
    listen(sandbox, program, "PortInPhoneNumberRejected", "PortInActionRequired")
    sid = post(sandbox, LANDLINE)["port_in_request_sid"]
    sandbox.control(
        "POST", f"ports/{sid}/state?settle=1", {"state": "port_rejected", "reason": "INVALID_PIN"}
    )

    number = next(r.json for r in program.received if "phone_number" in r.json)
    request = next(r.json for r in program.received if "phone_number" not in r.json)

    assert number.pop("port_in_phone_number_sid").startswith("PU")
    assert number.pop("last_date_updated").endswith("Z")
    assert request.pop("last_date_updated").endswith("Z")
    assert number == {
        "port_in_request_sid": sid,
        "phone_number": LANDLINE,
        "status": "rejected",
        "portable": "true",
        "not_portable_reason": None,
        "not_portable_reason_code": None,
        "rejection_reason": "INVALID_PIN",
        "rejection_reason_code": 22155,
    }
    assert request == {
        "port_in_request_sid": sid,
        "status": "action_required",
        "order_cancellation_reason": None,
    }


def test_cancellation_and_expiry_are_told(sandbox: SandboxProcess, program: Receiver) -> None:
    listen(sandbox, program)
    canceled = post(sandbox, LANDLINE)["port_in_request_sid"]
    call(sandbox, "DELETE", f"Porting/PortIn/{canceled}")
    sandbox.forward(hours=2)

    assert sorted(told(program), key=str) == [("canceled", LANDLINE), ("canceled", None)]

    program.received.clear()
    expired = post(sandbox, ANOTHER)["port_in_request_sid"]
    sandbox.forward(hours=5)
    sandbox.control("POST", f"ports/{expired}/expire-signature?settle=1", {})
    assert ("expired", None) in told(program)
    assert ("canceled", None) not in told(program)


def test_events_can_be_chosen(sandbox: SandboxProcess, program: Receiver) -> None:
    listen(sandbox, program, "PortInCompleted")
    sid = post(sandbox, LANDLINE)["port_in_request_sid"]

    sandbox.control("POST", f"ports/{sid}/state?settle=1", {"state": "completed"})

    assert told(program) == [("completed", None)]


def test_a_subaccounts_port_is_told_to_its_parents_program_only(
    sandbox: SandboxProcess, program: Receiver
) -> None:
    listen(sandbox, program)
    stranger = (sandbox.stranger_sid, sandbox.stranger_token)
    wanted = body(sandbox, account_sid=sandbox.stranger_sid)
    wanted["documents"] = [bill(sandbox, credentials=stranger)]
    theirs = call(sandbox, "POST", "Porting/PortIn", json=wanted, credentials=stranger).json()

    sandbox.control(
        "POST", f"ports/{theirs['port_in_request_sid']}/state?settle=1", {"state": "completed"}
    )

    assert program.received == []


def one(sandbox: SandboxProcess, program: Receiver, **switches: str) -> Received:
    """The webhook of a number that was submitted, under these switches."""
    sandbox.control("POST", "switches", switches)
    listen(sandbox, program, "PortInPhoneNumberSubmitted")
    sid = post(sandbox, LANDLINE)["port_in_request_sid"]
    sandbox.control("POST", f"ports/{sid}/state?settle=1", {"state": "port_submitted"})
    return program.received[-1]


def test_the_status_can_be_spelled_in_full(sandbox: SandboxProcess, program: Receiver) -> None:
    assert one(sandbox, program, porting_webhook_status="long").json["status"] == "port_submitted"


def test_the_status_can_be_the_event(sandbox: SandboxProcess, program: Receiver) -> None:
    received = one(
        sandbox, program, porting_webhook_status="event", porting_webhook_event_type="present"
    )

    assert received.json["status"] == received.json["event_type"] == "PortInPhoneNumberSubmitted"


def test_names_can_be_in_camel_case(sandbox: SandboxProcess, program: Receiver) -> None:
    received = one(
        sandbox, program, porting_webhook_names="camel", porting_webhook_portable="boolean"
    )

    assert received.json["portInRequestSid"].startswith("KW")
    assert received.json["portable"] is True


def test_a_webhook_can_be_a_form(sandbox: SandboxProcess, program: Receiver) -> None:
    received = one(sandbox, program, porting_webhook_encoding="form")

    assert (received.json, received.form["phone_number"]) == (None, LANDLINE)
    assert received.form["rejection_reason"] == ""
    assert received.is_signed_with(sandbox.main_token)


def test_the_receiving_account_can_sign(sandbox: SandboxProcess, program: Receiver) -> None:
    received = one(sandbox, program, porting_webhook_signer="account")

    assert received.is_signed_with(sandbox.acme_token)
    assert not received.is_signed_with(sandbox.main_token)


def test_a_webhook_that_nobody_takes_is_noted(sandbox: SandboxProcess) -> None:
    wanted = {"port_in_target_url": "http://127.0.0.1:9/porting"}
    as_parent(sandbox, "POST", WEBHOOK, json=wanted)
    sid = post(sandbox, LANDLINE)["port_in_request_sid"]

    sandbox.control("POST", f"ports/{sid}/state?settle=1", {"state": "waiting_for_signature"})

    world = sandbox.control("GET", "world")
    alerts = world["tables"]["alerts"]
    assert {row[5] for row in alerts} == {11205}
    assert len(alerts) == 2


# The look of signing mails


def test_a_letter_comes_in_the_look_of_its_configuration(
    sandbox: SandboxProcess, parent_client: Client
) -> None:
    wanted = {
        "logo_sid": f"RD{'0' * 32}",
        "friendly_name": "Configuration",
        "product": "Porting",
        "country": "US",
        "email_subject": "Please sign, dear customer",
        "email_message": "It is about your numbers",
        "url_redirection": "https://acme.example/thanks",
    }
    configurations = parent_client.numbers.v1.signing_request_configurations
    configurations.create(SimpleNamespace(to_dict=lambda: {**wanted, "email_subject": "Old"}))
    created = configurations.create(SimpleNamespace(to_dict=lambda: wanted))
    configurations.create(SimpleNamespace(to_dict=lambda: {**wanted, "product": "Hosting"}))
    sid = post(sandbox, LANDLINE)["port_in_request_sid"]
    move(sandbox, sid, "waiting_for_signature")

    mail = sandbox.control("GET", "mails")["mails"][0]
    assert (mail["subject"], mail["body"]) == (wanted["email_subject"], wanted["email_message"])
    assert created.email_subject == wanted["email_subject"]
    listed = configurations.list(product="Porting", country="US", page_size=50)
    assert [row.email_subject for row in listed] == [wanted["email_subject"]]
    assert len(configurations.list(page_size=50)) == 2
    raw = as_parent(sandbox, "GET", SIGNING).json()
    fields = {*wanted, "url"}
    assert [set(row) for row in raw["configurations"]] == [fields, fields]
    assert raw["meta"]["key"] == "configurations"


def test_a_signer_is_sent_on_to_the_chosen_page(sandbox: SandboxProcess) -> None:
    wanted = {"product": "Porting", "url_redirection": "https://acme.example/thanks"}
    as_parent(sandbox, "POST", SIGNING, json=wanted)
    sid = post(sandbox, LANDLINE)["port_in_request_sid"]
    move(sandbox, sid, "waiting_for_signature")
    path = sandbox.control("GET", f"ports/{sid}")["sign_path"]

    answer = requests.post(
        f"{sandbox.url}{path}",
        data={"signer": "John Smith", "agree": "yes"},
        allow_redirects=False,
        timeout=5,
    )

    assert (answer.status_code, answer.headers["Location"]) == (303, wanted["url_redirection"])


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"product": "Phones"},
        {"product": "Porting", "country": "USA"},
        {"product": "Porting", "logo_sid": "RD1"},
        {"product": "Porting", "email_subject": "x" * 256},
        {"product": "Porting", "email_message": "x" * 5001},
        {"product": "Porting", "url_redirection": "acme.example"},
    ],
)
def test_a_look_that_makes_no_sense_is_refused(
    sandbox: SandboxProcess, wanted: dict[str, Any]
) -> None:
    answer = as_parent(sandbox, "POST", SIGNING, json=wanted)

    assert answer.status_code == 400
    assert as_parent(sandbox, "GET", SIGNING).json()["configurations"] == []
