"""Parameters of operations: what is allowed, checked before anything is changed.

A check gets the parameter's name and text and returns the value to keep, or refuses it in Twilio's
shape. Parameters an operation does not know are ignored, as Twilio does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from twilio_sandbox.errors import TwilioError

T = TypeVar("T")
Check = Callable[[str, str], Any]
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the query or the form; `missing` is the code when a required one is not there.

    With `many` it may be repeated and its value is a list.
    """

    name: str
    check: Check
    required: bool = False
    many: bool = False
    missing: int = 20001


def read(parameters: Sequence[Parameter], given: dict[str, list[str]]) -> dict[str, Any]:
    """The checked values by name; what was not given is absent. Raises `TwilioError`."""
    values: dict[str, Any] = {}
    for parameter in parameters:
        name = parameter.name
        texts = given.get(name)
        if not texts or (parameter.required and not any(texts)):
            if parameter.required:
                raise TwilioError(parameter.missing, f"The parameter {name} is required")
            continue
        checked = [parameter.check(name, text) for text in texts]
        values[name] = checked if parameter.many else checked[-1]
    return values


def field_of(parameter: str) -> str:
    """The field of the resource that a parameter sets: `SmsUrl` is `sms_url`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in parameter).lstrip("_")


# Checks


def text(maximum: int | None = None, minimum: int = 0) -> Check:
    def check(name: str, value: str) -> str:
        if maximum is not None and len(value) > maximum:
            raise TwilioError(20001, f"{name} must have at most {maximum} characters")
        if len(value) < minimum:
            raise TwilioError(20001, f"{name} must have at least {minimum} characters")
        return value

    return check


def whole_number(
    minimum: int | None = None, maximum: int | None = None, *, code: int = 20001
) -> Check:
    def check(name: str, value: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", value):
            raise TwilioError(code, f"{name} must be a whole number")
        number = int(value)
        if (minimum is not None and number < minimum) or (maximum is not None and number > maximum):
            bounds = (
                f"from {minimum} to {maximum}" if maximum is not None else f"at least {minimum}"
            )
            raise TwilioError(code, f"{name} must be {bounds}")
        return number

    return check


def number(name: str, value: str) -> float:
    """A number with or without a fraction."""
    if not re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", value):
        raise TwilioError(20001, f"{name} must be a number")
    return float(value)


def one_of(*allowed: str, code: int = 20001) -> Check:
    def check(name: str, value: str) -> str:
        if value not in allowed:
            raise TwilioError(code, f"{name} must be one of {', '.join(allowed)}")
        return value

    return check


def matching(pattern: str, what: str) -> Check:
    """A text of a shape that `what` describes."""
    compiled = re.compile(pattern)

    def check(name: str, value: str) -> str:
        if not compiled.fullmatch(value):
            raise TwilioError(20001, f"{name} must be {what}")
        return value

    return check


def flag(name: str, value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise TwilioError(20001, f"{name} must be true or false")
    return value.lower() == "true"


def sid(*prefixes: str, code: int = 20001) -> Check:
    """An identifier with one of the prefixes; the empty text passes, it clears a setting."""
    pattern = re.compile(f"(?:{'|'.join(prefixes)})[0-9a-fA-F]{{32}}")

    def check(name: str, value: str) -> str:
        if value and not pattern.fullmatch(value):
            raise TwilioError(code, f"{name} is not a valid SID")
        return value

    return check


def url(name: str, value: str) -> str:
    """An http or https URL; the empty text passes, it clears a setting.

    A host with `_` in its name is refused (twilio-facts 5.2).
    """
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
        valid = parts.scheme in ("http", "https") and bool(host) and "_" not in host
    except ValueError:
        valid = False
    if value and not valid:
        raise TwilioError(21402, f"{name} is not a valid URL")
    return value


def http_method(name: str, value: str) -> str:
    if value.upper() not in ("GET", "POST"):
        raise TwilioError(21403, f"{name} must be GET or POST")
    return value.upper()


def any_http_method(name: str, value: str) -> str:
    """What the documents' format `http-method` allows."""
    if value.upper() not in ("HEAD", "GET", "POST", "PATCH", "PUT", "DELETE"):
        raise TwilioError(21403, f"{name} is not an HTTP method")
    return value.upper()


def day(name: str, value: str) -> date:
    """`YYYY-MM-DD`."""
    try:
        return date.fromisoformat(value if re.fullmatch(r"\d{4}-\d\d-\d\d", value) else "")
    except ValueError:
        raise TwilioError(20001, f"{name} must be a date, YYYY-MM-DD") from None


def moment(name: str, value: str) -> float:
    """A date (its beginning in UTC) or an ISO 8601 time, as Unix seconds."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise TwilioError(20001, f"{name} must be a date or an ISO 8601 time") from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def period(name: str, value: str) -> tuple[float, float]:
    """A date filter as the Unix seconds where it begins and where it ends: a day, or a second.

    Dates and times as Twilio's examples write them: ISO 8601, RFC 2822, `06/11/2019 22:05:25 MST`.
    """
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        start = datetime.combine(day(name, value), datetime.min.time(), UTC).timestamp()
        return start, start + 86_400
    for read_time in (datetime.fromisoformat, _american, parsedate_to_datetime):
        try:
            at = read_time(value)
        except ValueError:
            continue
        start = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() // 1
        return start, start + 1
    raise TwilioError(20001, f"{name} must be a date or a time")


def periods(name: str) -> tuple[Parameter, ...]:
    """`Name`, `Name<` and `Name>` of a list: the operator is a part of the parameter's name."""
    return tuple(Parameter(f"{name}{operator}", period) for operator in ("", "<", ">"))


def in_period(
    given: dict[str, Any], name: str, moment: Callable[[T], float | None]
) -> list[Callable[[T], bool]]:
    """The test that `periods` ask for, if they ask for any; what has no time does not pass it.

    A day counts as a whole, with either operator.
    """
    on, until, since = (given.get(f"{name}{operator}") for operator in ("", "<", ">"))
    if on is until is since is None:
        return []

    def test(row: T) -> bool:
        at = moment(row)
        return (
            at is not None
            and (on is None or on[0] <= at < on[1])
            and (until is None or at < until[1])
            and (since is None or at >= since[0])
        )

    return [test]


def _american(value: str) -> datetime:
    """`06/11/2019 22:05:25 MST`."""
    date_part, time_part, zone = value.split(" ")
    month, day_, year = date_part.split("/")
    at = parsedate_to_datetime(f"{day_} {_MONTHS[int(month) - 1]} {year} {time_part} {zone}")
    return at if at.tzinfo else at.replace(tzinfo=UTC)
