"""A number of Acme that texts come to."""

from __future__ import annotations

import pytest

from accounts.models import Account
from numbers.models import PhoneNumber
from tests.factories import NOON, PhoneNumberFactory


@pytest.fixture
def number(acme: Account) -> PhoneNumber:
    """In service, with a live agent."""
    return PhoneNumberFactory.create(
        account=acme, assigned=True, texts=True, enabled_at=NOON, hook_key="k" * 32
    )
