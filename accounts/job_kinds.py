"""The kinds of jobs. The app whose work it is registers each, in its ``catalog.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from config.errors import DomainError
from config.registry import Registry
from config.text import plural

from .states import ItemState, Permission

if TYPE_CHECKING:
    from .actor import Actor
    from .models import Job, JobItem
    from .models.jobs import JobItemQuerySet

Params = Mapping[str, Any]


@dataclass(frozen=True)
class Turn:
    """What a step gets: the item whose turn it is, for whom, and when."""

    job: Job
    item: JobItem
    actor: Actor
    at: datetime

    @property
    def again(self) -> bool:
        """Whether an earlier attempt may have got through, so that the step must look first.

        Only for steps outside of transactions; inside of one nothing is left of an attempt.
        """
        return self.item.attempts > 1


@dataclass(frozen=True)
class Outcome:
    """What became of an item; ``result`` is JSON, ``message`` a sentence for people."""

    state: ItemState = ItemState.DONE
    result: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    message: str = ""


#: The step went through, and what it started will settle the item (``job_items.settle``).
STARTED = Outcome(ItemState.STARTED)


def _title(params: Params, count: int) -> str:
    return plural(count, "item")


def _as_they_are(account_id: int, params: Params) -> dict[str, Any]:
    return dict(params)


def _key(key: str, home: str) -> str:
    return key


@dataclass(frozen=True)
class JobKind:
    """What the mechanics of jobs and their pages need to know of one kind.

    A kind made of items has either ``step``, which does an item in one transaction with its
    bookkeeping, or ``call`` and ``record``. ``call`` runs outside of transactions, may ask Twilio,
    and must be safe to repeat, since its worker may be killed after it; ``record`` stores its
    answer in one transaction. Both may raise ``DomainError``: from a rule of ours the item is
    skipped, from ``call`` it has failed. After an error of ``rest_on``, which says nothing about
    the item (Twilio does not answer), the job rests and comes back to it. Nothing returned means
    done. Kinds without items name a ``task`` of their own.
    """

    name: str
    #: What people call such a job: ``Bulk change``.
    label: str = "Job"
    #: What people call an item of it: ``number``.
    thing: str = "item"
    task: str = "accounts.tasks.run_job"
    #: What starting it again needs.
    permission: Permission = Permission.NUMBERS

    step: Callable[[Turn], Outcome | None] | None = None
    call: Callable[[Turn], Any] | None = None
    record: Callable[[Turn, Any], Outcome | None] | None = None
    rest_on: tuple[type[DomainError], ...] = ()

    #: The title of a job with these parameters and that many items.
    title: Callable[[Params, int], str] = _title
    #: Looks at the parameters once more before a retry. Raises ``DomainError``.
    check: Callable[[int, Params], dict[str, Any]] = _as_they_are
    #: Whether a retry would skip all of these items again, as things are now; however many.
    skips_again: Callable[[Job, JobItemQuerySet, datetime], bool] = lambda job, items, at: False
    #: Whether what a retry needs is gone for good.
    is_past: Callable[[Job], bool] = lambda job: False
    #: URL name of the page that undoes a finished job, and whether anything of it can be.
    undo_page: str = ""
    can_be_undone: Callable[[Job, datetime], bool] = lambda job, at: False
    #: Why none of it can be now, in a sentence; empty where there is nothing to say.
    why_not_undone: Callable[[Job, datetime], str] = lambda job, at: ""
    #: Called in the transaction in which a job fails, however that came about.
    on_failed: Callable[[Job, datetime], None] = lambda job, at: None
    #: Whether the next one makes up for one that failed, as an import does.
    makes_up: bool = False
    #: How a failed job is run again, where it does not go on where it stopped; returns a sentence.
    run_again: Callable[[Job, Actor, datetime], str] | None = None

    #: The event that tells of its start, if any does; the event (else ``job.failed``) and the kind
    #: of notice that tell of its failure; and what these events are about.
    started_event: str = ""
    failed_event: str = ""
    notice: str = "job"
    #: Whether people are told of items that failed, once the job has ended.
    tells_failures: bool = False
    subject_type: str = "job"
    subject_id: Callable[[Job], int] = lambda job: job.pk

    #: URL name and arguments of the page that shows such a job better than the common one.
    page: Callable[[Job], tuple[str, int] | None] = lambda job: None
    #: URL name and words of the list whose rows such a job is about.
    list_page: str = ""
    list_label: str = ""
    #: URL name of the page of an item's subject, which takes its id.
    subject_page: str = ""
    #: Words for the states of items, where this kind has better ones.
    words: Mapping[str, str] = field(default_factory=dict)
    #: An item's key for people, in an account of this home country.
    show_key: Callable[[str, str], str] = _key
    #: What an item's result shows in columns of their own, on the page and in the CSV.
    columns: tuple[str, ...] = ()
    cells: Callable[[JobItem], Sequence[str]] = lambda item: ()

    def subject(self, job: Job) -> tuple[str, int, str]:
        """What events that tell of the job are about: type, id and label."""
        return (self.subject_type, self.subject_id(job), job.title)

    def word(self, state: str) -> str:
        """``Changed`` or whatever this kind calls the state of an item."""
        return self.words.get(state, ItemState(state).label)


JOB_KINDS: Registry[JobKind] = Registry("kind of job")


def kind_of(job: Job) -> JobKind:
    """The kind of a job; a bare one where it is no longer known, so that old jobs can be shown."""
    return JOB_KINDS.get(job.kind) or JobKind(job.kind)
