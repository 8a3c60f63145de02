"""Twilio connections and imports over REST, against the Twilio stand-in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_django import Settings

from accounts.models import Account
from numbers.models import Connection, Import
from numbers.services import imports
from tests.factories import ConnectionFactory, PhoneNumberFactory, subscribed
from tests.sandbox_process import SandboxProcess

from .conftest import Answer, Program

Problem = Callable[[Answer], tuple[int, str]]

pytestmark = [pytest.mark.process, pytest.mark.django_db]


def test_a_subaccount_is_connected_and_its_token_never_shown(
    acme: Account, program: Program, sandbox: SandboxProcess
) -> None:
    body = {"sid": sandbox.acme_sid, "token": sandbox.acme_token}

    made = program.send("post", "connections/", body)

    assert made.status_code == 201
    assert (made.json()["state"], made.json()["sid"]) == ("active", sandbox.acme_sid)
    again = program.send("get", made["Location"])
    assert again.json() == made.json()
    listing = program.send("get", "connections/")
    assert [row["id"] for row in listing.json()["results"]] == [made.json()["id"]]
    for answer in (made, again, listing):
        assert sandbox.acme_token not in answer.content.decode()


def test_what_twilio_does_not_accept_is_named_by_field(  # S0-29
    acme: Account, program: Program, problem: Problem, sandbox: SandboxProcess
) -> None:
    def field(sid: str, token: str) -> str:
        answer = program.send("post", "connections/", {"sid": sid, "token": token})
        assert problem(answer) == (422, "invalid")
        return str(answer.json()["errors"][0]["field"])

    assert field(sandbox.acme_sid, "0" * 32) == "token"
    assert field(sandbox.main_sid, sandbox.main_token) == "sid"
    assert field("AC/../Accounts", sandbox.acme_token) == "sid"


def test_a_twilio_that_does_not_answer_is_no_mistake_of_the_client(
    acme: Account,
    program: Program,
    problem: Problem,
    sandbox: SandboxProcess,
    settings: Settings,
) -> None:
    settings.TWILIO_RETRY_SECONDS = 0.3
    sandbox.fault("status", status=503, times=100)
    body = {"sid": sandbox.acme_sid, "token": sandbox.acme_token}

    answer = program.send("post", "connections/", body, idempotency_key="a")
    assert problem(answer) == (503, "twilio_unavailable")

    sandbox.clear_faults()
    made = program.send("post", "connections/", body, idempotency_key="a")
    assert made.status_code == 201


def test_a_token_is_replaced_and_checked(
    program: Program, problem: Problem, connection: Connection, sandbox: SandboxProcess
) -> None:
    address = f"connections/{connection.pk}/"
    fresh = sandbox.revoke_token(sandbox.acme_sid)

    assert program.send("post", f"{address}checks/").json()["state"] == "auth_failed"
    wrong = program.send("put", f"{address}token/", {"token": "0" * 32})
    assert problem(wrong) == (422, "invalid")
    assert program.send("put", f"{address}token/", {"token": fresh}).json()["state"] == "active"


def test_an_import_is_asked_for_joined_and_followed(  # S0-14, S0-15
    program: Program, connection: Connection
) -> None:
    asked = program.send("post", "imports/", {"connection": connection.pk})
    joined = program.send("post", "imports/", {"connection": connection.pk})

    assert (asked.status_code, joined.status_code) == (202, 202)
    assert asked["Location"] == joined["Location"]
    run = Import.objects.get()
    imports.work(run.job_id)
    body = program.send("get", asked["Location"]).json()
    assert (body["job"]["state"], body["counts"]["new"]) == ("done", 27)
    new = program.send("get", body["numbers"]["new"]).json()
    assert len(new["results"]) == 27
    assert program.send("get", body["numbers"]["missing"]).json()["results"] == []
    assert [row["id"] for row in program.send("get", "imports/").json()["results"]] == [run.pk]


def test_an_import_through_a_broken_connection_is_refused(
    acme: Account, program: Program, problem: Problem
) -> None:
    broken = ConnectionFactory.create(account=acme, state="closed")
    foreign = ConnectionFactory.create(account=subscribed(slug="other"))

    answer = program.send("post", "imports/", {"connection": broken.pk})

    assert problem(answer) == (409, "blocked")
    assert answer.json()["blockers"][0]["code"] == "connection_broken"
    other = program.send("post", "imports/", {"connection": foreign.pk})
    assert problem(other) == (422, "invalid")


@pytest.mark.parametrize(("every", "is_known"), [("hourly", True), ("off", True), ("now", False)])
def test_a_refresh_is_scheduled(
    acme: Account, program: Program, problem: Problem, every: str, is_known: bool
) -> None:
    address = f"connections/{ConnectionFactory.create(account=acme).pk}/"

    answer = program.send("patch", address, {"refresh_every": every})

    if is_known:
        assert answer.json()["refresh_every"] == every
        assert bool(answer.json()["next_refresh_at"]) is (every != "off")
    else:
        assert problem(answer) == (422, "invalid")


def test_a_connection_that_nothing_needs_is_removed(
    acme: Account, program: Program, problem: Problem
) -> None:
    used, free = ConnectionFactory.create_batch(2, account=acme)
    stranger = ConnectionFactory.create()
    PhoneNumberFactory.create(account=acme, connection=used)

    removed = program.send("delete", f"connections/{free.pk}/")
    refused = program.send("delete", f"connections/{used.pk}/")

    assert (removed.status_code, removed.json()["state"]) == (200, "removed")
    assert problem(refused)[0] == 409
    assert "holds_numbers" in refused.content.decode()
    assert program.send("delete", f"connections/{stranger.pk}/").status_code == 404
