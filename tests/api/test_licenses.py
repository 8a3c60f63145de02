"""Licenses and grace periods over REST."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from time_machine import Traveller

from accounts.models import Account
from accounts.states import Permission
from licensing.models import Charge, LicenseChange, Subscription
from licensing.tasks import sweep_payments
from tests.bank import Bank
from tests.factories import (
    AccountFactory,
    GracePeriodFactory,
    LicenseChangeFactory,
    PaymentAttemptFactory,
    PhoneNumberFactory,
)

from .conftest import Answer, Program, program_of

Problem = Callable[[Answer], tuple[int, str]]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


def test_the_standing_says_what_is_owned_used_and_paid(acme: Account, program: Program) -> None:
    PhoneNumberFactory.create_batch(12, account=acme)
    period = GracePeriodFactory.create(account=acme, held_at_open=12)

    body = program.send("get", "licenses/").json()

    assert {name: body[name] for name in ("licenses", "held", "over", "free", "restricted")} == {
        "licenses": 10, "held": 12, "over": 2, "free": 0, "restricted": False
    }  # fmt: skip
    assert body["subscription"] == {
        "state": "active",
        "price": "5.0000",
        "monthly": "50.00",
        "currency": "USD",
        "period_ends_at": "2026-04-01T12:00:00Z",
    }
    assert body["grace_period"]["id"] == period.pk
    assert body["grace_period"]["ends_at"] == "2026-03-03T12:00:00Z"


def test_an_account_without_a_subscription_owns_nothing(problem: Problem) -> None:
    program = program_of(AccountFactory.create(), *Permission)

    body = program.send("get", "licenses/").json()

    assert (body["licenses"], body["subscription"], body["grace_period"]) == (0, None, None)
    for wish in ({"to": 5}, {"to": 5, "preview": True}):
        answer = program.send("post", "license-changes/", wish)
        assert problem(answer) == (409, "no_subscription")


def test_a_preview_costs_nothing(acme: Account, program: Program) -> None:  # S0-18
    PhoneNumberFactory.create_batch(12, account=acme)
    GracePeriodFactory.create(account=acme)

    answer = program.send("post", "license-changes/", {"to": 12, "preview": True})

    body = answer.json()
    assert answer.status_code == 200
    assert (body["before"], body["after"], body["held"]) == (10, 12, 12)
    assert (body["monthly_before"], body["monthly_after"]) == ("50.00", "60.00")
    assert (body["charge_today"], body["currency"]) == ("10.00", "USD")
    assert "closes" in body["grace_effect"]
    assert body["blockers"] == []
    assert not Charge.objects.exists()
    assert Subscription.objects.get(account=acme).licenses == 10


def test_licenses_are_bought_and_the_ledger_says_so(acme: Account, program: Program) -> None:
    answer = program.send("post", "license-changes/", {"to": 12, "reason": "The ported office"})

    assert answer.status_code == 201
    assert answer.json()["charge"]["amount"] == "10.00"
    (line,) = program.send("get", "license-changes/").json()["results"]
    assert line == answer.json()
    assert (line["before"], line["after"], line["reason"]) == (10, 12, "The ported office")
    assert line["actor"]["kind"] == "api_key"
    assert program.send("get", "licenses/").json()["licenses"] == 12


def test_lowering_below_what_is_held_is_refused(  # S0-23
    acme: Account, program: Program, problem: Problem
) -> None:
    PhoneNumberFactory.create_batch(3, account=acme)

    answer = program.send("post", "license-changes/", {"to": 2})

    assert problem(answer) == (409, "blocked")
    assert [each["code"] for each in answer.json()["blockers"]] == ["below_held"]
    assert program.send("post", "license-changes/", {"to": 3}).status_code == 201


def test_a_refused_payment_leaves_the_licenses_as_they_were(
    acme: Account, program: Program, problem: Problem, bank: Bank
) -> None:
    bank.manners = ["refuse"]

    answer = program.send("post", "license-changes/", {"to": 12})

    assert problem(answer) == (402, "payment_refused")
    assert "Card declined." in answer.json()["detail"]
    assert program.send("get", "licenses/").json()["licenses"] == 10


def test_a_payment_that_the_bank_has_not_answered_is_answered_202_and_can_be_asked_after(
    acme: Account, program: Program, problem: Problem, bank: Bank, noon: Traveller
) -> None:
    bank.manners = ["lost"]

    answer = program.send("post", "license-changes/", {"to": 12}, idempotency_key="a")

    assert answer.status_code == 202
    payment = program.send("get", answer["Location"]).json()
    assert payment == answer.json()
    assert (payment["state"], payment["amount"], payment["quantity"]) == ("unanswered", "10.00", 2)
    assert payment["license_change"] is None
    assert program.send("get", "licenses/").json()["unanswered_payment"] == payment
    again = program.send("post", "license-changes/", {"to": 12})
    assert [each["code"] for each in again.json()["blockers"]] == ["payment_pending"]

    noon.shift(timedelta(minutes=2))
    sweep_payments()

    body = program.send("get", answer["Location"]).json()
    (line,) = program.send("get", "license-changes/").json()["results"]
    assert (body["state"], body["license_change"]) == ("accepted", line["id"])
    assert program.send("get", "licenses/").json()["unanswered_payment"] is None
    replayed = program.send("post", "license-changes/", {"to": 12}, idempotency_key="a")
    assert (replayed.status_code, replayed["Idempotency-Replayed"]) == (202, "true")
    assert bank.money == 10


def test_the_bank_is_asked_now_about_a_payment_that_it_has_not_answered(
    acme: Account, program: Program, reader: Program, outsider: Program, problem: Problem,
    bank: Bank, noon: Traveller,
) -> None:  # fmt: skip
    attempt = PaymentAttemptFactory.create(account=acme, state="unanswered", quantity=2)
    address = f"payments/{attempt.pk}/attempts/"
    bank.down = True

    silent = program.send("post", address, {})
    at_once = program.send("post", address, {})
    bank.down = False
    noon.shift(timedelta(minutes=1))
    paid = program.send("post", address, {})
    late = program.send("post", address, {})

    assert (silent.status_code, silent.json()["state"]) == (202, "unanswered")
    assert silent.json()["next_ask_at"] == "2026-03-01T12:01:00Z"
    assert [each["code"] for each in at_once.json()["blockers"]] == ["being_asked"]
    assert (paid.status_code, paid.json()["state"]) == (201, "accepted")
    assert program.send("get", paid["Location"]).json() == paid.json()
    assert paid.json()["license_change"] == LicenseChange.objects.get().pk
    assert [each["code"] for each in late.json()["blockers"]] == ["answered"]
    assert problem(reader.send("post", address, {})) == (403, "forbidden")
    assert problem(outsider.send("post", address, {})) == (404, "not_found")


def test_a_payment_that_the_bank_refuses_when_it_is_asked_again(
    acme: Account, program: Program, problem: Problem, bank: Bank
) -> None:
    attempt = PaymentAttemptFactory.create(account=acme, state="unanswered")
    bank.manners = ["refuse"]

    answer = program.send("post", f"payments/{attempt.pk}/attempts/", {})

    assert problem(answer) == (402, "payment_refused")
    assert program.send("get", f"payments/{attempt.pk}/").json()["state"] == "refused"


def test_payments_are_listed_newest_first_in_a_fixed_number_of_reads(
    acme: Account, program: Program, django_assert_num_queries: Any
) -> None:
    old = PaymentAttemptFactory.create(account=acme, state="refused")
    new = PaymentAttemptFactory.create(account=acme)
    PaymentAttemptFactory.create()
    program.send("get", "payments/")

    with django_assert_num_queries(2):  # key, payments with what they paid for
        rows = program.send("get", "payments/").json()["results"]

    assert [row["id"] for row in rows] == [new.pk, old.pk]


@pytest.mark.parametrize("to", [-1, 1_000_001, 1.5, "many", None])
def test_a_count_that_is_none_is_refused(
    acme: Account, program: Program, problem: Problem, to: Any
) -> None:
    answer = program.send("post", "license-changes/", {"to": to})

    assert problem(answer) == (422, "invalid")
    assert answer.json()["errors"][0]["field"] == "to"


def test_grace_periods_are_listed_newest_first(acme: Account, program: Program) -> None:
    old = GracePeriodFactory.create(account=acme, resolved=True)
    new = GracePeriodFactory.create(account=acme)
    GracePeriodFactory.create()

    rows = program.send("get", "grace-periods/").json()["results"]

    assert [row["id"] for row in rows] == [new.pk, old.pk]
    assert program.send("get", f"grace-periods/{old.pk}/").json()["state"] == "resolved"


def test_the_ledger_reads_the_database_a_fixed_number_of_times(
    acme: Account, program: Program, django_assert_num_queries: Any
) -> None:
    LicenseChangeFactory.create_batch(5, account=acme)
    program.send("get", "license-changes/")

    with django_assert_num_queries(2):  # key, lines with their charges
        program.send("get", "license-changes/")
