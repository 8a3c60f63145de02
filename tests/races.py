"""Several acts at the same instant, for tests on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Thread

from django.db import connection, transaction

from config.errors import DomainError


def at_once(*acts: Callable[[], object]) -> list[str]:
    """Run each act in a thread of its own, all let go together; "done" or the refusal's code."""
    together = Barrier(len(acts))

    def attempt(act: Callable[[], object]) -> str:
        try:
            together.wait()
            act()
        except DomainError as error:
            return error.code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(attempt, acts))


def while_open(first: Callable[[], object], second: Callable[[], object]) -> bool:
    """Do ``first``, and before it is committed let another connection begin ``second``.

    Returns whether ``second`` waited for the commit; both are over when this returns. Errors of
    ``second`` are left to what the test finds afterwards.
    """
    waited = False

    def run() -> None:
        try:
            second()
        finally:
            connection.close()

    other = Thread(target=run)
    with transaction.atomic():
        first()
        other.start()
        while other.is_alive() and not waited:
            other.join(0.01)
            waited = _somebody_waits()
    other.join()
    return waited


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(  # in this database: other tests run in others of the same server
            "SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) "
            "WHERE NOT granted AND datname = current_database()"
        )
        return cursor.fetchone() is not None
