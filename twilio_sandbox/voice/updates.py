"""What the API does to a call that goes on: leading it elsewhere, ending it (twilio-facts 6.5)."""

from __future__ import annotations

from typing import Any

from twilio_sandbox.context import Context
from twilio_sandbox.errors import TwilioError
from twilio_sandbox.http import Response, json_response
from twilio_sandbox.parameters import Parameter, http_method, one_of, text, url, whole_number
from twilio_sandbox.voice import calls, fetching, outbound
from twilio_sandbox.voice.creation import MAX_TWIML
from twilio_sandbox.voice.resources import find, resource
from twilio_sandbox.voice.rows import Call
from twilio_sandbox.world import World


def update(context: Context) -> Response:
    """Lead a call elsewhere, end it, or change where it is told of; 21220 once it is over."""
    call, given, world = find(context), context.read(), context.world
    if calls.is_over(call):
        raise TwilioError(21220, f"The call is {call.status}")
    elsewhere = bool(given.get("Url") or given.get("Twiml"))
    if elsewhere and "Status" not in given and call.status != "in-progress":
        raise TwilioError(21220, f"The call is {call.status}: it cannot be led elsewhere")
    _apply_settings(world, call, given)
    if "Status" in given:
        _stop(world, call, given["Status"])
    elif elsewhere:
        _lead(world, call, given)
    return json_response(200, resource(call))


def _stop(world: World, call: Call, status: str) -> None:
    """`canceled` leaves a call in progress alone; what was not answered is canceled by both."""
    if status == "completed" or call.status != "in-progress":
        calls.end(world, call, "canceled")


def _apply_settings(world: World, call: Call, given: dict[str, Any]) -> None:
    if "TimeLimit" in given:
        calls.set_time_limit(world, call, given["TimeLimit"])
    callback = call.flow["callback"]
    callback["url"] = given.get("StatusCallback", callback["url"]) or None
    callback["method"] = given.get("StatusCallbackMethod", callback["method"])
    method, link = call.flow["fallback"]
    link = given.get("FallbackUrl", link) or None
    call.flow["fallback"] = [given.get("FallbackMethod", method), link]
    call.updated = world.now()
    world.calls.changed(call)


def _lead(world: World, call: Call, given: dict[str, Any]) -> None:
    """Whatever the call does now ends; it goes on with the new document."""
    calls.leave_what_it_does(world, call)
    if given.get("Url"):
        fetching.fetch(world, call, given["Url"], given.get("Method", "POST"))
    else:
        outbound.follow_text(world, call, given["Twiml"])


PARAMETERS = (
    Parameter("Url", url),
    Parameter("Method", http_method),
    Parameter("Status", one_of("canceled", "completed")),
    Parameter("FallbackUrl", url),
    Parameter("FallbackMethod", http_method),
    Parameter("StatusCallback", url),
    Parameter("StatusCallbackMethod", http_method),
    Parameter("Twiml", text(MAX_TWIML)),
    Parameter("TimeLimit", whole_number(1, calls.MAX_SECONDS)),
)
