"""One sandbox process for all tests of this folder, as new for each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess


@pytest.fixture(scope="session")
def _sandbox_process() -> Iterator[SandboxProcess]:
    with SandboxProcess() as process:
        yield process


@pytest.fixture
def sandbox(_sandbox_process: SandboxProcess) -> SandboxProcess:
    """The seeded world in the `MORNING`: 27 numbers of Acme, no past, no faults, no requests."""
    _sandbox_process.reset(history=False)
    return _sandbox_process


@pytest.fixture
def acme_client(sandbox: SandboxProcess) -> Client:
    """The official client with the credentials of the subaccount Acme."""
    return sandbox.client()


@pytest.fixture
def parent_client(sandbox: SandboxProcess) -> Client:
    """The official client with the credentials of the main account."""
    return sandbox.client(sandbox.main_sid, sandbox.main_token)
