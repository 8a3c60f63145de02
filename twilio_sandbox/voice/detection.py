"""Answering machine detection: who took a call up, and when the program is told."""

from __future__ import annotations

from twilio_sandbox.timers import action
from twilio_sandbox.voice import calls
from twilio_sandbox.voice.rows import Call
from twilio_sandbox.webhooks.sending import send
from twilio_sandbox.world import World

# Seconds from the answer until it is clear who it is, or until the machine has had its say.
HUMAN, MACHINE, MESSAGE_END = 2.0, 4.0, 10.0


def begins(world: World, call: Call, behavior: str) -> bool:
    """Start to find out, if the call wants it; whether the call waits for the outcome.

    With digits to send nothing is found out.
    """
    options = call.flow["options"]
    mode = options.get("machine_detection")
    if mode is None or options.get("send_digits"):
        return False
    found, seconds = "human", HUMAN
    if behavior == "machine":
        is_end = mode == "DetectMessageEnd"
        found, seconds = ("machine_end_beep", MESSAGE_END) if is_end else ("machine_start", MACHINE)
    call.flow["detected"] = [found, seconds]
    if options.get("async_amd"):
        call.flow["detection"] = world.after(seconds, "voice.detected_meanwhile", sid=call.sid)
        return False
    calls.wait(world, call, seconds, "voice.detected", {"for": "detection"})
    return True


@action("voice.detected")
def detected(world: World, sid: str) -> None:
    """It is clear who it is: the call goes on with its document."""
    call = world.calls[sid]
    call.answered_by = call.flow["detected"][0]
    world.act("voice.begin", {"sid": sid})


@action("voice.detected_meanwhile")
def detected_meanwhile(world: World, sid: str) -> None:
    """The same while the call goes on; the program gets a callback."""
    call = world.calls[sid]
    found, seconds = call.flow["detected"]
    call.answered_by = found
    world.calls.changed(call)
    options = call.flow["options"]
    send(
        world,
        call.account_sid,
        "call.detection",
        options.get("async_amd_callback"),
        {
            "AccountSid": call.account_sid,
            "CallSid": sid,
            "AnsweredBy": found,
            "MachineDetectionDuration": str(int(seconds * 1000)),
        },
        method=options.get("async_amd_method", "POST"),
        subject_sid=sid,
    )
