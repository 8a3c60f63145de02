"""Which numbers are meant: tabs, search and filters of the list page, the CSV, REST and bulk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, cast

import django_filters
from django.db import models
from django.db.models import Q
from django.http import QueryDict

from accounts.models import Event
from carrier.types import NumberType
from config.errors import Invalid
from config.filters import IdFilter, TextFilter, YesNoFilter, named, number_written, sid_written
from config.text import tidy
from numbers.models import CarrierTask, NumberCount, PhoneNumber
from numbers.models.inventory import PhoneNumberQuerySet
from numbers.states import (
    OPEN_TASK_STATES,
    OUTCOME_EVENTS,
    TAKES_LICENSE,
    NumberState,
    Outcome,
)

#: Characters of a search; a link to a text message may carry the message.
LONGEST_SEARCH = 200


class Tab(models.TextChoices):
    """The tabs of the Numbers page. ``gone`` shows only when it is asked for or not empty.

    ``disabled`` are those of the assigned ones that are not enabled: an agent stands ready, and
    nobody answers (decision 44).
    """

    ALL = "all", "All"
    ASSIGNED = "assigned", "Assigned"
    UNASSIGNED = "unassigned", "Unassigned"
    DISABLED = "disabled", "Disabled"
    RELEASED = "released", "Released"
    EXCLUDED = "excluded", "Excluded"
    MISSING = "missing", "Missing"
    GONE = "gone", "Gone"


#: The states that a tab shows; of held ones, three tabs ask for more besides (``holds``).
TAB_STATES: dict[str, tuple[NumberState, ...]] = {
    Tab.ALL: TAKES_LICENSE,
    Tab.ASSIGNED: (NumberState.HELD,),
    Tab.UNASSIGNED: (NumberState.HELD,),
    Tab.DISABLED: (NumberState.HELD,),
    Tab.RELEASED: (NumberState.RELEASED, NumberState.RELEASING),
    Tab.EXCLUDED: (NumberState.EXCLUDED,),
    Tab.MISSING: (NumberState.MISSING,),
    Tab.GONE: (NumberState.GONE,),
}


def _condition(tab: Tab) -> Q:
    shown = Q(state__in=TAB_STATES[tab])
    if tab in (Tab.ASSIGNED, Tab.UNASSIGNED, Tab.DISABLED):
        shown &= Q(agent__isnull=tab == Tab.UNASSIGNED)
    if tab == Tab.DISABLED:
        shown &= Q(enabled_at=None)
    return shown


def tab_of(state: str, *, assigned: bool) -> Tab:
    """The tab that such a number is in; ``all`` and ``disabled`` may show it as well."""
    return next(tab for tab in reversed(Tab) if holds(tab, state, assigned=assigned, enabled=True))


def holds(tab: Tab, state: str, *, assigned: bool, enabled: bool) -> bool:
    """Whether the tab shows such a number without asking the database."""
    if tab == Tab.DISABLED:
        return state == NumberState.HELD and assigned and not enabled
    if tab in (Tab.ASSIGNED, Tab.UNASSIGNED):
        return state == NumberState.HELD and assigned == (tab == Tab.ASSIGNED)
    return state in TAB_STATES[tab]


def _is_in(tab: Tab, count: NumberCount) -> bool:
    """Whether the tab shows the numbers of this count."""
    return holds(tab, count.state, assigned=count.assigned, enabled=count.enabled)


class Capability(models.TextChoices):
    VOICE = "voice", "Voice"
    SMS = "sms", "SMS"
    MMS = "mms", "MMS"


def tab_counts(counts: Iterable[NumberCount]) -> dict[str, int]:
    """How many numbers each tab holds, by the ``counts`` of their account."""
    return {tab: sum(each.amount for each in counts if _is_in(tab, each)) for tab in Tab}


def country_counts(counts: Iterable[NumberCount], tab: str) -> dict[str, int]:
    """How many numbers of each country the tab holds; without a tab, the account.

    Numbers of no country (satellites, say) are left out: nothing chooses them.
    """
    found = Counter[str]()
    for each in counts:
        if each.country and (tab not in TAB_STATES or _is_in(Tab(tab), each)):
            found[each.country] += each.amount
    return {country: amount for country, amount in found.items() if amount}


def search(numbers: PhoneNumberQuerySet, text: str) -> PhoneNumberQuerySet:
    """Numbers that ``text`` could mean: a number or a part of one in any format, a name, or a SID.

    Names are compared without case and accents (B10).
    """
    text = tidy(text)
    if sid := sid_written(text):
        return numbers.filter(sid)
    written = number_written(text)
    return numbers.filter(named(text) if written is None else named(text) | written)


class NumberFilter(django_filters.FilterSet):  # type: ignore[misc]
    """The filters of every list of numbers. Give it a queryset that is ``visible_to`` the actor."""

    tab = django_filters.ChoiceFilter(label="Tab", choices=Tab.choices, method="in_tab")
    q = TextFilter(label="Search", max_length=LONGEST_SEARCH, method="by_text")
    state = django_filters.ChoiceFilter(label="State", choices=NumberState.choices)
    agent = IdFilter(label="Agent", field_name="agent_id")
    tag = TextFilter(label="Tag", max_length=40, method="with_tag")
    country = TextFilter(label="Country", max_length=2, method="in_country")
    type = django_filters.ChoiceFilter(label="Type", choices=NumberType.choices)
    capability = django_filters.MultipleChoiceFilter(
        label="Capability", choices=Capability.choices, method="with_capabilities"
    )
    task = django_filters.ChoiceFilter(
        label="At Twilio", choices=[(state.value, state.label) for state in OPEN_TASK_STATES],
        method="with_task",
    )  # fmt: skip
    protected = YesNoFilter(label="Protected")
    enabled = YesNoFilter(label="Enabled", method="that_are_enabled")
    elsewhere = YesNoFilter(label="Texts go elsewhere", method="whose_texts_go_elsewhere")
    differs = YesNoFilter(label="Settings at Twilio differ", method="whose_settings_differ")
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
        return numbers.filter(_condition(Tab(value)))

    def by_text(self, numbers: PhoneNumberQuerySet, name: str, value: str) -> PhoneNumberQuerySet:
        return search(numbers, value)

    def with_tag(self, numbers: PhoneNumberQuerySet, name: str, value: str) -> PhoneNumberQuerySet:
        return numbers.filter(tags__name=tidy(value.lower()))

    def in_country(
        self, numbers: PhoneNumberQuerySet, name: str, value: str
    ) -> PhoneNumberQuerySet:
        return numbers.filter(country=value.upper())

    def with_capabilities(
        self, numbers: PhoneNumberQuerySet, name: str, value: list[str]
    ) -> PhoneNumberQuerySet:
        return numbers.filter(**dict.fromkeys(value, True))

    def with_task(self, numbers: PhoneNumberQuerySet, name: str, value: str) -> PhoneNumberQuerySet:
        tasks = CarrierTask.objects.filter(state=value)
        return numbers.filter(pk__in=tasks.values("number_id"))

    def decided_to_keep(
        self, numbers: PhoneNumberQuerySet, name: str, value: bool
    ) -> PhoneNumberQuerySet:
        return numbers.filter(keep_decided_at__isnull=not value)

    def that_are_enabled(
        self, numbers: PhoneNumberQuerySet, name: str, value: bool
    ) -> PhoneNumberQuerySet:
        return numbers.filter(enabled_at__isnull=not value)

    def whose_texts_go_elsewhere(
        self, numbers: PhoneNumberQuerySet, name: str, value: bool
    ) -> PhoneNumberQuerySet:
        """Enabled ones that Twilio, as the last refresh found it, does not send here."""
        if value:
            return numbers.going_elsewhere()
        return numbers.exclude(pk__in=PhoneNumber.objects.going_elsewhere())

    def whose_settings_differ(
        self, numbers: PhoneNumberQuerySet, name: str, value: bool
    ) -> PhoneNumberQuerySet:
        """Held ones whose settings at Twilio are other than before, not decided about yet."""
        if value:
            return numbers.differing()
        return numbers.exclude(pk__in=PhoneNumber.objects.differing())

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

    Without a tab, a state, an import or a task at Twilio it means all that are held.
    """
    data = QueryDict(query, mutable=True) if isinstance(query, str) else query
    if not any(data.get(name) for name in ("tab", "state", "imported_in", "task")):
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


def shown_by(query: str) -> Callable[[PhoneNumberQuerySet], PhoneNumberQuerySet]:
    """Narrows numbers to those that the list shows for ``query``: the choice of a bulk action."""
    return partial(matching, query=query)
