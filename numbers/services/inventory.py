"""What people decide about a number: its name and tags, its agent, whether it is managed here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.actors import Actor
from accounts.models import Event
from accounts.services.events import record
from accounts.states import Permission
from config.errors import Invalid, refuse
from licensing.models import Subscription
from licensing.services import grace
from licensing.services.entitlement import lock
from licensing.standing import Standing, of_subscription
from numbers import gates
from numbers.models import PhoneNumber, Tag
from numbers.states import MOST_TAGS, NumberState, require


def lock_number(number_id: int) -> tuple[PhoneNumber, Subscription]:
    """Hold the account's entitlement and then the number until commit, always in this order."""
    account_id = PhoneNumber.objects.values_list("account_id", flat=True).get(pk=number_id)
    subscription = lock(account_id)
    return lock_rows([number_id])[0], subscription


def lock_rows(ids: Iterable[int]) -> list[PhoneNumber]:
    """Hold the numbers until commit, in the order of their ids so that no two callers deadlock."""
    return list(
        PhoneNumber.objects.select_for_update(of=("self",))
        .select_related("account", "connection", "agent")
        .filter(pk__in=ids)
        .order_by("pk")
    )


def standing_of(subscription: Subscription, at: datetime) -> Standing:
    """The standing of the account whose entitlement the caller holds."""
    return of_subscription(subscription, account_id=subscription.account_id, at=at)


def about(number: PhoneNumber) -> tuple[str, int, str]:
    """The number as the subject of an event."""
    return ("number", number.pk, number.e164)


def tell(number: PhoneNumber, type: str, summary: str, **facts: Any) -> Event:
    """Record an event about a number."""
    return record(
        type, account_id=number.account_id, subject=about(number), summary=summary, **facts
    )


def move(number: PhoneNumber, state: NumberState, *, at: datetime) -> None:
    """Change the state of a locked number in memory; the caller saves ``STATE_FIELDS``."""
    require(number.state, state)
    number.state = state
    number.state_changed_at = at
    if state != NumberState.HELD:
        number.agent = None
        number.keep_decided_at = None


STATE_FIELDS = ["state", "state_changed_at", "agent", "keep_decided_at"]


def relocate(
    number: PhoneNumber,
    state: NumberState,
    type: str,
    summary: str,
    *,
    also: Iterable[str] = (),
    **facts: Any,
) -> None:
    """Change the state of a locked number, save it, and record both sides of the move.

    ``also`` names fields that the caller has set and that are saved with it.
    """
    before = state_and_agent(number)
    move(number, state, at=facts["at"])
    number.save(update_fields=[*STATE_FIELDS, *also])
    tell(number, type, summary, before=before, after=state_and_agent(number), **facts)


def state_and_agent(number: PhoneNumber) -> dict[str, Any]:
    """What an event shows of a number that moves."""
    return {"state": str(number.state), "agent": number.agent.name if number.agent else None}


@transaction.atomic
def describe(
    number_id: int,
    *,
    actor: Actor,
    at: datetime,
    label: str | None = None,
    notes: str | None = None,
    tags: Iterable[str] | None = None,
    protected: bool | None = None,
) -> PhoneNumber:
    """Change label (S4-8), notes, tags or protection; what is None stays. Raises ``Invalid``.

    Tags are trimmed, compared in lower case and created when new.
    """
    actor.require(Permission.NUMBERS)
    number = lock_rows([number_id])[0]
    wanted: dict[str, Any] = {}
    if label is not None:
        wanted["label"] = " ".join(label.split())
    if notes is not None:
        wanted["notes"] = notes.strip()
    if protected is not None:
        wanted["protected"] = protected
    _check_lengths(wanted)
    before = {name: getattr(number, name) for name in wanted}
    changed = {name: value for name, value in wanted.items() if value != before[name]}
    for name, value in changed.items():
        setattr(number, name, value)
    if changed:
        number.save(update_fields=list(changed))
    before = {name: before[name] for name in changed}
    if tags is not None:
        old, new = set_tags(number, tags)
        if old != new:
            before["tags"], changed["tags"] = old, new
    if changed:
        tell(
            number,
            "number.described",
            _described(changed),
            actor=actor,
            at=at,
            before=before,
            after=changed,
        )
    return number


def _check_lengths(wanted: dict[str, Any]) -> None:
    limits = {"label": 100, "notes": 5000}
    problems = {
        name: [f"Use at most {limits[name]:,} characters."]
        for name in limits.keys() & wanted.keys()
        if len(wanted[name]) > limits[name]
    }
    if problems:
        raise Invalid(problems)


def _described(changed: dict[str, Any]) -> str:
    if changed.keys() == {"protected"}:
        return "Protected." if changed["protected"] else "Protection removed."
    if changed.keys() == {"label"}:
        return f"Named “{changed['label']}”." if changed["label"] else "Name removed."
    return f"Changed {', '.join(sorted(changed))}."


