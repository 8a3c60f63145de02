"""Pages of a long list of numbers: sorted, found by keyset, so that any depth costs the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Prefetch, Value, When
from django.db.models.functions import Coalesce

from config.paging import Sort, decode, encode, integer, moment, text
from numbers.models import CarrierTask, PhoneNumber
from numbers.models.inventory import PhoneNumberQuerySet

PAGE_SIZE = 50
#: Up to this many matches are counted by reading their ids, in the query that finds the page.
COUNTED_BY_READING = 1_000


_AGENT = {"agent_name": Coalesce("agent__search_name", Value(""))}
_DECIDED = {
    "decided": Case(
        When(agent__isnull=False, then=Value(2)),
        When(keep_decided_at=None, then=Value(0)),
        default=Value(1),
    )
}

_DIGITS = {"digits": Coalesce("e164", Value(""))}

#: ``decision`` puts those that nobody has decided to keep first, those with an agent last (S0-22).
SORTS: dict[str, Sort] = {
    "number": Sort("Number", {"e164": text}),
    "-number": Sort("Number, descending", {"e164": text}, descending=True),
    "name": Sort("Name", {"search_name": text, "id": integer}),
    "-name": Sort("Name, descending", {"search_name": text, "id": integer}, True),
    "state": Sort("In this state longest", {"state_changed_at": moment, "id": integer}),
    "-state": Sort("State changed last", {"state_changed_at": moment, "id": integer}, True),
    "agent": Sort("Agent", {"agent_name": text, "id": integer}, computed=_AGENT),
    "-agent": Sort("Agent, descending", {"agent_name": text, "id": integer}, True, _AGENT),
    "imported": Sort("Imported first", {"imported_at": moment, "id": integer}),
    "-imported": Sort("Imported last", {"imported_at": moment, "id": integer}, True),
    "decision": Sort("Needs a decision", {"decided": integer, "e164": text}, computed=_DECIDED),
}
#: The same orders by a value that no index has, for lists of which few numbers are left: walking
#: the numbers in order until 50 match would read nearly all of them, row by row.
_FEW_LEFT = {
    "number": Sort("Number", {"digits": text}, computed=_DIGITS),
    "-number": Sort("Number, descending", {"digits": text}, True, _DIGITS),
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
    """One page of ``numbers``; the first one without a cursor.

    A cursor has the place of its row in the list and the columns of the sort. Raises
    ``NotACursor``.

    The ids are found first and the rows fetched by them, so that sorting and searching read an
    index instead of whole rows. ``total`` spares counting where it is known.
    """
    anchor: list[Any] | None = None
    if (before or after) and not last:
        anchor = decode(before or after, integer, *sort.readers)
    backwards = last or (anchor is not None and bool(before))
    found = sort.prepare(numbers)
    if anchor is not None:
        found = found.filter(sort.beyond(anchor[1:], backwards=backwards))
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
        before=encode([first, *keys[0][1:]]) if keys and has_earlier else "",
        after=encode([first + len(keys) - 1, *keys[-1][1:]]) if keys and has_later else "",
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
            "unlisted_at",
            "state_changed_at",
            "country",
            "type",
            "voice",
            "sms",
            "mms",
            "friendly_name",
            "label",
            "protected",
            "differs_since",
            "keep_decided_at",
            "kept_until",
            "texts",
            "enabled_at",
            "in_service_at",
            "imported_at",
            "released_at",
            "agent__name",
            "agent__state",
            "connection__name",
            "connection__state",
        )
        .prefetch_related(
            "tags",
            Prefetch(
                "carrier_tasks",
                queryset=CarrierTask.objects.unfinished().only(
                    "number_id", "kind", "state", "error_code"
                ),
                to_attr="open_tasks",
            ),
        )
    )
