"""The control API's part about calls: made-up phones call, and hold the conversation."""

from __future__ import annotations

from typing import Any

from twilio_sandbox import plan
from twilio_sandbox.clock import iso8601
from twilio_sandbox.controls import Answer, Body, ControlCall
from twilio_sandbox.errors import ControlError
from twilio_sandbox.voice import calls, inbound, people, resources
from twilio_sandbox.voice.parameters import ANONYMOUS, STIR
from twilio_sandbox.voice.rows import Call
from twilio_sandbox.world import World

SHOWN = 200  # calls of a list


def list_calls(world: World, body: Body) -> Answer:
    """The last ones of all accounts, newest first, as Twilio's API shows them."""
    newest = list(world.calls.values())[: -SHOWN - 1 : -1]
    return 200, {
        "total": len(world.calls),
        "calls": [resources.resource(call) for call in newest],
    }


def show_call(world: World, body: Body, sid: str) -> Answer:
    """One call, what was to be heard in it, and what it waits for."""
    return 200, _shown(_find(world, sid))


def _shown(call: Call) -> dict[str, Any]:
    flow = call.flow
    return {
        **resources.resource(call),
        "waits_for": None if calls.is_over(call) else _waiting(flow.get("waiting") or {}),
        "live": not calls.is_over(call) and people.is_live(call),
        "script": flow.get("script"),
        "heard": [{**line, "at": iso8601(line["at"])} for line in call.heard],
    }


def _waiting(waiting: dict[str, Any]) -> str | None:
    """`document`, `speech`, `gather`, `record`, `dial` …; a gather that only speaks yet is
    `prompt`."""
    kind = waiting.get("for")
    return "prompt" if kind == "gather" and not waiting.get("listening") else kind


def call_number(world: World, body: Body) -> Answer:
    """A phone calls a number: `{"from", "to", "script": [...]}`; see docs/sandbox.md."""
    number = world.by_phone_number.get(str(body.get("to")))
    if number is None:
        raise ControlError(404, f"no account has the number {body.get('to')}")
    received = inbound.receive(world, _caller(body), number)
    if received.call is None:
        return 200, {"sid": None, "reason": received.reason}
    return 201, _shown(received.call)


def _caller(body: Body) -> inbound.Caller:
    phone_number, stir = body.get("from"), body.get("stir_verstat")
    if not isinstance(phone_number, str) or not (
        plan.E164.fullmatch(phone_number) or phone_number in ANONYMOUS
    ):
        raise ControlError(400, "from must be an E.164 number, or anonymous")
    if stir is not None and not STIR.fullmatch(str(stir)):
        raise ControlError(400, f"{stir} is no StirVerstat")
    for name in ("caller_name", "forwarded_from"):
        if not isinstance(body.get(name), str | None):
            raise ControlError(400, f"{name} is a text")
    try:
        after = people.read_seconds("hang_up_after", body.get("hang_up_after"))
        script = people.read_script(body.get("script"))
    except ValueError as error:
        raise ControlError(400, str(error)) from None
    return inbound.Caller(
        phone_number,
        script,
        hang_up_after=after,
        name=body.get("caller_name"),
        forwarded_from=body.get("forwarded_from"),
        stir_verstat=stir or _attestation(phone_number),
    )


def _attestation(phone_number: str) -> str | None:
    """Only calls from North America are signed; an unsigned one has no parameter."""
    return "TN-Validation-Passed-A" if phone_number.startswith("+1") else None


def say(world: World, body: Body, sid: str) -> Answer:
    """The person says something: `{"text": "I want to book", "confidence": 0.6}`."""
    call, text = _running(world, sid), body.get("text")
    step = {"say": text, "confidence": body.get("confidence", people.CONFIDENCE)}
    _check(step)
    people.say(world, call, step["say"], step["confidence"])
    return 200, _shown(call)


def press(world: World, body: Body, sid: str) -> Answer:
    """The person presses keys: `{"digits": "1#"}`."""
    call, digits = _running(world, sid), body.get("digits")
    _check({"press": digits})
    people.press(world, call, str(digits))
    return 200, _shown(call)


def _check(step: dict[str, Any]) -> None:
    try:
        people.read_script([step])
    except ValueError as error:
        raise ControlError(400, str(error)) from None


def be_silent(world: World, body: Body, sid: str) -> Answer:
    """The person says nothing for as long as the program would wait."""
    call = _running(world, sid)
    people.be_silent(world, call)
    return 200, _shown(call)


def hang_up(world: World, body: Body, sid: str) -> Answer:
    call = _running(world, sid)
    people.leave(world, call)
    return 200, _shown(call)


def _find(world: World, sid: str) -> Call:
    call = world.calls.get(sid)
    if call is None:
        raise ControlError(404, f"there is no call {sid}")
    return call


def _running(world: World, sid: str) -> Call:
    """The call, if the person is on the line: a phone that only rings can say nothing."""
    call = _find(world, sid)
    if calls.is_over(call) or (call.direction != "inbound" and call.status != "in-progress"):
        raise ControlError(409, f"{sid} is {call.status}")
    return call


_ONE = "/calls/(?P<sid>[^/]+)"
CONTROLS = [
    ControlCall("GET", "/calls", list_calls),
    ControlCall("POST", "/calls", call_number),
    ControlCall("GET", _ONE, show_call),
    ControlCall("POST", f"{_ONE}/say", say),
    ControlCall("POST", f"{_ONE}/press", press),
    ControlCall("POST", f"{_ONE}/silent", be_silent),
    ControlCall("POST", f"{_ONE}/hang-up", hang_up),
]
