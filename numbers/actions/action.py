"""An action as every door reads it, and the table of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts.actor import Actor
from accounts.states import WHO_MAY, Permission
from config.errors import Blocker, DomainError
from numbers import gates, plans
from numbers.gates import Facts
from numbers.models import PhoneNumber
from numbers.services.bulk import BULK_ACTIONS, BulkAction
from numbers.services.lifecycle import lock_number, lock_rows
from numbers.states import TaskKind

Gate = Callable[[PhoneNumber, Facts], list[Blocker]]
Planner = Callable[[PhoneNumber, Facts], plans.Plan]


class Kind(Enum):
    """What sort of thing a parameter is; every door has one field for each."""

    AGENT = "agent"
    TAGS = "tags"
    YES_NO = "yes or no"
    DAY = "day"


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

    def value(self, kept: Any) -> Any:
        """What the service takes, of what a job keeps as JSON."""
        if self.kind == Kind.DAY and isinstance(kept, str):
            return date.fromisoformat(kept)
        return kept


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
    do. ``licenses`` is how many one number takes by it, or gives back when negative; ``leaves``
    means that it takes one to come back. ``tabs`` are those of the Numbers page that offer it, or
    the filter that does; empty means all. ``at_twilio`` is the task that it leaves there. ``seals``
    are columns that make the preview another one. ``risky`` are the numbers for which
    ``Action.risk`` has a reason. ``undone_by`` names what undoes it for all that it changed, where
    that is not ``Action.undo``; ``fields`` are what it changes of a number where it decides nothing
    about it. ``gives_agents`` says that it changes who answers them: a job is undone by giving each
    the agent back that it had.
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
    gives_agents: bool = False
    at_twilio: TaskKind | None = None
    risky: Q | None = None
    seals: tuple[str, ...] = ()
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
class Done:
    """What an action has done to a number: what the service returned, whether that is another than
    it was, and what undoes it."""

    after: object
    changes: bool
    undo: Undo | None


@dataclass(frozen=True)
class Action:
    """One thing that people can do to a number.

    ``service(number_id, *, actor, at, …)`` does it; None when a page of its own does, which
    ``page`` names. ``undo`` is the action that undoes it; ``way_back`` says so where its name is
    not enough; ``takes_back`` is what the Undo of another one does in place of ``service``, where
    that gives back more. ``undone_by`` names, for a number as it was and what was chosen, the
    action and the parameters that undo it right afterwards, where that is another one, or None for
    nothing to undo. Where an action comes too late, ``instead`` may still do, and ``too_late``
    says so.
    ``risk`` is why people confirm it by typing the last digits of a number, or for many how many
    they are; without a reason a button is enough, and the service takes ``risk_confirmed`` to look
    again. ``sealed`` means that the service takes the ``seal`` of the plan that was shown, or none.
    ``at_once`` means a button without a page before it; where there is a page as well, for what may
    be chosen besides, ``asks`` is the label of the link to it. ``alone`` means that it touches no
    count, so that it holds the number and not the account's licenses. ``listed`` says whether it is
    among the actions of a number (else it has a place of its own on the page). ``beside`` means
    that the page has its button where it says what it is about.
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
    sealed: bool = False
    at_once: bool = False
    alone: bool = False
    asks: str = ""
    listed: bool = True
    beside: bool = False
    page: str = ""
    template: str = "numbers/confirm.html"
    undo: str = ""
    way_back: Callable[[PhoneNumber, Facts], str] | None = None
    takes_back: Callable[..., object] | None = None
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
        undoes: bool = False,
    ) -> object:
        """Let the service do it, or where it ``undoes`` another one what takes that back. Raises
        ``DomainError``.

        ``risk_confirmed`` says that a person was told of the ``risk`` and typed it, or that a
        program means it. The service refuses a number that is one without, under its lock.
        """
        if self.service is None:
            raise LookupError(f"{self.name} has a page of its own.")
        wanted = {
            each.argument or each.name: each.value(params[each.name])
            for each in self.params
            if each.name in params
        }
        if self.risk is not None:
            wanted["risk_confirmed"] = risk_confirmed
        if self.sealed:
            wanted["seal"] = params.get("seal")
        service = self.takes_back if undoes and self.takes_back else self.service
        return service(number_id, **wanted, actor=actor, at=at)

    @transaction.atomic
    def do(self, number_id: int, params: Mapping[str, Any], **order: Any) -> Done:
        """``run`` it, and say what that changed: the number is held, so that nobody else changes
        it between the look at it before and the act."""
        before = lock_rows([number_id])[0] if self.alone else lock_number(number_id)[0]
        changes, undo = self.changes(before, params), self.undo_of(before, params)
        return Done(self.run(number_id, params, **order), changes, undo)

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

    def changes(self, number: PhoneNumber, params: Mapping[str, Any]) -> bool:
        """Whether the number is not like that already."""
        unchanged = self.many.unchanged if self.many is not None else None
        return unchanged is None or not unchanged(number, params)

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


#: Reasons that mean "does not apply here" rather than "not now".
IRRELEVANT = {
    "wrong_state", "not_assigned", "kept_already", "not_kept", "no_change", "nothing_offered",
    "enabled_already", "not_enabled", "comes_here",
}  # fmt: skip


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
        gives_agents=many.gives_agents,
        at_twilio=many.at_twilio,
        risky=many.risky,
        seals=many.seals,
    )


def _undone_by(action: Action, params: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    undo = action.undo_of_many(params)
    return (undo.action, undo.params) if undo else None
