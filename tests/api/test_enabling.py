"""Services, enabling and disabling over REST."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Account
from tests.factories import PhoneNumberFactory

from .conftest import Program

pytestmark = pytest.mark.django_db


def test_a_program_chooses_asks_enables_and_disables(
    acme: Account, program: Program
) -> None:  # S4-23, S4-42, S4-49, B4
    before = {"sms_url": "https://before.example.com/sms"}
    ready = PhoneNumberFactory.create(account=acme, ready=True, texts=False, twilio=before)
    path = f"numbers/{ready.pk}"
    program.send("patch", f"{path}/services/", {"texts": True})
    planned = program.send("post", f"{path}/activations/", {"dry_run": True}).json()
    assert planned["blockers"] == []
    changed = {each["label"]: (each["before"], each["after"]) for each in planned["changes"]}
    assert changed["Answered"] == ("no", "yes")
    assert changed["SMS URL"][0] == before["sms_url"]
    ready.refresh_from_db()
    assert not ready.is_enabled

    enabled = program.send("post", f"{path}/activations/")
    assert enabled.status_code == 202
    assert (enabled.json()["texts"], enabled.json()["in_service_at"]) == (True, None)
    assert enabled.json()["enabled_at"]
    refused = program.send("patch", f"{path}/services/", {"texts": False})
    assert (refused.status_code, refused.json()["blockers"][0]["code"]) == (409, "last_service")
    assert ids(program.send("get", "numbers/?enabled=true")) == [ready.pk]

    disabled = program.send("delete", f"{path}/activations/")
    assert (disabled.status_code, disabled.json()["enabled_at"]) == (200, None)
    assert ids(program.send("get", "numbers/?enabled=true")) == []


def ids(answer: Any) -> list[int]:
    return [row["id"] for row in answer.json()["results"]]
