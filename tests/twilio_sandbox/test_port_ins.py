"""Port-in requests: what the create call wants, and what is shown, listed and canceled."""

from __future__ import annotations

import json
from typing import Any

import pytest
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.papers import new_paper
from tests.twilio_sandbox.ports import (
    ANOTHER,
    LANDLINE,
    MOBILE,
    PDF,
    THIRD,
    TOLL_FREE,
    bill,
    body,
    call,
    create,
    days_ahead,
    fetch,
    move,
    post,
    statuses,
)

pytestmark = pytest.mark.process

JAPANESE = "+81312345678"


def refusal(sandbox: SandboxProcess, wanted: dict[str, Any]) -> tuple[int, int]:
    """HTTP status and code of a create call that has to fail."""
    answer = call(sandbox, "POST", "Porting/PortIn", json=wanted)
    assert call(sandbox, "GET", "Porting/PortIn/PortInRequests").json()["port_in_requests"] == []
    return answer.status_code, answer.json()["code"]


# Create


def test_the_official_client_creates_and_fetches_a_request(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    created = create(acme_client, body(sandbox, LANDLINE, {"phone_number": MOBILE, "pin": "4321"}))
    fetched = acme_client.numbers.v1.porting_port_ins(created.port_in_request_sid).fetch()

    assert created.port_in_request_sid.startswith("KW")
    assert created.port_in_request_status == "pending"
    assert fetched.account_sid == sandbox.acme_sid
    assert [n["phone_number"] for n in fetched.phone_numbers] == [LANDLINE, MOBILE]
    assert [n["number_type"] for n in fetched.phone_numbers] == ["LOCAL", "MOBILE"]
    assert fetched.notification_emails == ["copies@acme.example"]
    assert fetched.support_ticket_id > 0


def test_creating_is_answered_with_202(sandbox: SandboxProcess) -> None:
    answer = call(sandbox, "POST", "Porting/PortIn", json=body(sandbox))

    assert answer.status_code == 202
    assert statuses(answer.json()) == ["pending", "In Review"]
    assert answer.json()["phone_numbers"][0]["portable"] is True


def test_a_pin_is_never_shown(sandbox: SandboxProcess) -> None:
    wanted = body(sandbox, {"phone_number": MOBILE, "pin": "PIN-4321"})
    created = call(sandbox, "POST", "Porting/PortIn", json=wanted)
    sid = created.json()["port_in_request_sid"]
    number_sid = created.json()["phone_numbers"][0]["port_in_phone_number_sid"]

    number = call(sandbox, "GET", f"Porting/PortIn/{sid}/PhoneNumber/{number_sid}").text
    shown = [created.text, call(sandbox, "GET", f"Porting/PortIn/{sid}").text, number]
    shown += [json.dumps(sandbox.control("GET", path)) for path in (f"ports/{sid}", "requests")]

    assert not any("PIN-4321" in text for text in shown)


def test_whether_the_numbers_are_portable_can_be_known_later(sandbox: SandboxProcess) -> None:
    sandbox.control("POST", "switches", {"portable_in_create_answer": "later"})

    created = post(sandbox)
    sandbox.forward(minutes=2)
    later = fetch(sandbox, created["port_in_request_sid"])

    assert created["phone_numbers"][0]["portable"] is None
    assert later["phone_numbers"][0]["portable"] is True


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"account_sid": None}, 22171),
        ({"account_sid": "AC1"}, 20001),
        ({"account_sid": 5}, 20001),
        ({"documents": ["RD1"]}, 20001),
        ({"documents": "RD1"}, 20001),
        ({"documents": [f"RD{'a' * 32}"]}, 20001),
        ({"phone_numbers": None}, 22171),
        ({"phone_numbers": []}, 22171),
        ({"phone_numbers": [{}]}, 22171),
        ({"phone_numbers": [LANDLINE]}, 20001),
        ({"phone_numbers": LANDLINE}, 20001),
        ({"phone_numbers": [{"phone_number": "617 555 1212"}]}, 22172),
        ({"phone_numbers": [{"phone_number": LANDLINE}, {"phone_number": LANDLINE}]}, 20001),
        ({"phone_numbers": [{"phone_number": LANDLINE}, {"phone_number": "+14165551234"}]}, 22172),
        ({"phone_numbers": [{"phone_number": TOLL_FREE}]}, 20001),
        ({"phone_numbers": [{"phone_number": MOBILE}]}, 22171),
        ({"phone_numbers": [{"phone_number": MOBILE, "pin": 4321}]}, 20001),
        ({"losing_carrier_information": None}, 22171),
        ({"losing_carrier_information": "Acme"}, 20001),
        ({"told": {"customer_type": "Company"}}, 20001),
        ({"told": {"customer_name": ""}}, 22171),
        ({"told": {"authorized_representative": None}}, 22171),
        ({"told": {"authorized_representative": "Madonna"}}, 20001),
        ({"told": {"authorized_representative_email": None}}, 22171),
        ({"told": {"authorized_representative_email": "john"}}, 20001),
        ({"told": {"address": None}}, 22171),
        ({"told": {"address": "101 Spear St"}}, 20001),
        ({"told": {"address": {"street": "101 Spear St"}}}, 22171),
        ({"told": {"address_sid": "AD1"}}, 22173),
        ({"told": {"address_sid": f"AD{'a' * 32}"}}, 22173),
        ({"notification_emails": "a@b.example"}, 20001),
        ({"notification_emails": ["nobody"]}, 20001),
        ({"bundle_sid": "BU1"}, 22170),
        ({"bundle_sid": f"BU{'a' * 32}"}, 22170),
        ({"target_port_in_date": "11/12/2031"}, 20001),
        ({"target_port_in_date": "2020-01-01"}, 20001),
        ({"target_port_in_time_range_start": "10:15"}, 20001),
        (
            {
                "target_port_in_time_range_start": "10:15:00-08:00",
                "target_port_in_time_range_end": "09:15:00-08:00",
            },
            20001,
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    sandbox: SandboxProcess, changes: dict[str, Any], code: int
) -> None:
    assert refusal(sandbox, body(sandbox, **changes)) == (400, code)


