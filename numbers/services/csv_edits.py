"""Edits by CSV: a file is kept, compared, confirmed, and then done by a job (B10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import transaction

from accounts.actor import Actor
from accounts.job_kinds import JobKind, Outcome, Params, Turn
from accounts.models import Account, Job, JobItem
from accounts.models.jobs import JobItemQuerySet
from accounts.services import job_items
from accounts.services.job_items import Wanted
from accounts.states import ItemState, Permission
from config import csv_files
from config.csv_files import Table, refused
from config.errors import Blocked, NotAsShown
from config.phone_numbers import for_people
from config.text import plural, tidy
from numbers.models import CsvEdit, PhoneNumber

from . import retries
from .columns import COLUMNS, Column
from .comparison import Comparison, Entry, Row, compare
from .judging import UNCHANGED

#: How long a file waits to be confirmed, and how many of an account do.
KEPT, MOST_KEPT = timedelta(days=7), 10
#: The column that says which number a row is about, and other names of it.
NUMBER = "number"
_NUMBER_NAMES = (NUMBER, "phone number", "phone", "telephone", "e164", "e.164")
#: Events that a retry takes for decisions as well.
_DESCRIBES = ("number.described",)
#: Items that are looked at at once.
_READ = 500
#: Signs of a value that a job's page shows.
_SHOWN = 60

#: Which column of the file each of ours is, from 0.
Places = Mapping[str, int]


# --- Columns of a file ---------------------------------------------------------------------------


def targets() -> dict[str, str]:
    """What a column of a file can be, with its words."""
    return {NUMBER: "Number", **{name: column.label for name, column in COLUMNS.items()}}


def recognized(header: Sequence[str]) -> dict[str, int]:
    """The columns that say by their names what they are. Raises ``Invalid`` for one named twice."""
    known = dict.fromkeys(_NUMBER_NAMES, NUMBER)
    for column in COLUMNS.values():
        known |= dict.fromkeys((column.header, *column.also), column.name)
    found: dict[str, int] = {}
    for place, title in enumerate(header):
        name = known.get(" ".join(tidy(title).casefold().replace("_", " ").split()))
        if name is None:
            continue
        if name in found:
            raise refused(
                "double_column",
                f"This file has two columns for “{targets()[name]}”. Take one away.",
            )
        found[name] = place
    return found


def ignored(header: Sequence[str], places: Places) -> list[str]:
    """The columns that nothing is read from."""
    used = set(places.values())
    return [name for place, name in enumerate(header) if place not in used and name]


def entries_of(table: Table, places: Places) -> list[Entry]:
    """The rows of a file. Raises ``Invalid`` without a column of numbers."""
    if NUMBER not in places:
        raise refused("no_numbers", "This file has no column of phone numbers. Call one “number”.")
    columns = {name: place for name, place in places.items() if name != NUMBER}
    if not columns:
        names = ", ".join(f"“{column.header}”" for column in COLUMNS.values())
        raise refused(
            "nothing_to_change", f"This file has nothing to change. Call its columns {names}."
        )
    return [
        Entry(
            row=record.row,
            line=record.line,
            number=_cell(record.cells, places[NUMBER]),
            cells={name: _cell(record.cells, place) for name, place in columns.items()},
            too_long=any(cell.strip() for cell in record.cells[len(table.header) :]),
        )
        for record in table.records
    ]


def _cell(cells: list[str], place: int) -> str:
    return cells[place] if place < len(cells) else ""


# --- Files that wait -----------------------------------------------------------------------------


@transaction.atomic
def bring(account_id: int, *, name: str, raw: bytes, actor: Actor, at: datetime) -> CsvEdit:
    """Keep a file until it is confirmed, once it was found to be one. Raises ``Invalid``."""
    actor.require(Permission.NUMBERS)
    text, encoding = csv_files.decode(raw)
    if not csv_files.read(text).records:
        raise refused("no_rows", "This file has a head and no rows.")
    edit = CsvEdit.objects.create(
        account_id=account_id, name=tidy(name)[:200], text=text, encoding=encoding, created_at=at
    )
    waiting = CsvEdit.objects.filter(account_id=account_id, job=None)
    older = waiting.order_by("-pk")[MOST_KEPT:]
    CsvEdit.objects.filter(pk__in=list(older.values_list("pk", flat=True))).delete()
    return edit


def confirm(
    edit_id: int,
    *,
    places: Places,
    blanks_clear: bool,
    actor: Actor,
    at: datetime,
    seal: str | None = None,
) -> Job:
    """Start the job that does what the file says; confirmed again, it is the same job.

    The file is compared before anything is locked, which takes seconds for a large one. The items
    are made of that comparison; with the ``seal`` of one that was shown it has to say the same.
    Raises ``Forbidden``, ``Invalid`` and ``NotAsShown``.
    """
    actor.require(Permission.NUMBERS)
    edit = CsvEdit.objects.select_related("account", "job").get(pk=edit_id)
    if edit.job is not None:
        return edit.job
    entries = entries_of(csv_files.read(edit.text), places)
    found = compare(edit.account, entries, blanks_clear=blanks_clear, at=at)
    if seal is not None and found.seal != seal:
        raise NotAsShown
    with transaction.atomic():
        locked = CsvEdit.objects.select_for_update(of=("self",)).filter(pk=edit_id).first()
        if locked is None:
            raise refused(
                "replaced", "Newer files have taken the place of this one. Bring it again."
            )
        if locked.job is None:
            locked.job, locked.text = start(edit.account, found, actor=actor, at=at), ""
            locked.save(update_fields=["job", "text"])
        return locked.job


# --- The job -------------------------------------------------------------------------------------


@transaction.atomic
def start(account: Account, found: Comparison, *, actor: Actor, at: datetime) -> Job:
    """Queue a job with an item for each number that would change. Raises ``Forbidden``, and
    ``Invalid`` where none would."""
    actor.require(Permission.NUMBERS)
    if not found.changing:
        raise refused("no_change", "This file changes nothing.")
    return job_items.start(
        KIND,
        account_id=account.pk,
        params={"skipped": len(found.skipping), "unchanged": found.unchanged},
        items=map(_wanted, found.changing),
        actor=actor,
        at=at,
    )


def _wanted(row: Row) -> Wanted:
    number = row.number
    assert number is not None  # noqa: S101 - a row that changes something has one
    wanted = {change.column.name: change.after for change in row.changes}
    shown = {change.column.name: [_short(text) for text in change.shown] for change in row.changes}
    return Wanted(number.e164, {"values": wanted, "shown": shown}, "number", number.pk)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


def _step(turn: Turn) -> Outcome | None:
    """Write on one number what differs still. Raises what the services raise, and ``Blocked`` for
    nothing to do."""
    pk = turn.item.subject_id
    if pk is None:
        raise ValueError("an item of an edit is one of our numbers")
    retries.refuse_stale(turn, also=_DESCRIBES)
    number = PhoneNumber.objects.get(pk=pk)
    wanted = turn.item.wanted["values"]
    differs = _differing(number, wanted)
    if not differs:
        raise Blocked([UNCHANGED])
    calls: dict[Any, dict[str, Any]] = {}
    for column in sorted(differs, key=lambda column: not column.is_counted):
        calls.setdefault(column.service, {})[column.argument] = wanted[column.name]
    for service, arguments in calls.items():
        service(pk, **arguments, actor=turn.actor, at=turn.at)
    return Outcome(result={"changed": [column.name for column in differs]})


def _differing(number: PhoneNumber, wanted: Mapping[str, Any]) -> list[Column]:
    """The columns in which the number is not as wanted."""
    tags = sorted(tag.name for tag in number.tags.all())
    return [
        column
        for name, column in COLUMNS.items()
        if name in wanted and column.now(number, tags) != wanted[name]
    ]


def _skips_again(job: Job, items: JobItemQuerySet, at: datetime) -> bool:
    """Each item wants something else, so each is looked at, until one would change its number."""
    waiting = items.order_by("pk").iterator(chunk_size=_READ)
    while some := list(islice(waiting, _READ)):
        wanted = {item.subject_id or 0: item.wanted["values"] for item in some}
        rows = retries.undecided(job, PhoneNumber.objects.filter(pk__in=wanted), also=_DESCRIBES)
        if any(_differing(number, wanted[number.pk]) for number in rows.prefetch_related("tags")):
            return False
    return True


def _title(params: Params, count: int) -> str:
    skipped = params.get("skipped", 0)
    beside = f", {plural(skipped, 'row')} skipped" if skipped else ""
    return f"Edit {plural(count, 'number')} by CSV{beside}"


def _again(account_id: int, params: Params) -> dict[str, Any]:
    """What a retry is about: rows that were no items are not in it."""
    return {}


def _cells(item: JobItem) -> Sequence[str]:
    """``Name: Desk → Front desk; Tags: none → vip``."""
    shown = item.wanted.get("shown", {})
    changes = [
        f"{COLUMNS[name].label}: {before or 'none'} → {after or 'none'}"
        for name, (before, after) in shown.items()
    ]
    return ("; ".join(changes),)


KIND = JobKind(
    "csv_edit",
    label="CSV edit",
    thing="number",
    permission=Permission.NUMBERS,
    step=_step,
    title=_title,
    check=_again,
    skips_again=_skips_again,
    started_event="csv_edit.started",
    list_page="numbers:list",
    list_label="Numbers",
    subject_page="numbers:detail",
    words={ItemState.DONE: "Changed"},
    show_key=for_people,
    columns=("Change",),
    cells=_cells,
)
