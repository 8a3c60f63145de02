"""Reading Twilio's pages of numbers ahead of what is done with them."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Self

from carrier import NumberPage, carrier_for
from config import clock
from numbers.models import Connection


class PageReader:
    """Asks Twilio for a connection's pages in a thread of its own, which touches no row.

    Waiting for Twilio and writing to the database are most of an import; they need not take turns.
    Leaving the block waits for a page that is still asked for.
    """

    def __init__(self, connection: Connection) -> None:
        self._page = carrier_for(connection).numbers.page
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pages")
        self._asked: dict[str, tuple[Future[NumberPage], datetime]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._thread.shutdown()

    def ask(self, link: str) -> None:
        """Ask for a page, and do not wait for it."""
        at = clock.now()
        self._asked[link] = self._thread.submit(self._page, link), at

    def read(self, link: str) -> tuple[NumberPage, datetime]:
        """The page, and when Twilio was asked for it. Raises what asking raises."""
        if link not in self._asked:
            self.ask(link)
        answer, at = self._asked.pop(link)
        return answer.result(), at
