"""Recordings of the 2010 API, of an account and of a call, and their files."""

from __future__ import annotations

import json
from typing import Any

from twilio_sandbox.clock import rfc2822
from twilio_sandbox.context import VERSION, Context
from twilio_sandbox.errors import TwilioError
from twilio_sandbox.http import Response, json_response
from twilio_sandbox.identity import credentials
from twilio_sandbox.operations import ACCOUNT, Operation
from twilio_sandbox.paging import page
from twilio_sandbox.parameters import (
    Parameter,
    flag,
    http_method,
    in_period,
    matching,
    one_of,
    periods,
    sid,
    url,
)
from twilio_sandbox.voice import audio, recordings
from twilio_sandbox.voice.rows import Call, Recording
from twilio_sandbox.voice.stretches import path

CURRENT = "Twilio.CURRENT"  # in the place of a SID: the recording that goes on
STATUSES = ("in-progress", "paused", "stopped", "processing", "completed", "absent")


def resource(context: Context, recording: Recording) -> dict[str, Any]:
    """The recording with exactly Twilio's fields, as one of the account's."""
    uri = path(recording)
    return {
        **_common(recording),
        "subresource_uris": {
            "add_on_results": f"{uri}/AddOnResults.json",
            "transcriptions": f"{uri}/Transcriptions.json",
        },
        "media_url": context.base_url("api") + uri,
        "uri": f"{uri}.json",
    }


def resource_of_call(recording: Recording) -> dict[str, Any]:
    """The same as one of the call's."""
    base = f"/{VERSION}/Accounts/{recording.account_sid}/Calls/{recording.call_sid}"
    return {
        **_common(recording),
        "track": recording.track,
        "uri": f"{base}/Recordings/{recording.sid}.json",
    }


def _common(recording: Recording) -> dict[str, Any]:
    return {
        "account_sid": recording.account_sid,
        "api_version": VERSION,
        "call_sid": recording.call_sid,
        "conference_sid": None,
        "channels": recording.channels,
        "date_created": rfc2822(recording.created),
        "date_updated": rfc2822(recording.updated),
        "start_time": rfc2822(recording.start),
        "price": recording.price,
        "price_unit": None if recording.price is None else "USD",
        "duration": None if recording.duration is None else str(recording.duration),
        "sid": recording.sid,
        "source": recording.source,
        "status": recording.status,
        "error_code": recording.error_code,
        "encryption_details": None,
    }


# Of the account


def list_recordings(context: Context) -> Response:
    """Newest first; the deleted ones with `IncludeSoftDeleted`."""
    account, given = context.active_account(), context.read()
    rows = _filtered(context, context.world.recordings.of(account.sid), given)
    if call_sid := given.get("CallSid"):
        rows = [row for row in rows if row.call_sid == call_sid]
    if given.get("ConferenceSid"):
        rows = []
    return page(
        context, "recordings", rows, lambda row: json.dumps(resource(context, row)).encode()
    )


def _filtered(context: Context, rows: list[Recording], given: dict[str, Any]) -> list[Recording]:
    tests = in_period(given, "DateCreated", _created)
    deleted = given.get("IncludeSoftDeleted", False)
    return [
        row
        for row in rows
        if _is_there(context, row, with_deleted=deleted) and all(test(row) for test in tests)
    ]


def _created(recording: Recording) -> float:
    return recording.created


def fetch(context: Context) -> Response:
    recording = context.find(context.world.recordings, context.active_account())
    with_deleted = context.read().get("IncludeSoftDeleted", False)
    if not _is_there(context, recording, with_deleted=with_deleted):
        raise context.not_found()
    return json_response(200, resource(context, recording))


def _is_there(context: Context, recording: Recording, *, with_deleted: bool) -> bool:
    if recording.status != "deleted":
        return True
    return with_deleted and not recordings.is_forgotten(context.world, recording)


def delete(context: Context) -> Response:
    """The file is gone for good; one that goes on ends with that."""
    recordings.delete(context.world, _existing(context))
    return Response(204)


def _existing(context: Context) -> Recording:
    recording = context.find(context.world.recordings, context.active_account())
    if recording.status == "deleted":
        raise context.not_found()
    return recording


# Of a call


def create(context: Context) -> Response:
    """Record a call from now on; 21220 unless it is in progress."""
    call, given = _call(context), context.read()
    if call.status != "in-progress":
        raise TwilioError(21220, f"The call is {call.status}: it cannot be recorded")
    recording = recordings.begin(
        context.world,
        call,
        source="StartCallRecordingAPI",
        channels=2 if given.get("RecordingChannels") == "dual" else 1,
        track=given.get("RecordingTrack", "both"),
        trim=given.get("Trim", "do-not-trim"),
        callback={
            "url": given.get("RecordingStatusCallback"),
            "method": given.get("RecordingStatusCallbackMethod"),
            "events": given.get("RecordingStatusCallbackEvent"),
        },
    )
    return json_response(201, resource_of_call(recording))


def list_of_call(context: Context) -> Response:
    call, given = _call(context), context.read()
    rows = _filtered(context, recordings.of_call(context.world, call), given)
    return page(context, "recordings", rows, lambda row: json.dumps(resource_of_call(row)).encode())


