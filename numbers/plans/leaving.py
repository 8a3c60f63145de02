"""What becomes of a number that leaves."""

from __future__ import annotations

from config.text import absolute
from licensing import gates as licensing_gates
from licensing.standing import Standing
from numbers import gates, routes
from numbers.models import PhoneNumber
from numbers.previous import settings_of
from numbers.states import RESTORE_WINDOW, TAKES_LICENSE

from .plan import Change, Plan, without

#: How a released number comes back, if it does.
BOUGHT_AGAIN = (
    "if Twilio still has it: it is bought again, and where Twilio refuses you get the steps for "
    "the Twilio Console."
)
FREE = "Releasing is free. Twilio does not refund the month that is paid."


def _licenses_after(number: PhoneNumber, standing: Standing) -> str:
    """What the number's going does to the licenses, if it takes one."""
    return standing.said_of(-1) if number.state in TAKES_LICENSE else ""


def cost_of_release(number: PhoneNumber, standing: Standing) -> str:
    return f"{FREE} {_licenses_after(number, standing)}".rstrip()


HOSTED = (
    "cannot be bought back: it is hosted, so it belongs to another carrier and not to Twilio. To "
    "have it here again it is hosted anew in the Twilio Console."
)


def way_back_from_release(number: PhoneNumber, standing: Standing, *, it: str = "It") -> str:
    if number.is_hosted:
        return f"{it} {HOSTED}"
    until = absolute(standing.at + RESTORE_WINDOW, number.account.zone)
    return (
        f"{it} can come back until about {until}, {BOUGHT_AGAIN} "
        f"{without(number, standing).said_of_return(1)}"
    )


def said_of_restore(number: PhoneNumber, standing: Standing) -> str:
    """The way back of a number whose release has just begun, in a sentence."""
    if number.is_hosted:
        return "It cannot be bought back."
    sentence = f"“Restore” undoes it within {RESTORE_WINDOW.days} days."
    if licensing_gates.take_license(standing, left_at=standing.at):
        return f"{sentence} {standing.said_of_return(1)}"
    return sentence


def release_plan(number: PhoneNumber, *, standing: Standing) -> Plan:
    """What releasing touches, what it costs, until when it can be undone (S1-14 to S1-18)."""
    touches = []
    if number.agent:
        touches.append(f"{number.agent.name} is no longer its agent.")
    kept = settings_of(number)
    if any(name.startswith(("voice_", "trunk_")) for name in kept):
        touches.append("Calls to it no longer reach the voice settings at Twilio.")
    if any(name.startswith("sms_") for name in kept):
        touches.append("Texts to it no longer reach the messaging settings at Twilio.")
    touches.append("Name, notes, tags and settings are kept here for a restore.")
    return Plan(
        changes=[Change("State", str(number), number.get_state_display(), "Released")],
        touches=touches,
        cost=cost_of_release(number, standing),
        undo=way_back_from_release(number, standing),
        blockers=gates.release(number),
    )


def exclude_plan(number: PhoneNumber, *, standing: Standing) -> Plan:
    """What excluding the number touches."""
    touches = ["It stays at Twilio, keeps its settings there, and Twilio goes on billing it."]
    if routes.comes_here(number, number.twilio):
        touches = [
            "It stays at Twilio, which goes on billing it.",
            "Twilio is told to send its texts where they went before it was enabled.",
        ]
    if number.agent:
        touches.insert(0, f"{number.agent.name} is no longer its agent.")
    with_agent = "; its agent comes back with it" if number.agent else ""
    return Plan(
        changes=[Change("State", str(number), number.get_state_display(), "Excluded")],
        touches=touches,
        cost=cost_of_exclusion(number, standing),
        undo=(
            f"Bring it back at any time{with_agent}. {without(number, standing).said_of_return(1)}"
        ),
        blockers=gates.exclude(number),
    )


def cost_of_exclusion(number: PhoneNumber, standing: Standing, *, it: str = "It") -> str:
    after = _licenses_after(number, standing)
    return f"{it} takes no license. Twilio's own monthly price goes on. {after}".rstrip()


def mark_gone_plan(number: PhoneNumber) -> Plan:
    """What closing the file of a missing number touches."""
    return Plan(
        changes=[Change("State", str(number), number.get_state_display(), "Gone")],
        touches=[
            "Its name, notes, tags and history stay here, under Gone.",
            "Nothing happens at Twilio: it is no longer in the subaccount.",
        ],
        cost="Nothing. A missing number takes no license.",
        undo="If a later refresh finds it at Twilio, it comes back by itself.",
        blockers=gates.mark_gone(number),
    )
