"""Asking Twilio, whichever of its hosts: one way for every request, and when it is repeated.

Topics (``numbers``, ``accounts``) say what to ask and what an answer means; how to ask is here.
"""

from __future__ import annotations

import json
import logging
import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal, NoReturn

import requests
from django.conf import settings
from django.db import connection as database
from twilio.rest import Client

from . import errors
from .bodies import Body
from .deadline import deadline as ends_at
from .errors import CarrierAuthFailed, CarrierConfused, CarrierRefused, CarrierUnavailable
from .http import RoutedHttpClient

logger = logging.getLogger(__name__)

#: The first label of Twilio's host names (twilio-facts 1.5, 4, 4.6).
Host = Literal[
    "accounts",
    "api",
    "lookups",
    "messaging",
    "monitor",
    "numbers",
    "numbers-upload",
    "pricing",
    "trusthub",
    "voice",
]

#: Seconds: the first pause is up to FIRST_PAUSE, each later one up to twice as long as the last.
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 4.0
MAX_ATTEMPTS = 20
#: 429 means "not processed" and may always be repeated; the others only where that does no harm.
NOT_PROCESSED = frozenset({429})
TROUBLED = frozenset({500, 502, 503, 504})

#: Nothing that leads elsewhere: no dots alone, no second way to write a character but that of "+".
_PATH = re.compile(r"(/(?!\.+(?:/|$))(?:[A-Za-z0-9_.+~-]|%2B)+)+")
#: Text that PostgreSQL cannot hold: NUL, and halves of surrogate pairs (pairs match as well).
_UNSTORABLE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


@dataclass(frozen=True)
class Answer:
    """What Twilio said: to a topic always a 2xx, or a status that it asked for."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def request_id(self) -> str:
        """What Twilio's support asks for."""
        return self.headers.get("Twilio-Request-Id", "")[:64]

    def json(self) -> dict[str, Any]:
        """The JSON object in it. Raises ``CarrierConfused``."""
        return parse(self.body)

    def refusal(self) -> CarrierAuthFailed | CarrierRefused:
        """The error that an answer of 4xx stands for."""
        code, text = self.said()
        return errors.refusal(
            status=self.status, twilio_code=code, text=text, request_id=self.request_id
        )

    def said(self) -> tuple[int, str]:
        """Twilio's code and message, from either of its two error shapes (twilio-facts 8)."""
        try:
            body = self.json()
        except CarrierConfused:
            return 0, ""
        code = body.get("code")
        text = body.get("message") or body.get("detail") or body.get("title")
        return (code if isinstance(code, int) else 0), (text if isinstance(text, str) else "")


class Transport:
    """The requests of one Twilio account, with its own SID and auth token.

    Every call raises ``CarrierError`` when it fails, takes at most ``TWILIO_RETRY_SECONDS``, and is
    refused inside a database transaction. Several calls have one end together with ``within``.
    """

    def __init__(self, sid: str, token: str) -> None:
        self.sid = sid
        self._client = Client(sid, token, http_client=RoutedHttpClient())

    def fetch(
        self, path: str, *, host: Host = "api", params: Mapping[str, str | int] | str = ""
    ) -> dict[str, Any]:
        """The JSON object at a path; ``params`` are names and values, or a query as Twilio gave it.

        Raises ``CarrierConfused`` when it is none.
        """
        return self.ask("GET", path, host=host, params=params, repeat=True).json()

    def ask(
        self,
        method: str,
        path: str,
        *,
        repeat: bool,
        host: Host = "api",
        params: Mapping[str, str | int] | str = "",
        body: Body | None = None,
        accept: frozenset[int] = frozenset(),
    ) -> Answer:
        """Send a request until there is an answer; raise the error that a refusal stands for.

        ``repeat`` says that asking twice does no harm: only then is what got lost asked again.
        ``accept`` are refusals (4xx) whose body says what the topic wants to know, so that they
        are answers (portability: twilio-facts 3). Raises ``ValueError`` for a path that leads
        elsewhere.
        """
        _require_no_transaction()
        if not _PATH.fullmatch(path):
            raise ValueError("not a path of Twilio's")
        url = f"https://{host}.twilio.com{path}"
        started = time.monotonic()
        deadline = ends_at(settings.TWILIO_RETRY_SECONDS)
        if deadline <= started:
            raise _unavailable(None, "no time is left")
        for attempt in range(MAX_ATTEMPTS):
            answer, trouble = self._send(method, url, params, body, deadline=deadline)
            if answer is not None and answer.status not in NOT_PROCESSED | TROUBLED:
                logger.debug("Twilio: %s in %.2f s", trouble, time.monotonic() - started)
                return _accepted(answer, accept)
            again = repeat or (answer is not None and answer.status in NOT_PROCESSED)
            pause = max(_pause(attempt), _retry_after(answer))
            if not again or time.monotonic() + pause >= deadline:
                break
            logger.info("Twilio: %s; asking again in %.2f s", trouble, pause)
            time.sleep(pause)
        raise _unavailable(answer, trouble)

    def _send(
        self,
        method: str,
        url: str,
        params: Mapping[str, str | int] | str,
        body: Body | None,
        *,
        deadline: float,
    ) -> tuple[Answer | None, str]:
        """One attempt: the answer, or None; and what is wrong, in words for the log."""
        left = max(deadline - time.monotonic(), 0.1)
        try:
            response = self._client.request(
                method,
                url,
                params=params,
                data=None if body is None else body.content,
                headers=None if body is None else {"Content-Type": body.content_type},
                timeout=min(settings.TWILIO_TIMEOUT_SECONDS, left),
            )
        except requests.Timeout:
            return None, "no answer in time"
        except requests.RequestException as error:
            return None, f"broken connection ({type(error).__name__})"
        answer = Answer(response.status_code, response.content, response.headers)
        return answer, f"status {answer.status}"


