"""What a handler of the Twilio API is given: the request, the world, and who asks."""

from __future__ import annotations

from dataclasses import dataclass

from telephony.sandbox.errors import TwilioError
from telephony.sandbox.faults import Fault
from telephony.sandbox.http import Request
from telephony.sandbox.world import Account, World

VERSION = "2010-04-01"


@dataclass(slots=True)
class Context:
    """One authenticated call."""

    request: Request
    world: World
    caller: Account
    args: dict[str, str]
    fault: Fault | None = None

    def account(self) -> Account:
        """The account in the path, if it is the caller or a subaccount of the caller."""
        account = self.world.accounts.get(self.args["account"])
        if account is None or self.caller.sid not in (account.sid, account.owner_sid):
            raise self.not_found()
        return account

    def active_account(self) -> Account:
        """The same, refused unless the account works (twilio-facts 1.5: 20403)."""
        account = self.account()
        if self.world.status(account) != "active":
            raise TwilioError(20403, f"Account {account.sid} is {self.world.status(account)}")
        return account

    def not_found(self) -> TwilioError:
        path = self.request.path.removeprefix("/api")
        return TwilioError(20404, f"The requested resource {path} was not found")
