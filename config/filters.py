"""Filters that more than one app's lists use."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import django_filters
from django import forms
from django.core.validators import RegexValidator
from django.db.models import Q
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from config.outside import LARGEST_ID
from config.phone_numbers import read
from config.text import ANYTHING, fold

_ID = re.compile(r"0|[1-9][0-9]{0,18}")


def number_written(text: str, column: str = "e164") -> Q | None:
    """The rows whose number somebody means by ``text``; None when it is no number.

    ``column`` holds E.164.
    """
    written = read(text)
    return any_of(column, "contains", written.parts) if written else None


def sid_written(text: str, kind: str = "PN", column: str = "sid") -> Q | None:
    """The rows whose SID of this kind somebody means by ``text``, or by a part of it, in any case.

    None when it is no such SID. ``column`` holds SIDs as Twilio writes them.
    """
    if not re.fullmatch(rf"{kind}[0-9a-f]{{2,32}}", text, re.IGNORECASE | re.ASCII):
        return None
    sid = f"{kind}{text[2:].lower()}"
    return Q(**{column if len(sid) == 34 else f"{column}__startswith": sid})


def any_of(column: str, lookup: str, values: Iterable[str]) -> Q:
    found = Q(pk__in=[])
    for value in values:
        found |= Q(**{f"{column}__{lookup}": value})
    return found


def named(text: str, column: str = "search_name") -> Q:
    """The rows that ``text`` names, without regard to case and accents.

    ``column`` is a ``FoldedField``. A text that shows nothing names nothing.
    """
    folded = fold(text)
    return Q(**{f"{column}__contains": folded}) if folded else Q(pk__in=[])


class TextField(forms.CharField):
    """Text as it was sent; nothing but spaces is nothing."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        has_pattern = any(isinstance(each, RegexValidator) for each in self.validators)
        return text if text.strip() or has_pattern else ""


class TextFilter(django_filters.CharFilter):  # type: ignore[misc]
    """Text of at most ``max_length`` characters, spaces at its ends included."""

    field_class = TextField

    def __init__(self, *args: Any, max_length: int, pattern: str = ANYTHING, **kwargs: Any) -> None:
        super().__init__(*args, max_length=max_length, strip=False, **kwargs)
        self.json_schema = {"type": "string", "maxLength": max_length, "pattern": pattern}


def called(rows: Any, text: str) -> Any:
    """Those of the few ``rows`` whose ``name`` is ``text``, without regard to case and accents."""
    wanted = fold(text)
    pairs = rows.values_list("pk", "name")
    return rows.filter(pk__in=[pk for pk, name in pairs if fold(name) == wanted])


class IdField(forms.Field):
    """The id of a row, in plain digits; ``least`` may be 0 for one before the first."""

    def __init__(self, *args: Any, least: int = 1, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.least = least

    def to_python(self, value: Any) -> int | None:
        text = str(value if value is not None else "").strip()
        if not text:
            return None
        if not _ID.fullmatch(text) or not self.least <= int(text) <= LARGEST_ID:
            raise forms.ValidationError("Enter a whole number.")
        return int(text)


@extend_schema_field(OpenApiTypes.INT64)  # not every id is that of a field
class IdFilter(django_filters.Filter):  # type: ignore[misc]
    """The id of a row. An id of another account matches nothing, as one that does not exist."""

    field_class = IdField

    def __init__(self, *args: Any, least: int = 1, **kwargs: Any) -> None:
        super().__init__(*args, least=least, **kwargs)
        self.json_schema = {
            "type": "integer",
            "format": "int64",
            "minimum": least,
            "maximum": LARGEST_ID,
        }


class YesNoField(forms.Field):
    """True, false or nothing; Django's own field takes anything else for nothing."""

    def to_python(self, value: Any) -> bool | None:
        text = str(value or "").lower()
        if text in ("", "true", "false"):
            return {"true": True, "false": False}.get(text)
        raise forms.ValidationError("Say true or false.")


class YesNoFilter(django_filters.BooleanFilter):  # type: ignore[misc]
    """True or false; a value that is neither is refused instead of ignored."""

    field_class = YesNoField
