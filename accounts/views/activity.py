"""Everything that happened in an account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import timeline
from accounts.activity import choose
from accounts.forms import EVERY_TYPE, ActivityForm
from accounts.models import Account, Event
from accounts.registries import EVENT_TYPES
from accounts.web import AccountRequest, account_page, to
from config.paging import page
from config.spreadsheets import csv_response

PAGE_SIZE = 50
COLUMNS = ["time", "type", "subject_type", "subject_id", "subject", "summary", "changes", "reason",
           "actor_kind", "actor", "request_id"]  # fmt: skip


@require_safe
@account_page()
def activity(request: AccountRequest) -> HttpResponse:
    """All events of the account, newest first, 50 a page; filters in the URL."""
    form, events = _chosen(request)
    shown = page(events, request.GET, size=PAGE_SIZE)
    context = {
        "form": form,
        "page": shown,
        "entries": timeline.entries(shown.rows, account=request.account),
        "filtered": any(form.data.get(name) for name in form.fields),
        "csv_url": f"{to(request, 'accounts:activity_csv')}?{request.GET.urlencode()}",
    }
    return render(request, "accounts/activity.html", context)


@require_safe
@account_page()
def activity_csv(request: AccountRequest) -> HttpResponseBase:
    """The same events as a file, all of them."""
    _, events = _chosen(request)
    newest_first = events.order_by("-pk").iterator(chunk_size=2_000)
    filename = f"{request.account.slug}-activity.csv"
    return csv_response(
        COLUMNS, _rows(newest_first, request.account), filename=filename, query=request.GET
    )


def _chosen(request: AccountRequest) -> tuple[ActivityForm, QuerySet[Event]]:
    form = ActivityForm(request.GET, account=request.account)
    form.is_valid()
    filters = {name: value for name, value in form.cleaned_data.items() if value}
    if filters.get("type") == EVERY_TYPE:
        del filters["type"]
    elif not filters.get("type") and not filters.get("subject"):
        return form, _without_details(choose(request.account, **filters))
    return form, choose(request.account, **filters)


def _without_details(events: QuerySet[Event]) -> QuerySet[Event]:
    """Those that no other event sums up; written as the condition of an index has it."""
    for type, kind in EVENT_TYPES.items():
        if kind.summed_up:
            events = events.exclude(type=type)
    return events


def _rows(events: Iterable[Event], account: Account) -> Iterator[list[Any]]:
    for event in events:
        changes = [
            f"{label}: {before or 'nothing'} -> {after or 'nothing'}"
            for label, before, after in timeline.changes(event, account)
            if label != "Reason"
        ]
        yield [
            event.at.isoformat(),
            event.type,
            event.subject_type,
            event.subject_id,
            event.subject_label,
            event.summary,
            "; ".join(changes),
            event.reason,
            event.actor_kind,
            event.actor_label,
            event.request_id,
        ]
