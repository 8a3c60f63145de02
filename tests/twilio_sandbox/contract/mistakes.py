"""What a program can get wrong about a request, by what Twilio's document says of it."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from tests.twilio_sandbox.contract.documents import Asked
from tests.twilio_sandbox.contract.scenes import Exchange
from twilio_sandbox.operations import Operation

_NO_SIDS = ("ZZ" + "0" * 32, "0" * 34, "../etc")
# type or format -> what has it not
_OFF_FORMAT = {
    "boolean": "perhaps",
    "integer": "many",
    "int32": "many",
    "int64": "many",
    "number": "much",
    "http-method": "FETCH",
    "date": "2024-02-30",
    "date-time": "yesterday",
    "uri": "example",
}
NOTHING = object()  # the parameter is left out


@dataclass(frozen=True)
class Mistake:
    """One parameter that is wrong, or missing."""

    asked: Asked
    value: Any

    def __str__(self) -> str:
        wrong = "left out" if self.value is NOTHING else f"= {self.value!r}"
        return f"{self.asked.place} {self.asked.name} {wrong}"

    def made_in(self, right: Exchange, operation: Operation) -> Exchange:
        """The same request with this mistake."""
        wrong = replace(
            right, params=dict(right.params), data=copy.deepcopy(right.data), status=0, text=""
        )
        if self.asked.place == "path":
            wrong.url = _in_path(right.url, operation.path, self.asked.name, self.value)
        elif self.asked.place == "query":
            _put(wrong.params, [self.asked.name], self.value)
        elif self.asked.place == "form":
            _put(wrong.data, [self.asked.name], self.value)
        else:
            _put(wrong.data, self.asked.name.split("."), self.value)
        return wrong


def of(asked: Asked) -> Iterator[Mistake]:
    """Every mistake that can be made about a parameter."""
    if asked.required and asked.place != "path":
        yield Mistake(asked, NOTHING)
    schema = asked.schema.get("items", asked.schema)
    for value in _off(schema):
        yield Mistake(asked, [value] if "items" in asked.schema else value)


def _off(schema: dict[str, Any]) -> Iterator[Any]:
    """Values that the schema does not allow."""
    if "enum" in schema:
        yield "no-such-choice"
    if pattern := schema.get("pattern"):
        yield from (each for each in _NO_SIDS if re.search(pattern, each) is None)
    if wrong := _OFF_FORMAT.get(schema.get("format") or schema.get("type", "")):
        yield wrong
    if "maximum" in schema:
        yield schema["maximum"] + 1
    if "minimum" in schema:
        yield schema["minimum"] - 1


def _in_path(url: str, template: str, name: str, value: str) -> str:
    parts = urlsplit(url)
    pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+?)", re.escape(template))
    found = re.fullmatch(pattern, parts.path)
    assert found is not None, (template, parts.path)
    start, end = found.span(name)
    return urlunsplit(parts._replace(path=parts.path[:start] + value + parts.path[end:]))


def _put(data: dict[str, Any], place: list[str], value: Any) -> None:
    """Set a field of a form or of a JSON body, or leave it out."""
    at: Any = data
    *way, last = place
    for step in way:
        at = at[int(step)] if step.isdigit() else at.setdefault(step, {})
    if value is NOTHING:
        at.pop(last)
    else:
        at[last] = value
