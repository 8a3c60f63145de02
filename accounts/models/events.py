"""The event log: the audit trail, the timelines, and the source of notices (design mechanism 3)."""

from __future__ import annotations

from typing import Any, NoReturn, Self

from django.db import models
from django.db.models import Q

from accounts.states import ActorKind

from .scope import OwnedQuerySet, Row


class ActedBy(models.Model):
    """Who did it, kept by value: a removed member still stands in the log."""

    actor_kind = models.CharField(max_length=10, choices=ActorKind.choices)
    actor_id = models.BigIntegerField(null=True, blank=True)
    actor_label = models.CharField(max_length=150)

    class Meta:
        abstract = True


class AppendOnly(TypeError):
    """Code tried to change history."""


class AppendOnlyQuerySet(OwnedQuerySet[Row]):
    """Rows that are written once and never changed or deleted by our code."""

    def update(self, **fields: Any) -> NoReturn:
        raise AppendOnly(f"{self.model._meta.verbose_name_plural} are never edited.")

    def delete(self) -> NoReturn:
        raise AppendOnly(f"{self.model._meta.verbose_name_plural} are never deleted.")


class EventQuerySet(AppendOnlyQuerySet["Event"]):
    def about(self, subject_type: str, subject_id: int) -> Self:
        """The timeline of one thing, newest first."""
        return self.filter(subject_type=subject_type, subject_id=subject_id).order_by("-pk")


class Event(ActedBy):
    """One fact, written in the transaction that made it true.

    ``type`` is ``noun.verb_in_past_tense`` (``number.released``). ``summary`` is the sentence
    people read. ``data`` holds ``before`` and ``after`` (dicts of the same keys) and whatever else
    explains the fact; never a secret.
    """

    account = models.ForeignKey(
        "accounts.Account", models.PROTECT, related_name="events", db_index=False
    )
    type = models.CharField(max_length=60)
    at = models.DateTimeField()
    subject_type = models.CharField(max_length=20)
    subject_id = models.BigIntegerField(null=True, blank=True)
    subject_label = models.CharField(max_length=100)
    summary = models.CharField(max_length=300)
    data = models.JSONField(default=dict)
    reason = models.CharField(max_length=300, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    job = models.ForeignKey(
        "accounts.Job",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="events",
        db_index=False,
    )

    objects = EventQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(name="event_activity", fields=["account", "-id"]),
            models.Index(
                name="event_activity_summed_up",
                fields=["account", "-id"],
                condition=~Q(type="number.imported"),
            ),
            models.Index(name="event_activity_by_type", fields=["account", "type", "-id"]),
            models.Index(
                name="event_activity_by_actor",
                fields=["account", "actor_kind", "actor_id", "-id"],
            ),
            # Turns a time into an id, by which the pages of the activity are ordered.
            models.Index(name="event_activity_since", fields=["account", "at"]),
            models.Index(name="event_timeline", fields=["subject_type", "subject_id", "-id"]),
            models.Index(
                name="event_of_job", fields=["job", "type"], condition=Q(job__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.subject_label}"
