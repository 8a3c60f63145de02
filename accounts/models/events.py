"""The event log: the audit trail, the timelines, and the source of notices (design mechanism 3)."""

from __future__ import annotations

from typing import Any, NoReturn, Self

from django.db import models
from django.db.models import Q

from accounts.states import ActorKind

from .commits import settled_until
from .scope import OwnedQuerySet, Row


class ActedBy(models.Model):
    """Who did it, kept by value: a removed member still stands in the log."""

    actor_kind = models.CharField(max_length=10, choices=ActorKind.choices)
    actor_id = models.BigIntegerField("actor ID", null=True, blank=True)
    actor_label = models.CharField(max_length=150)

    class Meta:
        abstract = True


class RequestedBy(ActedBy):
    """Who asked for work that a worker does later, and everything it needs to act as them.

    ``actor_permissions`` are values of ``Permission``, as they were held when it was asked for.
    """

    actor_permissions = models.JSONField(default=list)
    request_id = models.CharField("request ID", max_length=64, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        abstract = True


class AppendOnly(TypeError):
    """Code tried to change history."""


def _edited(model: type[models.Model]) -> AppendOnly:
    return AppendOnly(f"{model._meta.verbose_name_plural} are never edited.")


def _deleted(model: type[models.Model]) -> AppendOnly:
    return AppendOnly(f"{model._meta.verbose_name_plural} are never deleted.")


class AppendOnlyQuerySet(OwnedQuerySet[Row]):
    """Rows that are written once and never changed or deleted by our code."""

    def update(self, **fields: Any) -> NoReturn:
        raise _edited(self.model)

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise _edited(self.model)

    def bulk_create(
        self, objs: Any, *args: Any, update_conflicts: bool = False, **kwargs: Any
    ) -> Any:
        if update_conflicts:
            raise _edited(self.model)
        return super().bulk_create(objs, *args, **kwargs)

    def delete(self) -> NoReturn:
        raise _deleted(self.model)

    def _raw_delete(self, using: str | None) -> NoReturn:
        raise _deleted(self.model)


class AppendOnlyRow(models.Model):
    """A row of such a table: it is inserted, and that is all.

    The one override of ``save`` in this project. A rule that only querysets keep is one that
    ``row.save()`` breaks without a word.
    """

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise _edited(type(self))
        super().save(*args, **{**kwargs, "force_insert": True})  # an id that is taken is no update

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise _deleted(type(self))


#: What comes by the thousand and has a line or a page elsewhere: what jobs did to numbers, and
#: what is said on numbers.
ONE_BY_ONE = (Q(job__isnull=True) | ~Q(subject_type="number")) & ~Q(subject_type="message")


class EventQuerySet(AppendOnlyQuerySet["Event"]):
    def about(self, subject_type: str, subject_id: int) -> Self:
        """The timeline of one thing, newest first."""
        return self.filter(subject_type=subject_type, subject_id=subject_id).order_by("-pk")

    def one_by_one(self) -> Self:
        """Without what comes by the thousand: a job's line holds it, or the calls and texts do."""
        return self.filter(ONE_BY_ONE)

    def settled(self) -> Self:
        """Those below which no event can appear any more, whoever has yet to commit.

        A reader that continues after the highest id it has seen must read these only.
        """
        until = settled_until(self.model._meta.db_table, using=self.db)
        return self if until is None else self.filter(pk__lte=until)

    def following(self, event_id: int) -> Self:
        """What a reader that has come as far as ``event_id`` reads next, the oldest first."""
        return self.settled().filter(pk__gt=event_id).order_by("pk")


class Event(ActedBy, AppendOnlyRow):
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
    subject_id = models.BigIntegerField("subject ID", null=True, blank=True)
    subject_label = models.CharField(max_length=100)
    summary = models.CharField(max_length=300)
    data = models.JSONField(default=dict)
    reason = models.CharField(max_length=300, blank=True)
    request_id = models.CharField("request ID", max_length=64, blank=True)
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
                name="event_activity_one_by_one",
                fields=["account", "-id"],
                condition=ONE_BY_ONE,
            ),
            models.Index(name="event_activity_by_type", fields=["account", "type", "-id"]),
            models.Index(
                name="event_activity_by_actor",
                fields=["account", "actor_kind", "actor_id", "-id"],
            ),
            # Turns a time into an id, by which the pages of the activity are ordered.
            models.Index(name="event_activity_since", fields=["account", "at"]),
            models.Index(name="event_timeline", fields=["subject_type", "subject_id", "-id"]),
            # Read backwards for the newest first: so a job's next event comes to the end of it.
            models.Index(
                name="event_of_job_in_order",
                fields=["job", "id", "type"],
                condition=Q(job__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.subject_label}"
