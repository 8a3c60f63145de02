"""Alerts and the audit trail (twilio-facts 1.8, 5.2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import requests
from twilio.rest import Client
from twilio.rest.monitor.v1.event import EventInstance

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.hooks import send_webhook
from tests.twilio_sandbox.receiver import Receiver, Reply
from tests.twilio_sandbox.refusals import refusal
from tests.twilio_sandbox.test_numbers import plain

pytestmark = pytest.mark.process


def types(events: list[EventInstance]) -> list[str]:
    return [str(event.event_type) for event in events]


# Alerts


def test_a_webhook_that_fails_leaves_an_alert(sandbox: SandboxProcess, acme_client: Client) -> None:
    with Receiver() as program:
        url = program.on("/text", Reply(status=500, body="out of order"))
        send_webhook(sandbox, url)

    alert = acme_client.monitor.v1.alerts.list()[0]
    whole = acme_client.monitor.v1.alerts(str(alert.sid)).fetch()

    assert (alert.error_code, alert.log_level) == ("11200", "error")
    assert (alert.request_method, alert.request_url) == ("POST", url)
    assert alert.resource_sid == "SM" + "1" * 32
    assert (whole.request_variables, whole.response_body) == ("Body=Hello", "out of order")


def test_a_fallback_that_works_leaves_the_alert_of_what_did_not(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    with Receiver() as program:
        broken = program.on("/text", Reply(status=404))
        send_webhook(sandbox, broken, program.url + "/fallback")

        assert len(program.at("/fallback")) == 1

    assert [a.error_code for a in acme_client.monitor.v1.alerts.list()] == ["11200"]


def test_a_fallback_that_fails_too_leaves_two_alerts(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    with Receiver() as program:
        broken = program.on("/text", Reply(status=500))
        nobody = "http://127.0.0.1:9/nobody"
        send_webhook(sandbox, broken, nobody)

    assert [a.error_code for a in acme_client.monitor.v1.alerts.list()] == ["11205", "11200"]


def test_a_webhook_that_arrives_leaves_none(sandbox: SandboxProcess, acme_client: Client) -> None:
    with Receiver() as program:
        send_webhook(sandbox, program.url + "/text")

        assert len(program.at("/text")) == 1

    assert acme_client.monitor.v1.alerts.list() == []


def test_alerts_are_filtered_by_level_and_date(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    with Receiver() as program:
        send_webhook(sandbox, program.on("/text", Reply(status=500)))
    now = sandbox.now()
    yesterday, tomorrow = now - timedelta(days=1), now + timedelta(days=1)
    alerts = acme_client.monitor.v1.alerts

    assert len(alerts.list(log_level="error", start_date=yesterday, end_date=tomorrow)) == 1
    assert alerts.list(log_level="warning") == []
    assert alerts.list(start_date=tomorrow) == []
    assert alerts.list(end_date=yesterday) == []


def test_an_alert_of_somebody_else_is_not_found(
    sandbox: SandboxProcess, acme_client: Client, parent_client: Client
) -> None:
    with Receiver() as program:
        send_webhook(sandbox, program.on("/text", Reply(status=500)))
    sid = str(acme_client.monitor.v1.alerts.list()[0].sid)

    assert parent_client.monitor.v1.alerts.list() == []
    assert refusal(parent_client.monitor.v1.alerts(sid).fetch) == (404, 20404)


# Events


def test_each_change_of_a_number_leaves_an_event(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    number = acme_client.incoming_phone_numbers.create(area_code="415")
    number.update(friendly_name="Night line")
    number.delete()

    events = acme_client.monitor.v1.events.list(resource_sid=str(number.sid))

    assert types(events) == ["phone-number.deleted", "phone-number.updated", "phone-number.created"]
    update: Any = acme_client.monitor.v1.events(str(events[1].sid)).fetch()
    assert update.event_data["friendly_name"]["updated"] == "Night line"
    assert set(update.event_data) == {"friendly_name"}
    assert (update.actor_sid, update.actor_type) == (sandbox.acme_sid, "account")
    assert (update.source, update.source_ip_address) == ("api", "127.0.0.1")
    assert update.resource_type == "phone-number"
    assert update.links["resource"] == (
        f"https://api.twilio.com/2010-04-01/Accounts/{sandbox.acme_sid}"
        f"/IncomingPhoneNumbers/{number.sid}"
    )


def test_a_transfer_is_an_event_of_both_accounts(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    sibling = sandbox.add_account("Sibling")
    parent = sandbox.client(sandbox.main_sid, sandbox.main_token, account=sandbox.acme_sid)

    moved = plain(parent).update(account_sid=sibling["sid"])

    there = sandbox.client(sibling["sid"], sibling["auth_token"])
    for client in (acme_client, there):
        events = client.monitor.v1.events.list(resource_sid=str(moved.sid))
        assert types(events) == ["phone-number.transferred"]
        assert events[0].actor_sid == sandbox.main_sid


def test_changes_of_accounts_and_keys_are_events(
    sandbox: SandboxProcess, acme_client: Client, parent_client: Client
) -> None:
    created = parent_client.api.v2010.accounts.create(friendly_name="Fresh")
    client = sandbox.client(created.sid, created.auth_token)
    client.api.v2010.accounts(str(created.sid)).update(friendly_name="Stale")
    key = client.new_keys.create()
    client.keys(str(key.sid)).delete()

    events = client.monitor.v1.events.list()

    assert types(events) == [
        "api-key.deleted",
        "api-key.created",
        "account.updated",
        "account.created",
    ]
    assert events[2].event_data == {"friendly_name": {"previous": "Fresh", "updated": "Stale"}}
    assert client.monitor.v1.events.list(event_type="account.created")[0].actor_sid == (
        sandbox.main_sid
    )


def test_what_a_person_does_in_console_has_a_user_as_its_actor(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    number = plain(acme_client)
    number.delete()

    back = sandbox.buy_back(str(number.phone_number))

    event = acme_client.monitor.v1.events.list(resource_sid=back["sid"])[0]
    assert (event.event_type, event.actor_type) == ("phone-number.created", "user")
    by_actor = acme_client.monitor.v1.events.list(actor_sid=str(event.actor_sid))
    assert [each.sid for each in by_actor] == [event.sid]


def test_what_twilio_does_has_twilio_as_its_actor(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    sandbox.suspend(by_twilio=True)
    sandbox.set_status("active")

    by_person, by_twilio = acme_client.monitor.v1.events.list(resource_sid=sandbox.acme_sid)

    assert (by_person.actor_type, by_twilio.actor_type) == ("user", "twilio-admin")


def test_closing_an_account_names_every_number_it_released(
    sandbox: SandboxProcess, parent_client: Client
) -> None:
    parent_client.api.v2010.accounts(sandbox.acme_sid).update(status="closed")

    world = sandbox.control("GET", "world")

    deleted = [row for row in world["tables"]["events"] if "phone-number.deleted" in row]
    assert len(deleted) == 27


def test_events_are_filtered_by_date_and_address(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    acme_client.incoming_phone_numbers.create(area_code="415")
    tomorrow = sandbox.now() + timedelta(days=1)
    events = acme_client.monitor.v1.events

    assert len(events.list(source_ip_address="127.0.0.1", end_date=tomorrow)) == 1
    assert events.list(source_ip_address="10.0.0.1") == []
    assert events.list(start_date=tomorrow) == []


def test_events_come_in_pages(acme_client: Client) -> None:
    number = plain(acme_client)
    for turn in range(5):
        number.update(friendly_name=f"Line {turn}")

    events = acme_client.monitor.v1.events.list(page_size=2)

    assert len({event.sid for event in events}) == 5


@pytest.mark.parametrize(
    "query", ["ActorSid=AC1", "ResourceSid=1", "StartDate=never", "PageSize=1001"]
)
def test_filters_off_pattern_are_refused(sandbox: SandboxProcess, query: str) -> None:
    url = f"{sandbox.url}/monitor/v1/Events?{query}"
    answer = requests.get(url, auth=(sandbox.acme_sid, sandbox.acme_token), timeout=5)

    assert (answer.status_code, answer.json()["code"]) == (400, 20001)
