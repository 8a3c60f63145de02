"""Manage Licenses and the decision in grace, in the browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account
from config.text import money
from licensing import gates
from licensing.models import Charge, LicenseChange, Subscription
from licensing.standing import standing
from licensing.states import GraceState, SubscriptionState
from licensing.tasks import sweep
from tests import factories
from tests.bank import Bank
from tests.factories import NOON

PAGES = ["manage", "decide", "grace", "ledger", "charges"]


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
    said = [str(message) for message in get_messages(answer.wsgi_request)]
    cost = money(Charge.objects.get(account=over).amount)
    assert said == [f"You have 27 licenses now. {cost} was charged. The grace period is closed."]
    change = LicenseChange.objects.get(account=over)
    assert (change.before, change.after, change.held, change.reason) == (10, 27, 27, "More shops")
    assert change.actor_label == "owner@example.com"
    assert over.grace_periods.get().settled_at == NOON


def test_nobody_is_charged_more_than_was_shown(
    noon: time_machine.Traveller, over: Account, owner_client: Client
) -> None:
    month = timedelta(days=31)
    Subscription.objects.update(period_started_at=NOON - month, period_ends_at=NOON)
    noon.move_to(NOON - timedelta(hours=1))
    confirmed = owner_client.get(url("change", over), {"to": "27"}).context["form"].initial
    noon.move_to(NOON)
    Subscription.objects.update(period_started_at=NOON, period_ends_at=NOON + month)

    refused = owner_client.post(url("change", over), confirmed)
    again = owner_client.get(url("change", over), {"to": "27"}).context["form"].initial
    changed = LicenseChange.objects.exists()
    owner_client.post(url("change", over), again)

    assert (str(confirmed["charge"]), refused.status_code, changed) == ("2.74", 422, False)
    assert "$85.00 would be charged today." in refused.content.decode()
    assert LicenseChange.objects.get().after == 27


def test_the_ledger_shows_every_change_with_who_why_and_what_it_cost(
    over: Account, owner_client: Client, member_client: Client
) -> None:
    owner_client.post(url("change", over), {"to": 12, "reason": "More shops", "before": 10})

    text = member_client.get(url("manage", over)).content.decode()
    assert "owner@example.com" in text
    assert "More shops" in text
    assert "$10.00" in text


def test_what_was_typed_is_in_the_address_and_continue_takes_it(
    over: Account, owner_client: Client
) -> None:
    page = owner_client.get(url("manage", over), {"to": "12", "reason": "More shops"})
    typing = owner_client.get(
        url("manage", over), {"to": "12", "reason": "More shops"}, headers={"HX-Request": "true"}
    )

    text = page.content.decode()
    form = text[text.index('<form class="form"') : text.index("</form>", text.index("id_reason"))]
    assert 'method="get"' in form
    assert f'action="{url("change", over)}"' in form
    assert 'hx-replace-url="true"' in form
    assert ">Continue</button>" in form
    assert 'value="12"' in form
    assert 'value="More shops"' in form
    assert "HX-Request" in typing["Vary"]  # Back gets the page, never the part of it
    assert url("change", over) not in typing.content.decode()


@pytest.mark.parametrize(
    ("to", "said"),
    [(12, "once fewer numbers are held than licensed"), (27, "once fewer numbers are held than"),
     (30, "at any time, down to the 27 held")],
)  # fmt: skip
def test_what_is_said_of_lowering_again_is_true(
    over: Account, owner_client: Client, to: int, said: str
) -> None:
    assert said in owner_client.get(url("change", over), {"to": to}).content.decode()


def test_a_lower_count_is_told_in_whole_sentences(acme: Account, owner_client: Client) -> None:
    text = owner_client.get(url("manage", acme), {"to": 5}).content.decode()

    assert "<b>Nothing.</b>" in text
    assert "The lower count holds at once, and the paid month is not refunded." in text
    assert ">Licensed</span>" in text
    assert "Owned" not in text


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
    acme: Account, owner_client: Client, bank: Bank
) -> None:
    bank.manners = ["refuse"]

    page = owner_client.post(url("change", acme), {"to": 12, "before": 10})

    assert page.status_code == 422
    assert "Card declined." in str(page.context["form"].errors["to"])
    acme.subscription.refresh_from_db()
    assert acme.subscription.licenses == 10


def test_while_the_bank_is_silent_the_page_says_so_and_sells_nothing_twice(
    acme: Account, owner_client: Client, bank: Bank
) -> None:
    bank.manners = ["hang"]
    confirmed = {"to": 12, "before": 10}

    first = owner_client.post(url("change", acme), confirmed, follow=True)
    second = owner_client.post(url("change", acme), confirmed)

    text = first.content.decode()
    assert first.redirect_chain == [(url("manage", acme), 302)]
    assert "Your bank has not answered yet" in text
    assert "charged at most once" in text
    assert second.status_code == 422
    assert "has not answered yet" in str(second.context["form"].errors["to"])
    preview = owner_client.get(url("manage", acme), {"to": 30}).content.decode()
    assert "This cannot be done now" in preview
    assert len(bank.charged) == 1


def test_a_payment_without_an_answer_says_when_it_is_asked_again_and_is_asked_now_on_demand(
    acme: Account, owner_client: Client, bank: Bank, noon: time_machine.Traveller
) -> None:
    bank.manners = ["hang", "hang"]
    owner_client.post(url("change", acme), {"to": 12, "before": 10})
    ask = reverse("licensing:ask_again", args=[acme.slug, acme.payment_attempts.get().pk])

    at_once = owner_client.post(ask, follow=True).content.decode()
    noon.shift(timedelta(minutes=1))
    text = owner_client.get(url("manage", acme)).content.decode()
    silent = owner_client.post(ask, follow=True).content.decode()
    noon.shift(timedelta(minutes=1))
    paid = owner_client.post(ask, follow=True).content.decode()

    assert "being asked about this payment right now" in at_once
    assert "The bank is asked again" in text
    assert f'action="{ask}"' in text
    assert "has not answered yet about $10.00" in silent
    assert "Your bank has paid $10.00." in paid
    assert f'action="{ask}"' not in paid
    assert LicenseChange.objects.get(account=acme).after == 12


def test_a_payment_that_is_being_made_has_no_button(acme: Account, owner_client: Client) -> None:
    attempt = factories.PaymentAttemptFactory.create(account=acme)

    text = owner_client.get(url("manage", acme)).content.decode()

    assert "A payment is being made" in text
    assert reverse("licensing:ask_again", args=[acme.slug, attempt.pk]) not in text


def test_who_may_not_buy_licenses_has_no_button_to_ask_the_bank(
    acme: Account, admin_client: Client
) -> None:
    attempt = factories.PaymentAttemptFactory.create(account=acme, state="unanswered")
    ask = reverse("licensing:ask_again", args=[acme.slug, attempt.pk])

    assert ask not in admin_client.get(url("manage", acme)).content.decode()
    assert admin_client.post(ask).status_code == 403


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
    assert 'href="#rows">Decide number by number</a>' in text


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


@pytest.mark.parametrize(
    ("licenses", "held", "said"),
    [(0, 1, "1 number is held and 0 licensed"), (1, 2, "2 numbers are held and 1 licensed")],
)
def test_the_decision_page_counts_one_number_as_one(
    acme: Account, owner_client: Client, licenses: int, held: int, said: str
) -> None:
    hold(acme, held)
    Subscription.objects.update(licenses=licenses)
    factories.GracePeriodFactory.create(account=acme)

    assert said in owner_client.get(url("decide", acme)).content.decode()


@pytest.mark.parametrize("hours", [0, 49])
def test_what_a_refusal_asks_for_is_enough_for_one_number_more(over: Account, hours: int) -> None:
    at = NOON + timedelta(hours=hours)

    (blocker,) = gates.take_license(standing(over.pk, at=at))
    over.numbers.filter(pk__in=over.numbers.order_by("pk")[:18]).update(state="excluded")
    left = gates.take_license(standing(over.pk, at=at))

    assert "release or exclude 18 or add 18 licenses" in blocker.message
    assert blocker.fix == "licensing:decide"
    assert left == []


@pytest.mark.parametrize(
    ("licenses", "said"), [(1, "The 1 license is in use"), (2, "The 2 licenses are in use")]
)
def test_a_refusal_counts_one_license_as_one(acme: Account, licenses: int, said: str) -> None:
    hold(acme, licenses)
    Subscription.objects.update(licenses=licenses)

    (blocker,) = gates.take_license(standing(acme.pk, at=NOON))

    assert said in blocker.message


@pytest.mark.parametrize(
    ("spare", "said"),
    [(3, "3 numbers have no agent"), (0, "Every number has an agent")],
)
def test_the_decision_page_says_when_the_unassigned_ones_are_not_enough(
    over: Account, owner_client: Client, spare: int, said: str
) -> None:
    agent = factories.AgentFactory.create(account=over)
    busy = list(over.numbers.order_by("pk").values_list("pk", flat=True)[spare:])
    over.numbers.filter(pk__in=busy).update(agent=agent)

    text = owner_client.get(url("decide", over)).content.decode()

    assert said in text
    assert 'href="#rows"' in text


def test_the_box_previews_what_it_proposes_before_anything_is_typed(
    over: Account, owner_client: Client
) -> None:
    text = owner_client.get(url("manage", over)).content.decode()

    assert "<b>27</b> for 27 held" in text
    assert f'action="{url("change", over)}"' in text
    assert 'value="27"' in text


def test_a_box_that_proposes_what_is_owned_previews_nothing(
    acme: Account, owner_client: Client
) -> None:
    page = owner_client.get(url("manage", acme))

    assert page.context["quote"] is None
    assert "Change the number to see what it costs" in page.content.decode()


# B27
def test_the_same_figure_is_the_same_on_every_page_a_minute_into_the_month(
    over: Account, owner_client: Client, noon: time_machine.Traveller
) -> None:
    noon.shift(timedelta(minutes=1))

    pages = [
        owner_client.get(url("decide", over)),
        owner_client.get(url("manage", over)),
        owner_client.get(url("change", over), {"to": 27}),
    ]
    owner_client.post(url("change", over), {"to": 27, "before": 10})

    for page in pages:
        assert "$85.00" in page.content.decode()
        assert "$84.99" not in page.content.decode()
    assert over.charges.get().amount == 85


@pytest.mark.parametrize(
    ("page", "is_small"),
    [("numbers:list", False), ("licensing:manage", True), ("accounts:settings", True),
     ("licensing:decide", True), ("numbers:connections", True)],
)  # fmt: skip
def test_the_banner_is_one_line_on_inner_pages_and_leads_to_where_one_decides(
    over: Account, owner_client: Client, page: str, is_small: bool
) -> None:
    text = owner_client.get(reverse(page, args=[over.slug])).content.decode()
    banner = text.partition('aria-label="Grace period"')

    assert ('class="banner small"' in banner[0][-80:]) is is_small
    assert ("Everything keeps working" in banner[2].partition("</section>")[0]) is not is_small
    leads_there = f'href="{url("decide", over)}"' in banner[2].partition("</section>")[0]
    assert leads_there is (page != "licensing:decide")


@pytest.mark.parametrize(
    ("who", "told"),
    [
        ("owner_client", []),
        ("admin_client", ["An owner or billing admin of this account can add licenses."]),
        (
            "member_client",
            [
                "An owner, billing admin or admin of this account can release and exclude.",
                "An owner or billing admin can add licenses.",
            ],
        ),
    ],
)
def test_the_banner_says_who_may_take_which_way_out(
    who: str, told: list[str], over: Account, request: pytest.FixtureRequest
) -> None:
    page = request.getfixturevalue(who).get(reverse("numbers:list", args=[over.slug]))
    banner = page.content.decode().partition('aria-label="Grace period"')[2]
    banner = banner.partition("</section>")[0]

    for sentence in told:
        assert sentence in banner
    assert banner.count("can add licenses") == (1 if told else 0)


def test_not_everything_is_said_to_work_while_twilio_has_suspended_something(
    over: Account, owner_client: Client
) -> None:
    def said() -> list[str]:
        pages = [reverse("numbers:list", args=[over.slug]), url("decide", over)]
        texts = [owner_client.get(page).content.decode() for page in pages]
        words = ("Everything keeps working", "Calls and texts keep working")
        return [each for each in words if any(each in text for text in texts)]

    before = said()
    over.connections.update(state="suspended")

    assert len(before) == 2
    assert said() == []


def test_one_decides_in_one_place_number_by_number(over: Account, owner_client: Client) -> None:
    agent = factories.AgentFactory.create(account=over, name="Front desk")
    first, kept, *others = over.numbers.order_by("pk")
    over.numbers.exclude(pk=first.pk).update(agent=agent)
    over.numbers.filter(pk=kept.pk).update(agent=None, keep_decided_at=NOON)

    page = owner_client.get(url("decide", over))

    text = page.content.decode()
    shown = [row.number.pk for row in page.context["rows"]]
    assert "Decide which numbers to keep</h1>" in text
    assert "2 numbers have no agent." in text
    assert (shown[:2], sorted(shown[2:])) == ([first.pk, kept.pk], [each.pk for each in others])
    assert all(f'form="assign-{pk}"' in text for pk in shown)
    assert text.count(">Release</a>") == text.count(">Exclude</a>") == 27
    assert f'form="keep-{first.pk}"' in text
    assert f'form="unkeep-{kept.pk}"' in text
    assert f'form="keep-{others[0].pk}"' not in text
    assert 'name="action" value="release"' in text
    assert 'name="action" value="keep"' in text


@pytest.mark.parametrize("unassigned", [True, False])
def test_an_assigned_number_can_go_as_it_is(
    over: Account, owner_client: Client, unassigned: bool
) -> None:
    agent = factories.AgentFactory.create(account=over)
    over.numbers.update(agent=agent)
    if unassigned:
        over.numbers.filter(pk=over.numbers.order_by("pk")[:1].get().pk).update(agent=None)

    for address in (url("decide", over), f"/a/{over.slug}/numbers/?tab=unassigned"):
        text = owner_client.get(address).content.decode()
        assert "can be released or excluded as " in text
        assert "unassign others" not in text.lower()
        assert "Unassign some" not in text


def test_who_only_reads_sees_the_numbers_and_no_buttons(
    over: Account, member_client: Client
) -> None:
    page = member_client.get(url("decide", over))

    assert len(page.context["rows"]) == 27
    assert "Release</a>" not in page.content.decode()


def test_a_page_of_decided_numbers_gives_way_to_the_first(
    over: Account, owner_client: Client
) -> None:
    hold(over, 40)
    second = owner_client.get(url("decide", over)).context["pages"]["next_url"]
    over.numbers.filter(pk__in=over.numbers.order_by("-e164")[:30]).update(
        state="excluded", agent=None
    )

    page = owner_client.get(second)

    assert (page.status_code, len(page.context["rows"])) == (200, 37)


def test_the_decision_costs_the_same_for_one_number_and_for_many(
    over: Account, owner_client: Client, django_assert_num_queries: Any
) -> None:
    over.numbers.filter(pk__in=over.numbers.order_by("pk")[:10]).update(
        agent=factories.AgentFactory.create(account=over)
    )
    owner_client.get(url("decide", over))  # the session is there
    with CaptureQueriesContext(connection) as few:
        owner_client.get(url("decide", over))
    hold(over, 40)
    with django_assert_num_queries(len(few)):
        owner_client.get(url("decide", over))


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
@pytest.mark.parametrize("state", [None, "removed", "detached", "closed"])
def test_without_a_connected_subaccount_the_page_explains_that_grace_does_not_apply(
    state: str | None, acme: Account, owner_client: Client
) -> None:
    if state:
        factories.ConnectionFactory.create(account=acme, state=state)
    before = owner_client.get(url("manage", acme)).content.decode()
    factories.ConnectionFactory.create(account=acme, state="auth_failed")
    after = owner_client.get(url("manage", acme)).content.decode()

    assert "No grace period can open" in before
    assert "No grace period can open" not in after


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
    older, pages = "", []
    for _ in range(3):
        context = member_client.get(url(name, acme) + older).context
        pages.append([row.pk for row in context[context_name]])
        seen += pages[-1]
        older = context["page"].older
    back = member_client.get(url(name, acme) + context["page"].newer).context

    assert older == ""
    assert seen == sorted(rows, reverse=True)
    assert [row.pk for row in back[context_name]] == pages[1]


@pytest.mark.parametrize("name", ["grace", "ledger", "charges"])
def test_a_place_in_a_history_that_no_page_gave_is_refused(
    name: str, acme: Account, member_client: Client
) -> None:
    assert member_client.get(url(name, acme), {"before": "7"}).status_code == 400


def test_older_entries_are_reached_from_the_page_of_licenses(
    acme: Account, member_client: Client
) -> None:
    factories.LicenseChangeFactory.create_batch(21, account=acme)

    older = member_client.get(url("manage", acme)).context["older_changes"]

    assert len(member_client.get(url("ledger", acme) + older).context["changes"]) == 1


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

    # The frame takes 9: session, user, membership, accounts, notices, and the banner's three. Where
    # one decides, numbers are listed besides, with how they came.
    with django_assert_max_num_queries(23 if name == "decide" else 17):
        assert owner_client.get(url(name, over)).status_code == 200


def test_an_account_without_a_subscription_is_told_whom_to_ask(db: None, client: Client) -> None:
    membership = factories.MembershipFactory.create(role="owner")
    client.force_login(membership.user)

    page = client.get(url("manage", membership.account))
    sent_back = client.get(url("change", membership.account), {"to": 1})

    assert "No subscription yet" in page.content.decode()
    assert sent_back["Location"] == url("manage", membership.account)


# S0-16
@pytest.mark.parametrize("name", ["manage", "decide"])
def test_while_an_import_runs_an_account_can_be_over_without_a_grace_period(
    name: str, noon: time_machine.Traveller, acme: Account, owner_client: Client
) -> None:
    hold(acme, 27)

    page = owner_client.get(url(name, acme))

    text = page.content.decode()
    assert page.status_code == 200
    assert "17 over" in text or "17 numbers" in text
    assert "When the import completes with the account still over, 48 hours begin" in text
    assert "closes at once" not in text


def test_after_its_end_no_page_says_that_a_grace_period_closes(
    noon: time_machine.Traveller, over: Account, owner_client: Client
) -> None:
    noon.move_to(NOON + timedelta(hours=49))

    text = owner_client.get(url("manage", over), {"to": 27}).content.decode()

    assert text.count("Everything is open again at once") == 2
    assert "closes at once" not in text


def test_who_does_not_exclude_a_number_after_all_is_back_at_its_row(
    over: Account, owner_client: Client
) -> None:
    first, second = over.numbers.order_by("pk")[:2]
    back = f"{url('decide', over)}#number-{second.pk}"

    page = owner_client.get(reverse("numbers:exclude", args=[over.slug, first.pk]), {"next": back})

    assert page.context["cancel_url"] == f"{url('decide', over)}#number-{first.pk}"
