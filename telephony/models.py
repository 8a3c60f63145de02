"""Agents: who answers the numbers."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models import OwnedQuerySet
from config.fields import FoldedField

from .states import AgentState


class Agent(models.Model):
    """What answers calls and texts on the numbers assigned to it (S4-9 to S4-11)."""

    account = models.ForeignKey("accounts.Account", models.PROTECT, related_name="agents")
    name = models.CharField(max_length=80)
    search_name = FoldedField("name")
    state = models.CharField(max_length=6, choices=AgentState.choices, default=AgentState.DRAFT)
    created_at = models.DateTimeField(default=timezone.now)

    objects = OwnedQuerySet["Agent"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("account", Lower("name"), name="agent_name_is_unique"),
            models.CheckConstraint(
                name="agent_state_is_known", condition=Q(state__in=AgentState.values)
            ),
        ]
        indexes = [models.Index(name="agent_by_name", fields=["account", "search_name", "id"])]

    def __str__(self) -> str:
        return self.name

    @property
    def is_live(self) -> bool:
        return self.state == AgentState.LIVE

    @property
    def about(self) -> tuple[str, int, str]:
        return ("agent", self.pk, self.name)