def test_a_bundle_of_the_target_or_its_parent_will_do(sandbox: SandboxProcess) -> None:
    parent = (sandbox.main_sid, sandbox.main_token)
    for account, number in ((sandbox.acme_sid, LANDLINE), (sandbox.main_sid, ANOTHER)):
        wanted = body(sandbox, number, bundle_sid=new_paper(sandbox, "bundle", account))

        answer = call(sandbox, "POST", "Porting/PortIn", credentials=parent, json=wanted)

        assert (answer.status_code, answer.json()["bundle_sid"]) == (202, wanted["bundle_sid"])


def test_papers_of_others_and_of_another_kind_are_no_bundle(sandbox: SandboxProcess) -> None:
    foreign = new_paper(sandbox, "bundle", sandbox.stranger_sid)
    unlike = new_paper(sandbox, "identity")

    for named in (foreign, f"BU{unlike[2:]}"):
        assert refusal(sandbox, body(sandbox, bundle_sid=named)) == (400, 22170)


@pytest.mark.parametrize("sent", [b"", b"{", b"[1]", b"account_sid=AC1"])
def test_a_body_that_is_no_object_is_refused(sandbox: SandboxProcess, sent: bytes) -> None:
    answer = call(sandbox, "POST", "Porting/PortIn", data=sent)

    assert (answer.status_code, answer.json()["code"]) == (400, 20001)


def test_an_account_of_others_is_refused(sandbox: SandboxProcess) -> None:
    wanted = body(sandbox, account_sid=sandbox.stranger_sid)

    assert refusal(sandbox, wanted) == (401, 20003)


def test_an_account_that_does_not_work_receives_nothing(sandbox: SandboxProcess) -> None:
    sandbox.suspend()
    parent = (sandbox.main_sid, sandbox.main_token)
    wanted = body(sandbox, documents=[bill(sandbox, credentials=parent)])

    answer = call(sandbox, "POST", "Porting/PortIn", json=wanted, credentials=parent)

    assert (answer.status_code, answer.json()["code"]) == (403, 20403)


def test_a_bill_with_content_of_ones_own_is_needed(sandbox: SandboxProcess) -> None:
    stranger = (sandbox.stranger_sid, sandbox.stranger_token)
    other = bill(sandbox, document_type="photo_id")

    def code(document: str) -> int:
        return refusal(sandbox, body(sandbox, documents=[document]))[1]

    assert code(other) == 22171
    assert code(bill(sandbox, content=b"")) == 22171
    assert code(bill(sandbox, credentials=stranger)) == 20001
    assert post(sandbox, documents=[other, bill(sandbox, content=PDF)])["documents"][0] == other


