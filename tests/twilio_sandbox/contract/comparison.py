"""Whether an answer is as Twilio's schema and Twilio's examples say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker

from tests.twilio_sandbox.contract.documents import Answered
from tests.twilio_sandbox.contract.scenes import Exchange


def _shaped(pattern: str) -> Callable[[str], object]:
    return re.compile(pattern).fullmatch


# format -> what is true, and raises nothing, for a text that has it
_FORMATS: dict[str, Callable[[str], object]] = {
    "date-time-rfc-2822": lambda text: parsedate_to_datetime(text).tzinfo,
    "date-time": lambda text: datetime.fromisoformat(text).tzinfo,
    "date": date.fromisoformat,
    "uri": lambda text: any(urlsplit(text)[1:3]),  # a host or a path
    "http-method": _shaped("HEAD|GET|POST|PATCH|PUT|DELETE"),
    "iso-country-code": _shaped("[A-Z]{2}"),
    "currency": _shaped("[A-Za-z]{3}"),
    "email": _shaped(r"[^@\s]+@[^@\s]+"),
    "phone-number": _shaped(r"\+[1-9]\d{6,14}"),
}
_formats = FormatChecker(formats=())
for _name, _has_it in _FORMATS.items():
    _formats.checks(_name, ValueError)(
        lambda value, has_it=_has_it: not isinstance(value, str) or bool(has_it(value))
    )

# Deviations of which twilio-facts know, beside those of the operation's own example.
_UNSET = ("sms_application_sid", "voice_application_sid", "sms_url", "sms_fallback_url")
_KNOWN = {
    **dict.fromkeys((*_UNSET, "status_callback"), "''"),  # not set (1.2)
    "authorized_representative_katakana": "None",  # as its neighbors, outside Japan (4.3)
    "address_sid": "None",  # of a port-in request that names an address instead (4.2)
    "actor_sid": "'AC",  # an actor of the type account (1.8)
}

_OF_THE_COUNTRY = ".countries[].subresource_uris"  # the types of numbers that are sold there


def is_refusal(exchange: Exchange) -> bool:
    """Whether it is refused, in the shape of Twilio's errors."""
    error = json.loads(exchange.text)
    return (
        400 <= exchange.status < 500
        and set(error) == {"code", "message", "more_info", "status"}
        and error["status"] == exchange.status
        and error["more_info"] == f"https://www.twilio.com/docs/errors/{error['code']}"
    )


def deviations(answer: Any, answered: Answered) -> list[str]:
    """Where the answer departs from the schema and none of Twilio's examples does."""
    schema = Draft202012Validator(answered.schema, format_checker=_formats)
    allowed = {each for example in answered.examples.values() for each in _broken(schema, example)}
    broken = _broken(schema, answer)
    return sorted(
        broken[rule] for rule in broken if rule not in allowed and not _is_known(broken[rule])
    )


def _is_known(message: str) -> bool:
    name, _, what = message.rpartition(": ")
    return what.startswith(_KNOWN.get(name.rpartition(".")[2], "-"))


def _broken(schema: Draft202012Validator, value: Any) -> dict[tuple[str, ...], str]:
    """The rules that are broken, each with how."""
    found: dict[tuple[str, ...], str] = {}
    for error in schema.iter_errors(value):
        kind = type(error.instance).__name__ if error.validator == "type" else ""
        path = "".join("[]" if isinstance(part, int) else f".{part}" for part in error.path)
        found[path, str(error.validator), kind] = f"{path}: {error.message[:300]}"
    return found


def differences(answer: Any, answered: Answered) -> list[str]:
    """Fields that the answer has and the example it is closest to has not, and the other way.

    An example of a page without rows says nothing about the fields of rows.
    """
    examples = list(answered.examples.values())
    telling = [each for each in examples if _rows(each) or not _rows(answer)] or examples
    return min((list(_unlike(answer, each, "")) for each in telling), key=len, default=[])


def _rows(value: Any) -> int:
    """How many things are in the lists of a page."""
    return sum(len(each) for each in value.values() if isinstance(each, list))


def _unlike(answer: Any, example: Any, path: str) -> Iterator[str]:
    if not answer or not example or path == _OF_THE_COUNTRY:
        return  # what is not there has no fields
    if isinstance(answer, dict) and isinstance(example, dict):
        yield from (f"{path}.{name} is missing" for name in example.keys() - answer.keys())
        yield from (f"{path}.{name} is not Twilio's" for name in answer.keys() - example.keys())
        for name in answer.keys() & example.keys():
            yield from _unlike(answer[name], example[name], f"{path}.{name}")
    elif isinstance(answer, list) and isinstance(example, list):
        for each in answer:
            found = [list(_unlike(each, other, f"{path}[]")) for other in example]
            yield from min(found, key=len)
