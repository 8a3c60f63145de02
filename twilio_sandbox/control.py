"""The control API under `/_sandbox/`: JSON, from this machine only."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from twilio_sandbox import accounts, controls, plan, seed, storage, taken
from twilio_sandbox.accounts import STATUSES
from twilio_sandbox.application import TwilioApi
from twilio_sandbox.clock import instant
from twilio_sandbox.controls import Answer, Body, ControlCall
from twilio_sandbox.engine import SETTLE_SECONDS, Engine
from twilio_sandbox.errors import ControlError
from twilio_sandbox.faults import Fault
from twilio_sandbox.holdings import control as holdings
from twilio_sandbox.http import Request, Response, json_response
from twilio_sandbox.identity import control as identity
from twilio_sandbox.messaging import control as messaging
from twilio_sandbox.monitor import events
from twilio_sandbox.porting import control as porting
from twilio_sandbox.settings import SETTABLE, fits
from twilio_sandbox.voice import control as voice
from twilio_sandbox.world import RESTORABLE_SECONDS, Account, Number, World

PREFIX = "/_sandbox"

# Those that the rooms bring along; what concerns the process itself is below.
CALLS = [
    *controls.CONTROLS,
    *holdings.CONTROLS,
    *identity.CONTROLS,
    *messaging.CONTROLS,
    *porting.CONTROLS,
    *taken.CONTROLS,
    *voice.CONTROLS,
]


class Control:
    """What a test or a person does to the stand-in from outside Twilio's API."""

    def __init__(
        self,
        api: TwilioApi,
        engine: Engine,
        *,
        numbers: int,
        world_seed: int,
        at: datetime | None,
        state_file: Path | None,
        save: Callable[[], None],
    ) -> None:
        self.api = api
        self.engine = engine
        self.room = api.room
        self.numbers = numbers
        self.seed = world_seed
        self.at = at
        self.state_file = state_file
        self.save = save
        table: list[tuple[str, str, Callable[..., Answer]]] = [
            *((call.method, call.path, self._in_the_world(call)) for call in CALLS),
            ("GET", "/state", self.state),
            ("POST", "/clock", self.set_clock),
            ("POST", "/settle", self.settle),
            ("POST", "/accounts", self.add_account),
            ("POST", "/accounts/(?P<sid>[^/]+)/numbers", self.add_numbers),
            ("POST", "/accounts/(?P<sid>[^/]+)/token", self.replace_token),
            ("POST", "/accounts/(?P<sid>[^/]+)/status", self.set_status),
            ("POST", "/numbers/(?P<phone_number>[^/]+)/buy-back", self.buy_back),
            ("GET", "/faults", self.list_faults),
            ("POST", "/faults", self.add_fault),
            ("DELETE", "/faults", self.clear_faults),
            ("POST", "/page-tokens/expire", self.expire_page_tokens),
            ("GET", "/requests", self.list_requests),
            ("DELETE", "/requests", self.clear_requests),
            ("POST", "/reset", self.reset),
            ("POST", "/save", self.save_now),
            ("POST", "/load", self.load),
            ("GET", "/world", self.show_world),
            ("POST", "/world", self.take_world),
        ]
        self.routes = [(m, re.compile(f"{path}/?"), handler) for m, path, handler in table]

    @property
    def world(self) -> World:
        return self.room.world

    def __call__(self, request: Request) -> Response:
        try:
            refuse_others(request)
            settle = SETTLE_SECONDS if request.param("settle") else 0.0
            path = request.path.removeprefix(PREFIX)
            return json_response(*self.call(request.method, path, _body(request), settle=settle))
        except ControlError as error:
            return json_response(error.status, {"status": error.status, "message": error.message})

    def call(self, method: str, path: str, body: Body, *, settle: float = 0.0) -> Answer:
        """Carry out one call; `path` is what follows `/_sandbox`. Raises `ControlError`.

        Afterwards waits up to `settle` seconds until no webhook is on its way; never called with
        the lock held, then.
        """
        handler, args = self._route(method, path)
        if handler in (self.save_now, self.set_clock, self.settle):  # these take the lock
            return handler(body)
        with self.room.lock:
            answer = handler(body, **args)
        if settle:
            self.engine.settle(settle)
        return answer

    def _route(self, method: str, path: str) -> tuple[Callable[..., Answer], dict[str, str]]:
        matches = [
            (known, handler, match.groupdict())
            for known, pattern, handler in self.routes
            if (match := pattern.fullmatch(path))
        ]
        for known, handler, args in matches:
            if known == method:
                return handler, args
        if matches:
            raise ControlError(405, f"{PREFIX}{path} knows {', '.join(m for m, _, _ in matches)}")
        raise ControlError(404, f"there is no {PREFIX}{path}")

    def _in_the_world(self, call: ControlCall) -> Callable[..., Answer]:
        def handler(body: Body, **args: str) -> Answer:
            return call.handler(self.world, body, **args)

        return handler

    # What is there

    def state(self, body: Body) -> Answer:
        now = self.world.now()
        released = [
            {
                "phone_number": row.phone_number,
                "account_sid": row.account_sid,
                "restorable": self.world.is_restorable(row),
                "by_twilio": row.by_twilio,
                "restorable_seconds": max(0, int(row.created + RESTORABLE_SECONDS - now)),
            }
            for row in self.world.released.values()
        ]
        return 200, {
            "accounts": [self._account(a) for a in self.world.accounts.values()],
            "roles": self.world.roles,
            "released": released,
            "clock": self._clock(),
            "seed": self.world.seed,
            "state_file": str(self.state_file) if self.state_file else None,
        }

    def _account(self, account: Account) -> dict[str, Any]:
        return {
            "sid": account.sid,
            "owner_account_sid": account.owner_sid,
            "auth_token": account.token,
            "friendly_name": account.friendly_name,
            "status": self.world.status(account),
            "numbers": len(self.world.numbers.of(account.sid)),
            **taken.notice(self.world, account),
        }

    def _clock(self) -> str:
        return self.world.clock.now().isoformat()

    # The clock

    def set_clock(self, body: Body) -> Answer:
        """`{"set": "2026-05-01T12:00:00Z"}`, `{"forward": {"hours": 3}}`, or `{"real": true}`.

        Answers when everything that the clock passed has happened, webhooks and all.
        """
        try:
            target = _target(body)
            target(datetime.now(UTC))
        except (TypeError, ValueError, OverflowError) as error:
            raise ControlError(400, f"not a time: {error}") from None
        settled = self.engine.pass_time(target)
        return 200, {"clock": self._clock(), "settled": settled}

    def settle(self, body: Body) -> Answer:
        """Wait until nothing is due and no webhook is on its way."""
        return 200, {"clock": self._clock(), "settled": self.engine.settle()}

    # Accounts and numbers

    def add_account(self, body: Body) -> Answer:
        """A subaccount of `owner_account_sid`; without an owner a main account."""
        owner = body.get("owner_account_sid")
        if owner is not None and not self._find(owner).is_main:
            raise ControlError(400, f"{owner} is a subaccount itself")
        name = str(body.get("friendly_name") or "Account")
        return 201, self._account(self.world.add_account(name, owner_sid=owner))

    def add_numbers(self, body: Body, sid: str) -> Answer:
        """`{"count": N}` of the sequence, or `{"numbers": [{"phone_number": …, field: value}]}`."""
        account = self._find(sid)
        count, given = body.get("count"), body.get("numbers")
        if isinstance(count, int) and 0 < count <= 1_000_000:
            added = seed.add_numbers(self.world, account, count)
        elif isinstance(given, list) and given:
            added = self._add_given(account, given)
        else:
            raise ControlError(400, "count (from 1 to 1000000) or numbers (a list) is needed")
        return 201, {"numbers": [{"sid": n.sid, "phone_number": n.phone_number} for n in added]}

    def _add_given(self, account: Account, given: list[Any]) -> list[Number]:
        """All of them or none."""
        fresh: dict[str, Body] = {}
        for row in given:
            fields = dict(row) if isinstance(row, dict) else {"phone_number": row}
            phone_number = str(fields.pop("phone_number", ""))
            if not plan.E164.fullmatch(phone_number):
                raise ControlError(400, f"{phone_number!r} is not an E.164 number")
            if unknown := sorted(set(fields) - SETTABLE):
                raise ControlError(400, f"not a field that can be given: {', '.join(unknown)}")
            if wrong := [name for name, value in fields.items() if not fits(name, value)]:
                raise ControlError(400, f"not a value of {', '.join(sorted(wrong))}")
            if phone_number in self.world.by_phone_number or phone_number in fresh:
                raise ControlError(409, f"{phone_number} is in an account already")
            fresh[phone_number] = fields
        return [self.world.add_number(account, number, fields) for number, fields in fresh.items()]

    def replace_token(self, body: Body, sid: str) -> Answer:
        """Make the token invalid and give the account another: `token`, or a new one."""
        account = self._find(sid)
        account.token = str(body.get("token") or self.world.new_sid(""))
        self.world.accounts.changed(account)
        return 200, self._account(account)

    def set_status(self, body: Body, sid: str) -> Answer:
        """As Twilio itself would: `{"status": "suspended", "by_twilio": true}`."""
        account = self._find(sid)
        if body.get("status") not in STATUSES:
            raise ControlError(400, f"status must be one of {', '.join(STATUSES)}")
        by_twilio = bool(body.get("by_twilio"))
        accounts.set_status(self.world, account, body["status"], by_twilio=by_twilio)
        return 200, self._account(account)

    def buy_back(self, body: Body, phone_number: str) -> Answer:
        """As in Console: the number returns under a new SID, without its settings."""
        released = self.world.released.get(phone_number)
        if released is None:
            raise ControlError(404, f"{phone_number} is not among the released numbers")
        if not self.world.is_restorable(released):
            raise ControlError(409, f"{phone_number} was released more than ten days ago")
        account = self._find(str(body.get("account_sid") or released.account_sid))
        if self.world.status(account) != "active":
            raise ControlError(409, f"{account.sid} is {self.world.status(account)}")
        number = self.world.buy_back(released, account)
        events.record_console(self.world, "phone-number.created", number, "phone-number")
        return 201, {"sid": number.sid, "phone_number": phone_number, "account_sid": account.sid}

    def _find(self, sid: str) -> Account:
        return controls.find_account(self.world, sid)

    # Faults and requests

    def list_faults(self, body: Body) -> Answer:
        return 200, {"faults": self.room.faults.listed()}

    def add_fault(self, body: Body) -> Answer:
        self.room.faults.add(Fault.parse(body))
        return 201, {"fault": self.room.faults.listed()[-1]}

    def clear_faults(self, body: Body) -> Answer:
        self.room.faults.clear()
        return 200, {"faults": []}

    def expire_page_tokens(self, body: Body) -> Answer:
        """Every page token given out so far stops working (21481)."""
        self.world.token_epoch += 1
        self.world.touch()
        return 200, {}

    def list_requests(self, body: Body) -> Answer:
        counts = self.api.log.counts
        return 200, {
            "total": counts.total(),
            "counts": [{"method": m, "path": p, "count": n} for (m, p), n in counts.items()],
            "recent": list(self.api.log.recent),
        }

    def clear_requests(self, body: Body) -> Answer:
        self.api.log.clear()
        return 200, {"total": 0, "counts": [], "recent": []}

    # The whole world

    def reset(self, body: Body) -> Answer:
        """Start afresh, with these `numbers` and `seed` if given; faults and requests go too.

        The clock begins again where it began at the start, or `at` another instant;
        `{"history": false}` leaves out the calls and texts of the past.
        """
        numbers, world_seed = body.get("numbers", self.numbers), body.get("seed", self.seed)
        if not isinstance(numbers, int) or not isinstance(world_seed, int) or numbers < 0:
            raise ControlError(400, "numbers and seed must be whole numbers")
        try:
            at = instant(body["at"]) if "at" in body else self.at
        except (TypeError, ValueError) as error:
            raise ControlError(400, f"not a time: {error}") from None
        with_history = body.get("history", True) is not False
        world = seed.build(numbers=numbers, seed=world_seed, at=at, with_history=with_history)
        self._replace(world)
        return self.state(body)

    def save_now(self, body: Body) -> Answer:
        """Write the state file without waiting."""
        if self.state_file is None:
            raise ControlError(409, "started without --state")
        self.save()
        return 200, {"state_file": str(self.state_file)}

    def load(self, body: Body) -> Answer:
        """Take up what the state file says."""
        if self.state_file is None:
            raise ControlError(409, "started without --state")
        try:
            self._replace(storage.load(self.state_file))
        except storage.StateFileError as error:
            raise ControlError(409, str(error)) from None
        return self.state(body)

    def show_world(self, body: Body) -> Answer:
        """Everything as one JSON document, to be kept and given to `POST world` another time."""
        return 200, storage.dump(self.world)

    def take_world(self, body: Body) -> Answer:
        """Go on with a document of `GET world`; faults and requests are forgotten."""
        try:
            self._replace(storage.restore(body))
        except storage.StateFileError as error:
            raise ControlError(400, str(error)) from None
        return self.state({})

    def _replace(self, world: World) -> None:
        self.room.exchange(world)
        self.api.start_afresh()


