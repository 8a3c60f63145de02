"""A worker that is really killed while the bank takes the money for a renewal."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.installation import Installation, Migrated
from tests.sandbox_process import SandboxProcess

pytestmark = [pytest.mark.process, pytest.mark.sqlite, pytest.mark.django_db(transaction=True)]

PATIENCE = 60.0
DUE = """
from datetime import timedelta
from django.utils import timezone
from licensing.models import Subscription
now = timezone.now()
Subscription.objects.update(
    period_started_at=now - timedelta(days=31), period_ends_at=now - timedelta(seconds=1)
)
print(1)
"""
SWEEP = "from config.jobs import enqueue\nenqueue('licensing.tasks.sweep')\nprint(1)"
BOOKS = """
from accounts.models import Event, Notice
from licensing.models import Charge, PaymentAttempt, Subscription
told = Event.objects.filter(type__startswith="subscription.")
print(json.dumps({
    "attempts": list(PaymentAttempt.objects.values_list("state", flat=True)),
    "charges": [str(amount) for amount in Charge.objects.values_list("amount", flat=True)],
    "subscription": Subscription.objects.get().state,
    "told": list(told.values_list("type", flat=True)),
    "notices": Notice.objects.count(),
}))
"""


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    folder = tmp_path / "bank"
    folder.mkdir()
    return folder


@pytest.fixture
def installation(tmp_path: Path, migrated: Migrated, bank: Path) -> Iterator[Installation]:
    with SandboxProcess(numbers=1) as sandbox:
        installed = Installation(
            tmp_path,
            migrated,
            sandbox,
            BANK=str(bank),
            PAYMENT_GATEWAY="tests.bank_of_files.BankOfFiles",
            PAYMENT_PATIENCE_SECONDS="1",
        )
        installed.manage(
            "create_account", "acme", "--name", "Acme", "--owner", "olivia@acme.example",
            "--licenses", "10",
        )  # fmt: skip
        yield installed
        installed.end()


def wait_for(condition: Callable[[], Any]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.2)


def test_the_next_worker_finds_the_renewal_paid_and_the_account_is_not_overdue(
    installation: Installation, bank: Path
) -> None:
    def taken() -> list[str]:
        return [book.read_text() for book in bank.iterdir() if book.name.startswith("attempt-")]

    def renewed() -> bool:
        installation.run(SWEEP)  # the clock of the schedule would take a minute
        return bool(installation.run(BOOKS)["charges"])

    (bank / "silent").touch()
    installation.run(DUE)
    installation.run(SWEEP)
    first = installation.start_worker()
    wait_for(taken)

    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    left = installation.run(BOOKS)
    (bank / "silent").unlink()
    installation.start_worker()
    wait_for(renewed)

    assert (left["attempts"], left["charges"]) == (["pending"], [])
    assert installation.run(BOOKS) == {
        "attempts": ["accepted"],
        "charges": ["50.00"],
        "subscription": "active",
        "told": ["subscription.renewed"],
        "notices": 1,
    }
    assert taken() == ["50.00 USD\n"]
