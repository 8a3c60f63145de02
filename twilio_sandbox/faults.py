"""Faults on request: what goes wrong, for which requests, how often."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from typing import Any, get_type_hints

from twilio_sandbox.errors import CODE_OF_STATUS, ControlError, TwilioError
from twilio_sandbox.http import Request, Response
from twilio_sandbox.webhooks.rows import Webhook

WEBHOOK_KINDS = ("webhook_twice", "webhook_late")
KINDS = (
    "status",
    "slow",
    "reset",
    "malformed",
    "loop",
    "expired_tokens",
    "concurrency",
    *WEBHOOK_KINDS,
)


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong. Every limit that is left out matches everything."""

    kind: str
    # Which requests; of a webhook, `path` is a part of the URL, or its kind (`sms.status`)
    path: str | None = None  # part of the path
    method: str | None = None
    account: str | None = None  # SID in the path
    page: int | None = None  # page number of a list, from 0
    skip: int = 0  # let so many matching requests pass first
    times: int | None = None  # then fail so many; None: for ever
    rate: float = 1.0  # of those, fail this share (0..1)
    # What happens
    status: int = 503
    code: int | None = None
    message: str | None = None
    retry_after: int | None = None  # seconds, sent as Retry-After
    # of `slow`, of each request that `concurrency` allows, of the wait of `webhook_late`
    seconds: float = 0.0
    limit: int = 1  # of `concurrency`: so many requests of an account at a time are allowed
    body: str | None = None  # of `malformed`: sent instead of half of the real answer
    processed: bool | None = None  # whether the request takes effect; None: see `takes_effect`
    # What happened
    id: int = 0
    hits: int = 0

    @classmethod
    def parse(cls, data: Any) -> Fault:
        """From the control API's JSON; refuses what it does not know."""
        if not isinstance(data, dict) or data.get("kind") not in KINDS:
            raise ControlError(400, f"kind must be one of {', '.join(KINDS)}")
        hints = get_type_hints(cls)
        known = sorted(set(hints) - {"id", "hits"})
        for name, value in data.items():
            if name not in known:
                raise ControlError(400, f"unknown: {name}; known: {', '.join(known)}")
            if not isinstance(value, (hints[name], int) if hints[name] is float else hints[name]):
                raise ControlError(400, f"{name} is of the wrong type")
        fault = cls(**data)
        if fault.times is not None and fault.times < 1:
            raise ControlError(400, "times must be at least 1")
        return fault

    def concerns(self, request: Request) -> bool:
        return (
            (self.path is None or self.path in request.path)
            and (self.method is None or self.method.upper() == request.method)
            and (self.account is None or self.account in request.path)
            and (self.page is None or str(self.page) == (request.param("Page") or "0"))
            and (self.kind != "expired_tokens" or request.param("PageToken") is not None)
        )

    @property
    def takes_effect(self) -> bool:
        """Whether the request is carried out although its answer is spoiled."""
        if self.processed is not None:
            return self.processed
        return not self.replaces_answer

    @property
    def replaces_answer(self) -> bool:
        """Whether an error is answered, rather than the real answer spoiled."""
        return self.kind in ("status", "concurrency", "expired_tokens")

    def error(self) -> TwilioError:
        """What is answered instead of carrying out the request."""
        if self.kind == "expired_tokens":
            return TwilioError(21481)
        status = 429 if self.kind == "concurrency" else self.status
        code = self.code or CODE_OF_STATUS.get(status, 20500 if status >= 500 else 20001)
        return TwilioError(code, self.message, status=status)

    def spoil(self, response: Response) -> None:
        """Break an answer that was made properly."""
        if self.kind == "slow":
            response.delay_seconds = self.seconds
        elif self.kind == "reset":
            response.reset = True
        elif self.kind == "malformed":
            half = response.body[: len(response.body) // 2]
            response.body = half if self.body is None else self.body.encode()
        if self.retry_after is not None:
            response.headers["Retry-After"] = str(self.retry_after)


class Faults:
    """The faults that are switched on; the oldest that concerns a request decides."""

    def __init__(self, seed: int) -> None:
        self.active: list[Fault] = []
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose
        self._last_id = 0

    def add(self, fault: Fault) -> Fault:
        self._last_id += 1
        fault.id = self._last_id
        self.active.append(fault)
        return fault

    def clear(self) -> None:
        self.active.clear()

    def listed(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self.active]

    def pick(self, request: Request, in_flight: int) -> Fault | None:
        """The fault this request meets, counted; None when all is well."""
        for fault in self.active:
            if fault.kind in WEBHOOK_KINDS or not fault.concerns(request):
                continue
            if fault.kind == "concurrency" and in_flight <= fault.limit:
                if fault.seconds:
                    return Fault("slow", seconds=fault.seconds)
                continue
            if self._strikes(fault):
                return fault
        return None

    def pick_for_webhook(self, hook: Webhook, *, may_wait: bool) -> Fault | None:
        """The fault a webhook meets on its way, counted; none holds up what may not wait."""
        for fault in self.active:
            if (
                fault.kind in WEBHOOK_KINDS
                and (may_wait or fault.kind != "webhook_late")
                and (fault.path is None or fault.path in hook.url or fault.path == hook.kind)
                and (fault.account is None or fault.account == hook.account_sid)
                and self._strikes(fault)
            ):
                return fault
        return None

    def _strikes(self, fault: Fault) -> bool:
        """Whether a fault that concerns this one happens now."""
        if fault.times is not None and fault.hits >= fault.times:
            return False
        if fault.skip > 0:
            fault.skip -= 1
            return False
        if fault.rate < 1.0 and self._random.random() >= fault.rate:
            return False
        fault.hits += 1
        return True
