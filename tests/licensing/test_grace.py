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
from accounts.actors import SYSTEM, Actor
from accounts.models import Account, Event, Notice, User
from config.errors import Blocked, Forbidden, Invalid, NotDue
from licensing import tasks
from licensing.models import GracePeriod
from licensing.services import grace, licenses
from licensing.standing import banner, standing
from licensing.states import (
    GRACE_PERIOD,
    NEXT_GRACE_STATES,
    GraceState,
    NoticeStage,
    require_grace_move,
    stage_at,
)
from numbers.models import PhoneNumber
from numbers.services import inventory, release
from numbers.states import NumberState
from tests.factories import (
    NOON,
    ConnectionFactory,
    MembershipFactory,
    PhoneNumberFactory,
    UserFactory,
    subscribed,
)

pytestmark = pytest.mark.django_db


def hold(account: Account, count: int) -> list[PhoneNumber]:
    connection = ConnectionFactory.create(account=account)
    return PhoneNumberFactory.create_batch(count, account=account, connection=connection)


def opened(account: Account, *, at: datetime = NOON) -> GracePeriod:
    period = grace.import_completed(account.pk, job_id=None, actor=SYSTEM, at=at)
    assert period is not None
    return period


@pytest.mark.parametrize("new", list(GraceState))
@pytest.mark.parametrize("current", list(GraceState))
def test_only_listed_moves_are_allowed(current: GraceState, new: GraceState) -> None:
    if new in NEXT_GRACE_STATES[current]:
        require_grace_move(current, new)
    else:
        with pytest.raises(Exception, match="cannot become"):
            require_grace_move(current, new)


@pytest.mark.parametrize(("held", "opens"), [(9, False), (10, False), (11, True)])
def test_it_opens_only_when_an_import_exceeds_the_licenses(
    acme: Account, held: int, opens: bool
) -> None:  # S0-16
    hold(acme, held)

    period = grace.import_completed(acme.pk, job_id=None, actor=SYSTEM, at=NOON)

    assert (period is not None) is opens


def test_a_later_import_does_not_restart_the_clock(acme: Account) -> None:  # S0-24
    hold(acme, 11)
    first = opened(acme)
    hold(acme, 5)

    again = grace.import_completed(
        acme.pk, job_id=None, actor=SYSTEM, at=NOON + timedelta(hours=30)
    )

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

    assert grace.import_completed(acme.pk, job_id=None, actor=SYSTEM, at=datetime.now(UTC)) is None


def test_after_a_resolved_one_a_new_import_opens_a_new_one(
    acme: Account, by_admin: Actor
) -> None:  # S0-24
    numbers = hold(acme, 11)
    opened(acme)
    inventory.exclude(numbers[0].pk, actor=by_admin, at=NOON + timedelta(hours=1))
    hold(acme, 1)

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
        inventory.exclude(numbers[0].pk, actor=by_billing, at=at)
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
    for hours in (1, 24, 47):
        noon.move_to(NOON + timedelta(hours=hours))
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
    inventory.exclude(numbers[0].pk, actor=by_billing, at=NOON + timedelta(hours=1))
    hold(acme, 1)
    opened(acme, at=NOON + timedelta(hours=2))

    with pytest.raises(Blocked) as refused:
        inventory.bring_back(numbers[0].pk, actor=by_billing, at=at + timedelta(hours=2))

    assert [blocker.code for blocker in refused.value.blockers] == ["grace_expired"]


def test_bringing_back_needs_a_free_license_even_in_grace(acme: Account, by_billing: Actor) -> None:
    numbers = hold(acme, 12)
    inventory.exclude(numbers[0].pk, actor=by_billing, at=NOON)
    opened(acme)

    with pytest.raises(Blocked) as refused:
        inventory.bring_back(numbers[0].pk, actor=by_billing, at=NOON)

    assert [blocker.code for blocker in refused.value.blockers] == ["no_free_license"]


# --- Notices ---------------------------------------------------------------------------------


def sweep_at(noon: time_machine.Traveller, hours: Iterable[float]) -> None:
    for each in hours:
        noon.move_to(NOON + timedelta(hours=each))
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
    inventory.exclude(numbers[0].pk, actor=by_billing, at=NOON)

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
    assert stages(owner) == ["start", "ended", "six_hours_left", "ended"]


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
    assert (shown.remaining, shown.add_price_text) == ("36 h", "$85.00 a month")


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

    assert (counts[1] - counts[0]) / 10 <= 14  # of which 4 begin and end transactions


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

    inventory.exclude(numbers[0].pk, actor=by_billing, at=NOON + timedelta(hours=48))

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
    grace.import_completed(acme.pk, job_id=None, actor=SYSTEM, at=later)

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
    inventory.exclude(numbers[0].pk, actor=by_billing, at=NOON)

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
