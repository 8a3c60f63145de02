"""Delivers a webhook: signature, connection overrides, retries, redirects, fallback.

Twilio's rules (twilio-facts 5.1, 5.2): 15 s in all, one more try when no connection could be made,
then the fallback URL; the fragment of a URL changes these; all attempts at one thing carry the same
`I-Twilio-Idempotency-Token`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit, urlunsplit

from twilio_sandbox.monitor import alerts
from twilio_sandbox.webhooks.rows import DELIVERED, FAILED, PENDING, Webhook
from twilio_sandbox.world import World

MAX_REDIRECTS = 10
MAX_ANSWER_BYTES = 64 * 1024  # of TwiML (11750)
BAD_STATUS, NO_CONNECTION, TOO_MANY_REDIRECTS, TOO_LARGE = 11200, 11205, 11215, 11750
_REASONS = {  # in the text of an alert
    BAD_STATUS: "The answer was no success",
    NO_CONNECTION: "There was no connection",
    TOO_MANY_REDIRECTS: "There were too many redirects",
    TOO_LARGE: "The answer was too large",
}
_KEPT_BODY = 2_000  # characters of an answer that are shown
_USER_AGENT = "TwilioProxy/1.1"
_HOME_REGION = "us1"  # of every account here


@dataclass(slots=True)
class Allowed:
    """Which hosts webhooks may go to: this machine, and those named at the start."""

    hosts: frozenset[str] = frozenset()

    def __contains__(self, host: str) -> bool:
        if host in self.hosts:
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost" or host.endswith(".localhost")


@dataclass(slots=True)
class Attempt:
    """One request and its answer, as the control page lists it."""

    url: str
    at: float  # Unix seconds of the sandbox's clock when the delivery began
    status: int | None = None
    error: str | None = None  # why there is no answer
    milliseconds: int = 0
    body: str = ""  # the beginning of the answer
    is_fallback: bool = False


@dataclass(slots=True)
class Outcome:
    """What came of a webhook: the last answer, and everything that was tried."""

    attempts: list[Attempt]
    error_code: int | None = None  # None: a 2xx answer
    content_type: str = ""
    body: str = ""
    before_fallback: int | None = None  # the error that made the fallback URL be tried


@dataclass(frozen=True, slots=True)
class Overrides:
    """Connection overrides of the URL's fragment; times in seconds (twilio-facts 5.2)."""

    connect: float = 5.0
    read: float = 15.0
    total: float = 15.0
    retries: int = 1
    policy: frozenset[str] = frozenset({"ct"})

    @classmethod
    def of(cls, url: str) -> Overrides:
        """What the fragment says; what is out of range or unknown does not count."""
        given = {name: values[-1] for name, values in parse_qs(urlsplit(url).fragment).items()}

        def whole(name: str, low: int, high: int, default: int) -> int:
            text = given.get(name, "")
            return int(text) if text.isdigit() and low <= int(text) <= high else default

        known = {"ct", "rt", "4xx", "5xx", "all"}
        policy = frozenset(given.get("rp", "ct").split(",")) & known
        return cls(
            connect=whole("ct", 100, 10_000, 5_000) / 1000,
            read=whole("rt", 100, 15_000, 15_000) / 1000,
            total=whole("tt", 100, 15_000, 15_000) / 1000,
            retries=whole("rc", 0, 5, 1),
            policy=policy or frozenset({"ct"}),
        )

    def allow_again(self, failure: str) -> bool:
        return failure in self.policy or (bool(failure) and "all" in self.policy)


@dataclass(slots=True)
class Order:
    """A webhook as it is to be sent, taken out of the world."""

    hook: Webhook
    token: str
    at: float
    attempts: list[Attempt] = field(default_factory=list)


def order(world: World, hook: Webhook) -> Order:
    """What the delivery needs; the token is the one in force now."""
    return Order(hook, world.accounts[hook.signer_sid].token, world.now())


