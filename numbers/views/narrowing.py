"""What the list of numbers is narrowed to, as links: tabs, chips, filters, order, pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from accounts.web import AccountRequest, to
from carrier.types import NumberType
from config.countries import name_of
from config.text import fold
from numbers import listing
from numbers.filters import FILTER_NAMES, Capability, NumberFilter, Tab
from numbers.models import Tag
from numbers.states import ENDED, NumberState, Outcome, TaskState

#: Names of the query string that say where in the list one is; any other change starts anew.
POSITION = ("after", "before", "last")


@dataclass(frozen=True)
class Choice:
    """A drop-down of the filter panel."""

    name: str
    label: str
    options: list[tuple[str, str, bool]]


@dataclass(frozen=True)
class Options:
    """What the account has to filter by."""

    agents: list[Any]
    tags: list[str]
    connections: list[Any]

    @property
    def has_source(self) -> bool:
        """That a connection is left through which numbers can come, now or once it is mended."""
        return any(each.state not in ENDED for each in self.connections)

    @classmethod
    def of(cls, request: AccountRequest) -> Options:
        return cls(
            agents=list(request.account.agents.order_by("name")),
            tags=list(Tag.objects.filter(account=request.account).values_list("name", flat=True)),
            connections=list(
                request.account.connections.order_by("name").only("account_id", "name", "state")
            ),
        )


def view_query(query: QueryDict) -> str:
    """The query string of this view: tab, filters and sort, without the place in the list."""
    return _view(query).urlencode()


def _view(query: QueryDict) -> QueryDict:
    """The query without the place in the list and without controls that were left empty."""
    kept = QueryDict(mutable=True)
    for name, values in query.lists():
        if name not in POSITION and any(values):
            kept.setlist(name, values)
    return kept


def address_with(request: AccountRequest, **changes: Any) -> str:
    """This list with other filters, from its first page; None takes a name away."""
    query = _view(request.GET)
    for name, value in changes.items():
        if value is None:
            query.pop(name, None)
        elif isinstance(value, list):
            query.setlist(name, value)
        else:
            query[name] = str(value)
    return f"{to(request, 'numbers:list')}?{query.urlencode()}"


def sort_name(query: QueryDict, tab: str) -> str:
    """The order that the query asks for, else the usual one of the tab."""
    wanted = query.get("sort", "")
    if wanted in listing.SORTS:
        return wanted
    return "decision" if tab == Tab.UNASSIGNED else "number"


def tab_links(
    request: AccountRequest, counts: dict[str, int], current: str
) -> list[dict[str, Any]]:
    shown = [tab for tab in Tab if tab != Tab.GONE or tab == current or counts[tab]]
    return [
        {
            "label": tab.label,
            "url": tab_address(request, tab),
            "count": counts[tab],
            "current": tab == current,
        }
        for tab in shown
    ]


def tab_address(request: AccountRequest, tab: str) -> str:
    address = to(request, "numbers:list")
    return address if tab == Tab.ALL else f"{address}?{urlencode({'tab': str(tab)})}"


def page_links(first: str, page: listing.Page) -> dict[str, str]:
    def link(**position: str) -> str:
        return f"{first}&{urlencode(position)}"

    return {
        "range": f"{page.first:,} to {page.last:,} of {page.total:,}" if page.rows else "",
        "first_url": first if page.before else "",
        "previous_url": link(before=page.before) if page.before else "",
        "next_url": link(after=page.after) if page.after else "",
        "last_url": link(last="1") if page.after else "",
    }


def kept_fields(query: QueryDict) -> list[tuple[str, str]]:
    """What the filter form carries along because it has no control for it."""
    names = ("tab", "state", "imported_in", "outcome", "task")
    return [(name, query.get(name, "")) for name in names if query.get(name)]


def chips(
    request: AccountRequest, chosen: NumberFilter, active: list[str], options: Options
) -> list[dict[str, Any]]:
    """Each filter in force, as a link that takes it away."""
    values = chosen.form.cleaned_data
    agents = {agent.pk: agent.name for agent in options.agents}
    connections = {each.pk: each.name for each in options.connections}
    texts: dict[str, Callable[[Any], str]] = {
        "q": lambda value: f"Search: {value}",
        "state": lambda value: str(NumberState(value).label),
        "agent": lambda value: f"Agent: {agents.get(value, 'unknown')}",
        "tag": lambda value: f"Tag: {value}",
        "country": lambda value: f"Country: {name_of(value.upper())}",
        "type": lambda value: str(NumberType(value).label),
        "capability": lambda value: ", ".join(str(Capability(each).label) for each in value),
        "protected": lambda value: "Protected" if value else "Not protected",
        "enabled": lambda value: "Enabled" if value else "Not enabled",
        "elsewhere": lambda value: "Texts go elsewhere" if value else "Texts do not go elsewhere",
        "differs": lambda value: "Changed at Twilio" if value else "Not changed at Twilio",
        "connection": lambda value: f"Connection: {connections.get(value, 'unknown')}",
        "task": lambda value: str(TaskState(value).label),
        "kept": lambda value: "Kept as spare" if value else "Not decided",
        "imported_in": lambda value: f"Import {value}",
        "outcome": lambda value: str(Outcome(value).label),
    }
    return [
        {
            "label": texts[name](values[name]),
            "url": address_with(request, **{name: None}),
            "on": True,
        }
        for name in active
    ]


def filter_choices(
    chosen: NumberFilter, options: Options, order: str, countries: dict[str, int]
) -> list[Choice]:
    """The drop-downs of the filter panel, with what is chosen now."""
    now = {name: chosen.data.get(name) for name in FILTER_NAMES}
    if country := chosen.form.cleaned_data.get("country"):
        now["country"] = country.upper()
        countries = {country.upper(): 0} | countries
    lists: list[tuple[str, str, list[tuple[str, str]]]] = [
        ("agent", "Agent", [(str(agent.pk), agent.name) for agent in options.agents]),
        ("tag", "Tag", [(tag, tag) for tag in options.tags]),
        (
            "country",
            "Country",
            sorted(
                ((code, f"{name_of(code)} ({count:,})") for code, count in countries.items()),
                key=lambda pair: fold(pair[1]),
            ),
        ),
        ("type", "Type", [(str(value), label) for value, label in NumberType.choices]),
        ("protected", "Protection", [("true", "Protected"), ("false", "Not protected")]),
        ("enabled", "Service", [("true", "Enabled"), ("false", "Not enabled")]),
        (
            "differs",
            "Settings at Twilio",
            [("true", "Changed, not decided"), ("false", "As before")],
        ),
        ("kept", "Decision", [("true", "Kept as spare"), ("false", "Not decided")]),
    ]
    if len(options.connections) > 1:
        connections = [(str(each.pk), each.name) for each in options.connections]
        lists.append(("connection", "Connection", connections))
    found = [
        Choice(
            name,
            label,
            [("", "Any", False)] + [(value, text, now[name] == value) for value, text in pairs],
        )
        for name, label, pairs in lists
        if pairs
    ]
    orders = [(name, sort.label, name == order) for name, sort in listing.SORTS.items()]
    return [*found, Choice("sort", "Sort by", orders)]


def capability_choices(chosen: NumberFilter) -> list[tuple[str, str, bool]]:
    wanted = chosen.form.cleaned_data.get("capability") or []
    return [(str(value), label, value in wanted) for value, label in Capability.choices]


def sort_links(request: AccountRequest, current: str) -> dict[str, dict[str, str]]:
    """For the head of each column: where a click leads, and the order that is in force."""
    links = {}
    for name in ("number", "name", "state", "agent", "imported"):
        order = {name: "ascending", f"-{name}": "descending"}.get(current, "")
        wanted = f"-{name}" if current == name else name
        links[name] = {"url": address_with(request, sort=wanted), "order": order}
    return links


def topics(chosen: NumberFilter) -> list[str]:
    """What the filters that are in force offer for many besides."""
    return ["differs"] if chosen.form.cleaned_data.get("differs") else []
