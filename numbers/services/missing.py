"""Numbers that a complete pass over a connection's pages no longer found."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from accounts.actor import Actor
from accounts.actors import finder_of
from accounts.models import Job
from accounts.services import jobs
from accounts.services.events import Fact, record_all
from config import clock
from config.errors import refuse
from licensing.services import grace
from licensing.services.entitlement import lock
from numbers import gates
from numbers.models import CarrierTask, Connection, Import, PhoneNumber
from numbers.models.inventory import PhoneNumberQuerySet
from numbers.previous import CHANGED
from numbers.states import NumberState, TaskKind

from .release import drop_tasks

#: Numbers that one transaction marks.
BATCH = 500
#: A pass is asked again when it misses more than this share of what was there, and more than this
#: many: people clean up a few dozen numbers at once, while an answer of Twilio's that lost some has
#: lost a page or all of them. A pass that lists nothing at all is asked again however few there
#: were. Asking again costs a pass of reading; believing wrongly takes agents off their numbers.
DOUBTFUL_SHARE = 0.2
DOUBTFUL_COUNT = 20
#: How long the second pass waits, so that it does not meet the moment that spoiled the first.
ASK_AGAIN_AFTER = timedelta(minutes=1)


@dataclass(frozen=True)
class Verdict:
    """What a complete pass says: the ids that no page showed, of how many that were there."""

    absent: list[int]
    known: int
    listed: int

    @property
    def is_doubtful(self) -> bool:
        """Whether so much is absent that Twilio is asked once more before it is believed."""
        nothing = self.listed == 0 and self.known > 0
        many = len(self.absent) > max(DOUBTFUL_COUNT, DOUBTFUL_SHARE * self.known)
        return nothing or many


def judge(job: Job, run: Import) -> Verdict:
    """Compare what was there with all that the pass showed, in its second round as well."""
    seen = run.shown()
    ids = _settled_before(job, run).values_list("pk", flat=True)
    absent, known = [], 0
    for pk in ids.iterator():
        known += 1
        if pk not in seen:
            absent.append(pk)
    return Verdict(absent, known, len(seen))


def mark_missing(job: Job, run: Import, absent: list[int], *, until: float) -> bool:
    """Mark numbers that no page showed; False when ``until`` (monotonic) came before the end.

    For a pass that has reached the last page. Each batch is stored with the job's lease, so that
    whoever continues finds only those that are left. Raises ``jobs.LeaseLost``.
    """
    for start in range(0, len(absent), BATCH):
        if start and time.monotonic() >= until:
            return False
        _mark(job, run, absent[start : start + BATCH], at=clock.now())
    return True


def _settled_before(job: Job, run: Import) -> PhoneNumberQuerySet:
    """The connection's numbers that were at Twilio; what arrived meanwhile is not judged."""
    there = Q(state=NumberState.HELD) | Q(state=NumberState.EXCLUDED, unlisted_at=None)
    return PhoneNumber.objects.filter(
        there, connection=run.connection, state_changed_at__lt=job.started_at or job.created_at
    )


@transaction.atomic
def _mark(job: Job, run: Import, ids: list[int], *, at: datetime) -> None:
    """Mark those of the numbers that are there still."""
    finder = finder_of(job)
    jobs.keep(job, at=at, done=job.done)
    lock(job.account_id)
    refuse(gates.ended(Connection.objects.get(pk=run.connection_id)))
    gone = _settled_before(job, run).filter(pk__in=ids)
    mark_held(gone.held(), "Missing: Twilio no longer lists it.", actor=finder, at=at)
    mark_excluded(
        gone.filter(state=NumberState.EXCLUDED),
        "Twilio no longer lists it.",
        actor=finder,
        at=at,
    )
    grace.settle(job.account_id, actor=finder, at=at)


def mark_held(numbers: PhoneNumberQuerySet, summary: str, *, actor: Actor, at: datetime) -> None:
    """Make numbers missing, and remember their agents; the caller holds the entitlement.

    Written for many: one statement for the numbers of each agent, one for all the events.
    """
    rows = list(
        numbers.order_by("pk").values_list(
            "pk", "account_id", "e164", "state", "agent_id", "agent__name", "before_release"
        )
    )
    tasks = CarrierTask.objects.unfinished().filter(number__in=[row[0] for row in rows])
    tasks = tasks.filter(kind=TaskKind.PUT_BACK)
    to_put_back = dict(tasks.values_list("number_id", "settings"))
    drop_tasks(tasks, at=at)
    same: dict[tuple[int | None, str | None], list[int]] = {}
    for pk, _, _, state, agent_id, agent, remembered in rows:
        had = {"agent_id": agent_id, "agent": agent} if agent_id else {}
        if wanted := to_put_back.get(pk):  # Twilio has not got it: asked about if it comes back
            had |= {CHANGED: {**remembered.get(CHANGED, {}), **wanted}}
            _leave([pk], at=at, before_release={**remembered, **had})
        elif state == NumberState.HELD and not remembered:
            same.setdefault((agent_id, agent), []).append(pk)
        else:  # what it remembers stays: settings that are offered, or kept for a restore
            _leave([pk], at=at, before_release={**remembered, **had})
    for (had_id, had_name), ids in same.items():
        had = {"agent_id": had_id, "agent": had_name} if had_id else {}
        _leave(ids, at=at, before_release=had)
    record_all(
        Fact(
            "number.missing",
            account_id=account_id,
            subject=("number", pk, e164),
            summary=summary,
            actor=actor,
            at=at,
            before={"state": state, "agent": agent},
            after={"state": NumberState.MISSING, "agent": None},
        )
        for pk, account_id, e164, state, _, agent, _ in rows
    )


def _leave(ids: Iterable[int], *, at: datetime, before_release: dict[str, object]) -> None:
    PhoneNumber.objects.filter(pk__in=ids).update(
        state=NumberState.MISSING,
        state_changed_at=at,
        agent=None,
        keep_decided_at=None,
        kept_until=None,
        enabled_at=None,
        in_service_at=None,
        before_release=before_release,
    )


def mark_excluded(
    numbers: PhoneNumberQuerySet, summary: str, *, actor: Actor, at: datetime
) -> None:
    """Note of excluded numbers that they are at Twilio no more."""
    rows = list(numbers.order_by("pk").values_list("pk", "account_id", "e164"))
    PhoneNumber.objects.filter(pk__in=[row[0] for row in rows]).update(unlisted_at=at)
    record_all(
        Fact(
            "number.unlisted",
            account_id=account_id,
            subject=("number", pk, e164),
            summary=summary,
            actor=actor,
            at=at,
        )
        for pk, account_id, e164 in rows
    )
