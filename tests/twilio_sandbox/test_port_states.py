"""The states of ports: every pair of the table, and any sequence of calls, people and time.

The machine below talks to a world in this process, without HTTP, and is held to a table of its own
(twilio-facts 4.4).
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
from datetime import UTC, datetime
from itertools import pairwise, product
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from twilio_sandbox import seed, storage
from twilio_sandbox.application import TwilioApi
from twilio_sandbox.controls import ControlCall
from twilio_sandbox.engine import Room
from twilio_sandbox.errors import ControlError
from twilio_sandbox.http import Request, Response
from twilio_sandbox.porting import states
from twilio_sandbox.porting.control import CONTROLS
from twilio_sandbox.porting.rows import PortInNumber

ORDER = ["in_review", "waiting_for_signature", "port_submitted", "port_pending", "completed"]
FINAL = {"completed", "canceled"}
ALL = [*ORDER, "port_rejected", "canceling", "canceled"]
ALLOWED = {
    *pairwise(ORDER),
    ("port_submitted", "port_rejected"),
    ("canceling", "canceled"),
    *((state, "canceling") for state in ALL if state not in {*FINAL, "canceling"}),
}


@pytest.mark.parametrize(("start", "end"), list(product(ALL, ALL)))
def test_a_number_moves_as_the_facts_say(start: str, end: str) -> None:
    assert (end in states.MOVES[start]) == ((start, end) in ALLOWED)


@pytest.mark.parametrize(
    ("numbers", "status"),
    [
        (["in_review"], "In review"),
        (["waiting_for_signature", "in_review"], "In review"),
        (["waiting_for_signature", "canceled"], "Waiting for Signature"),
        (["port_submitted", "completed"], "In progress"),
        (["port_pending"], "In progress"),
        (["port_pending", "port_rejected"], "Action Required"),
        (["completed", "port_rejected"], "Action Required"),
        (["completed", "canceled"], "Completed"),
        (["canceled", "canceled"], "Canceled"),
        (["canceling", "port_pending"], "In progress"),
    ],
)
def test_a_request_is_what_its_numbers_are(numbers: list[str], status: str) -> None:
    for order in (numbers, numbers[::-1]):
        assert states.roll_up("anything", order, expired=False) == status
    assert states.roll_up("anything", numbers, expired=True) == "Expired"


def test_a_request_stays_what_it_was_while_its_numbers_are_being_canceled() -> None:
    assert states.roll_up("In review", ["canceling", "canceled"], expired=False) == "In review"


@pytest.mark.parametrize(("start", "end"), list(product(ALL, ALL)))
def test_the_way_to_a_state_is_an_allowed_one(start: str, end: str) -> None:
    way = states.way(start, end)

    assert way is None or set(pairwise([start, *way])) <= ALLOWED
    assert (way == []) == (start == end)


# Any sequence

NUMBERS = [f"+1617555{line}" for line in ("1001", "1002", "1003", "7001")]
MAIN, ACME, STRANGER = "main", "acme", "stranger"
PERIODS = st.sampled_from([30.0, 3600.0, 5 * 3600.0, 86_400.0, 3 * 86_400.0, 40 * 86_400.0])


class Ports(RuleBasedStateMachine):
    """Two families that port the same few numbers, support, carriers, signers, and the clock."""

    requests = Bundle("requests")

    @initialize()
    def begin(self) -> None:
        self._take(seed.build(numbers=2, seed=1))
        self.seen: dict[str, list[str]] = {}  # the states of each number, one after the other
        self.bills = {role: self._upload(role) for role in (MAIN, ACME, STRANGER)}
        self.seeded = set(self.world.by_phone_number)

    def _take(self, world: Any) -> None:
        self.world = world
        self.api = TwilioApi(Room(world))
        rows = world.port_in_numbers
        original = rows.changed

        def changed(row: PortInNumber) -> None:
            """Every change of a number is seen, also those between two steps."""
            past = self.seen.setdefault(row.sid, ["in_review"])
            if row.status != past[-1]:
                past.append(row.status)
            original(row)

        rows.changed = changed

    def _upload(self, role: str) -> str:
        head = 'Content-Disposition: form-data; name="{}"\r\n\r\n'
        parts = [("document_type", "utility_bill"), ("File", "%PDF-1.7")]
        body = "".join(f"--b\r\n{head.format(name)}{value}\r\n" for name, value in parts)
        answer = self._call(
            role,
            "POST",
            "/numbers-upload/v1/Documents",
            f"{body}--b--\r\n".encode(),
            "multipart/form-data; boundary=b",
        )
        return str(json.loads(answer.body)["sid"])

    def _call(
        self,
        role: str,
        method: str,
        path: str,
        body: bytes = b"",
        content_type: str = "application/json",
    ) -> Response:
        account = self.world.accounts[self.world.roles[role]]
        login = base64.b64encode(f"{account.sid}:{account.token}".encode()).decode()
        return self.api(
            Request(
                method,
                path,
                {},
                body,
                "127.0.0.1",
                host="127.0.0.1",
                authorization=f"Basic {login}",
                content_type=content_type,
            )
        )

    def _control(self, path: str, body: dict[str, Any]) -> None:
        """A call of the control API; refusals are fine, anything else is not."""
        call, args = _find(path)
        with contextlib.suppress(ControlError):
            call.handler(self.world, body, **args)

    def _numbers(self, sid: str) -> list[str]:
        return list(self.world.port_ins[sid].number_sids)

    @rule(
        target=requests,
        role=st.sampled_from([ACME, STRANGER, MAIN]),
        numbers=st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=3, unique=True),
    )
    def create(self, role: str, numbers: list[str]) -> Any:
        told = {
            "customer_name": "Acme",
            "account_number": "1",
            "authorized_representative": "John Smith",
            "authorized_representative_email": "john@acme.example",
            "address": dict.fromkeys(("street", "city", "state", "zip", "country"), "x"),
        }
        body = {
            "account_sid": self.world.roles[ACME if role == MAIN else role],
            "documents": [self.bills[role]],
            "phone_numbers": [{"phone_number": number, "pin": "1"} for number in numbers],
            "losing_carrier_information": told,
        }
        answer = self._call(role, "POST", "/numbers/v1/Porting/PortIn", json.dumps(body).encode())
        assert answer.status == 202
        sid = json.loads(answer.body)["port_in_request_sid"]
        for number in self._numbers(sid):
            self.seen.setdefault(number, ["in_review"])
        return sid

    @rule(sid=requests, role=st.sampled_from([ACME, STRANGER, MAIN]))
    def cancel(self, sid: str, role: str) -> None:
        answer = self._call(role, "DELETE", f"/numbers/v1/Porting/PortIn/{sid}")
        assert answer.status in (204, 404, 409)

    @rule(sid=requests, place=st.integers(0, 2))
    def cancel_one(self, sid: str, place: int) -> None:
        numbers = self._numbers(sid)
        number = numbers[place % len(numbers)]
        path = f"/numbers/v1/Porting/PortIn/{sid}/PhoneNumber/{number}"
        assert self._call(MAIN, "DELETE", path).status in (204, 404, 409)

    @rule(sid=requests)
    def sign(self, sid: str) -> None:
        self._control(f"/ports/{sid}/sign", {})

    @rule(sid=requests)
    def expire(self, sid: str) -> None:
        self._control(f"/ports/{sid}/expire-signature", {})

    @rule(sid=requests, state=st.sampled_from(ALL))
    def move(self, sid: str, state: str) -> None:
        self._control(f"/ports/{sid}/state", {"state": state})

    @rule(sid=requests, place=st.integers(0, 2), state=st.sampled_from(ALL))
    def move_one(self, sid: str, place: int, state: str) -> None:
        numbers = self._numbers(sid)
        path = f"/ports/{sid}/numbers/{numbers[place % len(numbers)]}/state"
        self._control(path, {"state": state})

    @rule(
        number=st.sampled_from(NUMBERS),
        reason=st.sampled_from([None, "INVALID_PIN"]),
        code=st.sampled_from([None, 0, 22130]),
    )
    def tell_of_the_carrier(self, number: str, reason: str | None, code: int | None) -> None:
        body = {"phone_number": number, "rejection_reason": reason, "code": code}
        self._control("/portability", body)

    @rule(number=st.sampled_from(NUMBERS), role=st.sampled_from([ACME, STRANGER]))
    def appear_elsewhere(self, number: str, role: str) -> None:
        """The number comes into an account by other means, as the control API allows."""
        if number not in self.world.by_phone_number:
            self.world.add_number(self.world.accounts[self.world.roles[role]], number)

    @rule(number=st.sampled_from(NUMBERS))
    def release(self, number: str) -> None:
        if (row := self.world.by_phone_number.get(number)) is not None:
            self.world.release(row)

    @rule(number=st.sampled_from(NUMBERS), role=st.sampled_from([ACME, STRANGER]))
    def transfer_by_support(self, number: str, role: str) -> None:
        account_sid = self.world.roles[role]
        self._control("/snap-transfers", {"phone_number": number, "account_sid": account_sid})

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
        claims = {number: row.sid for number, row in self.world.claims.items()}
        assert {number: row.sid for number, row in world.claims.items()} == claims
        self._take(world)

    @rule(sid=consumes(requests))
    def forget(self, sid: str) -> None:
        """Nothing more is done to this one but by the clock."""

    @invariant()
    def numbers_moved_as_allowed(self) -> None:
        for sid, past in self.seen.items():
            assert past[-1] == self.world.port_in_numbers[sid].status
            assert set(pairwise(past)) <= ALLOWED, past

    @invariant()
    def requests_are_what_their_numbers_are(self) -> None:
        for request in self.world.port_ins.values():
            numbers = [self.world.port_in_numbers[sid].status for sid in request.number_sids]
            assert request.status in _possible(numbers), (request.status, numbers)

    @invariant()
    def a_number_is_in_one_account(self) -> None:
        held = [row.phone_number for row in self.world.numbers.values()]
        assert len(held) == len(set(held))
        assert set(held) == set(self.world.by_phone_number)
        assert self.seeded <= set(held)
        assert not set(held) & set(self.world.released)
        for account in self.world.accounts.values():
            for row in self.world.numbers.of(account.sid):
                assert row.account_sid == account.sid

    @invariant()
    def a_number_is_ported_by_one_request(self) -> None:
        open_rows = [r for r in self.world.port_in_numbers.values() if r.status not in FINAL]
        assert set(self.world.claims) <= {row.phone_number for row in open_rows}
        past_review = [r for r in open_rows if r.status in ALL[1:4]]
        for row in past_review:
            assert row.port_date is not None or row.status != "port_pending"

    @invariant()
    def nothing_that_is_due_is_forgotten(self) -> None:
        """After enough time without a person every number that waits for none is final."""
        waits = {timer.args["sid"] for timer in self.world.timers.values()}
        for row in self.world.port_in_numbers.values():
            if row.status in {"port_submitted", "port_pending", "canceling"}:
                assert row.sid in waits
            elif row.status in {"in_review", "waiting_for_signature"}:
                assert row.request_sid in waits


def _find(path: str) -> tuple[ControlCall, dict[str, str]]:
    for call in CONTROLS:
        match = re.fullmatch(call.path, path)
        if match and call.method == "POST":
            return call, match.groupdict()
    raise AssertionError(path)


def _possible(numbers: list[str]) -> set[str]:
    """What a request of such numbers may be called, by the rules in words."""
    if set(numbers) <= FINAL:
        return {"Completed"} if "completed" in numbers else {"Canceled", "Expired"}
    if "port_rejected" in numbers:
        return {"Action Required"}
    if "in_review" in numbers:
        return {"pending", "In review"}
    if "waiting_for_signature" in numbers:
        return {"Waiting for Signature"}
    if {"port_submitted", "port_pending"} & set(numbers):
        return {"In progress"}
    return {
        "pending",
        "In review",
        "Waiting for Signature",
        "In progress",
        "Action Required",
    }


def test_no_sequence_leads_where_the_facts_do_not() -> None:
    run_state_machine_as_test(
        Ports,
        settings=settings(
            max_examples=60,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
