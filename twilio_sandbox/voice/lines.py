"""What is to be heard in a call, and how long it takes to say it."""

from __future__ import annotations

from twilio_sandbox.voice import live
from twilio_sandbox.voice.rows import Call
from twilio_sandbox.world import World

WORDS_A_SECOND = 2.5
SHORTEST_SECONDS = 1.0
SECONDS_A_DIGIT = 0.5
DELAY_SECONDS = 0.2  # until the other end of a call between two numbers hears it
FILE_SECONDS = 3.0  # of a file that <Play> names; nobody fetches it


def speaking_seconds(text: str) -> float:
    """How long a text takes to say."""
    return max(len(text.split()) / WORDS_A_SECOND, SHORTEST_SECONDS)


def hear(world: World, call: Call, side: str, kind: str, text: str, seconds: float) -> None:
    """Something begins to be heard now, and takes so many seconds.

    `side` is `person` (the phone's) or `program` (all else, as the phone hears it); `kind` is say,
    play, speech, digits or pause.
    """
    line = {"at": world.now(), "seconds": seconds, "side": side, "kind": kind, "text": text}
    call.heard = [*call.heard, line]
    world.calls.changed(call)
    live.heard(world, call, line)
    if side == "program" and kind in ("say", "digits") and "peer" in call.flow:
        peer = call.flow["peer"]
        world.after(DELAY_SECONDS, "voice.peer_said", peer=peer, kind=kind, text=text)
