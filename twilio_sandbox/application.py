"""From a request to an answer: faults, authentication, routing, headers, the list of requests."""

from __future__ import annotations

import os
import re
import threading
import time
import traceback
from collections import Counter, deque
from typing import Any

from twilio_sandbox import routes
from twilio_sandbox.context import Context
from twilio_sandbox.engine import Room
from twilio_sandbox.errors import TwilioError
from twilio_sandbox.faults import Fault
from twilio_sandbox.http import Request, Response, json_response
from twilio_sandbox.identity import credentials
from twilio_sandbox.world import Account

FORM = "application/x-www-form-urlencoded"
RECENT = 1000  # requests remembered one by one
_IN_PATH = re.compile(r"/Accounts/(AC[0-9a-f]{32})")


class RequestLog:
    """What was asked: counts for ever, the last thousand in full."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.recent: deque[dict[str, Any]] = deque(maxlen=RECENT)

    def add(self, request: Request, response: Response, fault: Fault | None) -> None:
        self.counts[request.method, request.path] += 1
        entry = {
            "method": request.method,
            "path": request.path,
            "query": {name: values[-1] for name, values in request.query.items()},
            "status": response.status,
            "request_id": response.headers["Twilio-Request-Id"],
            "fault": fault.kind if fault else None,
        }
        if request.method == "POST" and request.content_type.startswith(FORM):
            entry["form"] = request.form()
        self.recent.append(entry)

    def clear(self) -> None:
        self.counts.clear()
        self.recent.clear()


class TwilioApi:
    """The stand-in's Twilio side."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.log = RequestLog()
        self.in_flight: Counter[str] = Counter()  # by account, the one in the path or the caller
        self._counting = threading.Lock()

    def __call__(self, request: Request) -> Response:
        began = time.perf_counter()
        found = _IN_PATH.search(request.path)
        account = (
            found.group(1)
            if found
            else credentials.account_sid(self.room.world, request.authorization)
        )
        in_flight = self.in_flight
        concurrent = self._count(in_flight, account, 1)
        try:
            with self.room.lock:
                response, fault = self._answer(request, concurrent)
                response.headers |= {
                    "Twilio-Request-Id": f"RQ{os.urandom(16).hex()}",
                    "Twilio-Concurrent-Requests": str(concurrent),
                    "Twilio-Request-Duration": f"{time.perf_counter() - began:.3f}",
                }
                self.log.add(request, response, fault)
        except BaseException:
            self._count(in_flight, account, -1)
            raise
        response.on_leaving = lambda: self._count(in_flight, account, -1)
        return response

    def _count(self, in_flight: Counter[str], account: str, change: int) -> int:
        """How many requests of the account are in the house, after this one came or went."""
        with self._counting:
            in_flight[account] += change
            count = in_flight[account]
            if not count:
                del in_flight[account]
            return count

    def start_afresh(self) -> None:
        """Forget requests, and those still waiting for their answer."""
        self.log.clear()
        self.in_flight = Counter()

    def _answer(self, request: Request, concurrent: int) -> tuple[Response, Fault | None]:
        fault = self.room.faults.pick(request, concurrent)
        try:
            self._limit(concurrent)
            response = self._carry_out(request, fault)
            if fault is not None and fault.replaces_answer:
                raise fault.error()
        except TwilioError as error:
            response = json_response(error.status, error.body())
            if error.status == 401:
                response.headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
        except Exception:
            traceback.print_exc()
            response = json_response(500, TwilioError(20500).body())
        if fault is not None:
            fault.spoil(response)
        return response, fault

    def _limit(self, concurrent: int) -> None:
        """Refuse a request of an account that has too many at a time (twilio-facts 8, B 14)."""
        limit = self.room.world.switch("concurrency_limit")
        if limit != "off" and concurrent > int(limit):
            raise TwilioError(20429)

    def _carry_out(self, request: Request, fault: Fault | None) -> Response:
        if fault is not None and not fault.takes_effect:
            raise fault.error()
        world = self.room.world
        found = routes.find(request.path)
        operation = found[0].get(request.method) if found is not None else None
        if operation is not None and operation.is_public:
            caller = credentials.Caller(self._owner(request))
        else:
            caller = credentials.authenticate(world, request.authorization)
        if found is None:
            raise Context(request, world, caller.account, {}).not_found()
        if operation is None:
            raise TwilioError(20004)
        args = found[1]
        credentials.check(world, caller, operation, args)
        return operation.handler(
            Context(request, world, caller.account, args, operation.parameters, fault, caller.key)
        )

    def _owner(self, request: Request) -> Account:
        """The account in the path, for what needs no credentials."""
        found = _IN_PATH.search(request.path)
        account = self.room.world.accounts.get(found.group(1)) if found else None
        if account is None:
            raise TwilioError(20404)
        return account
