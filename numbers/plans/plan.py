"""A plan, and words that several share."""

from __future__ import annotations

from dataclasses import dataclass, field

from config.errors import Blocker
from licensing.standing import Standing
from numbers.models import PhoneNumber
from numbers.states import TAKES_LICENSE


@dataclass(frozen=True)
class Change:
    """One thing that would be different: what, whose, before, after."""

    label: str
    number: str
    before: str
    after: str


@dataclass(frozen=True)
class Plan:
    """The consequences of an action: what it changes and touches, what it costs, how to undo it.

    ``seal`` stands for what it shows, where whoever confirms has to have seen just that.
    """

    changes: list[Change] = field(default_factory=list)
    touches: list[str] = field(default_factory=list)
    cost: str = ""
    undo: str = ""
    blockers: list[Blocker] = field(default_factory=list)
    seal: str = ""


def agent_name(number: PhoneNumber) -> str:
    return number.agent.name if number.agent else ""


def without(number: PhoneNumber, standing: Standing) -> Standing:
    """The standing once the number has left."""
    return standing.after(-1 if number.state in TAKES_LICENSE else 0)


def agent_again(agent: str) -> str:
    """What a number that comes back has of the agent it had."""
    return f"{agent} is its agent again, if live, and answers it once the number is enabled."


def shown(value: object) -> str:
    """A setting as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value or "")
