"""Work that people can watch (design mechanism 4)."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from accounts.states import OPEN_JOB_STATES, UNSETTLED_ITEM_STATES, ItemState, JobState

from .events import RequestedBy
from .scope import OwnedQuerySet

#: In the parameters of a job: the id of the job that it undoes, and of the one that undoes it.
UNDOES, UNDONE_BY = "undoes", "undone_by"


class JobQuerySet(OwnedQuerySet["Job"]):
    def unfinished(self) -> Self:
        return self.filter(state__in=OPEN_JOB_STATES)

    def failed_since(self, moment: datetime) -> Self:
        """Those that failed, or some of whose items did, and that nobody tried again or undid."""
        some_did = Q(state=JobState.DONE, result__failed__gt=0)
        return self.filter(
            Q(state=JobState.FAILED) | some_did,
            ~Q(params__has_key=UNDONE_BY),
            finished_at__gte=moment,
            retries=None,
        )

    def for_support(self, moment: datetime) -> Self:
        """Those that stopped since ``moment``, and that nobody has tried again since.

        ``failed_since`` tells customers of single items as well; those are theirs to decide.
        """
        later = self.model.objects.filter(
            account=OuterRef("account"), kind=OuterRef("kind"), title=OuterRef("title")
        ).filter(state=JobState.DONE, pk__gt=OuterRef("pk"))
        return self.failed_since(moment).filter(~Exists(later), state=JobState.FAILED)

    def stalled(self, at: datetime) -> Self:
        """Unfinished jobs that nobody works on: their worker died or their task was lost."""
        return self.unfinished().filter(leased_until__lt=at)


class Job(RequestedBy):
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
            models.Index(name="job_finished", fields=["account", "finished_at"]),
            models.Index(
                name="job_failed", fields=["finished_at"], condition=Q(state=JobState.FAILED)
            ),
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

    @property
    def has_failed(self) -> bool:
        """Whether it stopped, or all of its items failed."""
        if self.state == JobState.FAILED:
            return True
        others = self.result.get(ItemState.DONE) or self.result.get(ItemState.SKIPPED)
        return self.state == JobState.DONE and bool(self.failed_items) and not others

    @property
    def failed_items(self) -> int:
        failed: int = 0 if self.is_open else self.result.get(ItemState.FAILED, 0)
        return failed

    @property
    def outcome(self) -> str:
        """``Done`` only where nothing failed."""
        if self.has_failed:
            return JobState.FAILED.label
        return "Partly failed" if self.failed_items else self.get_state_display()

    @property
    def undoes_id(self) -> int | None:
        """The job that this one was started to undo."""
        job: int | None = self.params.get(UNDOES)
        return job

    @property
    def undone_by_id(self) -> int | None:
        """The job that was started to undo this one."""
        job: int | None = self.params.get(UNDONE_BY)
        return job


class JobItemQuerySet(models.QuerySet["JobItem"]):
    def unsettled(self) -> Self:
        return self.filter(state__in=UNSETTLED_ITEM_STATES)


class JobItem(models.Model):
    """One thing that a job goes through, and what became of it (B2).

    ``key`` names it in its job and in what people download: a number in E.164, ours or not.
    ``subject_type`` and ``subject_id`` say which row of ours it is, if it is one. ``wanted`` is
    what its step is to do, where that differs from item to item. ``result`` is what was found out
    about it; ``code`` and ``message`` say why it was skipped or failed.
    ``attempts`` counts how often its step was begun, for steps that run outside of transactions.
    """

    job = models.ForeignKey(Job, models.CASCADE, related_name="items", db_index=False)
    key = models.CharField(max_length=100)
    subject_type = models.CharField(max_length=20, blank=True)
    subject_id = models.BigIntegerField("subject ID", null=True, blank=True)
    wanted = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=ItemState.choices, default=ItemState.PENDING)
    result = models.JSONField(default=dict, blank=True)
    code = models.CharField(max_length=60, blank=True)
    message = models.CharField(max_length=500, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    objects = JobItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "key"], name="job_item_key_is_unique"),
            models.CheckConstraint(
                name="job_item_state_is_known", condition=Q(state__in=ItemState.values)
            ),
            models.CheckConstraint(
                name="job_item_subject_is_whole",
                condition=Q(subject_type="", subject_id__isnull=True)
                | (~Q(subject_type="") & Q(subject_id__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(name="job_item_in_order", fields=["job", "id"]),
            models.Index(name="job_item_by_state", fields=["job", "state", "id"]),
        ]

    def __str__(self) -> str:
        return f"{self.key} ({self.get_state_display()})"


class Postponed(models.Model):
    """A row that a sweep leaves alone until a time, because what it does with it failed.

    ``what`` is the sweep's word for its rows ("payment"), ``row_id`` the row's id. A sweep writes
    this before it tries a row and deletes it when that went through, so a row that kills its
    worker is counted too (``services.sweeps``).
    """

    what = models.CharField(max_length=40)
    row_id = models.BigIntegerField("row ID")
    failures = models.PositiveSmallIntegerField(default=0)
    until = models.DateTimeField()
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name_plural = "postponed rows"
        constraints = [
            models.UniqueConstraint(fields=["what", "row_id"], name="row_is_postponed_once"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.row_id}: {self.failures} times in vain"
