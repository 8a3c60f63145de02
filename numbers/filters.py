"""Which numbers are meant: tabs, search and filters of the list page, the CSV, REST and bulk."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

import django_filters
from django.db import models
from django.db.models import Count, Q
from django.http import QueryDict

from accounts.models import Event
from config.errors import Invalid
from config.filters import IdFilter, YesNoFilter
from config.phone_numbers import digits_of
from numbers.models import PhoneNumber
from numbers.models.inventory import PhoneNumberQuerySet
from numbers.states import TAKES_LICENSE, NumberState, NumberType

_LOOKS_LIKE_A_NUMBER = re.compile(r"^[\d\s()+./-]+$")
_LOOKS_LIKE_A_SID = re.compile(r"^PN[0-9a-f]{2,32}$", re.IGNORECASE)
#: From this many digits on, a leading zero is taken for a trunk prefix (020 7946… in the UK).
_TRUNK_PREFIX_FROM = 7


class Tab(models.TextChoices):
    """The tabs of the Numbers page. ``gone`` shows only when it is asked for or not empty."""

    ALL = "all", "All"
    ASSIGNED = "assigned", "Assigned"
    UNASSIGNED = "unassigned", "Unassigned"
    RELEASED = "released", "Released"
    EXCLUDED = "excluded", "Excluded"
    MISSING = "missing", "Missing"
    GONE = "gone", "Gone"


TAB_CONDITIONS: dict[str, Q] = {
    Tab.ALL: Q(state__in=TAKES_LICENSE),
    Tab.ASSIGNED: Q(state=NumberState.HELD, agent__isnull=False),
    Tab.UNASSIGNED: Q(state=NumberState.HELD, agent__isnull=True),
    Tab.RELEASED: Q(state__in=[NumberState.RELEASED, NumberState.RELEASING]),
    Tab.EXCLUDED: Q(state=NumberState.EXCLUDED),
    Tab.MISSING: Q(state=NumberState.MISSING),
    Tab.GONE: Q(state=NumberState.GONE),
}


class Outcome(models.TextChoices):
    """What an import found about a number; each is an event of the import's job."""

    NEW = "new", "New"
    CHANGED = "changed", "Changed"
    CAME_BACK = "came_back", "Came back"
    MISSING = "missing", "No longer found"


OUTCOME_EVENTS: dict[str, str] = {
    Outcome.NEW: "number.imported",
    Outcome.CHANGED: "number.changed",
    Outcome.CAME_BACK: "number.came_back",
    Outcome.MISSING: "number.missing",
}


class Capability(models.TextChoices):
    VOICE = "voice", "Voice"
    SMS = "sms", "SMS"
    MMS = "mms", "MMS"


def tab_counts(numbers: PhoneNumberQuerySet) -> dict[str, int]:
    """How many numbers each tab holds, in one grouped query that an index answers alone."""
    rows = numbers.order_by().values("state").annotate(all=Count("pk"), assigned=Count("agent_id"))
    by_state = {row["state"]: row["all"] for row in rows}
    assigned = sum(row["assigned"] for row in rows)
    return {
        Tab.ALL: sum(by_state.get(state, 0) for state in TAKES_LICENSE),
        Tab.ASSIGNED: assigned,
        Tab.UNASSIGNED: by_state.get(NumberState.HELD, 0) - assigned,
        Tab.RELEASED: by_state.get(NumberState.RELEASED, 0)
        + by_state.get(NumberState.RELEASING, 0),
        Tab.EXCLUDED: by_state.get(NumberState.EXCLUDED, 0),
        Tab.MISSING: by_state.get(NumberState.MISSING, 0),
        Tab.GONE: by_state.get(NumberState.GONE, 0),
    }


def search(numbers: PhoneNumberQuerySet, text: str) -> PhoneNumberQuerySet:
    """Numbers that ``text`` could mean: digits anywhere in any format, a name, or a SID (B10)."""
    text = text.strip()
    if _LOOKS_LIKE_A_SID.match(text):
        sid = f"PN{text[2:].lower()}"
        return numbers.filter(sid=sid) if len(sid) == 34 else numbers.filter(sid__startswith=sid)
    if not _LOOKS_LIKE_A_NUMBER.match(text):
        return numbers.filter(Q(label__icontains=text) | Q(friendly_name__icontains=text))
    # Digits have no upper case, and a case-blind comparison costs PostgreSQL twice the time.
    condition = Q(label__contains=text) | Q(friendly_name__contains=text)
    digits = digits_of(text)
    if digits:
        condition |= Q(e164__contains=digits)
    if len(digits) >= _TRUNK_PREFIX_FROM and digits.startswith("0"):
        condition |= Q(e164__contains=digits.lstrip("0"))
    return numbers.filter(condition)


