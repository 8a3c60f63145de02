"""The life of a number, a connection and a task at Twilio. Pure: no database, no clock."""

from __future__ import annotations

from datetime import timedelta

from django.db import models

from config.moves import Moves

#: How long a released number can come back (S1-18, twilio-facts 2).
RESTORE_WINDOW = timedelta(days=10)
#: How long before the end of that people are reminded of it.
REMINDED_BEFORE = timedelta(days=1)
#: Tags that one number can carry.
LONGEST_NOTES = 5000
MOST_TAGS = 20


class NumberState(models.TextChoices):
    """Where a number stands. ``held`` and ``restoring`` take a license (design section 3)."""

    HELD = "held", "Held"
    EXCLUDED = "excluded", "Excluded"
    RELEASING = "releasing", "Being released"
    RELEASED = "released", "Released"
    RESTORING = "restoring", "Being restored"
    MISSING = "missing", "Missing"
    GONE = "gone", "Gone"


#: A restore reserves its license before Twilio is asked, so that the number has a place to come to.
TAKES_LICENSE = (NumberState.HELD, NumberState.RESTORING)

NUMBER_MOVES = Moves(
    "A number",
    {
        NumberState.HELD: frozenset(
            {NumberState.EXCLUDED, NumberState.RELEASING, NumberState.MISSING}
        ),
        NumberState.EXCLUDED: frozenset(
            {NumberState.HELD, NumberState.RELEASING, NumberState.GONE}
        ),
        NumberState.RELEASING: frozenset(
            {
                NumberState.RELEASED,
                NumberState.HELD,
                NumberState.EXCLUDED,
                NumberState.MISSING,
            }
        ),
        NumberState.RELEASED: frozenset({NumberState.RESTORING, NumberState.HELD}),
        NumberState.RESTORING: frozenset({NumberState.HELD, NumberState.RELEASED}),
        NumberState.MISSING: frozenset({NumberState.HELD, NumberState.GONE}),
        NumberState.GONE: frozenset({NumberState.HELD}),
    },
)


class ListColumn(models.TextChoices):
    """What a list shows of a number besides itself and its state, in this order."""

    AGENT = "agent", "Agent"
    CAPABILITIES = "capabilities", "Capabilities"
    SERVICES = "services", "Services"
    TAGS = "tags", "Tags"
    TYPE = "type", "Type"
    COUNTRY = "country", "Country"
    CONNECTION = "connection", "Connection"
    SID = "sid", "SID"
    ORIGIN = "origin", "Origin"
    IMPORTED = "imported", "Imported"
    SINCE = "since", "In this state since"


class ConnectionState(models.TextChoices):
    ACTIVE = "active", "Working"
    AUTH_FAILED = "auth_failed", "Token refused"
    SUSPENDED = "suspended", "Suspended at Twilio"
    CLOSED = "closed", "Closed at Twilio"
    DETACHED = "detached", "Detached by support"
    REMOVED = "removed", "Removed"


#: Through such a connection no number can be reached ever again.
ENDED = (ConnectionState.CLOSED, ConnectionState.DETACHED, ConnectionState.REMOVED)
#: Not connected any more: there is no token, and the subaccount can be connected anew.
UNATTACHED = (ConnectionState.DETACHED, ConnectionState.REMOVED)

#: What a task's error is called while a subaccount that may have its number cannot be asked.
NOT_ASKED_EVERYWHERE = "not_asked_everywhere"

#: How long what was signed with a replaced token is believed: Twilio may still use it.
PREVIOUS_TOKEN_FOR = timedelta(hours=1)


class RefreshEvery(models.TextChoices):
    """How often a connection is refreshed without anyone asking."""

    OFF = "off", "Only when asked"
    HOURLY = "hourly", "Every hour"
    DAILY = "daily", "Every day"


REFRESH_INTERVAL: dict[str, timedelta] = {
    RefreshEvery.HOURLY: timedelta(hours=1),
    RefreshEvery.DAILY: timedelta(days=1),
}


class TaskKind(models.TextChoices):
    """What is to be done at Twilio after a decision was made here."""

    RELEASE = "release", "Give the number back to Twilio"
    RESTORE = "restore", "Buy the released number again"
    PUT_BACK = "put_back", "Put the number's settings back at Twilio"
    ROUTE = "route", "Tell Twilio where the number's texts go"


class TaskState(models.TextChoices):
    PENDING = "pending", "Waiting for Twilio"
    DONE = "done", "Done"
    NEEDS_PERSON = "needs_person", "Needs a person"
    DROPPED = "dropped", "Dropped"


OPEN_TASK_STATES = (TaskState.PENDING, TaskState.NEEDS_PERSON)


class Fate(models.TextChoices):
    """What becomes of the number that leaves in a swap."""

    KEEP = "keep", "Keep it unassigned"
    EXCLUDE = "exclude", "Exclude it (stays at Twilio, not managed here)"
    RELEASE = "release", "Release it (given back to Twilio)"


class Outcome(models.TextChoices):
    """What an import found about a number; each is an event of the import's job."""

    NEW = "new", "New"
    CHANGED = "changed", "Changed"
    CAME_BACK = "came_back", "Came back"
    MISSING = "missing", "No longer found"


OUTCOME_EVENTS: dict[str, str] = {
    Outcome.NEW: "number.imported",
    Outcome.CHANGED: "number.changed",
    Outcome.CAME_BACK: "number.came_back",
    Outcome.MISSING: "number.missing",
}
