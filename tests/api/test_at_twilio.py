"""What programs read and decide about numbers whose state at Twilio needs a decision."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Account
from numbers.models import CarrierTask, PhoneNumber
from numbers.states import ConnectionState, TaskKind, TaskState
from tests.factories import (
    NOON,
    CarrierTaskFactory,
    ConnectionFactory,
    ImportFactory,
    PhoneNumberFactory,
)
from tests.sandbox_process import SandboxProcess

from .conftest import Program

pytestmark = pytest.mark.django_db

OLD, NEW = "https://example.com/old", "https://example.com/new"


@pytest.fixture
def back(acme: Account) -> PhoneNumber:
    return PhoneNumberFactory.create(
        account=acme,
        twilio={"voice_url": NEW},
        before_release={"settings": {"voice_url": OLD}, "found": {"voice_url": NEW}},
    )


def test_a_dry_run_shows_both_versions_and_writes_nothing(
    back: PhoneNumber, program: Program
) -> None:
    answer = program.send("post", f"numbers/{back.pk}/previous-settings/", {"dry_run": True})

    assert answer.status_code == 200
    (change,) = answer.json()["changes"]
    assert (change["label"], change["before"], change["after"]) == ("Voice URL", NEW, OLD)
    assert not CarrierTask.objects.exists()


def test_old_settings_are_put_back_or_left(back: PhoneNumber, program: Program) -> None:
    put = program.send("post", f"numbers/{back.pk}/previous-settings/", {})
    twice = program.send("delete", f"numbers/{back.pk}/previous-settings/")

    assert put.status_code == 202
    assert CarrierTask.objects.get().settings == {"voice_url": OLD}
    assert twice.status_code == 409
    assert twice.json()["blockers"][0]["code"] == "nothing_offered"


def test_a_question_can_be_declined(back: PhoneNumber, program: Program) -> None:
    left = program.send("delete", f"numbers/{back.pk}/previous-settings/")

    assert left.status_code == 200
    assert not CarrierTask.objects.exists()


def test_what_somebody_changed_at_twilio_is_found_and_put_back(
    acme: Account, program: Program, outsider: Program
) -> None:
    PhoneNumberFactory.create(account=acme)
    number = PhoneNumberFactory.create(
        account=acme,
        twilio={"voice_url": NEW},
        before_release={"changed": {"voice_url": OLD}},
        differs_since=NOON,
    )
    path = f"numbers/{number.pk}/previous-settings/"

    (row,) = program.send("get", "numbers/?differs=true").json()["results"]
    (change,) = program.send("post", path, {"dry_run": True}).json()["changes"]
    strange = [outsider.send(verb, path) for verb in ("post", "delete")]
    put = program.send("post", path, {})

    assert (row["id"], row["differs_since"]) == (number.pk, "2026-03-01T12:00:00Z")
    assert (change["before"], change["after"]) == (NEW, OLD)
    assert [each.status_code for each in strange] == [404, 404]
    assert put.status_code == 202
    assert CarrierTask.objects.get().settings == {"voice_url": OLD}
    assert program.send("get", f"numbers/{number.pk}/").json()["differs_since"] is None


def test_what_waits_says_when_and_is_tried_now(acme: Account, program: Program) -> None:
    due = timezone.now() + timedelta(hours=1)
    task = CarrierTaskFactory.create(
        number=PhoneNumberFactory.create(account=acme, releasing=True),
        due_at=due,
        attempts=7,
        error="Slow.",
        error_code="twilio_unavailable",
    )

    (listed,) = program.send("get", f"numbers/{task.number_id}/tasks/").json()
    tried = program.send("post", f"tasks/{task.pk}/attempts/", {})

    assert (listed["id"], listed["kind"], listed["state"]) == (task.pk, "release", "pending")
    assert listed["next_attempt_at"] == due.isoformat().replace("+00:00", "Z")
    assert tried.status_code == 202
    assert tried.json()["attempts"] == 0
    task.refresh_from_db()
    assert task.due_at < due


def test_a_refused_restore_is_asked_for_anew(acme: Account, program: Program) -> None:
    task = CarrierTaskFactory.create(
        number=PhoneNumberFactory.create(account=acme, released=True),
        kind=TaskKind.RESTORE,
        state=TaskState.NEEDS_PERSON,
    )

    answer = program.send("post", f"tasks/{task.pk}/attempts/", {})

    assert (answer.status_code, answer.json()["code"]) == (409, "not_due")


def test_an_excluded_number_that_is_gone_says_since_when(acme: Account, program: Program) -> None:
    number = PhoneNumberFactory.create(account=acme, excluded=True, unlisted_at=NOON)

    shown = program.send("get", f"numbers/{number.pk}/").json()
    refused = program.send("post", f"numbers/{number.pk}/inclusions/", {})
    closed = program.send("post", f"numbers/{number.pk}/closures/", {})

    assert shown["unlisted_at"] == "2026-03-01T12:00:00Z"
    assert refused.json()["blockers"][0]["code"] == "not_at_twilio"
    assert (closed.status_code, closed.json()["state"]) == (201, "gone")


@pytest.mark.parametrize(
    ("result", "odd_rows"), [({}, 0), ({"odd_rows": 1, "odd": [{"sid": "PN1", "number": "1"}]}, 1)]
)
def test_an_import_names_odd_rows(
    acme: Account, program: Program, result: dict[str, Any], odd_rows: int
) -> None:
    run = ImportFactory.create(connection__account=acme, finished=True)
    run.job.result = result
    run.job.save()

    shown = program.send("get", f"imports/{run.pk}/").json()

    assert (shown["odd_rows"], shown["odd"]) == (odd_rows, result.get("odd", []))
    assert shown["asked_again_at"] is None


def test_a_second_account_is_told_that_the_subaccount_is_connected_elsewhere(
    sandbox: SandboxProcess, program: Program
) -> None:
    ConnectionFactory.create(
        account__slug="first-inc", sid=sandbox.acme_sid, owner_sid=sandbox.main_sid
    )

    answer = program.send(
        "post", "connections/", {"sid": sandbox.acme_sid, "token": sandbox.acme_token}
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["errors"][0]["field"] == "sid"
    assert "first-inc" not in answer.content.decode()


def test_a_detached_connection_is_not_checked(acme: Account, program: Program) -> None:
    connection = ConnectionFactory.create(account=acme, state=ConnectionState.DETACHED)

    answer = program.send("post", f"connections/{connection.pk}/checks/", {})

    assert answer.status_code == 409
    assert answer.json()["blockers"][0]["code"] == "connection_detached"
