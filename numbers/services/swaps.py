"""Swap: one number takes another's place (S0-6, S0-10, S0-27)."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.actor import Actor
from accounts.services.events import tell
from accounts.states import Permission
from config.errors import Blocked, Blocker, Invalid, Reason, refuse
from licensing.services import grace
from licensing.services.entitlement import lock
from numbers import gates
from numbers.models import PhoneNumber
from numbers.models.inventory import KEPT
from numbers.states import Fate

from .descriptions import set_tags
from .enabling import begin_service, end_service
from .exclusion import begin_exclusion
from .lifecycle import lock_rows
from .release import begin_release

#: What a swap moves from the number that leaves to the one that takes its place.
MOVED = ("label", "agent", "notes", "texts")


@transaction.atomic
def swap(
    leaving_id: int,
    *,
    taking_id: int,
    fate: str,
    actor: Actor,
    at: datetime,
    risk_confirmed: bool = True,
    undoes: str = "",
) -> tuple[PhoneNumber, PhoneNumber]:
    """Put a held, unassigned number in another one's place; licenses stay as they are.

    Label, agent, services, tags and notes move over, and the one is enabled if the other was. The
    number that leaves is released, excluded, or kept unassigned (``Fate``); its Twilio part follows
    as a task. Kept, it is decided about anew and for good, unless this ``undoes`` a swap, of which
    that is the ``trace``: then it waits for a decision again. Raises ``Invalid`` and ``Blocked``,
    without ``risk_confirmed`` also where its release is a risk by now, and for an undo where
    either number is not as the swap left it.
    """
    actor.require(Permission.NUMBERS)
    if fate not in Fate.values:
        raise Invalid({"fate": ["Choose what becomes of the number that leaves."]})
    if leaving_id == taking_id:
        raise Invalid(
            {
                "taking": [
                    Reason("same_number", "Choose another number; this is the one that leaves.")
                ]
            }
        )
    account_id = PhoneNumber.objects.values_list("account_id", flat=True).get(pk=leaving_id)
    lock(account_id)
    rows = {number.pk: number for number in lock_rows([leaving_id, taking_id])}
    leaving, taking = rows[leaving_id], rows.get(taking_id)
    if taking is None or taking.account_id != account_id:
        raise Invalid({"taking": [Reason("unknown_number", "Choose a number of this account.")]})
    if undoes:
        _refuse_changed(leaving, taking, undoes)
    refuse(gates.swap(leaving, taking, fate))
    if fate == Fate.RELEASE:
        refuse(gates.unconfirmed(leaving, risk_confirmed=risk_confirmed))
    kept_at = at if fate == Fate.KEEP and not undoes else None
    _move_over(leaving, taking, fate=fate, kept_at=kept_at, actor=actor, at=at)
    if fate == Fate.RELEASE:
        begin_release(leaving, actor=actor, at=at)
    elif fate == Fate.EXCLUDE:
        begin_exclusion(leaving, actor=actor, at=at)
    grace.settle(account_id, actor=actor, at=at)
    return leaving, taking


def trace(leaving: PhoneNumber, taking: PhoneNumber) -> str:
    """A digest of all that a swap of the two would write over, one for each."""
    return "-".join(_digest(number) for number in (leaving, taking))


def _digest(number: PhoneNumber) -> str:
    decided = number.keep_decided_at and number.keep_decided_at.timestamp()
    told = [_state_of(number), number.agent_id, decided]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]


def _refuse_changed(leaving: PhoneNumber, taking: PhoneNumber, left: str) -> None:
    first, _, second = left.partition("-")
    changed = [
        str(number)
        for number, was in ((leaving, first), (taking, second))
        if _digest(number) != was
    ]
    if changed:
        were = "was" if len(changed) == 1 else "were"
        sentence = f"{' and '.join(changed)} {were} changed since, so nothing was undone."
        raise Blocked([Blocker("changed_since", sentence)])


def _move_over(
    leaving: PhoneNumber,
    taking: PhoneNumber,
    *,
    fate: str,
    kept_at: datetime | None,
    actor: Actor,
    at: datetime,
) -> None:
    left_before, took_before = _state_of(leaving), _state_of(taking)
    was_enabled = leaving.is_enabled
    if was_enabled:
        end_service(leaving, at=at)
    tags = left_before["tags"] + took_before["tags"]
    taking.notes = gates.merged_notes(leaving, taking)
    taking.label = leaving.label or taking.label
    taking.agent, taking.texts = leaving.agent, leaving.texts or taking.texts
    taking.decide_to_keep(None)
    taking.save(update_fields=[*MOVED, "search_name", *KEPT])
    set_tags(taking, tags)
    if was_enabled:
        begin_service(taking, actor=actor, at=at)
    leaving.label, leaving.notes, leaving.agent, leaving.texts = "", "", None, False
    leaving.decide_to_keep(kept_at)
    leaving.save(update_fields=[*MOVED, "search_name", *KEPT])
    set_tags(leaving, [])
    tell(
        leaving,
        "number.swapped_out",
        f"Swapped out: {taking} took its place.",
        actor=actor,
        at=at,
        before=left_before,
        after=_state_of(leaving),
        data={"number": taking.pk, "e164": taking.e164, "fate": fate},
    )
    tell(
        taking,
        "number.swapped_in",
        f"Swapped in for {leaving}.",
        actor=actor,
        at=at,
        before=took_before,
        after=_state_of(taking),
        data={"number": leaving.pk, "e164": leaving.e164},
    )


def _state_of(number: PhoneNumber) -> dict[str, Any]:
    return {
        "label": number.label,
        "agent": number.agent.name if number.agent else None,
        "tags": sorted(number.tags.values_list("name", flat=True)),
        "notes": number.notes,
        "texts": number.texts,
        "enabled": number.is_enabled,
        "kept_until": number.kept_until.isoformat() if number.kept_until else None,
    }
