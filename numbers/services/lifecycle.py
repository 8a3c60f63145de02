"""What every move of a number shares: its locks, its change of state, its line on the timeline.

What changes how many numbers are held or assigned, or decides by how many there are, takes the
account's entitlement first and then the number (``lock_number``); what does not, only the number
(``lock_rows``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from accounts.services.events import tell
from config.errors import DomainError
from config.text import on_day
from licensing.models import Subscription
from licensing.services.entitlement import lock
from licensing.standing import Standing, of_subscription
from numbers.models import PhoneNumber
from numbers.models.inventory import KEPT
from numbers.states import NUMBER_MOVES, NumberState


def lock_number(number_id: int) -> tuple[PhoneNumber, Subscription]:
    """Hold the account's entitlement and then the number until commit, always in this order."""
    account_id = PhoneNumber.objects.values_list("account_id", flat=True).get(pk=number_id)
    subscription = lock(account_id)
    return lock_rows([number_id])[0], subscription


def hold(number_id: int) -> PhoneNumber:
    """Hold the number, and before it the entitlement if there is one, so that whatever is done to
    it afterwards finds it as it is now."""
    account_id = PhoneNumber.objects.values_list("account_id", flat=True).get(pk=number_id)
    with suppress(DomainError):  # an account without a subscription keeps and names numbers, too
        lock(account_id)
    return lock_rows([number_id])[0]


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


def move(number: PhoneNumber, state: NumberState, *, at: datetime) -> None:
    """Change the state of a locked number in memory; the caller saves ``STATE_FIELDS``."""
    NUMBER_MOVES.require(number.state, state)
    number.state = state
    number.state_changed_at = at
    if state != NumberState.HELD:
        number.agent = None
        number.decide_to_keep(None)
        number.enabled_at = number.in_service_at = None
    if state != NumberState.EXCLUDED:
        number.unlisted_at = None
    if state not in (NumberState.RELEASED, NumberState.RESTORING):
        number.remind_at = None


STATE_FIELDS = [
    "state",
    "state_changed_at",
    "agent",
    *KEPT,
    "enabled_at",
    "in_service_at",
    "unlisted_at",
    "remind_at",
]


#: What is kept of settings at Twilio that differ from those before (``numbers.previous``).
OFFER_FIELDS = ["before_release", "differs_since"]


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


def kept_of(number: PhoneNumber) -> dict[str, Any]:
    """The decision that the number stays as a spare, to be remembered; nothing where there is none.

    As JSON, under a name of its own, for whatever takes it away and can be undone.
    """
    if number.keep_decided_at is None:
        return {}
    until = number.kept_until.isoformat() if number.kept_until else None
    return {"kept": {"at": number.keep_decided_at.isoformat(), "until": until}}


def keep_again(number: PhoneNumber, remembered: Mapping[str, Any], *, at: datetime) -> list[str]:
    """Let what ``kept_of`` has remembered stand again, in memory, while its day is to come.

    Returns words for it. A number that has an agent is no spare.
    """
    kept = remembered.get("kept")
    if not kept or number.agent_id is not None:
        return []
    until = date.fromisoformat(kept["until"]) if kept["until"] else None
    if until is not None and until <= at.astimezone(number.account.zone).date():
        return []
    number.decide_to_keep(datetime.fromisoformat(kept["at"]), until)
    return [f"kept as a spare until {on_day(until)}" if until else "kept as a spare"]


def state_and_agent(number: PhoneNumber) -> dict[str, Any]:
    """What an event shows of a number that moves."""
    return {"state": str(number.state), "agent": number.agent.name if number.agent else None}
