"""What a list of wishes would change: each row beside its number as it is now (B10). Pure reads.

The preview shows it, and the job that follows makes its items of it. Nothing here decides: the
services ask their gates again when the turn of a number comes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from accounts.models import Account
from config.errors import Blocked, Blocker, DomainError, Invalid
from config.phone_numbers import E164, whole
from config.spreadsheets import cell as exported
from config.spreadsheets import value as meant
from numbers.gates import Facts, facts_of
from numbers.models import PhoneNumber

from .columns import COLUMNS, Column, Desk

#: Numbers that one query looks for.
BATCH = 5_000
#: What a spreadsheet makes of a number that it took for a figure.
_FIGURE = re.compile(r"\d([.,]\d+)?E\+?\d+", re.I)
_LONGEST_NUMBER = 100


@dataclass(frozen=True)
class Entry:
    """One row of what was brought: a number as it was written, and what is wanted of it.

    ``cells`` are texts of a file by column, or, if ``typed``, values of a program. ``row`` counts
    as a spreadsheet does, ``line`` is where it begins in the file.
    """

    row: int
    line: int
    number: str
    cells: Mapping[str, Any]
    typed: bool = False
    #: That the row has cells behind the last column: a separator stands inside of one.
    too_long: bool = False


@dataclass(frozen=True)
class Change:
    """A value before and after, each also as the cell of a file."""

    column: Column
    before: Any
    after: Any
    shown: tuple[str, str]


@dataclass(frozen=True)
class Problem:
    """Why a row is skipped: a rule, and the column it is about, or None for the number or the
    whole row. ``where`` names it for people."""

    code: str
    message: str
    column: Column | None = None
    about: str = "Number"

    @property
    def where(self) -> str:
        return self.column.label if self.column else self.about


@dataclass
class Row:
    """An entry, the number that it means, and either what changes or what is in the way."""

    entry: Entry
    number: PhoneNumber | None = None
    changes: list[Change] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class Comparison:
    rows: list[Row]

    @cached_property
    def changing(self) -> list[Row]:
        return [row for row in self.rows if row.changes and not row.problems]

    @cached_property
    def skipping(self) -> list[Row]:
        return [row for row in self.rows if row.problems]

    @cached_property
    def seal(self) -> str:
        """A digest of what would change, line by line, so that just that is confirmed."""
        told = [
            (row.entry.line, row.number and row.number.pk, change.column.name, change.shown)
            for row in self.changing
            for change in row.changes
        ]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]

    @property
    def unchanged(self) -> int:
        return len(self.rows) - len(self.changing) - len(self.skipping)

    @property
    def reasons(self) -> list[tuple[str, str, int]]:
        """Code, sentence and how many rows, the most frequent first."""
        counted = Counter((row.problems[0].code, row.problems[0].message) for row in self.skipping)
        return [(code, message, count) for (code, message), count in counted.most_common()]


def compare(
    account: Account, entries: Sequence[Entry], *, blanks_clear: bool, at: datetime
) -> Comparison:
    """Judge every entry. A row with a problem is skipped as a whole.

    A blank cell leaves things as they are, unless ``blanks_clear``.
    """
    desk = Desk.of(account)
    numbers, meanings = _meant(account, entries)
    rows = [_found(entry, found, numbers) for entry, found in zip(entries, meanings, strict=True)]
    _refuse_doubles(rows)
    tags = tags_of([row.number.pk for row in rows if row.number])
    facts = facts_of(account, at=at)
    for row in rows:
        if row.number is not None and not row.problems:
            _judge(row, row.number, tags[row.number.pk], desk, facts, blanks_clear=blanks_clear)
            if not row.problems:
                for change in row.changes:
                    facts = change.column.spends(row.number, change.after, facts)
    return Comparison(rows)


# --- Which number --------------------------------------------------------------------------------


def _meant(
    account: Account, entries: Sequence[Entry]
) -> tuple[dict[str, PhoneNumber], list[tuple[str, ...]]]:
    """The numbers of the account that the entries mean, and in E.164 what each can mean.

    Most files have E.164 or the groups of our export, so that few cells have to be understood.
    """
    plain = [entry.number.replace(" ", "") for entry in entries]
    numbers = _numbers(account, {each for each in plain if E164.match(each)})
    meanings = [
        (each,) if each in numbers else _meanings(entry.number, account.country)
        for entry, each in zip(entries, plain, strict=True)
    ]
    others = {each for found in meanings for each in found} - numbers.keys()
    return numbers | _numbers(account, others), meanings


def _meanings(text: str, country: str) -> tuple[str, ...]:
    if len(text) > _LONGEST_NUMBER:
        return ()
    found = whole(meant(text), country)
    without_plus = f"+{text.strip()}"  # a spreadsheet drops it
    return found or ((without_plus,) if E164.match(without_plus) else ())


def _numbers(account: Account, wanted: Iterable[str]) -> dict[str, PhoneNumber]:
    columns = {name for column in COLUMNS.values() for name in column.fields}
    mine = PhoneNumber.objects.filter(account=account).only("account_id", "e164", "state", *columns)
    return {
        number.e164: number
        for batch in _batches(sorted(wanted))
        for number in mine.filter(e164__in=batch)
    }


def tags_of(ids: Sequence[int]) -> dict[int, list[str]]:
    """The names of the tags of each number, sorted."""
    found: dict[int, list[str]] = defaultdict(list)
    pairs = PhoneNumber.tags.through.objects.order_by("tag__name")
    for batch in _batches(ids):
        for pk, name in pairs.filter(phonenumber_id__in=batch).values_list(
            "phonenumber_id", "tag__name"
        ):
            found[pk].append(name)
    return found


def _batches(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + BATCH] for start in range(0, len(values), BATCH))


def _found(entry: Entry, meanings: tuple[str, ...], numbers: Mapping[str, PhoneNumber]) -> Row:
    ours = [numbers[each] for each in meanings if each in numbers]
    row = Row(entry)
    if entry.too_long:
        row.problems = [
            Problem(
                "too_many_cells",
                "This row has more cells than the head. Quote cells that contain separators.",
                about="",
            )
        ]
    elif len(ours) == 1:
        row.number = ours[0]
    elif ours:
        row.problems = [
            Problem(
                "ambiguous_number",
                "Several numbers of this account can be meant. Write it with its country code.",
            )
        ]
    else:
        row.problems = [_not_ours(entry.number, meanings)]
    return row


def _not_ours(text: str, meanings: tuple[str, ...]) -> Problem:
    if not text.strip():
        return Problem("no_number", "This row has no phone number.")
    if meanings:
        return Problem("unknown_number", "This account has no such number.")
    if _FIGURE.fullmatch(text.strip()):
        return Problem(
            "not_a_number",
            "A spreadsheet has made a figure of this number. Format the column as text there.",
        )
    return Problem("not_a_number", "This is not a complete phone number.")


def _refuse_doubles(rows: list[Row]) -> None:
    """Of two rows about one number nobody knows which one is meant."""
    places: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        if row.number is not None:
            places[row.number.pk].append(row)
    for same in places.values():
        if len(same) > 1:
            what = "Rows" if same[0].entry.typed else "Lines"
            first = ", ".join(str(row.entry.line) for row in same[:5])
            more = " …" if len(same) > 5 else ""
            told = f"{what} {first}{more} are about the same number. Keep one."
            problem = Problem("double", told)
            for row in same:
                row.problems = [problem]


# --- What changes --------------------------------------------------------------------------------


def _judge(
    row: Row,
    number: PhoneNumber,
    tags: list[str],
    desk: Desk,
    facts: Facts,
    *,
    blanks_clear: bool,
) -> None:
    for name, cell in row.entry.cells.items():
        column = COLUMNS[name]
        before = column.now(number, tags)
        try:
            after = _after(column, cell, before, desk, row.entry, blanks_clear=blanks_clear)
            if after == before:
                continue
            blockers = column.gate(number, after, facts, desk)
        except DomainError as error:
            blockers = _blockers(error)
        row.problems += [Problem(each.code, each.message, column) for each in blockers]
        if not blockers:
            shown = (column.write(before, desk), column.write(after, desk))
            row.changes.append(Change(column, before, after, shown))


def _after(
    column: Column, cell: Any, before: Any, desk: Desk, entry: Entry, *, blanks_clear: bool
) -> Any:
    """The value that a cell asks for. Raises ``Invalid`` and ``Blocked``."""
    if entry.typed:
        return column.clean(cell, desk)
    if not cell.strip():
        return column.blank[0] if blanks_clear and column.blank else before
    written = column.write(before, desk)
    if cell in _as_exported(written):
        return before
    return column.clean(column.read(meant(cell), desk), desk)


def _as_exported(written: str) -> Iterator[str]:
    """The cell as our files have it, and what Excel leaves of that when it saves “CSV” without
    UTF-8: a ? for each letter that Windows-1252 lacks."""
    yield written
    forms = (written, exported(written), exported(written, plain=True))
    yield from forms[1:]
    yield from (form.encode("cp1252", "replace").decode("cp1252") for form in forms)


def _blockers(error: DomainError) -> list[Blocker]:
    if isinstance(error, Blocked):
        return error.blockers
    if isinstance(error, Invalid):
        return [Blocker(code, message) for _, code, message in error.reasons]
    return [Blocker(error.code, error.message)]
