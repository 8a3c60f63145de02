"""Twilio accounts: whose they are, and whether they are active (twilio-facts 1.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import names
from .errors import CarrierConfused
from .transport import Transport

_SID = names.pattern("AC")


@dataclass(frozen=True)
class CarrierAccount:
    """A Twilio account; ``status`` is ``active``, ``suspended`` or ``closed``."""

    sid: str
    owner_sid: str
    name: str
    status: str

    @property
    def is_subaccount(self) -> bool:
        """A main account owns itself (twilio-facts 1.5)."""
        return self.owner_sid != self.sid


class Accounts:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def fetch(self) -> CarrierAccount:
        """The account that the credentials are of."""
        sid = self._transport.sid
        account = account_record(self._transport.fetch(f"/2010-04-01/Accounts/{sid}.json"))
        if account.sid != sid:
            raise CarrierConfused("Twilio answered for another account than the one asked about.")
        return account


def account_record(value: dict[str, Any]) -> CarrierAccount:
    """Raises ``CarrierConfused`` when a field that decides anything is absent or wrong."""
    sid, owner, status = (value.get(key) for key in ("sid", "owner_account_sid", "status"))
    for each in (sid, owner):
        if not isinstance(each, str) or not _SID.fullmatch(each):
            raise CarrierConfused("Twilio's answer did not say which account it is about.")
    if not isinstance(status, str):
        raise CarrierConfused("Twilio's answer did not say whether the account is active.")
    name = value.get("friendly_name")
    return CarrierAccount(
        sid=str(sid),
        owner_sid=str(owner),
        name=(name if isinstance(name, str) else "")[:64] or str(sid),
        status=status,
    )
