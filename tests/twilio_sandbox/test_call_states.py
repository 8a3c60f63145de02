"""The states of calls: every pair of the table, and any sequence of calls, people, programs, time.

The machine below talks to a world in this process, without HTTP: it takes each webhook itself and
answers it as some program might, early, late or never.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
from datetime import UTC, datetime
from itertools import pairwise, product
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.twilio_sandbox.callers import twiml
from twilio_sandbox import control, seed, storage
from twilio_sandbox.application import TwilioApi
from twilio_sandbox.engine import Room
from twilio_sandbox.errors import ControlError
from twilio_sandbox.http import Request
from twilio_sandbox.voice import calls
from twilio_sandbox.voice.rows import Call
from twilio_sandbox.webhooks import courier

NUMBER, OTHER = "+16175550123", "+16175550124"
PHONES = ["+14155550101", "+14155550102"]
ALLOWED = {
    ("queued", "ringing"),
    ("queued", "failed"),
    ("queued", "canceled"),
    ("ringing", "in-progress"),
    ("ringing", "busy"),
    ("ringing", "failed"),
    ("ringing", "no-answer"),
    ("ringing", "canceled"),
    ("in-progress", "completed"),
}
RUNNING = {"queued", "ringing", "in-progress"}
ALL = [*RUNNING, "completed", "busy", "failed", "no-answer", "canceled"]


@pytest.mark.parametrize(("start", "end"), list(product(sorted(ALL), sorted(ALL))))
def test_a_call_moves_as_the_facts_say(start: str, end: str) -> None:
    world = seed.build(numbers=0, seed=1, with_history=False)
    row = Call(*world.stamp("CA", "AC1"), NUMBER, PHONES[0], "outbound-api", start, None)
    world.calls.add(row)

    if (start, end) in ALLOWED:
        calls.set_status(world, row, end)
        assert row.status == end
    else:
        with pytest.raises(ValueError, match="cannot become"):
            calls.set_status(world, row, end)


# Any sequence

VERBS = [
    "<Say>Hello, how can I help you today?</Say>",
    '<Pause length="20"/>',
    '<Gather input="speech dtmf" action="/turn" timeout="5"><Say>Yes?</Say></Gather>',
    '<Gather numDigits="1" actionOnEmptyResult="true"/>',
    "<Redirect>/voice</Redirect>",
    "<Reject/>",
    "<Hangup/>",
    f'<Dial action="/dialled">{PHONES[0]}</Dial>',
    f'<Dial answerOnBridge="true" timeout="5">{PHONES[1]}</Dial>',
    f'<Dial><Number url="/whisper">{PHONES[0]}</Number><Number>{PHONES[1]}</Number></Dial>',
    '<Dial callerId="+14155550000">4</Dial>',
    f'<Dial record="record-from-answer-dual" action="/dialled">{PHONES[1]}</Dial>',
    '<Record action="/recorded" timeout="3" maxLength="30" transcribe="true"/>',
    '<Record playBeep="false"/>',
    f"<Dial>{OTHER}</Dial>",
    '<Play digits="1#"/>',
    "<Start><Recording/><Transcription/><Stream url='wss://localhost/'/></Start>",
    "<Stop><Recording/><Transcription/></Stop>",
    "<Enqueue>support</Enqueue>",
]
DOCUMENTS = st.lists(st.sampled_from(VERBS), max_size=4).map(lambda verbs: twiml(*verbs))
STEPS = st.sampled_from(
    [{"say": "I want to book"}, {"press": "1#"}, {"wait": 8}, {"press": "*"}, {"hang_up": True}]
)
SCRIPTS = st.none() | st.lists(STEPS, max_size=4)
PERIODS = st.sampled_from([0.5, 3.0, 10.0, 60.0, 5000.0])
PLACES = st.integers(0, 5)


class Calls(RuleBasedStateMachine):
    """One number, two phones, people, a program, the API, and the clock."""

    @initialize()
    def begin(self) -> None:
        world = seed.build(numbers=0, seed=1, with_history=False)
        settings_ = {
            "voice_url": "http://localhost/voice",
            "voice_fallback_url": "http://localhost/fallback",
            "status_callback": "http://localhost/status",
        }
        account = world.accounts[world.roles["acme"]]
        for number in (NUMBER, OTHER):
            world.add_number(account, number, settings_)
        self.seen: dict[str, list[str]] = {}  # the statuses of each call, one after the other
        self._take(world)

    def _take(self, world: Any) -> None:
        self.world = world
        self.api = TwilioApi(Room(world))
        rows = world.calls
        original = rows.changed

        def changed(row: Call) -> None:
            """Every change of a call is seen, also those between two steps."""
            past = self.seen.setdefault(row.sid, [row.status])
            if row.status != past[-1]:
                past.append(row.status)
            original(row)

        rows.changed = changed

    def _control(self, path: str, body: dict[str, Any]) -> None:
        """A call of the control API; refusals are fine, anything else is not."""
        for call in control.CALLS:
            match = re.fullmatch(call.path, path)
            if match and call.method == "POST":
                with contextlib.suppress(ControlError):
                    call.handler(self.world, body, **match.groupdict())
                return
        raise AssertionError(path)

    def _api(self, method: str, path: str, form: dict[str, str]) -> int:
        account = self.world.accounts[self.world.roles["acme"]]
        login = base64.b64encode(f"{account.sid}:{account.token}".encode()).decode()
        request = Request(
            method,
            f"/api/2010-04-01/Accounts/{account.sid}/{path}",
            {},
            urlencode(form).encode(),
            "127.0.0.1",
            host="127.0.0.1",
            authorization=f"Basic {login}",
            content_type="application/x-www-form-urlencoded",
        )
        return self.api(request).status

    def _call(self, place: int) -> str:
        """One of the last calls."""
        sids = list(self.world.calls)
        return str(sids[-1 - place % min(len(sids), 6)])

    @rule(script=SCRIPTS, hang_up_after=st.none() | PERIODS)
    def call_in(self, script: Any, hang_up_after: float | None) -> None:
        body = {"from": PHONES[0], "to": NUMBER, "script": script, "hang_up_after": hang_up_after}
        self._control("/calls", body)

    @rule(
        to=st.sampled_from([PHONES[1], OTHER]),
        document=DOCUMENTS,
        detection=st.sampled_from(["", "Enable"]),
        is_async=st.booleans(),
    )
    def call_out(self, to: str, document: str, detection: str, is_async: bool) -> None:
        form = {"To": to, "From": NUMBER, "Twiml": document, "TimeLimit": "3000"}
        if detection:
            form |= {"MachineDetection": detection, "AsyncAmd": str(is_async).lower()}
        assert self._api("POST", "Calls.json", form) == 201

    @rule(
        phone=st.sampled_from(PHONES),
        behavior=st.sampled_from(["answers", "machine", "busy", "no-answer", "failed"]),
        script=SCRIPTS,
    )
    def set_up_a_phone(self, phone: str, behavior: str, script: Any) -> None:
        self._control(f"/phones/{phone}", {"calls": behavior, "script": script})

    @precondition(lambda self: self.world.calls)
    @rule(place=PLACES, what=st.sampled_from(["say", "press", "silent", "hang-up"]))
    def act(self, place: int, what: str) -> None:
        self._control(f"/calls/{self._call(place)}/{what}", {"text": "Hello", "digits": "1*"})

    @precondition(lambda self: self.world.calls)
    @rule(
        place=PLACES,
        form=st.sampled_from(
            [
                {"Status": "completed"},
                {"Status": "canceled"},
                {"Url": "http://localhost/led"},
                {"Twiml": twiml('<Pause length="30"/>')},
                {"Twiml": "nothing"},
                {"TimeLimit": "10"},
            ]
        ),
    )
    def update(self, place: int, form: dict[str, str]) -> None:
        sid = self._call(place)
        before = self.world.calls[sid].status
        status = self._api("POST", f"Calls/{sid}.json", form)
        assert status in ({200, 400} if before in RUNNING else {400})

    @precondition(lambda self: self.world.calls)
    @rule(place=PLACES)
    def delete(self, place: int) -> None:
        sid = self._call(place)
        is_over = self.world.calls[sid].status not in RUNNING
        assert self._api("DELETE", f"Calls/{sid}.json", {}) == (204 if is_over else 409)
        if is_over:
            self.seen.pop(sid, None)

    @precondition(lambda self: self.world.outgoing)
    @rule(
        place=PLACES,
        document=DOCUMENTS | st.just("no document"),
        error_code=st.sampled_from([None, None, None, 11200]),
    )
    def answer(self, place: int, document: str, error_code: int | None) -> None:
        """The program answers one of the webhooks that are on their way."""
        sid = self.world.outgoing.pop(place % len(self.world.outgoing))
        hook = self.world.webhooks[sid]
        attempt = courier.Attempt(hook.url, self.world.now(), status=200)
        outcome = courier.Outcome([attempt], error_code, "text/xml", document)
        courier.settle(self.world, sid, outcome)

    @rule(seconds=PERIODS)
    def pass_time(self, seconds: float) -> None:
        now = self.world.clock.now().timestamp()
        self.world.set_clock(datetime.fromtimestamp(now + seconds, UTC))
        self.world.run_due()

    @rule()
    def be_written_down_and_read_again(self) -> None:
        before = json.dumps(storage.dump(self.world))
        world = storage.restore(json.loads(before))
        assert json.loads(json.dumps(storage.dump(world)))["tables"] == json.loads(before)["tables"]
        self._take(world)

    def teardown(self) -> None:
        """Nobody does anything any more: every call comes to its end."""
        self.pass_time(5000.0)
        while self.world.outgoing:
            self.answer(0, "no document", None)
        for _ in range(10):
            self.pass_time(5000.0)
            while self.world.outgoing:
                self.answer(0, "no document", None)
        assert {call.status for call in self.world.calls.values()} & RUNNING == set()
        self.calls_moved_as_allowed()

    @invariant()
    def calls_moved_as_allowed(self) -> None:
        for sid, past in self.seen.items():
            assert past[-1] == self.world.calls[sid].status
            assert set(pairwise(past)) <= ALLOWED, past

    @invariant()
    def times_are_in_order(self) -> None:
        for call in self.world.calls.values():
            is_over = call.status not in RUNNING
            assert (call.end is not None) is is_over
            assert (call.start is not None) is (call.status in ("in-progress", "completed"))
            assert (call.price is not None) is (call.status == "completed")
            times = [call.created, call.start, call.end]
            known = [at for at in times if at is not None]
            assert known == sorted(known)
            assert [line["at"] for line in call.heard] == sorted(x["at"] for x in call.heard)

    @invariant()
    def a_leg_has_one_parent_and_ends_with_it(self) -> None:
        for leg in self.world.calls.values():
            assert (leg.direction == "outbound-dial") is (leg.parent_call_sid is not None)
            parent = self.world.calls.get(leg.parent_call_sid or "")
            if parent is None:
                continue
            assert parent.parent_call_sid is None
            waiting = parent.flow.get("waiting") or {}
            if leg.status in RUNNING and leg.sid not in waiting.get("legs", []):
                # It was led away from the caller: it follows a document of its own.
                assert "afterwards" not in leg.flow

    @invariant()
    def two_numbers_talk_until_one_hangs_up(self) -> None:
        for call in self.world.calls.values():
            if "peer" in call.flow and call.status in RUNNING:
                assert self.world.calls[call.flow["peer"]].status in RUNNING

    @invariant()
    def what_is_over_has_nothing_to_come(self) -> None:
        for timer in self.world.timers.values():
            if timer.args.get("sid", "").startswith("CA"):
                assert self.world.calls[timer.args["sid"]].status in RUNNING, timer.action
        running = {sid for sid, call in self.world.calls.items() if call.status in RUNNING}
        for recording in self.world.recordings.values():
            assert recording.status != "in-progress" or recording.call_sid in running
        for row in self.world.live_transcriptions.values():
            assert row.status == "stopped" or row.call_sid in running


def test_no_sequence_leads_where_the_facts_do_not() -> None:
    run_state_machine_as_test(
        Calls,
        settings=settings(
            max_examples=80,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
