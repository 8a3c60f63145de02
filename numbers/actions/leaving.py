"""How a number leaves: excluded, released, gone."""

from __future__ import annotations

from numbers import gates, plans
from numbers.services import exclusion, release
from numbers.states import RESTORE_WINDOW, TAKES_LICENSE, TaskKind

from .action import Action, Many, Route, Undo
from .common import HELD_TABS

EXCLUDE = Action(
    "exclude",
    "Exclude",
    gate=lambda number, facts: gates.exclude(number),
    service=exclusion.exclude,
    done="{number} is excluded. It stays at Twilio and takes no license.",
    plan=lambda number, facts: plans.exclude_plan(number, standing=facts.standing),
    undo="bring_back",
    rest=Route(
        "exclusions",
        "Leave the number at Twilio without managing it here; it takes no license.",
        dry_run=True,
    ),
    many=Many(
        "They stay at Twilio, which goes on billing them, and are not managed here. "
        "They take no license and have no agent.",
        "Bring them back at any time.",
        reads=lambda params, facts: gates.READS_OF_EXCLUDE,
        leaves=True,
        licenses=lambda number: -1,
        at_twilio=TaskKind.ROUTE,
        tabs=HELD_TABS,
    ),
)
RELEASE = Action(
    "release",
    "Release",
    gate=lambda number, facts: gates.release(number),
    service=release.release,
    done="{number} is being released. It takes no license from now on.",
    plan=lambda number, facts: plans.release_plan(number, standing=facts.standing),
    danger=True,
    risk=gates.risk_of_release,
    undo="restore",
    way_back=lambda number, facts: plans.said_of_restore(number, facts.standing),
    undone_by=lambda before, params: Undo("take_back"),
    rest=Route(
        "releases",
        "Give the number back to Twilio. It can come back for ten days.",
        status=202,
        dry_run=True,
    ),
    many=Many(
        "They are given back to Twilio. They have no agents any more, and take no license. "
        f"{plans.FREE}",
        f"For {RESTORE_WINDOW.days} days each can be restored, {plans.BOUGHT_AGAIN} "
        "A hosted number cannot be bought back.",
        reads=lambda params, facts: gates.READS_OF_RELEASE,
        leaves=True,
        licenses=lambda number: -1 if number.state in TAKES_LICENSE else 0,
        at_twilio=TaskKind.RELEASE,
        risky=gates.RISKY_TO_RELEASE,
        tabs=(*HELD_TABS, "excluded"),
    ),
)
MARK_GONE = Action(
    "mark_gone",
    "Mark as gone",
    gate=lambda number, facts: gates.mark_gone(number),
    service=exclusion.mark_gone,
    done="{number} is marked as gone.",
    heading="Mark {number} as gone?",
    plan=lambda number, facts: plans.mark_gone_plan(number),
    rest=Route("closures", "Mark a missing number as gone. Its history stays."),
    many=Many(
        "Their files are closed; names, notes, tags and history stay, under Gone. Nothing "
        "happens at Twilio, which no longer lists them.",
        "One that a later refresh finds at Twilio comes back by itself.",
        reads=lambda params, facts: gates.READS_OF_MARK_GONE,
        tabs=("missing", "excluded"),
        phrase=("Mark {} as gone",),
    ),
)
