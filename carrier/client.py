"""An opened Twilio account, and the topics it can be asked about."""

from __future__ import annotations

import re
from typing import Protocol

from config.errors import Invalid

from . import names
from .accounts import Accounts
from .numbers import Numbers
from .transport import Transport

_TOKEN = re.compile(r"[!-~]{1,100}")


class Carrier:
    """One Twilio account, opened with its own SID and auth token; each topic asks through it.

    Every call raises ``CarrierError`` when it fails, takes at most ``TWILIO_RETRY_SECONDS`` for a
    request, and is refused inside a database transaction.
    """

    def __init__(self, sid: str, token: str) -> None:
        """Raises ``Invalid`` for what cannot be a SID or a token, before anything is sent."""
        if not names.pattern("AC").fullmatch(sid):
            raise Invalid({"sid": ["An account SID is AC and 32 digits or letters from a to f."]})
        if not _TOKEN.fullmatch(token):
            raise Invalid({"token": ["An auth token has no spaces or special characters."]})
        self.sid = sid
        transport = Transport(sid, token)
        self.accounts = Accounts(transport)
        self.numbers = Numbers(transport)

    def __repr__(self) -> str:
        return f"<Carrier {self.sid}>"


class Credentials(Protocol):
    """What opens a Twilio account: a connection, for one."""

    sid: str
    auth_token: str


def carrier_for(credentials: Credentials) -> Carrier:
    """The carrier of whatever holds the SID and the token of an account."""
    return Carrier(credentials.sid, credentials.auth_token)
