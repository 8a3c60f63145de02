"""A process that dies at one step of its work, for tests that try every step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar
from unittest import mock

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

World = TypeVar("World")


class Killed(BaseException):
    """The process is gone. Nothing of ours may catch it."""


@contextmanager
def killed_at(step: int) -> Iterator[list[str]]:
    """Kill whatever runs inside at its ``step``-th step (from 0); yields the steps it came to.

    Steps are each statement that writes, before it is sent, and each commit, before and after. A
    process that dies loses its open transaction. Needs real commits
    (``django_db(transaction=True)``).
    """
    steps: list[str] = []
    commit = BaseDatabaseWrapper._commit  # type: ignore[attr-defined]

    def reached(what: str) -> None:
        steps.append(what)
        if len(steps) > step:
            raise Killed(what)

    def statement(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE"):
            reached(f"before {sql[:60]}")
        return execute(sql, params, many, context)

    def committing(self: Any) -> Any:
        if len(steps) >= step:
            self._rollback()
        reached("before a commit")
        done = commit(self)
        reached("after a commit")
        return done

    with (
        mock.patch.object(BaseDatabaseWrapper, "_commit", committing),
        connection.execute_wrapper(statement),
    ):
        yield steps


def every_crash(
    begin: Callable[[], World],
    act: Callable[[World], object],
    check: Callable[[World, str], None],
) -> int:
    """Kill ``act`` at its first step, then at its second, and so on, and ``check`` what is left.

    Each time in a world of its own, which ``begin`` makes. Returns how many steps there are; ends
    with the run that came through alive, which is checked as well.
    """
    for step in range(500):
        world = begin()
        with killed_at(step) as steps, suppress(Killed):
            act(world)
        alive = len(steps) <= step
        check(world, "alive" if alive else f"step {step}: {steps[-1]}")
        if alive:
            return step
    raise AssertionError("it does not come to an end")
