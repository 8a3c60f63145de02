"""The states of a port and how they are spelled (twilio-facts 4.4, 4.5). Pure data.

A number moves by `MOVES`; the status of a request follows from those of its numbers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection

IN_REVIEW = "in_review"
WAITING_FOR_SIGNATURE = "waiting_for_signature"
SUBMITTED = "port_submitted"
PENDING = "port_pending"
REJECTED = "port_rejected"
COMPLETED = "completed"
CANCELING = "canceling"
CANCELED = "canceled"

MOVES: dict[str, frozenset[str]] = {
    IN_REVIEW: frozenset({WAITING_FOR_SIGNATURE, CANCELING}),
    WAITING_FOR_SIGNATURE: frozenset({SUBMITTED, CANCELING}),
    SUBMITTED: frozenset({PENDING, REJECTED, CANCELING}),
    PENDING: frozenset({COMPLETED, CANCELING}),
    REJECTED: frozenset({CANCELING}),
    CANCELING: frozenset({CANCELED}),
    COMPLETED: frozenset(),
    CANCELED: frozenset(),
}
FINAL = frozenset({COMPLETED, CANCELED})

# The statuses of a request, as Twilio spells them; `pending` is in no list of Twilio's, but in its
# example of a request just made.
NEW = "pending"
REVIEW = "In review"
WAITING = "Waiting for Signature"
IN_PROGRESS = "In progress"
ACTION_REQUIRED = "Action Required"
REQUEST_COMPLETED = "Completed"
REQUEST_CANCELED = "Canceled"
EXPIRED = "Expired"

# Why a losing carrier rejects a number. Twilio publishes no names for the last three: ours.
REASONS: dict[str, int] = {
    "CONTACT_SUPPORT_REQUIRED": 22150,
    "PHONE_NUMBER_WITH_CARRIER_RESTRICTION": 22151,
    "PHONE_NUMBER_INACTIVE_OR_DISCONNECTED": 22152,
    "INVALID_END_USER_NAME": 22153,
    "INVALID_ADDRESS": 22154,
    "INVALID_PIN": 22155,
    "INVALID_ACCOUNT_NUMBER": 22156,
    "SUBSCRIPTION_RIGHT_NOT_CONFIRMED": 22157,
    "PORT_DATE_REJECTED": 22158,
    "NOT_PORTABLE_BY_CARRIER": 22159,
}


def way(start: str, end: str) -> list[str] | None:
    """The states to go through from `start` to `end`, the shortest way; None when there is none."""
    ways = deque([(start, list[str]())])
    seen = {start}
    while ways:
        state, passed = ways.popleft()
        if state == end:
            return passed
        for following in sorted(MOVES[state] - seen):
            seen.add(following)
            ways.append((following, [*passed, following]))
    return None


def roll_up(current: str, numbers: Collection[str], *, expired: bool) -> str:
    """A request's status from its numbers'; numbers about to be canceled leave it as it was."""
    if expired:
        return EXPIRED
    left = set(numbers) - FINAL
    if not left:
        return REQUEST_COMPLETED if COMPLETED in numbers else REQUEST_CANCELED
    left.discard(CANCELING)
    if not left:
        return current
    if REJECTED in left:
        return ACTION_REQUIRED
    if IN_REVIEW in left:
        return NEW if current == NEW else REVIEW
    if WAITING_FOR_SIGNATURE in left:
        return WAITING
    return IN_PROGRESS


def title(status: str) -> str:
    """A number's status as it is spelled inside a request: `In Review`."""
    return status.replace("_", " ").title()


def short(status: str) -> str:
    """A number's status as webhooks spell it: `submitted` for `port_submitted`."""
    return status.removeprefix("port_")


def plain(status: str) -> str:
    """Any spelling in lower case with underscores: `in_review`."""
    return status.strip().lower().replace(" ", "_").replace("-", "_")
