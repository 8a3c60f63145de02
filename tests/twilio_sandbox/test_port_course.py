"""The course of a port as the clock passes: review, signature, carrier, port date, inventory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess, SandboxRefused
from tests.twilio_sandbox.ports import (
    ANOTHER,
    LANDLINE,
    MOBILE,
    THIRD,
    bill,
    body,
    call,
    days_ahead,
    fetch,
    move,
    post,
    statuses,
)

pytestmark = pytest.mark.process

REASONS = {
    "CONTACT_SUPPORT_REQUIRED": 22150,
    "PHONE_NUMBER_WITH_CARRIER_RESTRICTION": 22151,
    "PHONE_NUMBER_INACTIVE_OR_DISCONNECTED": 22152,
    "INVALID_END_USER_NAME": 22153,
    "INVALID_ADDRESS": 22154,
    "INVALID_PIN": 22155,
    "INVALID_ACCOUNT_NUMBER": 22156,
    "SUBSCRIPTION_RIGHT_NOT_CONFIRMED": 22157,
    "PORT_DATE_REJECTED": 22158,
    "NOT_PORTABLE_BY_CARRIER": 22159,
}


def sign(sandbox: SandboxProcess, sid: str) -> None:
    sandbox.control("POST", f"ports/{sid}/sign", {})


def numbers_in(client: Client, number: str) -> list[Any]:
    return list(client.incoming_phone_numbers.list(phone_number=number, page_size=100))


# The whole way


def test_a_port_goes_its_way_by_the_clock(sandbox: SandboxProcess, acme_client: Client) -> None:
    sid = post(sandbox, LANDLINE)["port_in_request_sid"]

    def after(**passed: float) -> list[str]:
        sandbox.forward(**passed)
        return statuses(fetch(sandbox, sid))

    assert statuses(fetch(sandbox, sid)) == ["pending", "In Review"]
    assert after(minutes=2) == ["In review", "In Review"]
    assert after(hours=5) == ["Waiting for Signature", "Waiting For Signature"]
    assert after(days=20) == ["Waiting for Signature", "Waiting For Signature"]
    sign(sandbox, sid)
    assert statuses(fetch(sandbox, sid)) == ["In progress", "Port Submitted"]
    assert fetch(sandbox, sid)["phone_numbers"][0]["port_date"] is None
    assert after(days=2, hours=1) == ["In progress", "Port Pending"]
    port_date = fetch(sandbox, sid)["phone_numbers"][0]["port_date"]
    assert numbers_in(acme_client, LANDLINE) == []
    sandbox.control("POST", "clock", {"set": port_date})
    assert statuses(fetch(sandbox, sid)) == ["Completed", "Completed"]
    assert len(numbers_in(acme_client, LANDLINE)) == 1


def test_a_ported_number_arrives_without_urls(sandbox: SandboxProcess, acme_client: Client) -> None:
    numbers = (LANDLINE, {"phone_number": MOBILE, "pin": "1"})
    sid = post(sandbox, *numbers)["port_in_request_sid"]

    move(sandbox, sid, "completed")

    landline, mobile = numbers_in(acme_client, LANDLINE)[0], numbers_in(acme_client, MOBILE)[0]
    assert (landline.voice_url, landline.sms_url, landline.status) == (None, "", "in-use")
    assert (landline.type, mobile.type) == ("local", "mobile")
    assert sandbox.account(sandbox.acme_sid)["numbers"] == 29


def test_the_wanted_date_is_kept_when_it_is_far_enough_away(sandbox: SandboxProcess) -> None:
    day = days_ahead(sandbox, 12)

    sid = post(sandbox, target_port_in_date=day, target_port_in_time_range_start="10:00:00-05:00")[
        "port_in_request_sid"
    ]
    move(sandbox, sid, "port_pending")

    assert fetch(sandbox, sid)["phone_numbers"][0]["port_date"] == f"{day}T15:00:00Z"


def test_a_date_that_has_come_near_is_missed(sandbox: SandboxProcess) -> None:
    sid = post(sandbox, target_port_in_date=days_ahead(sandbox, 7))["port_in_request_sid"]
    sandbox.forward(days=6)

    move(sandbox, sid, "port_pending")

    now = sandbox.now()
    port_date = datetime.fromisoformat(fetch(sandbox, sid)["phone_numbers"][0]["port_date"])
    assert timedelta(days=3) <= port_date - now <= timedelta(days=4)
    assert port_date.astimezone(UTC).hour == 0


# Review


def test_what_cannot_be_ported_falls_out_of_the_review(sandbox: SandboxProcess) -> None:
    sandbox.control("POST", "portability", {"phone_number": ANOTHER, "code": 22130})
    documents = [bill(sandbox)]

    sid = post(sandbox, LANDLINE, ANOTHER, documents=documents)["port_in_request_sid"]
    alone = post(sandbox, THIRD, documents=documents)["port_in_request_sid"]
    sandbox.add_numbers(numbers=[{"phone_number": THIRD}])
    sandbox.forward(hours=5)

    request = fetch(sandbox, sid)
    assert statuses(request) == ["Waiting for Signature", "Waiting For Signature", "Canceled"]
    assert [n["portable"] for n in request["phone_numbers"]] == [True, False]
    assert request["phone_numbers"][1]["not_portability_reason"] == "UNSUPPORTED"
    assert request["phone_numbers"][1]["not_portability_reason_code"] == 22130
    assert statuses(fetch(sandbox, alone)) == ["Canceled", "Canceled"]
    assert fetch(sandbox, alone)["phone_numbers"][0]["not_portability_reason_code"] == 22131


def test_a_number_is_ported_by_one_request(sandbox: SandboxProcess, acme_client: Client) -> None:
    first = post(sandbox, LANDLINE)["port_in_request_sid"]
    second = post(sandbox, LANDLINE)
    stranger = (sandbox.stranger_sid, sandbox.stranger_token)
    theirs = body(sandbox, account_sid=sandbox.stranger_sid)
    theirs["documents"] = [bill(sandbox, credentials=stranger)]
    third = call(sandbox, "POST", "Porting/PortIn", json=theirs, credentials=stranger).json()

    assert second["phone_numbers"][0]["not_portability_reason_code"] == 22137
    assert third["phone_numbers"][0]["not_portability_reason_code"] == 22132
    sandbox.forward(hours=5)
    assert statuses(fetch(sandbox, second["port_in_request_sid"])) == ["Canceled", "Canceled"]
    move(sandbox, first, "completed")
    assert len(numbers_in(acme_client, LANDLINE)) == 1


# Rejections


@pytest.mark.parametrize(("reason", "code"), REASONS.items())
def test_a_carrier_rejects_for_each_reason(sandbox: SandboxProcess, reason: str, code: int) -> None:
    wanted = {"phone_number": ANOTHER, "rejection_reason": reason}
    sandbox.control("POST", "portability", wanted)
    sid = post(sandbox, LANDLINE, ANOTHER)["port_in_request_sid"]
    sandbox.forward(hours=5)
    sign(sandbox, sid)
    sandbox.forward(days=2, hours=1)

    request = fetch(sandbox, sid)
    assert statuses(request) == ["Action Required", "Port Pending", "Port Rejected"]
    rejected = request["phone_numbers"][1]
    assert (rejected["rejection_reason"], rejected["rejection_reason_code"]) == (reason, str(code))


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"pin": "9999"}, "INVALID_PIN"),
        ({"account_number": "999"}, "INVALID_ACCOUNT_NUMBER"),
        ({"customer_name": "Acme Incorporated"}, "INVALID_END_USER_NAME"),
        ({"zip": "10001"}, "INVALID_ADDRESS"),
        (
            {
                "pin": "4321",
                "account_number": "123456",
                "customer_name": "ACME INC",
                "zip": "94105",
            },
            None,
        ),
    ],
)
def test_what_the_carrier_has_on_file_decides(
    sandbox: SandboxProcess, record: dict[str, str], reason: str | None
) -> None:
    sandbox.control("POST", "portability", {"phone_number": MOBILE, "record": record})
    sid = post(sandbox, {"phone_number": MOBILE, "pin": "4321"})["port_in_request_sid"]
    sandbox.forward(hours=5)
    sign(sandbox, sid)
    sandbox.forward(days=2, hours=1)

    number = fetch(sandbox, sid)["phone_numbers"][0]
    assert number["rejection_reason"] == reason
    assert number["port_in_phone_number_status"] == ("Port Rejected" if reason else "Port Pending")


def test_a_request_is_completed_when_its_rejected_number_is_canceled(
    sandbox: SandboxProcess,
) -> None:
    request = post(sandbox, LANDLINE, ANOTHER)
    sid = request["port_in_request_sid"]
    rejected, other = (n["port_in_phone_number_sid"] for n in request["phone_numbers"])
    sandbox.control(
        "POST",
        f"ports/{sid}/numbers/{rejected}/state",
        {"state": "port_rejected", "reason": "INVALID_PIN"},
    )
    sandbox.control("POST", f"ports/{sid}/numbers/{other}/state", {"state": "completed"})

    assert statuses(fetch(sandbox, sid)) == ["Action Required", "Port Rejected", "Completed"]
    call(sandbox, "DELETE", f"Porting/PortIn/{sid}/PhoneNumber/{rejected}")
    sandbox.forward(hours=2)
    assert statuses(fetch(sandbox, sid)) == ["Completed", "Canceled", "Completed"]


# Completion


def test_a_number_that_is_held_meanwhile_is_not_held_twice(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    sid = post(sandbox, LANDLINE)["port_in_request_sid"]
    move(sandbox, sid, "port_pending")
    sandbox.add_numbers(numbers=[{"phone_number": LANDLINE}], account=sandbox.stranger_sid)

    sandbox.forward(days=7)

    request = fetch(sandbox, sid)
    assert statuses(request) == ["Canceled", "Canceled"]
    assert LANDLINE in request["order_cancellation_reason"]
    assert numbers_in(acme_client, LANDLINE) == []


def test_a_number_that_is_held_when_the_carrier_answers_is_rejected(
    sandbox: SandboxProcess,
) -> None:
    sid = post(sandbox, LANDLINE)["port_in_request_sid"]
    move(sandbox, sid, "port_submitted")
    sandbox.add_numbers(numbers=[{"phone_number": LANDLINE}])

    sandbox.forward(days=3)

    assert statuses(fetch(sandbox, sid)) == ["Action Required", "Port Rejected"]


def test_a_closed_account_receives_nothing(sandbox: SandboxProcess) -> None:
    sid = post(sandbox, LANDLINE)["port_in_request_sid"]
    move(sandbox, sid, "port_pending")
    sandbox.close()

    sandbox.forward(days=7)

    assert sandbox.control("GET", f"ports/{sid}")["status"] == "Canceled"
    assert sandbox.account(sandbox.acme_sid)["numbers"] == 0


# The letter


def letter(sandbox: SandboxProcess, sid: str) -> str:
    """The address of the page to sign at, as the mail says it."""
    mail = next(m for m in mails(sandbox) if m["request_sid"] == sid and m["link"])
    return f"{sandbox.url}{mail['link']}"


def mails(sandbox: SandboxProcess) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sandbox.control("GET", "mails")["mails"]
    return found


def waiting(sandbox: SandboxProcess, **changes: Any) -> str:
    """A request that waits for its signature."""
    sid = str(post(sandbox, LANDLINE, **changes)["port_in_request_sid"])
    sandbox.forward(hours=5)
    return sid


def test_the_letter_is_read_and_signed_on_a_page(sandbox: SandboxProcess) -> None:
    sid = waiting(sandbox, told={"customer_name": "Acme <Inc>"})
    page = requests.get(letter(sandbox, sid), timeout=5)

    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    for told in ("(617) 555-1212", "Acme &lt;Inc&gt;", "101 Spear St", "John Smith", "123456"):
        assert told in page.text
    assert '<html lang="en">' in page.text
    assert "<script" not in page.text

    form = {"action": "sign", "signer": "John Smith", "agree": "yes"}
    signed = requests.post(letter(sandbox, sid), data=form, timeout=5)

    assert (signed.status_code, "Signed by John Smith" in signed.text) == (200, True)
    assert statuses(fetch(sandbox, sid)) == ["In progress", "Port Submitted"]
    port = sandbox.control("GET", f"ports/{sid}")
    assert (port["signer"], port["sign_path"]) == ("John Smith", None)
    assert requests.post(letter(sandbox, sid), data=form, timeout=5).status_code == 409


def test_mails_are_kept_instead_of_sent(sandbox: SandboxProcess) -> None:
    sid = waiting(sandbox, notification_emails=["a@acme.example", "b@acme.example"])
    sign(sandbox, sid)

    sent = [(mail["kind"], mail["to"]) for mail in mails(sandbox)]

    assert sent == [
        ("signed_copy", "b@acme.example"),
        ("signed_copy", "a@acme.example"),
        ("signature_request", "signer@acme.example"),
    ]
    assert "Signed by: John Smith" in mails(sandbox)[0]["body"]


@pytest.mark.parametrize("form", [{}, {"signer": "John Smith"}, {"signer": " ", "agree": "yes"}])
def test_a_letter_wants_a_name_and_a_yes(sandbox: SandboxProcess, form: dict[str, str]) -> None:
    sid = waiting(sandbox)

    answer = requests.post(letter(sandbox, sid), data=form, timeout=5)

    assert (answer.status_code, 'role="alert"' in answer.text) == (400, True)
    assert statuses(fetch(sandbox, sid))[0] == "Waiting for Signature"


def test_a_letter_can_be_left_to_expire(sandbox: SandboxProcess) -> None:
    sid = waiting(sandbox)

    page = requests.post(letter(sandbox, sid), data={"action": "expire"}, timeout=5)

    assert "has expired" in page.text
    assert statuses(fetch(sandbox, sid)) == ["Expired", "Canceled"]
    assert fetch(sandbox, sid)["order_cancellation_reason"]


@pytest.mark.parametrize(("switch", "days"), [("30_days", 30), ("14_days", 14), ("7_days", 7)])
def test_a_letter_expires_in_time(sandbox: SandboxProcess, switch: str, days: int) -> None:
    sandbox.control("POST", "switches", {"letter_expires_after": switch})
    sid = post(sandbox, LANDLINE)["port_in_request_sid"]

    sandbox.forward(days=days, hours=3)
    before = statuses(fetch(sandbox, sid))
    sandbox.forward(hours=2)

    assert before[0] == "Waiting for Signature"
    assert statuses(fetch(sandbox, sid)) == ["Expired", "Canceled"]


def test_a_signed_letter_does_not_expire(sandbox: SandboxProcess) -> None:
    sid = waiting(sandbox)
    sign(sandbox, sid)

    sandbox.forward(days=60)

    assert statuses(fetch(sandbox, sid)) == ["Completed", "Completed"]
    with pytest.raises(SandboxRefused) as error:
        sandbox.control("POST", f"ports/{sid}/expire-signature", {})
    assert error.value.status == 409


def test_the_url_to_sign_at_is_shown_as_the_switch_says(sandbox: SandboxProcess) -> None:
    created = post(sandbox, LANDLINE)
    sid = created["port_in_request_sid"]

    def shown(switch: str) -> str | None:
        sandbox.control("POST", "switches", {"signature_request_url": switch})
        url: str | None = fetch(sandbox, sid)["signature_request_url"]
        return url

    options = ("while_waiting", "never", "from_then_on")
    assert [shown(option) for option in options] == [None, None, None]
    sandbox.forward(hours=5)
    url = letter(sandbox, sid)
    assert [shown(option) for option in options] == [url, None, url]
    sign(sandbox, sid)
    assert [shown(option) for option in options] == [None, None, url]


def test_the_page_answers_this_machine_only(sandbox: SandboxProcess) -> None:
    sid = waiting(sandbox)

    page = requests.get(letter(sandbox, sid), headers={"Host": "evil.example"}, timeout=5)
    unknown = requests.get(f"{sandbox.url}/_sandbox/sign/{'0' * 32}", timeout=5)
    method = requests.put(letter(sandbox, sid), timeout=5)

    assert (page.status_code, "555-1212" in page.text) == (403, False)
    assert [unknown.status_code, method.status_code] == [404, 405]


def test_canceled_numbers_leave_nothing_to_sign(sandbox: SandboxProcess) -> None:
    sid = waiting(sandbox)
    url = letter(sandbox, sid)
    call(sandbox, "DELETE", f"Porting/PortIn/{sid}")

    assert "were canceled" in requests.get(url, timeout=5).text
    with pytest.raises(SandboxRefused):
        sign(sandbox, sid)


# The control API


def test_the_control_api_shows_ports_and_where_they_can_go(sandbox: SandboxProcess) -> None:
    sid = post(sandbox, LANDLINE, ANOTHER)["port_in_request_sid"]
    move(sandbox, sid, "port_submitted")

    port = sandbox.control("GET", f"ports/{sid}")

    assert port["counts"] == {"port_submitted": 2}
    assert port["numbers"][0]["next_states"] == ["canceling", "port_pending", "port_rejected"]
    listed = sandbox.control("GET", "ports")["ports"]
    assert [(row["sid"], row["status"]) for row in listed] == [(sid, "In progress")]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"state": "lost"}, 400),
        ({"state": "completed", "reason": "INVALID_PIN"}, 400),
        ({"state": "port_rejected", "reason": "WEATHER"}, 400),
        ({"state": "in_review"}, 409),
        ({"state": "port_rejected"}, 409),
    ],
)
def test_the_control_api_moves_along_the_allowed_ways_only(
    sandbox: SandboxProcess, body: dict[str, str], status: int
) -> None:
    request = post(sandbox, LANDLINE)
    sid = request["port_in_request_sid"]
    number = request["phone_numbers"][0]["port_in_phone_number_sid"]
    move(sandbox, sid, "port_pending")

    for path in (f"ports/{sid}/state", f"ports/{sid}/numbers/{number}/state"):
        with pytest.raises(SandboxRefused) as error:
            sandbox.control("POST", path, body)
        assert error.value.status == status
    assert statuses(fetch(sandbox, sid)) == ["In progress", "Port Pending"]


def test_the_course_goes_on_from_where_it_was_moved(sandbox: SandboxProcess) -> None:
    sid = post(sandbox, LANDLINE)["port_in_request_sid"]
    move(sandbox, sid, "canceling")

    sandbox.forward(hours=2)

    assert statuses(fetch(sandbox, sid)) == ["Canceled", "Canceled"]
