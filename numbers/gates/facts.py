"""What gates look at besides the number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.models import Account
from licensing.standing import Standing, standing

from .service import count_enabled


@dataclass(frozen=True)
class Facts:
    """What the gates of one number look at besides the number."""

    standing: Standing
    assigned: int
    enabled: int
    at: datetime


def facts_of(account: Account, *, at: datetime) -> Facts:
    """What gates and plans look at besides the number."""
    now = standing(account.pk, at=at)
    return Facts(
        standing=now,
        assigned=account.number_counts.assigned(),
        enabled=count_enabled(account, now),
        at=at,
    )
