"""The current view of the Numbers page as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any, cast

from django.contrib import messages
from django.http import QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from accounts.web import AccountRequest, account_page, came_from, to
from carrier.types import NumberType
from config import clock
from config.spreadsheets import csv_response
from numbers import listing
from numbers.evidence import origins_of
from numbers.filters import filter_of
from numbers.forms.bulk import TickedForm
from numbers.models import PhoneNumber
from numbers.models.inventory import PhoneNumberQuerySet
from numbers.services.columns import COLUMNS, Desk
from numbers.services.comparison import tags_of
from numbers.states import NumberState

from .narrowing import sort_name
from .shown import capabilities, held_word

#: Numbers that are in memory at a time.
CHUNK = 1_000
#: What can be edited and brought back in stands first (``services/columns.py``).
CSV_HEADER = (
    "number",
    *(column.header for column in COLUMNS.values()),
    "name at Twilio",
    "state",
    "state since",
    "capabilities",
    "texts",
    "enabled since",
    "type",
    "country",
    "kept since",
    "kept until",
    "connection",
    "origin",
    "imported",
    "released",
    "SID",
)


@require_http_methods(["GET", "HEAD", "POST"])
@account_page()
def export(request: AccountRequest) -> HttpResponseBase:
    """The numbers of the current view as CSV: all its pages, in its order (B10).

    Posted by the bar of the ticked rows, only those, in the order of the view.
    """
    mine, ticked = PhoneNumber.objects.visible_to(request.actor), TickedForm(request.POST)
    if request.method != "POST":
        query = request.GET
    elif ticked.is_valid() and (ticked.ids or ticked.cleaned_data["everything"]):
        query = QueryDict(ticked.cleaned_data["query"])
    else:
        messages.error(request, "Select at least one number.")
        return redirect(came_from(request) or to(request, "numbers:list"))
    chosen = filter_of(mine, query)
    if not chosen.is_valid():
        return redirect(f"{to(request, 'numbers:list')}?{query.urlencode()}")
    numbers = cast(PhoneNumberQuerySet, chosen.qs)
    if request.method == "POST" and not ticked.cleaned_data["everything"]:
        numbers = mine.filter(pk__in=ticked.ids)  # the view may have left some behind since
    sort = listing.sort_by(sort_name(query, chosen.data.get("tab") or ""), narrowed=False)
    found = sort.prepare(numbers).order_by(*sort.order(backwards=False))
    today = clock.now().astimezone(request.account.zone)
    name = f"numbers-{request.account.slug}-{today:%Y-%m-%d}.csv"
    lines = _lines(found, Desk.of(request.account))
    return csv_response(CSV_HEADER, lines, filename=name, query=query)


#: What a line is made of; read without making model instances, which would cost ten times as much.
FIELDS = (
    "pk",
    "e164",
    *(name for column in COLUMNS.values() for name in column.fields),
    "friendly_name",
    "state",
    "state_changed_at",
    "voice",
    "sms",
    "mms",
    "type",
    "country",
    "texts",
    "enabled_at",
    "in_service_at",
    "keep_decided_at",
    "kept_until",
    "connection__name",
    "imported_at",
    "released_at",
    "sid",
)
STATES = dict(NumberState.choices)
TYPES = dict(NumberType.choices)


def _lines(found: PhoneNumberQuerySet, desk: Desk) -> Iterator[list[Any]]:
    rows = found.values_list(*FIELDS, named=True).iterator(chunk_size=CHUNK)
    while chunk := list(islice(rows, CHUNK)):
        ids = [row.pk for row in chunk]
        tags, origins = tags_of(ids), origins_of(ids)
        for row in chunk:
            yield _line(row, tags[row.pk], origins[row.pk], desk)


def _line(row: Any, tags: list[str], origin: str, desk: Desk) -> list[Any]:
    return [
        row.e164,
        *(column.write(column.now(row, tags), desk) for column in COLUMNS.values()),
        row.friendly_name,
        held_word(row) if row.state == NumberState.HELD else STATES[row.state],
        _iso(row.state_changed_at),
        capabilities(row),
        "on" if row.texts else "off",
        _iso(row.enabled_at),
        TYPES[row.type],
        row.country,
        _iso(row.keep_decided_at),
        row.kept_until,
        row.connection__name,
        origin,
        _iso(row.imported_at),
        _iso(row.released_at),
        row.sid,
    ]


def _iso(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""
