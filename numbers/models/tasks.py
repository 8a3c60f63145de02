"""What remains to be done at Twilio after a decision was made here."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from accounts.models import ActedBy, OwnedQuerySet
from numbers.states import OPEN_TASK_STATES, TaskKind, TaskState


class CarrierTaskQuerySet(OwnedQuerySet["CarrierTask"]):
    account_path = "number__account_id"

    def due(self, at: datetime) -> Self:
        return self.filter(state=TaskState.PENDING, due_at__lte=at)

    def unfinished(self) -> Self:
        return self.filter(state__in=OPEN_TASK_STATES)

    def needing_a_person(self) -> Self:
        return self.filter(state=TaskState.NEEDS_PERSON)


class CarrierTask(ActedBy):
    """The Twilio part of an action, done after its transaction and safe to repeat.

    ``due_at`` is the next attempt; a worker claims a task by moving it forward. ``settings`` is
    what a restore puts back. A task that Twilio refused for good waits for a person.
    """

    number = models.ForeignKey(
        "numbers.PhoneNumber", models.PROTECT, related_name="carrier_tasks", db_index=False
    )
    kind = models.CharField(max_length=10, choices=TaskKind.choices)
    state = models.CharField(max_length=12, choices=TaskState.choices, default=TaskState.PENDING)
    settings = models.JSONField(default=dict)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    error_code = models.CharField(max_length=40, blank=True)
    error = models.CharField(max_length=500, blank=True)
    twilio_request_id = models.CharField(max_length=40, blank=True)
    job = models.ForeignKey("accounts.Job", models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = CarrierTaskQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["number", "kind"],
                condition=Q(state__in=[TaskState.PENDING, TaskState.NEEDS_PERSON]),
                name="carrier_task_is_open_once",
            ),
            models.CheckConstraint(
                name="carrier_task_state_is_known", condition=Q(state__in=TaskState.values)
            ),
        ]
        indexes = [
            models.Index(name="carrier_task_of_number", fields=["number", "-id"]),
            models.Index(
                name="carrier_task_due",
                fields=["due_at"],
                condition=Q(state=TaskState.PENDING),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_state_display()}"
