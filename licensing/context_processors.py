"""The grace banner of every page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def grace(request: HttpRequest) -> dict[str, Any]:
    """``grace``: what the account must decide and until when; None when nothing is pending."""
    from .standing import banner

    account = getattr(request, "account", None)
    return {"grace": banner(account) if account else None}
