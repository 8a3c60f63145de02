"""Why an action on a number is refused, as data (design mechanism 2). Pure reads.

Every function collects all reasons. The page shows a disabled button with them, REST answers 409
with the same codes, and the services ask again under their lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
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

from accounts.models import Account
from accounts.registries import SUBJECTS
from config.errors import Blocker
from config.text import inside, plural
from licensing import gates as licensing_gates
from licensing.standing import Standing, standing

from .models import CarrierTask, Connection, PhoneNumber
from .previous import offered
from .states import (
    ENDED,
    LONGEST_NOTES,
    MOST_TAGS,
    RESTORE_WINDOW,
    UNATTACHED,
    ConnectionState,
    Fate,
    NumberState,
    TaskKind,
)

#: The states from which a number can be given back.
RELEASABLE = (NumberState.HELD, NumberState.EXCLUDED)


def _only(number: PhoneNumber, states: tuple[NumberState, ...], verb: str) -> list[Blocker]:
    if number.state in states:
        return []
    allowed = " or ".join(inside(NumberState(state).label) for state in states)
    return [
        Blocker(
            "wrong_state",
            f"This number is {inside(number.get_state_display())}; "
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
            "See its protection",
            "numbers:detail",
            (number.pk,),
            "protection",
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
            f"{inside(connection.get_state_display())}.",
            "Mend the connection",
            "numbers:connection",
            (connection.pk,),
        )
    ]


def ended(connection: Connection) -> list[Blocker]:
    """The reason why nothing that Twilio listed through this connection is believed any more."""
    return reachable(connection) if connection.state in ENDED else []


def attached(connection: Connection) -> list[Blocker]:
    """Reasons why a connection can be neither checked nor changed any more."""
    if connection.state not in UNATTACHED:
        return []
    code = "connection_detached"
    left = f"Support has detached “{connection.name}” from this account."
    if connection.state == ConnectionState.REMOVED:
        code, left = "connection_removed", f"“{connection.name}” was removed from this account."
    return [
        Blocker(
            code,
            f"{left} Connect the subaccount again if it belongs here.",
            "Connections",
            "numbers:connections",
        )
    ]


def remove(connection: Connection) -> list[Blocker]:
    """Reasons against removing a connection: something here still needs it."""
    blockers = attached(connection)
    if blockers:
        return blockers
    counted = connection.numbers.order_by().values_list("state").annotate(Count("pk"))
    in_state = {NumberState(state): amount for state, amount in counted}
    blockers = [
        Blocker(code, f"{plural(amount, 'number')} {words}", "See the numbers", "numbers:list")
        for code, states, words in _NEEDS_IT
        if (amount := sum(in_state.get(state, 0) for state in states))
    ]
    waiting = CarrierTask.objects.unfinished().filter(number__connection=connection)
    waiting = waiting.exclude(number__state__in=NEEDING_CONNECTION)
    if amount := waiting.values("number").distinct().count():
        blockers.append(
            Blocker(
                "tasks_wait",
                f"Something at Twilio is not finished for {plural(amount, 'number')}. Wait for it, "
                "or decide about it on the number's page.",
                "See the numbers",
                "numbers:list",
            )
        )
    if connection.imports.filter(is_open=True).exists():
        blockers.append(
            Blocker(
                "import_runs",
                "An import from it is running. Wait for its end.",
                "See the imports",
                "numbers:imports",
            )
        )
    return blockers


_NEEDS_IT = (
    ("holds_numbers", (NumberState.HELD, NumberState.RESTORING),
     "held here are in this subaccount. Release or exclude them first."),
    ("excludes_numbers", (NumberState.EXCLUDED,),
     "excluded here are in this subaccount. Release them, or mark as gone what is not there."),
    ("releases_numbers", (NumberState.RELEASING,),
     "being released: Twilio has not confirmed it yet."),
)  # fmt: skip
NEEDING_CONNECTION = tuple(state for _, states, _ in _NEEDS_IT for state in states)


def _at_twilio(number: PhoneNumber) -> list[Blocker]:
    """A reason when an excluded number is at Twilio no more, as far as the last look went."""
    if number.state != NumberState.EXCLUDED:
        return []
    if number.unlisted_at is None and number.connection.state not in ENDED:
        return []
    return [
        Blocker(
            "not_at_twilio",
            "Twilio no longer lists this number in the subaccount. Mark it as gone, or refresh if "
            "it was bought again.",
        )
    ]


def _disabled(number: PhoneNumber) -> list[Blocker]:
    if not number.is_enabled:
        return []
    return [
        Blocker(
            "enabled",
            "This number is enabled, so texts to it are answered. Disable it first.",
            "Disable it",
            "numbers:disable",
            (number.pk,),
        )
    ]


def release(number: PhoneNumber) -> list[Blocker]:
    """Reasons against giving the number back to Twilio (S1-14, S4-53)."""
    return _disabled(number) + _release_disabled(number)


def _release_disabled(number: PhoneNumber) -> list[Blocker]:
    blockers = _only(number, RELEASABLE, "released")
    blockers += _at_twilio(number) + _unprotected(number) + reachable(number.connection)
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


def risk_of_release(number: PhoneNumber) -> str:
    """Why the release of this number is confirmed by typing, at every door for people."""
    if number.is_hosted:
        return "It cannot be bought back."
    if number.is_assigned:
        return "It has an agent: it is in use."
    return ""


def unconfirmed(number: PhoneNumber, *, risk_confirmed: bool) -> list[Blocker]:
    """A reason when the release is a risk and nobody has confirmed that, as the services ask."""
    return [] if risk_confirmed or not risk_of_release(number) else [IN_USE]


IN_USE = Blocker(
    "in_use",
    "It is in use by now, and only numbers that were not were confirmed. Do it on its own page.",
)
#: The same for many numbers.
RISKY_TO_RELEASE = Q(agent__isnull=False) | Q(twilio__origin="hosted")


def exclude(number: PhoneNumber) -> list[Blocker]:
    """Reasons against leaving the number at Twilio without managing it here."""
    return _disabled(number) + _exclude_disabled(number)


def _exclude_disabled(number: PhoneNumber) -> list[Blocker]:
    return _only(number, (NumberState.HELD,), "excluded") + _unprotected(number)


def bring_back(number: PhoneNumber, standing: Standing) -> list[Blocker]:
    """Reasons against managing an excluded number again; it takes a license."""
    blockers = _only(number, (NumberState.EXCLUDED,), "brought back")
    blockers = blockers or _at_twilio(number)
    if blockers:  # no license would help
        return blockers
    return licensing_gates.take_license(standing, left_at=number.state_changed_at)


def restore(number: PhoneNumber, standing: Standing, at: datetime) -> list[Blocker]:
    """Reasons against asking Twilio for a released number again (S1-18: within 10 days)."""
    blockers = _only(number, (NumberState.RELEASED,), "restored")
    if blockers:
        return blockers
    until = number.restorable_until
    if until is not None and until <= at:  # no license would help
        return [
            Blocker(
                "too_late",
                f"Released numbers can come back for {RESTORE_WINDOW.days} days; "
                "this one has left Twilio for good.",
            )
        ]
    taken = licensing_gates.take_license(standing, left_at=number.left_at)
    return reachable(number.connection) + taken


UNDER_WAY = Blocker(
    "under_way",
    "The release is under way at Twilio; wait for its answer. Once Twilio has taken the number, "
    "Restore asks for it back.",
)


def take_back(number: PhoneNumber, standing: Standing) -> list[Blocker]:
    """Reasons against keeping a number whose release Twilio refused, or was not asked for yet.

    One that was excluded is excluded again, and takes no license.
    """
    blockers = _only(number, (NumberState.RELEASING,), "kept after all")
    if blockers:
        return blockers
    if not number.carrier_tasks.can_be_called_off().filter(kind=TaskKind.RELEASE).exists():
        blockers.append(UNDER_WAY)
    if number.was_excluded:
        return blockers
    return blockers + licensing_gates.take_license(standing, left_at=number.state_changed_at)


def assign(number: PhoneNumber, standing: Standing, *, assigned: int) -> list[Blocker]:
    """Reasons against giving the number an agent. ``assigned`` counts the account's others."""
    blockers = _only(number, (NumberState.HELD,), "assigned")
    if not blockers and not number.is_assigned:
        blockers += licensing_gates.put_to_work(standing, already=assigned, how="assigned")
    return blockers


