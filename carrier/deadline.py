"""An end for several calls together, for whoever has to be done by some time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ends_at: ContextVar[float] = ContextVar("_ends_at", default=float("inf"))


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Every call to Twilio inside ends within so many seconds from now, all of them together.

    What finds no time left is not sent, and raises ``CarrierUnavailable``.
    """
    before = _ends_at.set(min(_ends_at.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _ends_at.reset(before)


def deadline(seconds: float) -> float:
    """When a call that may take so many seconds has to be over, on the monotonic clock."""
    return min(time.monotonic() + seconds, _ends_at.get())
