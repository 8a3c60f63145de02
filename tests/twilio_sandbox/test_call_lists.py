"""The list of calls with its filters (facts 7.1), and calls that survive their process."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.callers import (
    CALLER,
    NUMBER,
    answering,
    call,
    lines,
    pass_time,
    shown,
    twiml,
)
from tests.twilio_sandbox.receiver import Receiver
from tests.twilio_sandbox.refusals import refusal

OTHER = "+14155550144"
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def estate(sandbox: SandboxProcess) -> dict[str, str]:
    """A call each on 10, 11 and 12 March at noon: answered, missed, and one that goes on."""
    with Receiver() as program:
        sandbox.control("POST", "clock", {"set": NOON.isoformat()})
        answering(sandbox, program, twiml('<Pause length="90"/>'))
        answered = call(sandbox)["sid"]
        pass_time(sandbox, days=1)
        program.on("/voice", twiml("<Reject/>"))
        missed = call(sandbox, **{"from": OTHER})["sid"]
        pass_time(sandbox, days=1)
        program.on("/voice", twiml('<Pause length="90"/>'))
        return {answered: "answered", missed: "missed", call(sandbox)["sid"]: "running"}


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["running", "missed", "answered"]),
        ({"status": "completed"}, ["answered"]),
        ({"status": "no-answer"}, ["missed"]),
        ({"status": "in-progress"}, ["running"]),
        ({"from_": CALLER}, ["running", "answered"]),
        ({"from_": "(415) 555-0144"}, ["missed"]),
        ({"to": NUMBER, "status": "completed"}, ["answered"]),
        ({"to": OTHER}, []),
        ({"parent_call_sid": "CA" + "0" * 32}, []),
        ({"start_time": "2026-03-11"}, ["missed"]),
        ({"start_time_after": "2026-03-11"}, ["running", "missed"]),
        ({"start_time_before": "2026-03-11"}, ["missed", "answered"]),
        ({"start_time_after": NOON + timedelta(hours=1)}, ["running", "missed"]),
        ({"end_time": "2026-03-10"}, ["answered"]),
        ({"end_time_after": "2026-03-11"}, ["missed"]),
        ({"end_time_before": NOON + timedelta(hours=1)}, ["answered"]),
        (
            {"start_time_after": "2026-03-11", "start_time_before": "2026-03-11"},
            ["missed"],
        ),
    ],
)
def test_calls_are_found_by(
    estate: dict[str, str], acme_client: Client, filters: dict[str, Any], found: list[str]
) -> None:
    # S1-6
    assert [estate[str(each.sid)] for each in acme_client.calls.list(**filters)] == found


@pytest.mark.parametrize("filters", [{"status": "lost"}, {"start_time": "yesterday"}])
def test_filters_that_mean_nothing_are_refused(
    sandbox: SandboxProcess, acme_client: Client, filters: dict[str, Any]
) -> None:
    assert refusal(acme_client.calls.list, **filters) == (400, 20001)


def test_calls_come_in_pages(sandbox: SandboxProcess, acme_client: Client) -> None:
    with Receiver() as program:
        answering(sandbox, program, twiml("<Reject/>"))
        sids = [call(sandbox)["sid"] for _ in range(5)]

    assert [each.sid for each in acme_client.calls.list(page_size=2)] == sids[::-1]


def test_an_account_sees_its_own_calls(sandbox: SandboxProcess, parent_client: Client) -> None:
    with Receiver() as program:
        answering(sandbox, program, twiml("<Reject/>"))
        sid = call(sandbox)["sid"]

    assert parent_client.calls.list() == []
    family = sandbox.client(sandbox.main_sid, sandbox.main_token, account=sandbox.acme_sid)
    assert family.calls(sid).fetch().sid == sid
    stranger = sandbox.client(sandbox.stranger_sid, sandbox.stranger_token)
    assert refusal(stranger.calls(sid).fetch) == (404, 20404)


# In the middle of a call

CONVERSATION = twiml(
    '<Gather input="speech" action="/turn" timeout="60"><Say>Hello</Say></Gather>',
    "<Say>Nothing</Say>",
)


def test_a_call_goes_on_after_its_state_was_put_back(sandbox: SandboxProcess) -> None:
    with Receiver() as program:
        program.on("/turn", twiml("<Say>Goodbye</Say>"))
        answering(sandbox, program, CONVERSATION)
        sid = call(sandbox, script=[{"wait": 30}, {"say": "Book a table"}])["sid"]
        pass_time(sandbox, seconds=5)
        kept = sandbox.control("GET", "world")
        sandbox.reset(history=False)
        sandbox.control("POST", "world", kept)
        pass_time(sandbox, minutes=2)

        assert program.at("/turn")[0].params["SpeechResult"] == "Book a table"
        assert lines(sandbox, sid)[-1] == ("program", "say", "Goodbye")
        assert shown(sandbox, sid)["status"] == "completed"


def test_a_call_goes_on_after_a_power_cut(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with Receiver() as program:
        program.on("/turn", twiml("<Say>Goodbye</Say>"))
        with SandboxProcess(state=state) as sandbox:
            answering(sandbox, program, CONVERSATION)
            sid = call(sandbox, script=None)["sid"]
            pass_time(sandbox, seconds=5)
            sandbox.save()
            sandbox.kill()
        with SandboxProcess(state=state) as sandbox:
            assert shown(sandbox, sid)["waits_for"] == "gather"
            sandbox.control("POST", f"calls/{sid}/say", {"text": "Still there?"})
            pass_time(sandbox, minutes=2)

            assert program.at("/turn")[0].params["SpeechResult"] == "Still there?"
            assert shown(sandbox, sid)["status"] == "completed"


def test_a_document_asked_for_before_a_power_cut_is_asked_for_again(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with Receiver() as program:
        with SandboxProcess(state=state) as sandbox:
            answering(sandbox, program, twiml("<Say>Hello</Say>"))
            sandbox.fault("webhook_late", times=1)
            sid = sandbox.control("POST", "calls", {"from": CALLER, "to": NUMBER})["sid"]
            sandbox.save()
            sandbox.kill()
        with SandboxProcess(state=state) as sandbox:
            pass_time(sandbox, minutes=1)

            assert lines(sandbox, sid) == [("program", "say", "Hello")]
