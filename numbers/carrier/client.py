"""Asking Twilio: the one factory, retries, and the few calls that the product makes."""

from __future__ import annotations

import logging
import random
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.db import connection as database
from twilio.http.response import Response
from twilio.rest import Client

from config.errors import Invalid
from config.phone_numbers import E164

from .errors import CarrierConfused, CarrierUnavailable, NotFound, refusal
from .http import RoutedHttpClient
from .records import (
    NUMBER_SID,
    SETTINGS,
    CarrierAccount,
    NumberPage,
    NumberRecord,
    account_record,
    number_page,
    number_record,
    parse,
)

if TYPE_CHECKING:
    from numbers.models import Connection

logger = logging.getLogger(__name__)

HOST = "https://api.twilio.com"
PAGE_SIZE = 1000  # Twilio's maximum
#: Seconds: the first pause is up to FIRST_PAUSE, each later one up to twice as long as the last.
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 4.0
MAX_ATTEMPTS = 20
#: 429 means "not processed" and may always be repeated; the others only where that does no harm.
NOT_PROCESSED = frozenset({429})
TROUBLED = frozenset({500, 502, 503, 504})
MAX_LINK = 1000

_ACCOUNT_SID = re.compile(r"AC[0-9a-fA-F]{32}")
_TOKEN = re.compile(r"[!-~]{1,100}")