def _require_no_transaction() -> None:
    """A slow answer would hold the transaction's locks; only the wrapper of a test is fine."""
    blocks = database.atomic_blocks
    if blocks and not blocks[-1]._from_testcase:  # type: ignore[attr-defined]
        raise RuntimeError("Twilio must not be asked inside a database transaction.")


def _pause(attempt: int) -> float:
    """Exponential back-off with full jitter, so that many workers do not come back at once."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(attempt, 10))
    return random.uniform(0, longest)  # noqa: S311 - nothing secret hangs on it


def _retry_after(answer: Answer | None) -> float:
    """Seconds that Twilio asks us to wait; 0 when it does not say (RFC 9110, 10.2.3)."""
    text = answer.headers.get("Retry-After", "") if answer is not None else ""
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max((parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds(), 0)
    except (TypeError, ValueError):
        return 0


def _accepted(answer: Answer, accept: frozenset[int]) -> Answer:
    if 200 <= answer.status < 300 or answer.status in accept:
        return answer
    if answer.status < 400 or answer.status >= 500:
        raise CarrierConfused(
            f"Twilio answered in an unexpected way (HTTP {answer.status}).",
            twilio_status=answer.status,
            request_id=answer.request_id,
        )
    raise answer.refusal()


_TRY_AGAIN = "Try again in a few minutes."


def _unavailable(answer: Answer | None, trouble: str) -> CarrierUnavailable:
    if answer is None:
        return CarrierUnavailable(f"Twilio could not be reached: {trouble}.", advice=_TRY_AGAIN)
    is_busy = answer.status in NOT_PROCESSED
    why = "is asked for too much at once" if is_busy else "has a problem of its own"
    return CarrierUnavailable(
        f"Twilio {why} (HTTP {answer.status}).",
        advice=_TRY_AGAIN,
        twilio_code=answer.said()[0],
        twilio_status=answer.status,
        request_id=answer.request_id,
    )


def parse(body: bytes) -> dict[str, Any]:
    """Read an answer that must be a JSON object. Raises ``CarrierConfused``."""
    try:
        text = body.decode()
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise CarrierConfused("Twilio's answer was not readable.") from None
    if not isinstance(value, dict):
        raise CarrierConfused("Twilio's answer had an unexpected form.")
    return _storable(value) if _UNSTORABLE.search(text) else value


def _no_constant(name: str) -> NoReturn:
    """``NaN`` and ``Infinity`` are no JSON, and PostgreSQL does not take them."""
    raise ValueError(name)


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_storable(each) for each in value]
    if isinstance(value, dict):
        return {_storable(name): _storable(each) for name, each in value.items()}
    return value
