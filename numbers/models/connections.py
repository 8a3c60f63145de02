"""An account's link to one Twilio subaccount."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import OwnedQuerySet
from config.encryption import EncryptedTextField
from numbers.states import ENDED, UNATTACHED, ConnectionState, RefreshEvery


class ConnectionQuerySet(OwnedQuerySet["Connection"]):
    def refresh_due(self, at: datetime) -> Self:
        return self.filter(state=ConnectionState.ACTIVE, next_refresh_at__lte=at)

    def in_trouble(self) -> Self:
        """Those that do not work, and could be mended."""
        return self.exclude(state__in=[ConnectionState.ACTIVE, *ENDED])

    def to_import_from(self) -> Self:
        """Those that an import can read, once any trouble is mended."""
        return self.exclude(state__in=ENDED)

    def attached(self) -> Self:
        """All but those that support has detached or somebody has removed."""
        return self.exclude(state__in=UNATTACHED)


class Connection(models.Model):
    """A Twilio subaccount and the token that reaches it. The token is encrypted and never shown.

    A connection that was detached or removed stays with its history and holds no token. What was
    signed with the token before the last change is believed until ``previous_token_until``.
    """

    account = models.ForeignKey("accounts.Account", models.PROTECT, related_name="connections")
    sid = models.CharField("account SID", max_length=34)
    owner_sid = models.CharField("main account SID", max_length=34)
    name = models.CharField(max_length=64, help_text="The subaccount's name at Twilio.")
    auth_token = EncryptedTextField()
    previous_token = EncryptedTextField(blank=True)
    previous_token_until = models.DateTimeField(null=True, blank=True)
    state = models.CharField(
        max_length=12, choices=ConnectionState.choices, default=ConnectionState.ACTIVE
    )
    state_detail = models.CharField(max_length=300, blank=True)
    checked_at = models.DateTimeField()
    refresh_every = models.CharField(
        max_length=8, choices=RefreshEvery.choices, default=RefreshEvery.OFF
    )
    next_refresh_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    #: Columns that nobody is shown; pages and lists do not even read them.
    SECRETS: ClassVar[tuple[str, ...]] = ("auth_token", "previous_token")
    #: The same, seen from what belongs to a connection.
    SECRETS_OF_IT: ClassVar[tuple[str, ...]] = tuple(f"connection__{name}" for name in SECRETS)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        constraints = [
            # In the whole installation: two accounts would hold and release the same numbers.
            models.UniqueConstraint(
                fields=["sid"],
                condition=~Q(state__in=UNATTACHED),
                name="connection_is_made_once",
            ),
            models.CheckConstraint(
                name="connection_state_is_known", condition=Q(state__in=ConnectionState.values)
            ),
            models.CheckConstraint(
                name="connection_is_a_subaccount", condition=~Q(sid=models.F("owner_sid"))
            ),
            models.CheckConstraint(
                name="connection_refresh_has_a_time",
                condition=Q(refresh_every=RefreshEvery.OFF, next_refresh_at=None)
                | (~Q(refresh_every=RefreshEvery.OFF) & Q(next_refresh_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(
                name="connection_refresh",
                fields=["next_refresh_at"],
                condition=Q(next_refresh_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def tokens(self, at: datetime) -> list[str]:
        """The tokens with which Twilio may have signed what it sends, the stored one first."""
        until = self.previous_token_until
        before = [self.previous_token] if until is not None and at < until else []
        return [token for token in (self.auth_token, *before) if token]

    @property
    def about(self) -> tuple[str, int, str]:
        return ("connection", self.pk, self.name)
