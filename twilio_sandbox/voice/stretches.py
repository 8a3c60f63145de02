"""What is in a recording: the part of `Call.heard` that lies in its stretches of time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twilio_sandbox.context import VERSION
from twilio_sandbox.voice.rows import Call, Recording
from twilio_sandbox.world import World

SIDES = {"both": ("person", "program"), "inbound": ("person",), "outbound": ("program",)}
SILENT = "pause"  # the kind of a line of `Call.heard` in which nobody is heard

Span = tuple[float, float]


def seconds(recording: Recording) -> float:
    """The length of all stretches that have ended."""
    return sum(span[1] - span[0] for span in recording.stretches if len(span) == 2)


def heard(call: Call, recording: Recording) -> list[dict[str, Any]]:
    """The lines of the recorded track in which somebody is heard."""
    sides = SIDES[recording.track]
    return [line for line in call.heard if line["side"] in sides and line["kind"] != SILENT]


def parts(recording: Recording, line: dict[str, Any]) -> Iterator[Span]:
    """The spans of a line, Unix seconds, that are in the recording."""
    start, stop = line["at"], line["at"] + line["seconds"]
    for stretch in recording.stretches:
        span = (max(start, stretch[0]), min(stop, stretch[1]))
        if span[0] < span[1]:
            yield from _without(span, recording.options["silences"])


def _without(span: Span, silences: list[list[float]]) -> Iterator[Span]:
    start, stop = span
    for begins, ends in silences:
        if begins >= stop or ends <= start:
            continue
        if start < begins:
            yield start, begins
        start = ends
    if start < stop:
        yield start, stop


def path(recording: Recording) -> str:
    """Where the file is; with `.json` the resource."""
    return f"/{VERSION}/Accounts/{recording.account_sid}/Recordings/{recording.sid}"


def link(world: World, recording: Recording) -> str:
    """The file's address as webhooks give it."""
    return world.base_url("api") + path(recording)
