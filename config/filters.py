"""Filters that more than one app's lists use."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms

LARGEST_ID = 2**63 - 1


class IdFilter(django_filters.Filter):  # type: ignore[misc]
    """The id of a row. An id of another account matches nothing, as one that does not exist."""

    field_class = forms.IntegerField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, min_value=1, max_value=LARGEST_ID, **kwargs)


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