def test_parents_port_into_their_subaccounts(sandbox: SandboxProcess) -> None:
    parent = (sandbox.main_sid, sandbox.main_token)
    wanted = body(sandbox, documents=[bill(sandbox, credentials=parent)])

    created = call(sandbox, "POST", "Porting/PortIn", json=wanted, credentials=parent)

    assert created.status_code == 202
    sid = created.json()["port_in_request_sid"]
    assert fetch(sandbox, sid)["account_sid"] == sandbox.acme_sid
    stranger = (sandbox.stranger_sid, sandbox.stranger_token)
    assert call(sandbox, "GET", f"Porting/PortIn/{sid}", credentials=stranger).status_code == 404


def test_a_thousand_numbers_are_the_most(sandbox: SandboxProcess) -> None:
    numbers = [f"+1617555{line:04}" for line in range(1001)]

    assert refusal(sandbox, body(sandbox, *numbers)) == (400, 20001)
    assert len(post(sandbox, *numbers[1:])["phone_numbers"]) == 1000


def test_the_date_is_a_week_ahead_or_more(sandbox: SandboxProcess) -> None:
    early, fitting = days_ahead(sandbox, 6), days_ahead(sandbox, 7)

    assert refusal(sandbox, body(sandbox, target_port_in_date=early)) == (400, 20001)
    assert post(sandbox, target_port_in_date=fitting)["target_port_in_date"] == fitting


def test_ten_days_and_a_carrier_are_needed_for_japan(sandbox: SandboxProcess) -> None:
    early, fitting = days_ahead(sandbox, 9), days_ahead(sandbox, 10)

    def wanted(day: str, carrier: str | None) -> dict[str, Any]:
        return body(sandbox, JAPANESE, target_port_in_date=day, portability_advance_carrier=carrier)

    assert refusal(sandbox, wanted(early, "NTT")) == (400, 20001)
    assert refusal(sandbox, wanted(fitting, None)) == (400, 22171)
    answer = call(sandbox, "POST", "Porting/PortIn", json=wanted(fitting, "NTT"))
    assert answer.json()["portability_advance_carrier"] == "NTT"


def test_date_and_range_come_back_in_utc(sandbox: SandboxProcess) -> None:
    day, next_day = days_ahead(sandbox, 10), days_ahead(sandbox, 11)

    created = post(
        sandbox,
        target_port_in_date=day,
        target_port_in_time_range_start="17:30:00-08:00",
        target_port_in_time_range_end="18:00:00-08:00",
    )

    assert created["target_port_in_date"] == next_day
    assert created["target_port_in_time_range_start"] == "01:30:00Z"
    assert created["target_port_in_time_range_end"] == "02:00:00Z"


def test_account_number_and_pin_are_needed_where_the_carrier_wants_them(
    sandbox: SandboxProcess,
) -> None:
    pin_wanted = {"phone_number": LANDLINE, "pin_and_account_number_required": True}
    with_pin = {"phone_number": LANDLINE, "pin": "1"}
    without_account = {"account_number": None}
    sandbox.control("POST", "portability", pin_wanted)

    assert refusal(sandbox, body(sandbox, LANDLINE)) == (400, 22171)
    assert refusal(sandbox, body(sandbox, with_pin, told=without_account)) == (400, 22171)
    mobile = {"phone_number": MOBILE, "pin": "1"}
    assert refusal(sandbox, body(sandbox, mobile, told=without_account)) == (400, 22171)
    assert post(sandbox, with_pin)["port_in_request_sid"]


def test_an_address_is_copied_by_its_sid(sandbox: SandboxProcess) -> None:
    address = {"street": "1 Main St", "city": "Boston", "state": "MA", "zip": "02108"}
    address |= {"country": "US", "account_sid": sandbox.acme_sid}
    sid = sandbox.control("POST", "addresses", address)["sid"]

    created = post(sandbox, told={"address": None, "address_sid": sid})

    told = created["losing_carrier_information"]
    assert (told["address_sid"], told["address"]["street"]) == (sid, "1 Main St")


