"""A Numberdesk of its own: a database, and real processes that share it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection as database

from tests.sandbox_process import SandboxProcess


class Installation:
    """A migrated database, commands on it, and servers and workers that can be killed.

    `folder` is for what it stores; `environment` adds to what its processes are told.
    """

    def __init__(self, folder: Path, sandbox: SandboxProcess, **environment: str) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "DATABASE_URL": self._database(),
            "TWILIO_BASE_URL": sandbox.url,
            "LOG_LEVEL": "WARNING",
            **environment,
        }
        self.processes: list[subprocess.Popen[bytes]] = []
        self.manage("migrate", "--verbosity", "0")

    def _database(self) -> str:
        if database.vendor == "sqlite":
            return f"sqlite:///{self.folder / 'installation.sqlite3'}"
        name = f"installation_{os.getpid()}"
        with database.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name}")
            cursor.execute(f"CREATE DATABASE {name}")
        host = settings.DATABASES["default"]["HOST"]
        return f"postgres://postgres@/{host}/{name}"

    def manage(self, *arguments: str) -> str:
        """Run a management command to its end; returns what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

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
