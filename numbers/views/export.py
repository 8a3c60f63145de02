"""The current view of the Numbers page as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
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

from .numbers import sort_name
from .shown import services

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


def _lines(found: PhoneNumberQuerySet) -> Iterator[list[Any]]:
    for number in listing.with_row_fields(found).iterator(chunk_size=1_000):
        yield [
            number.e164,
            number.label,
            number.friendly_name,
            number.get_state_display(),
            _iso(number.state_changed_at),
            number.agent.name if number.agent else "",
            services(number),
            number.get_type_display(),
            number.country,
            ", ".join(tag.name for tag in number.tags.all()),
            "yes" if number.protected else "no",
            _iso(number.keep_decided_at),
            number.connection.name,
            _iso(number.imported_at),
            _iso(number.released_at),
            number.sid,
        ]


def _iso(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""
