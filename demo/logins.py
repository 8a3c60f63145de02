"""The logins that the demo offers on its sign-in page, as ``setup_demo`` has written them."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings


def logins() -> list[dict[str, Any]]:
    """``email``, ``password`` and ``words`` (who it is) of each; empty until the demo is filled."""
    try:
        told = json.loads((settings.VAR_DIR / "demo.json").read_text())
    except FileNotFoundError:
        return []
    return [{**login, "words": _words(login)} for login in told["logins"]]


def _words(login: dict[str, str]) -> str:
    """Such as ``billing admin of acme``."""
    if login["role"] == "stranger":
        return f"owner of another account, {login['account']}"
    role = login["role"].replace("_", " ")
    return f"{role} of {login['account']}" if login["account"] else role
