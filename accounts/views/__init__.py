"""The accounts app in the browser. One file a topic."""

from __future__ import annotations

from .activity import activity, activity_csv
from .front import account_help, account_home, help, home, styleguide
from .invitation import invitation
from .members import (
    change_role,
    invite,
    members,
    remove_member,
    resend_invitation,
    revoke_invitation,
)
from .notices import notice, notice_preferences, notices, read_all_notices
from .overview import overview
from .settings import api_keys, change_settings, create_api_key, revoke_api_key, settings

__all__ = [
    "account_help",
    "account_home",
    "activity",
    "activity_csv",
    "api_keys",
    "change_role",
    "change_settings",
    "create_api_key",
    "help",
    "home",
    "invitation",
    "invite",
    "members",
    "notice",
    "notice_preferences",
    "notices",
    "overview",
    "read_all_notices",
    "remove_member",
    "resend_invitation",
    "revoke_api_key",
    "revoke_invitation",
    "settings",
    "styleguide",
]
