"""What a handler of the Twilio API is given: the request, the world, and who asks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from twilio_sandbox import parameters
from twilio_sandbox.errors import TwilioError
from twilio_sandbox.faults import Fault
from twilio_sandbox.http import Request
from twilio_sandbox.identity.rows import Key
from twilio_sandbox.parameters import Parameter
from twilio_sandbox.tables import R, Table
from twilio_sandbox.world import Account, World

VERSION = "2010-04-01"


@dataclass(slots=True)
class Context:
    """One authenticated call."""

    request: Request
    world: World
    caller: Account
    args: dict[str, str]  # the parts of the path by name
    parameters: tuple[Parameter, ...] = ()
    fault: Fault | None = None
    key: Key | None = None  # the API key the caller used, if any

    def read(self) -> dict[str, Any]:
        """The operation's parameters, checked; raises `TwilioError` for the first that is wrong.

        Called after the account in the path was looked up: who may not see it learns nothing else.
        """
        given = self.request.query
        if self.request.method == "POST":
            given = given | self.request.form_lists()
        return parameters.read(self.parameters, given)

    def base_url(self, host: str) -> str:
        """What an absolute link to one of Twilio's hosts begins with."""
        if self.world.switch("absolute_links") == "here":
            return f"http://{self.request.host}/{host}"
        return f"https://{host}.twilio.com"

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; 20001 for anything else."""
        try:
            body = json.loads(self.request.body)
        except (ValueError, RecursionError):
            raise TwilioError(20001, "The body is not JSON") from None
        if not isinstance(body, dict):
            raise TwilioError(20001, "The body must be a JSON object")
        return body

    def account(self, name: str = "AccountSid") -> Account:
        """The account in the path, if it is the caller or a subaccount of the caller."""
        account = self.world.accounts.get(self.args[name])
        if account is None or self.caller.sid not in (account.sid, account.owner_sid):
            raise self.not_found()
        return account

    def active_account(self) -> Account:
        """The account an operation works in, refused unless it works (twilio-facts 1.5: 20403).

        In the 2010 API that is the one in the path; elsewhere the caller itself, because there
        a main account's credentials do not reach its subaccounts.
        """
        account = self.account() if "AccountSid" in self.args else self.caller
        if self.world.status(account) != "active":
            raise TwilioError(20403, f"Account {account.sid} is {self.world.status(account)}")
        return account

    def find(self, table: Table[R], account: Account, name: str = "Sid") -> R:
        """The row whose SID is in the path under `name`, if it is in the account; 20404."""
        row = table.find(account.sid, self.args[name])
        if row is None:
            raise self.not_found()
        return row

    def not_found(self) -> TwilioError:
        path = self.request.path.lstrip("/").partition("/")[2]
        return TwilioError(20404, f"The requested resource /{path} was not found")
