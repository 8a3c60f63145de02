"""Money: an attempt first, then a charge. Charged, licensed and told once, whatever breaks."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from accounts.actor import SYSTEM, Actor
from accounts.models import Account, Event, Notice, User
from accounts.states import ActorKind
from config.errors import Blocked, Forbidden, Invalid, NotDue
from licensing import tasks
from licensing.models import Charge, LicenseChange, PaymentAttempt
from licensing.payments import OpenInvoice, PaymentRequest
from licensing.services import attempts, licenses
from licensing.services.attempts import PaymentRefused, PaymentUnanswered
from licensing.states import (
    ASKING_TAKES,
    AttemptState,
    SubscriptionState,
    wait_before_asking,
)
from tests.bank import Bank
from tests.crashes import Killed, every_crash
from tests.factories import (
    NOON,
    ChargeFactory,
    MembershipFactory,
    PaymentAttemptFactory,
    subscribed,
)

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def events(account: Account, *types: str) -> list[str]:
    found = Event.objects.filter(account=account, type__in=types).order_by("pk")
    return list(found.values_list("type", flat=True))


def buy(account: Account, actor: Actor = SYSTEM, to: int = 20) -> LicenseChange:
    return licenses.change_licenses(account.pk, to=to, actor=actor, at=datetime.now(UTC))


def bought_once(account: Account, bank: Bank) -> None:
    """Ten licenses more: charged, licensed and told once."""
    account.subscription.refresh_from_db()
    charge = Charge.objects.get(account=account)
    assert account.subscription.licenses == 20
    assert (charge.amount, charge.attempt) == (bank.money, PaymentAttempt.objects.get())
    assert LicenseChange.objects.get(account=account).charge == charge
    assert events(account, "license.changed", "license.payment_refused") == ["license.changed"]
    assert not PaymentAttempt.objects.unanswered().exists()


# --- Answers that are lost, late, or never come ----------------------------------------------


@pytest.mark.parametrize("manner", ["lost", "hang"])
def test_a_purchase_without_an_answer_completes_when_there_is_one(
    acme: Account, by_billing: Actor, billing: User, bank: Bank, noon: Any, manner: str
) -> None:
    bank.manners = [manner]
    with pytest.raises(PaymentUnanswered, match="has not answered yet"):
        buy(acme, by_billing)
    acme.subscription.refresh_from_db()
    assert acme.subscription.licenses == 10
    assert PaymentAttempt.objects.get().state == AttemptState.UNANSWERED

    for _ in range(3):
        noon.shift(MINUTE)
        tasks.sweep()

    bought_once(acme, bank)
    assert billing.notices.filter(kind="licenses").count() == 1
    assert Event.objects.get(type="license.changed").actor_label == by_billing.label
    assert len(set(bank.charged)) == 1


def test_a_payment_is_never_refused_because_nobody_answered(
    acme: Account, bank: Bank, noon: Any
) -> None:
    bank.down = True
    with pytest.raises(PaymentUnanswered):
        buy(acme)

    for _ in range(72):
        noon.shift(timedelta(hours=1))
        tasks.sweep()

    attempt = PaymentAttempt.objects.get()
    assert attempt.state == AttemptState.UNANSWERED
    assert events(acme, "license.payment_unanswered") == ["license.payment_unanswered"]
    bank.down = False
    noon.shift(timedelta(hours=1))
    tasks.sweep()
    bought_once(acme, bank)


def test_a_gateway_slower_than_two_minutes_charges_and_licenses_once(
    acme: Account, bank: Bank, noon: Any
) -> None:
    def sweep_meanwhile() -> None:
        noon.shift(timedelta(minutes=5))
        assert tasks.sweep()["settled"] == 1

    bank.manners, bank.meanwhile = ["late"], sweep_meanwhile

    change = buy(acme)

    assert (change.before, change.after) == (10, 20)
    bought_once(acme, bank)


def test_a_late_refusal_is_told_to_those_who_pay(
    acme: Account, by_owner: Actor, billing: User, bank: Bank, noon: Any
) -> None:
    bank.manners = ["hang", "refuse"]
    with pytest.raises(PaymentUnanswered):
        buy(acme, by_owner)

    noon.shift(MINUTE)
    tasks.sweep()

    acme.subscription.refresh_from_db()
    attempt = PaymentAttempt.objects.get()
    assert (attempt.state, attempt.message) == (AttemptState.REFUSED, "Card declined.")
    assert acme.subscription.licenses == 10
    assert "refused" in billing.notices.get().title
    assert bank.money == 0


def test_a_refusal_at_once_is_no_notice(
    acme: Account, by_owner: Actor, billing: User, bank: Bank
) -> None:
    bank.manners = ["refuse"]

    with pytest.raises(PaymentRefused):
        buy(acme, by_owner)

    assert not billing.notices.exists()


def test_a_gateway_that_fails_in_a_way_nobody_foresaw_has_not_answered(
    acme: Account, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bank, "charge", lambda request: 1 / 0)

    with pytest.raises(PaymentUnanswered):
        buy(acme)

    assert PaymentAttempt.objects.get().state == AttemptState.UNANSWERED


def test_no_second_purchase_while_the_bank_is_silent(
    acme: Account, by_billing: Actor, bank: Bank
) -> None:
    bank.manners = ["hang"]
    with pytest.raises(PaymentUnanswered):
        buy(acme, by_billing)

    for to in (20, 30, 5):
        with pytest.raises(Blocked) as refused:
            buy(acme, by_billing, to=to)
        assert [blocker.code for blocker in refused.value.blockers] == ["payment_pending"]
        assert "has not answered yet" in refused.value.message
    assert len(bank.charged) == 1


def test_an_answered_payment_is_not_asked_for_again(acme: Account, bank: Bank) -> None:
    buy(acme)

    with pytest.raises(NotDue):
        attempts.ask_again(PaymentAttempt.objects.get().pk, at=NOON)

    assert len(bank.charged) == 1


def test_a_second_answer_that_differs_changes_nothing_and_is_logged(
    acme: Account, bank: Bank, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse_meanwhile() -> None:
        attempt = PaymentAttempt.objects.get()
        attempt.state, attempt.next_ask_at = AttemptState.REFUSED, None
        attempt.save()

    bank.manners, bank.meanwhile = ["late"], refuse_meanwhile

    with pytest.raises(PaymentRefused):
        buy(acme)

    assert "answered twice" in caplog.text


def test_the_open_invoice_gives_the_same_answer_to_the_same_key() -> None:
    request = PaymentRequest("attempt-1", "acme", Decimal(5), "USD", "1 license")

    assert OpenInvoice().charge(request) == OpenInvoice().charge(request)
    assert OpenInvoice().look_up("attempt-1") is None


def test_a_key_is_not_given_out_again_after_a_restored_backup(acme: Account) -> None:
    """Ids are; the provider would answer with the payment that had the id before."""
    before = PaymentAttemptFactory.create(account=acme, pk=7)
    key = before.key
    PaymentAttempt.objects.all().delete()

    after = PaymentAttemptFactory.create(account=acme, pk=7, created_at=NOON + MINUTE)

    assert key != after.key
    assert PaymentAttempt.objects.get().key == after.key


# --- Concluded by hand ------------------------------------------------------------------------


def silent(account: Account, bank: Bank, clock: time_machine.Traveller) -> PaymentAttempt:
    """A payment about which the bank said nothing, a while ago."""
    bank.manners = ["hang"]
    with pytest.raises(PaymentUnanswered):
        buy(account)
    clock.shift(MINUTE)
    bank.down = True
    return PaymentAttempt.objects.get(account=account)


def by_support(reason: str = "Seen at the bank") -> Actor:
    return replace(SYSTEM, kind=ActorKind.SUPPORT, label="Support", reason=reason)


def conclude(attempt: PaymentAttempt, actor: Actor, **found: Any) -> PaymentAttempt:
    facts = {"charged": True, "reference": "pi_1", **found}
    return attempts.conclude_by_hand(attempt.pk, **facts, actor=actor, at=datetime.now(UTC))


def test_support_says_that_a_payment_was_charged_and_the_licenses_come(
    acme: Account, billing: User, bank: Bank, noon: time_machine.Traveller
) -> None:
    attempt = silent(acme, bank, noon)

    conclude(attempt, by_support(), reference=" pi_1 ")
    for _ in range(3):
        noon.shift(timedelta(hours=1))
        tasks.sweep()

    acme.subscription.refresh_from_db()
    attempt.refresh_from_db()
    assert acme.subscription.licenses == 20
    assert (attempt.state, attempt.reference) == (AttemptState.ACCEPTED, "pi_1")
    assert Charge.objects.get().reference == "pi_1"
    said = Event.objects.get(type="license.payment_concluded")
    assert (said.actor_kind, said.reason) == (ActorKind.SUPPORT, "Seen at the bank")
    assert said.data == {"reference": "pi_1"}
    assert said.summary.endswith("for 10 licenses: charged.")
    assert len(bank.charged) == 1
    assert not bank.looked_up


def test_support_says_that_a_payment_was_not_charged_and_nothing_was_bought(
    acme: Account, billing: User, bank: Bank, noon: time_machine.Traveller
) -> None:
    attempt = silent(acme, bank, noon)

    conclude(attempt, by_support(), charged=False, reference="")

    acme.subscription.refresh_from_db()
    attempt.refresh_from_db()
    assert (acme.subscription.licenses, attempt.state) == (10, AttemptState.REFUSED)
    assert not Charge.objects.exists()
    assert "Support has found that it was not charged." in billing.notices.get().body
    bank.down = False
    assert buy(acme).after == 20


@pytest.mark.parametrize("charged", [True, False])
def test_support_concludes_a_renewal(
    acme: Account, bank: Bank, noon: time_machine.Traveller, charged: bool
) -> None:
    bank.manners = ["hang"]
    noon.move_to(acme.subscription.period_ends_at)
    tasks.sweep()
    noon.shift(MINUTE)

    conclude(PaymentAttempt.objects.get(), by_support(), charged=charged)

    acme.subscription.refresh_from_db()
    assert acme.subscription.is_active == charged
    assert Charge.objects.exists() == charged


def test_only_support_concludes_by_hand_and_says_why_and_how_the_bank_calls_it(
    acme: Account, by_owner: Actor, bank: Bank, noon: time_machine.Traveller
) -> None:
    attempt = silent(acme, bank, noon)
    ChargeFactory.create(account=acme, reference="pi_0")

    with pytest.raises(Forbidden):
        conclude(attempt, by_owner)
    for found in ({"reference": " "}, {"reference": "pi_0"}):
        with pytest.raises(Invalid) as refused:
            conclude(attempt, by_support(), **found)
        assert list(refused.value.errors) == ["reference"]
    with pytest.raises(Invalid) as refused:
        conclude(attempt, by_support(reason=" "))
    assert list(refused.value.errors) == ["reason"]

    attempt.refresh_from_db()
    assert attempt.state == AttemptState.UNANSWERED
    assert not Event.objects.filter(type="license.payment_concluded").exists()


@pytest.mark.parametrize(
    ("state", "code"),
    [("pending", "being_asked"), ("accepted", "answered"), ("refused", "answered")],
)
def test_a_payment_that_is_asked_for_or_answered_is_not_concluded_by_hand(
    acme: Account, bank: Bank, noon: Any, state: str, code: str
) -> None:
    attempt = PaymentAttemptFactory.create(account=acme, state=state)

    with pytest.raises(Blocked) as concluding:
        conclude(attempt, by_support())
    with pytest.raises(Blocked) as asking:
        attempts.ask_again(attempt.pk, actor=by_support(), at=NOON, early=True)

    for refused in (concluding, asking):
        assert [each.code for each in refused.value.blockers] == [code]
    assert not bank.looked_up


def test_while_somebody_asks_the_bank_nobody_says_what_it_will_answer(
    acme: Account, bank: Bank, noon: time_machine.Traveller
) -> None:
    attempt = silent(acme, bank, noon)
    with pytest.raises(PaymentUnanswered):
        attempts.ask_again(attempt.pk, at=datetime.now(UTC))

    noon.shift(ASKING_TAKES - timedelta(seconds=1))
    with pytest.raises(Blocked, match="being asked about this payment right now"):
        conclude(attempt, by_support())
    noon.shift(timedelta(seconds=1))
    conclude(attempt, by_support())

    assert Charge.objects.count() == 1


def test_who_may_not_buy_licenses_has_nobody_asked(
    acme: Account, by_member: Actor, bank: Bank, noon: time_machine.Traveller
) -> None:
    attempt = silent(acme, bank, noon)

    with pytest.raises(Forbidden):
        attempts.ask_again(attempt.pk, actor=by_member, at=datetime.now(UTC), early=True)

    assert not bank.looked_up


# --- The sweep -------------------------------------------------------------------------------


def test_an_attempt_that_fails_is_pushed_back_and_holds_up_nobody(
    acme: Account, bank: Bank, noon: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.tasks.BATCH", 1)
    stuck = PaymentAttemptFactory.create(account=acme, quantity=1)
    waiting = PaymentAttemptFactory.create(account=subscribed(slug="other"), quantity=1)
    real = bank.look_up
    monkeypatch.setattr(bank, "look_up", lambda key: 1 / 0 if key == stuck.key else real(key))
    noon.shift(3 * MINUTE)

    for _ in range(2):
        tasks.sweep()

    waiting.refresh_from_db()
    stuck.refresh_from_db()
    assert waiting.state == AttemptState.ACCEPTED
    assert stuck.state == AttemptState.UNANSWERED
    assert stuck.next_ask_at is not None
    assert stuck.next_ask_at > datetime.now(UTC)


def test_the_one_who_dies_asking_has_pushed_it_back_before(
    acme: Account, bank: Bank, noon: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(key: str) -> None:
        raise Killed

    attempt = PaymentAttemptFactory.create(account=acme)
    monkeypatch.setattr(bank, "look_up", die)
    noon.shift(3 * MINUTE)

    with pytest.raises(Killed):
        tasks.sweep()

    assert not PaymentAttempt.objects.to_be_asked(datetime.now(UTC)).exists()
    assert PaymentAttempt.objects.to_be_asked(datetime.now(UTC) + MINUTE).get() == attempt


def test_waiting_grows_to_an_hour() -> None:
    minutes = [wait_before_asking(asks) // MINUTE for asks in (0, 1, 2, 5, 6, 60, 30_000)]

    assert minutes == [1, 2, 4, 32, 60, 60, 60]


def test_nobody_asks_twice_at_once(acme: Account, bank: Bank, noon: Any) -> None:
    attempt = PaymentAttemptFactory.create(account=acme)

    with pytest.raises(NotDue):
        attempts.ask_again(attempt.pk, at=NOON + MINUTE)

    assert not bank.looked_up


def test_a_renewal_that_fails_is_pushed_back_and_holds_up_nobody(
    acme: Account, bank: Bank, noon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.tasks.BATCH", 1)
    other = subscribed(slug="other")
    noon.move_to(acme.subscription.period_ends_at)
    real = attempts.note
    monkeypatch.setattr(
        attempts,
        "note",
        lambda subscription, *args, **facts: (
            1 / 0 if subscription.account_id == acme.pk else real(subscription, *args, **facts)
        ),
    )

    for _ in range(2):
        tasks.sweep()

    assert Charge.objects.get().account == other


# --- Renewals --------------------------------------------------------------------------------


def renewed_once(account: Account, bank: Bank) -> None:
    subscription = account.subscription
    before = subscription.period_ends_at
    subscription.refresh_from_db()
    charge = Charge.objects.get(account=account)
    assert (charge.amount, charge.period_started_at) == (bank.money, before)
    assert subscription.state == SubscriptionState.ACTIVE
    assert subscription.period_started_at == before
    assert events(account, "subscription.renewed", "subscription.payment_overdue") == [
        "subscription.renewed"
    ]
    assert not Notice.objects.filter(key__startswith="renewal:").exists()


def test_a_worker_killed_during_a_renewal_leaves_a_paying_account_paid(
    acme: Account, owner: User, bank: Bank, noon: Any
) -> None:
    bank.manners, bank.killed = ["crash"], Killed
    noon.move_to(acme.subscription.period_ends_at)

    with pytest.raises(Killed):
        tasks.sweep()
    for _ in range(5):
        noon.shift(MINUTE)
        tasks.sweep()

    renewed_once(acme, bank)


def test_a_renewal_that_is_late_refused_makes_overdue_and_tells_once(
    acme: Account, owner: User, bank: Bank, noon: Any
) -> None:
    bank.manners = ["hang", "refuse"]
    noon.move_to(acme.subscription.period_ends_at)

    for _ in range(5):
        tasks.sweep()
        noon.shift(MINUTE)

    acme.subscription.refresh_from_db()
    assert acme.subscription.state == SubscriptionState.PAST_DUE
    assert Notice.objects.filter(key__startswith="renewal:").count() == 1


def test_a_late_refusal_of_a_renewal_does_not_undo_what_support_decided(
    acme: Account, bank: Bank, noon: Any
) -> None:
    bank.manners = ["hang", "refuse"]
    noon.move_to(acme.subscription.period_ends_at)
    tasks.sweep()
    licenses.set_subscription_state(
        acme.pk, state="active", reason="Paid by wire", actor=SYSTEM, at=datetime.now(UTC)
    )

    noon.shift(MINUTE)
    tasks.sweep()

    acme.subscription.refresh_from_db()
    assert acme.subscription.state == SubscriptionState.ACTIVE


# --- Every step ------------------------------------------------------------------------------


def world(bank: Bank, manner: str) -> Account:
    """An account that nothing happened to, and a bank that took no money yet."""
    bank.answers.clear()
    bank.charged.clear()
    bank.manners = [manner]
    account = subscribed()
    MembershipFactory.create(account=account, role="owner")
    return account


def sweep_until_quiet(clock: time_machine.Traveller) -> None:
    for _ in range(4):
        clock.shift(3 * MINUTE)
        tasks.sweep_payments()


def charged_and_told_once(account: Account, bank: Bank, when: str, *told: str) -> None:
    assert Charge.objects.filter(account=account).count() == 1, when
    assert bank.money == account.charges.get().amount, when
    assert len(set(bank.charged)) == 1, when
    assert events(account, *told) == list(told[:1]), when
    assert not account.payment_attempts.exclude(state=AttemptState.ACCEPTED).exists(), when


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("manner", ["accept", "lost", "hang"])
def test_a_purchase_killed_at_any_step_is_charged_licensed_and_told_once(
    bank: Bank, noon: time_machine.Traveller, manner: str
) -> None:
    def purchase(account: Account) -> None:
        with suppress(PaymentUnanswered):
            buy(account)

    def check(account: Account, when: str) -> None:
        sweep_until_quiet(noon)
        if not account.payment_attempts.exists():
            assert bank.money == 0, when  # it died before it had noted anything
            purchase(account)
            sweep_until_quiet(noon)
        charged_and_told_once(account, bank, when, "license.changed", "license.payment_refused")
        assert account.license_changes.get().after == 20, when
        assert account.notices.filter(kind="licenses").count() == 1, when
        account.subscription.refresh_from_db()
        assert account.subscription.licenses == 20, when

    assert every_crash(lambda: world(bank, manner), purchase, check) >= 7


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("manner", ["accept", "lost", "hang"])
def test_a_renewal_killed_at_any_step_is_charged_and_told_once(
    bank: Bank, noon: time_machine.Traveller, manner: str
) -> None:
    def begin() -> Account:
        account = world(bank, manner)
        noon.move_to(account.subscription.period_ends_at)
        return account

    def check(account: Account, when: str) -> None:
        due = account.subscription.period_ends_at
        noon.shift(licenses.RENEWAL_RETRY)
        sweep_until_quiet(noon)
        told = ("subscription.renewed", "subscription.payment_overdue")
        charged_and_told_once(account, bank, when, *told)
        account.subscription.refresh_from_db()
        assert account.subscription.is_active, when
        assert account.subscription.period_started_at == due, when

    assert every_crash(begin, lambda account: tasks.sweep_payments(), check) >= 8


@pytest.mark.django_db(transaction=True)
def test_asking_again_killed_at_any_step_is_charged_licensed_and_told_once(
    bank: Bank, noon: time_machine.Traveller
) -> None:
    def begin() -> Account:
        account = world(bank, "lost")
        with pytest.raises(PaymentUnanswered):
            buy(account)
        noon.shift(3 * MINUTE)
        return account

    def check(account: Account, when: str) -> None:
        sweep_until_quiet(noon)
        charged_and_told_once(account, bank, when, "license.changed", "license.payment_refused")
        account.subscription.refresh_from_db()
        assert account.subscription.licenses == 20, when

    assert every_crash(begin, lambda account: tasks.sweep_payments(), check) > 5
