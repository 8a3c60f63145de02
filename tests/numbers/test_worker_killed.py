"""A worker that is really killed in the middle of an import, and the one that goes on."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.installation import Installation, Migrated
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.process

NUMBERS = 10_000
PATIENCE = 90.0


class KillableInstallation(Installation):
    """An installation with one account, whose jobs another worker soon takes over."""

    def __init__(self, folder: Path, migrated: Migrated, sandbox: SandboxProcess) -> None:
        super().__init__(
            folder,
            migrated,
            sandbox,
            JOB_LEASE_SECONDS="4",
            TWILIO_STEP_SECONDS="3",
            TWILIO_RETRY_SECONDS="3",
        )
        created = self.manage(
            "create_account", "acme", "--name", "Acme", "--owner", "olivia@acme.example",
            "--licenses", "10", "--connection-sid", sandbox.acme_sid,
            "--connection-token", sandbox.acme_token,
        )  # fmt: skip
        assert json.loads(created)["api_key"]

    def ask(self, code: str) -> Any:
        """Run code that knows the models; it prints JSON."""
        return self.run(
            "from django.utils import timezone\n"
            "from accounts.actor import SYSTEM\nfrom accounts.models import Event, Job\n"
            "from numbers.models import Connection, PhoneNumber\n"
            f"from numbers.services import imports\n{code}"
        )

    def request_import(self) -> int:
        return int(
            self.ask(
                "run = imports.request_import("
                "Connection.objects.get().pk, actor=SYSTEM, at=timezone.now())\n"
                "print(run.job_id)"
            )
        )

    def job(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ask(
            "print(json.dumps(Job.objects.values('state', 'done', 'result', 'error').get()))"
        )
        return found


@pytest.fixture
def installation(
    tmp_path: Path, migrated: Migrated
) -> Iterator[tuple[KillableInstallation, SandboxProcess]]:
    with SandboxProcess(numbers=NUMBERS, at=None) as sandbox:
        installed = KillableInstallation(tmp_path, migrated, sandbox)
        yield installed, sandbox
        installed.end()


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.2)


@pytest.mark.django_db(transaction=True)
def test_the_next_worker_completes_an_import_whose_worker_was_killed(
    installation: tuple[KillableInstallation, SandboxProcess],
) -> None:
    installed, sandbox = installation
    sandbox.fault("slow", seconds=1, path="IncomingPhoneNumbers", times=1_000)
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
    counted = installed.ask(
        "events = Event.objects.filter(type='number.imported')\n"
        "print(json.dumps([PhoneNumber.objects.count(),"
        " PhoneNumber.objects.values('e164').distinct().count(),"
        " events.count(), events.values('subject_id').distinct().count(),"
        " PhoneNumber.objects.filter(state='missing').count()]))"
    )
    assert counted == [NUMBERS, NUMBERS, NUMBERS, NUMBERS, 0]
