"""What is to be heard in a call, and how long it takes to say it."""

from __future__ import annotations

from telephony.sandbox.voice.rows import Call
from telephony.sandbox.world import World

WORDS_A_SECOND = 2.5
SHORTEST_SECONDS = 1.0
SECONDS_A_DIGIT = 0.5
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
