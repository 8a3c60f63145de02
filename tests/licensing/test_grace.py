"""The rules of the grace period (design section 4), to the second."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import actors
from accounts.actor import SYSTEM, Actor
from accounts.models import Account, Event, Notice, User
from config.errors import Blocked, Forbidden, Invalid, NotDue
from licensing import gates, tasks
from licensing.models import GracePeriod, Subscription
from licensing.services import grace, licenses
from licensing.standing import banner, standing
from licensing.states import (
    GRACE_PERIOD,
    GraceState,
    NoticeStage,
    SubscriptionState,
    stage_at,
)
from numbers.models import PhoneNumber
from numbers.services import exclusion, previews, release
from numbers.services.bulk import Selection
from numbers.states import NumberState, TaskState
from tests.factories import (
    NOON,
    CarrierTaskFactory,
    ConnectionFactory,
    MembershipFactory,
    PhoneNumberFactory,
    UserFactory,
    subscribed,
)

pytestmark = pytest.mark.django_db


def hold(account: Account, count: int, *, at: datetime = NOON) -> list[PhoneNumber]:
    """Numbers as an import finds them at ``at``."""
    connection = ConnectionFactory.create(account=account)
    return PhoneNumberFactory.create_batch(
        count, account=account, connection=connection, imported_at=at, state_changed_at=at
    )


def opened(account: Account, *, at: datetime = NOON) -> GracePeriod:
    period = grace.import_completed(account.pk, actor=SYSTEM, at=at)
    assert period is not None
    return period


@pytest.mark.parametrize(("held", "opens"), [(9, False), (10, False), (11, True)])
def test_it_opens_only_when_an_import_exceeds_the_licenses(
    acme: Account, held: int, opens: bool
) -> None:  # S0-16
    hold(acme, held)

    period = grace.import_completed(acme.pk, actor=SYSTEM, at=NOON)

    assert (period is not None) is opens


def test_a_later_import_does_not_restart_the_clock(acme: Account) -> None:  # S0-24
    hold(acme, 11)
    first = opened(acme)
    hold(acme, 5)

    again = grace.import_completed(acme.pk, actor=SYSTEM, at=NOON + timedelta(hours=30))

    assert again is None
    first.refresh_from_db()
    assert first.ends_at == NOON + GRACE_PERIOD


def test_nor_does_one_after_it_expired_unresolved(
    acme: Account, noon: time_machine.Traveller
) -> None:
    hold(acme, 11)
    opened(acme)
    noon.move_to(NOON + timedelta(hours=49))
    tasks.sweep()

    assert grace.import_completed(acme.pk, actor=SYSTEM, at=datetime.now(UTC)) is None


def test_after_a_resolved_one_a_new_import_opens_a_new_one(
    acme: Account, by_admin: Actor
) -> None:  # S0-24
    numbers = hold(acme, 11)
    opened(acme)
    exclusion.exclude(numbers[0].pk, actor=by_admin, at=NOON + timedelta(hours=1))
    hold(acme, 1, at=NOON + timedelta(hours=2))

    later = opened(acme, at=NOON + timedelta(hours=2))

    assert later.ends_at == NOON + timedelta(hours=50)


@pytest.mark.parametrize("way", ["release", "exclude", "add"])
def test_it_resolves_as_soon_as_the_account_is_within_its_licenses(
    acme: Account, by_billing: Actor, way: str
) -> None:  # S0-10, S0-19, S0-26
    numbers = hold(acme, 11)
    period = opened(acme)
    at = NOON + timedelta(hours=47, minutes=59, seconds=59)

    if way == "release":
        release.release(numbers[0].pk, actor=by_billing, at=at)
    elif way == "exclude":
        exclusion.exclude(numbers[0].pk, actor=by_billing, at=at)
    else:
        licenses.change_licenses(acme.pk, to=11, actor=by_billing, at=at)

    period.refresh_from_db()
    assert (period.state, period.settled_at) == (GraceState.RESOLVED, at)
    assert Event.objects.filter(type="grace.resolved").count() == 1


def test_being_over_in_grace_and_leaving_in_time_costs_nothing(
    acme: Account, by_billing: Actor, noon: time_machine.Traveller
) -> None:  # S0-11, S0-19
    numbers = hold(acme, 12)
    opened(acme)
    for each in (1, 24, 47):
        noon.move_to(NOON + timedelta(hours=each))
        tasks.sweep()
    for number in numbers[:2]:
        release.release(number.pk, actor=by_billing, at=datetime.now(UTC))
    noon.move_to(NOON + timedelta(hours=49))
    tasks.sweep()

    assert acme.charges.count() == 0


@pytest.mark.parametrize(
    ("after", "state"),
    [
        (timedelta(hours=47, minutes=59, seconds=59), GraceState.OPEN),
        (timedelta(hours=48), GraceState.EXPIRED),
        (timedelta(days=4), GraceState.EXPIRED),
    ],
)
def test_it_ends_after_48_hours_to_the_second(
    acme: Account, noon: time_machine.Traveller, after: timedelta, state: GraceState
) -> None:  # S0-8, S0-24
    hold(acme, 11)
    period = opened(acme)

    noon.move_to(NOON + after)
    tasks.sweep()

    period.refresh_from_db()
    assert period.state == state
    assert standing(acme.pk, at=NOON + after).restricted is (state == GraceState.EXPIRED)


def test_48_hours_are_48_hours_across_a_change_of_daylight_saving(acme: Account) -> None:
    acme.time_zone = "America/Los_Angeles"
    acme.save()
    hold(acme, 11)
    before_the_change = datetime(2026, 10, 31, 19, 30, tzinfo=UTC)  # clocks go back on Nov 1

    period = opened(acme, at=before_the_change)

    assert period.ends_at - period.opened_at == timedelta(hours=48)
    local = period.ends_at.astimezone(acme.zone)
    assert (local.day, local.hour, local.minute) == (2, 11, 30)  # one hour less on the wall


def test_nothing_is_released_or_cut_when_it_ends(
    acme: Account, noon: time_machine.Traveller
) -> None:  # S0-28
    hold(acme, 11)
    opened(acme)
    before = list(PhoneNumber.objects.order_by("pk").values())

    noon.move_to(NOON + timedelta(hours=49))
    tasks.sweep()

    assert list(PhoneNumber.objects.order_by("pk").values()) == before


def test_a_late_sweep_gives_nobody_more_time(acme: Account, by_billing: Actor) -> None:
    numbers = hold(acme, 11)
    period = opened(acme)
    at = NOON + timedelta(hours=50)

    assert standing(acme.pk, at=at).restricted
    release.release(numbers[0].pk, actor=by_billing, at=at)

    period.refresh_from_db()
    assert (period.state, period.settled_at) == (GraceState.EXPIRED, at)


def test_licenses_bought_in_the_meantime_are_seen_by_the_sweep(
    acme: Account, by_billing: Actor
) -> None:
    hold(acme, 11)
    period = opened(acme)
    licenses.change_licenses(acme.pk, to=11, actor=by_billing, at=NOON + timedelta(hours=48))

    with pytest.raises(NotDue):
        grace.expire(period.pk, at=NOON + timedelta(hours=48))


def test_until_it_is_within_its_licenses_an_expired_account_takes_on_nothing(
    acme: Account, by_billing: Actor
) -> None:
    numbers = hold(acme, 11)
    opened(acme)
    at = NOON + timedelta(hours=49)
    exclusion.exclude(numbers[0].pk, actor=by_billing, at=NOON + timedelta(hours=1))
    hold(acme, 1, at=NOON + timedelta(hours=2))
    opened(acme, at=NOON + timedelta(hours=2))

    with pytest.raises(Blocked) as refused:
        exclusion.bring_back(numbers[0].pk, actor=by_billing, at=at + timedelta(hours=2))

    assert [blocker.code for blocker in refused.value.blockers] == ["grace_expired"]


# --- What left comes back ---------------------------------------------------------------------


def go_missing(numbers: list[PhoneNumber], *, at: datetime) -> None:
    """As a pass marks them that no longer finds them."""
    PhoneNumber.objects.filter(pk__in=[number.pk for number in numbers]).update(
        state=NumberState.MISSING, state_changed_at=at
    )
    grace.settle(numbers[0].account_id, actor=SYSTEM, at=at)


def are_back(numbers: list[PhoneNumber], *, at: datetime) -> GracePeriod | None:
    """As an import finds them again; returns the period that it opens."""
    PhoneNumber.objects.filter(pk__in=[number.pk for number in numbers]).update(
        state=NumberState.HELD, state_changed_at=at
    )
    return grace.import_completed(numbers[0].account_id, actor=SYSTEM, at=at)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def test_an_empty_list_does_not_restart_the_grace_period(acme: Account, owner: User) -> None:
    """Twilio answers one refresh with no numbers, and the next one with all of them."""
    numbers = hold(acme, 27)
    period = opened(acme)
    go_missing(numbers, at=NOON + hours(20))
    period.refresh_from_db()
    assert period.state == GraceState.RESOLVED

    again = are_back(numbers, at=NOON + hours(21))

    assert again is None
    period.refresh_from_db()
    assert (period.state, period.settled_at) == (GraceState.OPEN, None)
    assert period.ends_at == NOON + GRACE_PERIOD
    assert period.next_notice_at == NOON + hours(24)
    assert Event.objects.filter(type="grace.resumed").count() == 1
    assert owner.notices.filter(kind="grace").count() == 1  # told at the start, not again


def test_numbers_that_come_back_after_the_deadline_find_it_past(acme: Account, owner: User) -> None:
    numbers = hold(acme, 27)
    period = opened(acme)
    go_missing(numbers, at=NOON + hours(20))

    are_back(numbers, at=NOON + hours(60))

    period.refresh_from_db()
    assert (period.state, period.expired_at) == (GraceState.EXPIRED, NOON + hours(60))
    assert standing(acme.pk, at=NOON + hours(60)).restricted
    assert stages(owner) == ["start", "ended"]


def test_numbers_that_left_an_expired_period_come_back_to_an_expired_one(
    acme: Account, owner: User, noon: time_machine.Traveller
) -> None:
    numbers = hold(acme, 27)
    period = opened(acme)
    noon.move_to(NOON + hours(49))
    tasks.sweep()
    go_missing(numbers, at=NOON + hours(50))

    are_back(numbers, at=NOON + hours(51))

    period.refresh_from_db()
    assert (period.state, period.settled_at) == (GraceState.EXPIRED, None)
    assert GracePeriod.objects.count() == 1
    assert stages(owner) == ["start", "ended"]


def test_numbers_that_come_back_take_new_ones_into_the_period_they_left(acme: Account) -> None:
    numbers = hold(acme, 27)
    period = opened(acme)
    go_missing(numbers, at=NOON + hours(20))
    hold(acme, 30, at=NOON + hours(21))

    assert are_back(numbers, at=NOON + hours(21)) is None

    period.refresh_from_db()
    assert (period.state, period.ends_at) == (GraceState.OPEN, NOON + GRACE_PERIOD)


def test_new_numbers_open_a_new_period_while_the_missing_stay_away(acme: Account) -> None:
    numbers = hold(acme, 27)
    opened(acme)
    go_missing(numbers, at=NOON + hours(20))
    hold(acme, 11, at=NOON + hours(21))

    assert opened(acme, at=NOON + hours(21)).ends_at == NOON + hours(21) + GRACE_PERIOD


def test_missing_and_released_together_take_the_period_up_as_well(
    acme: Account, by_admin: Actor
) -> None:
    numbers = hold(acme, 27)
    period = opened(acme)
    go_missing(numbers[:12], at=NOON + hours(20))
    for number in numbers[12:17]:
        exclusion.exclude(number.pk, actor=by_admin, at=NOON + hours(21))

    assert are_back(numbers[:12], at=NOON + hours(22)) is None

    period.refresh_from_db()
    assert (period.state, standing(acme.pk, at=NOON).over) == (GraceState.OPEN, 12)


def test_what_was_away_for_longer_than_twilio_keeps_a_number_is_new(acme: Account) -> None:
    numbers = hold(acme, 27)
    opened(acme)
    go_missing(numbers, at=NOON + hours(20))
    later = NOON + hours(20) + grace.TAKEN_UP_WITHIN

    period = are_back(numbers, at=later)

    assert period is not None
    assert period.ends_at == later + GRACE_PERIOD


def test_numbers_that_an_account_has_licenses_for_come_back_to_no_period(acme: Account) -> None:
    numbers = hold(acme, 27)
    period = opened(acme)
    go_missing(numbers, at=NOON + hours(20))

    are_back(numbers[:10], at=NOON + hours(21))

    period.refresh_from_db()
    assert period.state == GraceState.RESOLVED


def test_deciding_includes_changing_ones_mind(
    acme: Account, by_admin: Actor, owner: User, noon: time_machine.Traveller
) -> None:
    numbers = hold(acme, 11)
    period = opened(acme)
    exclusion.exclude(numbers[0].pk, actor=by_admin, at=NOON + hours(1))
    period.refresh_from_db()
    assert period.state == GraceState.RESOLVED

    exclusion.bring_back(numbers[0].pk, actor=by_admin, at=NOON + hours(20))

    period.refresh_from_db()
    assert (period.state, period.ends_at) == (GraceState.OPEN, NOON + GRACE_PERIOD)
    assert standing(acme.pk, at=NOON + hours(20)).over == 1
    sweep_at(noon, [21, 25, 43, 47.5, 49])
    assert stages(owner) == ["start", "day_left", "six_hours_left", "hour_left", "ended"]


def test_a_released_number_can_come_back_in_its_period(acme: Account, by_admin: Actor) -> None:
    numbers = hold(acme, 11)
    period = opened(acme)
    release.release(numbers[0].pk, actor=by_admin, at=NOON + hours(1))
    PhoneNumber.objects.filter(pk=numbers[0].pk).update(
        state=NumberState.RELEASED, released_at=NOON + hours(1)
    )

    release.restore(numbers[0].pk, actor=by_admin, at=NOON + hours(47))

    period.refresh_from_db()
    assert (period.state, period.ends_at) == (GraceState.OPEN, NOON + GRACE_PERIOD)


def test_after_its_end_what_left_in_it_needs_a_free_license(acme: Account, by_admin: Actor) -> None:
    numbers = hold(acme, 11)
    opened(acme)
    exclusion.exclude(numbers[0].pk, actor=by_admin, at=NOON + hours(1))

    with pytest.raises(Blocked) as refused:
        exclusion.bring_back(numbers[0].pk, actor=by_admin, at=NOON + hours(48))

    assert [blocker.code for blocker in refused.value.blockers] == ["no_free_license"]


def test_what_left_before_the_period_needs_a_free_license(acme: Account, by_admin: Actor) -> None:
    numbers = hold(acme, 12)
    exclusion.exclude(numbers[0].pk, actor=by_admin, at=NOON - hours(1))
    opened(acme)
    exclusion.exclude(numbers[1].pk, actor=by_admin, at=NOON + hours(1))

    with pytest.raises(Blocked) as refused:
        exclusion.bring_back(numbers[0].pk, actor=by_admin, at=NOON + hours(2))

    assert [blocker.code for blocker in refused.value.blockers] == ["no_free_license"]


@pytest.mark.parametrize("refused", [False, True])
def test_a_refused_restore_does_not_make_a_number_one_that_left_in_the_period(
    refused: bool, acme: Account, by_admin: Actor
) -> None:
    before = hold(acme, 1)[0]
    PhoneNumber.objects.filter(pk=before.pk).update(
        state=NumberState.RELEASED, released_at=NOON - hours(1), state_changed_at=NOON - hours(1)
    )
    left = hold(acme, 11)[0]
    opened(acme)
    release.release(left.pk, actor=by_admin, at=NOON + hours(1))
    PhoneNumber.objects.filter(pk=left.pk).update(
        state=NumberState.RELEASED, released_at=NOON + hours(1)
    )
    if refused:
        PhoneNumber.objects.filter(pk=before.pk).update(state_changed_at=NOON + hours(1))
    both = Selection(ids=[before.pk, left.pk])

    found = previews.preview(
        acme.pk, action="restore", selection=both, params={}, actor=by_admin, at=NOON + hours(2)
    )
    with pytest.raises(Blocked) as blocked:
        release.restore(before.pk, actor=by_admin, at=NOON + hours(2))

    assert [number.pk for number in found.changing] == [left.pk]
    assert [blocker.code for blocker in blocked.value.blockers] == ["no_free_license"]


def test_no_more_come_back_than_were_held_when_it_opened(acme: Account, by_admin: Actor) -> None:
    numbers = hold(acme, 12)
    opened(acme)
    for number in numbers[:2]:
        exclusion.exclude(number.pk, actor=by_admin, at=NOON + hours(1))
    hold(acme, 1, at=NOON + hours(2))

    exclusion.bring_back(numbers[0].pk, actor=by_admin, at=NOON + hours(3))
    with pytest.raises(Blocked) as refused:
        exclusion.bring_back(numbers[1].pk, actor=by_admin, at=NOON + hours(3))

    assert [blocker.code for blocker in refused.value.blockers] == ["no_free_license"]


def test_bringing_back_into_a_free_license_leaves_the_period_closed(
    acme: Account, by_admin: Actor
) -> None:
    numbers = hold(acme, 12)
    period = opened(acme)
    for number in numbers[:3]:
        exclusion.exclude(number.pk, actor=by_admin, at=NOON + hours(1))

    exclusion.bring_back(numbers[0].pk, actor=by_admin, at=NOON + hours(2))

    period.refresh_from_db()
    assert period.state == GraceState.RESOLVED


def test_nothing_new_is_bought_because_something_left(acme: Account, by_admin: Actor) -> None:
    """Only what left in it has a place in a period."""
    numbers = hold(acme, 11)
    opened(acme)
    exclusion.exclude(numbers[0].pk, actor=by_admin, at=NOON + hours(1))

    blockers = gates.take_license(standing(acme.pk, at=NOON + hours(2)))

    assert [blocker.code for blocker in blockers] == ["no_free_license"]


@pytest.mark.parametrize("state", [SubscriptionState.PAST_DUE, SubscriptionState.CANCELED])
@pytest.mark.parametrize("what", ["bring_back", "restore", "take_back"])
def test_an_inactive_subscription_adds_no_number(
    acme: Account, by_admin: Actor, what: str, state: SubscriptionState
) -> None:
    left, act = {
        "bring_back": ("excluded", exclusion.bring_back),
        "restore": ("released", release.restore),
        "take_back": ("releasing", release.take_back),
    }[what]
    number = PhoneNumberFactory.create(account=acme, **{left: True})
    if what == "take_back":
        CarrierTaskFactory.create(number=number, state=TaskState.NEEDS_PERSON)
    Subscription.objects.update(state=state)

    with pytest.raises(Blocked) as refused:
        act(number.pk, actor=by_admin, at=NOON)

    assert [blocker.code for blocker in refused.value.blockers] == ["subscription_inactive"]
    assert "numbers can be added while it is" in refused.value.blockers[0].message


def test_what_left_in_a_period_comes_back_while_the_subscription_is_past_due(
    acme: Account, by_admin: Actor
) -> None:
    numbers = hold(acme, 12)
    opened(acme)
    exclusion.exclude(numbers[0].pk, actor=by_admin, at=NOON + hours(1))
    Subscription.objects.update(state=SubscriptionState.PAST_DUE)

    exclusion.bring_back(numbers[0].pk, actor=by_admin, at=NOON + hours(2))

    assert acme.numbers.held().count() == 12


# --- Notices ---------------------------------------------------------------------------------


def sweep_at(noon: time_machine.Traveller, moments: Iterable[float]) -> None:
    for each in moments:
        noon.move_to(NOON + hours(each))
        tasks.sweep()


def stages(user: User) -> list[str]:
    """Which stages of a grace period the user was told of, in order."""
    keys = user.notices.order_by("pk").values_list("key", flat=True)
    return [key.rpartition(":")[2] for key in keys]


def test_each_notice_is_sent_once_to_those_who_can_act(
    acme: Account, owner: User, member: User, noon: time_machine.Traveller
) -> None:  # B9
    hold(acme, 11)
    opened(acme)

    sweep_at(noon, [step / 4 for step in range(4 * 50)])

    assert stages(owner) == ["start", "day_left", "six_hours_left", "hour_left", "ended"]
    assert not member.notices.exists()


def test_an_outage_is_caught_up_without_a_burst_of_mails(
    acme: Account, owner: User, noon: time_machine.Traveller
) -> None:
    hold(acme, 11)
    opened(acme)

    sweep_at(noon, [1, 47.5, 47.6])

    assert stages(owner) == ["start", "hour_left"]


def test_an_outage_across_the_deadline_sends_the_last_notice_only(
    acme: Account, owner: User, noon: time_machine.Traveller
) -> None:
    hold(acme, 11)
    opened(acme)

    sweep_at(noon, [1, 60, 61])

    assert stages(owner) == ["start", "ended"]


def test_a_resolved_period_sends_nothing_more(
    acme: Account, owner: User, by_billing: Actor, noon: time_machine.Traveller
) -> None:
    numbers = hold(acme, 11)
    opened(acme)
    exclusion.exclude(numbers[0].pk, actor=by_billing, at=NOON)

    sweep_at(noon, [25, 43, 47.5, 49])

    assert Notice.objects.filter(user=owner, kind="grace").count() == 1


# --- Extension -------------------------------------------------------------------------------


@pytest.fixture
def by_support(support: User) -> Actor:
    return actors.support(support)


def test_support_extends_once_with_a_reason(acme: Account, by_support: Actor) -> None:
    hold(acme, 11)
    period = opened(acme)

    grace.extend(period.pk, by=timedelta(days=7), reason="Port delayed", actor=by_support, at=NOON)

    period.refresh_from_db()
    assert period.ends_at == NOON + GRACE_PERIOD + timedelta(days=7)
    event = Event.objects.get(type="grace.extended")
    assert (event.reason, event.actor_kind) == ("Port delayed", "support")
    with pytest.raises(Blocked):
        grace.extend(period.pk, by=timedelta(days=1), reason="Again", actor=by_support, at=NOON)


def test_more_time_is_told_to_those_who_decide(
    acme: Account, owner: User, member: User, by_support: Actor
) -> None:
    hold(acme, 11)
    period = opened(acme)

    grace.extend(period.pk, by=timedelta(days=2), reason="Port delayed", actor=by_support, at=NOON)

    told = Notice.objects.get(title="Support gave you 2\u00a0d more to decide")
    assert (told.user, told.kind) == (owner, "grace")
    assert "Decide by Thu,\u00a0Mar\u00a05,\u00a02026" in told.body
    assert "Port delayed" in told.body


def test_an_expired_period_that_is_extended_is_open_again_and_announces_its_new_end(
    acme: Account, owner: User, by_support: Actor, noon: time_machine.Traveller
) -> None:
    hold(acme, 11)
    period = opened(acme)
    sweep_at(noon, [48])

    at = NOON + timedelta(hours=50)
    grace.extend(period.pk, by=timedelta(hours=12), reason="Port", actor=by_support, at=at)

    period.refresh_from_db()
    assert (period.state, period.ends_at) == (GraceState.OPEN, at + timedelta(hours=12))
    assert period.expired_at is None
    sweep_at(noon, [57, 62])
    assert stages(owner) == ["start", "ended", "extended", "six_hours_left", "ended"]


@pytest.mark.parametrize(
    ("by", "reason", "field"),
    [
        (timedelta(days=8), "Port", "by"),
        (timedelta(0), "Port", "by"),
        (timedelta(days=1), "  ", "reason"),
    ],
)
def test_an_extension_names_what_is_wrong_with_it(
    acme: Account, by_support: Actor, by: timedelta, reason: str, field: str
) -> None:
    hold(acme, 11)
    period = opened(acme)

    with pytest.raises(Invalid) as refused:
        grace.extend(period.pk, by=by, reason=reason, actor=by_support, at=NOON)

    assert list(refused.value.errors) == [field]


def test_customers_cannot_extend(acme: Account, by_owner: Any) -> None:
    hold(acme, 11)
    period = opened(acme)

    with pytest.raises(Forbidden):
        grace.extend(period.pk, by=timedelta(days=1), reason="Please", actor=by_owner, at=NOON)


# --- Banner ----------------------------------------------------------------------------------


def test_the_banner_names_the_deadline_and_both_ways_out(
    acme: Account, noon: time_machine.Traveller
) -> None:  # S0-20
    hold(acme, 27)
    opened(acme)
    noon.move_to(NOON + timedelta(hours=12))

    shown = banner(acme)

    assert shown is not None
    assert (shown.state, shown.over, shown.percent_used) == ("open", 17, 25)
    assert (shown.remaining, shown.add_price_text) == ("36\u00a0h", "$85.00\u00a0a\u00a0month")


def test_there_is_no_banner_within_the_licenses(acme: Account) -> None:
    hold(acme, 10)

    assert banner(acme) is None


# --- Many at once ----------------------------------------------------------------------------


def test_each_due_account_costs_the_sweep_the_same_few_queries(
    db: None, noon: time_machine.Traveller
) -> None:
    counts = []
    for many in (1, 11):
        for _ in range(many):
            account = subscribed(licenses=1)
            MembershipFactory.create(account=account, role="owner")
            hold(account, 2)
            opened(account, at=datetime.now(UTC))
        noon.shift(timedelta(hours=49))
        with CaptureQueriesContext(connection) as queries:
            assert tasks.sweep_grace()["expired"] == many
        counts.append(len(queries))

    # 4 begin and end transactions, 2 note that it is tried; PostgreSQL's event takes its place.
    most = 17 if connection.vendor == "postgresql" else 16
    assert (counts[1] - counts[0]) / 10 <= most


def test_notices_are_told_even_while_more_periods_end_than_one_sweep_can_end(
    acme: Account, owner: User, noon: time_machine.Traveller
) -> None:
    for _ in range(2):
        other = subscribed(licenses=1)
        hold(other, 2)
        opened(other, at=NOON - timedelta(hours=24, minutes=5))
    hold(acme, 11)
    opened(acme)
    noon.move_to(NOON + timedelta(hours=24))

    due = GracePeriod.objects.notice_due(datetime.now(UTC))

    assert [period.account for period in due] == [acme]


def test_a_supporter_with_a_long_address_can_extend(acme: Account) -> None:
    hold(acme, 11)
    period = opened(acme)
    supporter = UserFactory.create(email=f"{'a' * 60}@{'b' * 60}.{'c' * 60}.com", support=True)

    grace.extend(
        period.pk,
        by=timedelta(days=1),
        reason="r" * 400,
        actor=actors.support(supporter),
        at=NOON,
    )

    period.refresh_from_db()
    assert len(period.extended_by) == 150
    assert len(period.extension_reason) == 300


# --- Edges -----------------------------------------------------------------------------------


def leave(numbers: list[PhoneNumber]) -> None:
    """The numbers are no longer held, and nobody has looked at the grace period."""
    PhoneNumber.objects.filter(pk__in=[number.pk for number in numbers]).update(
        state=NumberState.MISSING
    )


def test_coming_within_the_licenses_at_the_very_end_is_too_late(
    acme: Account, by_billing: Actor
) -> None:  # S0-24
    numbers = hold(acme, 11)
    period = opened(acme)

    exclusion.exclude(numbers[0].pk, actor=by_billing, at=NOON + timedelta(hours=48))

    period.refresh_from_db()
    assert (period.state, period.next_notice_at) == (GraceState.EXPIRED, None)
    assert period.settled_at == NOON + timedelta(hours=48)


def test_an_import_that_leaves_the_account_within_its_licenses_settles_the_period(
    acme: Account,
) -> None:
    numbers = hold(acme, 11)
    period = opened(acme)
    leave(numbers[:1])

    later = NOON + timedelta(hours=1)
    grace.import_completed(acme.pk, actor=SYSTEM, at=later)

    period.refresh_from_db()
    assert (period.state, period.settled_at) == (GraceState.RESOLVED, later)
    assert period.next_notice_at is None


def test_the_end_of_a_period_that_is_not_over_any_more_settles_it(acme: Account) -> None:
    numbers = hold(acme, 11)
    period = opened(acme)
    leave(numbers[:1])

    ended = grace.expire(period.pk, at=NOON + timedelta(hours=48))

    assert ended.settled_at == NOON + timedelta(hours=48)
    assert not Notice.objects.filter(key__endswith=":ended").exists()


def test_a_notice_is_refused_once_the_period_is_at_its_end_or_settled(
    acme: Account, by_billing: Actor
) -> None:
    numbers = hold(acme, 11)
    period = opened(acme)
    with pytest.raises(NotDue):
        grace.send_notice(period.pk, at=NOON + timedelta(hours=48))
    exclusion.exclude(numbers[0].pk, actor=by_billing, at=NOON)

    with pytest.raises(NotDue):
        grace.send_notice(period.pk, at=NOON + timedelta(hours=24))


@pytest.mark.parametrize(
    ("left", "stage"),
    [
        (timedelta(hours=24, seconds=1), NoticeStage.START),
        (timedelta(hours=24), NoticeStage.DAY_LEFT),
        (timedelta(hours=6), NoticeStage.SIX_HOURS_LEFT),
        (timedelta(hours=1), NoticeStage.HOUR_LEFT),
        (timedelta(0), NoticeStage.ENDED),
    ],
)
def test_a_stage_begins_to_the_second(left: timedelta, stage: NoticeStage) -> None:
    assert stage_at(NOON, NOON - left) == stage


def test_an_account_that_came_within_its_licenses_is_restricted_no_more(acme: Account) -> None:
    """Even if the period is not settled yet."""
    numbers = hold(acme, 11)
    opened(acme)
    leave(numbers[:1])

    assert not standing(acme.pk, at=NOON + timedelta(hours=49)).restricted
