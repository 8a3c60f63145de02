"""What gates look at in a number, for a preview that asks about many at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact, GreaterThan, GreaterThanOrEqual

from numbers.models import CarrierTask, PhoneNumber
from numbers.states import ENDED, RESTORE_WINDOW, ConnectionState, NumberState

from .facts import Facts
from .leaving import RELEASABLE

#: What a gate looks at in a number, so that a preview of many can ask it once for all numbers that
#: are alike: names of columns (None), and of what is computed (an expression).
Reads = Mapping[str, Any]
#: A connection that works is like any other; each broken one has its own sentence.
_BROKEN = Case(
    When(connection__state=ConnectionState.ACTIVE, then=Value(0)),
    default=F("connection_id"),
    output_field=BigIntegerField(),
)
_HAS_AGENT = Case(When(agent_id=None, then=Value(0)), default=Value(1))
_EMERGENCY = Case(
    When(
        Q(state__in=RELEASABLE, protected=False)
        & Q(Exact(KT("twilio__emergency_status"), Value("Active")))
        & Q(GreaterThan(KT("twilio__emergency_address_sid"), Value("")))
        & ~Q(Exact(KT("twilio__emergency_address_sid"), Value("null"))),  # as SQLite gives a null
        then=Value(1),
    ),
    default=Value(0),
)
#: An excluded number that Twilio lists no more, or whose subaccount has ended.
_UNLISTED = Case(
    When(
        Q(state=NumberState.EXCLUDED)
        & (Q(unlisted_at__isnull=False) | Q(connection__state__in=ENDED)),
        then=Value(1),
    ),
    default=Value(0),
)
_LEFT_AT = F("state_changed_at")
_ENABLED = Case(When(enabled_at=None, then=Value(0)), default=Value(1))
READS_OF_RELEASE: Reads = {
    "state": None, "protected": None, "enabled": _ENABLED, "broken": _BROKEN,
    "emergency": _EMERGENCY, "unlisted": _UNLISTED,
}  # fmt: skip
READS_OF_EXCLUDE: Reads = {"state": None, "protected": None, "enabled": _ENABLED}
READS_OF_MARK_GONE: Reads = {"state": None, "unlisted": _UNLISTED}
READS_OF_UNASSIGN: Reads = {"state": None, "has_agent": _HAS_AGENT, "enabled": _ENABLED}
READS_OF_DISABLE: Reads = {"enabled": _ENABLED}
READS_OF_SERVICES: Reads = {
    "state": None, "has_agent": _HAS_AGENT, "enabled": _ENABLED, "sms": None, "texts": None,
}  # fmt: skip
READS_OF_ENABLE: Reads = {
    "state": None, "enabled": _ENABLED, "sms": None, "texts": None, "broken": _BROKEN,
    "named": Case(When(label="", then=Value(0)), default=Value(1)), "agent_id": None,
}  # fmt: skip
_DIFFERS = Case(When(differs_since=None, then=Value(0)), default=Value(1))
READS_OF_PUT_BACK: Reads = {"state": None, "differs": _DIFFERS, "broken": _BROKEN}
READS_OF_LEAVE_SETTINGS: Reads = {
    "state": None,
    "differs": _DIFFERS,
    "refused": Exists(CarrierTask.objects.refused_settings().filter(number=OuterRef("pk"))),
}
READS_OF_KEEP: Reads = {
    **READS_OF_UNASSIGN,
    "kept": Case(When(keep_decided_at=None, then=Value(0)), default=Value(1)),
}


def reads_of_assign(agent_id: int) -> Reads:
    has_it = Case(When(agent_id=agent_id, then=Value(1)), default=Value(0))
    return {**READS_OF_UNASSIGN, "has_it": has_it}


def reads_of_keep(until: Any) -> Reads:
    so_already = (
        When(kept_until=until, then=Value(1)) if until else When(kept_until=None, then=Value(1))
    )
    return {**READS_OF_KEEP, "so_already": Case(so_already, default=Value(0))}


def reads_of_bring_back(facts: Facts) -> Reads:
    return {"state": None, "unlisted": _UNLISTED, **_place_of(facts)}


def reads_of_restore(facts: Facts) -> Reads:
    too_late = When(released_at__lte=facts.at - RESTORE_WINDOW, then=Value(1))
    return {
        "state": None,
        "too_late": Case(too_late, default=Value(0)),
        "broken": _BROKEN,
        **_place_of(facts, Coalesce("released_at", "state_changed_at")),
    }


def _place_of(facts: Facts, left_at: Any = _LEFT_AT) -> Reads:
    """A number that left in a grace period may have a place in it, others need a license."""
    if facts.standing.latest is None:
        return {}
    left_in_it = When(GreaterThanOrEqual(left_at, facts.standing.latest.opened_at), then=Value(1))
    return {"left_in_it": Case(left_in_it, default=Value(0))}


def reads_of_tag(params: Mapping[str, Any]) -> Reads:
    """Whether the tags to add are all there, and whether one to remove is."""
    of_number = PhoneNumber.tags.through.objects.filter(phonenumber=OuterRef("pk"))
    add = [name for name in params["add"] if name not in params["remove"]]
    there: Any = of_number.filter(tag__name__in=add).order_by().values("phonenumber")
    amount = there.annotate(amount=Count("pk")).values("amount")
    return {
        "added": Coalesce(Subquery(amount), 0, output_field=IntegerField()),
        "removable": Exists(of_number.filter(tag__name__in=params["remove"])),
    }
