"""How made-up phones take calls, and who answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twilio_sandbox.messaging.rows import Phone
from twilio_sandbox.voice import people
from twilio_sandbox.world import World

BEHAVIORS = ("answers", "machine", "busy", "no-answer", "failed")
RING_SECONDS = 5.0  # until somebody answers, unless the phone says otherwise


@dataclass(frozen=True, slots=True)
class Handset:
    """What becomes of a call to a phone; without a script a live person answers."""

    behavior: str = "answers"
    script: people.Script | None = None
    hang_up_after: float | None = None  # seconds from the answer
    ring_seconds: float = RING_SECONDS


def handset(world: World, phone_number: str) -> Handset:
    """How the phone takes calls now; one that nobody set up is answered by a live person."""
    phone = world.phones.get(phone_number)
    if phone is None:
        return Handset()
    found = Handset(phone.calls, **phone.talk)
    if found.behavior == "machine" and found.script is None:
        return Handset(found.behavior, [], found.hang_up_after, found.ring_seconds)
    return found


def set_up(phone: Phone, body: dict[str, Any]) -> None:
    """Take from a body of the control API how the phone takes calls: `calls`, `script`,
    `hang_up_after`, `ring_seconds`; null gives up what was set. Raises `ValueError`, and changes
    nothing then.
    """
    behavior = body.get("calls", phone.calls)
    if behavior not in BEHAVIORS:
        raise ValueError(f"calls must be one of {', '.join(BEHAVIORS)}")
    talk = dict(phone.talk)
    if "script" in body:
        talk["script"] = people.read_script(body["script"])
    for name in ("hang_up_after", "ring_seconds"):
        if name in body:
            talk[name] = people.read_seconds(name, body[name])
    phone.calls = behavior
    phone.talk = {name: value for name, value in talk.items() if value is not None}


def shown(world: World, phone_number: str) -> dict[str, Any]:
    """The same as the control API shows it."""
    found = handset(world, phone_number)
    return {
        "calls": found.behavior,
        "script": found.script,
        "hang_up_after": found.hang_up_after,
        "ring_seconds": found.ring_seconds,
    }
