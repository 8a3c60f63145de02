"""How a thing goes from one state to the next: a table, and one way to ask it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db import models

from config.errors import InvalidTransition
from config.text import inside

State = TypeVar("State", bound=models.TextChoices)


@dataclass(frozen=True)
class Moves(Generic[State]):
    """Every state of a thing with those that may follow it; nothing else is allowed.

    ``thing`` begins the sentence of a refusal: "A number".
    """

    thing: str
    after: Mapping[State, frozenset[State]]

    def require(self, current: str, new: State) -> None:
        """Raise ``InvalidTransition`` for a move that the table does not list."""
        state = type(new)(current)
        if new not in self.after[state]:
            raise InvalidTransition(
                f"{self.thing} that is {inside(state.label)} cannot become {inside(new.label)}."
            )
