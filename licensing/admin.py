"""Subscriptions, grace periods and money, for support staff."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from accounts.admin import acting, list_url
from config.admin import Act, ReasonForm, SupportAdmin
from config.text import absolute

from . import gates
from .models import Charge, GracePeriod, LicenseChange, PaymentAttempt, Subscription
from .services import grace, licenses
from .states import LONGEST_EXTENSION, SubscriptionState


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
    return f"{changed.account} is now {changed.get_state_display().lower()}."


@admin.register(Subscription)
class SubscriptionAdmin(SupportAdmin):
    list_display = ("account", "state", "licenses", "price", "currency", "period_ends_at")
    list_filter = ("state",)
    list_select_related = ("account",)
    search_fields = ("account__slug", "account__name")
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
    search_fields = ("account__slug", "account__name")
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
        ),
    )


@admin.register(LicenseChange)
class LicenseChangeAdmin(SupportAdmin):
    list_display = ("at", "account", "before", "after", "held", "actor_label", "reason")
    list_select_related = ("account",)
    search_fields = ("=account__slug",)


@admin.register(Charge)
class ChargeAdmin(SupportAdmin):
    list_display = ("charged_at", "account", "description", "quantity", "amount", "currency")
    list_filter = ("kind",)
    list_select_related = ("account",)
    search_fields = ("=account__slug", "=reference")


@admin.register(PaymentAttempt)
class PaymentAttemptAdmin(SupportAdmin):
    list_display = ("created_at", "account", "state", "description", "amount", "message")
    list_filter = ("state", "kind")
    list_select_related = ("account",)
    search_fields = ("=account__slug", "=reference")
