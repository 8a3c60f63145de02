"""Keys of the 2010 API: standard API keys (twilio-facts 1.5)."""

from __future__ import annotations

import json
from typing import Any

from twilio_sandbox.clock import rfc2822
from twilio_sandbox.context import Context
from twilio_sandbox.http import Response, json_response
from twilio_sandbox.identity.rows import STANDARD, Key
from twilio_sandbox.monitor import events
from twilio_sandbox.operations import ACCOUNT, Operation
from twilio_sandbox.paging import page
from twilio_sandbox.parameters import Parameter, text
from twilio_sandbox.world import Account, World

MAX_NAME = 64


def add(
    world: World,
    account: Account,
    friendly_name: str,
    kind: str = STANDARD,
    permissions: list[str] | None = None,
) -> Key:
    """A new key with a secret of its own."""
    stamp = world.stamp("SK", account.sid)
    secret = world.new_sid("")
    return world.keys.add(Key(*stamp, friendly_name, secret, kind, permissions or []))


def resource(key: Key) -> dict[str, Any]:
    """The key as it is shown later: without its secret."""
    return {
        "sid": key.sid,
        "friendly_name": key.friendly_name,
        "date_created": rfc2822(key.created),
        "date_updated": rfc2822(key.updated),
    }


def list_keys(context: Context) -> Response:
    rows = context.world.keys.of(context.active_account().sid)
    return page(context, "keys", rows, lambda row: json.dumps(resource(row)).encode())


def create(context: Context) -> Response:
    """A standard key; this answer is the only one that has its secret."""
    account = context.active_account()
    key = add(context.world, account, context.read().get("FriendlyName", ""))
    events.record(context, "api-key.created", key, "api-key")
    return json_response(201, resource(key) | {"secret": key.secret})


def fetch(context: Context) -> Response:
    return json_response(200, resource(_key(context)))


def update(context: Context) -> Response:
    key, given = _key(context), context.read()
    key.friendly_name = given.get("FriendlyName", key.friendly_name)
    key.updated = context.world.now()
    context.world.keys.changed(key)
    return json_response(200, resource(key))


def delete(context: Context) -> Response:
    """It stops working at once."""
    key = _key(context)
    context.world.keys.remove(key)
    events.record(context, "api-key.deleted", key, "api-key")
    return Response(204)


def _key(context: Context) -> Key:
    return context.find(context.world.keys, context.active_account())


_NAME = (Parameter("FriendlyName", text(MAX_NAME)),)
_ALL, _ONE = f"{ACCOUNT}/Keys.json", f"{ACCOUNT}/Keys/{{Sid}}.json"
OPERATIONS = [
    Operation("GET", "api", _ALL, list_keys),
    Operation("POST", "api", _ALL, create, _NAME),
    Operation("GET", "api", _ONE, fetch),
    Operation("POST", "api", _ONE, update, _NAME),
    Operation("DELETE", "api", _ONE, delete),
]
