"""What this app adds to the registries."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from config.email_addresses import same_as
from config.filters import called
from config.jobs import SCHEDULES

from . import overview
from .models import Account, Job, User
from .registries import (
    EVENT_TYPES,
    FIELD_LABELS,
    NAVIGATION,
    NOTICE_KINDS,
    OVERVIEW,
    SETTINGS_TABS,
    SUBJECTS,
    SUPPORT_LINKS,
    EventType,
    NavigationEntry,
    NoticeKind,
    Subject,
    SupportLink,
)
from .states import Permission, Role


def fill() -> None:
    EVENT_TYPES.fill(
        {
            "account.changed": EventType(),
            "account.created": EventType("good"),
            "job.failed": EventType("bad"),
            "api_key.created": EventType("warn", words="API key created"),
            "api_key.revoked": EventType(words="API key revoked"),
            "member.added": EventType("good"),
            "member.invitation_revoked": EventType(),
            "member.invited": EventType(),
            "member.joined": EventType("good"),
            "member.removed": EventType("warn"),
            "member.role_changed": EventType(),
            "support.acted": EventType("warn"),
            "support.looked": EventType("warn", words="Support began to look"),
            "support.stopped_looking": EventType(words="Support stopped looking"),
        }
    )
    SUBJECTS.fill(
        {
            "account": Subject("accounts:settings", has_own_page=False),
            "api_key": Subject("accounts:api_keys", has_own_page=False, find=_keys),
            "job": Subject("accounts:job", listed_on="accounts:jobs"),
            "invitation": Subject("accounts:members", has_own_page=False, find=_invitations),
            "member": Subject(
                "accounts:members", has_own_page=False, find=_members, choices={"role": Role}
            ),
        }
    )
    FIELD_LABELS.fill({"country": "Home country"})
    NOTICE_KINDS.fill({"job": NoticeKind("Bulk and other jobs that failed", Permission.NUMBERS)})
    NAVIGATION.fill(
        {
            "accounts:overview": NavigationEntry("Overview", 5, ("accounts:overview",)),
            "accounts:activity": NavigationEntry(
                "Activity", 80, ("accounts:activity", "accounts:job")
            ),
            "accounts:settings": NavigationEntry("Settings", 90, ()),
        }
    )
    OVERVIEW.fill({"accounts": overview.part})
    SETTINGS_TABS.fill(
        {
            "accounts:settings": NavigationEntry(
                "Account", 10, ("accounts:settings", "accounts:change_settings")
            ),
            "accounts:members": NavigationEntry(
                "Members", 20, ("accounts:members", "accounts:invite", "accounts:remove_member")
            ),
            "accounts:api_keys": NavigationEntry(
                "API keys",
                40,
                ("accounts:api_keys", "accounts:create_api_key", "accounts:revoke_api_key"),
            ),
            "accounts:notice_preferences": NavigationEntry(
                "Notices", 50, ("accounts:notice_preferences",)
            ),
        }
    )
    SUPPORT_LINKS.fill(
        {
            "Failed jobs": SupportLink(
                "admin:accounts_job_changelist",
                "wants=look",
                40,
                lambda at: Job.objects.for_support(at - overview.LOOKED_AT_FOR),
            )
        }
    )
    SCHEDULES.fill(
        {
            "accounts.sweep": ("accounts.tasks.sweep", 1),
            "accounts.prune": ("accounts.tasks.prune", 60),
        }
    )


def _keys(account: Account, text: str) -> QuerySet[Any, int]:
    keys: QuerySet[Any] = called(account.api_keys.all(), text)
    return keys.values_list("pk", flat=True)


def _invitations(account: Account, text: str) -> QuerySet[Any, int]:
    return account.invitations.filter(same_as(text)).values_list("pk", flat=True)


def _members(account: Account, text: str) -> QuerySet[Any, int]:
    """Those who have left included: events about them stay."""
    return User.objects.filter(same_as(text)).values_list("pk", flat=True)
