"""Numbers that the list one looks at does not show: where they are, and what brings them back."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import BooleanField, Count, ExpressionWrapper, Q

from accounts.web import AccountRequest, to
from config.text import absolute
from numbers.actions import ACTIONS
from numbers.filters import Tab, holds, search, tab_of
from numbers.gates import Facts, facts_of, license_to_keep
from numbers.models import PhoneNumber
from numbers.states import NumberState

from .shown import restorable_until

#: So many are told one by one; of more, only how many are where.
TOLD = 3
#: What brings a number back that has left, by its state.
BACK = {
    NumberState.RELEASED: "restore",
    NumberState.RELEASING: "take_back",
    NumberState.EXCLUDED: "bring_back",
}


@dataclass(frozen=True)
class Found:
    """A number that is not here; ``told`` goes on from it, ``back`` is what brings it back."""

    number: PhoneNumber
    told: str
    place: Place
    back: Back | None


@dataclass(frozen=True)
class Back:
    """What brings a number back, and the first reason why it cannot now, if there is one.

    Without ``url`` it is over for good.
    """

    label: str
    url: str
    reason: str


@dataclass(frozen=True)
class Place:
    """A tab in which the search finds something; ``hides`` when it is here, behind a filter."""

    label: str
    url: str
    count: int
    hides: bool


@dataclass(frozen=True)
class Elsewhere:
    numbers: list[Found]
    places: list[Place]


def elsewhere(request: AccountRequest, text: str, tab: str, *, at: datetime) -> Elsewhere | None:
    """Where in the account a search would find something that this tab and its filters leave out.

    One query when there is nothing, a few more when there is, however much.
    """
    found = search(PhoneNumber.objects.visible_to(request.actor), text)
    has_agent = ExpressionWrapper(Q(agent__isnull=False), BooleanField())
    enabled = ExpressionWrapper(Q(enabled_at__isnull=False), BooleanField())
    groups = found.order_by().values_list("state", has_agent, enabled).annotate(amount=Count("pk"))
    counts = Counter[tuple[Tab, bool]]()
    for state, assigned, is_enabled, amount in groups:
        counts[_where(tab, state, assigned=assigned, enabled=is_enabled)] += amount
    if not counts:
        return None
    told: list[Found] = []
    if counts.total() <= TOLD:
        facts = facts_of(request.account, at=at) if request.actor.can_numbers else None
        rows = found.select_related("agent", "connection")
        rows = rows.defer("twilio", "before_release", "connection__auth_token").order_by("e164")
        for number in rows[:TOLD]:
            shown, hides = _where(
                tab, number.state, assigned=number.is_assigned, enabled=number.is_enabled
            )
            place = _place(request, text, shown, hides=hides, count=1)
            back = way_back(number, request, facts) if facts else None
            told.append(Found(number, _told(number, request, at=at), place, back))
    places = [
        _place(request, text, shown, hides=hides, count=count)
        for (shown, hides), count in counts.items()
    ]
    return Elsewhere(told, places)


def way_back(number: PhoneNumber, request: AccountRequest, facts: Facts) -> Back | None:
    """What brings the number back; of one that was released, also why nothing does any more."""
    name = BACK.get(NumberState(number.state), "")
    if not name or number.unlisted_at is not None:
        return None
    deed = ACTIONS[name]
    back = urlencode({"next": request.get_full_path()})
    if number.state == NumberState.RELEASING:
        # Whether Twilio can still be stopped is looked up on its page: that costs a query each.
        blockers = license_to_keep(number, facts.standing)
    else:
        blockers = deed.gate(number, facts)
    reason = blockers[0].message if blockers else ""
    if any(each.code == "too_late" for each in blockers):
        return Back(deed.label, "", reason)
    return Back(deed.label, f"{to(request, deed.address, number.pk)}?{back}", reason)


def _where(tab: str, state: str, *, assigned: bool, enabled: bool) -> tuple[Tab, bool]:
    """The tab that shows such a number, and whether it is the one that is open."""
    if tab and holds(Tab(tab), state, assigned=assigned, enabled=enabled):
        return Tab(tab), True
    return tab_of(state, assigned=assigned), False


def _place(request: AccountRequest, text: str, tab: Tab, *, hides: bool, count: int) -> Place:
    query = urlencode({"tab": tab.value, "q": text})
    return Place(str(tab.label), f"{to(request, 'numbers:list')}?{query}", count, hides)


def _told(number: PhoneNumber, request: AccountRequest, *, at: datetime) -> str:
    """What has become of it: "was excluded on …"."""
    zone = request.account.zone
    since = absolute(number.state_changed_at, zone)
    match NumberState(number.state):
        case NumberState.HELD:
            return f"is assigned to {number.agent.name}" if number.agent else "has no agent"
        case NumberState.RELEASED:
            until = restorable_until(number, at)
            end = f"can come back until {absolute(until, zone)}" if until else "is gone for good"
            return f"was released on {absolute(number.left_at, zone)} and {end}"
        case NumberState.RELEASING:
            return f"is being released since {since}"
        case NumberState.RESTORING:
            return f"is being restored since {since}"
        case NumberState.EXCLUDED:
            return f"was excluded on {since}"
        case NumberState.MISSING:
            return f"is missing since {since}"
        case NumberState.GONE:
            return f"was marked as gone on {since}"
