"""Any order of import, release, exclusion, purchase and time keeps the promises of grace."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.actor import SYSTEM
from accounts.models import Account
from config.errors import DomainError
from licensing import tasks
from licensing.models import GracePeriod
from licensing.services import grace, licenses
from licensing.standing import standing
from licensing.states import GRACE_PERIOD, GraceState
from numbers.services import exclusion, release
from tests.factories import NOON, ConnectionFactory, PhoneNumberFactory, subscribed

pytestmark = pytest.mark.django_db

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("import"), st.integers(0, 4)),
        st.tuples(st.just("release"), st.integers(1, 3)),
        st.tuples(st.just("exclude"), st.integers(1, 3)),
        st.tuples(st.just("bring_back"), st.integers(1, 2)),
        st.tuples(st.just("miss"), st.integers(1, 4)),
        st.tuples(st.just("find"), st.integers(1, 4)),
        st.tuples(st.just("licenses"), st.integers(0, 8)),
        st.tuples(st.just("wait"), st.integers(1, 30)),
        st.tuples(st.just("sweep"), st.just(0)),
    ),
    max_size=14,
)


class World:
    """One account with three licenses, and the clock of one run."""

    def __init__(self) -> None:
        self.account: Account = subscribed(licenses=3)
        self.connection = ConnectionFactory.create(account=self.account)
        self.now: datetime = NOON

    def numbers(self, state: str) -> Any:
        return self.account.numbers.filter(state=state).order_by("pk")

    def step(self, what: str, amount: int, clock: Any) -> None:
        with suppress(DomainError):  # a refusal changes nothing, as the promises then show
            self._step(what, amount, clock)
        self.keep_promises()

    def _step(self, what: str, amount: int, clock: Any) -> None:
        if what == "import":
            PhoneNumberFactory.create_batch(
                amount, account=self.account, connection=self.connection, imported_at=self.now
            )
            self.import_completed()
        elif what == "miss":
            self.move(self.numbers("held")[:amount], "missing")
            grace.settle(self.account.pk, actor=SYSTEM, at=self.now)
        elif what == "find":
            self.move(self.numbers("missing")[:amount], "held")
            self.import_completed()
        elif what == "wait":
            self.now += timedelta(hours=amount)
            clock.move_to(self.now)
        elif what == "sweep":
            tasks.sweep()
        elif what == "licenses":
            licenses.change_licenses(self.account.pk, to=amount, actor=SYSTEM, at=self.now)
        else:
            act, state = {
                "release": (release.release, "held"),
                "exclude": (exclusion.exclude, "held"),
                "bring_back": (exclusion.bring_back, "excluded"),
            }[what]
            for number in self.numbers(state)[:amount]:
                act(number.pk, actor=SYSTEM, at=self.now)

    def move(self, numbers: Any, state: str) -> None:
        ids = [number.pk for number in numbers]
        self.account.numbers.filter(pk__in=ids).update(state=state, state_changed_at=self.now)

    def import_completed(self) -> None:
        grace.import_completed(self.account.pk, actor=SYSTEM, at=self.now)

    def keep_promises(self) -> None:
        now = standing(self.account.pk, at=self.now)
        unsettled = GracePeriod.objects.unsettled().filter(account=self.account)
        # At most one clock, and one exactly while the account is over its licenses.
        assert unsettled.count() == (1 if now.over else 0)
        for period in GracePeriod.objects.filter(account=self.account):
            assert period.ends_at - period.opened_at == GRACE_PERIOD
            if period.state == GraceState.RESOLVED:
                assert period.settled_at is not None
                assert period.settled_at < period.ends_at
            if period.state == GraceState.EXPIRED:
                assert self.now >= period.ends_at
            if period.state == GraceState.OPEN:
                assert period.settled_at is None
        # Licenses are what was bought, and nothing but bought licenses was charged.
        bought = sum(charge.quantity for charge in self.account.charges.all())
        lowered = sum(
            change.before - change.after
            for change in self.account.license_changes.all()
            if change.delta < 0
        )
        self.account.subscription.refresh_from_db()
        assert self.account.subscription.licenses == 3 + bought - lowered


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_any_order_of_steps_keeps_the_promises(steps: list[tuple[str, int]], noon: Any) -> None:
    # S0-8, S0-9, S0-11, S0-16, S0-19, S0-24
    noon.move_to(NOON)
    world = World()
    for what, amount in steps:
        world.step(what, amount, noon)


#: Less than ten days in all: what is away for longer is new when it comes back.
COMING_AND_GOING = st.lists(
    st.one_of(
        st.tuples(st.just("miss"), st.integers(1, 6)),
        st.tuples(st.just("find"), st.integers(1, 6)),
        st.tuples(st.just("exclude"), st.integers(1, 2)),
        st.tuples(st.just("wait"), st.integers(1, 17)),
        st.tuples(st.just("sweep"), st.just(0)),
    ),
    max_size=14,
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=COMING_AND_GOING)
def test_numbers_that_come_and_go_never_restart_the_clock(
    steps: list[tuple[str, int]], noon: Any
) -> None:
    noon.move_to(NOON)
    world = World()
    world.step("import", 6, noon)
    for what, amount in steps:
        world.step(what, amount, noon)

    period = GracePeriod.objects.get(account=world.account)
    assert period.ends_at == NOON + GRACE_PERIOD


CHANGES_OF_MIND = st.lists(
    st.one_of(
        st.tuples(st.just("exclude"), st.integers(1, 6)),
        st.tuples(st.just("bring_back"), st.integers(1, 6)),
        st.tuples(st.just("wait"), st.integers(1, 5)),
        st.tuples(st.just("sweep"), st.just(0)),
    ),
    max_size=9,
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=CHANGES_OF_MIND)
def test_whatever_left_in_a_period_can_come_back_until_its_end(
    steps: list[tuple[str, int]], noon: Any
) -> None:
    noon.move_to(NOON)
    world = World()
    world.step("import", 6, noon)
    for what, amount in steps:
        world.step(what, amount, noon)
    assert world.now < NOON + GRACE_PERIOD

    for number in world.numbers("excluded"):  # raises if one is refused
        exclusion.bring_back(number.pk, actor=SYSTEM, at=world.now)

    assert world.numbers("held").count() == 6
    period = GracePeriod.objects.get(account=world.account)
    assert (period.state, period.ends_at) == (GraceState.OPEN, NOON + GRACE_PERIOD)
