"""The state file: an SQLite database of rows as JSON, at most a second behind.

Only what changed is written, in one transaction, so that the file is whole at every instant and
a hundred thousand numbers at rest cost nothing.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from twilio_sandbox.clock import Clock
from twilio_sandbox.engine import Room
from twilio_sandbox.world import World

FORMAT = 2
INTERVAL_SECONDS = 0.2
_APPLICATION_ID = 0x7477696F  # in the file's header: that it is ours
_FACTS = "facts"  # the kind of the one row that is not of a table
_SCHEMA = (
    "CREATE TABLE rows (kind TEXT, sid TEXT, data TEXT, PRIMARY KEY (kind, sid)) WITHOUT ROWID"
)

_to_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class StateFileError(Exception):
    """The state file is there and cannot be used."""


# As one document, for whoever wants to keep a world and take it up again elsewhere


def _facts(world: World) -> dict[str, Any]:
    """What is no row."""
    return {
        "format": FORMAT,
        "seed": world.seed,
        "clock_offset_seconds": world.clock.offset.total_seconds(),
        "sequence": world.sequence,
        "generated": world.generated,
        "token_epoch": world.token_epoch,
        "roles": world.roles,
        "switches": world.switches,
    }


def dump(world: World) -> dict[str, Any]:
    """Everything of the world as plain values; changes with the world until it is written."""
    return {
        **_facts(world),
        "tables": {
            kind: [table.dump(row) for row in table.values()]
            for kind, table in world.tables.items()
        },
    }


def restore(data: dict[str, Any]) -> World:
    """The world that `dump` wrote down; `StateFileError` when it is none."""
    try:
        if data["format"] != FORMAT:
            raise StateFileError(f"it has format {data['format']}, not {FORMAT}")
        return _world(data, data["tables"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StateFileError(f"it is no world of the sandbox: {error!r}") from error


def _world(facts: dict[str, Any], tables: dict[str, list[list[Any]]]) -> World:
    world = World(facts["seed"], Clock(timedelta(seconds=facts["clock_offset_seconds"])))
    world.sequence = facts["sequence"]
    world.generated = facts["generated"]
    world.token_epoch = facts["token_epoch"]
    world.roles = facts["roles"]
    world.switches = facts["switches"]
    known = world.tables
    for kind, rows in tables.items():
        known[kind].load(rows)
    world.index()
    return world


# The file


def load(path: Path) -> World:
    """Read the state file; `StateFileError` names what is wrong with it."""
    try:
        with closing(_open(path, "rw")) as file:
            if file.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION_ID:
                raise StateFileError("it is no state file of the sandbox")
            found = file.execute(
                "SELECT kind, '[' || group_concat(data) || ']' FROM rows GROUP BY 1"
            )
            tables = {kind: json.loads(data) for kind, data in found}
        return restore({**tables.pop(_FACTS)[0], "tables": tables})
    except (StateFileError, sqlite3.Error, OSError, KeyError, ValueError) as error:
        raise StateFileError(f"{path} cannot be used as a state file: {error}") from error


def _open(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True)


def _create(path: Path) -> sqlite3.Connection:
    """The file opened for writing, made first when it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = _open(path, "rwc")
    if file.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION_ID:
        with file:
            file.execute(_SCHEMA)
            file.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    return file


class Saver(threading.Thread):
    """Writes the state file shortly after each change."""

    def __init__(self, path: Path, room: Room, *, loaded: bool) -> None:
        super().__init__(name="saver", daemon=True)
        self.path = path
        self.room = room
        # The world and the count of its changes that the file knows.
        self._saved: tuple[World | None, int] = (room.world if loaded else None, 0)
        self._ending = threading.Event()
        self._writing = threading.Lock()

    def run(self) -> None:
        while not self._ending.wait(INTERVAL_SECONDS):
            try:
                self.save_changes()
            except (OSError, sqlite3.Error) as error:
                sys.stderr.write(f"{self.path} could not be written: {error}\n")

    def save_changes(self) -> None:
        """Write what changed since the last time; another world than then is written whole."""
        with self._writing:
            with self.room.lock:
                world = self.room.world
                if self._saved == (world, world.changes):
                    return
                anew = world is not self._saved[0] or not self.path.exists()
                saved = (world, world.changes)
                rows = _rows(world, list(_everything(world)) if anew else list(world.unsaved))
                world.unsaved.clear()
            try:
                self._write(rows, anew=anew)
            except BaseException:
                self._saved = (None, -1)  # what was taken off the list is written with all else
                raise
            self._saved = saved

    def _write(self, rows: list[tuple[str, str, str | None]], *, anew: bool) -> None:
        with closing(_create(self.path)) as file, file:
            if anew:
                file.execute("DELETE FROM rows")
            file.executemany(
                "DELETE FROM rows WHERE kind = ? AND sid = ?",
                [(kind, sid) for kind, sid, data in rows if data is None],
            )
            file.executemany(
                "INSERT OR REPLACE INTO rows VALUES (?, ?, ?)",
                [row for row in rows if row[2] is not None],
            )

    def finish(self) -> None:
        """Stop, with everything written."""
        self._ending.set()
        self.save_changes()


def _everything(world: World) -> Iterator[tuple[str, str]]:
    for kind, table in world.tables.items():
        yield from ((kind, sid) for sid in table)


def _rows(world: World, keys: list[tuple[str, str]]) -> list[tuple[str, str, str | None]]:
    """(kind, SID, JSON) of what is to be written; None for a row that is no more."""
    tables = world.tables
    rows: list[tuple[str, str, str | None]] = [(_FACTS, "", _to_json(_facts(world)))]
    for kind, sid in sorted(keys):  # as the file has them, which is the quickest to write
        row = tables[kind].get(sid)
        rows.append((kind, sid, None if row is None else _to_json(tables[kind].dump(row))))
    return rows
