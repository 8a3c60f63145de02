"""What the frame around every page shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from .looking import look_of
from .models import Account, Notice
from .registries import NAVIGATION, SETTINGS_TABS, NavigationEntry, front_page, in_place
from .states import WHO_MAY

#: What the tabs of the settings belong to.
SETTINGS = "accounts:settings"


def console(request: HttpRequest) -> dict[str, Any]:
    """Account, actor, navigation, other accounts, unread notices, and where to get help (S0-30).

    ``single_sign_on`` is what the OpenID Connect provider is called, where there is one. What is a
    person's own (other accounts, notices) is not shown to support that looks (``look``).
    """
    look = look_of(request)
    everywhere: dict[str, Any] = {
        "look": look,
        "help_url": reverse("help"),
        "support_email": settings.SUPPORT_EMAIL,
        "support_chat_url": settings.SUPPORT_CHAT_URL,
        "front_page": front_page(),
        "single_sign_on": settings.OIDC_NAME if settings.OIDC_ISSUER else "",
        "account": None,
    }
    account = getattr(request, "account", None)
    if account is None:
        return everywhere
    match = request.resolver_match
    here = match.view_name if match else ""
    tab = _claimant(SETTINGS_TABS, here)
    entry = SETTINGS if tab else _claimant(NAVIGATION, here)
    return everywhere | {
        "account": account,
        "who_may": WHO_MAY,
        "help_url": reverse("accounts:help", args=[account.slug]),
        "actor": request.actor,  # type: ignore[attr-defined]
        "membership": request.membership,  # type: ignore[attr-defined]
        "other_accounts": []
        if look
        else Account.objects.of_user(request.user)  # type: ignore[arg-type]
        .exclude(pk=account.pk)
        .order_by("name"),
        "unread_notices": 0
        if look
        else Notice.objects.unread()
        .filter(account=account, user=request.user)  # type: ignore[misc]
        .count(),
        "nav": _links(NAVIGATION, account, current=entry),
        "is_inner_page": bool(tab) or here not in NAVIGATION,
        "settings_tabs": _links(SETTINGS_TABS, account, current=tab),
    }


def _links(
    entries: Mapping[str, NavigationEntry], account: Account, *, current: str
) -> list[dict[str, Any]]:
    return [
        {
            "label": entry.label,
            "url": reverse(page, args=[account.slug]),
            "current": page == current,
        }
        for page, entry in in_place(entries)
    ]


def _claimant(entries: Mapping[str, NavigationEntry], view: str) -> str:
    """The entry that the page ``view`` belongs to; empty when it belongs to none."""
    return next((page for page, entry in entries.items() if view.startswith(entry.views)), "")
