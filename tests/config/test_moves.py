"""The tables of moves between states, each pair of each table."""

from __future__ import annotations

from importlib import import_module
from itertools import product
from typing import Any

import pytest
from django.apps import apps
from django.db import models

from config.errors import InvalidTransition
from config.moves import Moves
from tests.test_architecture import APPS, ROOT

Table = Moves[Any]

TABLES: dict[str, Table] = {
    f"{app}.{name}": value
    for app in APPS
    if (ROOT / app / "states.py").exists()
    for name, value in vars(import_module(f"{app}.states")).items()
    if isinstance(value, Moves)
}
PAIRS = [
    pytest.param(table, current, new, id=f"{name}-{current}-{new}")
    for name, table in TABLES.items()
    for current, new in product(table.after, repeat=2)
]


@pytest.mark.parametrize(("table", "current", "new"), PAIRS)
def test_only_the_listed_moves_are_allowed(
    table: Table, current: models.TextChoices, new: models.TextChoices
) -> None:
    """``current`` comes from a row, where it is plain text."""
    if new in table.after[current]:
        table.require(current.value, new)
    else:
        with pytest.raises(InvalidTransition) as refused:
            table.require(current.value, new)
        assert refused.value.message == (
            f"{table.thing} that is {current.label.lower()} cannot become {new.label.lower()}."
        )


@pytest.mark.parametrize("name", TABLES)
def test_a_table_says_of_every_state_what_follows_it(name: str) -> None:
    table = TABLES[name]
    kind: type[models.TextChoices] = type(next(iter(table.after)))
    states = {kind(value) for value in kind.values}

    assert set(table.after) == states
    assert all(following <= states for following in table.after.values())


def test_every_app_with_states_that_move_is_looked_at() -> None:
    assert {name.split(".")[0] for name in TABLES} == {
        "accounts", "licensing", "numbers", "telephony"
    }  # fmt: skip
    assert all(apps.is_installed(name.split(".")[0]) for name in TABLES)
