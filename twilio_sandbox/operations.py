"""An operation of Twilio's API: its path as the OpenAPI document writes it, and what answers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twilio_sandbox.context import Context
from twilio_sandbox.http import Response
from twilio_sandbox.parameters import Parameter

Handler = Callable[[Context], Response]

ACCOUNT = "/2010-04-01/Accounts/{AccountSid}"


@dataclass(frozen=True, slots=True)
class Operation:
    """`host` is the first label of Twilio's host: api, messaging, numbers, monitor, accounts …

    `parameters` are those of query and form beside `PageSize`, `Page` and `PageToken`. `body` says
    what the body is; JSON and multipart ones are checked by the handler. `documented` says that
    Twilio's OpenAPI documents have it, under exactly this path. `is_public` needs no credentials.
    """

    method: str
    host: str
    path: str
    handler: Handler
    parameters: tuple[Parameter, ...] = ()
    body: str = "form"  # form | json | multipart
    documented: bool = True
    is_public: bool = False
