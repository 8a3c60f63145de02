"""What becomes of the calls and texts to a number."""

from __future__ import annotations

from config.text import name_as_label
from licensing.standing import Standing
from numbers import gates, routes
from numbers.models import PhoneNumber
from numbers.states import TaskKind

from .plan import Change, Plan, agent_name


def unassign_plan(number: PhoneNumber) -> Plan:
    """What taking the agent off the number touches."""
    agent = agent_name(number)
    return Plan(
        changes=[Change("Agent", str(number), agent, "")],
        touches=[f"{agent or 'The agent'} is no longer its agent."],
        cost="Nothing changes: it stays held and takes its license.",
        undo="Assign it again at any time.",
        blockers=gates.unassign(number),
    )


def enable_plan(number: PhoneNumber, *, standing: Standing, enabled: int) -> Plan:
    """Where Twilio sends the texts today, and where from now on (B4, B6)."""
    there = routes.routes_of(number.twilio)
    agent = agent_name(number)
    return Plan(
        changes=[
            Change("Answered", str(number), "no", "yes"),
            *(
                Change(name_as_label(name), str(number), there[name], value)
                for name, value in routes.planned(number).items()
            ),
        ],
        touches=[
            f"{agent or 'Its agent'} gets the texts to this number from now on.",
            *_kept_by_enabling(number),
        ],
        cost="Nothing is charged for enabling.",
        undo=(
            "Disable it at any time. That writes nothing at Twilio: texts go on coming here and "
            "are kept. To have them go where they went before, exclude the number."
        ),
        blockers=gates.enable(number, standing, enabled=enabled),
    )


def _kept_by_enabling(number: PhoneNumber) -> list[str]:
    """What Twilio is told, and what is put back one day (decision 38)."""
    if routes.comes_here(number, number.twilio):
        asked = "Twilio still sends its texts here, and is asked at once whether that is so."
    else:
        asked = "Twilio is told at once."
    if number.before_service.get(routes.WANTED) or _waits_for_restore(number):
        return [asked, "What its restore was to put back is kept for when the number is excluded."]
    if not routes.comes_here(number, number.twilio):
        kept = "What it has today, as the last refresh found it, is kept and put back when the "
        return [asked, f"{kept}number is excluded."]
    before = routes.addresses(routes.to_keep(number, number.twilio))
    if not before:
        return [asked, "Nothing was set there before; excluded, it is set to nothing again."]
    kept = "What Twilio had before stays kept and is put back when the number is excluded: "
    return [asked, f"{kept}{', '.join(before.values())}."]


def _waits_for_restore(number: PhoneNumber) -> bool:
    """Whether settings that say where its texts go are still to be put back."""
    waiting = number.carrier_tasks.unfinished().filter(kind=TaskKind.PUT_BACK)
    return any(routes.addresses(task.settings) for task in waiting)


def texts_of_disabled(number: PhoneNumber) -> str:
    """What becomes of texts to a number that is not answered."""
    if routes.comes_here(number, number.twilio):
        return "Texts to it still come here, are kept, and are not answered."
    return "Texts to it go where Twilio sends them now, which is not here."


def disable_plan(number: PhoneNumber) -> Plan:
    """What stops, and what stays as it is."""
    return Plan(
        changes=[Change("Answered", str(number), "yes", "no")],
        touches=[
            texts_of_disabled(number),
            "Agent, services and name stay. Nothing is changed at Twilio"
            + (
                ": what it had before is put back when the number is excluded."
                if routes.comes_here(number, number.twilio)
                else "."
            ),
        ],
        cost="While it is disabled nothing is counted. It stays held and takes its license.",
        undo="Enable it again at any time.",
        blockers=gates.disable(number),
    )
