"""What is kept of a call: its recordings with their texts, and what was transcribed live."""

from __future__ import annotations

import json
from collections.abc import Iterable

from twilio_sandbox.errors import ControlError
from twilio_sandbox.http import Response
from twilio_sandbox.page import parts
from twilio_sandbox.page.html import Child, Markup, tag
from twilio_sandbox.page.visit import Page, Visit
from twilio_sandbox.voice import audio
from twilio_sandbox.voice.rows import Call, LiveTranscription, Recording
from twilio_sandbox.webhooks.rows import Webhook

READY, DELETED = "completed", "deleted"
CONTENT = "transcription.content"  # the kind of webhook that tells what was understood
TRACKS = {"inbound_track": "The person", "outbound_track": "The program"}


def of_call(visit: Visit, call: Call, hooks: Iterable[Webhook]) -> Child:
    """Two sections, each only if there is something; `hooks` are the call's webhooks."""
    world = visit.world
    recordings = [
        row
        for row in world.recordings.of(call.account_sid)
        if row.call_sid == call.sid and row.status != DELETED
    ]
    live = [
        row for row in world.live_transcriptions.of(call.account_sid) if row.call_sid == call.sid
    ]
    return (_recordings(visit, recordings), _live(live, hooks))


def _recordings(visit: Visit, rows: list[Recording]) -> Child:
    if not rows:
        return None
    heads = ("Recording", "Status", "To hear", "Text")
    table = parts.table("Recordings", heads, [_recording(visit, row) for row in rows])
    return parts.section("Recordings", parts.live("recordings", table), id="recorded")


def _recording(visit: Visit, row: Recording) -> tuple[Child, ...]:
    texts = [
        each.text or each.status
        for each in visit.world.transcriptions.of(row.account_sid)
        if each.recording_sid == row.sid
    ]
    return (
        (row.source, tag("small", "both apart" if row.channels == 2 else "one channel")),
        parts.badge(row.status),
        _sound(row),
        parts.lines(*texts) if texts else None,
    )


def _sound(row: Recording) -> Child:
    """To play and to download it, once it is ready."""
    length = None if row.duration is None else f"{row.duration} s"
    if row.status != READY:
        return length
    address = parts.to("recordings", row.sid)
    about = f"Recording of {length}"
    download = parts.link("Download", address, download=f"{row.sid}.wav")
    return (
        tag("audio", src=address, controls=True, preload="none", aria_label=about),
        tag("div", length, " · ", download),
    )


def show_file(visit: Visit) -> Response:
    """The sound of a recording, without asking Twilio's side for it."""
    row = visit.world.recordings.get(visit.args["sid"])
    if row is None or row.status != READY:
        raise ControlError(404, f"There is no recording {visit.args['sid']} to be heard.")
    content = audio.wave(visit.world.calls.get(row.call_sid), row, row.channels)
    return Response(200, content, {"Content-Type": "audio/x-wav"})


def _live(rows: list[LiveTranscription], hooks: Iterable[Webhook]) -> Child:
    if not rows:
        return None
    told = [dict(hook.form or []) for hook in hooks if hook.kind == CONTENT]
    blocks = [
        (
            tag("p", parts.soft(row.name or row.sid), " ", parts.badge(row.status)),
            tag("ul", [_words(form) for form in told if form["TranscriptionSid"] == row.sid]),
        )
        for row in rows
    ]
    return parts.section("Transcribed live", parts.live("live", blocks), id="transcribed")


def _words(form: dict[str, str]) -> Markup:
    """A line that was told; what may still change is marked as such."""
    words = json.loads(form["TranscriptionData"])["transcript"]
    unsure = None if form["Final"] == "true" else parts.soft(" (so far)")
    return tag("li", f"{TRACKS.get(form['Track'], form['Track'])}: {words}", unsure)


PAGES = [Page("/room/recordings/(?P<sid>[^/]+)", show_file)]
