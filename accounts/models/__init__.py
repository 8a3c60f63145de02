from __future__ import annotations

from .access import ApiKey, IdempotencyKey, Invitation
from .events import ActedBy, AppendOnlyQuerySet, Event
from .jobs import Job, JobItem
from .notices import Notice, NoticePreference
from .people import Account, Membership, User
from .scope import OwnedQuerySet

__all__ = [
    "Account",
    "ActedBy",
    "ApiKey",
    "AppendOnlyQuerySet",
    "Event",
    "IdempotencyKey",
    "Invitation",
    "Job",
    "JobItem",
    "Membership",
    "Notice",
    "NoticePreference",
    "OwnedQuerySet",
    "User",
]
