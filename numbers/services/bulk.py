"""Bulk actions: a dry run, and the job that does the action to each number (B2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts.actor import Actor
from accounts.job_kinds import STARTED, JobKind, Outcome, Turn
from accounts.models import Job, JobItem
from accounts.models.jobs import UNDOES, JobItemQuerySet
from accounts.services import job_items, jobs
from accounts.services.job_items import Rows
from accounts.states import ItemState, Permission
from accounts.undone import is_undone, tries_to_undo
from config.errors import Blocked, Blocker, DomainError, Invalid
from config.phone_numbers import for_people
from config.text import plural
from numbers import gates
from numbers.models import CarrierTask, PhoneNumber
from numbers.models.inventory import PhoneNumberQuerySet
from numbers.states import NumberState, TaskKind

from . import agents_back, carrier_tasks, judging, retries
from .judging import UNCHANGED
from .lifecycle import lock_number


@dataclass(frozen=True)
class Selection:
    """Which numbers are meant: these ids, or all that a list page shows.

    ``shown`` narrows a query of numbers to those, and may raise ``Invalid``: ``filters.shown_by``.
    """

    ids: list[int] | None = None
    shown: Callable[[PhoneNumberQuerySet], PhoneNumberQuerySet] | None = None

    def numbers(self, account_id: int) -> Any:
        """The selected numbers of the account. Raises ``Invalid`` when nothing was selected."""
        mine = PhoneNumber.objects.filter(account_id=account_id)
        if self.shown is not None:
            return self.shown(mine)
        if not self.ids:
            raise Invalid({"numbers": ["Select at least one number."]})
        return mine.filter(pk__in=self.ids)


Params = Mapping[str, Any]


@dataclass(frozen=True)
class BulkAction:
    """An action on many numbers, as ``numbers.actions`` tells it.

    ``phrase`` is the order, for one number and for several. ``run(number_id, params, *, actor, at,
    risk_confirmed)`` does it to one, ``check`` says what the job keeps of the parameters. ``gate``
    tells why one would be skipped and ``unchanged`` which are so already; ``reads`` names what both
    look at. ``spends`` is what ``n`` earlier numbers use up, of those that are a ``spender``.
    ``licenses`` is how many one takes by it, or gives back when negative; ``leaves`` means that it
    takes one to come back. A retry takes up the task ``at_twilio`` again where Twilio refused it.
    ``risky`` are those that ask for more than a click. ``undone_by`` names the act that undoes it
    and what that is to be done with; ``fields`` are what it changes where it decides nothing about
    the number. A preview with other ``seals`` is another one. ``gives_agents`` has each item note
    which agent its number had, to be given back.
    """

    label: str
    phrase: tuple[str, ...]
    run: Callable[..., object]
    check: Callable[[int, Params], dict[str, Any]]
    gate: Callable[[PhoneNumber, gates.Facts], list[Blocker]]
    reads: Callable[[Params, gates.Facts], gates.Reads]
    unchanged: Callable[[PhoneNumber, Params], bool] | None = None
    spends: Callable[[gates.Facts, int], gates.Facts] | None = None
    spender: Callable[[PhoneNumber], bool] = lambda number: True
    licenses: Callable[[PhoneNumber], int] = lambda number: 0
    leaves: bool = False
    at_twilio: TaskKind | None = None
    risky: Q | None = None
    undone_by: Callable[[Params], tuple[str, Params] | None] = lambda params: None
    fields: tuple[str, ...] = ()
    seals: tuple[str, ...] = ()
    gives_agents: bool = False

    def about(self, what: str, *, count: int) -> str:
        """``Release 5 numbers``; ``what`` names the numbers."""
        return self.phrase[0 if count == 1 else -1].format(what)

    def about_numbers(self, count: int) -> str:
        return self.about(plural(count, "number"), count=count)


#: Filled by ``numbers.actions``, which names each action once for every door.
BULK_ACTIONS: dict[str, BulkAction] = {}
#: What undoes a job, and no door offers by itself.
_BACK = BulkAction(
    "Give agents back",
    phrase=("Give {} its agent back", "Give {} their agents back"),
    run=agents_back.run,
    check=agents_back.check,
    gate=agents_back.gate,
    reads=agents_back.reads,
    unchanged=agents_back.unchanged,
    spends=agents_back.spends,
    spender=agents_back.is_spender,
    gives_agents=True,
)


def bulk_action(name: str) -> BulkAction:
    """The action of a job. Raises ``KeyError`` for one that is not known any more."""
    return _BACK if name == agents_back.NAME else BULK_ACTIONS[name]


def in_words(action: str, params: Params) -> BulkAction:
    """The same, with words for what giving agents back means to numbers that had none."""
    bulk = bulk_action(action)
    if action != agents_back.NAME:
        return bulk
    noted = JobItem.objects.filter(job=params["job"], state=ItemState.DONE)
    if not noted.filter(**{f"result__{agents_back.HAD}": 0}).exists():
        return bulk
    if noted.filter(**{f"result__{agents_back.HAD}__gt": 0}).exists():
        return replace(
            bulk, phrase=("Give {} its agent back, or none", "Give {} their agents back, or none")
        )
    return replace(bulk, phrase=("Take the agent off {}",))


def check_params(account_id: int, action: str, params: Params) -> dict[str, Any]:
    """The parameters of an action as the job keeps them. Raises ``Invalid`` and ``Blocked``."""
    try:
        bulk = bulk_action(action)
    except KeyError:
        raise Invalid({"action": [f"Choose one of: {', '.join(BULK_ACTIONS)}."]}) from None
    return bulk.check(account_id, params)


@transaction.atomic
def start(
    account_id: int,
    *,
    action: str,
    selection: Selection,
    params: Params,
    actor: Actor,
    at: datetime,
    risk_confirmed: bool = True,
    skipped: int = 0,
    undoes: Job | None = None,
) -> Job:
    """Queue a job that does ``action`` to every selected number; doors use ``previews.start``.

    The selection is fixed now; each number is judged again when its turn comes. Without
    ``risk_confirmed`` one that has become a risk by then is skipped. ``skipped`` is how many of
    them are known not to change. ``undoes`` is the finished job that this one undoes. Raises
    ``Forbidden``, ``Invalid`` and ``Blocked``, and ``NotDue`` where that was undone already.
    """
    actor.require(Permission.NUMBERS)
    if undoes is not None:
        undoes = jobs.lock(undoes.pk)
        jobs.refuse_undone(undoes)
    wanted = check_params(account_id, action, params)
    chosen = selection.numbers(account_id).order_by("e164")
    job = job_items.start(
        KIND,
        account_id=account_id,
        params={
            "action": action,
            "params": wanted,
            "risk_confirmed": risk_confirmed,
            "skipped": skipped,
            **({UNDOES: undoes.pk} if undoes else {}),
        },
        items=Rows(chosen, key="e164", subject_type="number"),
        actor=actor,
        at=at,
    )
    if undoes is not None:
        jobs.note_undone(undoes, by=job)
    return job


def _title(params: Params, count: int) -> str:
    """``Release 5 numbers, 1 skipped``: as many as will change, and beside them the others."""
    skipped = params.get("skipped", 0)
    beside = f", {skipped:,} skipped" if skipped else ""
    bulk = in_words(params["action"], params["params"])
    return bulk.about_numbers(max(0, count - skipped)) + beside


def _check_again(account_id: int, params: Params) -> dict[str, Any]:
    """What a retry does: the same, if that still makes sense. It confirms no risk."""
    action = params["action"]
    return {
        **params,
        "params": check_params(account_id, action, params["params"]),
        "risk_confirmed": False,
        "skipped": 0,
    }


def _skips_again(job: Job, items: JobItemQuerySet, at: datetime) -> bool:
    bulk, ids = bulk_action(job.params["action"]), items.values("subject_id")
    if _refused_at_twilio(ids, bulk) is not None:
        return False
    try:
        params = _check_again(job.account_id, job.params)["params"]
    except DomainError:
        return True
    facts, numbers = gates.facts_of(job.account, at=at), PhoneNumber.objects.filter(pk__in=ids)
    left = retries.undecided(job, numbers, fields=_fields_undone_by(job))
    if bulk.risky is not None:  # which a retry does not confirm
        left = left.exclude(pk__in=numbers.filter(bulk.risky).values("pk"))
    return not judging.any_would_change(bulk, left, params, facts)


def _is_past(job: Job) -> bool:
    """Whether the items are gone that say which agents to give back."""
    return job.params.get("action") == agents_back.NAME and not agents_back.is_kept(
        job.params["params"]
    )


@dataclass(frozen=True)
class Undoing:
    """The bulk act that undoes a job, for the numbers that are as the job left them."""

    action: str
    params: Params
    selection: Selection


def _fields_undone_by(job: Job) -> tuple[str, ...]:
    """What the job that this one undoes, if it is an undo, changes without deciding anything."""
    if job.undoes_id is None:
        return ()
    return bulk_action(Job.objects.get(pk=job.undoes_id).params["action"]).fields


def undoing_of(job: Job) -> Undoing | None:
    """What undoes a finished bulk job; None where nothing does (decision 39), or something did."""
    if job.is_open or is_undone(job):
        return None
    try:
        bulk = bulk_action(job.params.get("action", ""))
    except KeyError:
        return None
    left = retries.left_as_done(job, fields=bulk.fields, besides=tries_to_undo(job))
    if bulk.gives_agents:
        shown = partial(agents_back.left_by, job.pk)
        return Undoing(
            agents_back.NAME, {"job": job.pk}, Selection(shown=lambda numbers: shown(left(numbers)))
        )
    back = bulk.undone_by(job.params["params"])
    return Undoing(*back, Selection(shown=left)) if back else None


def _asked_to_undo(
    job: Job, at: datetime
) -> tuple[BulkAction, PhoneNumberQuerySet, Params, gates.Facts] | None:
    """What ``judging`` asks about the undoing; None where nothing undoes it. Raises
    ``DomainError`` where its parameters do not hold any more."""
    if (undoing := undoing_of(job)) is None:
        return None
    params = check_params(job.account_id, undoing.action, undoing.params)
    numbers = undoing.selection.numbers(job.account_id)
    return bulk_action(undoing.action), numbers, params, gates.facts_of(job.account, at=at)


def _can_be_undone(job: Job, at: datetime) -> bool:
    """Whether anything would change."""
    try:
        asked = _asked_to_undo(job, at)
    except DomainError:
        return False
    return asked is not None and judging.any_would_change(*asked)


def _why_not_undone(job: Job, at: datetime) -> str:
    """Why nothing would change although an act undoes such a job."""
    try:
        asked = _asked_to_undo(job, at)
    except DomainError as error:
        return error.message
    return judging.why_none_changes(*asked) if asked else ""


#: States in which a number waits for Twilio's confirmation.
_AT_TWILIO = (NumberState.RELEASING, NumberState.RESTORING)


def _step(turn: Turn) -> Outcome | None:
    """Do the action to one number. Raises what it raises, and ``Blocked`` for nothing to do."""
    pk, job = turn.item.subject_id, turn.job
    if pk is None:
        raise ValueError("an item of a bulk job is one of our numbers")
    bulk, params = bulk_action(job.params["action"]), job.params["params"]
    retries.refuse_stale(turn, fields=_fields_undone_by(job))
    if job.retry_of_id and (refused := _refused_at_twilio([pk], bulk)):
        carrier_tasks.try_again(refused, actor=turn.actor, at=turn.at)
        return STARTED
    if bulk.unchanged is not None and bulk.unchanged(PhoneNumber.objects.get(pk=pk), params):
        raise Blocked([UNCHANGED])
    if bulk.gives_agents:
        number, _ = lock_number(pk)  # so that it is this agent that the act replaces
        noted = agents_back.noted(number)
        bulk.run(pk, params, actor=turn.actor, at=turn.at, risk_confirmed=True)
        return Outcome(result=noted)
    confirmed = job.params.get("risk_confirmed", True)
    after = bulk.run(pk, params, actor=turn.actor, at=turn.at, risk_confirmed=confirmed)
    if not isinstance(after, PhoneNumber):
        return None
    is_written = bulk.at_twilio == TaskKind.PUT_BACK or (
        bulk.at_twilio == TaskKind.ROUTE and after.hook_key
    )
    if not is_written and after.state not in _AT_TWILIO:
        return None
    # One that was on its way already got a tag: nobody at Twilio is asked about that.
    mine = CarrierTask.objects.unfinished().filter(number=pk, job=job)
    return STARTED if mine.exists() else None


def _refused_at_twilio(pks: Any, bulk: BulkAction) -> int | None:
    if bulk.at_twilio is None:
        return None
    refused = CarrierTask.objects.needing_a_person().filter(kind=bulk.at_twilio, number__in=pks)
    return refused.values_list("pk", flat=True).first()


KIND = JobKind(
    "bulk",
    label="Bulk change",
    thing="number",
    permission=Permission.NUMBERS,
    step=_step,
    title=_title,
    check=_check_again,
    skips_again=_skips_again,
    is_past=_is_past,
    undo_page="numbers:bulk_undo",
    can_be_undone=_can_be_undone,
    why_not_undone=_why_not_undone,
    started_event="bulk.started",
    tells_failures=True,
    list_page="numbers:list",
    list_label="Numbers",
    subject_page="numbers:detail",
    words={ItemState.STARTED: "Twilio is being told", ItemState.DONE: "Changed"},
    show_key=for_people,
)
