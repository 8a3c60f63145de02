"""What the frame around every page shows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from .models import Account, Notice

SETTINGS = ("settings", "change_settings", "members", "invite", "remove_member", "api_keys",
            "create_api_key", "revoke_api_key", "notice_preferences")  # fmt: skip
#: Connections stand among the settings, although they are about numbers.
CONNECTIONS = "numbers:connect"
#: Label, URL name, and what the URL names begin with that belong to the entry.
NAVIGATION = (
    ("Numbers", "numbers:list", "numbers"),
    ("Licenses", "licensing:manage", "licensing"),
    ("Agents", "telephony:agents", "telephony"),
    ("Activity", "accounts:activity", "accounts:activity"),
    ("Settings", "accounts:settings",
     (*(f"accounts:{name}" for name in SETTINGS), CONNECTIONS)),
)  # fmt: skip


def _rehearsal_room() -> str:
    """Where a visitor of the demo plays phones and carriers; empty without a stand-in."""
    if not (settings.DEMO and settings.TWILIO_BASE_URL):
        return ""
    return f"{settings.TWILIO_BASE_URL.rstrip('/')}/_sandbox/"


def console(request: HttpRequest) -> dict[str, Any]:
    """Account, actor, navigation, other accounts, unread notices, and where to get help (S0-30)."""
    everywhere: dict[str, Any] = {
        "help_url": reverse("help"),
        "support_email": settings.SUPPORT_EMAIL,
        "support_chat_url": settings.SUPPORT_CHAT_URL,
        "is_demo": settings.DEMO,
        "rehearsal_room_url": _rehearsal_room(),
        "account": None,
    }
    account = getattr(request, "account", None)
    if account is None:
        return everywhere
    match = request.resolver_match
    here = match.view_name if match else ""
    return everywhere | {
        "account": account,
        "actor": request.actor,  # type: ignore[attr-defined]
        "membership": request.membership,  # type: ignore[attr-defined]
        "other_accounts": Account.objects.of_user(request.user)  # type: ignore[arg-type]
        .exclude(pk=account.pk)
        .order_by("name"),
        "unread_notices": Notice.objects.unread()
        .filter(account=account, user=request.user)  # type: ignore[misc]
        .count(),
        "nav": [
            {
                "label": label,
                "url": reverse(name, args=[account.slug]),
                "current": here.startswith(prefix)
                and (name != "numbers:list" or not here.startswith(CONNECTIONS)),
            }
            for label, name, prefix in NAVIGATION
        ],
    }
