"""Which handler answers which path of the 2010 API."""

from __future__ import annotations

import re
from collections.abc import Callable

from telephony.sandbox import accounts, available, inventory
from telephony.sandbox.context import VERSION, Context
from telephony.sandbox.http import Response

Handler = Callable[[Context], Response]

_ACCOUNT = r"/Accounts/(?P<account>[^/]+)"
_NUMBERS = _ACCOUNT + "/IncomingPhoneNumbers"
_AVAILABLE = _ACCOUNT + "/AvailablePhoneNumbers"

_TABLE: list[tuple[str, dict[str, Handler]]] = [
    (r"/Accounts\.json", {"GET": accounts.list_accounts, "POST": accounts.create}),
    (_ACCOUNT + r"\.json", {"GET": accounts.fetch, "POST": accounts.update}),
    (_NUMBERS + r"\.json", {"GET": inventory.list_numbers, "POST": inventory.buy}),
    (
        _NUMBERS + r"/(?P<type>Local|Mobile|TollFree)\.json",
        {"GET": inventory.list_numbers, "POST": inventory.buy},
    ),
    (
        _NUMBERS + r"/(?P<number>[^/]+)\.json",
        {"GET": inventory.fetch, "POST": inventory.update, "DELETE": inventory.release},
    ),
    (_AVAILABLE + r"\.json", {"GET": available.list_countries}),
    (_AVAILABLE + r"/(?P<country>[A-Z]{2})\.json", {"GET": available.fetch_country}),
    (
        _AVAILABLE + r"/(?P<country>[A-Z]{2})/(?P<kind>[A-Za-z]+)\.json",
        {"GET": available.search},
    ),
]
ROUTES = [(re.compile(f"/api/{VERSION}{path}"), handlers) for path, handlers in _TABLE]


def find(path: str) -> tuple[dict[str, Handler], dict[str, str]] | None:
    """The handlers of a path by method, and the parts of the path by name."""
    for pattern, handlers in ROUTES:
        if match := pattern.fullmatch(path):
            return handlers, match.groupdict()
    return None
