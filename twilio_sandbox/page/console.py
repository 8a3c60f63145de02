"""What a person does in Twilio's Console: Twilio's own operations, past faults and request list."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from twilio_sandbox import routes
from twilio_sandbox.application import FORM
from twilio_sandbox.context import VERSION, Context
from twilio_sandbox.errors import ControlError, TwilioError
from twilio_sandbox.http import Request
from twilio_sandbox.page.visit import Visit
from twilio_sandbox.world import Account


def ask(
    visit: Visit, account: Account, method: str, path: str, form: Mapping[str, str] | None = None
) -> Any:
    """The answer of an operation below `/2010-04-01/Accounts/{sid}/`, asked by the main account.

    Raises `ControlError` with Twilio's status, code and message for a refusal.
    """
    address = f"/api/{VERSION}/Accounts/{account.sid}/{path}.json"
    request = Request(
        method=method,
        path=address,
        query={},
        body=urlencode(form or {}).encode(),
        peer="127.0.0.1",
        content_type=FORM,
    )
    found = routes.find(address)
    if found is None or method not in found[0]:
        raise ControlError(404, f"Twilio has no {method} {path}.")
    operation, args = found[0][method], found[1]
    with visit.control.room.lock:
        world = visit.world
        caller = world.accounts[account.owner_sid]
        context = Context(request, world, caller, args, operation.parameters)
        try:
            response = operation.handler(context)
        except TwilioError as error:
            raise ControlError(error.status, f"{error.code}: {error.message}") from None
    return json.loads(response.body) if response.body else None
