"""Rows by kind: how everything that exists is kept, found in order, and saved.

A row is a dataclass of plain JSON values. A table knows its rows by SID and, per account, in the
order of their creation. What was added, changed or removed is noted for the state file; a row
that is changed in place has to be handed to `changed`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Generic, Protocol, TypeVar


@dataclass(slots=True)
class Row:
    """What all rows have. Times are Unix seconds of the sandbox's clock."""

    sid: str
    account_sid: str
    seq: int  # the order of creation over all kinds
    created: float
    updated: float


R = TypeVar("R", bound=Row)


class Journal(Protocol):
    """Where a table notes which of its rows have to be saved."""

    def note(self, kind: str, sid: str) -> None: ...


class Table(Mapping[str, R], Generic[R]):
    """The rows of one kind, by SID in the order they came."""

    def __init__(self, journal: Journal, kind: str, row_type: type[R]) -> None:
        self.kind = kind
        self.row_type = row_type
        self._journal = journal
        self._rows: dict[str, R] = {}
        self._by_account: dict[str, list[R]] = {}
        # `rendered` and the like are derived; they are made again.
        self._columns = [field.name for field in fields(row_type) if field.init]

    def __getitem__(self, sid: str) -> R:
        return self._rows[sid]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def of(self, account_sid: str) -> list[R]:
        """The rows of an account by ascending `seq`; not to be changed by the caller."""
        return self._by_account.get(account_sid, [])

    def find(self, account_sid: str, sid: str) -> R | None:
        """The row, if it is in that account."""
        row = self._rows.get(sid)
        return row if row is not None and row.account_sid == account_sid else None

    def add(self, row: R) -> R:
        """Take up a new row, whose `seq` is higher than that of any other."""
        self._rows[row.sid] = row
        self._by_account.setdefault(row.account_sid, []).append(row)
        self._journal.note(self.kind, row.sid)
        return row

    def changed(self, row: R) -> None:
        """Note that the row's fields are not what they were."""
        self._journal.note(self.kind, row.sid)

    def remove(self, row: R) -> None:
        del self._rows[row.sid]
        self._take_out(row)
        self._journal.note(self.kind, row.sid)

    def move(self, row: R, account_sid: str, seq: int) -> None:
        """Put the row into another account, as its newest."""
        self._take_out(row)
        row.account_sid, row.seq = account_sid, seq
        self._by_account.setdefault(account_sid, []).append(row)
        self._journal.note(self.kind, row.sid)

    def _take_out(self, row: R) -> None:
        rows = self._by_account[row.account_sid]
        del rows[bisect_left(rows, row.seq, key=lambda other: other.seq)]

    # The state file

    def dump(self, row: R) -> list[Any]:
        """The row as a list of JSON values, in the order of its columns."""
        return [getattr(row, name) for name in self._columns]

    def load(self, values: list[list[Any]]) -> None:
        """Take up what `dump` wrote, in any order."""
        rows = sorted((self.row_type(*each) for each in values), key=lambda row: row.seq)
        for row in rows:
            self._rows[row.sid] = row
            self._by_account.setdefault(row.account_sid, []).append(row)
