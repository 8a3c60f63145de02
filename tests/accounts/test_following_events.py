"""Whoever reads events by their ids misses none, whichever of several writers commits first."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event as Signal

import pytest
from django.db import connection, transaction

from accounts.actor import SYSTEM
from accounts.models import Account, Event
from accounts.services.events import Fact, record, record_all, record_each
from numbers.models import PhoneNumber
from tests.api.conftest import program_of
from tests.factories import NOON, PhoneNumberFactory

#: Long enough for any machine; a test that waits so long has failed.
PATIENCE = 60


def write(account: Account, summary: str) -> None:
    record(
        "number.kept",
        account_id=account.pk,
        subject=("number", 7, "+14155550123"),
        summary=summary,
        actor=SYSTEM,
        at=NOON,
    )


def write_all(account: Account, summary: str) -> None:
    subject = ("number", 7, "+14155550123")
    record_all(
        Fact(
            "number.kept",
            account_id=account.pk,
            subject=subject,
            summary=summary,
            actor=SYSTEM,
            at=NOON,
        )
        for _ in range(3)
    )


def write_each(account: Account, summary: str) -> None:
    record_each(
        "number.kept",
        of="number",
        subjects=PhoneNumber.objects.filter(account=account).values_list("pk", "e164"),
        account_id=account.pk,
        summary=summary,
        actor=SYSTEM,
        at=NOON,
    )


class Slow:
    """A transaction of another connection that has written and does not commit until told to."""

    def __init__(self, account: Account, write: Callable[[Account, str], None]) -> None:
        self._account, self._write = account, write
        self._written, self._may_end = Signal(), Signal()
        self._pool = ThreadPoolExecutor(1)

    def __enter__(self) -> Slow:
        self._task = self._pool.submit(self._run)
        if not self._written.wait(PATIENCE):
            self._task.result(0)
        return self

    def _run(self) -> None:
        try:
            with transaction.atomic():
                self._write(self._account, "slow")
                self._written.set()
                assert self._may_end.wait(PATIENCE)
                if self._rolls_back:
                    transaction.set_rollback(True)
        finally:
            self._written.set()
            connection.close()

    _rolls_back = False

    def end(self, *, roll_back: bool = False) -> None:
        self._rolls_back = roll_back
        self._may_end.set()
        self._task.result(PATIENCE)

    def __exit__(self, *_: object) -> None:
        self._may_end.set()
        self._pool.shutdown()


class Reader:
    """Follows the log by the highest id it has seen."""

    def __init__(self) -> None:
        self.come_as_far_as = 0

    def read(self) -> list[str]:
        events = list(Event.objects.following(self.come_as_far_as))
        if events:
            self.come_as_far_as = events[-1].pk
        return [event.summary for event in events]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", [write, write_all, write_each])
def test_an_event_that_commits_late_is_not_skipped(
    acme: Account, way: Callable[[Account, str], None]
) -> None:
    PhoneNumberFactory.create(account=acme)
    reader = Reader()
    write(acme, "first")

    with Slow(acme, way) as slow:
        write(acme, "quick")  # commits with a higher id than the slow one's
        meanwhile = reader.read()
        slow.end()

    assert "quick" not in meanwhile
    assert Event.objects.order_by("pk").values_list("summary", flat=True)[1] == "slow"
    assert [*meanwhile, *reader.read()] == list(
        Event.objects.order_by("pk").values_list("summary", flat=True)
    )


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_writer_that_rolls_back_holds_up_nobody_for_good(acme: Account) -> None:
    reader = Reader()

    with Slow(acme, write) as slow:
        write(acme, "quick")
        assert reader.read() == []
        slow.end(roll_back=True)

    assert reader.read() == ["quick"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_savepoint_that_is_rolled_back_takes_no_promise_with_it(acme: Account) -> None:
    """What is written after it is announced again: the first lock went with the savepoint."""

    def stumble_and_write(account: Account, summary: str) -> None:
        try:
            with transaction.atomic():
                write(account, "undone")
                raise ArithmeticError
        except ArithmeticError:
            write(account, summary)

    reader = Reader()
    with Slow(acme, stumble_and_write) as slow:
        write(acme, "quick")
        assert reader.read() == []
        slow.end()

    assert reader.read() == ["slow", "quick"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_other_transactions_hold_up_nobody(acme: Account) -> None:
    def rename(account: Account, summary: str) -> None:
        Account.objects.filter(pk=account.pk).update(name=summary)

    other = PhoneNumberFactory.create().account
    reader = Reader()

    with Slow(other, rename):
        write(acme, "quick")
        assert reader.read() == ["quick"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_writes_many_events_one_by_one_holds_few_locks(acme: Account) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for n in range(200):
            write(acme, str(n))
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        (locks,) = cursor.fetchone()

    assert 1 <= locks <= 20


@pytest.mark.django_db
def test_a_transaction_reads_what_it_has_written(acme: Account) -> None:
    write(acme, "mine")

    assert Reader().read() == ["mine"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_program_that_asks_for_what_follows_is_given_every_event(
    acme: Account,
) -> None:
    program = program_of(acme)

    def read(query: str) -> list[str]:
        answer = program.send("get", f"events/?{query}")
        assert answer.status_code == 200
        return [row["summary"] for row in answer.json()["results"]]

    write(acme, "first")
    first = Event.objects.get().pk

    with Slow(acme, write) as slow:
        write(acme, "quick")
        assert read(f"after={first}") == []
        assert read("") == ["quick", "first"]  # who has just done something sees it at once
        slow.end()

    assert read(f"after={first}") == ["slow", "quick"]
    assert read("") == ["quick", "slow", "first"]