def settle(world: World, sid: str, outcome: Outcome) -> None:
    """Write down what came of a webhook, and tell whoever waits for its answer, once."""
    hook = world.webhooks.get(sid)
    if hook is None:
        return
    is_first = hook.state == PENDING
    hook.state = FAILED if outcome.error_code else DELIVERED
    hook.error_code = outcome.error_code
    hook.attempts = hook.attempts + [asdict(attempt) for attempt in outcome.attempts]
    hook.updated = world.now()
    world.webhooks.changed(hook)
    for error_code in (outcome.before_fallback, outcome.error_code):
        if error_code is not None:
            alerts.add(world, hook.account_sid, error_code, _REASONS[error_code], hook=hook)
    if is_first and hook.then:
        world.act(hook.then, {"outcome": outcome, **hook.args})


def carry(order: Order, allowed: Allowed) -> Outcome:
    """Send it until there is an answer or nothing is left to try; blocks for up to 15 s twice."""
    hook = order.hook
    outcome = _try(order, hook.url, hook.method, allowed, extra=[])
    if outcome.error_code is not None and hook.fallback_url:
        extra = [["ErrorCode", str(outcome.error_code)], ["ErrorUrl", hook.url]]
        method = hook.fallback_method
        second = _try(order, hook.fallback_url, method, allowed, extra=extra, fallback=True)
        second.attempts = outcome.attempts + second.attempts
        second.before_fallback = outcome.error_code
        return second
    return outcome


def _try(
    order: Order,
    url: str,
    method: str,
    allowed: Allowed,
    *,
    extra: list[list[str]],
    fallback: bool = False,
) -> Outcome:
    """One URL, with the retries its overrides allow."""
    overrides = Overrides.of(url)
    until = time.monotonic() + overrides.total
    outcome = Outcome([], NO_CONNECTION)
    attempts: list[Attempt] = []
    for _ in range(overrides.retries + 1):
        outcome, failure = _follow(order, url, method, allowed, overrides, until, extra)
        for attempt in outcome.attempts:
            attempt.is_fallback = fallback
        attempts += outcome.attempts
        if not overrides.allow_again(failure) or time.monotonic() >= until:
            break
    outcome.attempts = attempts
    return outcome


def _follow(
    order: Order,
    url: str,
    method: str,
    allowed: Allowed,
    overrides: Overrides,
    until: float,
    extra: list[list[str]],
) -> tuple[Outcome, str]:
    """A request and its redirects; with the kind of failure as `rp` names it, or ""."""
    attempts: list[Attempt] = []
    for _ in range(MAX_REDIRECTS + 1):
        attempt = Attempt(url, order.at)
        attempts.append(attempt)
        began = time.monotonic()
        try:
            answer = _send(order, url, method, allowed, overrides, until, extra)
        except _NoAnswer as error:
            attempt.error = str(error)
            attempt.milliseconds = int((time.monotonic() - began) * 1000)
            return Outcome(
                attempts, NO_CONNECTION if error.kind == "ct" else BAD_STATUS
            ), error.kind
        attempt.milliseconds = int((time.monotonic() - began) * 1000)
        attempt.status = answer.status
        attempt.body = answer.body[:_KEPT_BODY]
        if answer.status in (301, 302, 303, 307, 308) and answer.location:
            url = urljoin(url, answer.location)
            if answer.status not in (307, 308):
                method = "GET"
            continue
        outcome = Outcome(attempts, None, answer.content_type, answer.body)
        if answer.status >= 400 or answer.status < 200:
            outcome.error_code = BAD_STATUS
            return outcome, "5xx" if answer.status >= 500 else "4xx"
        if answer.is_too_large:
            outcome.error_code = TOO_LARGE
        return outcome, ""
    return Outcome(attempts, TOO_MANY_REDIRECTS), ""


