"""A dry run of a bulk action: what would change, what would be skipped, and why (B2). Pure reads.

Numbers that are alike in all that the gate looks at are judged together: the database counts them,
and the gate is asked once for each group. So a preview of 100,000 numbers asks as often as one of
ten, and says what asking for each number would say.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db import transaction
from django.db.models import Case, Count, F, IntegerField, Min, Q, Value, When

from accounts.actor import Actor
from accounts.models import Account, Job
from accounts.states import Permission
from config.errors import Blocker, NotAsShown
from numbers.gates import Facts, facts_of
from numbers.models import PhoneNumber

from . import bulk as bulk_jobs
from . import judging
from .bulk import BulkAction, Params, Selection, bulk_action, check_params
from .judging import Group

#: Numbers that a preview shows of those that would change, and of those that would not.
SAMPLE = 20


@dataclass
class BulkPreview:
    """What will change, what will be skipped and why, with examples of both.

    ``risky`` of those that change ask people for more than a click. ``licenses`` is how many more
    are in use afterwards, fewer when negative; ``said_of_licenses`` says what that means, where it
    changes anything, and ``said_of_return`` what coming back takes. ``seal`` is a digest of the id
    of each number, in their order, and what was said of it: whether it will change, and whether
    that is a risk. ``chosen`` is one of the ids alone.
    """

    will_change: int = 0
    will_skip: int = 0
    reasons: list[tuple[str, str, int]] = field(default_factory=list)
    changing: list[PhoneNumber] = field(default_factory=list)
    skipping: list[tuple[PhoneNumber, str]] = field(default_factory=list)
    risky: int = 0
    licenses: int = 0
    said_of_licenses: str = ""
    said_of_return: str = ""
    seal: str = field(default="", compare=False)
    chosen: str = field(default="", compare=False)


def preview(
    account_id: int,
    *,
    action: str,
    selection: Selection,
    params: Params,
    actor: Actor,
    at: datetime,
) -> BulkPreview:
    """Ask the gates for every selected number. Raises ``Forbidden``, ``Invalid``, ``Blocked``."""
    actor.require(Permission.NUMBERS)
    wanted = check_params(account_id, action, params)
    bulk, account = bulk_action(action), Account(pk=account_id)
    facts = facts_of(account, at=at)
    return _Preview(bulk, selection.numbers(account_id), wanted, facts).result()


@transaction.atomic
def start(
    account_id: int,
    *,
    action: str,
    selection: Selection,
    params: Params,
    actor: Actor,
    at: datetime,
    seal: str | None = None,
    risk_confirmed: bool = True,
    undoes: Job | None = None,
) -> Job:
    """Queue a bulk job; with the ``seal`` of a preview only for just what that has shown.

    The items are compared as well, since numbers may have come and gone between two statements of
    one transaction. Raises ``NotAsShown`` and what ``bulk.start`` raises.
    """
    order: dict[str, Any] = {
        "action": action, "selection": selection, "params": params, "actor": actor, "at": at,
    }  # fmt: skip
    found = preview(account_id, **order)
    if seal is not None and seal != found.seal:
        raise NotAsShown
    job = bulk_jobs.start(
        account_id,
        **order,
        risk_confirmed=risk_confirmed,
        skipped=found.will_skip,
        undoes=undoes,
    )
    ids = job.items.order_by("subject_id").values_list("subject_id", flat=True)
    if seal is not None and _digest(pk for pk in ids if pk is not None) != found.chosen:
        raise NotAsShown
    return job


def _digest(figures: Iterable[int]) -> str:
    return hashlib.sha256(array("q", figures)).hexdigest()[:32]


#: What a seal says of a number, and how many such words there are.
_STAYS, _CHANGES, _RISKY, _SAID = range(4)


class _Preview:
    def __init__(self, bulk: BulkAction, numbers: Any, params: Params, facts: Facts) -> None:
        self.bulk, self.params, self.facts = bulk, params, facts
        self.names, self.numbers = judging.with_reads(bulk, numbers, params, facts)
        self.groups = judging.judge(bulk, self.names, self.numbers, params, facts)
        self.open = [group for group in self.groups if not group.blockers]
        self.spenders = [group for group in self.open if group.spends]
        self._spend()

    def _spend(self) -> None:
        """Find from which number on nothing is left of what the earlier ones spend.

        Each gate shuts once and stays shut. Where groups have different limits, the rest goes on
        with what those take that are still let through.
        """
        alive, spent, since = self.spenders, 0, ""
        wanting = sum(group.amount for group in alive)
        limits = {group.key: self._limit(group, wanting) for group in alive}
        while alive:
            limit = min(limits[group.key] for group in alive)
            if limit >= wanting:
                return
            waiting = self.numbers.filter(_any(self.names, alive), e164__gte=since)
            left = waiting.order_by("e164").values_list("e164", flat=True)[limit - spent :][:1]
            if not (edge := next(iter(left), "")):
                return
            for group in alive:
                if limits[group.key] == limit:
                    self._stop(group, edge, limit)
            spent, since = limit, edge
            alive = [group for group in alive if not group.edge]

    def _stop(self, group: Group, edge: str, limit: int) -> None:
        mine = self.numbers.filter(_any(self.names, [group]), e164__gte=edge)
        found = mine.aggregate(amount=Count("pk"), first=Min("e164"))
        group.edge, group.too_late = edge, self._after(group, limit)
        group.left_over, group.first_left = found["amount"], found["first"] or edge

    def _limit(self, group: Group, wanting: int) -> int:
        """How many may have spent before the gate shuts; ``wanting`` when it never does."""
        low, high = 1, wanting
        while low < high:
            middle = (low + high) // 2
            if self._after(group, middle):
                high = middle
            else:
                low = middle + 1
        return low

    def _after(self, group: Group, earlier: int) -> list[Blocker]:
        facts = self.bulk.spends(self.facts, earlier) if self.bulk.spends else self.facts
        return self.bulk.gate(group.number, facts)

    def result(self) -> BulkPreview:
        shut = [group for group in self.groups if group.blockers]
        reasons, messages = Counter[str](), dict[str, str]()
        told = [(group.first, group.blockers[0], group.amount) for group in shut]
        told += [
            (group.first_left, group.too_late[0], group.left_over)
            for group in self.open
            if group.left_over
        ]
        for _, blocker, amount in sorted(told, key=lambda each: each[0]):
            reasons[blocker.code] += amount
            messages.setdefault(blocker.code, blocker.message)
        skipped = sum(reasons.values())
        licenses = sum(
            self.bulk.licenses(group.number) * (group.amount - group.left_over)
            for group in self.open
        )
        seal, chosen, risky = self._sealed()
        changing = sum(group.amount for group in self.groups) - skipped
        standing = self.facts.standing
        return BulkPreview(
            will_change=changing,
            will_skip=skipped,
            reasons=[(code, messages[code], count) for code, count in reasons.most_common()],
            changing=self._sample([self._part(group) for group in self.open]),
            skipping=[
                (each, self._why(each))
                for each in self._sample(
                    [self._part(group) for group in shut]
                    + [self._part(group, behind=True) for group in self.open if group.left_over]
                )
            ],
            risky=risky,
            licenses=licenses,
            said_of_licenses=standing.said_of(licenses) if licenses else "",
            said_of_return=standing.after(licenses).said_of_return(changing)
            if self.bulk.leaves and changing
            else "",
            seal=seal,
            chosen=chosen,
        )

    def _sealed(self) -> tuple[str, str, int]:
        """The seal, the digest of the ids, and how many of those that change are a risk."""
        said: Any = Value(_CHANGES, IntegerField())
        changing = reduce(or_, [self._part(group) for group in self.open], Q(pk__in=[]))
        if len(self.open) < len(self.groups) or any(group.edge for group in self.open):
            said = Case(When(changing, then=said), default=Value(_STAYS))
        if self.bulk.risky is not None:
            said = Case(When(changing & self.bulk.risky, then=Value(_RISKY)), default=said)
        rows = self.numbers.order_by("pk").values_list(F("pk") * _SAID + said, flat=True)
        sealed = array("q", rows)
        chosen = _digest(each // _SAID for each in sealed)
        risky = sum(each % _SAID == _RISKY for each in sealed)
        return self._with_columns(_digest(sealed)), chosen, risky

    def _with_columns(self, seal: str) -> str:
        """The seal, with the columns of which somebody has seen the values."""
        if not self.bulk.seals:
            return seal
        digest = hashlib.sha256(seal.encode())
        for row in self.numbers.order_by("pk").values_list("pk", *self.bulk.seals).iterator():
            digest.update(json.dumps(row, sort_keys=True).encode())
        return digest.hexdigest()[:32]

    def _part(self, group: Group, *, behind: bool = False) -> Q:
        """The group's numbers before its edge, or those behind it."""
        mine = Q(**dict(zip(self.names, group.key, strict=True)))
        if not group.edge:
            return mine
        return mine & (Q(e164__gte=group.edge) if behind else Q(e164__lt=group.edge))

    def _sample(self, parts: list[Q]) -> list[PhoneNumber]:
        if not parts:
            return []
        rows = self.numbers.filter(reduce(or_, parts)).select_related("agent")
        return list(rows.prefetch_related("tags").order_by("e164")[:SAMPLE])

    def _why(self, number: PhoneNumber) -> str:
        key = tuple(getattr(number, name) for name in self.names)
        group = next(group for group in self.groups if group.key == key)
        return (group.blockers or group.too_late)[0].message


def _any(names: Sequence[str], groups: Iterable[Group]) -> Q:
    """The numbers of these groups, of which there is at least one."""
    return reduce(or_, [Q(**dict(zip(names, group.key, strict=True))) for group in groups])
