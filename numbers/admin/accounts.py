"""Accounts with their state at a glance, and Manage Licenses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse

from accounts import looking
from accounts.admin import acting, list_url
from accounts.models import Account, Membership
from accounts.registries import front_page
from accounts.services import looks
from config import clock
from config.admin import Act, ReasonForm, SupportAdmin
from config.email_addresses import same_as
from config.filters import any_of, named, sid_written
from config.phone_numbers import read
from config.text import absolute, money, plural, tidy
from licensing.gates import MOST_LICENSES
from licensing.models import GracePeriod
from licensing.pricing import prorated, quote
from licensing.services import licenses
from licensing.standing import standing
from licensing.states import SubscriptionState
from numbers.models import Connection, NumberCount, PhoneNumber
from numbers.states import TAKES_LICENSE, ConnectionState

#: A search for fewer digits would find half of all accounts by their numbers.
DIGITS_THAT_NAME_A_NUMBER = 7


class LicensesForm(ReasonForm):
    to = forms.IntegerField(label="Licenses", min_value=0, max_value=MOST_LICENSES)

    def __init__(self, rows: Sequence[Account], *args: Any, **kwargs: Any) -> None:
        super().__init__(rows, *args, **kwargs)
        self.fields["to"].initial = _licenses(rows[0])


def _change_licenses(
    account: Account, data: dict[str, Any], request: HttpRequest, at: datetime
) -> str:
    """As on the account's own page: only from what was shown, and for no more than was shown.

    ``account`` still has the subscription that the preview was made of.
    """
    shown = account.subscription
    change = licenses.change_licenses(
        account.pk,
        to=data["to"],
        reason=data["reason"],
        expected=shown.licenses,
        at_most=prorated(shown, add=max(0, data["to"] - shown.licenses), at=at),
        actor=acting(request, data),
        at=at,
    )
    return f"{account} now has {plural(change.after, 'license')}."


def _what_licenses_do(account: Account, data: dict[str, Any], at: datetime) -> Sequence[str]:
    """What the account's own page shows before it asks to confirm: price, invoice, grace period."""
    subscription = account.subscription
    offer = quote(subscription, to=data["to"], standing=standing(account.pk, at=at), at=at)
    return [
        f"From {offer.before:,} to {plural(offer.after, 'license')}, for {offer.held:,} held.",
        f"Charged today: {offer.charge_text}.",
        f"Per month: {money(offer.monthly_after, offer.currency)} instead of "
        f"{money(offer.monthly_before, offer.currency)}, next on "
        f"{absolute(offer.period_ends_at, account.zone)}.",
        *([offer.grace_effect] if offer.grace_effect else []),
    ]


def _open_subscription(
    account: Account, data: dict[str, Any], request: HttpRequest, at: datetime
) -> str:
    licenses.open_subscription(account.pk, licenses=data["to"], actor=acting(request, data), at=at)
    return f"{account} now has a subscription."


def _look(account: Account, data: dict[str, Any], request: HttpRequest, at: datetime) -> str:
    looking.begin(request, looks.begin(account.pk, actor=acting(request, data), at=at))
    return f"These are the pages of {account}."


def _facts(account: Account) -> Sequence[tuple[str, Any]]:
    """What Manage Licenses shows above its number box."""
    now = standing(account.pk, at=clock.now())
    subscription = account.subscription
    facts = [
        ("Licensed", f"{now.licenses:,}"),
        ("Held", f"{now.held:,}"),
        ("Over", f"{now.over:,}"),
        ("Per license and month", money(subscription.price, subscription.currency)),
        ("Per month", money(subscription.monthly(), subscription.currency)),
        ("Subscription", subscription.get_state_display()),
        ("Paid until", absolute(subscription.period_ends_at, account.zone)),
    ]
    if now.period is not None:
        over = now.period.ends_at <= clock.now()
        words = "Grace period ended" if over else "Grace period ends"
        facts.append((words, absolute(now.period.ends_at, account.zone)))
    return facts


class GraceFilter(admin.SimpleListFilter):
    title = "grace period"
    parameter_name = "grace"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("open", "Open"), ("over", "Over, still above the licenses")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        now = clock.now()
        if self.value() == "open":
            return queryset.filter(grace_ends_at__gt=now)
        if self.value() == "over":
            return queryset.filter(grace_ends_at__lte=now)
        return queryset


class ConnectionFilter(admin.SimpleListFilter):
    title = "connection"
    parameter_name = "connection"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("trouble", "Not working"), ("none", "None yet")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "trouble":
            return queryset.exclude(trouble=None)
        return queryset.filter(connected=False) if self.value() == "none" else queryset


class SubscriptionFilter(admin.SimpleListFilter):
    title = "subscription"
    parameter_name = "subscription"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return SubscriptionState.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(subscription__state=self.value()) if self.value() else queryset


