"""What people may write on numbers by a CSV file: every column once (B10).

The export writes these columns and an edit reads them back; pages, REST and jobs know none by name.
A column more is an entry here: what it is now, how a cell is read and written, why a change is
refused, and the service that does it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from accounts.models import Account
from config.errors import Blocked, Blocker, Invalid
from config.text import tidy, tidy_lines
from numbers import gates
from numbers.gates import Facts
from numbers.models import PhoneNumber
from numbers.states import MOST_TAGS

from . import assignment, descriptions


@dataclass(frozen=True)
class Desk:
    """What columns look up: the agents of the account, by id and by name."""

    agents: dict[int, Any]
    called: dict[str, int]

    @classmethod
    def of(cls, account: Account) -> Desk:
        agents = {agent.pk: agent for agent in account.agents.all()}
        return cls(agents, {_plain(agent.name): pk for pk, agent in agents.items()})


def _plain(name: str) -> str:
    return tidy(name).casefold()


@dataclass(frozen=True)
class Column:
    """A column that can be brought back in.

    ``name`` is that of REST, ``header`` that of the export, ``also`` are others that mean it.
    ``now(row, tags)`` reads the value from a number, or from a row with its ``fields``. ``read``
    makes a value of a cell that is not blank, ``clean`` makes it what would be stored; both raise
    ``Invalid`` or ``Blocked``. ``write`` is the cell of a value. ``blank`` is what a blank cell
    stands for where it is to clear; a column that always has a value has none. ``gate`` gives the
    reasons against a change, and ``spends`` what is left for the rows behind it. ``is_counted``
    says that the service locks the account's entitlement, which comes before a number's lock.
    """

    name: str
    header: str
    label: str
    service: Callable[..., object]
    argument: str
    help: str
    now: Callable[[Any, list[str]], Any]
    fields: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    read: Callable[[str, Desk], Any] = lambda text, desk: text
    clean: Callable[[Any, Desk], Any] = lambda value, desk: value
    write: Callable[[Any, Desk], str] = lambda value, desk: str(value)
    blank: tuple[Any, ...] = ("",)
    gate: Callable[[PhoneNumber, Any, Facts, Desk], list[Blocker]] = lambda *_: []
    spends: Callable[[PhoneNumber, Any, Facts], Facts] = lambda number, value, facts: facts
    is_counted: bool = False


def _described(name: str, tidied: Callable[[str], str]) -> Callable[[Any, Desk], Any]:
    def clean(value: Any, desk: Desk) -> Any:
        text = tidied(value)
        descriptions.check_lengths({name: text})
        return text

    return clean


_YES_NO = dict.fromkeys(("yes", "y", "true", "1"), True) | dict.fromkeys(
    ("no", "n", "false", "0"), False
)


def _read_protected(text: str, desk: Desk) -> bool:
    found = _YES_NO.get(_plain(text))
    if found is None:
        raise Invalid({"protected": ["Write yes or no."]})
    return found


def _read_agent(text: str, desk: Desk) -> int:
    found = desk.called.get(_plain(text))
    if found is None:
        raise Blocked([Blocker("unknown_agent", f"There is no agent called “{text[:80]}”.")])
    return found


def _clean_agent(value: Any, desk: Desk) -> Any:
    if value is not None and value not in desk.agents:
        raise Blocked([Blocker("unknown_agent", "There is no agent with this id.")])
    return value


def _agent_gate(number: PhoneNumber, value: Any, facts: Facts, desk: Desk) -> list[Blocker]:
    if value is None:
        return gates.unassign(number)
    taken = gates.assign(number, facts.standing, assigned=facts.assigned)
    return taken + gates.agent(desk.agents[value])


def _agent_spends(number: PhoneNumber, value: Any, facts: Facts) -> Facts:
    before, after = int(number.is_assigned), int(value is not None)
    return replace(facts, assigned=facts.assigned + after - before)


#: In the order of the export and of pages.
COLUMNS: dict[str, Column] = {
    column.name: column
    for column in (
        Column(
            "label", "name", "Name",
            service=descriptions.describe, argument="label",
            help="at most 100 characters",
            now=lambda row, tags: row.label, fields=("label",),
            also=("label",),
            clean=_described("label", tidy),
            gate=lambda number, value, facts, desk: gates.rename(number, value),
        ),
        Column(
            "agent", "agent", "Agent",
            service=assignment.let_answer, argument="agent_id",
            help="a live agent, by its name",
            now=lambda row, tags: row.agent_id, fields=("agent_id",),
            also=("agent name", "assigned to"),
            read=_read_agent, clean=_clean_agent,
            write=lambda value, desk: desk.agents[value].name if value is not None else "",
            blank=(None,),
            gate=_agent_gate, spends=_agent_spends, is_counted=True,
        ),
        Column(
            "tags", "tags", "Tags",
            service=descriptions.describe, argument="tags",
            help=f"at most {MOST_TAGS}, with commas between them; they replace those there are",
            now=lambda row, tags: tags,
            also=("tag",),
            read=lambda text, desk: text.split(","),
            clean=lambda value, desk: descriptions.clean_tags(value),
            write=lambda value, desk: ", ".join(value),
            blank=([],),
        ),
        Column(
            "protected", "protected", "Protected",
            service=descriptions.describe, argument="protected",
            help="yes or no",
            now=lambda row, tags: row.protected, fields=("protected",),
            also=("protection",),
            read=_read_protected,
            write=lambda value, desk: "yes" if value else "no",
            blank=(),
        ),
        Column(
            "notes", "notes", "Notes",
            service=descriptions.describe, argument="notes",
            help="at most 5,000 characters, line breaks in quotes",
            now=lambda row, tags: row.notes, fields=("notes",),
            also=("note",),
            clean=_described("notes", tidy_lines),
        ),
    )
}  # fmt: skip
