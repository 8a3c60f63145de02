"""The life of a call: its statuses, its timers, its end. What it follows is `interpreter`'s."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from twilio_sandbox.messaging.phones import is_toll_free
from twilio_sandbox.timers import action
from twilio_sandbox.voice import callbacks, lines, live, recordings
from twilio_sandbox.voice.rows import Call
from twilio_sandbox.world import World

MAX_SECONDS = 14_400  # the longest a call can be, and the default of TimeLimit
# US dollars for each begun minute; ours, Twilio's differ by country.
PRICES = {"inbound": 0.0085, "toll free": 0.022, "outbound": 0.014}

# twilio-facts 5.5; nothing leads out of the others.
MOVES: dict[str, frozenset[str]] = {
    "queued": frozenset({"ringing", "failed", "canceled"}),
    "ringing": frozenset({"in-progress", "busy", "failed", "no-answer", "canceled"}),
    "in-progress": frozenset({"completed"}),
}


class Listener(NamedTuple):
    """What a call does that waits for its person: when they speak, press keys, are silent, leave.

    Each is called with the world and the call; `said` with the text, its seconds and a confidence
    too, `pressed` with the keys, `left` with what it waited for: it is over, or is led elsewhere.
    """

    said: Callable[[World, Call, str, float, float], None]
    pressed: Callable[[World, Call, str], None]
    silent: Callable[[World, Call], None]
    left: Callable[[World, Call, dict[str, Any]], None]


LISTENERS: dict[str, Listener] = {}  # by what a call waits for


def is_over(call: Call) -> bool:
    return call.status not in MOVES


def set_status(world: World, call: Call, status: str) -> None:
    """Take a call to its next status; `ValueError` if nothing leads there."""
    if status not in MOVES.get(call.status, ()):
        raise ValueError(f"a call that is {call.status} cannot become {status}")
    call.status = status
    call.updated = world.now()
    world.calls.changed(call)


def answer(world: World, call: Call) -> None:
    """Somebody takes the call up; it can last as long as its time limit."""
    if call.status != "ringing":
        return
    set_status(world, call, "in-progress")
    call.start = world.now()
    limit = call.flow["options"].get("time_limit", MAX_SECONDS)
    call.flow["limit"] = world.after(limit, "voice.too_long", sid=call.sid)
    callbacks.tell(world, call, "answered")
    if call.direction == "inbound" and "peer" in call.flow:
        world.after(lines.DELAY_SECONDS, "voice.peer_answered", peer=call.flow["peer"])


def set_time_limit(world: World, call: Call, seconds: int) -> None:
    """Another limit for a call; it counts from the answer."""
    call.flow["options"]["time_limit"] = seconds
    if call.start is not None:
        world.cancel(call.flow.get("limit"))
        due = max(call.start + seconds, world.now())
        call.flow["limit"] = world.at(due, "voice.too_long", sid=call.sid)
    world.calls.changed(call)


@action("voice.too_long")
def too_long(world: World, sid: str) -> None:
    if (call := world.calls.get(sid)) is not None:
        end(world, call)


def end(world: World, call: Call, status: str = "completed") -> None:
    """The call is over: `completed` if it was answered, else what `status` says."""
    if is_over(call):
        return
    set_status(world, call, "completed" if call.status == "in-progress" else status)
    call.end = world.now()
    if call.start is not None:
        call.price = _price(call)
    for name in ("limit", "leaves", "detection"):
        world.cancel(call.flow.get(name))
    leave_what_it_does(world, call)
    recordings.end_all(world, call)
    live.stop_all(world, call)
    callbacks.tell(world, call, "completed")
    if "peer" in call.flow:
        world.act("voice.peer_over", {"sid": call.sid})
    call.flow = {name: call.flow[name] for name in _KEPT if name in call.flow}
    if call.parent_call_sid is not None:
        world.act("voice.child_over", {"sid": call.sid})


_KEPT = ("options", "callback")


def leave_what_it_does(world: World, call: Call) -> None:
    """Whatever the call waits for comes to nothing: it is over, or is led elsewhere."""
    for name in ("timer", "person_timer"):
        world.cancel(call.flow.get(name))
    waiting, call.flow["waiting"] = call.flow.get("waiting") or {}, {}
    call.flow["turn"] = call.flow.get("turn", 0) + 1  # an answer on its way is of no use any more
    if (listener := LISTENERS.get(waiting.get("for", ""))) is not None:
        listener.left(world, call, waiting)


def _price(call: Call) -> str:
    kind = "outbound"
    if call.direction == "inbound":
        kind = "toll free" if is_toll_free(call.to_number) else "inbound"
    minutes = -(-(call.duration or 0) // 60)
    return f"-{minutes * PRICES[kind]:.5f}"


# Where a call is in what it follows


def wait(
    world: World, call: Call, seconds: float, then: str, waiting: dict[str, Any] | None = None
) -> None:
    """Go on with an action when the seconds are over; what was waited for before is forgotten.

    `waiting` says what for, if something else than the time may happen.
    """
    world.cancel(call.flow.get("timer"))
    call.flow["timer"] = world.after(seconds, then, sid=call.sid)
    if waiting is not None:
        call.flow["waiting"] = waiting
    world.calls.changed(call)


def wait_for(world: World, call: Call, waiting: dict[str, Any]) -> None:
    """Wait for something that no timer brings."""
    world.cancel(call.flow.get("timer"))
    call.flow["timer"], call.flow["waiting"] = None, waiting
    world.calls.changed(call)
