"""Any order of import, release, exclusion, purchase and time keeps the promises of grace."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.actors import SYSTEM
from accounts.models import Account
from config.errors import DomainError
from licensing import tasks
from licensing.models import GracePeriod
from licensing.services import grace, licenses
from licensing.standing import standing
from licensing.states import GRACE_PERIOD, GraceState
from numbers.services import inventory, release
from tests.factories import NOON, ConnectionFactory, PhoneNumberFactory, subscribed

pytestmark = pytest.mark.django_db

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("import"), st.integers(0, 4)),
        st.tuples(st.just("release"), st.integers(1, 3)),
        st.tuples(st.just("exclude"), st.integers(1, 3)),
        st.tuples(st.just("bring_back"), st.integers(1, 2)),
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
                amount, account=self.account, connection=self.connection
            )
            grace.import_completed(self.account.pk, job_id=None, actor=SYSTEM, at=self.now)
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
                "exclude": (inventory.exclude, "held"),
                "bring_back": (inventory.bring_back, "excluded"),
            }[what]
            for number in self.numbers(state)[:amount]:
                act(number.pk, actor=SYSTEM, at=self.now)

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
