"""API keys as a person makes them in Console: of every kind, with permissions."""

from __future__ import annotations

from dataclasses import asdict

from twilio_sandbox.controls import Answer, Body, ControlCall, find_account
from twilio_sandbox.errors import ControlError
from twilio_sandbox.identity import keys
from twilio_sandbox.identity.rows import KINDS, STANDARD
from twilio_sandbox.monitor import events
from twilio_sandbox.world import World


def list_keys(world: World, body: Body, sid: str) -> Answer:
    """With their secrets, which Twilio shows only once."""
    account = find_account(world, sid)
    return 200, {"keys": [asdict(key) for key in world.keys.of(account.sid)]}


def add_key(world: World, body: Body, sid: str) -> Answer:
    """`{"kind": "restricted", "permissions": ["IncomingPhoneNumbers/read"]}`.

    A permission is a resource and `read` or `write`: the word after the account in a path of the
    2010 API, elsewhere host and resource (`messaging/Services`).
    """
    account = find_account(world, sid)
    kind, permissions = body.get("kind", STANDARD), body.get("permissions", [])
    if kind not in KINDS:
        raise ControlError(400, f"kind must be one of {', '.join(KINDS)}")
    if not isinstance(permissions, list) or not all(
        isinstance(each, str) and each.endswith(("/read", "/write")) for each in permissions
    ):
        raise ControlError(400, "permissions must be a list of texts ending in /read or /write")
    key = keys.add(world, account, str(body.get("friendly_name", "")), kind, permissions)
    events.record_console(world, "api-key.created", key, "api-key")
    return 201, asdict(key)


CONTROLS = [
    ControlCall("GET", "/accounts/(?P<sid>[^/]+)/keys", list_keys),
    ControlCall("POST", "/accounts/(?P<sid>[^/]+)/keys", add_key),
]
