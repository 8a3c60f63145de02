"""The life of a number, a connection and a task at Twilio. Pure: no database, no clock."""

from __future__ import annotations

from datetime import timedelta

from django.db import models

from config.errors import InvalidTransition

#: How long a released number can come back (S1-18, twilio-facts 2).
RESTORE_WINDOW = timedelta(days=10)
#: Tags that one number can carry.
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

NEXT: dict[NumberState, frozenset[NumberState]] = {
    NumberState.HELD: frozenset({NumberState.EXCLUDED, NumberState.RELEASING, NumberState.MISSING}),
    NumberState.EXCLUDED: frozenset({NumberState.HELD, NumberState.RELEASING}),
    NumberState.RELEASING: frozenset({NumberState.RELEASED, NumberState.HELD}),
    NumberState.RELEASED: frozenset({NumberState.RESTORING, NumberState.HELD}),
    NumberState.RESTORING: frozenset({NumberState.HELD, NumberState.RELEASED}),
    NumberState.MISSING: frozenset({NumberState.HELD, NumberState.GONE}),
    NumberState.GONE: frozenset({NumberState.HELD}),
}


def require(current: str, new: NumberState) -> None:
    """Refuse a move that ``NEXT`` does not list."""
    state = NumberState(current)
    if new not in NEXT[state]:
        raise InvalidTransition(
            f"A number that is {state.label.lower()} cannot become {new.label.lower()}."
        )


class ConnectionState(models.TextChoices):
    ACTIVE = "active", "Working"
    AUTH_FAILED = "auth_failed", "Token refused"
    SUSPENDED = "suspended", "Suspended at Twilio"
    CLOSED = "closed", "Closed at Twilio"


class RefreshEvery(models.TextChoices):
    """How often a connection is refreshed without anyone asking."""

    OFF = "off", "Only when asked"
    HOURLY = "hourly", "Every hour"
    DAILY = "daily", "Every day"


REFRESH_INTERVAL: dict[str, timedelta] = {
    RefreshEvery.HOURLY: timedelta(hours=1),
    RefreshEvery.DAILY: timedelta(days=1),
}


class NumberType(models.TextChoices):
    LOCAL = "local", "Local"
    MOBILE = "mobile", "Mobile"
    TOLL_FREE = "toll_free", "Toll-free"
    NATIONAL = "national", "National"
    OTHER = "other", "Other"


class TaskKind(models.TextChoices):
    """What is to be done at Twilio after a decision was made here."""

    RELEASE = "release", "Give the number back to Twilio"
    RESTORE = "restore", "Buy the released number again"
    PUT_BACK = "put_back", "Put the number's settings back at Twilio"


class TaskState(models.TextChoices):
    PENDING = "pending", "Waiting for Twilio"
    DONE = "done", "Done"
    NEEDS_PERSON = "needs_person", "Needs a person"
    DROPPED = "dropped", "Dropped"


OPEN_TASK_STATES = (TaskState.PENDING, TaskState.NEEDS_PERSON)


class Fate(models.TextChoices):
    """What becomes of the number that leaves in a swap."""

    RELEASE = "release", "Release it (given back to Twilio)"
    EXCLUDE = "exclude", "Exclude it (stays at Twilio, not managed here)"
    KEEP = "keep", "Keep it unassigned"
