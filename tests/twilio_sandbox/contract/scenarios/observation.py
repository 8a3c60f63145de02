"""Usage records, and what the monitor knows."""

from __future__ import annotations

from tests.twilio_sandbox.contract.scenes import Scene, drives
from tests.twilio_sandbox.hooks import send_webhook
from twilio_sandbox.operations import ACCOUNT

USAGE = f"{ACCOUNT}/Usage/Records"
NOBODY_LISTENS = "http://127.0.0.1:9/"


@drives("api", f"{USAGE}.json", "GET")
@drives("api", f"{USAGE}/AllTime.json", "GET")
@drives("api", f"{USAGE}/Daily.json", "GET")
@drives("api", f"{USAGE}/LastMonth.json", "GET")
@drives("api", f"{USAGE}/Monthly.json", "GET")
@drives("api", f"{USAGE}/ThisMonth.json", "GET")
@drives("api", f"{USAGE}/Today.json", "GET")
@drives("api", f"{USAGE}/Yearly.json", "GET")
@drives("api", f"{USAGE}/Yesterday.json", "GET")
def read_usage(scene: Scene) -> None:
    records = scene.client.usage.records
    of_the_past = (records, records.all_time, records.daily, records.monthly, records.yearly)

    for kind in of_the_past:
        assert kind.list(category="phonenumbers", limit=1)[0].category == "phonenumbers"
    for kind in (records.today, records.yesterday, records.this_month, records.last_month):
        assert "calls-inbound" in {each.category for each in kind.list()}


@drives("monitor", "/v1/Alerts", "GET")
@drives("monitor", "/v1/Alerts/{Sid}", "GET")
def see_why_a_webhook_failed(scene: Scene) -> None:
    send_webhook(scene.sandbox, NOBODY_LISTENS)

    alert = scene.client.monitor.v1.alerts.list(log_level="error")[0]
    assert scene.client.monitor.v1.alerts(str(alert.sid)).fetch().error_code == "11205"


@drives("monitor", "/v1/Events", "GET")
@drives("monitor", "/v1/Events/{Sid}", "GET")
def see_who_bought_a_number(scene: Scene) -> None:
    number = scene.client.incoming_phone_numbers.create(area_code="415")

    event = scene.client.monitor.v1.events.list(resource_sid=str(number.sid))[0]
    fetched = scene.client.monitor.v1.events(str(event.sid)).fetch()
    assert fetched.event_type == "phone-number.created"
