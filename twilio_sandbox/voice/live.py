"""Real-time transcription: what is said in a call, told while it is said (twilio-facts 6.3)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from twilio_sandbox.clock import iso8601
from twilio_sandbox.monitor import alerts
from twilio_sandbox.timers import Timer, action
from twilio_sandbox.voice.rows import Call, LiveTranscription
from twilio_sandbox.webhooks.courier import Outcome
from twilio_sandbox.webhooks.rows import PENDING
from twilio_sandbox.webhooks.sending import send
from twilio_sandbox.world import World

ENGINES = ("google", "deepgram")
TRACKS = {"person": "inbound_track", "program": "outbound_track"}
SPOKEN = ("speech", "say")  # the kinds of lines of `Call.heard` that have words
UNKNOWN_ENGINE = 32_650  # ours: Twilio's code is not known
DEFAULTS: dict[str, Any] = {
    "Track": "both_tracks",
    "StatusCallbackMethod": "POST",
    "InboundTrackLabel": "inbound_track",
    "OutboundTrackLabel": "outbound_track",
    "PartialResults": False,
    "LanguageCode": "en-US",
    "TranscriptionEngine": "google",
    "ProfanityFilter": True,
    "SpeechModel": "telephony",
    "EnableAutomaticPunctuation": True,
}
_FLAGS = ("PartialResults", "ProfanityFilter", "EnableAutomaticPunctuation")
_CONFIGURATION = ("profanityFilter", "speechModel", "enableAutomaticPunctuation", "hints")
TRIES, AGAIN_SECONDS = 3, 1.0  # how often, and after which time, a callback is sent again
AGAIN_STATUSES = frozenset({408, 425, 429, *range(500, 600)})
UNDELIVERED = 17580
_CONFIDENCE, _STABILITY = 0.95, "0.9"
_TOLD = "voice.live_content"


def begin(
    world: World, call: Call, settings: dict[str, Any], name: str | None = None
) -> LiveTranscription:
    """Transcribe a call from now on.

    `settings` are under the names of the REST parameters (`StatusCallbackUrl`, `Track` …); flags
    are booleans or `true` and `false`. An engine that does not exist ends it with an error.
    """
    given = {key: value for key, value in settings.items() if value not in (None, "")}
    whole = DEFAULTS | given
    whole |= {flag: str(whole[flag]).lower() == "true" for flag in _FLAGS}
    row = world.live_transcriptions.add(
        LiveTranscription(
            *world.stamp("GT", call.account_sid),
            call_sid=call.sid,
            name=name,
            status="in-progress",
            settings=whole,
        )
    )
    if whole["TranscriptionEngine"] not in ENGINES:
        _set_stopped(world, row)
        error = f"There is no engine {whole['TranscriptionEngine']}"
        _tell(world, row, "transcription.error", {"ErrorCode": str(UNKNOWN_ENGINE), "Error": error})
    else:
        _tell(world, row, "transcription.started", _description(whole))
    return row


def _description(settings: dict[str, Any]) -> dict[str, str]:
    configuration = {
        name: _text(value)
        for name in _CONFIGURATION
        if (value := settings.get(name[0].upper() + name[1:])) is not None
    }
    return {
        "TranscriptionEngine": settings["TranscriptionEngine"],
        "ProviderConfiguration": json.dumps(configuration, separators=(",", ":")),
        "LanguageCode": settings["LanguageCode"],
        "PartialResults": _text(settings["PartialResults"]),
        "Track": settings["Track"],
        "InboundTrackLabel": settings["InboundTrackLabel"],
        "OutboundTrackLabel": settings["OutboundTrackLabel"],
    }


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def of_call(world: World, call: Call) -> list[LiveTranscription]:
    """A call's transcriptions by ascending `seq`, the stopped ones too."""

    def newest_first() -> Iterator[LiveTranscription]:
        for row in reversed(world.live_transcriptions.of(call.account_sid)):
            if row.seq < call.seq:
                return
            if row.call_sid == call.sid:
                yield row

    return list(newest_first())[::-1]


def find(world: World, call: Call, sid_or_name: str) -> LiveTranscription | None:
    """The call's transcription with that SID, or the last one with that name."""
    for row in reversed(of_call(world, call)):
        if sid_or_name in (row.sid, row.name):
            return row
    return None


