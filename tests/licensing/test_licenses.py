"""Licenses: bought, lowered, refused, renewed; charges and the ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts import actors
from accounts.actor import SYSTEM, Actor
from accounts.models import Account, AppendOnlyQuerySet, Event, Notice, User
from accounts.models.events import AppendOnly
from config.errors import Blocked, Forbidden, Invalid, NotDue
from config.text import money
from licensing.models import Charge, LicenseChange, PaymentAttempt
from licensing.pricing import following_month, prorated, quote
from licensing.services import attempts, licenses
from licensing.services.attempts import PaymentRefused
from licensing.standing import standing
from licensing.states import AttemptState, SubscriptionState
from tests.bank import Bank
from tests.factories import (
    NOON,
    AccountFactory,
    MembershipFactory,
    PaymentAttemptFactory,
    PhoneNumberFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def declining(bank: Bank) -> None:
    bank.manners = ["refuse"]


def test_buying_adds_licenses_charges_the_rest_of_the_month_and_writes_the_ledger(
    acme: Account, by_billing: Actor
) -> None:  # S0-18, S0-23
    half_way = NOON + timedelta(days=15)

    change = licenses.change_licenses(
        acme.pk, to=27, actor=by_billing, at=half_way, reason="New office"
    )

    acme.subscription.refresh_from_db()
    assert acme.subscription.licenses == 27
    assert (change.before, change.after, change.reason) == (10, 27, "New office")
    assert change.actor_label == "billing_admin@example.com"
    assert change.charge is not None
    assert change.charge.amount == Decimal("43.87")  # 16 of 31 days
    assert change.charge.quantity == 17


def test_lowering_takes_effect_at_once_and_refunds_nothing(
    acme: Account, by_billing: Actor
) -> None:
    change = licenses.change_licenses(acme.pk, to=4, actor=by_billing, at=NOON)

    assert (change.before, change.after, change.charge) == (10, 4, None)
    assert not Charge.objects.exists()


def test_lowering_below_what_is_held_says_how_many_must_go(
    acme: Account, by_billing: Actor
) -> None:
    PhoneNumberFactory.create_batch(8, account=acme)

    with pytest.raises(Blocked) as refused:
        licenses.change_licenses(acme.pk, to=5, actor=by_billing, at=NOON)

    assert refused.value.blockers[0].code == "below_held"
    assert "3 first" in refused.value.blockers[0].message


def test_a_refused_payment_leaves_licenses_unchanged(
    acme: Account, by_billing: Actor, declining: None
) -> None:
    with pytest.raises(PaymentRefused, match="Card declined"):
        licenses.change_licenses(acme.pk, to=20, actor=by_billing, at=NOON)

    acme.subscription.refresh_from_db()
    assert acme.subscription.licenses == 10
    assert not Charge.objects.exists()
    assert not LicenseChange.objects.exists()
    assert PaymentAttempt.objects.get().state == AttemptState.REFUSED


def test_while_a_payment_is_pending_a_second_click_buys_nothing(
    acme: Account, by_billing: Actor
) -> None:
    PaymentAttemptFactory.create(account=acme)

    with pytest.raises(Blocked) as refused:
        licenses.change_licenses(acme.pk, to=27, actor=by_billing, at=NOON)

    assert [blocker.code for blocker in refused.value.blockers] == ["payment_pending"]


@pytest.mark.parametrize("state", [SubscriptionState.PAST_DUE, SubscriptionState.CANCELED])
def test_buying_needs_an_active_subscription(
    acme: Account, by_billing: Actor, state: SubscriptionState
) -> None:  # S4-1
    acme.subscription.state = state
    acme.subscription.save()

    with pytest.raises(Blocked) as refused:
        licenses.change_licenses(acme.pk, to=11, actor=by_billing, at=NOON)

    assert refused.value.blockers[0].code == "subscription_inactive"


def test_admins_and_members_cannot_change_licenses(
    acme: Account, by_admin: Actor, by_member: Actor
) -> None:  # B11
    for actor in (by_admin, by_member):
        with pytest.raises(Forbidden):
            licenses.change_licenses(acme.pk, to=11, actor=actor, at=NOON)


def test_support_must_give_a_reason(acme: Account, support: User) -> None:
    actor = actors.support(support)

    with pytest.raises(Invalid) as refused:
        licenses.change_licenses(acme.pk, to=11, actor=actor, at=NOON)
    licenses.change_licenses(acme.pk, to=11, actor=actor, at=NOON, reason="Courtesy")

    assert list(refused.value.errors) == ["reason"]
    assert Event.objects.get(type="license.changed").reason == "Courtesy"


def test_the_preview_is_what_the_purchase_then_charges(acme: Account, by_billing: Actor) -> None:
    PhoneNumberFactory.create_batch(27, account=acme)
    at = NOON + timedelta(days=3)
    shown = quote(acme.subscription, to=27, standing=standing(acme.pk, at=at), at=at)

    change = licenses.change_licenses(acme.pk, to=27, actor=by_billing, at=at)

    assert change.charge is not None
    assert shown.charge_today == change.charge.amount
    assert (shown.monthly_before, shown.monthly_after) == (Decimal(50), Decimal(135))


def test_ledger_charges_and_events_are_never_edited(acme: Account, by_billing: Actor) -> None:
    licenses.change_licenses(acme.pk, to=11, actor=by_billing, at=NOON)

    rows: list[AppendOnlyQuerySet[Any]] = [
        Charge.objects.all(), LicenseChange.objects.all(), Event.objects.all()
    ]  # fmt: skip
    for queryset in rows:
        with pytest.raises(AppendOnly):
            queryset.update(account=acme)
        with pytest.raises(AppendOnly):
            queryset.delete()


# --- Renewal ---------------------------------------------------------------------------------


def test_a_month_is_renewed_once_however_often_the_sweep_runs(
    acme: Account, billing: User, admin: User
) -> None:
    due = acme.subscription.period_ends_at

    licenses.renew(acme.subscription.pk, at=due)
    with pytest.raises(NotDue):
        licenses.renew(acme.subscription.pk, at=due)

    acme.subscription.refresh_from_db()
    charge = Charge.objects.get()
    assert (charge.amount, charge.period_started_at) == (Decimal("50.00"), due)
    assert acme.subscription.period_started_at == due
    told = Notice.objects.get()
    assert (told.user, told.kind) == (billing, "licenses")
    assert told.title == "10 licenses renewed for a month"
    assert told.body.startswith("$50.00 was charged. The paid month ends ")


def test_a_refused_renewal_makes_the_subscription_overdue_and_tells_who_pays(
    acme: Account, billing: User, declining: None
) -> None:
    with pytest.raises(PaymentRefused):
        licenses.renew(acme.subscription.pk, at=acme.subscription.period_ends_at)

    acme.subscription.refresh_from_db()
    assert acme.subscription.state == SubscriptionState.PAST_DUE
    assert billing.notices.get().kind == "licenses"


def test_support_reactivates_a_subscription_without_charging_for_the_gap(
    acme: Account, support: User
) -> None:  # S4-1
    acme.subscription.state = SubscriptionState.PAST_DUE
    acme.subscription.save()
    at = NOON + timedelta(days=70)

    licenses.set_subscription_state(
        acme.pk, state="active", reason="Paid by wire", actor=actors.support(support), at=at
    )

    acme.subscription.refresh_from_db()
    assert acme.subscription.is_active
    assert acme.subscription.period_started_at == at
    assert not Charge.objects.exists()


def test_months_keep_their_day_and_clip_to_short_ones() -> None:
    anchor = datetime(2026, 1, 31, 5, tzinfo=UTC)
    ends = [anchor]
    for _ in range(4):
        ends.append(following_month(anchor, ends[-1]))

    assert [end.date().isoformat() for end in ends[1:]] == [
        "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31",
    ]  # fmt: skip


def test_a_figure_stays_the_same_for_a_whole_day(acme: Account) -> None:
    begun = acme.subscription.period_started_at

    shown = [
        prorated(acme.subscription, add=17, at=begun + timedelta(seconds=seconds))
        for seconds in (0, 1, 86_399)
    ]
    next_day = prorated(acme.subscription, add=17, at=begun + timedelta(days=1))

    assert shown == [Decimal("85.00")] * 3
    assert next_day == Decimal("82.26")


def test_prices_with_parts_of_a_cent_are_rounded_once_for_all(acme: Account) -> None:
    acme.subscription.price = Decimal("4.9985")
    offer = quote(acme.subscription, to=20, standing=standing(acme.pk, at=NOON), at=NOON)

    assert acme.subscription.monthly(10) == offer.charge_today == Decimal("49.99")
    assert money(acme.subscription.price * 10) == offer.charge_text == "$49.99"


def test_nothing_is_charged_for_a_month_that_is_over(acme: Account) -> None:
    after = acme.subscription.period_ends_at + timedelta(hours=3)

    assert prorated(acme.subscription, add=5, at=after) == Decimal("0.00")


def test_a_reason_that_is_too_long_is_cut_to_its_column(acme: Account, by_billing: Actor) -> None:
    change = licenses.change_licenses(acme.pk, to=11, actor=by_billing, at=NOON, reason="r" * 400)

    assert change.reason == PaymentAttempt.objects.get().reason == "r" * 300


def test_some_of_the_missing_licenses_can_be_added(acme: Account, by_billing: Actor) -> None:
    """Below what is held, and above what is owned: one of the two ways out, half gone."""
    PhoneNumberFactory.create_batch(12, account=acme)

    change = licenses.change_licenses(acme.pk, to=11, actor=by_billing, at=NOON)

    assert (change.after, change.held) == (11, 12)


def test_licenses_can_be_lowered_while_the_payment_is_overdue(
    acme: Account, by_billing: Actor
) -> None:
    acme.subscription.state = SubscriptionState.PAST_DUE
    acme.subscription.save()

    assert licenses.change_licenses(acme.pk, to=5, actor=by_billing, at=NOON).after == 5


def test_a_payment_that_has_been_settled_is_not_settled_again(
    acme: Account, by_billing: Actor
) -> None:
    licenses.change_licenses(acme.pk, to=11, actor=by_billing, at=NOON)

    with pytest.raises(NotDue):
        attempts.ask_again(PaymentAttempt.objects.get().pk, at=NOON)

    attempt = PaymentAttempt.objects.get()
    acme.subscription.refresh_from_db()
    assert (attempt.state, acme.subscription.licenses) == (AttemptState.ACCEPTED, 11)


@pytest.mark.parametrize("state", [SubscriptionState.PAST_DUE, SubscriptionState.CANCELED])
def test_a_subscription_that_is_not_active_is_not_renewed(
    acme: Account, state: SubscriptionState
) -> None:
    acme.subscription.state = state
    acme.subscription.save()

    with pytest.raises(NotDue):
        licenses.renew(acme.subscription.pk, at=acme.subscription.period_ends_at)

    assert not PaymentAttempt.objects.exists()


def test_a_renewal_waits_for_a_payment_that_is_under_way(acme: Account) -> None:
    PaymentAttemptFactory.create(account=acme)

    with pytest.raises(NotDue):
        licenses.renew(acme.subscription.pk, at=acme.subscription.period_ends_at)


def test_licenses_added_after_the_paid_month_wait_for_its_renewal_to_be_charged(
    acme: Account, by_billing: Actor
) -> None:
    late = acme.subscription.period_ends_at + timedelta(hours=1)

    change = licenses.change_licenses(acme.pk, to=11, actor=by_billing, at=late)

    assert change.charge is not None
    assert change.charge.amount == 0
    assert change.charge.period_started_at == acme.subscription.period_ends_at


def test_a_clock_that_is_behind_charges_one_month_at_most(acme: Account) -> None:
    early = acme.subscription.period_started_at - timedelta(hours=1)

    assert prorated(acme.subscription, add=2, at=early) == Decimal("10.00")


def test_opening_a_subscription_tells_nobody(acme: Account, billing: User) -> None:
    account = AccountFactory.create()
    MembershipFactory.create(account=account, user=billing, role="owner")

    licenses.open_subscription(account.pk, licenses=3, actor=SYSTEM, at=NOON)

    assert not billing.notices.exists()