class _NoAnswer(Exception):
    """No connection (`ct`) or no whole answer in time (`rt`)."""

    def __init__(self, kind: str, message: str) -> None:
        self.kind = kind
        super().__init__(message)


@dataclass(slots=True)
class _Answer:
    status: int
    content_type: str
    location: str
    body: str
    is_too_large: bool


def _send(
    order: Order,
    url: str,
    method: str,
    allowed: Allowed,
    overrides: Overrides,
    until: float,
    extra: list[list[str]],
) -> _Answer:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or host not in allowed:
        raise _NoAnswer("", f"{host or url} is not a host that webhooks may go to")
    target, headers, body = request(order, url, method, extra)
    try:
        port = parts.port
    except ValueError as error:
        raise _NoAnswer("", f"{url}: {error}") from None
    connection = _connect(parts.scheme, host, port, min(overrides.connect, _left(until)))
    try:
        connection.sock.settimeout(min(overrides.read, _left(until)))
        connection.request(method, target, body=body, headers=headers)
        answer = connection.getresponse()
        content = answer.read(MAX_ANSWER_BYTES + 1)
    except (OSError, http.client.HTTPException) as error:
        reason = "no answer in time" if isinstance(error, TimeoutError) else f"{error!r}"
        raise _NoAnswer("rt", reason) from None
    finally:
        connection.close()
    return _Answer(
        answer.status,
        answer.headers.get_content_type() if "Content-Type" in answer.headers else "",
        answer.headers.get("Location", ""),
        content.decode("utf-8", "replace"),
        len(content) > MAX_ANSWER_BYTES,
    )


def _left(until: float) -> float:
    return max(until - time.monotonic(), 0.01)


def _connect(
    scheme: str, host: str, port: int | None, seconds: float
) -> http.client.HTTPConnection:
    connection = (
        http.client.HTTPSConnection(host, port, timeout=seconds)
        if scheme == "https"
        else http.client.HTTPConnection(host, port, timeout=seconds)
    )
    try:
        connection.connect()
    except (OSError, ssl.SSLError, socket.gaierror) as error:
        raise _NoAnswer("ct", f"no connection: {error}") from None
    return connection


def request(
    order: Order, url: str, method: str, extra: list[list[str]]
) -> tuple[str, dict[str, str], bytes | None]:
    """(target, headers, body): parameters in the query of a GET, else as a form or JSON."""
    hook = order.hook
    parts = urlsplit(url)
    pairs = [(name, value) for name, value in [*(hook.form or []), *extra]]
    query = parts.query
    headers = {
        "User-Agent": _USER_AGENT,
        "Accept": "*/*",
        "I-Twilio-Idempotency-Token": hook.idempotency_token,
        "X-Home-Region": _HOME_REGION,
    }
    body = None
    signed: list[tuple[str, str]] = []
    if hook.json is not None:
        body = hook.json.encode()
        digest = f"bodySHA256={hashlib.sha256(body).hexdigest()}"
        query = f"{query}&{digest}" if query else digest
        headers["Content-Type"] = "application/json"
    elif method == "GET":
        query = "&".join(part for part in (query, urlencode(pairs)) if part)
    else:
        body = urlencode(pairs).encode()
        headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
        signed = pairs
    if parts.username is not None:
        login = f"{parts.username}:{parts.password or ''}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(login).decode()}"
    whole = urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
    headers["X-Twilio-Signature"] = signature(order.token, whole, signed)
    target = urlunsplit(("", "", parts.path or "/", query, ""))
    return target, headers, body


def signature(token: str, url: str, pairs: Iterable[tuple[str, str]]) -> str:
    """X-Twilio-Signature of a request: HMAC-SHA1 over URL and sorted form (twilio-facts 5.1)."""
    data = url + "".join(f"{name}{value}" for name, value in sorted(set(pairs)))
    return base64.b64encode(hmac.new(token.encode(), data.encode(), hashlib.sha1).digest()).decode()