def stop(world: World, row: LiveTranscription) -> None:
    """End it; of what is being said now, the words are told first."""
    if row.status == "stopped":
        return
    for timer in _waiting(world, row):
        world.cancel(timer.sid)
        if timer.args["final"] and timer.args["began"] <= world.now():
            content(world, **timer.args)
    _set_stopped(world, row)
    _tell(world, row, "transcription.stopped", {})


def _waiting(world: World, row: LiveTranscription) -> list[Timer]:
    return [
        timer
        for timer in world.timers.values()
        if timer.action == _TOLD and timer.args["sid"] == row.sid
    ]


def _set_stopped(world: World, row: LiveTranscription) -> None:
    row.status = "stopped"
    row.updated = world.now()
    world.live_transcriptions.changed(row)


def stop_all(world: World, call: Call) -> None:
    """End what goes on of a call's transcriptions."""
    for row in of_call(world, call):
        stop(world, row)


def heard(world: World, call: Call, line: dict[str, Any]) -> None:
    """Tell the call's transcriptions of a line of `Call.heard`.

    Its words are told when it has been said; before, part by part, where partial results are
    asked for.
    """
    if line["kind"] not in SPOKEN or not line["text"]:
        return
    track = TRACKS[line["side"]]
    for row in of_call(world, call):
        if row.status == "stopped" or row.settings["Track"] not in (track, "both_tracks"):
            continue
        if row.settings["PartialResults"]:
            words = line["text"].split()
            for count in range(1, len(words)):
                share = count / len(words)
                _later(world, row, line, share, track, " ".join(words[:count]), final=False)
        _later(world, row, line, 1.0, track, line["text"], final=True)


def _later(
    world: World,
    row: LiveTranscription,
    line: dict[str, Any],
    share: float,
    track: str,
    words: str,
    *,
    final: bool,
) -> None:
    """Tell of words when that share of the line has been said."""
    args = {"sid": row.sid, "track": track, "words": words, "final": final, "began": line["at"]}
    due = line["at"] + share * line["seconds"]
    if due > world.now():
        world.at(due, _TOLD, **args)
    else:
        content(world, **args)


@action(_TOLD)
def content(
    world: World, sid: str, track: str, words: str, final: bool, began: float = 0.0
) -> None:
    """What was understood of a line that `began` then (Unix seconds)."""
    row = world.live_transcriptions.get(sid)
    if row is None or row.status == "stopped":
        return
    data: dict[str, Any] = {"transcript": words}
    form = {"LanguageCode": row.settings["LanguageCode"], "Track": track, "Final": _text(final)}
    if final:
        data["confidence"] = _CONFIDENCE
    else:
        form["Stability"] = _STABILITY
    form["TranscriptionData"] = json.dumps(data, separators=(",", ":"))
    _tell(world, row, "transcription.content", form)


def _tell(world: World, row: LiveTranscription, kind: str, form: dict[str, str]) -> None:
    row.sequence += 1
    world.live_transcriptions.changed(row)
    common = {
        "AccountSid": row.account_sid,
        "CallSid": row.call_sid,
        "TranscriptionSid": row.sid,
        "Timestamp": iso8601(world.now()),
        "SequenceId": str(row.sequence),
        "TranscriptionEvent": kind.replace(".", "-"),
    }
    hook = send(
        world,
        row.account_sid,
        kind,
        row.settings.get("StatusCallbackUrl"),
        common | form,
        method=row.settings["StatusCallbackMethod"],
        subject_sid=row.call_sid,
        then="voice.live_told",
    )
    if hook is not None:
        hook.args = {"hook_sid": hook.sid, "tries": 0}


@action("voice.live_told")
def told(world: World, outcome: Outcome, hook_sid: str, tries: int) -> None:
    """Send a callback again that was answered with an error that may pass, three times at most."""
    if outcome.error_code is None:
        return
    hook = world.webhooks[hook_sid]
    if outcome.attempts[-1].status in AGAIN_STATUSES and tries < TRIES:
        hook.args = {**hook.args, "tries": tries + 1}
        world.after(AGAIN_SECONDS, "voice.live_again", hook_sid=hook_sid)
    else:
        alerts.add(world, hook.account_sid, UNDELIVERED, "A callback got no success", hook=hook)


@action("voice.live_again")
def tell_again(world: World, hook_sid: str) -> None:
    """The same callback, with its idempotency token."""
    if (hook := world.webhooks.get(hook_sid)) is not None:
        hook.state = PENDING
        world.webhooks.changed(hook)
        world.outgoing.append(hook_sid)
        world.wake()
