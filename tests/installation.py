"""A Numberdesk of its own: a database, and real processes that share it."""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection as database

from tests.sandbox_process import SandboxProcess

_count = itertools.count()


class Migrated:
    """A database with all tables and nothing else, made once a run; an installation copies it.

    `shared` is a folder that all processes of the run have in common.
    """

    def __init__(self, shared: Path) -> None:
        self.template = self._address(shared / "migrated.sqlite3", "migrated")
        made = shared / "migrated"
        with (shared / "migrated.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                self._create("migrated")
                for command in ("migrate", "createcachetable"):
                    manage({**os.environ, "DATABASE_URL": self.template}, command, "-v0")
                made.touch()

    def copy(self, folder: Path, name: str) -> str:
        """Another one like it; returns its ``DATABASE_URL``. On SQLite it is in `folder`."""
        copy = folder / f"{name}.sqlite3"
        if database.vendor == "sqlite":
            shutil.copy(self.template.removeprefix("sqlite:///"), copy)
        else:
            self._create(name, " TEMPLATE migrated")
        return self._address(copy, name)

    def _address(self, file: Path, name: str) -> str:
        if database.vendor == "sqlite":
            return f"sqlite:///{file}"
        return f"postgres://postgres@/{settings.DATABASES['default']['HOST']}/{name}"

    def _create(self, name: str, like: str = "") -> None:
        if database.vendor == "postgresql":
            with database.cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {name}")
                cursor.execute(f"CREATE DATABASE {name}{like}")


def manage(environment: dict[str, str], *arguments: str) -> str:
    """Run a management command to its end; returns what it printed."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Installation:
    """A database of its own, commands on it, and servers and workers that can be killed.

    `folder` is for what it stores; `environment` adds to what its processes are told.
    """

    def __init__(
        self, folder: Path, migrated: Migrated, sandbox: SandboxProcess, **environment: str
    ) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "DATABASE_URL": migrated.copy(folder, f"installation_{os.getpid()}_{next(_count)}"),
            "TWILIO_BASE_URL": sandbox.url,
            "LOG_LEVEL": "WARNING",
            **environment,
        }
        self.processes: list[subprocess.Popen[bytes]] = []

    def manage(self, *arguments: str) -> str:
        return manage(self.environment, *arguments)

    def run(self, code: str) -> Any:
        """Run code inside; it prints JSON."""
        return json.loads(self.manage("shell", "--no-imports", "-c", f"import json\n{code}"))

    def start(self, *arguments: str, log: Path | None = None) -> subprocess.Popen[bytes]:
        """Start `python …` and leave it running; what it says goes to `log` if given."""
        with (log or Path(os.devnull)).open("ab") as said:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=settings.BASE_DIR,
                env=self.environment,
                start_new_session=True,
                stdout=said if log else None,
                stderr=said if log else None,
            )
        self.processes.append(process)
        return process

    def start_worker(self, *, log: Path | None = None) -> subprocess.Popen[bytes]:
        return self.start("manage.py", "run_worker", log=log)

    def end(self) -> None:
        """Kill what still runs, with all its children."""
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
