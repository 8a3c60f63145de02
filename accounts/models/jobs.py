"""Work that people can watch (design mechanism 4)."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.states import OPEN_JOB_STATES, ItemState, JobState

from .events import ActedBy
from .scope import OwnedQuerySet


class JobQuerySet(OwnedQuerySet["Job"]):
    def unfinished(self) -> Self:
        return self.filter(state__in=OPEN_JOB_STATES)

    def stalled(self, at: datetime) -> Self:
        """Unfinished jobs that nobody works on: their worker died or their task was lost."""
        return self.unfinished().filter(leased_until__lt=at)


class Job(ActedBy):
    """A row for work that takes longer than a page or touches many things.

    ``task`` is the dotted path of the function that the worker calls with this row's id; it may
    be called again at any point. A worker holds the job by a lease: ``lease`` is its token, which
    every write of progress checks, so that two workers never work on one job at once.
    ``leased_until`` of a queued job is when somebody should look why it has not begun.
    """

    account = models.ForeignKey("accounts.Account", models.PROTECT, related_name="jobs")
    kind = models.CharField(max_length=30)
    title = models.CharField(max_length=150)
    task = models.CharField(max_length=100)
    params = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.QUEUED)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(null=True, blank=True)
    result = models.JSONField(default=dict)
    error_code = models.CharField(max_length=40, blank=True)
    error = models.CharField(max_length=500, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease = models.CharField(max_length=32, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    retry_of = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="retries"
    )

    objects = JobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="job_state_is_known", condition=Q(state__in=JobState.values)
            ),
        ]
        indexes = [
            models.Index(name="job_recent", fields=["account", "-id"]),
            models.Index(
                name="job_stalled",
                fields=["leased_until"],
                condition=Q(state__in=[JobState.QUEUED, JobState.RUNNING]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.get_state_display()})"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_JOB_STATES


class JobItem(models.Model):
    """One thing that a bulk job touches, and what became of it (B2)."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="items", db_index=False)
    subject_id = models.BigIntegerField()
    label = models.CharField(max_length=100)
    state = models.CharField(max_length=10, choices=ItemState.choices, default=ItemState.PENDING)
    code = models.CharField(max_length=60, blank=True)
    message = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "subject_id"], name="job_item_is_unique"),
            models.CheckConstraint(
                name="job_item_state_is_known", condition=Q(state__in=ItemState.values)
            ),
        ]
        indexes = [models.Index(name="job_item_by_state", fields=["job", "state", "id"])]

    def __str__(self) -> str:
        return f"{self.label} ({self.get_state_display()})"
