"""Why an action on a number is refused, as data (design mechanism 2). Pure reads.

Every function collects all reasons. The page shows a disabled button with them, REST answers 409
with the same codes, and the services ask again under their lock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.actors import Actor
from accounts.states import WHO_MAY, Permission
from config.errors import Blocker
from licensing import gates as licensing_gates
from licensing.standing import Standing

from .models import Connection, PhoneNumber
from .states import MOST_TAGS, RESTORE_WINDOW, ConnectionState, Fate, NumberState, TaskKind


def _only(number: PhoneNumber, states: tuple[NumberState, ...], verb: str) -> list[Blocker]:
    if number.state in states:
        return []
    allowed = " or ".join(NumberState(state).label.lower() for state in states)
    return [
        Blocker(
            "wrong_state",
            f"This number is {number.get_state_display().lower()}; "
            f"only a number that is {allowed} can be {verb}.",
        )
    ]


def _unprotected(number: PhoneNumber) -> list[Blocker]:
    if not number.protected:
        return []
    return [
        Blocker(
            "protected",
            "This number is protected. Remove the protection first.",
            "Open the number",
            "numbers:detail",
            (number.pk,),
        )
    ]


def reachable(connection: Connection) -> list[Blocker]:
    """Reasons why Twilio cannot be asked to do anything through this connection."""
    if connection.state == ConnectionState.ACTIVE:
        return []
    return [
        Blocker(
            "connection_broken",
            f"The connection “{connection.name}” does not work: "
            f"{connection.get_state_display().lower()}.",
            "Mend the connection",
            "numbers:connection",
            (connection.pk,),
        )
    ]


def release(number: PhoneNumber) -> list[Blocker]:
    """Reasons against giving the number back to Twilio (S1-14)."""
    blockers = _only(number, (NumberState.HELD, NumberState.EXCLUDED), "released")
    blockers += _unprotected(number) + reachable(number.connection)
    if number.twilio.get("emergency_status") == "Active" and number.twilio.get(
        "emergency_address_sid"
    ):
        blockers.append(
            Blocker(
                "emergency_address",
                "Twilio does not take back a number with an emergency address. "
                "Remove the address in the Twilio Console, then refresh.",
            )
        )
    return blockers


def exclude(number: PhoneNumber) -> list[Blocker]:
    """Reasons against leaving the number at Twilio without managing it here."""
    return _only(number, (NumberState.HELD,), "excluded") + _unprotected(number)


def bring_back(number: PhoneNumber, standing: Standing) -> list[Blocker]:
    """Reasons against managing an excluded number again; it needs a free license."""
    blockers = _only(number, (NumberState.EXCLUDED,), "brought back")
    return blockers or licensing_gates.take_license(standing)


def restore(number: PhoneNumber, standing: Standing, at: datetime) -> list[Blocker]:
    """Reasons against asking Twilio for a released number again (S1-18: within 10 days)."""
    blockers = _only(number, (NumberState.RELEASED,), "restored")
    if blockers:
        return blockers
    until = number.restorable_until
    if until is not None and until <= at:
        blockers.append(
            Blocker(
                "too_late",
                f"Released numbers can come back for {RESTORE_WINDOW.days} days; "
                "this one has left Twilio for good.",
            )
        )
    return blockers + reachable(number.connection) + licensing_gates.take_license(standing)


def take_back(number: PhoneNumber, standing: Standing) -> list[Blocker]:
    """Reasons against keeping a number whose release Twilio refused."""
    blockers = _only(number, (NumberState.RELEASING,), "kept after all")
    if blockers:
        return blockers
    if not number.carrier_tasks.needing_a_person().filter(kind=TaskKind.RELEASE).exists():
        blockers.append(
            Blocker("under_way", "The release is under way at Twilio; wait for its answer.")
        )
    return blockers + licensing_gates.take_license(standing)


def assign(number: PhoneNumber, standing: Standing, *, assigned: int) -> list[Blocker]:
    """Reasons against giving the number an agent. ``assigned`` counts the account's others."""
    blockers = _only(number, (NumberState.HELD,), "assigned")
    if not blockers and not number.is_assigned:
        blockers += licensing_gates.assign_more(standing, assigned=assigned)
    return blockers


def agent(agent: Any) -> list[Blocker]:
    """Reasons against an agent answering one more number (S4-10)."""
    if agent.is_live:
        return []
    return [
        Blocker(
            "agent_not_live",
            f"{agent.name} is {agent.get_state_display().lower()}; only a live agent can be "
            "assigned.",
            "Open the agent",
            "telephony:agent",
            (agent.pk,),
        )
    ]