def fetch_of_call(context: Context) -> Response:
    return json_response(200, resource_of_call(_of_call(context)))


def update(context: Context) -> Response:
    """Pause, go on, stop; 21220 once it has ended, 20001 for any other status."""
    recording, given, world = _of_call(context), context.read(), context.world
    if recording.status not in recordings.ACTIVE:
        raise TwilioError(21220, f"The recording is {recording.status}")
    if given["Status"] == "paused":
        recordings.pause(world, recording, given.get("PauseBehavior", "silence"))
    elif given["Status"] == "in-progress":
        recordings.resume(world, recording)
    elif given["Status"] == "stopped":
        recordings.end(world, recording)
    else:
        raise TwilioError(20001, "Status must be paused, in-progress or stopped")
    return json_response(200, resource_of_call(recording))


def delete_of_call(context: Context) -> Response:
    recordings.delete(context.world, _of_call(context))
    return Response(204)


def _call(context: Context) -> Call:
    return context.find(context.world.calls, context.active_account(), "CallSid")


def _of_call(context: Context) -> Recording:
    """The recording of the call in the path; `CURRENT` is the newest that goes on."""
    wanted = context.args["Sid"]
    for recording in reversed(recordings.of_call(context.world, _call(context))):
        is_current = wanted == CURRENT and recording.status in recordings.ACTIVE
        if is_current or (recording.sid == wanted and recording.status != "deleted"):
            return recording
    raise context.not_found()


# The file


def wave(context: Context) -> Response:
    """PCM in a WAV file, on as many channels as were recorded, or mixed to one."""
    recording, channels = _file(context)
    call = context.world.calls.get(recording.call_sid)
    content = audio.wave(call, recording, channels)
    return Response(200, content, {"Content-Type": "audio/x-wav"})


def mp3(context: Context) -> Response:
    """An MP3 file of the recording's length and channels, without its sound."""
    recording, channels = _file(context)
    content = audio.silent_mp3(recording, channels)
    return Response(200, content, {"Content-Type": "audio/mpeg"})


def _file(context: Context) -> tuple[Recording, int]:
    """A recording whose file is there, and the channels asked for (`RequestedChannels`)."""
    if context.world.switch("recording_media") == "authenticated":
        _authenticate(context)
    recording, given = _existing(context), context.read()
    if recording.status != "completed":
        raise context.not_found()
    channels = int(given.get("RequestedChannels", recording.channels))
    if channels > recording.channels:
        raise TwilioError(20001, f"{recording.sid} has one channel")
    return recording, channels


def _authenticate(context: Context) -> None:
    world = context.world
    caller = credentials.authenticate(world, context.request.authorization)
    credentials.check(world, caller, _FETCH, context.args)
    context.caller, context.key = caller


_DATES = periods("DateCreated")
_DELETED = Parameter("IncludeSoftDeleted", flag)
_FILTERS = (
    *_DATES,
    Parameter("CallSid", sid("CA")),
    Parameter("ConferenceSid", sid("CF")),
    _DELETED,
)
_CREATE = (
    Parameter(
        "RecordingStatusCallbackEvent",
        matching(r"(in-progress|completed|absent)( (in-progress|completed|absent))*", "events"),
        many=True,
    ),
    Parameter("RecordingStatusCallback", url),
    Parameter("RecordingStatusCallbackMethod", http_method),
    Parameter("Trim", one_of("trim-silence", "do-not-trim")),
    Parameter("RecordingChannels", one_of("mono", "dual")),
    Parameter("RecordingTrack", one_of("inbound", "outbound", "both")),
)
_UPDATE = (
    Parameter("Status", one_of(*STATUSES), required=True),
    Parameter("PauseBehavior", one_of("skip", "silence")),
)
_CHANNELS = (Parameter("RequestedChannels", one_of("1", "2")),)
_ONE = f"{ACCOUNT}/Recordings/{{Sid}}"
_OF_CALL = f"{ACCOUNT}/Calls/{{CallSid}}/Recordings"
_FETCH = Operation("GET", "api", f"{_ONE}.json", fetch, (_DELETED,))
OPERATIONS = [
    Operation("GET", "api", f"{ACCOUNT}/Recordings.json", list_recordings, _FILTERS),
    _FETCH,
    Operation("DELETE", "api", f"{_ONE}.json", delete),
    Operation("GET", "api", f"{_OF_CALL}.json", list_of_call, _DATES),
    Operation("POST", "api", f"{_OF_CALL}.json", create, _CREATE),
    Operation("GET", "api", f"{_OF_CALL}/{{Sid}}.json", fetch_of_call),
    Operation("POST", "api", f"{_OF_CALL}/{{Sid}}.json", update, _UPDATE),
    Operation("DELETE", "api", f"{_OF_CALL}/{{Sid}}.json", delete_of_call),
    *(
        Operation("GET", "api", place, handler, _CHANNELS, documented=False, is_public=True)
        for place, handler in ((f"{_ONE}.wav", wave), (f"{_ONE}.mp3", mp3), (_ONE, wave))
    ),
]
