"""Bulk actions: preview, job, a result for each number, retry of what did not work (B2)."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet, Value, prefetch_related_objects
from django.utils import timezone

from accounts.actors import Actor, requested_by
from accounts.models import Account, Job, JobItem
from accounts.services import jobs
from accounts.services.events import record
from accounts.states import ItemState, Permission
from config.errors import Blocked, Blocker, DomainError, Invalid, NotDue, refuse
from config.text import plural
from licensing.standing import Standing, standing
from numbers import gates
from numbers.filters import matching
from numbers.models import Connection, PhoneNumber

from . import inventory, release

logger = logging.getLogger(__name__)

SAMPLE = 20
BATCH = 1_000


@dataclass(frozen=True)
class Selection:
    """Which numbers are meant: these ids, or all that a list page's query string shows."""

    ids: list[int] | None = None
    query: str | None = None

    def numbers(self, account_id: int) -> Any:
        """The selected numbers of the account. Raises ``Invalid`` when nothing was selected."""
        mine = PhoneNumber.objects.filter(account_id=account_id)
        if self.query is not None:
            return matching(mine, self.query)
        if not self.ids:
            raise Invalid({"numbers": ["Select at least one number."]})
        return mine.filter(pk__in=self.ids)


Params = Mapping[str, Any]


@dataclass(frozen=True)
class BulkAction:
    """An action on many numbers.

    ``gate`` tells why one would be skipped, ``run`` does it to one. ``unchanged`` spots numbers
    that are as the parameters want them already.
    """

    label: str
    gate: Callable[[PhoneNumber, Standing, int], list[Blocker]]
    run: Callable[[int, Params, Actor, datetime, int], object]
    unchanged: Callable[[PhoneNumber, Params], bool] | None = None
    takes_license: bool = False


UNCHANGED = Blocker("no_change", "It is so already.")


def _tags_after(number: PhoneNumber, params: Params) -> tuple[set[str], set[str]]:
    """The number's tags now, and as the parameters want them."""
    names = {tag.name for tag in number.tags.all()}
    return names, (names | set(params["add"])) - set(params["remove"])


def _same_tags(number: PhoneNumber, params: Params) -> bool:
    now, wanted = _tags_after(number, params)
    return now == wanted


def _tag(pk: int, params: Params, actor: Actor, at: datetime, job_id: int) -> object:
    # Held before its tags are read: another job may be adding one at this moment.
    _, wanted = _tags_after(inventory.lock_rows([pk])[0], params)
    return inventory.describe(pk, tags=wanted, actor=actor, at=at)


BULK_ACTIONS: dict[str, BulkAction] = {
    "assign": BulkAction(
        "Assign",
        lambda number, standing, assigned: gates.assign(number, standing, assigned=assigned),
        lambda pk, params, actor, at, job: inventory.assign(
            pk, agent_id=params["agent"], actor=actor, at=at
        ),
        unchanged=lambda number, params: number.agent_id == params["agent"],
    ),
    "unassign": BulkAction(
        "Unassign",
        lambda number, standing, assigned: gates.unassign(number),
        lambda pk, params, actor, at, job: inventory.unassign(pk, actor=actor, at=at),
    ),
    "tag": BulkAction("Tag", lambda *_: [], _tag, unchanged=_same_tags),
    "protect": BulkAction(
        "Protect",
        lambda *_: [],
        lambda pk, params, actor, at, job: inventory.describe(
            pk, protected=params["protected"], actor=actor, at=at
        ),
        unchanged=lambda number, params: number.protected is params["protected"],
    ),
    "exclude": BulkAction(
        "Exclude",
        lambda number, standing, assigned: gates.exclude(number),
        lambda pk, params, actor, at, job: inventory.exclude(pk, actor=actor, at=at),
    ),
    "release": BulkAction(
        "Release",
        lambda number, standing, assigned: gates.release(number),
        lambda pk, params, actor, at, job: release.release(pk, actor=actor, at=at, job_id=job),
    ),
    "bring_back": BulkAction(
        "Bring back",
        lambda number, standing, assigned: gates.bring_back(number, standing),
        lambda pk, params, actor, at, job: inventory.bring_back(pk, actor=actor, at=at),
        takes_license=True,
    ),
}


