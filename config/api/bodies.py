"""How a body is read, checked and written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from operator import attrgetter
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.fields import empty
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from config.outside import LARGEST_ID, refuse_unstorable
from config.text import ANYTHING, SHOWS

from .problems import blocker_as_json

#: OPTIONS is left out: the OpenAPI document says what an address takes.
METHODS = ["get", "head", "post", "put", "patch", "delete"]


class AlwaysJson(BaseContentNegotiation):
    """Answers are JSON whatever ``Accept`` asks for, so that errors can be read, too."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The parser for the body's media type; None answers 415."""
        media_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class StrictJsonParser(JSONParser):
    """JSON that can be read in one way only, without characters that cannot be stored."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            text = stream.read().decode()
            parsed = json.loads(text, object_pairs_hook=_each_once, parse_constant=_no_number)
            refuse_unstorable(parsed)
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None
        except UnicodeDecodeError:
            raise ParseError("Send JSON as UTF-8.") from None
        except json.JSONDecodeError as error:
            raise ParseError(f"This is not JSON: {error}") from None
        except ValueError as error:
            raise ParseError(str(error)) from None
        return parsed


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; of two members with one name, readers differ in which one counts."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("A name stands twice in one object.")
    return found


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is not JSON.")


class Text(serializers.CharField):
    """A JSON string; a number is not taken for one.

    ``pattern`` (a regular expression as JavaScript and Python read it) is in the document, too.
    Length and pattern are those of the text as it was sent, spaces at its ends included.
    """

    def __init__(self, *, pattern: str = "", **options: Any) -> None:
        super().__init__(**options)
        self.pattern = pattern or (ANYTHING if self.allow_blank else SHOWS)
        self._pattern = re.compile(self.pattern)

    def run_validation(self, data: Any = empty) -> Any:
        if isinstance(data, str):
            if data == "" and not self.allow_blank:
                self.fail("blank")
            if self.max_length is not None and len(data) > self.max_length:
                message = self.error_messages["max_length"].format(max_length=self.max_length)
                raise serializers.ValidationError(message, code="max_length")
            if not self._pattern.fullmatch(data):  # a search would let a line break follow
                self.fail("blank" if self.pattern == SHOWS else "invalid")
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Whole(serializers.IntegerField):
    """A JSON number without a fraction; a string is not taken for one."""

    def to_internal_value(self, data: Any) -> int:
        whole = isinstance(data, int) or (isinstance(data, float) and data.is_integer())
        if not whole or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(int(data))


class Flag(serializers.BooleanField):
    """``true`` or ``false``; words and numbers are not taken for them."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class Day(serializers.DateField):
    """A day as ``2027-01-31``; other forms of ISO 8601 are not taken for one."""

    _FORM = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

    def to_internal_value(self, value: Any) -> Any:
        if not isinstance(value, str) or not self._FORM.fullmatch(value):
            self.fail("invalid", format="YYYY-MM-DD")
        return super().to_internal_value(value)


class Choice(serializers.ChoiceField):
    """One of the listed strings."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid_choice", input=data)
        return super().to_internal_value(data)


class Wanted(serializers.Serializer[Any]):
    """The body of a request. A field that we do not know is an error, not a wish unheard.

    ``rules`` gives JSON Schema: what the fields must fulfill together.
    """

    @classmethod
    def rules(cls) -> Mapping[str, Any]:
        return {}

    def run_validation(self, data: Any = empty) -> Any:
        if isinstance(data, Mapping):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                raise serializers.ValidationError(
                    {name: ["There is no such field."] for name in unknown}, code="unknown_field"
                )
        return super().run_validation(data)


class NothingWanted(Wanted):
    """The body of a request that needs to say nothing: empty, or ``{}``."""


class RowSerializer(serializers.Serializer[Any]):
    """Writes rows to JSON; never reads.

    Plain values are taken as they are, which makes a list of 100 rows several times faster than
    the framework's own way through every field.
    """

    _PLAIN = (
        serializers.BooleanField,
        serializers.CharField,
        serializers.ChoiceField,
        serializers.IntegerField,
        serializers.JSONField,
    )

    @cached_property
    def _columns(self) -> list[tuple[str, Callable[[Any], Any], Callable[[Any], Any] | None]]:
        return [
            (
                name,
                _itself if field.source == "*" else attrgetter(field.source or name),
                self._writer(field),
            )
            for name, field in self.fields.items()
        ]

    def _writer(self, field: Any) -> Callable[[Any], Any] | None:
        if type(field) in self._PLAIN:
            return None
        return _utc if type(field) is serializers.DateTimeField else field.to_representation

    def to_representation(self, instance: Any) -> dict[str, Any]:
        row = {}
        for name, read, write in self._columns:
            value = read(instance)
            row[name] = value if write is None or value is None else write(value)
        return row


def _utc(moment: datetime) -> str:
    """ISO 8601; the database gives UTC."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


def _itself(instance: Any) -> Any:
    return instance


def id_field(**options: Any) -> Whole:
    """The id of a row, within what the database can look up."""
    return Whole(min_value=1, max_value=LARGEST_ID, **options)


class BlockerSerializer(RowSerializer):
    """One reason why an action is refused."""

    code = serializers.CharField(help_text="Stable; the same on pages and in this API.")
    message = serializers.CharField(help_text="For people.")
    fix = serializers.CharField(help_text="The page that removes the reason, or empty.")

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return blocker_as_json(instance, self.context["request"])


class FieldErrorSerializer(RowSerializer):
    """What is wrong with one field."""

    field = serializers.CharField(help_text="Such as `to` or `numbers.3`; empty for the whole.")
    code = serializers.CharField()
    message = serializers.CharField()


class ProblemSerializer(RowSerializer):
    """Every answer of 4xx and 5xx (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="A sentence for people.")
    code = serializers.CharField(help_text="Stable; decide by this.")
    errors = FieldErrorSerializer(many=True)  # type: ignore[assignment]
    blockers = BlockerSerializer(many=True)
    request_id = serializers.CharField(help_text="Name it when you ask support.")
