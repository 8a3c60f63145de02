"""Where a number is at Twilio when the SID that we know answers no more.

A 404 says nothing about a number: it may have been bought again under another SID, or moved to
another subaccount. Asked outside of transactions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from carrier import AccountInactive, CarrierAuthFailed, NumberRecord, carrier_for
from config import clock
from numbers.models import Connection, PhoneNumber
from numbers.states import ConnectionState

from . import connections


@dataclass(frozen=True)
class Found:
    """A number at Twilio, and the connection that reaches it."""

    connection: Connection
    record: NumberRecord

    @property
    def since(self) -> datetime | None:
        """When it came to its subaccount, to the second; None when Twilio does not say."""
        try:
            at = parsedate_to_datetime(self.record.twilio["date_created"])
        except (KeyError, TypeError, ValueError):
            return None
        return at if at.tzinfo else at.replace(tzinfo=UTC)


def find(number: PhoneNumber) -> Found | None:
    """Look for the number in its own subaccount, then in the account's other working ones.

    None is Twilio's word that it is in none of them. Raises ``CarrierError`` when Twilio gave no
    clear answer: then nothing can be said.
    """
    record = carrier_for(number.connection).numbers.find(number.e164)
    if record is not None:
        return Found(number.connection, record)
    others = Connection.objects.filter(
        account_id=number.account_id, state=ConnectionState.ACTIVE
    ).exclude(pk=number.connection_id)
    for connection in others.order_by("pk"):
        try:
            record = carrier_for(connection).numbers.find(number.e164)
        except (CarrierAuthFailed, AccountInactive) as error:
            # Its own trouble; it is not among the working ones.
            connections.note_trouble(connection.pk, error=error, at=clock.now())
            continue
        if record is not None:
            return Found(connection, record)
    return None
