"""The operators' commands about licenses."""

from __future__ import annotations

import json
from io import StringIO

import time_machine
from django.core.management import call_command

from accounts.models import Account
from licensing.states import GraceState
from tests import factories


def check_grace() -> dict[str, int]:
    out = StringIO()
    call_command("check_grace", stdout=out)
    counts: dict[str, int] = json.loads(out.getvalue())
    return counts


def test_check_grace_does_what_the_worker_does_every_minute(
    acme: Account, noon: time_machine.Traveller
) -> None:
    factories.PhoneNumberFactory.create_batch(
        12, account=acme, connection=factories.ConnectionFactory.create(account=acme)
    )
    period = factories.GracePeriodFactory.create(account=acme)
    before = check_grace()
    noon.move_to(period.ends_at)

    at_the_end, again = check_grace(), check_grace()

    period.refresh_from_db()
    assert period.state == GraceState.EXPIRED
    assert [run["expired"] for run in (before, at_the_end, again)] == [0, 1, 0]
