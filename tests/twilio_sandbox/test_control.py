"""The control API: what tests and people do from outside Twilio's API."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from twilio.rest import Client

from tests.sandbox_process import MORNING, SandboxProcess, SandboxRefused
from tests.twilio_sandbox.callers import answering, call, twiml
from tests.twilio_sandbox.receiver import Received, Receiver
from twilio_sandbox.routes import OPERATIONS
from twilio_sandbox.server import Sandbox

pytestmark = pytest.mark.process


def test_the_state_names_accounts_roles_and_the_clock(sandbox: SandboxProcess) -> None:
    state = sandbox.state()

    assert [(a["friendly_name"], a["numbers"], a["status"]) for a in state["accounts"]] == [
        ("Northwind Communications", 0, "active"),
        ("Acme", 27, "active"),
        ("Stranger Holdings", 0, "active"),
        ("Stranger", 3, "active"),
    ]
    owners = {a["sid"]: a["owner_account_sid"] for a in state["accounts"]}
    assert owners[sandbox.acme_sid] == sandbox.main_sid
    assert owners[sandbox.stranger_sid] == sandbox.stranger_main_sid != sandbox.main_sid
    assert timedelta(0) <= datetime.fromisoformat(state["clock"]) - MORNING < timedelta(seconds=30)


def test_the_clock_is_set_moved_and_given_back(sandbox: SandboxProcess) -> None:
    sandbox.control("POST", "clock", {"set": "2031-05-01T12:00:00Z"})
    later = sandbox.forward(days=1, hours=2)
    real = datetime.fromisoformat(sandbox.control("POST", "clock", {"real": True})["clock"])

    assert datetime(2031, 5, 2, 14, tzinfo=UTC) <= later < datetime(2031, 5, 2, 15, tzinfo=UTC)
    assert abs(real - datetime.now(UTC)) < timedelta(seconds=30)


def test_new_numbers_are_dated_by_the_clock(sandbox: SandboxProcess, acme_client: Client) -> None:
    sandbox.control("POST", "clock", {"set": "2031-05-01T12:00:00Z"})

    sid = sandbox.add_numbers(1)[0]["sid"]

    created = acme_client.incoming_phone_numbers(sid).fetch().date_created
    assert created is not None
    assert created.date().isoformat() == "2031-05-01"


def test_numbers_appear_by_count_and_newest_first(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    added = sandbox.add_numbers(5)

    newest = acme_client.incoming_phone_numbers.list(limit=5)
    assert [n.sid for n in newest] == [n["sid"] for n in reversed(added)]
    assert sandbox.account(sandbox.acme_sid)["numbers"] == 32


def test_numbers_appear_with_the_fields_given(sandbox: SandboxProcess, acme_client: Client) -> None:
    fields = {
        "friendly_name": "Ported in",
        "voice_url": "https://example.com/voice",
        "capabilities": {"voice": True, "sms": False, "mms": False, "fax": True},
        "type": "mobile",
        "origin": "hosted",
        "status": "released-soon",
        "beta": None,
    }

    added = sandbox.add_numbers(numbers=[{"phone_number": "+14155559900", **fields}])

    number = acme_client.incoming_phone_numbers(added[0]["sid"]).fetch()
    assert {name: getattr(number, name) for name in fields} == fields


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"count": 0}, 400),
        ({"numbers": []}, 400),
        ({"numbers": [{"phone_number": "12"}]}, 400),
        ({"numbers": [{"phone_number": "+14155559900", "sid": "PN1"}]}, 400),
        ({"numbers": [{"phone_number": "+14155559900", "voice_url": {}}]}, 400),
        ({"numbers": [{"phone_number": "+14155559900", "beta": "no"}]}, 400),
        ({"numbers": [{"phone_number": "+14155559900", "capabilities": 5}]}, 400),
        ({"numbers": [{"phone_number": "+14155559900", "capabilities": {"smoke": True}}]}, 400),
        ({"numbers": ["+14155559900", "+14155559900"]}, 409),
    ],
)
def test_numbers_that_make_no_sense_are_refused_as_a_whole(
    sandbox: SandboxProcess, body: dict[str, Any], status: int
) -> None:
    with pytest.raises(SandboxRefused) as error:
        sandbox.control("POST", f"accounts/{sandbox.acme_sid}/numbers", body)

    assert error.value.status == status
    assert sandbox.account(sandbox.acme_sid)["numbers"] == 27


def test_one_number_is_in_one_account(sandbox: SandboxProcess) -> None:
    client = sandbox.client(sandbox.stranger_sid, sandbox.stranger_token)
    theirs = str(client.incoming_phone_numbers.list()[0].phone_number)

    with pytest.raises(SandboxRefused) as error:
        sandbox.add_numbers(numbers=[{"phone_number": theirs}])

    assert error.value.status == 409


def test_a_token_can_be_chosen(sandbox: SandboxProcess) -> None:
    assert sandbox.revoke_token(token="a" * 32) == "a" * 32
    assert sandbox.account(sandbox.acme_sid)["auth_token"] == "a" * 32


def test_requests_are_counted_by_method_and_path(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    acme_client.incoming_phone_numbers.list(page_size=10)
    acme_client.api.v2010.accounts(sandbox.acme_sid).fetch()
    acme_client.incoming_phone_numbers.create(area_code="415")

    base = f"/api/2010-04-01/Accounts/{sandbox.acme_sid}"
    assert sandbox.requests() == [
        {"method": "GET", "path": f"{base}/IncomingPhoneNumbers.json", "count": 3},
        {"method": "GET", "path": f"{base}.json", "count": 1},
        {"method": "POST", "path": f"{base}/IncomingPhoneNumbers.json", "count": 1},
    ]
    last = sandbox.recent_requests()[-1]
    assert (last["method"], last["form"], last["status"]) == ("POST", {"AreaCode": "415"}, 201)
    sandbox.clear_requests()
    assert sandbox.requests() == []


def test_a_reset_starts_afresh(sandbox: SandboxProcess, acme_client: Client) -> None:
    before = sandbox.state()["accounts"]
    sandbox.add_account("Another")
    acme_client.incoming_phone_numbers.create(area_code="415")
    sandbox.fault("status")
    sandbox.forward(days=3)

    sandbox.reset()

    assert sandbox.state()["accounts"] == before
    assert sandbox.control("GET", "faults") == {"faults": []}
    assert sandbox.requests() == []


def test_a_reset_takes_the_clock_back_to_where_it_began(sandbox: SandboxProcess) -> None:
    sandbox.forward(days=3)

    sandbox.reset()

    assert timedelta(0) <= sandbox.now() - MORNING < timedelta(seconds=30)


def test_a_reset_can_begin_at_another_time_with_its_past_before_that(
    sandbox: SandboxProcess,
) -> None:
    sandbox.reset(at="2031-05-01T12:00:00+02:00")

    began = datetime(2031, 5, 1, 10, tzinfo=UTC)
    assert timedelta(0) <= sandbox.now() - began < timedelta(seconds=30)
    (last,) = sandbox.client().messages.list(limit=1)
    assert last.date_created is not None
    assert timedelta(0) < began - last.date_created < timedelta(days=30)
    sandbox.reset()
    assert sandbox.now() < began


@pytest.mark.parametrize("at", ["soon", "", 5, None])
def test_a_reset_to_no_time_is_refused(sandbox: SandboxProcess, at: Any) -> None:
    sandbox.add_account("Another")
    accounts = sandbox.state()["accounts"]

    with pytest.raises(SandboxRefused, match="not a time") as error:
        sandbox.reset(at=at)

    assert error.value.status == 400
    assert sandbox.state()["accounts"] == accounts


def test_a_reset_can_change_size_and_seed(sandbox: SandboxProcess) -> None:
    token = sandbox.acme_token

    sandbox.reset(numbers=3, seed=2)

    assert sandbox.account(sandbox.acme_sid)["numbers"] == 3
    assert sandbox.acme_token != token


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "nothing", 404), ("PUT", "state", 405), ("POST", "save", 409), ("POST", "load", 409)],
)
def test_what_the_control_api_does_not_know_is_refused(
    sandbox: SandboxProcess, method: str, path: str, status: int
) -> None:
    with pytest.raises(SandboxRefused) as error:
        sandbox.control(method, path)

    assert error.value.status == status


@pytest.mark.parametrize("body", [b"{", b"[1]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(sandbox: SandboxProcess, body: bytes) -> None:
    answer = requests.post(f"{sandbox.url}/_sandbox/faults", data=body, timeout=5)

    assert answer.status_code == 400


def test_a_program_that_is_told_something_does_not_move_the_clock(sandbox: SandboxProcess) -> None:
    with Receiver() as program:
        answers = []

        def forward(received: Received) -> str:
            answer = requests.post(
                f"{sandbox.url}/_sandbox/clock", json={"forward": {"days": 1}}, timeout=10
            )
            answers.append(answer.status_code)
            return "<Response/>"

        url = program.on("/late", forward)
        # Nothing is told before the clock moves: the call ends ten minutes from now.
        answering(sandbox, program, twiml('<Pause length="600"/>'), status_callback=url)
        call(sandbox)

        moved = sandbox.control("POST", "clock", {"forward": {"minutes": 15}})

    assert set(answers) == {409}
    assert moved["settled"] is True


def test_a_webhook_gets_no_control(sandbox: SandboxProcess) -> None:
    client = sandbox.client()
    number = client.incoming_phone_numbers.list(limit=1)[0]
    number.update(sms_url=f"{sandbox.url}/_sandbox/state", sms_method="GET")
    told = {"from": "+12025550177", "to": number.phone_number, "body": "What are the tokens?"}

    sandbox.control("POST", "messages?settle=1", told)

    (hook,) = sandbox.control("GET", "webhooks")["webhooks"]
    assert [attempt["status"] for attempt in hook["attempts"]] == [403]
    assert sandbox.acme_token not in str(hook["attempts"])


def test_a_name_that_leads_here_by_accident_gets_no_control(sandbox: SandboxProcess) -> None:
    answer = requests.get(
        f"{sandbox.url}/_sandbox/state", headers={"Host": "evil.example"}, timeout=5
    )

    assert answer.status_code == 403
    assert "auth_token" not in answer.text


def twice(calls: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [each for each, count in Counter(calls).items() if count > 1]


def test_no_control_call_is_there_twice() -> None:
    sandbox = Sandbox(
        host="127.0.0.1",
        port=0,
        numbers=0,
        seed=1,
        at=None,
        state=None,
        clock=None,
        webhook_hosts=[],
    )
    sandbox.server.server_close()
    routes = sandbox.control.routes

    assert routes
    assert twice([(m, re.sub(r"\?P<\w+>", "", path.pattern)) for m, path, _ in routes]) == []


def test_no_operation_is_there_twice() -> None:
    places = [(x.method, re.sub(r"\{\w+\}", "{}", f"{x.host}{x.path}")) for x in OPERATIONS]

    assert twice(places) == []
