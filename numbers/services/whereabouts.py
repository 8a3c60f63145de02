"""Where a number is at Twilio when the SID that we know answers no more.

A 404 says nothing about a number: it may have been bought again under another SID, or moved to
another subaccount. Asked outside of transactions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from carrier import (
    AccountInactive,
    CarrierAuthFailed,
    CarrierUnavailable,
    NumberRecord,
    carrier_for,
)
from config import clock
from config.text import inside
from numbers.models import Connection, PhoneNumber
from numbers.states import ENDED, NOT_ASKED_EVERYWHERE

from . import connections


class NotAskedEverywhere(CarrierUnavailable):
    """The number may be in a subaccount that does not let us look."""

    code = NOT_ASKED_EVERYWHERE


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
    """Look for the number in its own subaccount, then in every other one of the account.

    None is Twilio's word that it is in none of them. Raises ``NotAskedEverywhere`` when it was not
    found and one of them did not let us look, ``CarrierError`` when Twilio gave no clear answer:
    then nothing can be said.
    """
    record = carrier_for(number.connection).numbers.find(number.e164)
    if record is not None:
        return Found(number.connection, record)
    others = Connection.objects.filter(account_id=number.account_id).exclude(state__in=ENDED)
    closed_to_us = []
    for connection in others.exclude(pk=number.connection_id).order_by("pk"):
        try:
            record = carrier_for(connection).numbers.find(number.e164)
        except (CarrierAuthFailed, AccountInactive) as error:
            connections.note_trouble(connection.pk, error=error, at=clock.now())
            connection.refresh_from_db()
            if connection.state not in ENDED:  # what was closed has no numbers any more
                closed_to_us.append(connection)
            continue
        connections.note_answer(connection, at=clock.now())
        if record is not None:
            return Found(connection, record)
    if closed_to_us:
        raise _not_asked(closed_to_us[0])
    return None


def _not_asked(connection: Connection) -> NotAskedEverywhere:
    return NotAskedEverywhere(
        "The number is not in the subaccount where it was, and it may be in "
        f"“{connection.name}”, where nobody can look: "
        f"{inside(connection.get_state_display())}. Mend or remove that connection."
    )
