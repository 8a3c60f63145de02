"""The Numbers page: tabs, search, filters, sort, pages and selection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlencode

from django.db.models import Subquery
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.registries import Rows
from accounts.states import JobState
from accounts.web import AccountRequest, account_page, to
from config import clock
from licensing.models import Subscription
from numbers import listing
from numbers.actions import ACTIONS
from numbers.evidence import Evidence, evidence_of, origins_of
from numbers.filters import FILTER_NAMES, NumberFilter, Tab, country_counts, filter_of, tab_counts
from numbers.forms.actions import agent_choices
from numbers.gates import facts_of
from numbers.models import Import, PhoneNumber, SavedFilter
from numbers.models.inventory import PhoneNumberQuerySet
from numbers.states import ListColumn, NumberState

from .columns import Columns, columns_of
from .elsewhere import Back, Elsewhere, elsewhere, way_back
from .imports import address_of, found_in_words
from .narrowing import (
    POSITION,
    Options,
    address_with,
    capability_choices,
    chips,
    filter_choices,
    kept_fields,
    page_links,
    sort_links,
    sort_name,
    tab_address,
    tab_links,
    topics,
    view_query,
)
from .shown import Badge, Service, capabilities, flags, restorable_until, services, state_badge

#: With more agents than this, a row links to the page that assigns instead of listing them all.
MOST_AGENTS_IN_A_ROW = 30
#: Less than one in so many held ones are few.
FEW_IN = 20
#: Why a tab is empty, and what that means.
EMPTY: dict[str, tuple[str, str]] = {
    Tab.ALL: ("No numbers held", "Refresh to bring in what the connection has at Twilio."),
    Tab.ASSIGNED: ("No number has an agent", "Assign one under Unassigned, or from its own page."),
    Tab.UNASSIGNED: ("Nothing to decide", "Every number has an agent. New ones appear here."),
    Tab.DISABLED: ("Nothing is disabled", "Every number that has an agent is enabled."),
    Tab.RELEASED: ("Nothing was released", "Released numbers stay here and can come back."),
    Tab.EXCLUDED: ("Nothing is excluded", "Excluded numbers stay at Twilio and take no license."),
    Tab.MISSING: ("Nothing is missing", "Numbers that a refresh no longer finds appear here."),
    Tab.GONE: ("Nothing is gone", "Missing numbers that were marked as gone appear here."),
}


@dataclass(frozen=True)
class Row:
    """A number as the table shows it; ``back`` is what brings it back.

    ``then`` is the place on the page where one goes on after deciding about it: the next row.
    ``evidence`` is there where one decides about it, unless it has an agent; ``origin`` where its
    column is shown.
    """

    number: PhoneNumber
    state: Badge
    until: datetime | None
    flags: list[Badge]
    capabilities: str
    services: list[Service]
    origin: str
    back: Back | None
    then: str
    evidence: Evidence | None


@require_safe
@account_page()
def numbers(request: AccountRequest) -> HttpResponse:
    """The numbers of a tab, 50 a page (S0-21, S0-22)."""
    at = clock.now()
    mine = PhoneNumber.objects.visible_to(request.actor)
    counted = list(request.account.number_counts.all())
    counts = tab_counts(counted)
    chosen = filter_of(mine, request.GET)
    tab = chosen.data.get("tab") or ""
    valid = chosen.is_valid()
    active = [
        name for name in FILTER_NAMES if chosen.form.cleaned_data.get(name) not in ("", None, [])
    ]
    found = cast(PhoneNumberQuerySet, chosen.qs if valid else mine.none())
    order, countries = sort_name(request.GET, tab), country_counts(counted, tab)
    page = listing.page(
        found,
        listing.sort_by(order, narrowed=bool(active) or _are_few(counts, tab)),
        total=_known_total(chosen, active, tab, counts, countries) if valid else None,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        last="last" in request.GET,
    )
    if not page.rows and any(name in request.GET for name in POSITION):
        return redirect(address_with(request))  # what was on this page has been decided
    options, sorts = Options.of(request), sort_links(request, order)
    columns = columns_of(request, tab, sorts, connections=len(options.connections))
    context = {
        "tab": tab,
        "elsewhere": _elsewhere(request, chosen, tab, page, at=at),
        "tabs": tab_links(request, counts, tab),
        "decides": tab == Tab.UNASSIGNED and request.actor.can_numbers,
        "can_come_back": tab in (Tab.RELEASED, Tab.EXCLUDED) and request.actor.can_numbers,
        "rows": _rows(page, request, columns, decides=tab == Tab.UNASSIGNED, at=at),
        "total": page.total,
        "pages": page_links(address_with(request), page),
        "errors": chosen.errors,
        "search": request.GET.get("q", ""),
        "kept_fields": kept_fields(request.GET),
        "chips": chips(request, chosen, active, options),
        "choices": filter_choices(chosen, options, order, countries),
        "capabilities": capability_choices(chosen),
        "filtered": bool(active) or not valid,
        "unfiltered_url": tab_address(request, tab or Tab.ALL),
        "sorts": sorts,
        "columns": columns,
        "meter": _meter(request, counts[Tab.ALL]),
        "unassigned": counts[Tab.UNASSIGNED],
        "saved": SavedFilter.objects.filter(account=request.account, user=request.user),
        "query": view_query(request.GET),
        "selection_key": view_query(request.GET),
        "bulk_actions": _bulk_actions(request, tab, *topics(chosen)),
        "agents": agent_choices(options.agents) if tab == Tab.UNASSIGNED else [],
        "agents_inline": len(options.agents) <= MOST_AGENTS_IN_A_ROW,
        "last_refresh": _last_refresh(request),
        "empty": _empty(request, tab, options, held=bool(counts[Tab.ALL])),
        "has_source": options.has_source,
        "has_none": not any(counts.values()),
    }
    return render(request, "numbers/list.html", context, status=200 if valid else 422)


def to_decide(request: AccountRequest) -> Rows:
    """All held numbers, for an account that is over its licenses: first those that nobody has
    decided about, then the kept ones, then those with an agent (S0-10, S0-22)."""
    at, options = clock.now(), Options.of(request)
    counts = tab_counts(request.account.number_counts.all())
    held = filter_of(PhoneNumber.objects.visible_to(request.actor), urlencode({"tab": Tab.ALL}))
    found, order = cast(PhoneNumberQuerySet, held.qs), listing.sort_by("decision", narrowed=False)
    page = listing.page(
        found,
        order,
        total=counts[Tab.ALL],
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        last="last" in request.GET,
    )
    if not page.rows:  # what was on this page has been decided
        page = listing.page(found, order, total=counts[Tab.ALL])
    tab = Tab.ALL if any(number.is_assigned for number in page.rows) else Tab.UNASSIGNED
    columns = columns_of(request, tab, {}, connections=len(options.connections))
    context = {
        "decides": request.actor.can_numbers,
        "rows": _rows(page, request, columns, decides=True, at=at),
        "total": page.total,
        "pages": page_links(f"{request.path}?", page),
        "columns": columns,
        "query": urlencode({"sort": "decision"}),
        "selection_key": "decide",
        "bulk_actions": _bulk_actions(request, Tab.ALL, Tab.UNASSIGNED),
        "agents": agent_choices(options.agents),
        "agents_inline": len(options.agents) <= MOST_AGENTS_IN_A_ROW,
        "unassigned": counts[Tab.UNASSIGNED],
    }
    return Rows("numbers/rows.html", context)


def _are_few(counts: dict[str, int], tab: str) -> bool:
    """Whether so few of what is held are in the tab that walking all of it to find them is long."""
    return tab in (Tab.ASSIGNED, Tab.DISABLED) and counts[tab] * FEW_IN < counts[Tab.ALL]


def _known_total(
    chosen: NumberFilter,
    active: list[str],
    tab: str,
    counts: dict[str, int],
    countries: dict[str, int],
) -> int | None:
    """How many match, where the kept counts say so; a page of unknown length is counted."""
    if active == ["country"] and tab in counts:
        return countries.get(chosen.form.cleaned_data["country"].upper(), 0)
    return None if active else counts.get(tab)


def _elsewhere(
    request: AccountRequest, chosen: NumberFilter, tab: str, page: listing.Page, *, at: datetime
) -> Elsewhere | None:
    text = chosen.form.cleaned_data.get("q")
    if page.rows or not text or not chosen.is_valid():
        return None
    return elsewhere(request, text, tab, at=at)


def _empty(request: AccountRequest, tab: str, options: Options, *, held: bool) -> tuple[str, str]:
    """Why the tab is empty, and what its reader can do about it."""
    if held or tab not in (Tab.ALL, Tab.ASSIGNED, Tab.UNASSIGNED, Tab.DISABLED):
        return EMPTY.get(tab, EMPTY[Tab.ALL])
    title, text = EMPTY[Tab.ALL]
    if not options.has_source:
        text = "No subaccount is connected any more. Numbers come with one that is."
    elif not request.actor.can_numbers:
        text = "Those who manage numbers here can bring in what the connection has at Twilio."
    return title, text


def _rows(
    page: listing.Page, request: AccountRequest, columns: Columns, *, decides: bool, at: datetime
) -> list[Row]:
    have_left = any(row.state != NumberState.HELD for row in page.rows)
    asks = have_left and request.actor.can_numbers
    facts = facts_of(request.account, at=at) if asks else None
    waiting = [row for row in page.rows if row.state == NumberState.HELD and not row.is_assigned]
    known = evidence_of(waiting) if decides else {}
    origins = origins_of([row.pk for row in page.rows]) if columns.has(ListColumn.ORIGIN) else {}
    following = [*page.rows[1:], *page.rows[-2:-1], None]
    return [
        Row(
            number=number,
            state=state_badge(number, request.account.zone, at=at),
            until=restorable_until(number, at),
            flags=flags(number, number.open_tasks),  # type: ignore[attr-defined]
            capabilities=capabilities(number),
            services=services(number),
            origin=origins.get(number.pk, ""),
            back=way_back(number, request, facts) if facts else None,
            then=f"#number-{other.pk}" if other else "",
            evidence=known.get(number.pk),
        )
        for number, other in zip(page.rows, following, strict=False)
    ]


def _meter(request: AccountRequest, held: int) -> dict[str, Any]:
    subscription = Subscription.objects.filter(account=request.account).only("licenses").first()
    licenses = subscription.licenses if subscription else 0
    return {
        "held": held,
        "licenses": licenses,
        "over": max(0, held - licenses),
        "url": to(request, "licensing:manage"),
    }


def _bulk_actions(request: AccountRequest, *tabs: str) -> list[dict[str, str]]:
    """What is offered for many numbers in one of these tabs; the last only reads them."""
    if not request.actor.can_numbers:
        return []
    back = urlencode({"next": request.get_full_path()})
    export = {
        "value": "export",
        "label": "Export",
        "url": f"{to(request, 'numbers:export')}?{back}",
    }
    acts = [
        {"value": name, "label": action.label, "tone": "danger" if action.danger else ""}
        for name, action in ACTIONS.items()
        if action.many and (not action.many.tabs or not {*tabs}.isdisjoint(action.many.tabs))
    ]
    return [*acts, export]


@dataclass(frozen=True)
class Refresh:
    """The last refresh: the imports that were asked for together, and what came of them."""

    url: str
    words: str
    finished_at: datetime | None
    found: str


def _last_refresh(request: AccountRequest) -> Refresh | None:
    mine = Import.objects.visible_to(request.actor)
    latest = mine.order_by("-pk").values("job__created_at")[:1]
    runs = list(mine.filter(job__created_at=Subquery(latest)).select_related("job").order_by("pk"))
    if not runs:
        return None
    jobs, url = [run.job for run in runs], address_of(request, runs)
    if any(job.is_open for job in jobs):
        return Refresh(url, "A refresh is running", None, "")
    ended = max(job.finished_at or job.created_at for job in jobs)
    failed = sum(job.state == JobState.FAILED for job in jobs)
    if failed == len(jobs):
        return Refresh(url, "The last refresh failed", ended, "")
    found = found_in_words(jobs)
    if failed:
        return Refresh(url, f"{failed} of {len(jobs)} connections could not be read", ended, found)
    return Refresh(url, "Last refreshed", ended, found)
