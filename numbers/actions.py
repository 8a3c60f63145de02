"""What people can do to a number: every action once, for every door.

Pages, bulk jobs, REST and the support admin make their addresses, buttons, forms and fields of this
table. An action is an entry here, a service, a gate, and a template where the usual page does not
do; no door knows one by name. An app above adds its own with ``register`` in its
``AppConfig.ready``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Any

from django.db.models import Q

from accounts.actor import Actor
from accounts.states import WHO_MAY, Permission
from config.errors import Blocker, DomainError

from . import gates, plans
from .gates import Facts
from .models import PhoneNumber
from .services import assignment, descriptions, enabling, exclusion, release, settings
from .services.bulk import BULK_ACTIONS, BulkAction
from .states import RESTORE_WINDOW, TAKES_LICENSE, NumberState, TaskKind

Gate = Callable[[PhoneNumber, Facts], list[Blocker]]
Planner = Callable[[PhoneNumber, Facts], plans.Plan]


class Kind(Enum):
    """What sort of thing a parameter is; every door has one field for each."""

    AGENT = "agent"
    TAGS = "tags"
    YES_NO = "yes or no"


@dataclass(frozen=True)
class Param:
    """Something that an action wants to know.

    ``argument`` is its name in the service where that differs. ``said`` is what was chosen, as a
    sentence about many numbers: with ``{}``, or one for yes and one for no. ``choices`` are the
    words for yes and no.
    """

    name: str
    kind: Kind
    label: str
    said: tuple[str, ...]
    help: str = ""
    argument: str = ""
    required: bool = True
    choices: tuple[str, ...] = ()
    example: Any = None


@dataclass(frozen=True)
class Route:
    """A noun below a number's address in REST. 202 says that Twilio's part follows.

    ``says`` is the sentence of the document.
    """

    noun: str
    says: str
    method: str = "post"
    status: int = 201
    dry_run: bool = False


@dataclass(frozen=True)
class Many:
    """How an action is done to many numbers: its words, and how a preview judges them by sets.

    ``phrase`` is the order, for one number and for several, where the label before them is none:
    ``Keep {} as a spare``. ``reads`` names all that the gate and ``unchanged`` look at
    (``gates.Reads``). ``spends`` says what ``n`` earlier numbers use up, and ``spender`` which ones
    do. ``licenses`` is how many one number takes by it, or gives back when negative;
    ``leaves`` means that it takes one to come back. ``tabs`` are those of the Numbers page that
    offer it; empty means all. ``at_twilio`` is the task that it leaves there. ``risky`` are the
    numbers for which ``Action.risk`` has a reason. ``undone_by`` names what undoes it for all that
    it changed, where that is not ``Action.undo``; ``fields`` are what it changes of a number where
    it decides nothing about it.
    """

    means: str
    undo: str
    reads: Callable[[Mapping[str, Any], Facts], gates.Reads]
    check: Callable[[int, Mapping[str, Any]], dict[str, Any]] = lambda account_id, params: {}
    unchanged: Callable[[PhoneNumber, Mapping[str, Any]], bool] | None = None
    spends: Callable[[Facts, int], Facts] | None = None
    spender: Callable[[PhoneNumber], bool] = lambda number: True
    licenses: Callable[[PhoneNumber], int] = lambda number: 0
    leaves: bool = False
    undone_by: Callable[[Mapping[str, Any]], Undo | None] | None = None
    fields: tuple[str, ...] = ()
    at_twilio: TaskKind | None = None
    risky: Q | None = None
    tabs: tuple[str, ...] = ()
    phrase: tuple[str, ...] = ()


@dataclass(frozen=True)
class Undo:
    """The action that undoes one that was just done, and what it is to be done with.

    ``finds`` is what the number was left with, by field: where somebody has changed that since,
    there is nothing to undo any more.
    """

    action: str
    params: Mapping[str, Any] = field(default_factory=dict)
    finds: Mapping[str, int | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Action:
    """One thing that people can do to a number.

    ``service(number_id, *, actor, at, …)`` does it; None when a page of its own does, which
    ``page`` names. ``undo`` is the action that undoes it; ``way_back`` says so where its name is
    not enough. ``undone_by`` names, for a number as it was and what was chosen, the action and the
    parameters that undo it right afterwards, where that is another one, or None for nothing to
    undo. Where an action comes too late, ``instead`` may still do, and ``too_late`` says so.
    ``risk`` is why people confirm it by typing the last digits of a number, or for many how many
    they are; without a reason a button is enough, and the service takes ``risk_confirmed`` to look
    again. ``at_once`` means a button without a page before
    it, ``listed`` whether it is among the actions of a number (else it has a place of its own on
    the page).
    """

    name: str
    label: str
    gate: Gate
    service: Callable[..., object] | None
    done: str | Callable[[PhoneNumber], str] = ""
    heading: str = ""
    submit: str = ""
    plan: Planner | None = None
    params: tuple[Param, ...] = ()
    permission: Permission = Permission.NUMBERS
    danger: bool = False
    risk: Callable[[PhoneNumber], str] | None = None
    at_once: bool = False
    listed: bool = True
    page: str = ""
    template: str = "numbers/confirm.html"
    undo: str = ""
    way_back: Callable[[PhoneNumber, Facts], str] | None = None
    undone_by: Callable[[PhoneNumber, Mapping[str, Any]], Undo | None] | None = None
    instead: str = ""
    too_late: str = ""
    rest: Route | None = None
    many: Many | None = None

    @property
    def address(self) -> str:
        """The name of the page that does it, inside an account."""
        return self.page or f"numbers:{self.name}"

    def run(
        self,
        number_id: int,
        params: Mapping[str, Any],
        *,
        actor: Actor,
        at: datetime,
        risk_confirmed: bool = True,
    ) -> object:
        """Let the service do it. Raises ``DomainError``.

        ``risk_confirmed`` says that a person was told of the ``risk`` and typed it, or that a
        program means it. The service refuses a number that is one without, under its lock.
        """
        if self.service is None:
            raise LookupError(f"{self.name} has a page of its own.")
        wanted = {
            each.argument or each.name: params[each.name]
            for each in self.params
            if each.name in params
        }
        if self.risk is not None:
            wanted["risk_confirmed"] = risk_confirmed
        return self.service(number_id, **wanted, actor=actor, at=at)

    def title(self, number: PhoneNumber) -> str:
        return (self.heading or f"{self.label} {{number}}?").format(number=number)

    def happened(self, number: PhoneNumber) -> str:
        done = self.done if isinstance(self.done, str) else self.done(number)
        return (done or f"{self.label}: {{number}}.").format(number=number)

    def said(self, number: PhoneNumber, facts: Facts) -> str:
        """What has happened, and what undoes it as things are afterwards."""
        sentence = self.happened(number)
        if self.way_back is not None:
            return f"{sentence} {self.way_back(number, facts)}"
        if not self.undo or not can_be_done(Undo(self.undo), number, facts):
            return sentence
        return f"{sentence} “{ACTIONS[self.undo].label}” undoes it."

    def undo_of(self, before: PhoneNumber, params: Mapping[str, Any]) -> Undo | None:
        """What undoes it right afterwards; None where nothing does, or nothing has changed."""
        if self.undone_by is not None:
            return self.undone_by(before, params)
        return Undo(self.undo) if self.undo else None

    def undo_of_many(self, params: Mapping[str, Any]) -> Undo | None:
        """What undoes it for all numbers that it changed; None where that is another for each."""
        if self.many is not None and self.many.undone_by is not None:
            return self.many.undone_by(params)
        return Undo(self.undo) if self.undo and not ACTIONS[self.undo].params else None

    def denied(self, actor: Actor) -> list[Blocker]:
        """That the actor may not, whatever the number."""
        if self.permission in actor.permissions:
            return []
        return [Blocker("forbidden", f"Ask {WHO_MAY[self.permission]} to do this.")]


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


#: Reasons that mean "does not apply here" rather than "not now".
IRRELEVANT = {
    "wrong_state", "not_assigned", "kept_already", "not_kept", "no_change", "nothing_offered",
    "enabled_already", "not_enabled", "comes_here",
}  # fmt: skip


def many_of(action: Action) -> Many:
    """How the action is done to many. Raises ``LookupError`` for one of single numbers."""
    if action.many is None:
        raise LookupError(f"{action.name} is not done to many numbers.")
    return action.many


def can_be_done(undo: Undo, number: PhoneNumber, facts: Facts) -> bool:
    """Whether nothing stands against the undoing, for the number as it is now."""
    action = ACTIONS[undo.action]
    if action.gate(number, facts):
        return False
    try:
        if action.many is not None and undo.params:
            action.many.check(number.account_id, undo.params)
    except DomainError:
        return False
    return True


def is_relevant(blockers: list[Blocker]) -> bool:
    return not IRRELEVANT.intersection(blocker.code for blocker in blockers)


def all_actions(number: PhoneNumber, *, actor: Actor, facts: Facts) -> list[ActionState]:
    """Every action with the reasons against it; those without permission carry that reason too."""
    states = []
    for action in ACTIONS.values():
        if action.listed:
            blockers = action.gate(number, facts)
            states.append(
                ActionState(
                    action.name,
                    action.label,
                    is_relevant(blockers),
                    action.denied(actor) + blockers,
                )
            )
    return states


# --- The table -------------------------------------------------------------------------------

#: In the order of pages.
ACTIONS: dict[str, Action] = {}


def register(action: Action) -> None:
    """Add an action. Call it before the first request, as ``AppConfig.ready`` does."""
    ACTIONS[action.name] = action
    if action.many is not None:
        BULK_ACTIONS[action.name] = _of_many(action, action.many)


def _of_many(action: Action, many: Many) -> BulkAction:
    return BulkAction(
        action.label,
        phrase=many.phrase or (f"{action.label} {{}}",),
        run=action.run,
        check=many.check,
        gate=action.gate,
        reads=many.reads,
        unchanged=many.unchanged,
        spends=many.spends,
        spender=many.spender,
        licenses=many.licenses,
        leaves=many.leaves,
        undone_by=partial(_undone_by, action),
        fields=many.fields,
        at_twilio=many.at_twilio,
        risky=many.risky,
    )


def _undone_by(action: Action, params: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    undo = action.undo_of_many(params)
    return (undo.action, undo.params) if undo else None


def _as_before(before: PhoneNumber, agent_id: int | None) -> Undo | None:
    """The agent that the number had, where that was another one."""
    if before.agent_id == agent_id:
        return None
    if before.agent_id is None:
        return Undo("unassign", finds={"agent_id": agent_id})
    return Undo("assign", {"agent": before.agent_id}, finds={"agent_id": agent_id})


def _other_tags(before: PhoneNumber, params: Mapping[str, Any]) -> Undo | None:
    """The other way round, of what has changed."""
    had = {tag.name for tag in before.tags.all()}
    wanted = descriptions.check_tags(before.account_id, params)
    has = (had | set(wanted["add"])) - set(wanted["remove"])
    if has == had:
        return None
    return Undo("tag", {"add": sorted(had - has), "remove": sorted(has - had)})


def _the_other_tag(params: Mapping[str, Any]) -> Undo | None:
    """The other way round where it is one tag; of several each number may have had some before."""
    if len(params["add"]) + len(params["remove"]) != 1:
        return None
    return Undo("tag", {"add": params["remove"], "remove": params["add"]})


def _promised(facts: Facts, n: int) -> Facts:
    return replace(facts, standing=replace(facts.standing, promised=n))


_A_LICENSE = (
    "Needs a free license, unless it left in a grace period that still runs, and fewer numbers are "
    "held than when that opened."
)
_HELD = ("all", "assigned", "unassigned")
_AGENT = Param(
    "agent",
    Kind.AGENT,
    "Agent",
    said=("They are assigned to {}.",),
    help="Only live agents can be assigned.",
    argument="agent_id",
    example=3,
)
_ADD = Param(
    "add", Kind.TAGS, "Add", said=("Added: {}.",), help="Tags with commas between them.",
    required=False,
)  # fmt: skip
_REMOVE = Param(
    "remove", Kind.TAGS, "Remove", said=("Taken off: {}.",), help="Tags with commas between them.",
    required=False,
)  # fmt: skip
_TEXTS = Param(
    "texts",
    Kind.YES_NO,
    "Texts",
    said=("They offer texts while they are enabled.", "They offer no texts any more."),
    choices=("On: the agent gets them while the number is enabled", "Off"),
    example=True,
)
_PROTECTED = Param(
    "protected",
    Kind.YES_NO,
    "What to do",
    said=("They become protected.", "Their protection goes."),
    choices=(
        "Protect: cannot be released, excluded or swapped out",
        "Remove the protection",
    ),
)

for _action in (
    Action(
        "assign",
        "Assign",
        gate=lambda number, facts: gates.assign(number, facts.standing, assigned=facts.assigned),
        service=assignment.assign,
        done="{number} is assigned to {number.agent}.",
        heading="Assign {number}",
        params=(_AGENT,),
        template="numbers/assign.html",
        undone_by=lambda before, params: _as_before(before, params["agent"]),
        rest=Route(
            "assignments", "Let an agent answer the number, in place of the one it may have."
        ),
        many=Many(
            "The agent takes over from those that they have now.",
            "Assign or unassign them again at any time. Which agent each had is in its history.",
            check=assignment.check_agent,
            reads=lambda params, facts: gates.reads_of_assign(params["agent"]),
            unchanged=lambda number, params: number.agent_id == params["agent"],
            spends=lambda facts, n: replace(facts, assigned=facts.assigned + n),
            spender=lambda number: not number.is_assigned,
            tabs=_HELD,
        ),
    ),
    Action(
        "unassign",
        "Unassign",
        gate=lambda number, facts: gates.unassign(number),
        service=assignment.unassign,
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
            "Assign them again at any time. Which agent each had is in its history.",
            reads=lambda params, facts: gates.READS_OF_UNASSIGN,
            tabs=("all", "assigned"),
        ),
    ),
    Action(
        "services",
        "Services",
        gate=lambda number, facts: gates.choose_services(number),
        service=enabling.choose_services,
        done=lambda number: (
            "{number} offers texts while it is enabled."
            if number.texts
            else "{number} offers no texts."
        ),
        heading="What {number} offers",
        submit="Save",
        params=(_TEXTS,),
        undone_by=lambda before, params: (
            Undo("services", {"texts": before.texts}) if before.texts != params["texts"] else None
        ),
        rest=Route(
            "services",
            "Choose what the number offers while it is enabled.",
            method="patch",
            status=200,
        ),
        many=Many(
            "Nothing is answered by that alone: enable them for it.",
            "Choose again at any time.",
            check=enabling.check_services,
            reads=lambda params, facts: gates.READS_OF_SERVICES,
            unchanged=lambda number, params: number.texts is params["texts"],
            undone_by=lambda params: Undo("services", {"texts": not params["texts"]}),
            fields=("texts",),
            tabs=("all", "assigned"),
            phrase=("Choose services for {}",),
        ),
    ),
    Action(
        "enable",
        "Enable",
        gate=lambda number, facts: gates.enable(number, facts.standing, enabled=facts.enabled),
        service=enabling.enable,
        done="{number} is enabled. Twilio is being told to send its texts here.",
        plan=lambda number, facts: plans.enable_plan(
            number, standing=facts.standing, enabled=facts.enabled
        ),
        template="numbers/both_versions.html",
        undo="disable",
        rest=Route(
            "activations",
            "Answer the number from now on, and have Twilio send its texts here. A dry run shows "
            "where Twilio sends them today.",
            status=202,
            dry_run=True,
        ),
        many=Many(
            "Texts to them are answered from now on, and Twilio is told to send them here. Where "
            "they went before is kept.",
            "Disable them at any time, which writes nothing at Twilio. Excluding one has its texts "
            "go where they went before.",
            reads=lambda params, facts: gates.READS_OF_ENABLE,
            spends=lambda facts, n: replace(facts, enabled=facts.enabled + n),
            at_twilio=TaskKind.ROUTE,
            tabs=("all", "assigned"),
        ),
    ),
    Action(
        "disable",
        "Disable",
        gate=lambda number, facts: gates.disable(number),
        service=enabling.disable,
        done=lambda number: (
            "{number} is disabled. Nothing is changed at Twilio. " + plans.texts_of_disabled(number)
        ),
        plan=lambda number, facts: plans.disable_plan(number),
        undo="enable",
        rest=Route(
            "activations",
            "Stop answering the number. What is configured stays, and texts to it are kept.",
            method="delete",
            status=200,
        ),
        many=Many(
            "Texts to them are kept and not answered, and nothing is counted. What is configured "
            "stays, and nothing is changed at Twilio.",
            "Enable them again at any time.",
            reads=lambda params, facts: gates.READS_OF_DISABLE,
            tabs=("all", "assigned"),
        ),
    ),
    Action(
        "send_here_again",
        "Have Twilio send its texts here again",
        gate=lambda number, facts: gates.send_here_again(number),
        service=enabling.send_here_again,
        done="Twilio is being told to send the texts of {number} here again.",
        at_once=True,
        listed=False,
        rest=Route(
            "routes",
            "Have Twilio send the texts of an enabled number here again, where somebody has "
            "changed that there.",
            status=202,
        ),
    ),
    Action(
        "keep",
        "Keep as spare",
        gate=lambda number, facts: gates.keep(number),
        service=assignment.keep,
        done="{number} is kept as a spare.",
        at_once=True,
        undo="unkeep",
        rest=Route("spares", "Note the decision that an unassigned number stays as a spare."),
        many=Many(
            "They are noted as decided: they stay held as spares and take their licenses.",
            "Assign, exclude or release them at any time, or decide again.",
            reads=lambda params, facts: gates.READS_OF_KEEP,
            tabs=("unassigned",),
            phrase=("Keep {} as a spare", "Keep {} as spares"),
        ),
    ),
    Action(
        "unkeep",
        "Decide again",
        gate=lambda number, facts: gates.unkeep(number),
        service=assignment.unkeep,
        done="{number} waits for a decision again.",
        at_once=True,
        undo="keep",
        rest=Route(
            "spares",
            "Take back the decision that a number stays as a spare. It stays held.",
            method="delete",
            status=200,
        ),
        many=Many(
            "They wait for a decision again. They stay held and take their licenses.",
            "Keep them as spares again at any time.",
            reads=lambda params, facts: gates.READS_OF_KEEP,
            tabs=("unassigned",),
            phrase=("Decide again about {}",),
        ),
    ),
    Action(
        "swap_out",
        "Swap out",
        gate=lambda number, facts: gates.swap_out(number),
        service=None,
        page="numbers:swap",
    ),
    Action(
        "swap_in",
        "Swap in",
        gate=lambda number, facts: gates.swap_in(number),
        service=None,
        page="numbers:swap_in",
    ),
    Action(
        "tag",
        "Tag",
        gate=lambda number, facts: [],
        service=descriptions.tag,
        done="{number}: tags changed.",
        params=(_ADD, _REMOVE),
        listed=False,
        undone_by=lambda before, params: _other_tags(before, params),
        many=Many(
            "Only tags change.",
            "Change them again at any time.",
            check=descriptions.check_tags,
            reads=lambda params, facts: gates.reads_of_tag(params),
            unchanged=descriptions.has_these_tags,
            undone_by=_the_other_tag,
            fields=("tags",),
            phrase=("Change the tags of {}",),
        ),
    ),
    Action(
        "protect",
        "Protect",
        gate=lambda number, facts: [],
        service=descriptions.describe,
        done=lambda number: (
            "{number} is protected." if number.protected else "{number} is no longer protected."
        ),
        params=(_PROTECTED,),
        at_once=True,
        listed=False,
        undone_by=lambda before, params: (
            Undo("protect", {"protected": before.protected})
            if before.protected is not params["protected"]
            else None
        ),
        many=Many(
            "Only the protection changes.",
            "Change it again at any time.",
            check=descriptions.check_protection,
            reads=lambda params, facts: {"protected": None},
            unchanged=lambda number, params: number.protected is params["protected"],
            undone_by=lambda params: Undo("protect", {"protected": not params["protected"]}),
            fields=("protected",),
            tabs=_HELD,
            phrase=("Change the protection of {}",),
        ),
    ),
    Action(
        "bring_back",
        "Bring back",
        gate=lambda number, facts: gates.bring_back(number, facts.standing),
        service=exclusion.bring_back,
        done="{number} is managed here again.",
        heading="Bring {number} back?",
        plan=lambda number, facts: plans.bring_back_plan(number, standing=facts.standing),
        undo="exclude",
        rest=Route(
            "inclusions",
            f"Bring an excluded number back.\n\n{_A_LICENSE}",
            dry_run=True,
        ),
        many=Many(
            "They are managed here again and each takes a license.",
            "Exclude them again at any time.",
            reads=lambda params, facts: gates.reads_of_bring_back(facts),
            spends=_promised,
            licenses=lambda number: 1,
            tabs=("excluded",),
        ),
    ),
    Action(
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
            tabs=_HELD,
        ),
    ),
    Action(
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
            tabs=(*_HELD, "excluded"),
        ),
    ),
    Action(
        "take_back",
        "Keep after all",
        gate=lambda number, facts: gates.take_back(number, facts.standing),
        service=release.take_back,
        done=lambda number: (
            "{number} is excluded again."
            if number.state == NumberState.EXCLUDED
            else "{number} is held again."
        ),
        heading="Keep {number} after all?",
        submit="Keep it",
        instead="restore",
        too_late="Twilio has taken {number} already; restoring buys it back.",
        plan=lambda number, facts: plans.take_back_plan(number, standing=facts.standing),
        rest=Route(
            "releases",
            "Keep a number whose release Twilio refused, or has not been asked for yet. One that "
            "was excluded is excluded again. Where Twilio gave no answer, a refresh looks whether "
            f"it still has the number.\n\nHeld again, it takes a license. {_A_LICENSE}",
            method="delete",
            status=200,
        ),
    ),
    Action(
        "restore",
        "Restore",
        gate=lambda number, facts: gates.restore(number, facts.standing, facts.at),
        service=release.restore,
        done="Twilio is asked for {number}; a license is reserved for it.",
        plan=lambda number, facts: plans.restore_plan(number, standing=facts.standing, at=facts.at),
        rest=Route(
            "restorations",
            f"Ask Twilio for a released number again.\n\n{_A_LICENSE}",
            status=202,
            dry_run=True,
        ),
        many=Many(
            "Each is bought again at Twilio, which bills it from then on, and gets back what it "
            "had here. Where Twilio refuses, the job's row has the steps for the Twilio Console. A "
            "hosted number cannot be bought back.",
            "Release them again at any time.",
            reads=lambda params, facts: gates.reads_of_restore(facts),
            spends=_promised,
            licenses=lambda number: 1,
            tabs=("released",),
        ),
    ),
    Action(
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
    ),
    Action(
        "put_settings_back",
        "Put settings back",
        gate=lambda number, facts: gates.put_settings_back(number),
        service=settings.put_settings_back,
        done="The settings of {number} are being put back at Twilio.",
        heading="Put the settings of {number} back?",
        submit="Put them back",
        plan=lambda number, facts: plans.put_settings_back_plan(number),
        template="numbers/both_versions.html",
        rest=Route(
            "previous-settings",
            "Write the settings that the number had before it left over those at Twilio. "
            "A dry run shows both versions of each.",
            status=202,
            dry_run=True,
        ),
    ),
    Action(
        "leave_settings",
        "Leave settings as they are",
        gate=lambda number, facts: gates.leave_settings(number),
        service=settings.leave_settings,
        done="The settings of {number} stay as they are at Twilio.",
        at_once=True,
        rest=Route(
            "previous-settings",
            "Leave the settings at Twilio as they are, and forget those from before.",
            method="delete",
            status=200,
        ),
    ),
):
    register(_action)
