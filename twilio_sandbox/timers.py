"""What happens later: named actions at a time of the sandbox's clock, and after a webhook's answer.

An action is a function under a name, so that the state file can say which one is to run. Nothing
sleeps: whoever moves the clock runs what it passes (`engine`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from twilio_sandbox.tables import Row

ACTIONS: dict[str, Callable[..., None]] = {}

F = TypeVar("F", bound=Callable[..., None])


def action(name: str) -> Callable[[F], F]:
    """Make a function known as an action: it is called with the world and keyword arguments."""

    def register(function: F) -> F:
        if name in ACTIONS:
            raise ValueError(f"there are two actions {name}")
        ACTIONS[name] = function
        return function

    return register


@dataclass(slots=True)
class Timer(Row):
    """An action that is due at a time; its account is empty."""

    due: float
    action: str
    args: dict[str, Any]
