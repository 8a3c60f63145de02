"""A call from one number of this sandbox to another: two calls, and the two programs talk.

The caller's leg rings as long as the called number's program takes to answer. What one program
says is what the other one hears from its person.
"""

from __future__ import annotations

from twilio_sandbox.timers import action
from twilio_sandbox.voice import calls, inbound, people
from twilio_sandbox.voice.rows import Call
from twilio_sandbox.world import World

MAX_HOPS = 5


def reaches(world: World, leg: Call) -> bool:
    """Whether a number of this sandbox is called, and nobody said how a phone would take it."""
    return leg.to_number in world.by_phone_number and leg.to_number not in world.phones


def ring(world: World, leg: Call) -> None:
    """Let the number ring; one that takes no calls is a call that failed."""
    number = world.by_phone_number[leg.to_number]
    if _hops(world, leg) > MAX_HOPS:
        calls.end(world, leg, "failed")
        return
    caller = inbound.Caller(leg.from_number, [])
    received = inbound.receive(world, caller, number, peer=leg.sid)
    if received.call is None:
        calls.end(world, leg, "failed")
    elif not calls.is_over(leg):
        leg.flow["peer"] = received.call.sid
        world.calls.changed(leg)


def _hops(world: World, leg: Call | None) -> int:
    """How many numbers of this sandbox dialled one another up to this call."""
    count = 0
    while leg is not None:
        caller = world.calls.get(leg.parent_call_sid or "")
        leg = world.calls.get(caller.flow.get("peer", "")) if caller is not None else None
        count += 1
    return count


@action("voice.peer_answered")
def answered(world: World, peer: str) -> None:
    """The program of the called number took the call up: so did the caller's phone."""
    leg = world.calls.get(peer)
    if leg is not None and leg.status == "ringing":
        world.act("voice.picked_up", {"sid": leg.sid})


@action("voice.peer_over")
def over(world: World, sid: str) -> None:
    """One of the two is over: so is the other one."""
    call = world.calls[sid]
    other = world.calls.get(call.flow["peer"])
    if other is None or calls.is_over(other):
        return
    calls.end(world, other, "no-answer" if call.status == "completed" else call.status)


@action("voice.peer_said")
def said(world: World, peer: str, kind: str, text: str) -> None:
    """What the one program says, or the keys it sends, the other one hears."""
    other = world.calls.get(peer)
    if other is None or other.status != "in-progress":
        return
    if kind == "digits":
        people.press(world, other, text)
    else:
        people.say(world, other, text)