@admin.register(Account)
class AccountAdmin(SupportAdmin):
    list_display = (
        "name",
        "slug",
        "held",
        "licenses",
        "over",
        "grace",
        "subscription_state",
        "connection_state",
        "created_at",
    )
    list_filter = (GraceFilter, ConnectionFilter, SubscriptionFilter)
    list_select_related = ("subscription",)
    search_fields = ("slug",)
    search_help_text = "Name, a member's email, an account SID or number SID, or a number's digits."
    readonly_fields = (
        "held",
        "licenses",
        "over",
        "grace",
        "subscription_state",
        "connection_state",
    )
    fields = ("name", "slug", "time_zone", "country", "created_at", *readonly_fields)
    acts = (
        Act(
            "licenses",
            "Manage Licenses",
            _change_licenses,
            form=LicensesForm,
            facts=_facts,
            means=lambda account: (
                "Added licenses are charged to the account today for the rest of the paid month.",
                "A grace period closes at once when every held number has its license.",
            ),
            applies=lambda account: hasattr(account, "subscription"),
            button="Change licenses",
            preview=_what_licenses_do,
        ),
        Act(
            "open_subscription",
            "Open subscription",
            _open_subscription,
            form=LicensesForm,
            applies=lambda account: not hasattr(account, "subscription"),
        ),
        Act(
            "look",
            "Look as its members do",
            _look,
            means=lambda account: (
                "You see the account's own pages as a viewer of it does; nothing can be changed, "
                "also not here in the support console, until you stop.",
                f"It ends by itself after {looks.LONGEST.seconds // 60} minutes, and when you "
                "sign out.",
                "The account sees on its timeline that you look, when and why.",
            ),
            button="Begin to look",
            then=lambda account: reverse(front_page(), args=[account.slug]),
        ),
    )

    def links(self, row: Account) -> list[tuple[str, str]]:
        mine = {"account__id__exact": row.pk}
        return [
            ("Numbers", list_url("numbers_phonenumber", **mine)),
            ("Unassigned", list_url("numbers_phonenumber", **mine, assigned="no")),
            ("Ledger", list_url("licensing_licensechange", **mine)),
            ("Charges", list_url("licensing_charge", **mine)),
            ("Grace periods", list_url("licensing_graceperiod", **mine)),
            ("Connections", list_url("numbers_connection", **mine)),
            ("Jobs", list_url("accounts_job", **mine)),
            ("Members", list_url("accounts_membership", **mine)),
            ("Timeline", list_url("accounts_event", **mine)),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        of_account = {"account": OuterRef("pk")}
        held = NumberCount.objects.filter(**of_account, state__in=TAKES_LICENSE).order_by()
        attached = Connection.objects.attached().filter(**of_account)
        trouble = attached.exclude(state=ConnectionState.ACTIVE)
        accounts: QuerySet[Any] = super().get_queryset(request)
        at_a_glance: QuerySet[Any] = accounts.annotate(
            held_count=Coalesce(
                Subquery(held.values("account").annotate(n=Sum("amount")).values("n")),
                0,
                output_field=IntegerField(),
            ),
            grace_ends_at=Subquery(
                GracePeriod.objects.unsettled().filter(**of_account).values("ends_at")[:1]
            ),
            connected=Exists(attached),
            trouble=Subquery(trouble.order_by("pk").values("state")[:1]),
        )
        return at_a_glance

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = tidy(search_term)
        if not term:
            return queryset, False
        by_name = named(term) | Q(slug__icontains=term)
        if "@" in term:
            by_name |= Q(
                pk__in=Membership.objects.filter(same_as(term, field="user__email")).values(
                    "account"
                )
            )
        if of_connection := sid_written(term, "AC"):
            by_name |= Q(pk__in=Connection.objects.filter(of_connection).values("account"))
        if of_number := sid_written(term):
            by_name |= Q(pk__in=PhoneNumber.objects.filter(of_number).values("account"))
        written = read(term)
        if written and len(written.digits) >= DIGITS_THAT_NAME_A_NUMBER:
            numbers = PhoneNumber.objects.filter(any_of("e164", "contains", written.parts))
            by_name |= Q(pk__in=numbers.values("account"))
        return queryset.filter(by_name), False

    @admin.display(description="held")
    def held(self, account: Any) -> str:
        return f"{account.held_count:,}"

    @admin.display(description="licenses")
    def licenses(self, account: Account) -> str:
        return f"{_licenses(account):,}"

    @admin.display(description="over")
    def over(self, account: Any) -> str:
        over = max(0, account.held_count - _licenses(account))
        return f"{over:,}" if over else ""

    @admin.display(description="grace period")
    def grace(self, account: Any) -> str:
        if account.grace_ends_at is None:
            return ""
        ended = account.grace_ends_at <= clock.now()
        return f"{'ended' if ended else 'until'} {absolute(account.grace_ends_at, account.zone)}"

    @admin.display(description="subscription")
    def subscription_state(self, account: Account) -> str:
        if not hasattr(account, "subscription"):
            return "none"
        return account.subscription.get_state_display()

    @admin.display(description="connection")
    def connection_state(self, account: Any) -> str:
        if account.trouble:
            return str(ConnectionState(account.trouble).label)
        return str(ConnectionState.ACTIVE.label) if account.connected else "none"


def _licenses(account: Account) -> int:
    return account.subscription.licenses if hasattr(account, "subscription") else 0
