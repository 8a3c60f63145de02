"""Who answers a number: assign, unassign, keep as a spare, swap."""

from __future__ import annotations

from dataclasses import replace

from config.text import on_day
from numbers import gates, plans
from numbers.models import PhoneNumber
from numbers.services import assignment

from .action import Action, Kind, Many, Param, Route, Undo
from .common import HELD_TABS

_AGENT = Param(
    "agent",
    Kind.AGENT,
    "Agent",
    said=("They are assigned to {}.",),
    help="Only live agents can be assigned.",
    argument="agent_id",
    example=3,
)
_UNTIL = Param(
    "until",
    Kind.DAY,
    "Until",
    said=("On {} they wait for a decision again.",),
    help="From the beginning of this day it waits for a decision again. Without one, it stays a "
    "spare until somebody decides.",
    required=False,
    example="2027-01-31",
)


def _as_before(before: PhoneNumber, agent_id: int | None) -> Undo | None:
    """The agent that the number had, where that was another one."""
    if before.agent_id == agent_id:
        return None
    if before.agent_id is None:
        return Undo("unassign", finds={"agent_id": agent_id})
    return Undo("assign", {"agent": before.agent_id}, finds={"agent_id": agent_id})


ASSIGN = Action(
    "assign",
    "Assign",
    gate=lambda number, facts: gates.assign(number, facts.standing, assigned=facts.assigned),
    service=assignment.assign,
    done="{number} is assigned to {number.agent}.",
    heading="Assign {number}",
    params=(_AGENT,),
    template="numbers/assign.html",
    undone_by=lambda before, params: _as_before(before, params["agent"]),
    rest=Route("assignments", "Let an agent answer the number, in place of the one it may have."),
    many=Many(
        "The agent takes over from those that they have now.",
        "Assign or unassign them again at any time. Undo on the page of the job gives each the "
        "agent back that it had; one that was kept as a spare is one again, until its day.",
        check=assignment.check_agent,
        reads=lambda params, facts: gates.reads_of_assign(params["agent"]),
        unchanged=lambda number, params: number.agent_id == params["agent"],
        spends=lambda facts, n: replace(facts, assigned=facts.assigned + n),
        spender=lambda number: not number.is_assigned,
        gives_agents=True,
        tabs=HELD_TABS,
    ),
)
UNASSIGN = Action(
    "unassign",
    "Unassign",
    gate=lambda number, facts: gates.unassign(number),
    service=assignment.unassign,
    takes_back=assignment.take_assignment_back,
    done="{number} has no agent now.",
    plan=lambda number, facts: plans.unassign_plan(number),
    undo="assign",
    undone_by=lambda before, params: _as_before(before, None),
    rest=Route(
        "assignments",
        "Take the agent off the number. It stays held and takes its license.",
        method="delete",
        status=200,
    ),
    many=Many(
        "They have no agents any more. They stay held and take their licenses.",
        "Assign them again at any time. Undo on the page of the job gives each the agent back that "
        "it had.",
        reads=lambda params, facts: gates.READS_OF_UNASSIGN,
        gives_agents=True,
        tabs=("all", "assigned", "disabled"),
    ),
)
KEEP = Action(
    "keep",
    "Keep as spare",
    alone=True,
    gate=lambda number, facts: gates.keep(number),
    service=assignment.keep,
    done=lambda number: (
        f"{{number}} is kept as a spare until {on_day(number.kept_until)}."
        if number.kept_until
        else "{number} is kept as a spare."
    ),
    heading="Keep {number} as a spare",
    params=(_UNTIL,),
    at_once=True,
    asks="Keep until…",
    undo="unkeep",
    rest=Route(
        "spares",
        "Note the decision that an unassigned number stays as a spare, until a day or for good.",
    ),
    many=Many(
        "They are noted as decided: they stay held as spares and take their licenses.",
        "Assign, exclude or release them at any time, or decide again.",
        check=assignment.check_until,
        undone_by=lambda params: Undo("unkeep"),
        reads=lambda params, facts: gates.reads_of_keep(params.get("until")),
        unchanged=assignment.is_kept,
        tabs=("unassigned",),
        phrase=("Keep {} as a spare", "Keep {} as spares"),
    ),
)
UNKEEP = Action(
    "unkeep",
    "Decide again",
    alone=True,
    gate=lambda number, facts: gates.unkeep(number),
    service=assignment.unkeep,
    done="{number} waits for a decision again.",
    at_once=True,
    undo="keep",
    undone_by=lambda before, params: Undo("keep", {"until": before.kept_until}),
    rest=Route(
        "spares",
        "Take back the decision that a number stays as a spare. It stays held.",
        method="delete",
        status=200,
    ),
    many=Many(
        "They wait for a decision again. They stay held and take their licenses.",
        "Keep them as spares again at any time. A day until which one was kept is forgotten.",
        undone_by=lambda params: Undo("keep"),
        reads=lambda params, facts: gates.READS_OF_KEEP,
        tabs=("unassigned",),
        phrase=("Decide again about {}",),
    ),
)
SWAP_OUT = Action(
    "swap_out",
    "Swap out",
    gate=lambda number, facts: gates.swap_out(number),
    service=None,
    page="numbers:swap",
)
SWAP_IN = Action(
    "swap_in",
    "Swap in",
    gate=lambda number, facts: gates.swap_in(number),
    service=None,
    page="numbers:swap_in",
)
