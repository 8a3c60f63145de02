"""Entitlement: the subscription with its licenses, grace periods, charges, and the ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from accounts.models import ActedBy, AppendOnlyQuerySet, AppendOnlyRow, OwnedQuerySet, RequestedBy
from config.text import cents, plural

from .states import (
    OPEN_ATTEMPT_STATES,
    AttemptState,
    ChargeKind,
    GraceState,
    NoticeStage,
    SubscriptionState,
    wait_before_asking,
)


class SubscriptionQuerySet(OwnedQuerySet["Subscription"]):
    def renewal_due(self, at: datetime) -> Self:
        """Subscriptions to renew now: neither pushed back nor waiting for a payment's answer."""
        paying = PaymentAttempt.objects.unanswered().filter(account=OuterRef("account"))
        return self.filter(
            Q(renew_not_before=None) | Q(renew_not_before__lte=at),
            ~Exists(paying),
            state=SubscriptionState.ACTIVE,
            period_ends_at__lte=at,
        )


class Subscription(models.Model):
    """What an account has bought: how many licenses, at which price, until when they are paid.

    Its row is also the lock of the account's entitlement: whatever changes how many numbers are
    held, or how many licenses there are, holds it until commit.
    """

    account = models.OneToOneField("accounts.Account", models.PROTECT, related_name="subscription")
    state = models.CharField(
        max_length=10, choices=SubscriptionState.choices, default=SubscriptionState.ACTIVE
    )
    licenses = models.PositiveIntegerField(default=0)
    price = models.DecimalField(max_digits=10, decimal_places=4, help_text="Per license and month.")
    currency = models.CharField(max_length=3)
    period_started_at = models.DateTimeField()
    period_ends_at = models.DateTimeField()
    renew_not_before = models.DateTimeField(
        null=True, blank=True, help_text="A renewal that failed is not tried again before."
    )
    created_at = models.DateTimeField(default=timezone.now)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="subscription_state_is_known",
                condition=Q(state__in=SubscriptionState.values),
            ),
            models.CheckConstraint(
                name="subscription_period_has_a_length",
                condition=Q(period_ends_at__gt=F("period_started_at")),
            ),
        ]
        indexes = [
            models.Index(
                name="subscription_renewal",
                fields=["period_ends_at"],
                condition=Q(state=SubscriptionState.ACTIVE),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account}: {plural(self.licenses, 'license')}"

    @property
    def is_active(self) -> bool:
        return self.state == SubscriptionState.ACTIVE

    def monthly(self, licenses: int | None = None) -> Decimal:
        """What ``licenses`` (default: those owned) cost a month, in ``currency``."""
        return cents(self.price * (self.licenses if licenses is None else licenses))

    @property
    def about(self) -> tuple[str, int, str]:
        return ("subscription", self.pk, "Licenses")


class GracePeriodQuerySet(OwnedQuerySet["GracePeriod"]):
    def unsettled(self) -> Self:
        """Open, or expired with the account still over its licenses; one per account at most."""
        return self.filter(settled_at=None)

    def ended(self, at: datetime) -> Self:
        return self.filter(state=GraceState.OPEN, ends_at__lte=at)

    def notice_due(self, at: datetime) -> Self:
        """Periods with something to tell before their end; the end is told by who ends them."""
        return self.filter(settled_at=None, next_notice_at__lte=at, ends_at__gt=at)


class GracePeriod(models.Model):
    """The 48 hours in which being over the licenses is allowed (S0-8, S0-9, S0-24).

    ``settled_at`` is when the account came back within its licenses: at the close of a resolved
    period, later than ``ends_at`` for an expired one. A settled period is taken up again, with the
    deadline it had, when what left in it comes back (``services.grace``).
    """

    account = models.ForeignKey("accounts.Account", models.PROTECT, related_name="grace_periods")
    state = models.CharField(max_length=10, choices=GraceState.choices, default=GraceState.OPEN)
    opened_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    held_at_open = models.PositiveIntegerField(
        help_text="What left in the period can come back until its end, up to as many numbers."
    )
    licenses_at_open = models.PositiveIntegerField()
    opened_by_job = models.ForeignKey(
        "accounts.Job", models.PROTECT, null=True, blank=True, related_name="+"
    )
    expired_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by_missing = models.BooleanField(
        default=False, help_text="Only because numbers were missing; they take it up again."
    )
    extended_at = models.DateTimeField(null=True, blank=True)
    extended_by = models.CharField(max_length=150, blank=True)
    extension_reason = models.CharField(max_length=300, blank=True)
    notice_stage = models.PositiveSmallIntegerField(
        choices=NoticeStage.choices, default=NoticeStage.NONE
    )
    next_notice_at = models.DateTimeField(null=True, blank=True)

    objects = GracePeriodQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(settled_at=None),
                name="grace_period_is_unsettled_once",
            ),
            models.CheckConstraint(
                name="grace_state_is_known", condition=Q(state__in=GraceState.values)
            ),
            models.CheckConstraint(
                name="grace_resolved_is_settled",
                condition=~Q(state=GraceState.RESOLVED) | Q(settled_at__isnull=False),
            ),
            models.CheckConstraint(
                name="grace_open_is_not_settled",
                condition=~Q(state=GraceState.OPEN) | Q(settled_at__isnull=True),
            ),
            models.CheckConstraint(
                name="grace_has_a_length", condition=Q(ends_at__gt=F("opened_at"))
            ),
        ]
        indexes = [
            models.Index(
                name="grace_ending", fields=["ends_at"], condition=Q(state=GraceState.OPEN)
            ),
            models.Index(
                name="grace_notice", fields=["next_notice_at"], condition=Q(settled_at=None)
            ),
            models.Index(name="grace_history", fields=["account", "-opened_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.account}: {self.get_state_display()}, until {self.ends_at:%Y-%m-%d %H:%M}Z"

    @property
    def over_at_open(self) -> int:
        return self.held_at_open - self.licenses_at_open

    @property
    def about(self) -> tuple[str, int, str]:
        return ("grace_period", self.pk, "Grace period")


class PaymentAttemptQuerySet(OwnedQuerySet["PaymentAttempt"]):
    def unanswered(self) -> Self:
        """Payments of which nobody knows yet what became; one per account at most."""
        return self.filter(state__in=OPEN_ATTEMPT_STATES)

    def refused_since(self, moment: datetime) -> Self:
        """Payments that were refused, and that the account has not made up for since."""
        later = self.model.objects.filter(account=OuterRef("account"), pk__gt=OuterRef("pk"))
        return self.filter(
            ~Exists(later.filter(state=AttemptState.ACCEPTED)),
            state=AttemptState.REFUSED,
            settled_at__gte=moment,
        )

    def to_be_asked(self, at: datetime) -> Self:
        """Payments whose answer is overdue, in the order in which they are due."""
        return self.unanswered().filter(next_ask_at__lte=at).order_by("next_ask_at", "pk")


class PaymentAttempt(RequestedBy):
    """A payment that was asked for. Written before the gateway is called, so nothing gets lost.

    ``next_ask_at`` is when somebody looks what became of it, unless it has been answered by then;
    it is moved on before the gateway is asked, so that an attempt which hangs or kills whoever asks
    does not hold up the others. ``asks`` counts how often it was.
    """

    account = models.ForeignKey("accounts.Account", models.PROTECT, related_name="payment_attempts")
    state = models.CharField(
        max_length=10, choices=AttemptState.choices, default=AttemptState.PENDING
    )
    kind = models.CharField(max_length=20, choices=ChargeKind.choices)
    quantity = models.PositiveIntegerField(help_text="Licenses that are paid for.")
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    currency = models.CharField(max_length=3)
    description = models.CharField(max_length=200)
    reference = models.CharField(max_length=100, blank=True)
    message = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    next_ask_at = models.DateTimeField(null=True, blank=True)
    asks = models.PositiveSmallIntegerField(default=0)

    objects = PaymentAttemptQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="payment_attempt_state_is_known",
                condition=Q(state__in=AttemptState.values),
            ),
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(state__in=OPEN_ATTEMPT_STATES),
                name="payment_attempt_is_open_once",
            ),
            models.CheckConstraint(
                name="payment_attempt_without_an_answer_is_asked_again",
                condition=~Q(state__in=OPEN_ATTEMPT_STATES) | Q(next_ask_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="payment_attempt_to_ask",
                fields=["next_ask_at"],
                condition=Q(state__in=OPEN_ATTEMPT_STATES),
            ),
            models.Index(
                name="payment_attempt_refused",
                fields=["settled_at"],
                condition=Q(state=AttemptState.REFUSED),
            ),
            models.Index(name="payment_attempt_recent", fields=["account", "-id"]),
        ]

    def __str__(self) -> str:
        return f"{self.description}: {self.amount} {self.currency}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_ATTEMPT_STATES

    @property
    def asked_at(self) -> datetime | None:
        """When the gateway was asked last; None when nobody has asked for it in vain."""
        if self.next_ask_at is None or not self.asks:
            return None
        return self.next_ask_at - wait_before_asking(self.asks - 1)

    @property
    def license_change_id(self) -> int | None:
        """The line of the ledger that it paid for."""
        charge = getattr(self, "charge", None)
        change = getattr(charge, "license_change", None)
        return change.pk if change else None

    @property
    def key(self) -> str:
        """Names this payment to the gateway, for good.

        With its time, since ids are given out again after a restored backup.
        """
        return f"attempt-{self.pk}-{self.created_at.astimezone(UTC):%Y%m%d%H%M%S%f}"


class Charge(AppendOnlyRow):
    """A line of an invoice. Never edited: a correction is another line."""

    account = models.ForeignKey("accounts.Account", models.PROTECT, related_name="charges")
    kind = models.CharField(max_length=20, choices=ChargeKind.choices)
    description = models.CharField(max_length=200)
    quantity = models.PositiveIntegerField()
    unit_price = models.DecimalField(max_digits=10, decimal_places=4)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    currency = models.CharField(max_length=3)
    period_started_at = models.DateTimeField()
    period_ends_at = models.DateTimeField()
    charged_at = models.DateTimeField()
    reference = models.CharField(max_length=100, help_text="What the payment gateway calls it.")
    attempt = models.OneToOneField(
        PaymentAttempt, models.PROTECT, null=True, blank=True, related_name="charge"
    )

    objects = AppendOnlyQuerySet["Charge"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "period_started_at"],
                condition=Q(kind=ChargeKind.RENEWAL),
                name="charge_renews_a_period_once",
            ),
            models.CheckConstraint(name="charge_is_known", condition=Q(kind__in=ChargeKind.values)),
        ]
        indexes = [models.Index(name="charge_recent", fields=["account", "-charged_at"])]

    def __str__(self) -> str:
        return f"{self.description}: {self.amount} {self.currency}"


class LicenseChange(ActedBy, AppendOnlyRow):
    """The ledger of licenses: who changed the count, why, from what to what."""

    account = models.ForeignKey(
        "accounts.Account", models.PROTECT, related_name="license_changes", db_index=False
    )
    before = models.PositiveIntegerField()
    after = models.PositiveIntegerField()
    held = models.PositiveIntegerField(help_text="Numbers held at that moment.")
    reason = models.CharField(max_length=300, blank=True)
    charge = models.OneToOneField(
        Charge, models.PROTECT, null=True, blank=True, related_name="license_change"
    )
    at = models.DateTimeField()

    objects = AppendOnlyQuerySet["LicenseChange"].as_manager()

    class Meta:
        indexes = [models.Index(name="license_change_recent", fields=["account", "-id"])]

    def __str__(self) -> str:
        return f"{self.account}: {self.before} to {self.after}"

    @property
    def delta(self) -> int:
        return self.after - self.before
