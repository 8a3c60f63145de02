"""Rotation of an account's auth token (twilio-facts 1.5): a second one, then its promotion.

Both authenticate; webhooks are signed with the primary one alone.
"""

from __future__ import annotations

from typing import Any

from twilio_sandbox.clock import iso8601
from twilio_sandbox.context import Context
from twilio_sandbox.errors import TwilioError
from twilio_sandbox.http import Response, json_response
from twilio_sandbox.monitor import events
from twilio_sandbox.operations import Operation
from twilio_sandbox.world import Account


def create_secondary(context: Context) -> Response:
    account = context.active_account()
    if account.secondary_token is not None:
        raise TwilioError(20409, "There is a secondary auth token already")
    account.secondary_token = context.world.new_sid("")
    account.secondary_created = context.world.now()
    context.world.accounts.changed(account)
    shown = _shown(context, account, "Secondary", account.secondary_created)
    return json_response(201, shown | {"secondary_auth_token": account.secondary_token})


def delete_secondary(context: Context) -> Response:
    account = _rotating(context)
    account.secondary_token = None
    context.world.accounts.changed(account)
    return Response(204)


def promote(context: Context) -> Response:
    """The secondary token becomes the primary one, and the one it replaces stops working."""
    account = _rotating(context)
    account.token, account.secondary_token = str(account.secondary_token), None
    context.world.accounts.changed(account)
    events.record(context, "account.auth-token-promoted", account, "account")
    shown = _shown(context, account, "Promote", account.secondary_created)
    return json_response(200, shown | {"auth_token": account.token})


def _rotating(context: Context) -> Account:
    account = context.active_account()
    if account.secondary_token is None:
        raise TwilioError(20404, "There is no secondary auth token")
    return account


def _shown(context: Context, account: Account, name: str, created: float) -> dict[str, Any]:
    return {
        "account_sid": account.sid,
        "date_created": iso8601(created),
        "date_updated": iso8601(context.world.now()),
        "url": f"{context.base_url('accounts')}/v1/AuthTokens/{name}",
    }


_BASE = "/v1/AuthTokens"
OPERATIONS = [
    Operation("POST", "accounts", f"{_BASE}/Secondary", create_secondary),
    Operation("DELETE", "accounts", f"{_BASE}/Secondary", delete_secondary),
    Operation("POST", "accounts", f"{_BASE}/Promote", promote),
]