def test_ten_notification_emails_may_be_the_most(sandbox: SandboxProcess) -> None:
    emails = [f"copy{place}@acme.example" for place in range(11)]
    sandbox.control("POST", "switches", {"notification_emails_maximum": "ten"})

    assert refusal(sandbox, body(sandbox, notification_emails=emails)) == (400, 20001)
    sandbox.control("POST", "switches", {"notification_emails_maximum": "none"})
    assert post(sandbox, notification_emails=emails)["notification_emails"] == emails


# Fetch


def test_a_number_is_spelled_otherwise_on_its_own(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    created = post(sandbox)
    sid = created["port_in_request_sid"]
    number_sid = created["phone_numbers"][0]["port_in_phone_number_sid"]
    move(sandbox, sid, "port_rejected", "INVALID_PIN")

    number = acme_client.numbers.v1.porting_port_in_phone_number(sid, number_sid).fetch()
    inside = fetch(sandbox, sid)["phone_numbers"][0]

    assert number.port_in_phone_number_status == "port_rejected"
    assert inside["port_in_phone_number_status"] == "Port Rejected"
    assert (number.rejection_reason_code, inside["rejection_reason_code"]) == (22155, "22155")
    assert number.rejection_reason == inside["rejection_reason"] == "INVALID_PIN"
    assert (number.phone_number_type, number.country) == ("LOCAL", "US")


@pytest.mark.parametrize("path", ["KW1", f"KW{'0' * 32}", f"KW{'0' * 32}/PhoneNumber/PU1"])
def test_what_is_not_there_is_not_found(sandbox: SandboxProcess, path: str) -> None:
    for method in ("GET", "DELETE"):
        answer = call(sandbox, method, f"Porting/PortIn/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, 20404)


def test_a_number_belongs_to_its_own_request(sandbox: SandboxProcess) -> None:
    first, second = post(sandbox, LANDLINE), post(sandbox, ANOTHER)
    number = second["phone_numbers"][0]["port_in_phone_number_sid"]

    path = f"Porting/PortIn/{first['port_in_request_sid']}/PhoneNumber/{number}"

    assert call(sandbox, "GET", path).status_code == 404


# Lists


def listed(sandbox: SandboxProcess, **query: Any) -> tuple[list[str], dict[str, Any]]:
    answer = call(sandbox, "GET", "Porting/PortIn/PortInRequests", params=query).json()
    return [row["port_in_request_sid"] for row in answer["port_in_requests"]], answer["meta"]


def test_requests_are_listed_newest_first_by_tokens(sandbox: SandboxProcess) -> None:
    documents = [bill(sandbox)]
    sids = [
        post(sandbox, f"+1617555000{place}", documents=documents)["port_in_request_sid"]
        for place in range(5)
    ][::-1]

    first, after_first = listed(sandbox, Size=2)
    second, after_second = listed(sandbox, Size=2, Token=after_first["next_token"])
    last, after_last = listed(sandbox, Size=2, Token=after_second["next_token"])

    assert first + second + last == sids
    assert after_first == {"next_token": sids[2], "previous_token": None}
    assert after_last == {"next_token": None, "previous_token": sids[2]}
    assert listed(sandbox)[0] == sids


def test_lists_can_be_filtered(sandbox: SandboxProcess) -> None:
    early = post(sandbox, LANDLINE)["port_in_request_sid"]
    sandbox.forward(days=2)
    late = post(sandbox, ANOTHER)["port_in_request_sid"]
    tomorrow, yesterday = days_ahead(sandbox, 1), days_ahead(sandbox, -1)

    assert listed(sandbox, PortInRequestSid=f"{early}, KW1")[0] == [early]
    assert listed(sandbox, PortInRequestStatus="Waiting for Signature")[0] == [early]
    assert listed(sandbox, PortInRequestStatus="waiting_for_signature")[0] == [early]
    assert listed(sandbox, CreatedAfter=yesterday)[0] == [late]
    assert listed(sandbox, CreatedBefore=yesterday)[0] == [early]
    assert listed(sandbox, CreatedAfter=tomorrow)[0] == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"Size": 0}, 20001),
        ({"Size": 101}, 20001),
        ({"Size": "many"}, 20001),
        ({"Token": "KW1"}, 21481),
        ({"CreatedAfter": "yesterday"}, 20001),
    ],
)
def test_lists_refuse_what_they_do_not_understand(
    sandbox: SandboxProcess, query: dict[str, Any], code: int
) -> None:
    answer = call(sandbox, "GET", "Porting/PortIn/PortInRequests", params=query)

    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_list_counts_the_numbers(sandbox: SandboxProcess) -> None:
    request = post(sandbox, LANDLINE, ANOTHER, THIRD)
    sid = request["port_in_request_sid"]
    numbers = [n["port_in_phone_number_sid"] for n in request["phone_numbers"]]
    for number, state in zip(numbers, ["completed", "port_rejected", "port_pending"], strict=True):
        sandbox.control("POST", f"ports/{sid}/numbers/{number}/state", {"state": state})
    sandbox.control("POST", "switches", {"port_list_timestamp": "time"})

    row = call(sandbox, "GET", "Porting/PortIn/PortInRequests").json()["port_in_requests"][0]

    assert (row["phone_numbers_requested"], row["phone_numbers_ported"]) == (3, 1)
    assert row["port_in_request_status"] == "Action Required"
    assert row["suggested_action"]
    assert row["status_last_updated_timestamp"].endswith("Z")


