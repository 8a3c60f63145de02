"""What a person does in Twilio's Console: Twilio's own operations, past faults and request list."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from telephony.sandbox import routes
from telephony.sandbox.application import FORM
from telephony.sandbox.context import VERSION, Context
from telephony.sandbox.errors import ControlError, TwilioError
from telephony.sandbox.http import Request, Response
from telephony.sandbox.page.visit import Visit
from telephony.sandbox.world import Account


def ask(
    visit: Visit, account: Account, method: str, path: str, form: Mapping[str, str] | None = None
) -> Any:
    """The answer of an operation below `/2010-04-01/Accounts/{sid}/`, asked by the main account.

    Raises `ControlError` with Twilio's status, code and message for a refusal.
    """
    response = _run(visit, account, method, f"{path}.json", form or {})
    return json.loads(response.body) if response.body else None


def file(visit: Visit, account: Account, path: str) -> Response:
    """A file that is there, such as `Recordings/RE…`; asked as above."""
    return _run(visit, account, "GET", path, {})


def has(account: Account, path: str) -> bool:
    """Whether Twilio's side has files of that kind."""
    return routes.find(_address(account, path)) is not None


def _address(account: Account, path: str) -> str:
    return f"/api/{VERSION}/Accounts/{account.sid}/{path}"


def _run(
    visit: Visit, account: Account, method: str, path: str, form: Mapping[str, str]
) -> Response:
    address = _address(account, path)
    request = Request(
        method=method,
        path=address,
        query={},
        body=urlencode(form).encode(),
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
            return operation.handler(context)
        except TwilioError as error:
            raise ControlError(error.status, f"{error.code}: {error.message}") from None
