"""Ways into an account besides signing in: invitations and API keys."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.states import ActorKind, Permission, Role

from .scope import OwnedQuerySet


class Invitation(models.Model):
    """An offer, sent by mail, to become a member. The link's token is stored hashed."""

    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="invitations")
    email = models.EmailField("e-mail")
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.MEMBER)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.CharField(max_length=150)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "account",
                Lower("email"),
                condition=Q(accepted_at=None, revoked_at=None),
                name="invitation_is_open_once",
            ),
            models.CheckConstraint(
                name="invitation_role_is_known", condition=Q(role__in=Role.values)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} ({self.get_role_display()})"

    def is_open(self, at: datetime) -> bool:
        return self.accepted_at is None and self.revoked_at is None and at < self.expires_at

    @property
    def about(self) -> tuple[str, int, str]:
        return ("invitation", self.pk, self.email)


class ApiKeyQuerySet(OwnedQuerySet["ApiKey"]):
    def usable(self) -> Self:
        return self.filter(revoked_at=None)


class ApiKey(models.Model):
    """A program's way in. The secret is shown once and stored as SHA-256; the prefix finds the row.

    ``scopes`` are values of ``Permission``; a key with only ``read`` is read-only.
    """

    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True)
    secret_hash = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    #: A digest of account and sheet of the form that asked for it: sent again, it makes no second.
    sheet = models.CharField(max_length=32, unique=True, null=True, blank=True, default=None)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"
        indexes = [models.Index(name="api_key_of_account", fields=["account", "-id"])]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_read_only(self) -> bool:
        return set(self.scopes) == {Permission.READ}

    @property
    def about(self) -> tuple[str, int, str]:
        return ("api_key", self.pk, self.name)


class IdempotencyKey(models.Model):
    """A POST that carried ``Idempotency-Key``, and its answer, which a repeat gets again.

    ``status`` is empty until the request is answered. ``acted_at`` is written in the transactions
    of whatever the request changes: where it is set, something was committed; where it is empty,
    nothing was. ``claim`` is the token of the process that works on the request, and ``request_id``
    stands on the events that it wrote. Rows are pruned after a day.
    """

    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="+")
    actor_kind = models.CharField(max_length=10, choices=ActorKind.choices)
    actor_id = models.BigIntegerField("actor ID")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    claim = models.CharField(max_length=32, blank=True)
    claimed_at = models.DateTimeField(default=timezone.now)
    acted_at = models.DateTimeField(null=True, blank=True)
    request_id = models.CharField("request ID", max_length=64, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    body = models.JSONField(null=True, blank=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "actor_kind", "actor_id", "key"],
                name="idempotency_key_is_unique",
            ),
        ]
        indexes = [models.Index(name="idempotency_key_age", fields=["created_at"])]

    def __str__(self) -> str:
        return self.key
