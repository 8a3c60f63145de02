"""Phone numbers, their tags, and how members want to see them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from accounts.models import OwnedQuerySet
from carrier.types import NumberType
from config.fields import FoldedField
from config.phone_numbers import for_people, read
from numbers.states import (
    OPEN_TASK_STATES,
    RESTORE_WINDOW,
    TAKES_LICENSE,
    NumberState,
    TaskKind,
)

if TYPE_CHECKING:
    from .tasks import CarrierTask


#: The decision that a number stays as a spare, and until what day: always written together.
KEPT = ("keep_decided_at", "kept_until")


class PhoneNumberQuerySet(OwnedQuerySet["PhoneNumber"]):
    def held(self) -> Self:
        return self.filter(state=NumberState.HELD)

    def taking_license(self) -> Self:
        """Numbers that count against the licenses."""
        return self.filter(state__in=TAKES_LICENSE)

    def missing_since(self, moment: datetime) -> Self:
        return self.filter(state=NumberState.MISSING, state_changed_at__gte=moment)

    def assigned(self) -> Self:
        return self.held().filter(agent__isnull=False)

    def unassigned(self) -> Self:
        return self.held().filter(agent__isnull=True)

    def enabled(self) -> Self:
        """Those whose services are offered; they are held, and have an agent."""
        return self.filter(enabled_at__isnull=False)

    def going_elsewhere(self) -> Self:
        """The same as ``PhoneNumber.goes_elsewhere``, of many."""
        tasks = apps.get_model("numbers", "CarrierTask").objects
        told = tasks.filter(number=OuterRef("pk"), kind=TaskKind.ROUTE, state__in=OPEN_TASK_STATES)
        return self.enabled().filter(~Exists(told), in_service_at=None)

    def differing(self) -> Self:
        """Held ones whose settings at Twilio are other than before: a person decides about them."""
        return self.held().filter(differs_since__isnull=False)

    def reminder_due(self, at: datetime) -> Self:
        """Released ones that can come back for little longer, of which nobody was reminded yet."""
        return self.filter(state=NumberState.RELEASED, remind_at__lte=at)

    def kept_until_by(self, day: date) -> Self:
        """Spares that are kept until that day, or until an earlier one."""
        return self.filter(kept_until__lte=day)

    def kept(self) -> Self:
        """Those that somebody decided to keep; they are held, and have no agent."""
        return self.filter(keep_decided_at__isnull=False)


class PhoneNumber(models.Model):
    """One phone number in an account's inventory, with everything Twilio says about it.

    ``twilio`` is Twilio's whole record as it came, unknown fields included, without the fields
    that have a column here; ``fingerprint`` is a digest of that record, so that an import can tell
    a changed number without reading the record. A number never leaves this table: released and
    gone ones stay with their history.

    ``before_release`` remembers what a number had when it left: its agent, its settings at Twilio,
    and whether somebody had asked for these to be put back (``asked``). On a held number it holds
    the settings that are offered: ``settings``, and as ``found`` what Twilio had in their place;
    ``changed`` are those that somebody has changed at Twilio, as they were before. As long as a
    person has to decide about any, ``differs_since`` says since when (decision 43).
    ``remind_at`` is when people are to be reminded that a released number can soon come back no
    more; it is empty once they were. ``unlisted_at`` is since when imports no longer find an
    excluded number at Twilio.

    ``kept_until`` is the day, in the account's time zone, from which on a spare waits for a
    decision again; one that is kept without it stays a spare until somebody decides (decision 44).

    A number that is enabled (since ``enabled_at``) offers its services; it is in service once
    Twilio has confirmed that it sends them here (``in_service_at``). ``hook_key`` names it in the
    addresses that Twilio calls, and nobody can guess it. ``before_service`` are the settings at
    Twilio that were not ours when it was taken over (decision 38).
    """

    account = models.ForeignKey(
        "accounts.Account", models.PROTECT, related_name="numbers", db_index=False
    )
    connection = models.ForeignKey(
        "numbers.Connection", models.PROTECT, related_name="numbers", db_index=False
    )
    e164 = models.CharField("number", max_length=16)
    sid = models.CharField("SID", max_length=34)
    state = models.CharField(max_length=10, choices=NumberState.choices, default=NumberState.HELD)
    state_changed_at = models.DateTimeField()
    country = models.CharField(max_length=2, blank=True)
    type = models.CharField(max_length=10, choices=NumberType.choices, default=NumberType.OTHER)
    voice = models.BooleanField(default=False)
    sms = models.BooleanField("SMS", default=False)
    mms = models.BooleanField("MMS", default=False)
    friendly_name = models.CharField("name at Twilio", max_length=200, blank=True)
    twilio = models.JSONField("Twilio's record", default=dict)
    fingerprint = models.CharField(max_length=32)

    label = models.CharField(max_length=100, blank=True, help_text="Never shown to callers.")
    search_name = FoldedField("label", "friendly_name")
    notes = models.TextField(max_length=5000, blank=True)
    tags = models.ManyToManyField("numbers.Tag", blank=True, related_name="numbers")
    protected = models.BooleanField(
        default=False, help_text="Cannot be released, excluded or swapped out."
    )
    agent = models.ForeignKey(
        "telephony.Agent", models.PROTECT, null=True, blank=True, related_name="numbers",
        db_index=False,
    )  # fmt: skip
    keep_decided_at = models.DateTimeField(null=True, blank=True)
    kept_until = models.DateField(null=True, blank=True)

    texts = models.BooleanField(default=False, help_text="Whether it offers texts while enabled.")
    enabled_at = models.DateTimeField(null=True, blank=True)
    in_service_at = models.DateTimeField(null=True, blank=True)
    hook_key = models.CharField(max_length=32, blank=True)
    before_service = models.JSONField(default=dict)

    imported_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)
    remind_at = models.DateTimeField(null=True, blank=True)
    before_release = models.JSONField(default=dict)
    differs_since = models.DateTimeField(null=True, blank=True)
    unlisted_at = models.DateTimeField(null=True, blank=True)

    objects = PhoneNumberQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "e164"], name="number_is_in_account_once"),
            models.CheckConstraint(
                name="number_state_is_known", condition=Q(state__in=NumberState.values)
            ),
            models.CheckConstraint(name="number_is_e164", condition=Q(e164__startswith="+")),
            models.CheckConstraint(
                name="number_with_an_agent_is_held",
                condition=Q(agent=None) | Q(state=NumberState.HELD),
            ),
            models.CheckConstraint(
                name="number_released_has_a_time",
                condition=~Q(state__in=[NumberState.RELEASED, NumberState.RESTORING])
                | Q(released_at__isnull=False),
            ),
            models.CheckConstraint(
                name="number_unlisted_is_excluded",
                condition=Q(unlisted_at=None) | Q(state=NumberState.EXCLUDED),
            ),
            models.CheckConstraint(
                name="number_enabled_has_agent_and_service",
                condition=Q(enabled_at=None) | Q(agent__isnull=False, texts=True),
            ),
            models.CheckConstraint(
                name="number_in_service_is_enabled",
                condition=Q(in_service_at=None) | Q(enabled_at__isnull=False),
            ),
            models.CheckConstraint(
                name="number_kept_until_is_kept",
                condition=Q(kept_until=None) | Q(keep_decided_at__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["hook_key"], condition=~Q(hook_key=""), name="number_hook_key_is_unique"
            ),
        ]
        indexes = [
            # All that the Numbers page searches, filters, sorts and counts by, so that it reads
            # this instead of whole rows, of which each carries Twilio's record.
            models.Index(
                name="number_list",
                fields=[
                    "account",
                    "state",
                    "agent",
                    "e164",
                    "enabled_at",
                    "keep_decided_at",
                    "search_name",
                    "sid",
                    "imported_at",
                    "state_changed_at",
                    "country",
                    "type",
                    "voice",
                    "sms",
                    "mms",
                    "protected",
                    "connection",
                    "id",
                ],
            ),
            # Few; who has no agent and none of these still waits for a decision. SQLite prefers an
            # index that knows more of what is asked, so it has the time, too.
            models.Index(
                name="number_kept",
                fields=["account", "keep_decided_at"],
                condition=Q(keep_decided_at__isnull=False),
            ),
            models.Index(
                name="number_kept_until",
                fields=["kept_until", "account"],
                condition=Q(kept_until__isnull=False),
            ),
            # The account first: SIDs are random, so an import writes all over an index of them all.
            models.Index(name="number_by_sid", fields=["account", "sid"]),
            models.Index(name="number_of_connection", fields=["connection", "state", "id"]),
            models.Index(
                name="number_of_agent", fields=["agent"], condition=Q(agent__isnull=False)
            ),
            models.Index(
                name="number_to_remind_of",
                fields=["remind_at"],
                condition=Q(remind_at__isnull=False),
            ),
            models.Index(
                name="number_enabled", fields=["account"], condition=Q(enabled_at__isnull=False)
            ),
            models.Index(
                name="number_differs",
                fields=["account"],
                condition=Q(differs_since__isnull=False),
            ),
            models.Index(
                name="number_not_in_service_yet",
                fields=["account"],
                condition=Q(enabled_at__isnull=False, in_service_at=None),
            ),
        ]

    def __str__(self) -> str:
        return for_people(self.e164)

    def get_absolute_url(self) -> str:
        return reverse("numbers:detail", args=[self.account.slug, self.pk])

    @property
    def about(self) -> tuple[str, int, str]:
        return ("number", self.pk, self.e164)

    def goes_elsewhere(self, tasks: Iterable[CarrierTask]) -> bool:
        """Whether somebody at Twilio has sent its texts elsewhere, with ``tasks`` that are open.

        That is what a refresh found of an enabled number that Twilio is not about to be told of.
        """
        told = any(task.kind == TaskKind.ROUTE for task in tasks)
        return self.is_enabled and self.in_service_at is None and not told

    @property
    def is_hosted(self) -> bool:
        """Whether it stayed with another carrier: Twilio cannot sell it to anybody."""
        return bool(self.twilio.get("origin") == "hosted")

    def decide_to_keep(self, at: datetime | None, until: date | None = None) -> None:
        """Set in memory since when it is kept as a spare and until what day; None for no decision.

        Both are one decision: the caller saves ``KEPT``.
        """
        self.keep_decided_at, self.kept_until = at, until

    @property
    def stands(self) -> str:
        """Its state in the words of the tabs: a held one is assigned, kept or unassigned."""
        if self.state != NumberState.HELD:
            return str(self.get_state_display())
        if self.is_assigned:
            return "Assigned"
        return "Kept" if self.keep_decided_at else "Unassigned"

    @property
    def is_assigned(self) -> bool:
        return self.agent_id is not None

    @property
    def is_enabled(self) -> bool:
        return self.enabled_at is not None

    @property
    def name(self) -> str:
        """What people call it: our label, else its name at Twilio, and that it is that one.

        Twilio names a number by its own digits; such a name says nothing and is left out.
        """
        if self.label or not self.friendly_name:
            return self.label
        written = read(self.friendly_name)
        is_digits = written is not None and written.ends(self.e164)
        return "" if is_digits else f"At Twilio: {self.friendly_name}"

    @property
    def was_excluded(self) -> bool:
        """That a number which is being released was excluded before."""
        return bool(self.before_release.get("excluded"))

    @property
    def left_at(self) -> datetime:
        """When a number that is here no more left; since then, a restore may have been refused."""
        return self.released_at or self.state_changed_at

    @property
    def restorable_until(self) -> datetime | None:
        """Until when a released number can come back (10 days after Twilio took it)."""
        return self.released_at + RESTORE_WINDOW if self.released_at else None


class Tag(models.Model):
    """A word that an account sticks on numbers."""

    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="tags")
    name = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "name"], name="tag_is_in_account_once"),
        ]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class SavedFilter(models.Model):
    """A member's named view of the numbers: the query string of the list page."""

    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+")
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="saved_filters")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=500)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "user", "name"], name="saved_filter_name_is_unique"
            ),
        ]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ColumnChoice(models.Model):
    """Which columns (``ListColumn``) a member wants to see of an account's numbers; maybe none."""

    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+")
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    columns = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "user"], name="columns_are_chosen_once"),
        ]

    def __str__(self) -> str:
        return ", ".join(self.columns)
