"""Why an action on members and keys is refused (design mechanism 2). Pure reads."""

from __future__ import annotations

from accounts.models import Membership
from accounts.states import Role
from config.errors import Blocker


def stop_being_owner(membership: Membership) -> list[Blocker]:
    """For an owner who gets another role or leaves: the last one cannot."""
    others = Membership.objects.filter(
        account_id=membership.account_id, role=Role.OWNER, user__is_active=True
    ).exclude(pk=membership.pk)
    if others.exists():
        return []
    return [
        Blocker(
            code="last_owner",
            message=f"{membership.user.email} is the only owner. Make somebody else an owner "
            "first.",
            fix_label="Members",
            fix="accounts:members",
        )
    ]
