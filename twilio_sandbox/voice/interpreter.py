"""Carries out the verbs of a document, one after the other (twilio-facts 6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from twilio_sandbox.timers import action
from twilio_sandbox.voice import calls, twiml
from twilio_sandbox.voice.rows import Call
from twilio_sandbox.world import World

# Whether to go on with the next verb at once; False: something later goes on with it.
Carrier = Callable[[World, Call, twiml.Verb], bool]
VERBS: dict[str, Carrier] = {}
C = TypeVar("C", bound=Carrier)


def verb(name: str) -> Callable[[C], C]:
    """Make a function the one that carries out a verb."""

    def register(function: C) -> C:
        VERBS[name] = function
        return function

    return register


def run(world: World, call: Call) -> None:
    """Carry out verbs until one takes time; a call without a next verb ends, or is connected.

    Everything but a `<Reject>` that comes first, or a `<Dial>` that answers on the bridge, takes
    the call up.
    """
    call.flow["waiting"] = {}
    while call.flow["verbs"]:
        following, *call.flow["verbs"] = call.flow["verbs"]
        if not _leaves_ringing(following):
            calls.answer(world, call)
        world.calls.changed(call)
        if not VERBS[following["name"]](world, call, following):
            return
    calls.answer(world, call)
    if (afterwards := call.flow.get("afterwards")) is not None:
        world.act(afterwards, {"sid": call.sid})
    else:
        calls.end(world, call)


def _leaves_ringing(following: twiml.Verb) -> bool:
    return following["name"] == "Reject" or (
        following["name"] == "Dial" and twiml.flag(following, "answerOnBridge")
    )


@action("voice.go_on")
def go_on(world: World, sid: str) -> None:
    """What a verb did is done: on to the next one."""
    call = world.calls.get(sid)
    if call is not None and not calls.is_over(call):
        run(world, call)
