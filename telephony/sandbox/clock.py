"""The stand-in's own time: it runs, and can be set and moved forward."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from functools import lru_cache


class Clock:
    """Real time plus an offset, so that ten days pass in one request."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def set(self, at: datetime) -> None:
        """Make it `at` now; a time without a zone is UTC."""
        aware = at if at.tzinfo else at.replace(tzinfo=UTC)
        self.offset = aware - datetime.now(UTC)


def rfc2822(timestamp: float) -> str:
    """Unix seconds as the 2010 API writes dates: `Thu, 30 Jul 2015 23:19:04 +0000`."""
    return _rfc2822(int(timestamp))


@lru_cache(1024)
def _rfc2822(seconds: int) -> str:
    return formatdate(seconds).replace("-0000", "+0000")


def iso8601(timestamp: float) -> str:
    """Unix seconds as the other APIs write dates: `2015-07-30T20:12:31Z`."""
    return f"{datetime.fromtimestamp(int(timestamp), UTC):%Y-%m-%dT%H:%M:%SZ}"
