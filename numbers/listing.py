"""Pages of a long list of numbers: sorted, found by keyset, so that any depth costs the same."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Prefetch, Q, Value, When
from django.db.models.functions import Coalesce, Lower, NullIf

from numbers.models import CarrierTask, PhoneNumber
from numbers.models.inventory import PhoneNumberQuerySet

PAGE_SIZE = 50
#: Up to this many matches are counted by reading their ids, in the query that finds the page.
COUNTED_BY_READING = 1_000


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**63:
        raise ValueError("not a whole number")
    return value


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment


@dataclass(frozen=True)
class Sort:
    """An order of the list: columns that together tell every two rows apart.

    ``columns`` maps each to the reader of its value in a cursor; ``computed`` are those that the
    table does not have as they are.
    """

    label: str
    columns: Mapping[str, Callable[[Any], Any]]
    descending: bool = False
    computed: Mapping[str, Any] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.columns)

    def prepare(self, numbers: PhoneNumberQuerySet) -> PhoneNumberQuerySet:
        return numbers.annotate(**self.computed) if self.computed else numbers

    def order(self, *, backwards: bool) -> list[str]:
        sign = "-" if self.descending != backwards else ""
        return [f"{sign}{name}" for name in self.names]

    def beyond(self, position: list[Any], *, backwards: bool) -> Q:
        """The rows on the far side of ``position``; its first column alone lets an index in."""
        far = "lt" if self.descending != backwards else "gt"
        first, *rest = zip(self.names, position, strict=True)
        if not rest:
            return Q(**{f"{first[0]}__{far}": first[1]})
        ((second, value),) = rest
        return Q(**{f"{first[0]}__{far}e": first[1]}) & (
            Q(**{f"{first[0]}__{far}": first[1]}) | Q(**{f"{second}__{far}": value})
        )


_NAME = {"shown_name": Lower(Coalesce(NullIf("label", Value("")), "friendly_name"))}
_AGENT = {"agent_name": Coalesce(Lower("agent__name"), Value(""))}
_DECIDED = {"decided": Case(When(keep_decided_at=None, then=Value(0)), default=Value(1))}

_DIGITS = {"digits": Coalesce("e164", Value(""))}

#: ``decision`` puts those that nobody has decided to keep first (S0-22).
SORTS: dict[str, Sort] = {
    "number": Sort("Number", {"e164": _text}),
    "-number": Sort("Number, descending", {"e164": _text}, descending=True),
    "name": Sort("Name", {"shown_name": _text, "id": _whole}, computed=_NAME),
    "-name": Sort("Name, descending", {"shown_name": _text, "id": _whole}, True, _NAME),
    "state": Sort("In this state longest", {"state_changed_at": _moment, "id": _whole}),
    "-state": Sort("State changed last", {"state_changed_at": _moment, "id": _whole}, True),
    "agent": Sort("Agent", {"agent_name": _text, "id": _whole}, computed=_AGENT),
    "-agent": Sort("Agent, descending", {"agent_name": _text, "id": _whole}, True, _AGENT),
    "imported": Sort("Imported first", {"imported_at": _moment, "id": _whole}),
    "-imported": Sort("Imported last", {"imported_at": _moment, "id": _whole}, True),
    "decision": Sort("Needs a decision", {"decided": _whole, "e164": _text}, computed=_DECIDED),
}
#: The same orders by a value that no index has, for lists of which few numbers are left: walking
#: the numbers in order until 50 match would read nearly all of them, row by row.
_FEW_LEFT = {
    "number": Sort("Number", {"digits": _text}, computed=_DIGITS),
    "-number": Sort("Number, descending", {"digits": _text}, True, _DIGITS),
}


def sort_by(name: str, *, narrowed: bool) -> Sort:
    """The sort of that name, else by number; ``narrowed`` when filters are in force."""
    known = name if name in SORTS else "number"
    return _FEW_LEFT.get(known, SORTS[known]) if narrowed else SORTS[known]


@dataclass(frozen=True)
class Page:
    """One page. ``first`` is the place of its first row, counted from 1; cursors may be empty.

    ``total`` is how many rows all pages have together.
    """

    rows: list[PhoneNumber]
    total: int
    first: int
    before: str
    after: str

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1


def encode(place: int, values: tuple[Any, ...]) -> str:
    """A cursor: the sort columns of a row, and its place for the line under the table."""
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    text = json.dumps([place, *plain], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str, sort: Sort) -> tuple[int, list[Any]] | None:
    """The place and position of a cursor; None for one that this sort did not make."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place, *values = json.loads(base64.urlsafe_b64decode(padded))
        readers = sort.columns.values()
        return _whole(place), [read(value) for read, value in zip(readers, values, strict=True)]
    except (binascii.Error, ValueError, TypeError):
        return None


