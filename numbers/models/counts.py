"""How many numbers an account has in each state, and how that came about, ready to read."""

from __future__ import annotations

from django.db import models
from django.db.models import Sum

from accounts.models import OwnedQuerySet
from numbers.states import TAKES_LICENSE, NumberState


class NumberCountQuerySet(OwnedQuerySet["NumberCount"]):
    def taking_license(self) -> int:
        """How many numbers count against the licenses."""
        return self._sum(self.filter(state__in=TAKES_LICENSE))

    def assigned(self) -> int:
        """How many numbers have an agent."""
        return self._sum(self.filter(state=NumberState.HELD, assigned=True))

    def enabled(self) -> int:
        """How many numbers are enabled."""
        return self._sum(self.filter(state=NumberState.HELD, enabled=True))

    def unassigned(self) -> int:
        """How many held numbers have no agent."""
        return self._sum(self.filter(state=NumberState.HELD, assigned=False))

    def _sum(self, rows: NumberCountQuerySet) -> int:
        return rows.aggregate(sum=Sum("amount"))["sum"] or 0


class NumberCount(models.Model):
    """How many numbers of an account are in a state and a country, assigned and enabled or not.

    The database keeps these rows itself (``numbers.counting``), in the transaction and so under the
    lock of whatever moves a number; nothing else writes them.
    """

    account = models.ForeignKey(
        "accounts.Account", models.CASCADE, related_name="number_counts", db_index=False
    )
    state = models.CharField(max_length=10, choices=NumberState.choices)
    assigned = models.BooleanField()
    enabled = models.BooleanField(default=False)
    country = models.CharField(max_length=2, blank=True, default="")
    amount = models.IntegerField()

    objects = NumberCountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "state", "assigned", "enabled", "country"],
                name="number_count_is_one_row",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.state}"


class HeldChange(models.Model):
    """By how much the numbers that take a license grew or shrank within a quarter of an hour.

    The database keeps these rows itself, as it does the counts (``numbers.counting``). How many
    were held at some time is how many are held now, less what changed since (``numbers.history``).
    A quarter is the longest step in which every time zone's days begin.
    """

    account = models.ForeignKey(
        "accounts.Account", models.CASCADE, related_name="held_changes", db_index=False
    )
    quarter = models.DateTimeField(help_text="When the quarter of an hour began.")
    amount = models.IntegerField()

    objects = OwnedQuerySet["HeldChange"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "quarter"], name="held_change_is_one_row_a_quarter"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount:+} held"