class Carrier:
    """One Twilio account, reached with its own SID and auth token.

    Every call raises ``CarrierError`` when it fails, takes at most ``TWILIO_RETRY_SECONDS``, and is
    refused inside a database transaction.
    """

    def __init__(self, sid: str, token: str) -> None:
        """Raises ``Invalid`` for what cannot be a SID or a token, before anything is sent."""
        if not _ACCOUNT_SID.fullmatch(sid):
            raise Invalid({"sid": ["An account SID is AC and 32 digits or letters from a to f."]})
        if not _TOKEN.fullmatch(token):
            raise Invalid({"token": ["An auth token has no spaces or special characters."]})
        self.sid = sid
        self._client = Client(sid, token, http_client=RoutedHttpClient())
        self._root = f"/2010-04-01/Accounts/{sid}"

    def __repr__(self) -> str:
        return f"<Carrier {self.sid}>"

    def fetch_account(self) -> CarrierAccount:
        account = account_record(self._fetch(f"{self._root}.json"))
        if account.sid != self.sid:
            raise CarrierConfused("Twilio answered for another account than the one asked about.")
        return account

    def page(self, link: str = "") -> NumberPage:
        """Up to 1,000 numbers: the first page, or what an earlier page's ``next_page`` named.

        The caller watches for circles. Raises ``PageExpired`` when Twilio has forgotten the link.
        """
        path = f"{self._root}/IncomingPhoneNumbers.json"
        url = self._checked_link(link) if link else f"{path}?PageSize={PAGE_SIZE}"
        records, following = number_page(self._fetch(url))
        return NumberPage(
            records=records, next_page=self._checked_link(following) if following else ""
        )

    def find_number(self, e164: str) -> NumberRecord | None:
        """The number in this account, if it is there."""
        _require_number(e164)
        path = f"{self._root}/IncomingPhoneNumbers.json"
        # Twilio matches parts of numbers too.
        records, _ = number_page(self._fetch(path, params={"PhoneNumber": e164}))
        return next((record for record in records if record.e164 == e164), None)

    def update_number(self, sid: str, fields: Mapping[str, str | bool | None]) -> NumberRecord:
        """Change settings of a number; ``fields`` has keys of ``SETTINGS``, None or "" unsets."""
        data = {SETTINGS[name]: _form_value(value) for name, value in fields.items()}
        answer = self._ask("POST", self._number_path(sid), data=data, repeat=True)
        return number_record(parse(answer.text))

    def release_number(self, sid: str) -> None:
        """Give the number back to Twilio; fine when it is no longer there."""
        try:
            self._ask("DELETE", self._number_path(sid), repeat=True)
        except NotFound:
            return

    def buy_number(self, e164: str) -> NumberRecord:
        """Buy this number, or find it in the account when an earlier attempt has bought it.

        Raises ``CarrierUnavailable`` when it is not known whether it was bought: call again later.
        """
        found = self.find_number(e164)
        if found is not None:
            return found
        path = f"{self._root}/IncomingPhoneNumbers.json"
        try:
            answer = self._ask("POST", path, data={"PhoneNumber": e164}, repeat=False)
        except CarrierUnavailable:
            found = self.find_number(e164)
            if found is None:
                raise
            return found
        return number_record(parse(answer.text))

    def _number_path(self, sid: str) -> str:
        if not NUMBER_SID.fullmatch(sid):
            raise ValueError("not the SID of a phone number")
        return f"{self._root}/IncomingPhoneNumbers/{sid}.json"

    def _checked_link(self, link: str) -> str:
        """The path and query of a page link, which must stay with this account's numbers."""
        parts = urlsplit(link)
        at_home = (parts.scheme, parts.netloc) in (("", ""), ("https", "api.twilio.com"))
        path = f"{self._root}/IncomingPhoneNumbers.json"
        if not at_home or parts.path != path or parts.fragment or len(link) > MAX_LINK:
            raise CarrierConfused("Twilio's list of numbers linked to an unexpected place.")
        return f"{path}?{parts.query}"

    def _fetch(self, path: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        return parse(self._ask("GET", path, params=params, repeat=True).text)

    def _ask(
        self,
        method: str,
        path: str,
        *,
        repeat: bool,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
    ) -> Response:
        """Send a request until there is an answer; raise the error that a refusal stands for.

        ``repeat`` says that asking twice does no harm.
        """
        _require_no_transaction()
        started = time.monotonic()
        deadline = started + settings.TWILIO_RETRY_SECONDS
        for attempt in range(MAX_ATTEMPTS):
            answer, trouble = self._send(method, path, deadline=deadline, params=params, data=data)
            if answer is not None and answer.status_code not in NOT_PROCESSED | TROUBLED:
                logger.debug("Twilio: %s in %.2f s", trouble, time.monotonic() - started)
                return _accepted(answer)
            again = repeat or (answer is not None and answer.status_code in NOT_PROCESSED)
            pause = max(_pause(attempt), _retry_after(answer))
            if not again or time.monotonic() + pause >= deadline:
                break
            logger.info("Twilio: %s; asking again in %.2f s", trouble, pause)
            time.sleep(pause)
        raise _unavailable(answer, trouble)

    def _send(
        self, method: str, path: str, *, deadline: float, **content: Any
    ) -> tuple[Response | None, str]:
        """One attempt: the answer, or None; and what is wrong, in words for the log."""
        left = max(deadline - time.monotonic(), 0.1)
        timeout = min(settings.TWILIO_TIMEOUT_SECONDS, left)
        try:
            answer = self._client.request(method, HOST + path, timeout=timeout, **content)
        except requests.Timeout:
            return None, "no answer in time"
        except requests.RequestException as error:
            return None, f"broken connection ({type(error).__name__})"
        return answer, f"status {answer.status_code}"


def carrier_for(connection: Connection) -> Carrier:
    """The carrier of a connection, with its stored token."""
    return Carrier(connection.sid, connection.auth_token)


def _require_no_transaction() -> None:
    """A slow answer would hold the transaction's locks; only the wrapper of a test is fine."""
    blocks = database.atomic_blocks
    if blocks and not blocks[-1]._from_testcase:  # type: ignore[attr-defined]
        raise RuntimeError("Twilio must not be asked inside a database transaction.")


def _require_number(e164: str) -> None:
    if not E164.fullmatch(e164):
        raise ValueError("not a phone number in E.164")


def _form_value(value: str | bool | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value or ""


def _pause(attempt: int) -> float:
    """Exponential back-off with full jitter, so that many workers do not come back at once."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(attempt, 10))
    return random.uniform(0, longest)  # noqa: S311 - nothing secret hangs on it


def _retry_after(answer: Response | None) -> float:
    """Seconds that Twilio asks us to wait; 0 when it does not say (RFC 9110, 10.2.3)."""
    text = (answer.headers or {}).get("Retry-After", "") if answer is not None else ""
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max((parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds(), 0)
    except (TypeError, ValueError):
        return 0


def _accepted(answer: Response) -> Response:
    status = answer.status_code
    if 200 <= status < 300:
        return answer
    request_id = _request_id(answer)
    if status < 400 or status >= 500:
        raise CarrierConfused(
            f"Twilio answered in an unexpected way (HTTP {status}).",
            twilio_status=status,
            request_id=request_id,
        )
    code, text = _said(answer)
    raise refusal(status=status, twilio_code=code, text=text, request_id=request_id)


def _unavailable(answer: Response | None, trouble: str) -> CarrierUnavailable:
    if answer is None:
        return CarrierUnavailable(
            f"Twilio could not be reached: {trouble}. Try again in a few minutes."
        )
    status = answer.status_code
    why = "is asked for too much at once" if status in NOT_PROCESSED else "has a problem of its own"
    return CarrierUnavailable(
        f"Twilio {why} (HTTP {status}). Try again in a few minutes.",
        twilio_code=_said(answer)[0],
        twilio_status=status,
        request_id=_request_id(answer),
    )


def _said(answer: Response) -> tuple[int, str]:
    """Twilio's code and message, from either of its two error shapes (twilio-facts 8)."""
    try:
        body = parse(answer.text)
    except CarrierConfused:
        return 0, ""
    code, text = body.get("code"), body.get("message") or body.get("detail") or body.get("title")
    return (code if isinstance(code, int) else 0), (text if isinstance(text, str) else "")


def _request_id(answer: Response) -> str:
    return str((answer.headers or {}).get("Twilio-Request-Id", ""))[:64]
