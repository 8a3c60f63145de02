"""Acme, connected to the Twilio that `tests/conftest.py` starts."""

from __future__ import annotations

import pytest

from accounts.models import Account
from numbers.models import Connection
from tests.factories import ConnectionFactory
from tests.sandbox_process import SandboxProcess


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
