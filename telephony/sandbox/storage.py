"""The state file: one JSON document, replaced as a whole, at most a second behind."""

from __future__ import annotations

import json
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

from telephony.sandbox.clock import Clock
from telephony.sandbox.world import Account, Number, Released, Room, World

FORMAT = 1
DEBOUNCE_SECONDS = 0.3


class StateFileError(Exception):
    """The state file is there and cannot be used."""


def dump(world: World) -> dict[str, Any]:
    """Everything of the world as plain lists; shares nothing that changes later."""
    return {
        "format": FORMAT,
        "seed": world.seed,
        "clock_offset_seconds": world.clock.offset.total_seconds(),
        "sequence": world.sequence,
        "generated": world.generated,
        "token_epoch": world.token_epoch,
        "roles": dict(world.roles),
        "accounts": [
            [
                a.sid,
                a.owner_sid,
                a.token,
                a.friendly_name,
                a.seq,
                a.created,
                a.updated,
                a.status,
                a.type,
                a.suspended_by_twilio,
            ]
            for a in world.accounts.values()
        ],
        "numbers": [
            [n.sid, n.account_sid, n.phone_number, n.seq, n.created, n.updated, n.changes]
            for a in world.accounts.values()
            for n in a.numbers
        ],
        "released": [[r.phone_number, r.account_sid, r.released] for r in world.released.values()],
    }


def restore(data: dict[str, Any]) -> World:
    """The world that `dump` wrote down."""
    world = World(data["seed"], Clock(timedelta(seconds=data["clock_offset_seconds"])))
    world.sequence = data["sequence"]
    world.generated = data["generated"]
    world.token_epoch = data["token_epoch"]
    world.roles = data["roles"]
    world.accounts = {row[0]: Account(*row) for row in data["accounts"]}
    for row in data["numbers"]:
        number = Number(*row)
        world.accounts[number.account_sid].numbers.append(number)
        world.numbers[number.sid] = number
        world.by_phone_number[number.phone_number] = number
    world.released = {row[0]: Released(*row) for row in data["released"]}
    return world


def load(path: Path) -> World:
    """Read the state file; `StateFileError` names what is wrong with it."""
    try:
        data = json.loads(path.read_text("utf-8"))
        if data["format"] != FORMAT:
            raise StateFileError(f"{path} has format {data['format']}, not {FORMAT}")
        return restore(data)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StateFileError(f"{path} is no state file of the sandbox: {error!r}") from error


def save(path: Path, data: dict[str, Any]) -> None:
    """Replace the file in one step, so that it is whole at every instant."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.part")
    beside.write_text(json.dumps(data, separators=(",", ":")), "utf-8")
    beside.replace(path)


class Saver(threading.Thread):
    """Writes the state file shortly after each change."""

    def __init__(self, path: Path, room: Room) -> None:
        super().__init__(name="saver", daemon=True)
        self.path = path
        self.room = room
        self.saved = -1  # how many changes the file knows
        self._ending = threading.Event()
        self._writing = threading.Lock()

    def run(self) -> None:
        while not self._ending.wait(DEBOUNCE_SECONDS):
            try:
                self.save_changes()
            except OSError as error:
                sys.stderr.write(f"{self.path} could not be written: {error}\n")

    def save_changes(self) -> None:
        """Write when something changed since the last time."""
        with self._writing:
            with self.room.lock:
                changes = self.room.world.changes
                if changes == self.saved:
                    return
                data = dump(self.room.world)
            save(self.path, data)
            self.saved = changes

    def finish(self) -> None:
        """Stop, with everything written."""
        self._ending.set()
        self.save_changes()
