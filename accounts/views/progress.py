"""How far a job is, in words, for the fragment that a page reads every second."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import Job
from accounts.states import JobState
from config.text import span

#: A job that nobody has begun by then waits for a worker that may not be running.
PATIENCE = timedelta(seconds=30)


@dataclass(frozen=True)
class Progress:
    """What ``components/progress.html`` shows; ``total`` is None while nobody knows it."""

    text: str
    done: int
    total: int | None
    elapsed: str


def progress_of(job: Job, busy: str, *, at: datetime) -> Progress:
    """``busy`` says what a running job does right now."""
    if job.state == JobState.QUEUED:
        text = "Waiting to begin"
        if at - job.created_at > PATIENCE:
            text = "Still waiting to begin: the background worker is busy or not running"
    else:
        text = busy if job.is_open else job.get_state_display()
    began, ended = job.started_at or job.created_at, job.finished_at or at
    return Progress(text=text, done=job.done, total=job.total, elapsed=span(ended - began))