def page(
    numbers: PhoneNumberQuerySet,
    sort: Sort,
    *,
    total: int | None = None,
    after: str = "",
    before: str = "",
    last: bool = False,
    size: int = PAGE_SIZE,
) -> Page:
    """One page of ``numbers``; the first one without a cursor, or with one that is not valid.

    The ids are found first and the rows fetched by them, so that sorting and searching read an
    index instead of whole rows. ``total`` spares counting where it is known.
    """
    anchor = decode(before or after, sort) if (before or after) and not last else None
    backwards = last or (anchor is not None and bool(before))
    found = sort.prepare(numbers)
    if anchor is not None:
        found = found.filter(sort.beyond(anchor[1], backwards=backwards))
    reads_on = total is None and anchor is None and not last
    if total is None and not reads_on:
        total = numbers.count()
    if last and total:
        size = total % size or min(size, total)
    reach = COUNTED_BY_READING if reads_on else size
    ordered = found.order_by(*sort.order(backwards=backwards)).values_list("pk", *sort.names)
    keys = list(ordered[: reach + 1])
    if total is None:
        total = len(keys) if len(keys) <= reach else numbers.count()
    more = len(keys) > size
    keys = keys[:size]
    if backwards:
        keys.reverse()
    if last:
        first = max(1, total - len(keys) + 1)
    elif anchor is None:
        first = 1
    elif backwards:
        first = max(1, anchor[0] - len(keys))
    else:
        first = anchor[0] + 1
    has_earlier = more if backwards else anchor is not None
    has_later = not last if backwards else more
    return Page(
        rows=rows([key[0] for key in keys]),
        total=total,
        first=first,
        before=encode(first, keys[0][1:]) if keys and has_earlier else "",
        after=encode(first + len(keys) - 1, keys[-1][1:]) if keys and has_later else "",
    )


def rows(ids: list[int]) -> list[PhoneNumber]:
    """What a row of the list shows of these numbers, in the order of ``ids``."""
    found = {
        number.pk: number for number in with_row_fields(PhoneNumber.objects.filter(pk__in=ids))
    }
    return [found[pk] for pk in ids if pk in found]


def with_row_fields(numbers: PhoneNumberQuerySet) -> PhoneNumberQuerySet:
    """Only the columns that a list shows; Twilio's whole record stays in the database.

    ``open_tasks`` is what Twilio still has to do or has refused.
    """
    return (
        numbers.select_related("agent", "connection")
        .only(
            "account_id",
            "e164",
            "sid",
            "state",
            "state_changed_at",
            "country",
            "type",
            "voice",
            "sms",
            "mms",
            "friendly_name",
            "label",
            "protected",
            "keep_decided_at",
            "imported_at",
            "released_at",
            "agent__name",
            "agent__state",
            "connection__name",
        )
        .prefetch_related(
            "tags",
            Prefetch(
                "carrier_tasks",
                queryset=CarrierTask.objects.unfinished().only("number_id", "kind", "state"),
                to_attr="open_tasks",
            ),
        )
    )