def refuse_others(request: Request) -> None:
    """Only this machine, and no page of a browser that had our name resolved to this machine.

    A browser that acts for another site's page says so; whatever changes something is then refused.
    """
    host = urlsplit(f"//{request.host}").hostname or "localhost"
    if not (_is_loopback(request.peer) and (host == "localhost" or _is_loopback(host))):
        raise ControlError(403, "the control API answers this machine only")
    if request.is_webhook:  # of ours: whoever sets a URL of a number is no person at this machine
        raise ControlError(403, "a webhook gets nothing here")
    if request.method not in ("GET", "HEAD") and not _is_from_our_page(request):
        raise ControlError(403, "another site's page may change nothing here")


def _is_from_our_page(request: Request) -> bool:
    """Whether what a browser says of the page behind it fits; other programs say nothing."""
    return request.fetch_site in ("", "none", "same-origin") and (
        not request.origin or urlsplit(request.origin).netloc == request.host
    )


def _target(body: Body) -> Callable[[datetime], datetime]:
    """Where the clock is to go, from where it is."""
    if "set" in body:
        at = instant(body["set"])
        return lambda now: at
    if "forward" in body:
        by = timedelta(**body["forward"])
        return lambda now: now + by
    if body.get("real") is True:
        return lambda now: datetime.now(UTC)
    raise ControlError(400, "set, forward or real is needed")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _body(request: Request) -> Body:
    if not request.body:
        return {}
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        raise ControlError(400, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise ControlError(400, "the body must be a JSON object")
    return body