def check_params(account_id: int, action: str, params: Params) -> dict[str, Any]:
    """The parameters of an action as the job keeps them. Raises ``Invalid`` and ``Blocked``.

    ``assign`` needs ``agent`` (id of a live agent), ``tag`` needs ``add`` and/or ``remove`` (lists
    of tags), ``protect`` needs ``protected`` (true or false); the others need nothing.
    """
    if action not in BULK_ACTIONS:
        raise Invalid({"action": [f"Choose one of: {', '.join(BULK_ACTIONS)}."]})
    if action == "assign":
        agent = Account(pk=account_id).agents.filter(pk=params.get("agent") or 0).first()
        if agent is None:
            raise Invalid({"agent": ["Choose an agent of this account."]})
        refuse(gates.agent(agent))
        return {"agent": agent.pk}
    if action == "tag":
        tags = {name: inventory.clean_tags(params.get(name) or []) for name in ("add", "remove")}
        if not any(tags.values()):
            raise Invalid({"add": ["Name at least one tag to add or remove."]})
        return tags
    if action == "protect":
        if not isinstance(params.get("protected"), bool):
            raise Invalid({"protected": ["Say whether to protect or to unprotect."]})
        return {"protected": params["protected"]}
    return {}


@dataclass
class BulkPreview:
    """A dry run: what will change, what will be skipped and why, with examples of both."""

    will_change: int = 0
    will_skip: int = 0
    reasons: list[tuple[str, str, int]] = field(default_factory=list)
    changing: list[PhoneNumber] = field(default_factory=list)
    skipping: list[tuple[PhoneNumber, str]] = field(default_factory=list)


def preview(
    account_id: int,
    *,
    action: str,
    selection: Selection,
    params: Params,
    actor: Actor,
    at: datetime,
) -> BulkPreview:
    """Ask the gates for every selected number without changing anything (pure read)."""
    actor.require(Permission.NUMBERS)
    wanted = check_params(account_id, action, params)
    result, reasons = BulkPreview(), Counter[str]()
    messages: dict[str, str] = {}
    for number, blockers in _judged(account_id, action, selection, wanted, at):
        if not blockers:
            result.will_change += 1
            if len(result.changing) < SAMPLE:
                result.changing.append(number)
            continue
        result.will_skip += 1
        reasons[blockers[0].code] += 1
        messages.setdefault(blockers[0].code, blockers[0].message)
        if len(result.skipping) < SAMPLE:
            result.skipping.append((number, blockers[0].message))
    samples = result.changing + [number for number, _ in result.skipping]
    prefetch_related_objects(samples, "agent", "tags")
    result.reasons = [(code, messages[code], count) for code, count in reasons.most_common()]
    return result


def _judged(
    account_id: int, action: str, selection: Selection, params: Params, at: datetime
) -> Iterator[tuple[PhoneNumber, list[Blocker]]]:
    """Each selected number with its blockers, counting the licenses that earlier ones take."""
    bulk = BULK_ACTIONS[action]
    stands = standing(account_id, at=at)
    assigned = PhoneNumber.objects.filter(account_id=account_id).assigned().count()
    numbers = selection.numbers(account_id).order_by("e164")
    if action == "tag":
        numbers = numbers.prefetch_related("tags")
    # Not joined: a joined connection would decrypt its token for every number.
    connections = {each.pk: each for each in Connection.objects.filter(account_id=account_id)}
    for number in numbers.iterator(chunk_size=BATCH):
        number.connection = connections[number.connection_id]
        unchanged = bulk.unchanged is not None and bulk.unchanged(number, params)
        blockers = [UNCHANGED] if unchanged else bulk.gate(number, stands, assigned)
        if not blockers and bulk.takes_license:
            stands = replace(stands, held=stands.held + 1)
        if not blockers and action == "assign" and not number.is_assigned:
            assigned += 1
        yield number, blockers


@transaction.atomic
def start(
    account_id: int,
    *,
    action: str,
    selection: Selection,
    params: Params,
    actor: Actor,
    at: datetime,
) -> Job:
    """Queue a job that does ``action`` to every selected number.

    The selection is fixed now; each number is judged again when its turn comes. Raises
    ``Forbidden``, ``Invalid`` and ``Blocked``.
    """
    actor.require(Permission.NUMBERS)
    wanted = check_params(account_id, action, params)
    chosen = selection.numbers(account_id).order_by("e164").values_list("pk", "e164")
    return _start(account_id, action, wanted, chosen, actor=actor, at=at)