def test_a_family_sees_its_own_requests_only(sandbox: SandboxProcess) -> None:
    sid = post(sandbox)["port_in_request_sid"]

    def seen(role: str) -> list[str]:
        credentials = (getattr(sandbox, f"{role}_sid"), getattr(sandbox, f"{role}_token"))
        path = "Porting/PortIn/PortInRequests"
        rows = call(sandbox, "GET", path, credentials=credentials).json()["port_in_requests"]
        return [row["port_in_request_sid"] for row in rows]

    assert (seen("acme"), seen("main"), seen("stranger")) == ([sid], [sid], [])


# Cancel


def test_a_request_is_canceled_whole(sandbox: SandboxProcess, acme_client: Client) -> None:
    sid = post(sandbox, LANDLINE, ANOTHER)["port_in_request_sid"]

    assert acme_client.numbers.v1.porting_port_ins(sid).delete() is True
    assert statuses(fetch(sandbox, sid)) == ["pending", "Canceling", "Canceling"]
    sandbox.forward(hours=2)

    request = fetch(sandbox, sid)
    assert statuses(request) == ["Canceled", "Canceled", "Canceled"]
    assert request["order_cancellation_reason"]
    assert call(sandbox, "DELETE", f"Porting/PortIn/{sid}").json()["code"] == 20409


def test_one_number_of_a_request_is_canceled(sandbox: SandboxProcess, acme_client: Client) -> None:
    request = post(sandbox, LANDLINE, ANOTHER)
    sid, number = (
        request["port_in_request_sid"],
        request["phone_numbers"][0]["port_in_phone_number_sid"],
    )

    assert acme_client.numbers.v1.porting_port_in_phone_number(sid, number).delete() is True
    sandbox.forward(hours=5)

    request = fetch(sandbox, sid)
    assert statuses(request) == ["Waiting for Signature", "Canceled", "Waiting For Signature"]
    assert request["order_cancellation_reason"] is None
    one = call(sandbox, "DELETE", f"Porting/PortIn/{sid}/PhoneNumber/{number}")
    assert (one.status_code, one.json()["code"]) == (409, 20409)


def test_a_canceled_number_can_be_requested_anew(sandbox: SandboxProcess) -> None:
    first = post(sandbox, LANDLINE)["port_in_request_sid"]
    call(sandbox, "DELETE", f"Porting/PortIn/{first}")
    sandbox.forward(hours=2)

    second = post(sandbox, LANDLINE)

    assert second["phone_numbers"][0]["portable"] is True


def test_canceling_near_the_port_date_can_be_refused(sandbox: SandboxProcess) -> None:
    sid = post(sandbox)["port_in_request_sid"]
    move(sandbox, sid, "port_pending")
    sandbox.forward(days=5)
    sandbox.control("POST", "switches", {"cancel_near_port_date": "refused"})

    near = call(sandbox, "DELETE", f"Porting/PortIn/{sid}")
    sandbox.control("POST", "switches", {"cancel_near_port_date": "allowed"})

    assert (near.status_code, near.json()["code"]) == (409, 20409)
    assert call(sandbox, "DELETE", f"Porting/PortIn/{sid}").status_code == 204
