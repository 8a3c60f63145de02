"""What others called us with: stored before anything acts on it (design mechanism 7)."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q

from accounts.states import DeliveryState

from .scope import OwnedQuerySet


class HookDeliveryQuerySet(OwnedQuerySet["HookDelivery"]):
    def unhandled(self) -> Self:
        return self.exclude(state=DeliveryState.ANSWERED)


class HookDelivery(models.Model):
    """One call of a hook, by a caller who proved who it is, and the answer that it got.

    ``source`` is the registered hook, ``key`` the caller's idempotency key: a second delivery with
    it is the same one. ``address`` is path and query below the hook's own address. ``body`` is
    exactly what came, so that what could not be handled can be run again.
    """

    account = models.ForeignKey("accounts.Account", models.PROTECT, related_name="hook_deliveries")
    source = models.CharField(max_length=40)
    key = models.CharField(max_length=200)
    address = models.TextField()
    content_type = models.CharField(max_length=100, blank=True)
    body = models.BinaryField()
    request_id = models.CharField("request ID", max_length=64, blank=True)
    state = models.CharField(
        max_length=10, choices=DeliveryState.choices, default=DeliveryState.RECEIVED
    )
    attempts = models.PositiveIntegerField(default=0)
    answer_status = models.PositiveSmallIntegerField(null=True, blank=True)
    answer_type = models.CharField(max_length=100, blank=True)
    answer_body = models.TextField(blank=True)
    error = models.CharField(max_length=500, blank=True)
    received_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = HookDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "hook deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "source", "key"], name="hook_delivery_is_unique"
            ),
            models.CheckConstraint(
                name="hook_delivery_state_is_known", condition=Q(state__in=DeliveryState.values)
            ),
        ]
        indexes = [
            models.Index(name="hook_delivery_age", fields=["received_at"]),
            models.Index(
                name="hook_delivery_unhandled",
                fields=["received_at"],
                condition=~Q(state=DeliveryState.ANSWERED),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.key}: {self.get_state_display()}"