def agent(agent: Any) -> list[Blocker]:
    """Reasons against an agent answering one more number (S4-10)."""
    if agent.is_live:
        return []
    return [
        Blocker(
            "agent_not_live",
            f"{agent.name} is {inside(agent.get_state_display())}; only a live agent can be "
            "assigned.",
            "Open the agent",
            SUBJECTS["agent"].page,
            (agent.pk,),
        )
    ]


def unassign(number: PhoneNumber) -> list[Blocker]:
    """Reasons against taking the agent off the number."""
    blockers = _only(number, (NumberState.HELD,), "unassigned")
    if not blockers and not number.is_assigned:
        blockers.append(Blocker("not_assigned", "This number has no agent."))
    return blockers + _disabled(number)


def choose_services(number: PhoneNumber, *, texts: bool | None = None) -> list[Blocker]:
    """Reasons against choosing what the number offers, or against what is chosen (S4-25 to S4-27).

    ``texts`` is None before anything is.
    """
    blockers = _only(number, (NumberState.HELD,), "given services")
    if blockers or texts is False:
        return blockers or (_last_service(number) if number.is_enabled else [])
    return blockers + _with_an_agent(number) + _can_text(number)


def _last_service(number: PhoneNumber) -> list[Blocker]:
    return [
        Blocker(
            "last_service",
            "It is enabled and offers nothing else. Disable it instead.",
            "Disable it",
            "numbers:disable",
            (number.pk,),
        )
    ]


