"""What remains to be done at Twilio after a decision was made here."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from accounts.models import OwnedQuerySet, RequestedBy
from carrier.errors import CarrierConfused, CarrierUnavailable
from numbers.states import ENDED, OPEN_TASK_STATES, TaskKind, TaskState

from .inventory import PhoneNumber


class CarrierTaskQuerySet(OwnedQuerySet["CarrierTask"]):
    account_path = "number__account_id"

    def due(self, at: datetime) -> Self:
        """What a worker may take. Not through a connection that has ended: ``departures`` ends it.

        A claim is an update of these rows, and is judged again by the row that another claim wrote.
        So all conditions are the row's own; a join would make Django look them up beforehand.
        """
        of_ended = PhoneNumber.objects.filter(pk=OuterRef("number"), connection__state__in=ENDED)
        waiting = self.unclaimed(at).filter(state=TaskState.PENDING, due_at__lte=at)
        return waiting.filter(~Exists(of_ended))

    def unclaimed(self, at: datetime) -> Self:
        """Those that no worker is at; who closes a task from outside leaves the others alone."""
        return self.filter(Q(claimed_until=None) | Q(claimed_until__lte=at))

    def unfinished(self) -> Self:
        return self.filter(state__in=OPEN_TASK_STATES)

    def can_be_called_off(self) -> Self:
        """What a person decides about, or what Twilio was never asked for."""
        untouched = Q(state=TaskState.PENDING, claimed_until=None, error_code="")
        return self.filter(untouched | Q(state=TaskState.NEEDS_PERSON))

    def needing_a_person(self) -> Self:
        return self.filter(state=TaskState.NEEDS_PERSON)

    def settings_on_their_way(self) -> Self:
        """What somebody has decided to put back and Twilio has not got yet."""
        return self.filter(state=TaskState.PENDING, kind=TaskKind.PUT_BACK)

    def refused_settings(self) -> Self:
        """What was to be put back and Twilio would not have."""
        return self.needing_a_person().filter(kind=TaskKind.PUT_BACK)

    def settings(self) -> dict[str, Any]:
        """What the task of a number's that is left is to put back; nothing without one."""
        return dict(next(iter(self.values_list("settings", flat=True)[:1]), {}))


class CarrierTask(RequestedBy):
    """The Twilio part of an action, done after its transaction and safe to repeat.

    ``due_at`` is the next attempt, and whoever wants it sooner moves it. A worker that works on
    the task has it until ``claimed_until``. ``settings`` is what is put back. A task that Twilio
    refused for good waits for a person.
    """

    #: What the sweep calls these rows.
    SWEPT_AS: ClassVar[str] = "carrier task"

    number = models.ForeignKey(
        "numbers.PhoneNumber", models.PROTECT, related_name="carrier_tasks", db_index=False
    )
    kind = models.CharField(max_length=10, choices=TaskKind.choices)
    state = models.CharField(max_length=12, choices=TaskState.choices, default=TaskState.PENDING)
    settings = models.JSONField(default=dict)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    error = models.CharField(max_length=500, blank=True)
    twilio_request_id = models.CharField("Twilio request ID", max_length=40, blank=True)
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
            models.Index(
                name="carrier_task_for_people",
                fields=["number"],
                condition=Q(state=TaskState.NEEDS_PERSON),
            ),
        ]

    @property
    def is_unanswered(self) -> bool:
        """Whether a person decides because Twilio never answered: it may have happened."""
        silent = self.error_code in (CarrierUnavailable.code, CarrierConfused.code)
        return silent and self.state == TaskState.NEEDS_PERSON

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_state_display()}"