def clean_tags(names: Iterable[str]) -> list[str]:
    """Tags as they are stored: lower case, single spaces, sorted, each once. Raises ``Invalid``."""
    tags = sorted({" ".join(name.lower().split()) for name in names} - {""})
    if any(len(tag) > 40 or "," in tag for tag in tags):
        raise Invalid({"tags": ["A tag has at most 40 characters and no comma."]})
    if len(tags) > MOST_TAGS:
        raise Invalid({"tags": [f"A number can carry at most {MOST_TAGS} tags."]})
    return tags


def set_tags(number: PhoneNumber, names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Give the number exactly these tags; returns the old and the new ones."""
    new = clean_tags(names)
    old = sorted(tag.name for tag in number.tags.all())
    if old != new:
        Tag.objects.bulk_create(
            [Tag(account_id=number.account_id, name=name) for name in new], ignore_conflicts=True
        )
        number.tags.set(Tag.objects.filter(account_id=number.account_id, name__in=new))
    return old, new


@transaction.atomic
def assign(number_id: int, *, agent_id: int, actor: Actor, at: datetime) -> PhoneNumber:
    """Give the number a live agent of its account (S4-9, S4-10); replaces the one it has.

    Raises ``Blocked``, and ``Invalid`` (field ``agent``) for an agent of another account.
    """
    actor.require(Permission.NUMBERS)
    number, subscription = lock_number(number_id)
    agent = number.account.agents.select_for_update().filter(pk=agent_id).first()
    if agent is None:
        raise Invalid({"agent": ["Choose an agent of this account."]})
    refuse(
        gates.assign(
            number,
            standing_of(subscription, at),
            assigned=number.account.numbers.assigned().count(),
        )
        + gates.agent(agent)
    )
    before = number.agent
    if before == agent:
        return number
    number.agent = agent
    number.keep_decided_at = None
    number.save(update_fields=["agent", "keep_decided_at"])
    tell(
        number,
        "number.assigned",
        f"Assigned to {agent.name}.",
        actor=actor,
        at=at,
        before={"agent": before.name if before else None},
        after={"agent": agent.name},
    )
    return number


@transaction.atomic
def unassign(number_id: int, *, actor: Actor, at: datetime) -> PhoneNumber:
    """Take the agent off the number; it stays held and takes its license."""
    actor.require(Permission.NUMBERS)
    number, _ = lock_number(number_id)
    refuse(gates.unassign(number))
    before = number.agent
    number.agent = None
    number.save(update_fields=["agent"])
    tell(
        number,
        "number.unassigned",
        f"Unassigned from {before.name}." if before else "Unassigned.",
        actor=actor,
        at=at,
        before={"agent": before.name if before else None},
        after={"agent": None},
    )
    return number


@transaction.atomic
def keep(number_id: int, *, actor: Actor, at: datetime) -> PhoneNumber:
    """Note the decision that an unassigned number stays as a spare (S0-22)."""
    actor.require(Permission.NUMBERS)
    number, _ = lock_number(number_id)
    refuse(gates.keep(number))
    number.keep_decided_at = at
    number.save(update_fields=["keep_decided_at"])
    tell(number, "number.kept", "Kept as a spare.", actor=actor, at=at)
    return number


@transaction.atomic
def exclude(number_id: int, *, actor: Actor, at: datetime) -> PhoneNumber:
    """Leave the number at Twilio without managing it here; it takes no license from now on."""
    actor.require(Permission.NUMBERS)
    number, _ = lock_number(number_id)
    refuse(gates.exclude(number))
    begin_exclusion(number, actor=actor, at=at)
    grace.settle(number.account_id, actor=actor, at=at)
    return number


def begin_exclusion(number: PhoneNumber, *, actor: Actor, at: datetime) -> None:
    """Exclude a locked number whose gates are open."""
    summary = "Excluded: stays at Twilio, not managed here."
    relocate(number, NumberState.EXCLUDED, "number.excluded", summary, actor=actor, at=at)


@transaction.atomic
def bring_back(number_id: int, *, actor: Actor, at: datetime) -> PhoneNumber:
    """Manage an excluded number again; needs a free license."""
    actor.require(Permission.NUMBERS)
    number, subscription = lock_number(number_id)
    refuse(gates.bring_back(number, standing_of(subscription, at)))
    summary = "Brought back: managed here again."
    relocate(number, NumberState.HELD, "number.brought_back", summary, actor=actor, at=at)
    return number


@transaction.atomic
def mark_gone(number_id: int, *, actor: Actor, at: datetime) -> PhoneNumber:
    """Close the file of a missing number; its history stays, and an import can find it again."""
    actor.require(Permission.NUMBERS)
    number, _ = lock_number(number_id)
    refuse(gates.mark_gone(number))
    relocate(number, NumberState.GONE, "number.gone", "Marked as gone.", actor=actor, at=at)
    return number
