"""Many numbers judged by sets: the gate is asked once for all that are alike in what it looks at.

So asking about 100,000 numbers asks the gate as often as asking about ten. Pure reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Min

from config.errors import Blocker
from numbers.gates import Facts
from numbers.models import Connection, PhoneNumber

if TYPE_CHECKING:
    from .bulk import BulkAction

UNCHANGED = Blocker("no_change", "It is so already.")
#: Numbers that are looked at before all of them are: mostly one of the first would change.
_FIRST = 100


@dataclass
class Group:
    """Numbers that the gate cannot tell apart, and one of them to ask it about."""

    key: tuple[Any, ...]
    amount: int
    first: str
    number: PhoneNumber
    blockers: list[Blocker] = field(default_factory=list)
    spends: bool = False
    #: The first number, by its digits, from which on nothing is left; how many, which, and why.
    edge: str = ""
    left_over: int = 0
    first_left: str = ""
    too_late: list[Blocker] = field(default_factory=list)


def with_reads(
    bulk: BulkAction, numbers: Any, params: Mapping[str, Any], facts: Facts
) -> tuple[list[str], Any]:
    """The names of what the gate looks at, and the numbers with what of it is computed."""
    reads = dict(bulk.reads(params, facts))
    computed = {name: value for name, value in reads.items() if value is not None}
    return list(reads), numbers.order_by().annotate(**computed)


def judge(
    bulk: BulkAction, names: Sequence[str], numbers: Any, params: Mapping[str, Any], facts: Facts
) -> list[Group]:
    """What the gate says of each group, as if its first number came first of all."""
    rows = numbers.values_list(*names).annotate(Count("pk"), Min("e164"))
    found = [(tuple(key), amount, first) for *key, amount, first in rows]
    asked = _rows(numbers, [first for *_, first in found])
    groups = [Group(key, amount, first, asked[first]) for key, amount, first in found]
    for group in groups:
        if bulk.unchanged is not None and bulk.unchanged(group.number, params):
            group.blockers = [UNCHANGED]
        else:
            group.blockers = bulk.gate(group.number, facts)
        group.spends = bulk.spends is not None and bulk.spender(group.number)
    return groups


def _rows(numbers: Any, e164s: Sequence[str]) -> dict[str, PhoneNumber]:
    rows = numbers.filter(e164__in=e164s).select_related("connection", "agent")
    plain = rows.defer(*Connection.SECRETS_OF_IT).prefetch_related("tags")
    return {number.e164: number for number in plain}


def any_would_change(
    bulk: BulkAction, numbers: Any, params: Mapping[str, Any], facts: Facts
) -> bool:
    """Whether the action would change any of these numbers of one account."""
    first = list(numbers.order_by("pk").values_list("pk", flat=True)[:_FIRST])
    parts = [PhoneNumber.objects.filter(pk__in=first)]
    if len(first) == _FIRST:
        parts.append(numbers)
    for part in parts:
        names, rows = with_reads(bulk, part, params, facts)
        if not all(group.blockers for group in judge(bulk, names, rows, params, facts)):
            return True
    return False


def why_none_changes(
    bulk: BulkAction, numbers: Any, params: Mapping[str, Any], facts: Facts
) -> str:
    """Why the action would change none of these, as it says of the first; empty where that is
    because they are so already."""
    first = list(numbers.order_by("pk").values_list("pk", flat=True)[:1])
    names, rows = with_reads(bulk, PhoneNumber.objects.filter(pk__in=first), params, facts)
    reasons = [each for group in judge(bulk, names, rows, params, facts) for each in group.blockers]
    return next((each.message for each in reasons if each.code != UNCHANGED.code), "")