def _with_an_agent(number: PhoneNumber) -> list[Blocker]:
    if number.is_assigned:
        return []
    return [
        Blocker(
            "no_agent",
            "It has no agent, and an agent answers what it offers. Assign one first.",
            "Assign an agent",
            "numbers:assign",
            (number.pk,),
        )
    ]


def _can_text(number: PhoneNumber) -> list[Blocker]:
    if number.sms:
        return []
    return [Blocker("cannot_text", "Twilio says that this number cannot receive texts.")]


def enable(number: PhoneNumber, standing: Standing, *, enabled: int) -> list[Blocker]:
    """Everything that is missing before the number can be answered (S4-45 to S4-47).

    ``enabled`` counts the account's others.
    """
    blockers = _only(number, (NumberState.HELD,), "enabled")
    if not blockers and number.is_enabled:
        blockers.append(Blocker("enabled_already", "This number is enabled already."))
    if blockers:
        return blockers
    if not number.label:
        blockers.append(
            Blocker(
                "no_name",
                "It has no name. Give it one that your team knows it by.",
                "Name it",
                "numbers:detail",
                (number.pk,),
                "id_label",
            )
        )
    blockers += _with_an_agent(number)
    if number.agent is not None:
        blockers += agent(number.agent)
    if not number.texts:
        blockers.append(_no_service(number))
    blockers += _can_text(number)
    return (
        blockers
        + reachable(number.connection)
        + licensing_gates.put_to_work(standing, already=enabled, how="enabled")
    )


def _no_service(number: PhoneNumber) -> Blocker:
    """That it offers nothing, with the way to choose where that is open."""
    code, message = "no_service", "It offers nothing yet. Choose at least one service."
    if choose_services(number, texts=True):
        return Blocker(code, message)
    return Blocker(code, message, "Choose services", "numbers:services", (number.pk,))


def rename(number: PhoneNumber, label: str) -> list[Blocker]:
    """Reasons against giving the number that name (S4-47)."""
    if label or not number.is_enabled:
        return []
    return [
        Blocker(
            "enabled_needs_name",
            "An enabled number needs a name. Give it another one, or disable it first.",
        )
    ]


def count_enabled(account: Account, standing: Standing) -> int:
    """How many numbers are enabled, where that decides: after a grace period has run out."""
    return account.number_counts.enabled() if standing.restricted else 0


def disable(number: PhoneNumber) -> list[Blocker]:
    """Reasons against no longer answering the number."""
    if number.is_enabled:
        return []
    return [Blocker("not_enabled", "This number is not enabled.")]


def send_here_again(number: PhoneNumber) -> list[Blocker]:
    """Reasons against having Twilio send the texts here again."""
    if not number.goes_elsewhere(number.carrier_tasks.unfinished()):
        return [Blocker("comes_here", "Twilio has not been told otherwise.")]
    return reachable(number.connection)


def keep(number: PhoneNumber) -> list[Blocker]:
    """Reasons against noting that the number stays as a spare."""
    blockers = _only(number, (NumberState.HELD,), "kept as a spare")
    if not blockers and number.is_assigned:
        blockers.append(Blocker("assigned", "This number has an agent; it is in use."))
    if not blockers and number.keep_decided_at is not None:
        blockers.append(Blocker("kept_already", "This number is kept as a spare already."))
    return blockers


