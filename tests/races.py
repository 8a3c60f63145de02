"""Several acts at the same instant, for tests on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connection

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
