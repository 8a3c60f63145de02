"""Usage records of the 2010 API (twilio-facts 7.1)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from twilio_sandbox.context import VERSION, Context
from twilio_sandbox.errors import TwilioError
from twilio_sandbox.http import Response
from twilio_sandbox.operations import ACCOUNT, Operation
from twilio_sandbox.paging import page
from twilio_sandbox.parameters import Parameter, day, flag, text
from twilio_sandbox.usage import ledger
from twilio_sandbox.usage.categories import CATEGORIES, TOTAL
from twilio_sandbox.usage.ledger import Ledger, Sum
from twilio_sandbox.world import Account

_RELATIVE = re.compile(r"([+-]\d{1,4})days?")
Span = tuple[date, date]  # first and last day
_SUBRESOURCES = {
    "all_time": "AllTime",
    "daily": "Daily",
    "last_month": "LastMonth",
    "monthly": "Monthly",
    "this_month": "ThisMonth",
    "today": "Today",
    "yearly": "Yearly",
    "yesterday": "Yesterday",
}


@dataclass(frozen=True, slots=True)
class Record:
    """A category in a span of days; `seq` puts later spans after earlier ones."""

    seq: int
    category: str
    span: Span


def list_records(context: Context) -> Response:
    """A record for each category, and in each day, month or year where the path says so."""
    account, given = context.active_account(), context.read()
    kind = context.request.path.rpartition("/")[2].removesuffix(".json")
    spans = _spans(context, account, kind, given)
    wanted = given.get("Category")
    names = [name for name in sorted(CATEGORIES, reverse=True) if not wanted or name == wanted]
    rows = [
        Record(first.toordinal() * len(CATEGORIES) + place, name, (first, last))
        for first, last in spans
        for place, name in enumerate(names)
    ]
    sums: Ledger | None = None

    def render(row: Record) -> bytes:
        nonlocal sums
        if sums is None:
            shown = _accounts(context, account, given)
            sums = ledger.read(context.world, shown, spans[0][0], spans[-1][1])
        first, last = (each.toordinal() for each in row.span)
        resource = _resource(context, account, kind, row, sums.total(row.category, first, last))
        return json.dumps(resource).encode()

    return page(context, "usage_records", rows, render)


def _accounts(context: Context, account: Account, given: dict[str, Any]) -> list[Account]:
    """The account in the path, with its subaccounts unless that is not wanted."""
    others = context.world.subaccounts(account) if account.is_main else []
    return [account, *(others if given.get("IncludeSubaccounts", True) else [])]


def _spans(context: Context, account: Account, kind: str, given: dict[str, Any]) -> list[Span]:
    """Ascending; only the plain list, Daily, Monthly and Yearly heed StartDate and EndDate."""
    now = ledger.today(context.world)
    opened = datetime.fromtimestamp(account.created, UTC).date()
    month = now.replace(day=1)
    before = month - timedelta(days=1)
    fixed: dict[str, Span] = {
        "AllTime": (opened, now),
        "Today": (now, now),
        "Yesterday": (now - timedelta(days=1), now - timedelta(days=1)),
        "ThisMonth": (month, now),
        "LastMonth": (before.replace(day=1), before),
    }
    first = _date("StartDate", given, now, opened)
    last = _date("EndDate", given, now, now)
    if kind in fixed:
        return [fixed[kind]]
    if first > last:
        raise TwilioError(20001, "StartDate must not be after EndDate")
    if kind == "Records":
        return [(first, last)]
    return list(_parts(max(first, opened), min(last, now), _NEXT[kind]))


def _date(name: str, given: dict[str, Any], now: date, default: date) -> date:
    written = given.get(name)
    if not written:
        return default
    if found := _RELATIVE.fullmatch(written):
        return now + timedelta(days=int(found[1]))
    parsed: date = day(name, written)
    return parsed


def _parts(first: date, last: date, following: Callable[[date], date]) -> Iterator[Span]:
    """The days, months or years from `first` to `last`; the outer ones may be cut off."""
    while first <= last:
        after = following(first)
        yield first, min(after - timedelta(days=1), last)
        first = after


def _next_month(at: date) -> date:
    return date(at.year + at.month // 12, at.month % 12 + 1, 1)


_NEXT: dict[str, Callable[[date], date]] = {
    "Daily": lambda at: at + timedelta(days=1),
    "Monthly": _next_month,
    "Yearly": lambda at: date(at.year + 1, 1, 1),
}


def _resource(
    context: Context, account: Account, kind: str, row: Record, total: Sum
) -> dict[str, Any]:
    """The record with exactly Twilio's fields; numbers are texts."""
    category = CATEGORIES[row.category]
    base = f"/{VERSION}/Accounts/{account.sid}/Usage/Records"
    only = urlencode({"Category": row.category})
    start, end = (each.isoformat() for each in row.span)
    now = datetime.fromtimestamp(context.world.now(), UTC).replace(microsecond=0)
    path = base if kind == "Records" else f"{base}/{kind}"
    return {
        "account_sid": account.sid,
        "api_version": VERSION,
        "as_of": now.isoformat(),
        "category": row.category,
        "count": None if row.category == TOTAL else str(total.count),
        "count_unit": category.count_unit,
        "description": category.description,
        "end_date": end,
        "price": _text(total.price),
        "price_unit": "usd",
        "start_date": start,
        "subresource_uris": {
            name: f"{base}/{place}.json?{only}" for name, place in _SUBRESOURCES.items()
        },
        "uri": f"{path}.json?{only}&StartDate={start}&EndDate={end}",
        "usage": _text(total.usage),
        "usage_unit": category.usage_unit,
    }


def _text(amount: Decimal) -> str:
    """Without an exponent and without zeros at the end: `2192.84855`, `0`."""
    written = f"{amount:f}"
    return written.rstrip("0").rstrip(".") if "." in written else written


_FILTERS = (
    Parameter("Category", text()),
    Parameter("StartDate", text()),
    Parameter("EndDate", text()),
    Parameter("IncludeSubaccounts", flag),
)
_BASE = f"{ACCOUNT}/Usage/Records"
OPERATIONS = [
    Operation("GET", "api", f"{path}.json", list_records, _FILTERS)
    for path in [_BASE, *(f"{_BASE}/{name}" for name in _SUBRESOURCES.values())]
]
