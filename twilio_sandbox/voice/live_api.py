"""Real-time transcriptions of a call in the 2010 API: begin, stop (twilio-facts 6.3)."""

from __future__ import annotations

from typing import Any

from twilio_sandbox.clock import rfc2822
from twilio_sandbox.context import VERSION, Context
from twilio_sandbox.errors import TwilioError
from twilio_sandbox.http import Response, json_response
from twilio_sandbox.operations import ACCOUNT, Operation
from twilio_sandbox.parameters import Parameter, flag, http_method, one_of, text, url
from twilio_sandbox.voice import live
from twilio_sandbox.voice.rows import Call, LiveTranscription


def resource(row: LiveTranscription) -> dict[str, Any]:
    """The transcription with exactly Twilio's fields."""
    base = f"/{VERSION}/Accounts/{row.account_sid}/Calls/{row.call_sid}"
    return {
        "account_sid": row.account_sid,
        "call_sid": row.call_sid,
        "sid": row.sid,
        "name": row.name,
        "status": row.status,
        "date_updated": rfc2822(row.updated),
        "uri": f"{base}/Transcriptions/{row.sid}.json",
    }


def create(context: Context) -> Response:
    """Transcribe a call from now on; 21220 unless it is in progress."""
    call, given = _call(context), context.read()
    if call.status != "in-progress":
        raise TwilioError(21220, f"The call is {call.status}: it cannot be transcribed")
    name = given.pop("Name", "") or None
    return json_response(200, resource(live.begin(context.world, call, given, name)))


def update(context: Context) -> Response:
    """Stop it, by its SID or by its name; one that has stopped stays so."""
    call = _call(context)
    row = live.find(context.world, call, context.args["Sid"])
    if row is None:
        raise context.not_found()
    context.read()
    live.stop(context.world, row)
    return json_response(200, resource(row))


def _call(context: Context) -> Call:
    return context.find(context.world.calls, context.active_account(), "CallSid")


_CREATE = (
    Parameter("Name", text()),
    Parameter("Track", one_of("inbound_track", "outbound_track", "both_tracks")),
    Parameter("StatusCallbackUrl", url),
    Parameter("StatusCallbackMethod", http_method),
    Parameter("InboundTrackLabel", text()),
    Parameter("OutboundTrackLabel", text()),
    Parameter("PartialResults", flag),
    Parameter("LanguageCode", text()),
    Parameter("TranscriptionEngine", one_of(*live.ENGINES)),
    Parameter("ProfanityFilter", flag),
    Parameter("SpeechModel", text()),
    Parameter("Hints", text()),
    Parameter("EnableAutomaticPunctuation", flag),
    Parameter("IntelligenceService", text()),
    Parameter("ConversationConfiguration", text()),
    Parameter("ConversationId", text()),
    Parameter("ConfigurationId", text()),
    Parameter("EnableProviderData", flag),
)
_ALL = f"{ACCOUNT}/Calls/{{CallSid}}/Transcriptions"
OPERATIONS = [
    Operation("POST", "api", f"{_ALL}.json", create, _CREATE),
    Operation(
        "POST",
        "api",
        f"{_ALL}/{{Sid}}.json",
        update,
        (Parameter("Status", one_of("stopped"), required=True),),
    ),
]
