"""The stand-in's own time: it runs, and can be set and moved forward."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from functools import lru_cache
from pathlib import Path


class Clock:
    """Real time plus an offset, so that ten days pass in one request."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset
        self._file: Path | None = None

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def set(self, at: datetime) -> None:
        """Make it `at` now."""
        self.offset = at - datetime.now(UTC)
        self._tell()

    def tell_in(self, file: Path) -> None:
        """Keep a file that says how far ahead it is, so that other programs can go by it."""
        self._file = file
        self._tell()

    def _tell(self) -> None:
        if self._file is not None:
            fresh = self._file.with_suffix(".new")  # nobody reads half of it
            fresh.write_text(json.dumps({"ahead_seconds": self.offset.total_seconds()}) + "\n")
            fresh.replace(self._file)


def instant(text: str) -> datetime:
    """ISO 8601, which without a zone is UTC. Raises `ValueError`."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def rfc2822(timestamp: float) -> str:
    """Unix seconds as the 2010 API writes dates: `Thu, 30 Jul 2015 23:19:04 +0000`."""
    return _rfc2822(int(timestamp))


@lru_cache(1024)
def _rfc2822(seconds: int) -> str:
    return formatdate(seconds).replace("-0000", "+0000")


def iso8601(timestamp: float) -> str:
    """Unix seconds as the other APIs write dates: `2015-07-30T20:12:31Z`."""
    return f"{datetime.fromtimestamp(int(timestamp), UTC):%Y-%m-%dT%H:%M:%SZ}"
