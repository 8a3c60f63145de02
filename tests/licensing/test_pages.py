"""Manage Licenses and the decision in grace, in the browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from licensing.models import LicenseChange
from licensing.payments import PaymentRequest, PaymentResult
from licensing.states import GraceState, SubscriptionState
from licensing.tasks import sweep
from tests import factories
from tests.factories import NOON

PAGES = ["manage", "decide", "grace", "ledger", "charges"]


class RefusesEverything:
    """A payment provider that says no."""

    def charge(self, request: PaymentRequest) -> PaymentResult:
        return PaymentResult(accepted=False, message="The card has expired.")

    def find(self, key: str) -> PaymentResult | None:
        return None


def url(name: str, account: Account) -> str:
    return reverse(f"licensing:{name}", args=[account.slug])


def hold(account: Account, count: int) -> None:
    connection = factories.ConnectionFactory.create(account=account)
    factories.PhoneNumberFactory.create_batch(count, account=account, connection=connection)


@pytest.fixture
def over(noon: time_machine.Traveller, acme: Account) -> Account:
    """Acme with 27 numbers, 10 licenses and an open grace period."""
    hold(acme, 27)
    factories.GracePeriodFactory.create(account=acme)
    return acme


# S0-23
def test_the_page_shows_owned_held_and_free(acme: Account, member_client: Client) -> None:
    hold(acme, 7)

    page = member_client.get(url("manage", acme))

    standing = page.context["standing"]
    assert (standing.licenses, standing.held, standing.free) == (10, 7, 3)
    assert "$50.00" in page.content.decode()


def test_the_preview_shows_what_a_change_costs_before_anyone_confirms(
    over: Account, owner_client: Client
) -> None:
    page = owner_client.get(url("manage", over), {"to": "27", "reason": "More shops"})

    text = page.content.decode()
    assert "$135.00" in text  # a month from now on
    assert "$85.00" in text  # today: the whole month is ahead
    assert "The grace period closes at once, and every number stays." in text
    assert "More shops" in text
    assert not LicenseChange.objects.exists()


def test_while_typing_only_the_preview_is_sent(over: Account, owner_client: Client) -> None:
    page = owner_client.get(url("manage", over), {"to": 20}, headers={"HX-Request": "true"})

    text = page.content.decode()
    assert "Still 7 numbers over; the clock keeps running." in text
    assert "release or exclude 7: <b>$50.00</b> today in all" in text
    assert text.lstrip().startswith("<div")
    assert "<html" not in text


@pytest.mark.parametrize("typed", ["", "-1", "many", "1000001", "9" * 30])
def test_what_is_no_count_of_licenses_says_so(
    typed: str, acme: Account, owner_client: Client
) -> None:
    fragment = owner_client.get(url("manage", acme), {"to": typed}, headers={"HX-Request": "true"})
    page = owner_client.get(url("change", acme), {"to": typed})

    assert 'class="errorlist"' in fragment.content.decode()
    assert page.status_code == 422
    assert page.context["form"].errors["to"]


# S0-18, S0-26
def test_confirming_buys_the_licenses_and_closes_the_grace_period(
    over: Account, owner_client: Client
) -> None:
    asked = owner_client.get(url("change", over), {"to": "27", "reason": "More shops"})
    answer = owner_client.post(
        url("change", over), {"to": 27, "reason": "More shops", "before": 10}
    )

    assert "Add 17 licenses?" in asked.content.decode()
    assert answer["Location"] == url("manage", over)
    change = LicenseChange.objects.get(account=over)
    assert (change.before, change.after, change.held, change.reason) == (10, 27, 27, "More shops")
    assert change.actor_label == "owner@example.com"
    assert over.grace_periods.get().settled_at == NOON


def test_the_ledger_shows_every_change_with_who_why_and_what_it_cost(
    over: Account, owner_client: Client, member_client: Client
) -> None:
    owner_client.post(url("change", over), {"to": 12, "reason": "More shops", "before": 10})

    text = member_client.get(url("manage", over)).content.decode()
    assert "owner@example.com" in text
    assert "More shops" in text
    assert "$10.00" in text


# S0-23
def test_lowering_below_what_is_held_is_refused_with_how_many_must_go(
    acme: Account, owner_client: Client
) -> None:
    hold(acme, 9)

    asked = owner_client.get(url("change", acme), {"to": "5", "reason": "Too many"})
    answer = owner_client.post(url("change", acme), {"to": 5, "reason": "Too many", "before": 10})

    for page in (asked, answer):
        assert page.status_code == 422
        assert "release or exclude 4 first" in str(page.context["form"].errors["to"])
        assert 'value="5"' in page.content.decode()
        assert "Too many" in page.content.decode()
    assert not LicenseChange.objects.exists()


def test_an_inactive_subscription_adds_nothing_and_says_whom_to_ask(
    acme: Account, owner_client: Client
) -> None:
    acme.subscription.state = SubscriptionState.PAST_DUE
    acme.subscription.save()

    page = owner_client.post(url("change", acme), {"to": 12, "before": 10})

    assert page.status_code == 422
    assert "Ask support to reactivate it" in str(page.context["form"].errors["to"])


# S4-2
def test_a_refused_payment_is_shown_at_the_field_and_changes_nothing(
    acme: Account, owner_client: Client, settings: Any
) -> None:
    settings.PAYMENT_GATEWAY = f"{__name__}.RefusesEverything"

    page = owner_client.post(url("change", acme), {"to": 12, "before": 10})

    assert page.status_code == 422
    assert "The card has expired." in str(page.context["form"].errors["to"])
    acme.subscription.refresh_from_db()
    assert acme.subscription.licenses == 10


def test_a_confirmation_of_an_outdated_preview_changes_nothing(
    acme: Account, owner_client: Client, billing_client: Client
) -> None:
    billing_client.post(url("change", acme), {"to": 30, "before": 10})

    page = owner_client.post(url("change", acme), {"to": 12, "before": 10})

    assert page.status_code == 422
    assert "the account now has 30" in str(page.context["form"].errors["to"])
    acme.subscription.refresh_from_db()
    assert acme.subscription.licenses == 30


def test_members_and_admins_see_the_page_without_the_form(
    acme: Account, member_client: Client, admin_client: Client
) -> None:
    for client in (member_client, admin_client):
        page = client.get(url("manage", acme))
        assert page.status_code == 200
        assert 'name="to"' not in page.content.decode()
        assert client.post(url("change", acme), {"to": 12, "before": 10}).status_code == 403
    assert not LicenseChange.objects.exists()


@pytest.mark.parametrize("name", [*PAGES, "change"])
def test_a_stranger_finds_no_account(name: str, acme: Account, stranger_client: Client) -> None:
    assert stranger_client.get(url(name, acme)).status_code == 404
    assert stranger_client.post(url(name, acme), {"to": 1}).status_code in (404, 405)


# S0-10, S0-18
def test_the_decision_page_puts_the_two_ways_out_side_by_side(
    over: Account, owner_client: Client
) -> None:
    page = owner_client.get(url("decide", over))

    text = page.content.decode()
    assert "Release or exclude 17" in text
    assert "Add 17 licenses" in text
    assert "$85.00" in text
    assert "Nothing is charged for being over" in text
    assert len(page.context["numbers"]) == 12
    assert page.context["unassigned"] == 27


# S0-26
def test_after_the_deadline_the_page_says_what_is_blocked(
    over: Account, owner_client: Client, noon: time_machine.Traveller
) -> None:
    noon.shift(timedelta(hours=48))

    text = owner_client.get(url("decide", over)).content.decode()

    assert "The grace period is over" in text
    assert "No number can be bought, restored or brought back." in text
    assert "Calls and texts of every number keep working." in text  # S0-28
    assert "Support can extend a grace period once, by up to 7 days" in text


def test_the_decision_page_without_anything_to_decide(acme: Account, member_client: Client) -> None:
    assert "Nothing to decide" in member_client.get(url("decide", acme)).content.decode()


# S0-3, S0-7, S0-17
def test_an_account_that_is_sorted_out_in_time_pays_for_nothing_it_does_not_keep(
    over: Account, owner_client: Client, noon: time_machine.Traveller
) -> None:
    agent = factories.AgentFactory.create(account=over)
    kept, *going = over.numbers.order_by("pk")[:18]
    noon.shift(timedelta(hours=47))

    owner_client.post(
        reverse("numbers:assign", args=[over.slug, kept.pk]), {"agent": agent.pk}, follow=True
    )
    for number in going:
        owner_client.post(reverse("numbers:exclude", args=[over.slug, number.pk]))
    noon.shift(timedelta(hours=2))
    sweep()

    kept.refresh_from_db()
    period = over.grace_periods.get()
    assert (kept.agent, period.state) == (agent, GraceState.RESOLVED)
    assert not over.charges.exists()
    assert owner_client.get(url("manage", over)).context["standing"].free == 0


# S0-29, S1-23
def test_without_a_connected_subaccount_the_page_explains_that_grace_does_not_apply(
    acme: Account, owner_client: Client
) -> None:
    before = owner_client.get(url("manage", acme)).content.decode()
    factories.ConnectionFactory.create(account=acme)
    after = owner_client.get(url("manage", acme)).content.decode()

    assert "No grace period yet" in before
    assert "No grace period yet" not in after


# S0-19
def test_past_grace_periods_are_listed_with_their_outcome(
    acme: Account, member_client: Client
) -> None:
    factories.GracePeriodFactory.create(account=acme, resolved=True)
    factories.GracePeriodFactory.create(
        account=acme,
        expired=True,
        opened_at=NOON + timedelta(days=9),
        settled_at=NOON + timedelta(days=12),
        extended_at=NOON,
        extended_by="Support (sam@example.com)",
        extension_reason="Waiting for the new shop",
    )

    text = member_client.get(url("grace", acme)).content.decode()

    assert "Resolved in time" in text
    assert "Expired" in text
    assert "Waiting for the new shop" in text


@pytest.mark.parametrize("name", ["grace", "ledger", "charges"])
def test_histories_go_on_page_by_page_without_a_gap(
    name: str, acme: Account, member_client: Client
) -> None:
    made: dict[str, Callable[[int], Any]] = {
        "grace": lambda n: factories.GracePeriodFactory.create(
            account=acme, resolved=True, opened_at=NOON + timedelta(days=n)
        ),
        "ledger": lambda n: factories.LicenseChangeFactory.create(account=acme),
        "charges": lambda n: factories.ChargeFactory.create(account=acme),
    }
    rows = {made[name](n).pk for n in range(45)}
    context_name = {"grace": "periods", "ledger": "changes", "charges": "charges"}[name]

    seen: list[int] = []
    before: Any = ""
    for _ in range(3):
        context = member_client.get(url(name, acme), {"before": before}).context
        seen += [row.pk for row in context[context_name]]
        before = context["older"]

    assert before is None
    assert seen == sorted(rows, reverse=True)


@pytest.mark.parametrize("name", PAGES)
def test_each_page_reads_the_database_a_fixed_number_of_times(
    name: str,
    over: Account,
    owner_client: Client,
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    for n in range(25):
        charge = factories.ChargeFactory.create(account=over)
        factories.LicenseChangeFactory.create(account=over, charge=charge)
        factories.GracePeriodFactory.create(
            account=over, resolved=True, opened_at=NOON - timedelta(days=n + 3)
        )

    # The frame takes 9: session, user, membership, accounts, notices, and the banner's three.
    with django_assert_max_num_queries(17):
        assert owner_client.get(url(name, over)).status_code == 200


def test_an_account_without_a_subscription_is_told_whom_to_ask(db: None, client: Client) -> None:
    membership = factories.MembershipFactory.create(role="owner")
    client.force_login(membership.user)

    page = client.get(url("manage", membership.account))
    sent_back = client.get(url("change", membership.account), {"to": 1})

    assert "No subscription yet" in page.content.decode()
    assert sent_back["Location"] == url("manage", membership.account)
