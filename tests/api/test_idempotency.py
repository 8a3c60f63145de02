"""A POST that is sent again does nothing again (B11)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from accounts.models import Account, IdempotencyKey
from accounts.states import Permission
from numbers.states import NumberState
from telephony import services
from telephony.models import Agent
from tests.factories import AgentFactory, PhoneNumberFactory, subscribed

from .conftest import Answer, Program, program_of

Problem = Callable[[Answer], tuple[int, str]]

pytestmark = pytest.mark.django_db


def create(program: Program, key: str, name: str = "Reception") -> Answer:
    return program.send("post", "agents/", {"name": name}, idempotency_key=key)


def test_the_same_request_gets_the_same_answer_and_does_nothing(program: Program) -> None:
    first, again = create(program, "a"), create(program, "a")

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first["Location"] == again["Location"]
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert Agent.objects.count() == 1


def test_a_refusal_is_repeated_as_it_was(acme: Account, program: Program, problem: Problem) -> None:
    number = PhoneNumberFactory.create(account=acme, protected=True)
    address = f"numbers/{number.pk}/releases/"

    first = program.send("post", address, {}, idempotency_key="a")
    number.protected = False
    number.save(update_fields=["protected"])
    again = program.send("post", address, {}, idempotency_key="a")
    new = program.send("post", address, {}, idempotency_key="b")

    assert problem(first) == (409, "blocked")
    assert again["Content-Type"] == "application/problem+json"
    assert again["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    assert new.status_code == 202


def test_the_key_of_another_request_is_refused(program: Program, problem: Problem) -> None:
    create(program, "a")

    assert problem(create(program, "a", "Support")) == (422, "idempotency_key_reused")
    swap = program.send("post", "swaps/", {"name": "Reception"}, idempotency_key="a")
    assert problem(swap) == (422, "idempotency_key_reused")
    assert Agent.objects.count() == 1


def test_how_the_json_is_written_makes_no_difference(acme: Account, program: Program) -> None:
    for body in ('{"name": "A", "x": 1}', '{"x":1,"name":"A"}'):
        answer = program.post(
            "/api/v1/agents/",
            body,
            content_type="application/json",
            headers={"idempotency-key": "a"},
        )

    assert answer["Idempotency-Replayed"] == "true"


def test_keys_of_different_programs_are_different_keys(
    acme: Account, program: Program, outsider: Program
) -> None:
    colleague = program_of(acme, *Permission)

    answers = [
        create(each, "a", name)
        for each, name in ((program, "A"), (colleague, "B"), (outsider, "A"))
    ]

    assert [answer.status_code for answer in answers] == [201, 201, 201]


def test_while_the_first_request_runs_the_second_is_told_so(
    program: Program, problem: Problem
) -> None:
    assert program.key is not None
    first = create(program, "a")
    IdempotencyKey.objects.update(status=None, body=None)

    assert first.status_code == 201
    assert problem(create(program, "a")) == (409, "idempotency_key_in_use")


def test_our_own_mistake_is_not_remembered(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr(services, "create_agent", lambda *args, **facts: 1 / 0)
        failed = create(program, "a")

    assert failed.status_code == 500
    assert create(program, "a").status_code == 201


def test_only_a_post_takes_a_key(acme: Account, program: Program) -> None:
    agent = AgentFactory.create(account=acme)

    for name in ("A", "B"):
        program.send("patch", f"agents/{agent.pk}/", {"name": name}, idempotency_key="a")

    agent.refresh_from_db()
    assert agent.name == "B"
    assert not IdempotencyKey.objects.exists()


@pytest.mark.parametrize("key", ["", "a" * 256, "schlüssel", "a\tb"])
def test_a_key_that_cannot_be_kept_is_refused(program: Program, problem: Problem, key: str) -> None:
    answer = program.post("/api/v1/agents/", "{}", content_type="application/json",
                          HTTP_IDEMPOTENCY_KEY=key)  # fmt: skip

    assert problem(answer) == (400, "idempotency_key_invalid")


def test_a_key_of_a_request_that_may_not_be_made_stays_free(
    acme: Account, reader: Program, problem: Problem
) -> None:
    assert problem(create(reader, "a")) == (403, "forbidden")
    assert not IdempotencyKey.objects.exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_requests_at_the_same_instant_act_once() -> None:
    account = subscribed(slug="racing")
    number = PhoneNumberFactory.create(account=account)
    key = program_of(account, *Permission).key
    together = Barrier(4)

    def release(_: int) -> tuple[int, str]:
        program = Program(key)
        together.wait()
        try:
            answer = program.send(
                "post", f"numbers/{number.pk}/releases/", {}, idempotency_key="race"
            )
        finally:
            connection.close()
        return answer.status_code, answer.json().get("code", answer.json().get("state"))

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(release, range(4)))

    assert set(outcomes) <= {(202, NumberState.RELEASING), (409, "idempotency_key_in_use")}
    assert (202, NumberState.RELEASING) in outcomes
    assert number.carrier_tasks.count() == 1