def unassign(number: PhoneNumber) -> list[Blocker]:
    """Reasons against taking the agent off the number."""
    blockers = _only(number, (NumberState.HELD,), "unassigned")
    if not blockers and not number.is_assigned:
        blockers.append(Blocker("not_assigned", "This number has no agent."))
    return blockers


def keep(number: PhoneNumber) -> list[Blocker]:
    """Reasons against noting that the number stays as a spare."""
    blockers = _only(number, (NumberState.HELD,), "kept as a spare")
    if not blockers and number.is_assigned:
        blockers.append(Blocker("assigned", "This number has an agent; it is in use."))
    if not blockers and number.keep_decided_at is not None:
        blockers.append(Blocker("kept_already", "This number is kept as a spare already."))
    return blockers


def mark_gone(number: PhoneNumber) -> list[Blocker]:
    """Reasons against closing the file of a number that Twilio no longer lists."""
    return _only(number, (NumberState.MISSING,), "marked as gone")


def swap_out(number: PhoneNumber, fate: str = Fate.KEEP) -> list[Blocker]:
    """Reasons against the number leaving its place, with what becomes of it."""
    if fate == Fate.RELEASE:
        blockers = release(number)
    elif fate == Fate.EXCLUDE:
        blockers = exclude(number)
    else:
        blockers = _unprotected(number)
    return _only(number, (NumberState.HELD,), "swapped out") or blockers


def swap_in(number: PhoneNumber) -> list[Blocker]:
    """Reasons against the number taking another one's place: it must be held and unassigned."""
    blockers = _only(number, (NumberState.HELD,), "swapped in")
    if not blockers and number.is_assigned:
        blockers.append(
            Blocker(
                "assigned",
                "This number has an agent. Choose an unassigned one, or unassign it first.",
                "Open the number",
                "numbers:detail",
                (number.pk,),
            )
        )
    return blockers


def swap(leaving: PhoneNumber, taking: PhoneNumber, fate: str) -> list[Blocker]:
    """Reasons against one number taking another's place."""
    blockers = swap_out(leaving, fate) + swap_in(taking)
    tags = {tag.name for number in (leaving, taking) for tag in number.tags.all()}
    if len(tags) > MOST_TAGS:
        blockers.append(
            Blocker(
                "too_many_tags",
                f"Both numbers together have {len(tags)} tags, and one can carry {MOST_TAGS}. "
                "Remove some first.",
                "Open the number",
                "numbers:detail",
                (taking.pk,),
            )
        )
    return blockers


@dataclass(frozen=True)
class Facts:
    """What the gates of one number look at besides the number."""

    standing: Standing
    assigned: int
    at: datetime


@dataclass(frozen=True)
class ActionState:
    """An action on a number and the reasons against it, before anyone tries (B3).

    ``relevant`` is False for actions that make no sense in the number's state; pages leave those
    out, REST lists them with their reason.
    """

    action: str
    label: str
    relevant: bool
    blockers: list[Blocker]

    @property
    def allowed(self) -> bool:
        return not self.blockers


#: action -> (label, reasons against it), in the order of the page.
ACTIONS: dict[str, tuple[str, Callable[[PhoneNumber, Facts], list[Blocker]]]] = {
    "assign": ("Assign", lambda n, f: assign(n, f.standing, assigned=f.assigned)),
    "unassign": ("Unassign", lambda n, f: unassign(n)),
    "keep": ("Keep as spare", lambda n, f: keep(n)),
    "swap_out": ("Swap out", lambda n, f: swap_out(n)),
    "swap_in": ("Swap in", lambda n, f: swap_in(n)),
    "exclude": ("Exclude", lambda n, f: exclude(n)),
    "bring_back": ("Bring back", lambda n, f: bring_back(n, f.standing)),
    "release": ("Release", lambda n, f: release(n)),
    "take_back": ("Keep after all", lambda n, f: take_back(n, f.standing)),
    "restore": ("Restore", lambda n, f: restore(n, f.standing, f.at)),
    "mark_gone": ("Mark as gone", lambda n, f: mark_gone(n)),
}
#: Reasons that mean "does not apply here" rather than "not now".
_IRRELEVANT = {"wrong_state", "not_assigned", "kept_already"}


def all_actions(number: PhoneNumber, *, actor: Actor, facts: Facts) -> list[ActionState]:
    """Every action with the reasons against it; those without permission carry that reason too."""
    denied = (
        []
        if actor.can_numbers
        else [Blocker("forbidden", f"Ask {WHO_MAY[Permission.NUMBERS]} to do this.")]
    )
    states = []
    for action, (label, gate) in ACTIONS.items():
        blockers = gate(number, facts)
        relevant = not _IRRELEVANT.intersection(blocker.code for blocker in blockers)
        states.append(ActionState(action, label, relevant, denied + blockers))
    return states
