"""The life of a recording: in progress, paused, processing, completed or absent (facts 6.2).

What is in it is not kept as sound: see `stretches`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twilio_sandbox.clock import rfc2822
from twilio_sandbox.timers import action
from twilio_sandbox.voice.rows import Call, Recording
from twilio_sandbox.voice.stretches import heard, link, parts, seconds
from twilio_sandbox.webhooks.sending import send
from twilio_sandbox.world import World

ACTIVE = ("in-progress", "paused")
EVENTS = ("in-progress", "completed", "absent")
PROCESSING_SECONDS = 2.0  # Twilio publishes none
KEPT_SECONDS = 40 * 86_400  # how long what is left of a deleted one can be fetched
MINUTE_PRICE = 0.0025  # US dollars, for each begun minute


def begin(
    world: World,
    call: Call,
    *,
    source: str,
    channels: int = 1,
    track: str = "both",
    trim: str = "do-not-trim",
    callback: dict[str, Any] | None = None,
    at: float | None = None,
) -> Recording:
    """Record a call from `at` (Unix seconds, now unless given) on.

    `channels` is 1 or 2, `track` both, inbound or outbound, `trim` trim-silence or do-not-trim.
    `callback` has `url`, `method` (POST) and `events`, a list or words of `EVENTS` (completed).
    """
    start = world.now() if at is None else at
    recording = world.recordings.add(
        Recording(
            *world.stamp("RE", call.account_sid),
            call_sid=call.sid,
            source=source,
            channels=channels,
            track=track,
            status="in-progress",
            start=start,
            stretches=[[start]],
            callback=_callback(callback),
            options={"trim": trim == "trim-silence", "silences": []},
        )
    )
    _tell(world, recording, "in-progress")
    return recording


def _callback(given: dict[str, Any] | None) -> dict[str, Any]:
    if not given or not given.get("url"):
        return {}
    events = given.get("events") or ["completed"]
    return {
        "url": given["url"],
        "method": given.get("method") or "POST",
        "events": (events if isinstance(events, str) else " ".join(events)).split(),
    }


def pause(world: World, recording: Recording, behavior: str = "silence") -> None:
    """Leave out what follows: `skip` it, or let `silence` be in its place (Twilio's default)."""
    if recording.status != "in-progress":
        return
    now = world.now()
    if behavior == "skip":
        recording.stretches[-1].append(now)
    else:
        recording.options["silences"].append([now])
    _set_status(world, recording, "paused")


def resume(world: World, recording: Recording) -> None:
    """Go on after a pause."""
    if recording.status != "paused":
        return
    now = world.now()
    if len(recording.stretches[-1]) == 2:
        recording.stretches.append([now])
    _close(recording.options["silences"], now)
    _set_status(world, recording, "in-progress")


def end(world: World, recording: Recording, *, at: float | None = None) -> None:
    """Stop at `at` (Unix seconds, now unless given); the file is ready a little later."""
    if recording.status not in ACTIVE:
        return
    moment = max(recording.start, world.now() if at is None else at)
    _close(recording.stretches, moment)
    _close(recording.options["silences"], moment)
    call = world.calls.get(recording.call_sid)
    if call is None or call.start is None:
        recording.stretches = []
    elif recording.options["trim"]:
        recording.stretches = _trimmed(call, recording)
    if recording.stretches:
        recording.duration = round(seconds(recording))
    _set_status(world, recording, "processing")
    world.after(PROCESSING_SECONDS, "voice.recording_ready", sid=recording.sid)


def _close(spans: list[list[float]], moment: float) -> None:
    if spans and len(spans[-1]) == 1:
        spans[-1].append(max(moment, spans[-1][0]))


def _trimmed(call: Call, recording: Recording) -> list[list[float]]:
    """The stretches without the silence before the first and after the last sound."""
    sounds = [span for line in heard(call, recording) for span in parts(recording, line)]
    if not sounds:
        return []
    first, last = min(span[0] for span in sounds), max(span[1] for span in sounds)
    return [
        [max(start, first), min(stop, last)]
        for start, stop in recording.stretches
        if start < last and stop > first
    ]


def end_all(world: World, call: Call) -> None:
    """Stop what goes on of a call's recordings."""
    for recording in of_call(world, call):
        end(world, recording)


def of_call(world: World, call: Call) -> list[Recording]:
    """A call's recordings by ascending `seq`, the deleted ones too."""

    def newest_first() -> Iterator[Recording]:
        for recording in reversed(world.recordings.of(call.account_sid)):
            if recording.seq < call.seq:
                return
            if recording.call_sid == call.sid:
                yield recording

    return list(newest_first())[::-1]


def delete(world: World, recording: Recording) -> None:
    """Take the file away for good; what it was can be fetched for forty days."""
    now = world.now()
    _close(recording.stretches, now)
    _close(recording.options["silences"], now)
    _set_status(world, recording, "deleted")


def is_forgotten(world: World, recording: Recording) -> bool:
    """Whether it was deleted so long ago that nothing of it can be fetched."""
    return recording.status == "deleted" and world.now() - recording.updated > KEPT_SECONDS


@action("voice.recording_ready")
def ready(world: World, sid: str) -> None:
    """The file is there, or there is nothing to be heard."""
    recording = world.recordings.get(sid)
    if recording is None or recording.status != "processing":
        return
    if recording.duration is None:
        _set_status(world, recording, "absent")
    else:
        recording.price = f"-{max(1, -(-recording.duration // 60)) * MINUTE_PRICE:.5f}"
        _set_status(world, recording, "completed")
    _tell(world, recording, recording.status)


def _set_status(world: World, recording: Recording, status: str) -> None:
    recording.status = status
    recording.updated = world.now()
    world.recordings.changed(recording)


# What programs are told


def parameters(world: World, recording: Recording) -> dict[str, str]:
    """What the request to a `<Record>` verb's `action` says of its recording."""
    return {
        "RecordingUrl": link(world, recording),
        "RecordingSid": recording.sid,
        "RecordingDuration": str(recording.duration or 0),
    }


def _tell(world: World, recording: Recording, event: str) -> None:
    """Call the status callback, if it wants to know of the event."""
    callback = recording.callback
    if event not in callback.get("events", ()):
        return
    form = {
        "AccountSid": recording.account_sid,
        "CallSid": recording.call_sid,
        **parameters(world, recording),
        "RecordingStatus": recording.status,
        "RecordingChannels": str(recording.channels),
        "RecordingSource": recording.source,
        "RecordingStartTime": rfc2822(recording.start),
        "RecordingTrack": recording.track,
        "ErrorCode": str(recording.error_code or 0),
    }
    if event == "in-progress":
        del form["RecordingDuration"]
    send(
        world,
        recording.account_sid,
        "recording.status",
        callback["url"],
        form,
        method=callback["method"],
        subject_sid=recording.call_sid,
    )
