"""A POST that is sent again does nothing again (B11)."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any, NamedTuple

import pytest
from django.db import connection
from time_machine import Traveller

from accounts.api import idempotency
from accounts.api.idempotency import ABANDONED_AFTER
from accounts.models import Account, Event, IdempotencyKey, Job
from accounts.states import Permission
from config import openapi
from licensing.tasks import sweep_payments
from numbers.models import Connection
from numbers.states import ConnectionState, NumberState
from telephony.api import AgentSerializer
from telephony.models import Agent
from telephony.services import agents as services
from tests.bank import Bank
from tests.crashes import every_crash
from tests.factories import (
    NOON,
    AgentFactory,
    ConnectionFactory,
    JobFactory,
    JobItemFactory,
    PaymentAttemptFactory,
    PhoneNumberFactory,
    subscribed,
)
from tests.races import at_once
from tests.sandbox_process import SandboxProcess

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


def test_a_mistake_of_ours_after_the_commit_does_not_free_the_key(
    program: Program, monkeypatch: pytest.MonkeyPatch, problem: Problem
) -> None:
    """The agent is made, and then its answer cannot be written."""
    program.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr(AgentSerializer, "to_representation", lambda *_: 1 / 0)
        failed = create(program, "a")

    again = create(program, "a")

    assert failed.status_code == 500
    assert problem(again) == (409, "idempotency_outcome_unknown")
    assert failed.json()["request_id"] in again.json()["detail"]
    assert Agent.objects.count() == 1


def test_an_answer_that_cannot_be_stored_does_not_free_the_key(
    program: Program, monkeypatch: pytest.MonkeyPatch, problem: Problem, noon: Traveller
) -> None:
    program.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "JSONRenderer", lambda: 1 / 0)
        failed = create(program, "a")

    noon.shift(ABANDONED_AFTER)

    assert failed.status_code == 500
    assert problem(create(program, "a")) == (409, "idempotency_outcome_unknown")
    assert Agent.objects.count() == 1


def test_a_key_whose_process_died_before_it_acted_is_taken_up_after_a_minute(
    acme: Account, program: Program, problem: Problem, noon: Traveller
) -> None:
    create(program, "a")
    Agent.objects.all().delete()
    IdempotencyKey.objects.update(status=None, body=None, acted_at=None)

    assert problem(create(program, "a")) == (409, "idempotency_key_in_use")
    noon.shift(ABANDONED_AFTER)
    assert create(program, "a").status_code == 201
    assert create(program, "a")["Idempotency-Replayed"] == "true"
    assert Agent.objects.count() == 1


def test_a_request_whose_key_was_taken_up_writes_nothing_any_more(
    acme: Account, program: Program, monkeypatch: pytest.MonkeyPatch, problem: Problem
) -> None:
    """It was only slow: the repeat took it for dead, and acts in its place."""
    really = services.create_agent

    def slowly(*args: Any, **facts: Any) -> Agent:
        IdempotencyKey.objects.update(claim="of the repeat")
        return really(*args, **facts)

    monkeypatch.setattr(services, "create_agent", slowly)

    assert problem(create(program, "a")) == (409, "idempotency_key_in_use")
    assert not Agent.objects.exists()
    assert IdempotencyKey.objects.get().status is None


def test_a_dry_run_and_a_refusal_do_not_mark_the_key(acme: Account, program: Program) -> None:
    number = PhoneNumberFactory.create(account=acme, protected=True)

    program.send("post", f"numbers/{number.pk}/releases/", {"dry_run": True}, idempotency_key="a")
    program.send("post", f"numbers/{number.pk}/releases/", {}, idempotency_key="b")

    assert not IdempotencyKey.objects.exclude(acted_at=None).exists()


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


# --- Killed at every step --------------------------------------------------------------------


class Sent(NamedTuple):
    """A request that will be killed: who sends what, and the event that shows that it acted."""

    program: Program
    path: str
    body: dict[str, Any]
    event: str

    def send(self) -> Answer:
        return self.program.send("post", self.path, self.body, idempotency_key="a")

    def times(self) -> int:
        """How often it acted. A job is begun without an event of its own."""
        assert self.program.key is not None
        account = self.program.key.account
        if self.event == "job":
            return Job.objects.filter(account=account, retry_of=None, state="queued").count()
        return Event.objects.filter(type=self.event, account=account).count()


def _of_number(path: str, event: str, **state: Any) -> Callable[[Account], tuple[Any, ...]]:
    def make(account: Account) -> tuple[Any, ...]:
        number = PhoneNumberFactory.create(account=account, **state)
        return f"numbers/{number.pk}/{path}/", {}, event

    return make


def _assignment(account: Account) -> tuple[Any, ...]:
    number = PhoneNumberFactory.create(account=account)
    agent = AgentFactory.create(account=account)
    return f"numbers/{number.pk}/assignments/", {"agent": agent.pk}, "number.assigned"


def _swap(account: Account) -> tuple[Any, ...]:
    connection = ConnectionFactory.create(account=account)
    agent = AgentFactory.create(account=account)
    leaving = PhoneNumberFactory.create(account=account, connection=connection, agent=agent)
    taking = PhoneNumberFactory.create(account=account, connection=connection)
    body = {"leaving": leaving.pk, "taking": taking.pk, "fate": "release"}
    return "swaps/", body, "number.swapped_in"


def _bulk(account: Account) -> tuple[Any, ...]:
    PhoneNumberFactory.create_batch(3, account=account)
    body = {"action": "exclude", "filter": {"tab": "unassigned"}}
    return "bulk-jobs/", body, "bulk.started"


def _csv_edit(account: Account) -> tuple[Any, ...]:
    number = PhoneNumberFactory.create(account=account)
    return "csv-edits/", {"rows": [{"number": number.e164, "label": "New"}]}, "csv_edit.started"


def _import(account: Account) -> tuple[Any, ...]:
    return "imports/", {"connection": ConnectionFactory.create(account=account).pk}, "job"


def _retry(account: Account) -> tuple[Any, ...]:
    facts = {"action": "exclude", "params": {}}
    job = JobFactory.create(account=account, kind="bulk", finished=True, params=facts)
    number = PhoneNumberFactory.create(account=account)
    JobItemFactory.create(job=job, subject_type="number", subject_id=number.pk, state="skipped")
    return f"jobs/{job.pk}/retries/", {}, "bulk.started"


def _payment(account: Account) -> tuple[Any, ...]:
    attempt = PaymentAttemptFactory.create(account=account, state="unanswered", quantity=2)
    return f"payments/{attempt.pk}/attempts/", {}, "license.changed"


def _of_agent(path: str, event: str, **state: Any) -> Callable[[Account], tuple[Any, ...]]:
    def make(account: Account) -> tuple[Any, ...]:
        agent = AgentFactory.create(account=account, **state)
        return f"agents/{agent.pk}/{path}/", {}, event

    return make


POSTS: dict[str, Callable[[Account], tuple[Any, ...]]] = {
    "activation of a number": _of_number("activations", "number.enabled", ready=True),
    "activation": _of_agent("activations", "agent.went_live", draft=True),
    "agent": lambda account: ("agents/", {"name": "Reception"}, "agent.created"),
    "assignment": _assignment,
    "bulk": _bulk,
    "CSV edit": _csv_edit,
    "closure": _of_number("closures", "number.gone", state="missing"),
    "exclusion": _of_number("exclusions", "number.excluded"),
    "import": _import,
    "inclusion": _of_number("inclusions", "number.brought_back", state="excluded"),
    "licenses": lambda account: ("license-changes/", {"to": 20}, "license.changed"),
    "lower": lambda account: ("license-changes/", {"to": 5}, "license.changed"),
    "pause": _of_agent("pauses", "agent.paused"),
    "payment asked again": _payment,
    "previous settings": _of_number(
        "previous-settings",
        "number.settings_asked_back",
        before_release={"settings": {"voice_url": "https://example.com/before"}},
    ),
    "routes": _of_number("routes", "number.asked_here_again", enabled=True),
    "release": _of_number("releases", "number.release_decided"),
    "restoration": _of_number(
        "restorations", "number.restore_asked", state="released", released_at=NOON
    ),
    "retry": _retry,
    "spare": _of_number("spares", "number.kept"),
    "swap": _swap,
}


def _connection(account: Account, twilio: SandboxProcess) -> tuple[Any, ...]:
    Connection.objects.filter(sid=twilio.acme_sid).delete()  # it is connected once
    wanted = {"sid": twilio.acme_sid, "token": twilio.acme_token}
    return "connections/", wanted, "connection.made"


def _check(account: Account, twilio: SandboxProcess) -> tuple[Any, ...]:
    Connection.objects.filter(sid=twilio.acme_sid).delete()
    connection = ConnectionFactory.create(
        account=account, sid=twilio.acme_sid, auth_token=twilio.acme_token, state="auth_failed"
    )
    return f"connections/{connection.pk}/checks/", {}, "connection.recovered"


#: What asks Twilio within the request; nothing is written before it has answered.
ASKS_TWILIO: dict[str, Callable[[Account, SandboxProcess], tuple[Any, ...]]] = {
    "check": _check,
    "connection": _connection,
}
#: What says the same however often it is said: that a task is due now.
REPEATABLE = {"tasks/{id}/attempts/"}


def test_every_post_is_killed(acme: Account, sandbox: SandboxProcess) -> None:
    sent = [make(acme) for make in POSTS.values()]
    sent += [make(acme, sandbox) for make in ASKS_TWILIO.values()]
    killed = {re.sub(r"/\d+/", "/{id}/", path) for path, *_ in sent}

    paths = openapi.document()["paths"].items()
    assert killed | REPEATABLE == {
        path.removeprefix("/api/v1/") for path, methods in paths if "post" in methods
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("post", list(POSTS))
def test_a_post_that_is_killed_at_any_step_and_sent_again_acts_once(
    post: str, bank: Bank, noon: Traveller
) -> None:
    killed_at_every_step(POSTS[post], noon)


@pytest.mark.process
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("post", list(ASKS_TWILIO))
def test_a_post_that_asks_twilio_and_is_killed_at_any_step_acts_once(
    post: str, sandbox: SandboxProcess, noon: Traveller
) -> None:
    killed_at_every_step(lambda account: ASKS_TWILIO[post](account, sandbox), noon)

    assert {row["method"] for row in sandbox.requests()} == {"GET"}
    assert Connection.objects.get().state == ConnectionState.ACTIVE


def killed_at_every_step(make: Callable[[Account], tuple[Any, ...]], noon: Traveller) -> None:
    """Kill the request that ``make`` says, send it again, and again later: it acts once."""
    answers = set()

    def begin() -> Sent:
        account = subscribed()
        return Sent(program_of(account, *Permission), *make(account))

    def check(sent: Sent, when: str) -> None:
        soon = sent.send()
        assert sent.times() <= 1, when
        noon.shift(ABANDONED_AFTER)
        later = sent.send()
        for _ in range(3):  # a payment whose answer was lost is looked up
            noon.shift(timedelta(minutes=3))
            sweep_payments()
        assert sent.times() == 1, when
        for answer in (soon, later):
            answers.add(answer.json().get("code", answer.status_code))

    assert every_crash(begin, Sent.send, check) > 5
    told = {"idempotency_key_in_use", "idempotency_outcome_unknown"}
    assert answers - told <= {200, 201, 202}
    assert told < answers


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_repeats_that_take_up_an_abandoned_key_one_acts(noon: Traveller) -> None:
    account = subscribed(slug="racing")
    program = program_of(account, *Permission)
    create(program, "race")
    Agent.objects.all().delete()
    IdempotencyKey.objects.update(status=None, body=None, acted_at=None)
    noon.shift(ABANDONED_AFTER)
    statuses: list[int] = []

    def repeat() -> None:
        statuses.append(create(Program(program.key), "race").status_code)

    at_once(*[repeat] * 4)

    assert set(statuses) <= {201, 409}
    assert 201 in statuses
    assert Agent.objects.count() == 1
