"""Transcriptions of the 2010 API: those of an account, and those of a recording."""

from __future__ import annotations

import json
from typing import Any

from twilio_sandbox.clock import rfc2822
from twilio_sandbox.context import VERSION, Context
from twilio_sandbox.http import Response, json_response
from twilio_sandbox.operations import ACCOUNT, Operation
from twilio_sandbox.paging import page
from twilio_sandbox.voice.rows import Transcription
from twilio_sandbox.voice.transcriptions import path


def resource(transcription: Transcription) -> dict[str, Any]:
    """The transcription with exactly Twilio's fields."""
    return {
        "account_sid": transcription.account_sid,
        "api_version": VERSION,
        "date_created": rfc2822(transcription.created),
        "date_updated": rfc2822(transcription.updated),
        "duration": str(transcription.duration),
        "price": transcription.price,
        "price_unit": "USD",
        "recording_sid": transcription.recording_sid,
        "sid": transcription.sid,
        "status": transcription.status,
        "transcription_text": transcription.text or None,
        "type": "fast",
        "uri": f"{path(transcription)}.json",
    }


def list_transcriptions(context: Context) -> Response:
    """Of the account, or of the recording in the path; newest first."""
    rows = context.world.transcriptions.of(context.active_account().sid)
    if (recording_sid := _recording_sid(context)) is not None:
        rows = [row for row in rows if row.recording_sid == recording_sid]
    return page(context, "transcriptions", rows, lambda row: json.dumps(resource(row)).encode())


def fetch(context: Context) -> Response:
    return json_response(200, resource(_find(context)))


def text(context: Context) -> Response:
    """The text alone."""
    body = _find(context).text.encode()
    return Response(200, body, {"Content-Type": "text/plain; charset=utf-8"})


def delete(context: Context) -> Response:
    context.world.transcriptions.remove(_find(context))
    return Response(204)


def _recording_sid(context: Context) -> str | None:
    """The recording in the path, if there is one in it; 20404."""
    if "RecordingSid" not in context.args:
        return None
    account = context.active_account()
    return context.find(context.world.recordings, account, "RecordingSid").sid


def _find(context: Context) -> Transcription:
    transcription = context.find(context.world.transcriptions, context.active_account())
    if _recording_sid(context) not in (None, transcription.recording_sid):
        raise context.not_found()
    return transcription


_PLACES = (f"{ACCOUNT}/Transcriptions", f"{ACCOUNT}/Recordings/{{RecordingSid}}/Transcriptions")
OPERATIONS = [
    operation
    for place in _PLACES
    for operation in (
        Operation("GET", "api", f"{place}.json", list_transcriptions),
        Operation("GET", "api", f"{place}/{{Sid}}.json", fetch),
        Operation("DELETE", "api", f"{place}/{{Sid}}.json", delete),
        Operation("GET", "api", f"{place}/{{Sid}}.txt", text, documented=False),
    )
]
