"""Support looking at an account as its members see it."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from .scope import OwnedQuerySet


class LookQuerySet(OwnedQuerySet["Look"]):
    def open(self) -> Self:
        return self.filter(ended_at=None)

    def over(self, at: datetime) -> Self:
        """Open ones that have to end: their time is over, or their user is no staff any more."""
        no_staff = Q(user__is_active=False) | Q(user__is_staff=False)
        return self.open().filter(Q(ends_at__lte=at) | no_staff)


class Look(models.Model):
    """A member of our staff reads the pages of an account, in one session of their browser.

    It goes on until ``ends_at`` at the latest. The session knows its id; that it has ended, and
    how, is told by an event.
    """

    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="looks")
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    reason = models.CharField(max_length=300)
    began_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = LookQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(name="look_open", fields=["ends_at"], condition=Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.account}"

    @property
    def about(self) -> tuple[str, int, str]:
        return ("account", self.account_id, self.account.name)
