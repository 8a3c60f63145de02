"""What members do with notices: read them, and say which they want."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from accounts.models import Notice, NoticePreference
from accounts.registries import NOTICE_KINDS
from config.errors import Invalid


class Channels(NamedTuple):
    """The ways in which somebody wants to hear of one kind of notice."""

    in_app: bool
    by_mail: bool


def mark_read(account_id: int, *, user_id: int, at: datetime, notice_id: int | None = None) -> int:
    """Mark one notice of this person read, or all of them; returns how many were unread."""
    unread = Notice.objects.unread().filter(account_id=account_id, user_id=user_id)
    if notice_id is not None:
        unread = unread.filter(pk=notice_id)
    return unread.update(read_at=at)


@transaction.atomic
def set_preferences(account_id: int, *, user_id: int, wishes: Mapping[str, Channels]) -> None:
    """Store how this person wants to hear of each kind in ``wishes``. Raises ``Invalid``."""
    unknown = sorted(set(wishes) - set(NOTICE_KINDS))
    if unknown:
        raise Invalid({kind: ["There is no such kind of notice."] for kind in unknown})
    for kind, wish in wishes.items():
        NoticePreference.objects.update_or_create(
            account_id=account_id,
            user_id=user_id,
            kind=kind,
            defaults={"in_app": wish.in_app, "by_mail": wish.by_mail},
        )
