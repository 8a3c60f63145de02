"""What became of the undo of a job: the results of the job that undoes it say so (decision 39)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from accounts.models import Job, JobItem
from accounts.models.jobs import UNDOES
from accounts.states import ItemState, JobState


@dataclass(frozen=True)
class Undo:
    """How far the undo of a job has come: ``job`` began it, and ``done`` of ``total`` came back.

    Another try of ``job`` is part of it.
    """

    job: Job
    is_open: bool
    done: int
    total: int

    @property
    def failed(self) -> bool:
        """Whether it has ended and nothing came back, so that the job stands as before."""
        return not self.is_open and not self.done

    @property
    def is_whole(self) -> bool:
        return not self.is_open and self.done >= self.total

    @property
    def words(self) -> str:
        if self.is_open:
            return "being undone"
        if self.failed:
            return "the undo failed"
        return "undone" if self.is_whole else f"partly undone ({self.part})"

    @property
    def part(self) -> str:
        return f"{self.done:,} of {self.total:,}"


def undo_of(job: Job) -> Undo | None:
    """What became of the undo of this one; None where nobody has begun any."""
    return undos([job]).get(job.pk)


def is_undone(job: Job) -> bool:
    """Whether an undo is under way, or has brought anything back."""
    undo = undo_of(job)
    return undo is not None and not undo.failed


def tries_to_undo(job: Job) -> list[int]:
    """The jobs that were ever begun to undo this one; where it is not undone, they changed
    nothing."""
    if job.undone_by_id is None:
        return []
    later = Job.objects.filter(account=job.account_id, pk__gt=job.pk)
    return list(later.filter(**{f"params__{UNDOES}": job.pk}).values_list("pk", flat=True))


def undos(jobs: Iterable[Job]) -> dict[int, Undo]:
    """The same of each of ``jobs`` that has one, by its id; as few queries for many as for one."""
    wanted = {job.undone_by_id: job.pk for job in jobs if job.undone_by_id is not None}
    tries: dict[int, list[Job]] = {}
    level, first_of = Job.objects.filter(pk__in=wanted), {pk: pk for pk in wanted}
    while wanted and (found := list(level)):
        for job in found:
            first = first_of.setdefault(job.pk, first_of.get(job.retry_of_id or 0, job.pk))
            tries.setdefault(first, []).append(job)
        level = Job.objects.filter(retry_of__in=[job.pk for job in found])
    back = _brought_back([job for each in tries.values() for job in each])
    return {
        wanted[first]: Undo(
            job=each[0],
            is_open=any(job.is_open for job in each),
            done=sum(back[job.pk] for job in each),
            total=each[0].total or 0,
        )
        for first, each in tries.items()
    }


def _brought_back(jobs: list[Job]) -> Counter[int]:
    """How many items of each were done; one that was given up has not written it down."""
    told = Counter({job.pk: job.result.get(ItemState.DONE, 0) for job in jobs})
    silent = [
        job.pk for job in jobs if job.state == JobState.FAILED and ItemState.DONE not in job.result
    ]
    if silent:
        done = JobItem.objects.filter(state=ItemState.DONE, job__in=silent)
        told.update(done.order_by().values_list("job_id", flat=True))
    return told
