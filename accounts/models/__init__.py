from __future__ import annotations

from .access import ApiKey, IdempotencyKey, Invitation
from .events import ActedBy, AppendOnlyQuerySet, AppendOnlyRow, Event, RequestedBy
from .hooks import HookDelivery
from .jobs import Job, JobItem, Postponed
from .looks import Look
from .notices import Notice, NoticePreference
from .people import Account, Membership, User
from .scope import OwnedQuerySet

__all__ = [
    "Account",
    "ActedBy",
    "ApiKey",
    "AppendOnlyQuerySet",
    "AppendOnlyRow",
    "Event",
    "HookDelivery",
    "IdempotencyKey",
    "Invitation",
    "Job",
    "JobItem",
    "Look",
    "Membership",
    "Notice",
    "NoticePreference",
    "OwnedQuerySet",
    "Postponed",
    "RequestedBy",
    "User",
]
