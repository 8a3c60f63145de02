"""What becomes of two numbers that change places."""

from __future__ import annotations

from config.text import on_day
from licensing.standing import Standing
from numbers import gates, routes
from numbers.models import PhoneNumber
from numbers.states import Fate

from .leaving import cost_of_exclusion, cost_of_release, way_back_from_release
from .plan import Change, Plan, agent_name, shown, without


def swap_plan(leaving: PhoneNumber, taking: PhoneNumber, *, fate: str, standing: Standing) -> Plan:
    """Both numbers before and after a swap; the license count does not change (S0-10)."""
    after_state = {
        Fate.RELEASE: "Released",
        Fate.EXCLUDE: "Excluded",
        Fate.KEEP: "Kept",
    }[Fate(fate)]
    left_tags, took_tags = ({tag.name for tag in n.tags.all()} for n in (leaving, taking))
    rows = [
        ("Name", leaving, leaving.label, ""),
        ("Name", taking, taking.label, leaving.label or taking.label),
        ("Agent", leaving, agent_name(leaving), ""),
        ("Agent", taking, agent_name(taking), agent_name(leaving)),
        ("Tags", leaving, ", ".join(sorted(left_tags)), ""),
        ("Tags", taking, ", ".join(sorted(took_tags)), ", ".join(sorted(left_tags | took_tags))),
        ("Texts", leaving, _on_or_off(leaving.texts), _on_or_off(False)),
        ("Texts", taking, _on_or_off(taking.texts), _on_or_off(leaving.texts or taking.texts)),
        ("Answered", leaving, shown(leaving.is_enabled), shown(False)),
        ("Answered", taking, shown(taking.is_enabled), shown(leaving.is_enabled)),
        ("Notes", leaving, leaving.notes, ""),
        ("Notes", taking, taking.notes, gates.merged_notes(leaving, taking)),
        ("Kept until", leaving, _until(leaving), ""),
        ("Kept until", taking, _until(taking), ""),
        ("State", leaving, leaving.stands, after_state),
    ]
    return Plan(
        changes=[
            Change(label, str(number), before, after)
            for label, number, before, after in rows
            if before != after
        ],
        touches=_touched_by_swap(leaving, taking),
        cost=f"The number of licenses does not change. {_swap_cost(leaving, fate, standing)}",
        undo=_swap_undo(leaving, taking, fate, standing),
        blockers=gates.swap(leaving, taking, fate),
    )


def _until(number: PhoneNumber) -> str:
    return on_day(number.kept_until) if number.kept_until else ""


def _on_or_off(value: bool) -> str:
    return "on" if value else "off"


def _touched_by_swap(leaving: PhoneNumber, taking: PhoneNumber) -> list[str]:
    if leaving.is_enabled:
        return [
            f"Whoever texts {leaving} is no longer answered here.",
            f"Twilio is told to send the texts of {taking} here; what it has today is kept.",
        ]
    return [
        f"Neither is answered: {leaving} is disabled, and so is {taking} then.",
        "Settings at Twilio of the number that takes the place stay as they are.",
    ]


def _swap_cost(leaving: PhoneNumber, fate: str, standing: Standing) -> str:
    """What becomes of the number that leaves costs as much as without a swap."""
    if fate == Fate.RELEASE:
        return cost_of_release(leaving, standing)
    if fate == Fate.EXCLUDE:
        return cost_of_exclusion(leaving, standing, it=str(leaving))
    return standing.said_of(0)


def _swap_undo(leaving: PhoneNumber, taking: PhoneNumber, fate: str, standing: Standing) -> str:
    if fate == Fate.RELEASE:
        back = way_back_from_release(leaving, standing, it=str(leaving))
        return back if leaving.is_hosted else f"{back} Then swap again."
    if fate == Fate.EXCLUDE:
        license = without(leaving, standing).said_of_return(1)
        return f"Bring {leaving} back at any time and swap again. {license}"
    if shut := gates.swap_back(leaving, taking):
        return f"No Undo as things are. {shut[0].message}"
    if lost := lost_by_swapping_back(leaving, taking):
        return (
            "Swap again at any time. That does not bring back "
            f"{' or '.join(lost)}, so there is no Undo."
        )
    return " ".join(
        ["Undo it right afterwards, or swap again at any time.", *_left_there(leaving, taking)]
    )


def lost_by_swapping_back(leaving: PhoneNumber, taking: PhoneNumber) -> list[str]:
    """What the two have before a swap that keeps both, and not after the swap the other way."""
    has = {
        "name": taking.label,
        "notes": taking.notes,
        "tags": taking.tags.all(),
        "setting of texts": taking.texts,
    }
    own = [what for what, value in has.items() if value]
    kept = [number for number in (taking, leaving) if number.keep_decided_at is not None]
    return [f"the {', '.join(own)} of {taking}"] * bool(own) + [
        f"the decision to keep {number} as a spare" for number in kept
    ]


def _left_there(leaving: PhoneNumber, taking: PhoneNumber) -> list[str]:
    """What a swap back does not put right at Twilio: where texts of an enabled number go."""
    if not leaving.is_enabled:
        return []
    left = []
    if not routes.comes_here(taking, taking.twilio) or routes.missing(taking, taking.twilio):
        left.append(
            f"After that the texts of {taking} still come here, and are kept and not answered; "
            "excluding it has them go where they went before."
        )
    if leaving.goes_elsewhere(leaving.carrier_tasks.unfinished()):
        left.append(
            f"Somebody at Twilio has sent the texts of {leaving} elsewhere; by Undo Twilio is told "
            "to send them here again."
        )
    return left
