"""A call that comes in: its row, and the program that is asked what to do (twilio-facts 5.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twilio_sandbox.holdings.applications import setting
from twilio_sandbox.messaging import phones
from twilio_sandbox.settings import DEFAULTS
from twilio_sandbox.voice import calls, fetching, tokens
from twilio_sandbox.voice.callbacks import callback
from twilio_sandbox.voice.people import Script
from twilio_sandbox.voice.rows import Call
from twilio_sandbox.world import Number, World


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and what they do; without a script somebody decides as it goes."""

    phone_number: str
    script: Script | None = None
    hang_up_after: float | None = None  # seconds from the beginning of the call
    name: str | None = None
    forwarded_from: str | None = None
    stir_verstat: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """What came of a call to a number: the call, or why there is none."""

    call: Call | None
    reason: str | None = None


def receive(world: World, caller: Caller, number: Number, *, peer: str | None = None) -> Received:
    """A phone calls a number of an account; its program is asked what to do.

    `peer` is the call whose other end this is, if the phone is a number of this sandbox.
    """
    own: dict[str, Any] = {**DEFAULTS, **number.changes}
    if (status := world.status(world.accounts[number.account_sid])) != "active":
        return Received(None, f"the account is {status}")
    if not phones.can(number, "voice"):
        return Received(None, "the number cannot receive calls")
    if own["trunk_sid"]:
        return Received(None, f"the call goes to the trunk {own['trunk_sid']}, not to a program")
    call = world.calls.add(
        Call(
            *world.stamp("CA", number.account_sid),
            from_number=caller.phone_number,
            to_number=number.phone_number,
            direction="inbound",
            status="ringing",
            phone_number_sid=number.sid,
            forwarded_from=caller.forwarded_from,
            caller_name=caller.name if own["voice_caller_id_lookup"] else None,
        )
    )
    settings = _settings(world, own)
    call.flow = {
        "options": {
            "stir_verstat": caller.stir_verstat,
            **tokens.of(world, call, caller.stir_verstat),
        },
        "script": caller.script,
        "callback": callback(settings["status_callback"], settings["status_callback_method"]),
        "fallback": [settings["voice_fallback_method"], settings["voice_fallback_url"]],
    }
    if peer is not None:
        call.flow["peer"] = peer
    if caller.hang_up_after is not None:
        call.flow["leaves"] = world.after(caller.hang_up_after, "voice.leave", sid=call.sid)
    if settings["voice_url"]:
        url, method = settings["voice_url"], settings["voice_method"]
        fetching.fetch(world, call, url, method, kind=fetching.FIRST)
    else:
        _turn_away(world, call)
    return Received(call)


def _settings(world: World, own: dict[str, Any]) -> dict[str, Any]:
    """The URLs of the application, or the number's own ones; an application beats them all."""
    application = world.applications.get(own["voice_application_sid"] or "")
    return {
        name: own[name] if application is None else setting(application, name) for name in _NAMES
    }


_NAMES = (
    "voice_url",
    "voice_method",
    "voice_fallback_url",
    "voice_fallback_method",
    "status_callback",
    "status_callback_method",
)


def _turn_away(world: World, call: Call) -> None:
    """A number without a program."""
    if world.switch("call_without_voice_url") == "apologized":
        fetching.apologize(world, call)
    else:
        calls.end(world, call, "no-answer")
