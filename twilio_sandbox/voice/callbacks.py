"""Status callbacks: what a program is told about the course of a call (twilio-facts 5.5)."""

from __future__ import annotations

import contextlib
from typing import Any

from twilio_sandbox.clock import rfc2822
from twilio_sandbox.monitor import alerts
from twilio_sandbox.timers import action
from twilio_sandbox.voice import recordings
from twilio_sandbox.voice.parameters import parameters
from twilio_sandbox.voice.rows import Call
from twilio_sandbox.voice.twiml import TwimlError, answer
from twilio_sandbox.webhooks.courier import Outcome
from twilio_sandbox.webhooks.sending import send
from twilio_sandbox.world import World

Callback = dict[str, Any]
RECORDED_BY_REQUEST = "OutboundAPI"
UNEXPECTED_ANSWER = 15003
EVENTS = ("initiated", "ringing", "answered", "completed")


def tell(world: World, call: Call, event: str) -> None:
    """Call the call's status callback, if it wants the event."""
    callback = call.flow.get("callback") or {}
    if not callback.get("url") or event not in callback["events"]:
        return
    sequence = callback["sequence"]
    callback["sequence"] = sequence + 1
    world.calls.changed(call)
    hook = send(
        world,
        call.account_sid,
        "call.status",
        callback["url"],
        {**parameters(call), **_of_event(world, call, event), "SequenceNumber": str(sequence)},
        method=callback["method"],
        subject_sid=call.sid,
        then="voice.told",
    )
    if hook is not None:
        hook.args = {"hook_sid": hook.sid}


@action("voice.told")
def told(world: World, outcome: Outcome, hook_sid: str) -> None:
    """Nothing comes of the answer; one that says more than nothing is a warning."""
    hook = world.webhooks.get(hook_sid)
    if hook is None or outcome.error_code is not None or not outcome.body.strip():
        return
    with contextlib.suppress(TwimlError):
        if not answer(outcome).verbs:
            return
    alerts.add(world, hook.account_sid, UNEXPECTED_ANSWER, "The answer is of no use", hook=hook)


def callback(url: str | None, method: str = "POST", events: list[str] | None = None) -> Callback:
    """What `tell` needs to know; without events only the end is told."""
    return {"url": url, "method": method, "events": events or ["completed"], "sequence": 0}


def _of_event(world: World, call: Call, event: str) -> dict[str, str]:
    given = {"CallbackSource": "call-progress-events", "Timestamp": rfc2822(world.now())}
    if event == "initiated" and world.switch("initiated_call_status") == "initiated":
        given["CallStatus"] = "initiated"
    if event == "completed":
        seconds = call.duration or 0
        given |= {"CallDuration": str(seconds), "Duration": str(-(-seconds // 60))}
        given["SipResponseCode"] = _SIP_CODES[call.status]
        given |= _recorded(world, call)
    return given


def _recorded(world: World, call: Call) -> dict[str, str]:
    """What became of `Record=true` of the request that made the call."""
    for recording in recordings.of_call(world, call):
        if recording.source == RECORDED_BY_REQUEST:
            return recordings.parameters(world, recording)
    return {}


_SIP_CODES = {
    "completed": "200",
    "busy": "486",
    "failed": "404",
    "no-answer": "487",
    "canceled": "487",
}
