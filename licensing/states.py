"""The life of a subscription, a grace period and a payment. Pure: no database, no clock."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models

from config.moves import Moves

GRACE_PERIOD = timedelta(hours=48)
#: Support may add at most this much to one grace period, once.
LONGEST_EXTENSION = timedelta(days=7)


class SubscriptionState(models.TextChoices):
    ACTIVE = "active", "Active"
    PAST_DUE = "past_due", "Payment overdue"
    CANCELED = "canceled", "Canceled"


class GraceState(models.TextChoices):
    OPEN = "open", "Open"
    RESOLVED = "resolved", "Resolved in time"
    EXPIRED = "expired", "Expired"


GRACE_MOVES = Moves(
    "A grace period",
    {
        GraceState.OPEN: frozenset({GraceState.RESOLVED, GraceState.EXPIRED}),
        # What left in it came back before its end: decided otherwise, or missing for a while.
        GraceState.RESOLVED: frozenset({GraceState.OPEN}),
        # Support may extend a period that has just run out; then it is open again.
        GraceState.EXPIRED: frozenset({GraceState.OPEN}),
    },
)


class AttemptState(models.TextChoices):
    """A payment that is being asked for. Only an answer makes it accepted or refused."""

    PENDING = "pending", "Being asked for"
    UNANSWERED = "unanswered", "No answer yet"
    ACCEPTED = "accepted", "Accepted"
    REFUSED = "refused", "Refused"


#: Nobody knows yet whether money was or will be taken.
OPEN_ATTEMPT_STATES = (AttemptState.PENDING, AttemptState.UNANSWERED)

ATTEMPT_MOVES = Moves(
    "A payment",
    {
        AttemptState.PENDING: frozenset(
            {AttemptState.UNANSWERED, AttemptState.ACCEPTED, AttemptState.REFUSED}
        ),
        AttemptState.UNANSWERED: frozenset({AttemptState.ACCEPTED, AttemptState.REFUSED}),
        AttemptState.ACCEPTED: frozenset(),
        AttemptState.REFUSED: frozenset(),
    },
)


class ChargeKind(models.TextChoices):
    LICENSES_ADDED = "licenses_added", "Licenses added"
    RENEWAL = "renewal", "Monthly renewal"


class NoticeStage(models.IntegerChoices):
    """The notices of a grace period, in order (design section 4)."""

    NONE = 0, "None yet"
    START = 1, "At the start"
    DAY_LEFT = 2, "24 hours left"
    SIX_HOURS_LEFT = 3, "6 hours left"
    HOUR_LEFT = 4, "1 hour left"
    ENDED = 5, "At the end"


#: How long before the end each stage is due.
STAGE_BEFORE_END: dict[NoticeStage, timedelta] = {
    NoticeStage.START: timedelta.max,
    NoticeStage.DAY_LEFT: timedelta(hours=24),
    NoticeStage.SIX_HOURS_LEFT: timedelta(hours=6),
    NoticeStage.HOUR_LEFT: timedelta(hours=1),
    NoticeStage.ENDED: timedelta(0),
}


def stage_at(ends_at: datetime, at: datetime) -> NoticeStage:
    """The latest stage whose time has come; earlier ones that were missed are not caught up."""
    left = ends_at - at
    return max(stage for stage, before in STAGE_BEFORE_END.items() if left <= before)


def next_stage_due(ends_at: datetime, stage: NoticeStage) -> datetime | None:
    """When the stage after ``stage`` is due; None when there is none."""
    if stage == NoticeStage.ENDED:
        return None
    return ends_at - STAGE_BEFORE_END[NoticeStage(stage + 1)]


LONGEST_BETWEEN_ASKS = timedelta(hours=1)
#: Whoever asks a gateway has its answer, or gives up, in less: two calls of 10 seconds at most.
ASKING_TAKES = timedelta(seconds=30)


def wait_before_asking(asks: int) -> timedelta:
    """How long to wait after having asked ``asks`` times for an answer: 1, 2, 4 … 60 minutes."""
    return min(timedelta(minutes=2 ** min(asks, 10)), LONGEST_BETWEEN_ASKS)
