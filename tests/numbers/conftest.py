"""A Twilio to talk to: the stand-in as a real process, fresh for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from accounts.models import Account
from numbers.carrier import Carrier
from numbers.models import Connection
from tests.factories import ConnectionFactory
from tests.sandbox_process import SandboxProcess


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[SandboxProcess]:
    with SandboxProcess(numbers=27) as process:
        yield process


@pytest.fixture
def sandbox(sandbox_process: SandboxProcess, settings: Settings) -> SandboxProcess:
    """Acme's subaccount with 27 numbers; nothing waits long for it."""
    sandbox_process.reset(numbers=27)
    settings.TWILIO_BASE_URL = sandbox_process.url
    settings.TWILIO_TIMEOUT_SECONDS = 2
    settings.TWILIO_RETRY_SECONDS = 4
    return sandbox_process


@pytest.fixture
def carrier(sandbox: SandboxProcess) -> Carrier:
    return Carrier(sandbox.acme_sid, sandbox.acme_token)


@pytest.fixture
def connection(acme: Account, sandbox: SandboxProcess) -> Connection:
    """Acme, connected to its subaccount at the stand-in."""
    return ConnectionFactory.create(
        account=acme,
        sid=sandbox.acme_sid,
        owner_sid=sandbox.main_sid,
        auth_token=sandbox.acme_token,
        name="Acme",
    )
