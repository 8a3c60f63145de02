"""What the tests of the door to Twilio share."""

from __future__ import annotations

import pytest

from carrier.transport import Transport
from tests.sandbox_process import SandboxProcess


@pytest.fixture
def transport(sandbox: SandboxProcess) -> Transport:
    """Twilio as Acme's subaccount reaches it, below any topic."""
    return Transport(sandbox.acme_sid, sandbox.acme_token)
