"""What arrives in place of a cursor and must be refused, not be an error of ours."""

from __future__ import annotations

import base64
import json
from typing import Any


def written(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


NO_CURSORS = [
    "x",
    "7",
    "-1",
    "\u00e9",
    "A" * 5_000,
    written({}),
    written([]),
    written([1, None]),
    written([1, 2, 3, 4]),
    written([True, True]),
    written([10**30]),
    written([1, "+14155550100\0"]),
    written([1, "\ud800"]),
    written([1, "9999-12-31T23:59:59-12:00", 1]),
    written([1, "0001-01-01T00:00:00+12:00", 1]),
    written([1, "2026-03-01T12:00:00", 1]),
    written("[" * 2_900),
    written("NaN"),
    written("[1" + "0" * 2_000 + "]"),
]
