"""The overview of an account: what every app puts on it (``registries.OVERVIEW``), in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, groupby, islice

from django.urls import reverse

from accounts import timeline
from accounts.actor import Actor
from accounts.job_kinds import JOB_KINDS, kind_of
from accounts.models import Account, Event, Job
from accounts.models.jobs import JobQuerySet
from accounts.registries import OVERVIEW, Card, Figure, OverviewPart, Waiting
from accounts.states import ItemState
from accounts.undone import Undo, undos
from config.text import inside, plural

#: How long a job that failed asks for a look.
LOOKED_AT_FOR = timedelta(days=7)
#: Lines of the latest events, and how many events are read for them: the same one after the other
#: is one line.
LATEST, READ = 10, 60


@dataclass(frozen=True)
class Overview:
    """Everything that the page shows. ``first`` is there until an account has begun."""

    first: Card | None
    figures: list[Figure]
    waiting: list[Waiting]
    wide: list[Card]
    narrow: list[Card]


def overview_of(account: Account, actor: Actor, *, at: datetime) -> Overview:
    """Ask every app for its part and put them in order."""
    parts = [part(account, actor, at) for part in OVERVIEW.values()]
    cards = sorted(chain.from_iterable(part.cards for part in parts), key=lambda card: card.place)
    figures = chain.from_iterable(part.figures for part in parts)
    waiting = chain.from_iterable(part.waiting for part in parts)
    return Overview(
        first=next((part.first for part in parts if part.first), None),
        figures=sorted(figures, key=lambda figure: figure.place),
        waiting=sorted((each for each in waiting if each.count), key=lambda each: each.place),
        wide=[card for card in cards if not card.narrow],
        narrow=[card for card in cards if card.narrow],
    )


def part(account: Account, actor: Actor, at: datetime) -> OverviewPart:
    """What this app shows: jobs that want a look, and what happened last."""
    found = list(failed_jobs(account, at=at))
    failed = [job.pk for job in found if job.has_failed]
    in_part = [job.pk for job in found if not job.has_failed]
    return OverviewPart(
        waiting=[
            Waiting(
                place=50,
                count=len(failed),
                noun="job",
                text="failed",
                url=_jobs_page(account, failed, "whole"),
                tone="bad",
            ),
            Waiting(
                place=51,
                count=len(in_part),
                noun="job",
                text="partly failed",
                url=_jobs_page(account, in_part, "part"),
                tone="warn",
            ),
        ],
        cards=[
            Card(
                place=90,
                title="Latest",
                template="accounts/overview_latest.html",
                content=latest(account),
                url=reverse("accounts:activity", args=[account.slug]),
                link="All activity",
            )
        ],
    )


def _jobs_page(account: Account, jobs: Sequence[int], which: str) -> str:
    """The page of the one, or the list of just these."""
    if len(jobs) == 1:
        return reverse("accounts:job", args=[account.slug, *jobs])
    return f"{reverse('accounts:jobs', args=[account.slug])}?failed={which}"


def failed_jobs(account: Account, *, at: datetime) -> JobQuerySet:
    """Jobs of the last days that failed, or of which a part did, and that neither another try nor
    the next one makes up.

    A job “failed” where it stopped, for the account as for support (``JobQuerySet.for_support``).
    """
    made_up = [name for name, kind in JOB_KINDS.items() if kind.makes_up]
    mine = Job.objects.filter(account=account)
    return mine.failed_since(at - LOOKED_AT_FOR).exclude(kind__in=made_up)


def latest(account: Account) -> list[timeline.Entry]:
    """What happened last, each job as one line, and the same again and again as one."""
    events = Event.objects.filter(account=account).one_by_one().select_related("job")
    return list(islice(_lines(list(events.order_by("-pk")[:READ]), account), LATEST))


def _lines(events: list[Event], account: Account) -> Iterator[timeline.Entry]:
    undo_of = undos([event.job for event in events if event.job is not None])
    far = {
        event.pk: how_far(event.job, undo_of.get(event.job.pk))
        for event in events
        if event.subject_type == "job" and event.job is not None
    }

    def what(event: Event) -> tuple[object, ...]:
        own = event.subject_id if event.job_id is None else None
        said = (event.type, event.summary, event.subject_type, far.get(event.pk))
        return (*said, own, timeline.who(event))

    for _, same in groupby(events, key=what):
        newest, *others = same
        (entry,) = timeline.entries([newest], account=account)
        sentence = entry.sentence
        if newest.pk in far:
            sentence = f"{sentence.removesuffix('.')} ({far[newest.pk]})."
        if others:
            sentence = (
                f"{sentence.removesuffix('.')}. The same {plural(len(others), 'time')} before."
            )
        yield entry._replace(sentence=sentence, details=[])


def how_far(job: Job, undo: Undo | None) -> str:
    """``12 changed, 3 failed, undone`` of a job that has ended, else how far it is."""
    counts = [
        f"{job.result[state]:,} {inside(kind_of(job).word(state))}"
        for state in (ItemState.DONE, ItemState.SKIPPED, ItemState.FAILED)
        if job.result.get(state)
    ]
    if job.is_open or not counts:
        done = f"{job.done:,} of {job.total:,}" if job.total else ""
        return ", ".join(filter(None, [inside(job.get_state_display()), done]))
    if undo is not None:
        counts.append(undo.words)
    return ", ".join(counts)
