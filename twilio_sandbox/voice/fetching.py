"""The documents a call follows: asked of the program, read, and what happens if that fails."""

from __future__ import annotations

from urllib.parse import urljoin

from twilio_sandbox.monitor import alerts
from twilio_sandbox.timers import action
from twilio_sandbox.voice import calls, interpreter, lines, twiml
from twilio_sandbox.voice.parameters import parameters
from twilio_sandbox.voice.rows import Call
from twilio_sandbox.webhooks.courier import Outcome
from twilio_sandbox.webhooks.rows import Webhook
from twilio_sandbox.webhooks.sending import send
from twilio_sandbox.world import World

INVALID_URL, TOO_MANY_REDIRECTS = 11100, 11215
FIRST, LATER = "call.answer", "call.action"  # kinds of webhooks
MAX_DOCUMENTS = 50  # one after the other, in none of which anything takes time
APOLOGY = "We are sorry, an application error has occurred. Goodbye."


def fetch(
    world: World,
    call: Call,
    url: str,
    method: str = "POST",
    extra: dict[str, str] | None = None,
    *,
    kind: str = LATER,
) -> None:
    """Ask the program how to go on; `url` may be relative to the document the call follows."""
    absolute = urljoin(call.flow.get("base") or "", url)
    call.flow["idle"] = call.flow.get("idle", 0) + 1
    problem = None
    if not absolute.startswith(("http://", "https://")):
        problem = INVALID_URL, f"{url or 'No URL'} is not a URL that can be called"
    elif call.flow["idle"] > MAX_DOCUMENTS:
        problem = TOO_MANY_REDIRECTS, f"{MAX_DOCUMENTS} documents led from one to the next"
    if problem is not None:
        alerts.add(world, call.account_sid, *problem, resource_sid=call.sid)
        apologize(world, call)
        return
    _send(world, call, absolute, method, {**parameters(call), **(extra or {})}, kind=kind)


def _send(
    world: World,
    call: Call,
    url: str,
    method: str,
    params: dict[str, str],
    *,
    kind: str,
    is_fallback: bool = False,
) -> None:
    fallback_method, fallback_url = ("POST", None) if is_fallback else call.flow["fallback"]
    call.flow["turn"] = call.flow.get("turn", 0) + 1
    calls.wait_for(world, call, {"for": "document", "url": url})
    hook = send(
        world,
        call.account_sid,
        kind,
        url,
        params,
        method=method,
        fallback=(fallback_method, fallback_url),
        subject_sid=call.sid,
        then="voice.document",
    )
    if hook is not None:
        hook.args = {"sid": call.sid, "turn": call.flow["turn"], "hook_sid": hook.sid}


@action("voice.document")
def take(world: World, outcome: Outcome, sid: str, turn: int, hook_sid: str) -> None:
    """Follow what the program answered, unless the call went another way meanwhile."""
    call, hook = world.calls.get(sid), world.webhooks.get(hook_sid)
    if call is None or hook is None or calls.is_over(call) or call.flow["turn"] != turn:
        return
    if outcome.error_code is not None:
        apologize(world, call)
        return
    try:
        document = twiml.answer(outcome)
    except twiml.TwimlError as error:
        alerts.add(world, call.account_sid, error.code, str(error), hook=hook)
        _fall_back(world, call, hook, outcome, error.code)
        return
    for warning in document.warnings:
        alerts.add(world, call.account_sid, twiml.SCHEMA_WARNING, warning, hook=hook)
    last = outcome.attempts[-1]
    method = hook.fallback_method if last.is_fallback else hook.method
    follow(world, call, document, last.url, method)


def _fall_back(world: World, call: Call, hook: Webhook, outcome: Outcome, code: int) -> None:
    """A document that cannot be followed is asked for at the fallback URL, once."""
    url = hook.fallback_url
    if url is None or outcome.attempts[-1].is_fallback:
        apologize(world, call)
        return
    params = {pair[0]: pair[1] for pair in hook.form or []}
    params |= {"ErrorCode": str(code), "ErrorUrl": hook.url}
    method = hook.fallback_method
    _send(world, call, url, method, params, kind=hook.kind, is_fallback=True)


def follow(
    world: World, call: Call, document: twiml.Document, base: str | None, method: str
) -> None:
    """Carry out a document from its beginning; `base` is where it came from."""
    call.flow |= {"verbs": document.verbs, "base": base, "method": method}
    interpreter.run(world, call)


def again(world: World, call: Call, extra: dict[str, str]) -> None:
    """Ask for the current document once more, as a verb without an action does."""
    fetch(world, call, call.flow.get("base") or "", call.flow.get("method", "POST"), extra)


def act(world: World, call: Call, verb: twiml.Verb, extra: dict[str, str]) -> None:
    """Ask the `action` of a verb how to go on; without one it is the current document."""
    if url := twiml.text(verb, "action"):
        fetch(world, call, url, twiml.text(verb, "method", "POST").upper(), extra)
    else:
        again(world, call, extra)


def apologize(world: World, call: Call) -> None:
    """What a caller hears when the program fails; then the call ends (twilio-facts 5.2)."""
    calls.answer(world, call)
    seconds = lines.speaking_seconds(APOLOGY)
    lines.hear(world, call, "program", "say", APOLOGY, seconds)
    call.flow["verbs"] = []
    calls.wait(world, call, seconds, "voice.go_on", {"for": "speech"})
