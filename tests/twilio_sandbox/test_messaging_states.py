"""Pools and opt-outs under any sequence of calls, phones, moves of numbers, and time.

The machine talks to a world in this process, without HTTP, and keeps a list of its own of who is
in which pool and who has opted out of what (twilio-facts 5.6, 7.3).
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from itertools import product
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

from twilio_sandbox import seed, storage
from twilio_sandbox.application import TwilioApi
from twilio_sandbox.engine import Room
from twilio_sandbox.http import Request, Response
from twilio_sandbox.messaging import inbound, phones, pools

LIMIT = 2  # instead of 400, so that pools get full
LOCAL = [f"+1312555{line}" for line in ("1001", "1002", "1003")]
TOLL_FREE = "+18885551001"
NUMBERS = [*LOCAL, TOLL_FREE]
PHONES = ["+14155550123", "+12065550199"]
MAIN, ACME = "main", "acme"
STOPS, STARTS = ["STOP", "quit"], ["START", "yes"]


class Texts(RuleBasedStateMachine):
    """One family with two services, three local numbers and a toll-free one, and two phones."""

    @initialize()
    def begin(self) -> None:
        self._take(seed.build(numbers=0, seed=1))
        account = self.world.accounts[self.world.roles[ACME]]
        for number in NUMBERS:
            self.world.add_number(account, number)
        self.services = [self._service(ACME) for _ in range(2)]
        self.pool: dict[str, str] = {}  # number -> service
        self.refused: set[tuple[str, str]] = set()  # (number or service, phone)
        self.by_network: set[str] = set()  # phones that said STOP to the toll-free number

    def _take(self, world: Any) -> None:
        self.world = world
        self.api = TwilioApi(Room(world))

    def _call(self, role: str, method: str, path: str, account: str = "", **form: str) -> Response:
        row = self.world.accounts[self.world.roles[role]]
        login = base64.b64encode(f"{row.sid}:{row.token}".encode()).decode()
        return self.api(
            Request(
                method,
                path.format(account=self.world.accounts[self.world.roles[account or role]].sid),
                {},
                urlencode(form).encode(),
                "127.0.0.1",
                host="127.0.0.1",
                authorization=f"Basic {login}",
                content_type="application/x-www-form-urlencoded",
            )
        )

    def _service(self, role: str) -> str:
        answer = self._call(role, "POST", "/messaging/v1/Services", FriendlyName="Pool")
        return str(json.loads(answer.body)["sid"])

    def _number(self, phone_number: str) -> Any:
        return self.world.by_phone_number.get(phone_number)

    def _is_acme_s(self, phone_number: str) -> bool:
        number = self._number(phone_number)
        return number is not None and number.account_sid == self.world.roles[ACME]

    # Pools

    @rule(number=st.sampled_from(NUMBERS), place=st.integers(0, 1))
    def join(self, number: str, place: int) -> None:
        service, row = self.services[place], self._number(number)
        if row is None:
            return
        path = f"/messaging/v1/Services/{service}/PhoneNumbers"
        answer = self._call(ACME, "POST", path, PhoneNumberSid=row.sid)
        if not self._is_acme_s(number):
            expected = (404, 20404)
        elif number in self.pool:
            expected = (409, 21710 if self.pool[number] == service else 21712)
        elif list(self.pool.values()).count(service) >= LIMIT:
            expected = (412, 21714)
        else:
            assert answer.status == 201
            self.pool[number] = service
            return
        assert (answer.status, json.loads(answer.body)["code"]) == expected

    @rule(number=st.sampled_from(NUMBERS), place=st.integers(0, 1))
    def leave(self, number: str, place: int) -> None:
        service, row = self.services[place], self._number(number)
        if row is None:
            return
        path = f"/messaging/v1/Services/{service}/PhoneNumbers/{row.sid}"
        is_there = self.pool.get(number) == service
        assert self._call(ACME, "DELETE", path).status == (204 if is_there else 404)
        if is_there:
            del self.pool[number]

    @rule(number=st.sampled_from(NUMBERS), to=st.sampled_from([MAIN, ACME]))
    def transfer(self, number: str, to: str) -> None:
        if (row := self._number(number)) is None:
            return
        source = ACME if self._is_acme_s(number) else MAIN
        path = f"/api/2010-04-01/Accounts/{{account}}/IncomingPhoneNumbers/{row.sid}.json"
        answer = self._call(MAIN, "POST", path, source, AccountSid=self.world.roles[to])
        assert answer.status == 200
        if source != to:
            self.pool.pop(number, None)

    @rule(number=st.sampled_from(LOCAL))
    def release(self, number: str) -> None:
        if self._is_acme_s(number):
            path = "/api/2010-04-01/Accounts/{account}/IncomingPhoneNumbers/"
            sid = self._number(number).sid
            assert self._call(ACME, "DELETE", f"{path}{sid}.json").status == 204
            self.pool.pop(number, None)

    @rule(number=st.sampled_from(LOCAL))
    def come_back(self, number: str) -> None:
        if (released := self.world.released.get(number)) is not None:
            self.world.buy_back(released, self.world.accounts[self.world.roles[ACME]])

    @rule(place=st.integers(0, 1))
    def replace_a_service(self, place: int) -> None:
        old = self.services[place]
        assert self._call(ACME, "DELETE", f"/messaging/v1/Services/{old}").status == 204
        self.pool = {number: sid for number, sid in self.pool.items() if sid != old}
        self.refused = {pair for pair in self.refused if pair[0] != old}
        self.services[place] = self._service(ACME)

    # Opt-outs

    def _write(self, number: str, phone: str, word: str) -> str:
        """A text from the phone; returns who it is about: the service, or the number itself."""
        inbound.receive(self.world, phone, self._number(number), word)
        return self.pool.get(number, number)

    @rule(
        number=st.sampled_from(NUMBERS),
        phone=st.sampled_from(PHONES),
        word=st.sampled_from(STOPS),
    )
    def opt_out(self, number: str, phone: str, word: str) -> None:
        if self._number(number) is None:
            return
        about = self._write(number, phone, word)
        if number == TOLL_FREE and word == "STOP":
            self.by_network.add(phone)
        else:
            self.refused.add((about, phone))

    @rule(
        number=st.sampled_from(NUMBERS),
        phone=st.sampled_from(PHONES),
        word=st.sampled_from(STARTS),
    )
    def opt_in(self, number: str, phone: str, word: str) -> None:
        if self._number(number) is None:
            return
        about = self._write(number, phone, word)
        if number == TOLL_FREE and word == "START":
            self.by_network.discard(phone)
        if number != TOLL_FREE or phone not in self.by_network:
            self.refused.discard((number, phone))
        if about != number:
            self.refused.discard((about, phone))

    @rule(
        number=st.sampled_from(NUMBERS),
        phone=st.sampled_from(PHONES),
        word=st.sampled_from(["HELP", "Hello", "STOP it"]),
    )
    def say_something_else(self, number: str, phone: str, word: str) -> None:
        if self._number(number) is not None:
            self._write(number, phone, word)

    def _is_refused(self, number: str, phone: str) -> bool:
        names = {number, self.pool.get(number, number)}
        return any((name, phone) in self.refused for name in names) or (
            number == TOLL_FREE and phone in self.by_network
        )

    @rule(number=st.sampled_from(NUMBERS), phone=st.sampled_from(PHONES))
    def send(self, number: str, phone: str) -> None:
        if not self._is_acme_s(number):
            return
        path = "/api/2010-04-01/Accounts/{account}/Messages.json"
        answer = self._call(ACME, "POST", path, To=phone, From=number, Body="Hello")
        if self._is_refused(number, phone):
            assert (answer.status, json.loads(answer.body)["code"]) == (400, 21610)
        else:
            assert answer.status == 201

    @precondition(lambda self: self.pool)
    @rule(place=st.integers(0, 1), phone=st.sampled_from(PHONES))
    def send_through(self, place: int, phone: str) -> None:
        service = self.services[place]
        path = "/api/2010-04-01/Accounts/{account}/Messages.json"
        form = {"To": phone, "MessagingServiceSid": service, "Body": "Hello"}
        answer = self._call(ACME, "POST", path, **form)
        if service not in self.pool.values():
            assert json.loads(answer.body)["code"] == 21704
        elif (service, phone) in self.refused:
            assert (answer.status, json.loads(answer.body)["code"]) == (400, 21610)
        else:
            assert answer.status == 201

    @rule(seconds=st.sampled_from([1.0, 60.0, 86_400.0]))
    def pass_time(self, seconds: float) -> None:
        now = self.world.clock.now().timestamp()
        self.world.set_clock(datetime.fromtimestamp(now + seconds, UTC))
        self.world.run_due()

    @rule()
    def be_written_down_and_read_again(self) -> None:
        self._take(storage.restore(json.loads(json.dumps(storage.dump(self.world)))))

    # What is always so

    @invariant()
    def a_number_is_in_the_pool_it_joined(self) -> None:
        rows = {row.phone_number: row.service_sid for row in self.world.members.values()}
        assert len(rows) == len(self.world.members)
        assert rows == self.pool
        for row in self.world.members.values():
            assert self.world.numbers[row.sid].account_sid == row.account_sid
            assert self.world.services[row.service_sid].account_sid == row.account_sid

    @invariant()
    def who_opted_out_is_refused_and_nobody_else(self) -> None:
        for number, phone in product(NUMBERS, PHONES):
            if (row := self._number(number)) is not None:
                senders = phones.senders_of(self.world, row.sid, number)
                refused = phones.is_opted_out(self.world, senders, phone)
                assert refused == self._is_refused(number, phone), (number, phone)

    @invariant()
    def no_pool_is_too_large(self) -> None:
        for service in self.world.services.values():
            assert len(pools.members(self.world, service)) <= LIMIT


def test_no_sequence_breaks_pools_or_opt_outs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "MAX_NUMBERS", LIMIT)
    run_state_machine_as_test(
        Texts,
        settings=settings(
            max_examples=80,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
