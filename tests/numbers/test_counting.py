"""The counts behind tabs and licenses are those of the rows, whatever moves a number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.db.migrations.executor import MigrationExecutor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.actor import SYSTEM
from accounts.models import Account
from config.errors import DomainError
from licensing.standing import standing
from numbers import counting
from numbers.models import CarrierTask, NumberCount, PhoneNumber
from numbers.services import assignment, enabling, exclusion, lifecycle, release, swaps
from numbers.states import NumberState, TaskState
from tests.factories import (
    NOON,
    AccountFactory,
    AgentFactory,
    ConnectionFactory,
    PhoneNumberFactory,
    subscribed,
)

pytestmark = pytest.mark.django_db


def assert_right() -> None:
    assert counting.kept() == counting.counted()


def uninstall() -> None:
    with database.cursor() as cursor:
        for name in counting._installed(database, cursor):
            on = f" ON {counting.NUMBERS}" if database.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER {name}{on}")


def test_numbers_are_counted_as_they_are_made_moved_and_removed_by_the_thousand(
    acme: Account,
) -> None:
    other = AccountFactory.create()
    agent = AgentFactory.create(account=acme)
    PhoneNumberFactory.create_batch(3, account=other)
    numbers = PhoneNumberFactory.create_batch(9, account=acme)
    assert acme.number_counts.taking_license() == 9

    PhoneNumber.objects.filter(pk__in=[each.pk for each in numbers[:4]]).update(agent=agent)
    PhoneNumber.objects.filter(pk=numbers[0].pk).update(agent=None, state=NumberState.EXCLUDED)
    PhoneNumber.objects.filter(pk=numbers[8].pk).delete()
    PhoneNumber.objects.bulk_update(
        [PhoneNumber(pk=each.pk, state="missing") for each in numbers[5:7]], ["state"]
    )

    counts = {(each.state, each.assigned): each.amount for each in acme.number_counts.all()}
    assert counts == {
        ("held", True): 3,
        ("held", False): 2,
        ("excluded", False): 1,
        ("missing", False): 2,
    }
    assert (acme.number_counts.taking_license(), acme.number_counts.assigned()) == (5, 3)
    assert other.number_counts.taking_license() == 3
    assert_right()


def test_each_country_is_counted_and_moves_with_its_numbers(acme: Account) -> None:
    PhoneNumberFactory.create_batch(2, account=acme)
    british = PhoneNumberFactory.create_batch(3, account=acme, country="GB")

    PhoneNumber.objects.filter(pk=british[0].pk).update(country="IE")
    PhoneNumber.objects.filter(pk=british[1].pk).update(state=NumberState.EXCLUDED)

    rows = acme.number_counts.exclude(amount=0)
    assert {(each.state, each.country): each.amount for each in rows} == {
        ("held", "US"): 2,
        ("held", "GB"): 1,
        ("held", "IE"): 1,
        ("excluded", "GB"): 1,
    }
    assert_right()
    assert acme.number_counts.taking_license() == 4


def test_enabled_numbers_are_counted_apart(acme: Account) -> None:
    PhoneNumberFactory.create_batch(2, account=acme, assigned=True)
    one, other, _ = PhoneNumberFactory.create_batch(3, account=acme, enabled=True)
    assert acme.number_counts.enabled() == 3

    PhoneNumber.objects.filter(pk=one.pk).update(enabled_at=None)
    PhoneNumber.objects.filter(pk=other.pk).delete()

    assert (acme.number_counts.enabled(), acme.number_counts.assigned()) == (1, 4)
    assert_right()


def test_what_is_rolled_back_was_not_counted(acme: Account) -> None:
    number = PhoneNumberFactory.create(account=acme)

    with suppress(DomainError):  # refused after the swap has begun to lock
        swaps.swap(number.pk, taking_id=number.pk, fate="keep", actor=SYSTEM, at=NOON)

    assert_right()


def test_triggers_that_a_migration_lost_are_made_anew_and_everything_is_counted(
    acme: Account,
) -> None:
    number, _ = PhoneNumberFactory.create_batch(2, account=acme)
    uninstall()
    PhoneNumber.objects.filter(pk=number.pk).update(state=NumberState.EXCLUDED)
    assert counting.kept() != counting.counted()

    assert counting.install()

    assert_right()
    assert not counting.install()
    PhoneNumber.objects.filter(pk=number.pk).update(state=NumberState.HELD)
    assert standing(acme.pk, at=NOON).held == 2


def test_a_table_that_sqlite_made_anew_is_counted_after_migrate(acme: Account) -> None:
    uninstall()
    PhoneNumberFactory.create(account=acme)

    call_command("migrate", verbosity=0)

    assert_right()
    assert acme.number_counts.taking_license() == 1


def test_the_command_finds_and_repairs_a_count_that_differs(
    acme: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    PhoneNumberFactory.create(account=acme)
    call_command("check_counts")
    NumberCount.objects.update(amount=7)

    with pytest.raises(CommandError, match="Wrong counts in 1 account"):
        call_command("check_counts")
    call_command("check_counts", "--repair")

    assert_right()
    assert capsys.readouterr().out.split("\n")[:2] == [
        "All counts are right.",
        "1 account counted anew.",
    ]


# --- Any order of services -------------------------------------------------------------------

STEPS: dict[str, Callable[[Any, int], object]] = {
    "assign": lambda world, pk: assignment.assign(
        pk, agent_id=world.agent.pk, actor=SYSTEM, at=NOON
    ),
    "unassign": lambda world, pk: assignment.unassign(pk, actor=SYSTEM, at=NOON),
    "enable": lambda world, pk: world.enable(pk),
    "disable": lambda world, pk: enabling.disable(pk, actor=SYSTEM, at=NOON),
    "keep": lambda world, pk: assignment.keep(pk, actor=SYSTEM, at=NOON),
    "exclude": lambda world, pk: exclusion.exclude(pk, actor=SYSTEM, at=NOON),
    "bring_back": lambda world, pk: exclusion.bring_back(pk, actor=SYSTEM, at=NOON),
    "mark_gone": lambda world, pk: exclusion.mark_gone(pk, actor=SYSTEM, at=NOON),
    "release": lambda world, pk: release.release(pk, actor=SYSTEM, at=NOON),
    "restore": lambda world, pk: release.restore(pk, actor=SYSTEM, at=NOON),
    "take_back": lambda world, pk: world.take_back(pk),
    "swap": lambda world, pk: world.swap(pk),
    "twilio_took_it": lambda world, pk: world.move(pk, NumberState.RELEASED),
    "twilio_lost_it": lambda world, pk: world.move(pk, NumberState.MISSING),
    "it_came_back": lambda world, pk: world.come_back(pk),
    "import": lambda world, pk: world.arrive(),
}


class World:
    """One account with few licenses, and numbers in any state."""

    def __init__(self) -> None:
        self.account = subscribed(licenses=4)
        self.connection = ConnectionFactory.create(account=self.account)
        self.agent = AgentFactory.create(account=self.account)
        for _ in range(4):
            self.arrive()

    def arrive(self) -> None:
        where = {"account": self.account, "connection": self.connection, "texts": True}
        PhoneNumberFactory.create(**where)
        PhoneNumberFactory.create(**where, country="GB")

    def enable(self, pk: int) -> None:
        PhoneNumber.objects.filter(pk=pk).update(label="Desk")
        enabling.enable(pk, actor=SYSTEM, at=NOON)

    def take_back(self, pk: int) -> None:
        CarrierTask.objects.filter(number=pk).update(state=TaskState.NEEDS_PERSON)
        release.take_back(pk, actor=SYSTEM, at=NOON)

    def swap(self, pk: int) -> None:
        taking = self.account.numbers.exclude(pk=pk).order_by("-pk").first()
        assert taking is not None
        fate = ("release", "exclude", "keep")[pk % 3]
        swaps.swap(pk, taking_id=taking.pk, fate=fate, actor=SYSTEM, at=NOON)

    def move(self, pk: int, state: NumberState) -> None:
        number, _ = lifecycle.lock_number(pk)
        number.released_at = NOON
        lifecycle.relocate(
            number, state, "number.released", "Moved.", also=["released_at"], actor=SYSTEM, at=NOON
        )

    def come_back(self, pk: int) -> None:
        number, _ = lifecycle.lock_number(pk)
        release.come_back(number, actor=SYSTEM, at=NOON, type="number.came_back", summary="Back.")


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 20)), max_size=25))
def test_any_order_of_services_keeps_the_counts(steps: list[tuple[str, int]], db: None) -> None:
    world = World()
    for what, which in steps:
        numbers = list(world.account.numbers.order_by("pk").values_list("pk", flat=True))
        with suppress(DomainError):
            STEPS[what](world, numbers[which % len(numbers)])
        assert counting.kept(world.account.pk) == counting.counted(world.account.pk)
    held = world.account.numbers.taking_license().count()
    assert standing(world.account.pk, at=NOON).held == held


def test_the_steps_reach_every_state(acme: Account) -> None:
    """So that the sequence above means something: each state is one that a step leads to."""
    world = World()
    assert world.account.number_counts.taking_license() == 8
    one, two, three, *_ = world.account.numbers.order_by("pk")
    STEPS["assign"](world, one.pk)
    STEPS["enable"](world, one.pk)
    assert world.account.number_counts.enabled() == 1
    STEPS["disable"](world, one.pk)
    STEPS["exclude"](world, two.pk)
    STEPS["release"](world, three.pk)
    STEPS["twilio_took_it"](world, three.pk)
    STEPS["twilio_lost_it"](world, one.pk)
    STEPS["mark_gone"](world, one.pk)

    assert set(world.account.numbers.values_list("state", flat=True)) == {
        "held",
        "excluded",
        "released",
        "gone",
    }
    assert_right()


# --- Migrations ------------------------------------------------------------------------------


@pytest.fixture
def _back_to_the_newest(transactional_db: None) -> Iterator[None]:
    yield
    call_command("migrate", verbosity=0)


@pytest.mark.usefixtures("_back_to_the_newest")
@pytest.mark.parametrize("before", ["0013_chosen_columns", "0017_words_of_services"])
def test_counts_become_finer_and_go_back(before: str) -> None:
    """By country since 0014, and by whether they are enabled since 0020."""
    account = AccountFactory.create()
    for country in ("US", "GB"):
        PhoneNumberFactory.create(account=account, country=country)

    executor = MigrationExecutor(database)
    executor.migrate([("numbers", before)])
    with database.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {counting.COUNTS}")  # noqa: S608 - our own name
        assert cursor.fetchone() == (0,)  # the older program's migrate ends by counting anew
        if database.vendor == "sqlite":  # and by making its trigger
            cursor.execute(
                f"CREATE TRIGGER number_counted_on_insert AFTER INSERT ON {counting.NUMBERS} "  # noqa: S608
                f"BEGIN UPDATE {counting.COUNTS} SET amount = amount + 1; END"
            )
    call_command("migrate", verbosity=0)

    assert account.number_counts.taking_license() == 2
    assert_right()


@pytest.mark.usefixtures("_back_to_the_newest")
def test_a_migration_back_ends_in_peace() -> None:
    PhoneNumberFactory.create()

    call_command("migrate", "numbers", "0019", verbosity=0)