def unkeep(number: PhoneNumber) -> list[Blocker]:
    """Reasons against taking back the decision that the number stays as a spare."""
    blockers = _only(number, (NumberState.HELD,), "decided again")
    if not blockers and number.keep_decided_at is None:
        blockers.append(Blocker("not_kept", "Nobody has decided to keep this number."))
    return blockers


def mark_gone(number: PhoneNumber) -> list[Blocker]:
    """Reasons against closing the file of a number that Twilio no longer lists."""
    if _at_twilio(number):
        return []
    return _only(number, (NumberState.MISSING,), "marked as gone")


def _offered(number: PhoneNumber, verb: str) -> list[Blocker]:
    blockers = _only(number, (NumberState.HELD,), verb)
    if not blockers and not offered(number):
        blockers.append(
            Blocker("nothing_offered", "Twilio has no other settings than before it left.")
        )
    return blockers


def put_settings_back(number: PhoneNumber) -> list[Blocker]:
    """Reasons against writing the settings that a number had before it left over today's."""
    blockers = _offered(number, "given its settings back")
    return blockers or reachable(number.connection)


def leave_settings(number: PhoneNumber) -> list[Blocker]:
    """Reasons against leaving the settings at Twilio as they are, for good."""
    return _offered(number, "left as it is at Twilio")


def swap_out(number: PhoneNumber, fate: str = Fate.KEEP) -> list[Blocker]:
    """Reasons against the number leaving its place, with what becomes of it."""
    if fate == Fate.RELEASE:
        blockers = _release_disabled(number)
    elif fate == Fate.EXCLUDE:
        blockers = _exclude_disabled(number)
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
                "Unassign it",
                "numbers:unassign",
                (number.pk,),
            )
        )
    return blockers


def swap(leaving: PhoneNumber, taking: PhoneNumber, fate: str) -> list[Blocker]:
    """Reasons against one number taking another's place."""
    blockers = swap_out(leaving, fate) + swap_in(taking) + fits(leaving, taking)
    tags = {tag.name for number in (leaving, taking) for tag in number.tags.all()}
    if len(tags) > MOST_TAGS:
        blockers.append(
            Blocker(
                "too_many_tags",
                f"Both numbers together have {len(tags)} tags, and one can carry {MOST_TAGS}. "
                "Remove some first.",
                "See its tags",
                "numbers:detail",
                (taking.pk,),
                "id_tags",
            )
        )
    if (length := len(merged_notes(leaving, taking))) > LONGEST_NOTES:
        blockers.append(
            Blocker(
                "notes_too_long",
                f"The notes of both numbers together have {length:,} characters, and one can carry "
                f"{LONGEST_NOTES:,}. Shorten some first.",
                "See its notes",
                "numbers:detail",
                (taking.pk,),
                "id_notes",
            )
        )
    return blockers


def fits(leaving: PhoneNumber, taking: PhoneNumber) -> list[Blocker]:
    """Reasons why a number cannot offer what another one does; pickers show them."""
    blockers = []
    if leaving.texts and not taking.sms:
        blockers.append(
            Blocker(
                "cannot_text",
                f"{leaving} offers texts, and Twilio says that {taking} cannot receive them.",
                "Choose what it offers",
                "numbers:services",
                (leaving.pk,),
            )
        )
    return blockers + (reachable(taking.connection) if leaving.is_enabled else [])


def merged_notes(leaving: PhoneNumber, taking: PhoneNumber) -> str:
    """The notes after a swap: those that move first, then the taker's own."""
    return "\n\n".join(text for text in (leaving.notes, taking.notes) if text)


@dataclass(frozen=True)
class Facts:
    """What the gates of one number look at besides the number."""

    standing: Standing
    assigned: int
    enabled: int
    at: datetime


def facts_of(account: Account, *, at: datetime) -> Facts:
    """What gates and plans look at besides the number."""
    now = standing(account.pk, at=at)
    return Facts(
        standing=now,
        assigned=account.number_counts.assigned(),
        enabled=count_enabled(account, now),
        at=at,
    )


# --- Many numbers at once --------------------------------------------------------------------

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


READS_OF_KEEP: Reads = {
    **READS_OF_UNASSIGN,
    "kept": Case(When(keep_decided_at=None, then=Value(0)), default=Value(1)),
}


def reads_of_assign(agent_id: int) -> Reads:
    has_it = Case(When(agent_id=agent_id, then=Value(1)), default=Value(0))
    return {**READS_OF_UNASSIGN, "has_it": has_it}


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
