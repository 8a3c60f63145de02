"""The current view of the Numbers page as CSV."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any, cast

from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.web import AccountRequest, account_page, to
from config.spreadsheets import csv_response
from numbers import listing
from numbers.filters import filter_of
from numbers.models import PhoneNumber
from numbers.models.inventory import PhoneNumberQuerySet
from numbers.states import NumberState, NumberType

from .numbers import sort_name
from .shown import services

#: Numbers that are in memory at a time.
CHUNK = 1_000
CSV_HEADER = (
    "number",
    "name",
    "name at Twilio",
    "state",
    "state since",
    "agent",
    "services",
    "type",
    "country",
    "tags",
    "protected",
    "kept since",
    "connection",
    "imported",
    "released",
    "SID",
)


@require_safe
@account_page()
def export(request: AccountRequest) -> HttpResponseBase:
    """The numbers of the current view as CSV: all its pages, in its order (B10)."""
    mine = PhoneNumber.objects.visible_to(request.actor)
    chosen = filter_of(mine, request.GET)
    if not chosen.is_valid():
        return redirect(f"{to(request, 'numbers:list')}?{request.GET.urlencode()}")
    sort = listing.sort_by(sort_name(request.GET, chosen.data.get("tab") or ""), narrowed=False)
    found = sort.prepare(cast(PhoneNumberQuerySet, chosen.qs)).order_by(
        *sort.order(backwards=False)
    )
    name = f"numbers-{request.account.slug}-{timezone.now():%Y-%m-%d}.csv"
    return csv_response(CSV_HEADER, _lines(found), filename=name)


#: What a line is made of; read without making model instances, which would cost ten times as much.
COLUMNS = (
    "pk",
    "e164",
    "label",
    "friendly_name",
    "state",
    "state_changed_at",
    "agent__name",
    "voice",
    "sms",
    "mms",
    "type",
    "country",
    "protected",
    "keep_decided_at",
    "connection__name",
    "imported_at",
    "released_at",
    "sid",
)
STATES = dict(NumberState.choices)
TYPES = dict(NumberType.choices)


def _lines(found: PhoneNumberQuerySet) -> Iterator[list[Any]]:
    rows = found.values_list(*COLUMNS, named=True).iterator(chunk_size=CHUNK)
    while chunk := list(islice(rows, CHUNK)):
        tags = _tags([row.pk for row in chunk])
        for row in chunk:
            yield _line(row, tags[row.pk])


def _tags(ids: list[int]) -> dict[int, list[str]]:
    """The names of the tags of each number, sorted."""
    found: dict[int, list[str]] = defaultdict(list)
    pairs = PhoneNumber.tags.through.objects.filter(phonenumber_id__in=ids)
    for number_id, name in pairs.order_by("tag__name").values_list("phonenumber_id", "tag__name"):
        found[number_id].append(name)
    return found


def _line(row: Any, tags: list[str]) -> list[Any]:
    return [
        row.e164,
        row.label,
        row.friendly_name,
        STATES[row.state],
        _iso(row.state_changed_at),
        row.agent__name,
        services(row),
        TYPES[row.type],
        row.country,
        ", ".join(tags),
        "yes" if row.protected else "no",
        _iso(row.keep_decided_at),
        row.connection__name,
        _iso(row.imported_at),
        _iso(row.released_at),
        row.sid,
    ]


def _iso(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""
