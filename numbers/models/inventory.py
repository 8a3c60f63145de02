"""Phone numbers, their tags, and saved views of them."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.models import OwnedQuerySet
from config.phone_numbers import digits_of, for_people
from numbers.states import RESTORE_WINDOW, TAKES_LICENSE, NumberState, NumberType


class PhoneNumberQuerySet(OwnedQuerySet["PhoneNumber"]):
    def held(self) -> Self:
        return self.filter(state=NumberState.HELD)

    def taking_license(self) -> Self:
        """Numbers that count against the licenses."""
        return self.filter(state__in=TAKES_LICENSE)

    def assigned(self) -> Self:
        return self.held().filter(agent__isnull=False)

    def unassigned(self) -> Self:
        return self.held().filter(agent__isnull=True)


class PhoneNumber(models.Model):
    """One phone number in an account's inventory, with everything Twilio says about it.

    ``twilio`` is Twilio's whole record as it came, unknown fields included, without the fields
    that have a column here; ``fingerprint`` is a digest of that record, so that an import can tell
    a changed number without reading the record. ``before_release`` remembers what a restore puts
    back. A number never leaves this table: released and gone ones stay with their history.
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
    sms = models.BooleanField(default=False)
    mms = models.BooleanField(default=False)
    friendly_name = models.CharField("name at Twilio", max_length=200, blank=True)
    twilio = models.JSONField(default=dict)
    fingerprint = models.CharField(max_length=32)

    label = models.CharField(max_length=100, blank=True, help_text="Never shown to callers.")
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

    imported_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True, blank=True)
    before_release = models.JSONField(default=dict)

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
                    "keep_decided_at",
                    "label",
                    "friendly_name",
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
            models.Index(name="number_by_sid", fields=["sid"]),
            models.Index(name="number_of_connection", fields=["connection", "state", "id"]),
            models.Index(
                name="number_of_agent", fields=["agent"], condition=Q(agent__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return for_people(self.e164)

    def get_absolute_url(self) -> str:
        return reverse("numbers:detail", args=[self.account.slug, self.pk])

    @property
    def is_assigned(self) -> bool:
        return self.agent_id is not None

    @property
    def name(self) -> str:
        """What people call it: our label, else its name at Twilio.

        Twilio names a number by its own digits; such a name says nothing and is left out.
        """
        if self.label:
            return self.label
        name = self.friendly_name
        digits = digits_of(name)
        repeats = bool(digits) and self.e164.endswith(digits) and not any(map(str.isalpha, name))
        return "" if repeats else name

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
