"""Read by every Python that starts with this folder in PYTHONPATH: lets it sleep under faketime.

libfaketime 0.9.10 (Debian 12) moves the monotonic clock of `clock_nanosleep` also when it is
told not to (github.com/wolfcw/libfaketime/issues/426), and Python sleeps with that since 3.11.
"""

from __future__ import annotations

import select
import time


def _sleep(seconds: float, /) -> None:
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    select.select([], [], [], seconds)


time.sleep = _sleep  # type: ignore[assignment] # it takes what is like an integer, too