class NumberFilter(django_filters.FilterSet):  # type: ignore[misc]
    """The filters of every list of numbers. Give it a queryset that is ``visible_to`` the actor."""

    tab = django_filters.ChoiceFilter(label="Tab", choices=Tab.choices, method="in_tab")
    q = django_filters.CharFilter(label="Search", max_length=100, method="by_text")
    state = django_filters.ChoiceFilter(label="State", choices=NumberState.choices)
    agent = IdFilter(label="Agent", field_name="agent_id")
    tag = django_filters.CharFilter(label="Tag", max_length=40, method="with_tag")
    country = django_filters.CharFilter(label="Country", max_length=2, method="in_country")
    type = django_filters.ChoiceFilter(label="Type", choices=NumberType.choices)
    capability = django_filters.MultipleChoiceFilter(
        label="Capability", choices=Capability.choices, method="with_capabilities"
    )
    protected = YesNoFilter(label="Protected")
    connection = IdFilter(label="Connection", field_name="connection_id")
    kept = YesNoFilter(label="Kept", method="decided_to_keep")
    imported_in = IdFilter(label="Import", method="of_import")
    outcome = django_filters.ChoiceFilter(
        label="Import found it", choices=Outcome.choices, method="with_outcome"
    )

    class Meta:
        model = PhoneNumber
        fields: list[str] = []

    def in_tab(self, numbers: PhoneNumberQuerySet, name: str, value: str) -> PhoneNumberQuerySet:
        return numbers.filter(TAB_CONDITIONS[value])

    def by_text(self, numbers: PhoneNumberQuerySet, name: str, value: str) -> PhoneNumberQuerySet:
        return search(numbers, value)

    def with_tag(self, numbers: PhoneNumberQuerySet, name: str, value: str) -> PhoneNumberQuerySet:
        return numbers.filter(tags__name=value)

    def in_country(
        self, numbers: PhoneNumberQuerySet, name: str, value: str
    ) -> PhoneNumberQuerySet:
        return numbers.filter(country=value.upper())

    def with_capabilities(
        self, numbers: PhoneNumberQuerySet, name: str, value: list[str]
    ) -> PhoneNumberQuerySet:
        return numbers.filter(**dict.fromkeys(value, True))

    def decided_to_keep(
        self, numbers: PhoneNumberQuerySet, name: str, value: bool
    ) -> PhoneNumberQuerySet:
        return numbers.filter(keep_decided_at__isnull=not value)

    def of_import(self, numbers: PhoneNumberQuerySet, name: str, value: int) -> PhoneNumberQuerySet:
        """Numbers that an import (by its job's id) touched; ``outcome`` narrows what it found."""
        outcome = self.form.cleaned_data.get("outcome")
        types = [OUTCOME_EVENTS[outcome]] if outcome else list(OUTCOME_EVENTS.values())
        touched = Event.objects.filter(job_id=value, type__in=types, subject_type="number")
        return numbers.filter(pk__in=touched.values("subject_id"))

    def with_outcome(
        self, numbers: PhoneNumberQuerySet, name: str, value: str
    ) -> PhoneNumberQuerySet:
        """Says something only together with ``imported_in``, which reads it."""
        return numbers


#: Names of the query string that narrow the list; the others say where one is in it.
FILTER_NAMES = tuple(name for name in NumberFilter.base_filters if name != "tab")


def filter_of(numbers: PhoneNumberQuerySet, query: str | Mapping[str, Any]) -> NumberFilter:
    """The filter of a list page's query string.

    Without a tab, a state or an import it means all that are held.
    """
    data = QueryDict(query, mutable=True) if isinstance(query, str) else query
    if not any(data.get(name) for name in ("tab", "state", "imported_in")):
        data = cast(QueryDict, data).copy()
        data["tab"] = Tab.ALL
    return NumberFilter(data, queryset=numbers)


def matching(numbers: PhoneNumberQuerySet, query: str) -> PhoneNumberQuerySet:
    """The numbers that a list page's query string shows, on all its pages together.

    Raises ``Invalid`` for a filter that cannot be read: leaving it out would mean more numbers
    than the person saw.
    """
    chosen = filter_of(numbers, query)
    if not chosen.is_valid():
        raise Invalid({name: list(errors) for name, errors in chosen.errors.items()})
    return cast(PhoneNumberQuerySet, chosen.qs)
