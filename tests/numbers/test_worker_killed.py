"""A worker that is really killed in the middle of an import, and the one that goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection as database

from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.process

NUMBERS = 20_000
PATIENCE = 90.0


class Installation:
    """A database of its own with one account, and worker processes that can be killed."""

    def __init__(self, folder: Path, sandbox: SandboxProcess) -> None:
        self.environment = {
            **os.environ,
            "DATABASE_URL": self._database(folder),
            "TWILIO_BASE_URL": sandbox.url,
            "JOB_LEASE_SECONDS": "4",
            "LOG_LEVEL": "WARNING",
        }
        self.workers: list[subprocess.Popen[bytes]] = []
        self.manage("migrate", "--verbosity", "0")
        created = self.manage(
            "create_account", "acme", "--name", "Acme", "--owner", "olivia@acme.example",
            "--licenses", "10", "--connection-sid", sandbox.acme_sid,
            "--connection-token", sandbox.acme_token,
        )  # fmt: skip
        assert json.loads(created)["api_key"]

    def _database(self, folder: Path) -> str:
        if database.vendor == "sqlite":
            return f"sqlite:///{folder / 'killed.sqlite3'}"
        name = f"killed_{os.getpid()}"
        with database.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name}")
            cursor.execute(f"CREATE DATABASE {name}")
        host = settings.DATABASES["default"]["HOST"]
        return f"postgres://postgres@/{host}/{name}"

    def manage(self, *arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def run(self, code: str) -> Any:
        """Run code inside the installation; it prints JSON."""
        prelude = (
            "import json\nfrom django.utils import timezone\n"
            "from accounts.actors import SYSTEM\nfrom accounts.models import Event, Job\n"
            "from numbers.models import Connection, PhoneNumber\n"
            "from numbers.services import imports\n"
        )
        return json.loads(self.manage("shell", "--no-imports", "-c", prelude + code))

    def request_import(self) -> int:
        return int(
            self.run(
                "run = imports.request_import("
                "Connection.objects.get().pk, actor=SYSTEM, at=timezone.now())\n"
                "print(run.job_id)"
            )
        )

    def job(self) -> dict[str, Any]:
        found: dict[str, Any] = self.run(
            "print(json.dumps(Job.objects.values('state', 'done', 'result', 'error').get()))"
        )
        return found

    def start_worker(self) -> subprocess.Popen[bytes]:
        worker = subprocess.Popen(
            [sys.executable, "manage.py", "run_worker"],
            cwd=settings.BASE_DIR,
            env=self.environment,
            start_new_session=True,
        )
        self.workers.append(worker)
        return worker

    def end(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[tuple[Installation, SandboxProcess]]:
    with SandboxProcess(numbers=NUMBERS) as sandbox:
        installed = Installation(tmp_path, sandbox)
        yield installed, sandbox
        installed.end()


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.2)


@pytest.mark.django_db(transaction=True)
def test_the_next_worker_completes_an_import_whose_worker_was_killed(
    installation: tuple[Installation, SandboxProcess],
) -> None:
    installed, sandbox = installation
    sandbox.fault("slow", seconds=0.3, path="IncomingPhoneNumbers", times=1_000)
    first = installed.start_worker()
    job = installed.request_import()
    wait_for(lambda: installed.job()["done"] >= 2_000)

    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    stopped = installed.job()
    time.sleep(4.5)  # until the lease of the killed worker has run out
    sandbox.clear_faults()
    installed.start_worker()
    joined = installed.request_import()
    wait_for(lambda: installed.job()["state"] != "running")

    assert joined == job
    assert (stopped["state"], stopped["done"] < NUMBERS) == ("running", True)
    finished = installed.job()
    assert finished["state"] == "done", finished
    assert finished["result"]["new"] == NUMBERS
    counted = installed.run(
        "events = Event.objects.filter(type='number.imported')\n"
        "print(json.dumps([PhoneNumber.objects.count(),"
        " PhoneNumber.objects.values('e164').distinct().count(),"
        " events.count(), events.values('subject_id').distinct().count(),"
        " PhoneNumber.objects.filter(state='missing').count()]))"
    )
    assert counted == [NUMBERS, NUMBERS, NUMBERS, NUMBERS, 0]