def _start(
    account_id: int,
    action: str,
    params: Params,
    chosen: QuerySet[Any, Any],
    *,
    actor: Actor,
    at: datetime,
    retry_of: Job | None = None,
) -> Job:
    count = chosen.count()
    if not count:
        raise Invalid({"numbers": ["No number matches."]})
    label = BULK_ACTIONS[action].label
    job = jobs.start(
        account_id=account_id,
        kind="bulk",
        title=f"{label} {plural(count, 'number')}",
        task="numbers.tasks.run_bulk",
        params={"action": action, "params": dict(params)},
        actor=actor,
        at=at,
        retry_of=retry_of,
    )
    job.total = _fill(job, chosen)  # an import may have added some since they were counted
    job.save(update_fields=["total"])
    record(
        "bulk.started",
        account_id=account_id,
        subject=("job", job.pk, job.title),
        summary=f"Bulk job started: {job.title.lower()}.",
        actor=actor,
        at=at,
        data=job.params,
        job_id=job.pk,
    )
    return job


def _fill(job: Job, chosen: QuerySet[Any, Any]) -> int:
    """Copy (id, label) of what was chosen into the job's items unread; returns how many.

    One statement, so that 50,000 numbers need neither memory nor queries of their own.
    """
    constants = [Value(each) for each in (job.pk, ItemState.PENDING.value, "", "")]
    ids_and_labels = chosen.query.values_select
    select, values = chosen.values_list(*ids_and_labels, *constants).query.sql_with_params()
    table = connection.ops.quote_name(JobItem._meta.db_table)
    columns = "subject_id, label, job_id, state, code, message"
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({columns}) {select}", values)
        return int(cursor.rowcount)


@transaction.atomic
def retry_failed(job_id: int, *, actor: Actor, at: datetime) -> Job:
    """Start a job with what a finished one skipped, failed or, having been given up, never reached.

    Raises ``NotDue`` and ``Invalid``.
    """
    actor.require(Permission.NUMBERS)
    job = Job.objects.select_for_update().get(pk=job_id)
    if job.kind != "bulk" or job.is_open:
        raise NotDue("Only a finished bulk job can be retried.")
    action = job.params["action"]
    left = job.items.exclude(state=ItemState.DONE)
    return _start(
        job.account_id,
        action,
        check_params(job.account_id, action, job.params["params"]),
        left.order_by("pk").values_list("subject_id", "label"),
        actor=actor,
        at=at,
        retry_of=job,
    )


def work(job_id: int, *, seconds: float = jobs.SLICE.total_seconds()) -> None:
    """Go through waiting items for ``seconds``, then hand the rest to a fresh task."""
    job = jobs.claim(job_id, at=timezone.now())
    if job is None:
        return
    until = time.monotonic() + seconds
    actor = requested_by(job, account_id=job.account_id)
    while items := list(job.items.filter(state=ItemState.PENDING).order_by("pk")[:100]):
        for item in items:
            _work_on(job, item, actor)
            if time.monotonic() >= until:
                jobs.hand_over(job, at=timezone.now())
                return
    tally = Counter(job.items.values_list("state", flat=True))
    result = {state: tally[state] for state in ("done", "skipped", "failed")}
    jobs.finish(job, at=timezone.now(), result=result)


def _work_on(job: Job, item: JobItem, actor: Actor) -> None:
    """Do one item and note what became of it, in one transaction."""
    at = timezone.now()
    bulk = BULK_ACTIONS[job.params["action"]]
    with transaction.atomic():
        jobs.keep(job, at=at, done=job.done + 1)
        try:
            with transaction.atomic():
                _run(bulk, item.subject_id, job, actor, at)
        except DomainError as error:
            first = error.blockers[0] if isinstance(error, Blocked) else error
            item.state, item.code, item.message = ItemState.SKIPPED, first.code, first.message
        except Exception:
            logger.exception("bulk job %s: item %s failed", job.pk, item.pk)
            item.state, item.code = ItemState.FAILED, "error"
            item.message = "Something went wrong on our side. Retry it, or ask support."
        else:
            item.state = ItemState.DONE
        item.message = item.message[:500]
        item.save(update_fields=["state", "code", "message"])


def _run(bulk: BulkAction, pk: int, job: Job, actor: Actor, at: datetime) -> None:
    params = job.params["params"]
    if bulk.unchanged is not None and bulk.unchanged(PhoneNumber.objects.get(pk=pk), params):
        raise Blocked([UNCHANGED])
    bulk.run(pk, params, actor, at, job.pk)
