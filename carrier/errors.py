"""What can go wrong between us and Twilio, each with a sentence for people (twilio-facts 8)."""

from __future__ import annotations

from config.errors import DomainError


class CarrierError(DomainError):
    """Twilio did not do what it was asked.

    ``message`` is for a person who waits for the answer; ``cause`` is the same without ``advice``
    to such a person, for where we ask again by ourselves. ``code`` is ours and stable.
    ``twilio_code`` is Twilio's (0 without one), ``twilio_status`` the HTTP status of its answer (0
    without one), ``request_id`` what Twilio's support asks for.
    """

    code = "twilio_error"
    http_status = 502

    def __init__(
        self,
        cause: str,
        *,
        advice: str = "",
        twilio_code: int = 0,
        twilio_status: int = 0,
        request_id: str = "",
    ) -> None:
        super().__init__(f"{cause} {advice}".rstrip())
        self.cause = cause
        self.twilio_code = twilio_code
        self.twilio_status = twilio_status
        self.request_id = request_id

    @property
    def trace(self) -> dict[str, str | int]:
        """What an event keeps, so that support can ask Twilio about it."""
        facts: dict[str, str | int] = {
            "twilio_code": self.twilio_code,
            "twilio_status": self.twilio_status,
            "twilio_request_id": self.request_id,
        }
        return {name: value for name, value in facts.items() if value}


class CarrierUnavailable(CarrierError):
    """No usable answer in time: a time-out, a broken connection, or too many 429 and 5xx in a row.

    What was asked may have happened nevertheless.
    """

    code = "twilio_unavailable"
    http_status = 503


class CarrierConfused(CarrierError):
    """An answer that is not what Twilio's documents promise; nothing of it was used."""

    code = "twilio_confused"


class CarrierAuthFailed(CarrierError):
    """The account SID and the token do not belong together (any more)."""

    code = "twilio_auth_failed"
    http_status = 409


class CarrierRefused(CarrierError):
    """Twilio understood and said no; asking again gives the same answer."""

    code = "twilio_refused"
    http_status = 409


class AccountInactive(CarrierRefused):
    """The Twilio account is suspended or closed."""

    code = "twilio_account_inactive"


class NotFound(CarrierRefused):
    """Twilio knows nothing of that name in this account."""

    code = "twilio_not_found"


class PageExpired(CarrierRefused):
    """The link to the next page is too old; the pass has to begin anew."""

    code = "twilio_page_expired"


#: Twilio's code -> our own words for it (twilio-facts 1.3, 1.5, 2, 8).
SENTENCES: dict[int, str] = {
    10001: "Twilio says that this account is not active: it is suspended or closed.",
    20003: "Twilio does not accept this account SID and auth token together.",
    20005: "Twilio says that this account is not active: it is suspended or closed.",
    20006: "These credentials may not do that at Twilio.",
    20008: "These are Twilio's test credentials, which reach no real numbers. Use the live ones.",
    20403: "Twilio refuses this account: it is suspended or closed.",
    20404: "Twilio knows nothing of that name in this account.",
    21404: "A Twilio trial account cannot do that.",
    21421: "Twilio says that this is not a valid phone number.",
    21422: "Twilio says that this number is not available.",
    21481: "The link to the next page of numbers has expired.",
    21615: "Twilio needs a local address for this number.",
    21631: "Twilio needs an address for this number.",
    21649: "Twilio needs a regulatory bundle for this number.",
    22300: "Twilio does not let this account get more numbers.",
    22350: "This number is being ported out.",
    22400: "This number is part of an active route configuration at Twilio.",
    22402: "Twilio does not allow that in this region.",
}
INACTIVE = frozenset({10001, 20005, 20403})


def refusal(
    *, status: int, twilio_code: int, text: str, request_id: str
) -> CarrierAuthFailed | CarrierRefused:
    """The error for an answer of 4xx; ``text`` is Twilio's own message."""
    known = SENTENCES.get(twilio_code)
    if known is None:
        known = (
            f"Twilio refused this: {text.rstrip('.')[:200]}." if text else "Twilio refused this."
        )
    message = f"{known} (Twilio error {twilio_code or status})"
    kind: type[CarrierAuthFailed | CarrierRefused] = CarrierRefused
    if status == 401 or twilio_code == 20003:
        kind = CarrierAuthFailed
    elif twilio_code in INACTIVE:
        kind = AccountInactive
    elif twilio_code == 21481:
        kind = PageExpired
    elif status == 404:
        kind = NotFound
    return kind(message, twilio_code=twilio_code, twilio_status=status, request_id=request_id)
