"""Agents and the event log over REST."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings

from accounts.models import Account
from tests.factories import NOON, AgentFactory, EventFactory, PhoneNumberFactory, subscribed

from .conftest import Answer, Program

Problem = Callable[[Answer], tuple[int, str]]

pytestmark = pytest.mark.django_db


def test_an_agent_is_created_renamed_activated_and_paused(
    acme: Account, program: Program, problem: Problem
) -> None:
    created = program.send("post", "agents/", {"name": "Reception"})
    address = created["Location"]

    assert created.status_code == 201
    assert (created.json()["state"], created.json()["numbers"]) == ("draft", 0)
    assert program.send("get", address).json() == created.json()
    assert program.send("patch", address, {"name": "Desk"}).json()["name"] == "Desk"
    assert program.send("post", f"{address}activations/").json()["state"] == "live"
    assert problem(program.send("post", f"{address}activations/")) == (409, "blocked")
    assert program.send("post", f"{address}pauses/").json()["state"] == "paused"


def test_the_name_of_an_agent_is_checked(acme: Account, program: Program, problem: Problem) -> None:
    taken = AgentFactory.create(account=acme, name="Reception")

    for name in ("reception", "", "a" * 81):
        answer = program.send("post", "agents/", {"name": name})
        assert problem(answer) == (422, "invalid"), name
        assert answer.json()["errors"][0]["field"] == "name"
    answer = program.send("patch", f"agents/{taken.pk}/", {"state": "live", "name": "A"})
    assert answer.json()["errors"][0]["code"] == "unknown_field"


def test_agents_are_listed_with_how_many_numbers_they_have(acme: Account, program: Program) -> None:
    busy, idle = AgentFactory.create_batch(2, account=acme)
    PhoneNumberFactory.create_batch(2, account=acme, agent=busy)
    AgentFactory.create(account=subscribed(slug="other"))

    rows = program.send("get", "agents/").json()["results"]

    assert [(row["id"], row["numbers"]) for row in rows] == [(busy.pk, 2), (idle.pk, 0)]
    assert program.send("get", "agents/?state=draft").json()["results"] == []


def test_events_are_filtered(acme: Account, program: Program) -> None:
    first = EventFactory.create(account=acme, type="number.released", subject_id=7)
    second = EventFactory.create(
        account=acme, subject_type="agent", actor_kind="user", actor_id=5,
        at=NOON + timedelta(hours=1),
    )  # fmt: skip
    EventFactory.create(account=subscribed(slug="other"))

    def ids(query: str = "") -> list[int]:
        return [row["id"] for row in program.send("get", f"events/?{query}").json()["results"]]

    assert ids() == [second.pk, first.pk]
    assert ids("type=number.released") == [first.pk]
    assert ids("subject=number:7") == [first.pk]
    assert ids("actor=user:5") == [second.pk]
    assert ids("actor=system") == [first.pk]
    assert ids("subject=%2B14155550100") == []
    assert ids("since=2026-03-01T12:30:00Z") == [second.pk]
    assert ids("before=2026-03-01T12:30:00Z") == [first.pk]


def test_a_program_follows_the_events_from_the_first_to_the_last(
    acme: Account, program: Program
) -> None:
    events = EventFactory.create_batch(5, account=acme)
    EventFactory.create(account=subscribed(slug="other"))

    received: list[int] = []
    for _ in range(3):
        after = received[-1] if received else 0
        answer = program.send("get", f"events/?after={after}&limit=2").json()
        received += [row["id"] for row in answer["results"]]
    first = program.send("get", "events/?after=0&limit=2").json()
    following = program.send("get", first["next"].removeprefix(settings.PUBLIC_URL)).json()

    assert received == [event.pk for event in events]
    assert [row["id"] for row in following["results"]] == received[2:4]
    assert program.send("get", f"events/?after={received[-1]}").json()["results"] == []


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "9" * 20])
def test_a_place_in_the_log_that_cannot_be_is_refused(program: Program, after: str) -> None:
    answer = program.send("get", f"events/?after={after}")

    assert answer.status_code == 422
    assert "after" in str(answer.json())
