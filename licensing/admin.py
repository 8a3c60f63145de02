"""Subscriptions, grace periods and money, for support staff."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin import WantsALookFilter, acting, list_url
from accounts.overview import LOOKED_AT_FOR
from config import clock
from config.admin import Act, ReasonForm, SupportAdmin
from config.text import absolute, inside, money

from . import gates
from .models import Charge, GracePeriod, LicenseChange, PaymentAttempt, Subscription
from .services import attempts, grace, licenses
from .states import LONGEST_EXTENSION, AttemptState, ChargeKind, SubscriptionState


class StateForm(ReasonForm):
    state = forms.ChoiceField(choices=SubscriptionState.choices)


def _set_state(row: Subscription, data: dict[str, Any], request: HttpRequest, at: datetime) -> str:
    changed = licenses.set_subscription_state(
        row.account_id,
        state=data["state"],
        reason=data["reason"],
        actor=acting(request, data),
        at=at,
    )
    return f"{changed.account} is now {inside(changed.get_state_display())}."


@admin.register(Subscription)
class SubscriptionAdmin(SupportAdmin):
    list_display = ("account", "state", "licenses", "per_month", "period_ends_at")
    list_filter = ("state",)
    list_select_related = ("account",)
    search_fields = ("account__slug",)
    name_column = "account__search_name"

    acts = (
        Act(
            "state",
            "Change state",
            _set_state,
            form=StateForm,
            means=lambda row: (
                "No number stops working. Licenses can be added while it is active.",
                "Made active after its paid month, a new month begins now and is not charged.",
            ),
        ),
    )

    @admin.display(description="price of a license", ordering="price")
    def per_month(self, row: Subscription) -> str:
        return money(row.price, row.currency)

    def links(self, row: Subscription) -> list[tuple[str, str]]:
        mine = {"account__id__exact": row.account_id}
        return [
            ("Ledger", list_url("licensing_licensechange", **mine)),
            ("Charges", list_url("licensing_charge", **mine)),
        ]


class ExtendForm(ReasonForm):
    hours = forms.IntegerField(
        min_value=1,
        max_value=int(LONGEST_EXTENSION.total_seconds() // 3600),
        initial=24,
        help_text="Added to the deadline; counted from now when it has passed. At most 7 days.",
    )


def _extend(row: GracePeriod, data: dict[str, Any], request: HttpRequest, at: datetime) -> str:
    period = grace.extend(
        row.pk,
        by=timedelta(hours=data["hours"]),
        reason=data["reason"],
        actor=acting(request, data),
        at=at,
    )
    return f"The deadline is now {absolute(period.ends_at, period.account.zone)}."


@admin.register(GracePeriod)
class GracePeriodAdmin(SupportAdmin):
    list_display = (
        "account",
        "state",
        "opened_at",
        "ends_at",
        "held_at_open",
        "licenses_at_open",
        "settled_at",
        "extended_by",
    )
    list_filter = ("state",)
    list_select_related = ("account",)
    search_fields = ("account__slug",)
    name_column = "account__search_name"
    acts = (
        Act(
            "extend",
            "Extend",
            _extend,
            form=ExtendForm,
            means=lambda row: (
                "A grace period can be extended once, by at most 7 days.",
                "One that has run out is open again, and what was blocked is open too.",
            ),
            applies=lambda row: not gates.extend(row),
            why_not=lambda row: [blocker.message for blocker in gates.extend(row)],
        ),
    )


@admin.register(LicenseChange)
class LicenseChangeAdmin(SupportAdmin):
    list_display = ("at", "account", "before", "after", "held", "actor_label", "reason")
    list_select_related = ("account",)
    search_fields = ("=account__slug",)


@admin.register(Charge)
class ChargeAdmin(SupportAdmin):
    list_display = ("charged_at", "account", "description", "quantity", "paid")
    list_filter = ("kind",)
    list_select_related = ("account",)
    search_fields = ("=account__slug", "=reference")

    @admin.display(description="amount", ordering="amount")
    def paid(self, row: Charge) -> str:
        return money(row.amount, row.currency)


def _ask_again(
    row: PaymentAttempt, data: dict[str, Any], request: HttpRequest, at: datetime
) -> str:
    attempts.ask_again(row.pk, actor=acting(request, data), at=at, early=True)
    return f"{row.account} has paid {money(row.amount, row.currency)}."


class ConclusionForm(ReasonForm):
    charged = forms.TypedChoiceField(
        label="What the gateway's own records say",
        choices=[("yes", "It was charged"), ("no", "It was not charged, and will not be")],
        coerce=lambda chosen: chosen == "yes",
        widget=forms.RadioSelect,
    )
    reference = forms.CharField(
        max_length=100,
        required=False,
        help_text="What the gateway calls a payment that was charged; it stands on the invoice.",
    )


def _conclude(row: PaymentAttempt, data: dict[str, Any], request: HttpRequest, at: datetime) -> str:
    attempts.conclude_by_hand(
        row.pk,
        charged=data["charged"],
        reference=data["reference"],
        actor=acting(request, data),
        at=at,
    )
    return f"{row}: {'charged' if data['charged'] else 'not charged'}."


def _conclusion_means(row: PaymentAttempt) -> tuple[str, ...]:
    renews = row.kind == ChargeKind.RENEWAL
    return (
        "Look at the gateway first, by the key. What is said here is booked as if the gateway had "
        "answered it, and the gateway is not asked again.",
        f"Charged: the line of the invoice is written and the licenses are "
        f"{'renewed' if renews else 'added'}.",
        "Not charged: stop the payment at the gateway before, so that it is not taken later. "
        + ("The subscription is overdue." if renews else "The licenses stay as they are."),
    )


def _why_not_now(row: PaymentAttempt) -> list[str]:
    return [blocker.message for blocker in gates.ask_payment(row, at=clock.now())]


class RefusedPaymentsFilter(WantsALookFilter):
    words = f"Refused in the last {LOOKED_AT_FOR.days} days, and not paid since"

    def since(self, moment: datetime) -> QuerySet[Any]:
        return PaymentAttempt.objects.refused_since(moment)


@admin.register(PaymentAttempt)
class PaymentAttemptAdmin(SupportAdmin):
    list_display = (
        "created_at",
        "account",
        "state",
        "description",
        "asked_for",
        "message",
        "next_ask_at",
        "asks",
    )
    list_filter = (RefusedPaymentsFilter, "state", "kind")
    list_select_related = ("account",)
    search_fields = ("=account__slug", "=reference")
    acts = (
        Act(
            "ask_again",
            "Ask again now",
            _ask_again,
            means=lambda row: (
                "The gateway is asked what became of this payment. One that never arrived is asked "
                "for again with the same key, so it is charged at most once.",
            ),
            applies=lambda row: row.state == AttemptState.UNANSWERED,
            why_not=_why_not_now,
        ),
        Act(
            "conclude",
            "Conclude by hand",
            _conclude,
            form=ConclusionForm,
            means=_conclusion_means,
            facts=lambda row: (("Key at the gateway", row.key),),
            applies=lambda row: row.state == AttemptState.UNANSWERED,
            why_not=_why_not_now,
            danger=True,
        ),
    )

    @admin.display(description="amount", ordering="amount")
    def asked_for(self, row: PaymentAttempt) -> str:
        return money(row.amount, row.currency)
