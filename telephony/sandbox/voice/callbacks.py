"""Status callbacks: what a program is told about the course of a call (twilio-facts 5.5)."""

from __future__ import annotations

from typing import Any

from telephony.sandbox.clock import rfc2822
from telephony.sandbox.voice.parameters import parameters
from telephony.sandbox.voice.rows import Call
from telephony.sandbox.webhooks.sending import send
from telephony.sandbox.world import World

Callback = dict[str, Any]
EVENTS = ("initiated", "ringing", "answered", "completed")


def tell(world: World, call: Call, event: str) -> None:
    """Call the call's status callback, if it wants the event."""
    callback = call.flow.get("callback") or {}
    if not callback.get("url") or event not in callback["events"]:
        return
    sequence = callback["sequence"]
    callback["sequence"] = sequence + 1
    world.calls.changed(call)
    send(
        world,
        call.account_sid,
        "call.status",
        callback["url"],
        {**parameters(call), **_of_event(world, call, event), "SequenceNumber": str(sequence)},
        method=callback["method"],
        subject_sid=call.sid,
    )


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
    return given


_SIP_CODES = {
    "completed": "200",
    "busy": "486",
    "failed": "404",
    "no-answer": "487",
    "canceled": "487",
}
