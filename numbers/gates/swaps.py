"""Why one number cannot take the place of another."""

from __future__ import annotations

from config.errors import Blocker
from numbers.models import PhoneNumber
from numbers.states import LONGEST_NOTES, MOST_TAGS, Fate, NumberState

from .connections import reachable
from .leaving import exclude_disabled, release_disabled
from .reasons import only, unprotected


def swap_out(number: PhoneNumber, fate: str = Fate.KEEP) -> list[Blocker]:
    """Reasons against the number leaving its place, with what becomes of it."""
    if fate == Fate.RELEASE:
        blockers = release_disabled(number)
    elif fate == Fate.EXCLUDE:
        blockers = exclude_disabled(number)
    else:
        blockers = unprotected(number)
    return only(number, (NumberState.HELD,), "swapped out") or blockers


def swap_in(number: PhoneNumber) -> list[Blocker]:
    """Reasons against the number taking another one's place: it must be held and unassigned."""
    blockers = only(number, (NumberState.HELD,), "swapped in")
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


def swap_back(leaving: PhoneNumber, taking: PhoneNumber) -> list[Blocker]:
    """Reasons that stand already against the swap the other way, once ``taking`` has the place."""
    return swap_out(taking) + (reachable(leaving.connection) if leaving.is_enabled else [])


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
