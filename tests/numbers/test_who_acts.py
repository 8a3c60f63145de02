"""What a worker does is done by whoever asked: with their permissions, request and reason."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from accounts import actors
from accounts.actor import Actor
from accounts.models import Account, Event, User
from accounts.services import job_items
from accounts.states import ActorKind, Permission
from config.errors import Forbidden
from numbers.models import CarrierTask, PhoneNumber
from numbers.services import assignment, bulk, release
from numbers.services.bulk import Selection
from tests.factories import NOON, AgentFactory, ConnectionFactory, JobFactory, PhoneNumberFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


@pytest.fixture
def numbers(acme: Account) -> list[PhoneNumber]:
    return PhoneNumberFactory.create_batch(
        2, account=acme, connection=ConnectionFactory.create(account=acme)
    )


@pytest.fixture
def people(acme: Account, by_admin: Actor, support: User) -> dict[ActorKind, Actor]:
    return {
        ActorKind.USER: replace(by_admin, request_id="req_of_a_page"),
        ActorKind.SUPPORT: actors.support(
            support, request_id="req_of_staff", reason="Asked by mail"
        ),
        ActorKind.API_KEY: Actor(
            kind=ActorKind.API_KEY,
            id=7,
            label="Nightly",
            account_id=acme.pk,
            permissions=frozenset({Permission.READ, Permission.NUMBERS}),
            request_id="req_of_a_program",
        ),
    }


def told(event: Event) -> dict[str, Any]:
    names = ("type", "summary", "actor_kind", "actor_id", "actor_label", "request_id", "reason")
    return {name: getattr(event, name) for name in (*names, "data")}


@pytest.mark.parametrize("kind", [ActorKind.USER, ActorKind.SUPPORT, ActorKind.API_KEY])
def test_the_event_of_a_bulk_item_says_what_the_event_of_a_single_one_says(
    acme: Account, numbers: list[PhoneNumber], people: dict[ActorKind, Actor], kind: ActorKind
) -> None:  # B1, B2
    agent, actor = AgentFactory.create(account=acme), people[kind]
    alone, among_many = numbers

    assignment.assign(alone.pk, agent_id=agent.pk, actor=actor, at=NOON)
    job = bulk.start(
        acme.pk,
        action="assign",
        selection=Selection(ids=[among_many.pk]),
        params={"agent": agent.pk},
        actor=actor,
        at=NOON,
    )
    job_items.work(job.pk)

    first = Event.objects.about("number", alone.pk).get()
    second = Event.objects.about("number", among_many.pk).get()
    assert told(second) == told(first)
    assert first.request_id == actor.request_id
    assert (first.job_id, second.job_id) == (None, job.pk)


def test_what_twilio_confirms_names_the_request_and_the_reason_of_the_decision(
    acme: Account, numbers: list[PhoneNumber], people: dict[ActorKind, Actor]
) -> None:  # B1, S1-14
    release.release(numbers[0].pk, actor=people[ActorKind.SUPPORT], at=NOON)

    task = CarrierTask.objects.get()
    worker = actors.requested_by(task, account_id=acme.pk)

    assert worker == people[ActorKind.SUPPORT]


def test_a_worker_may_no_more_than_whoever_asked(acme: Account) -> None:
    job = JobFactory.create(
        account=acme, actor_kind=ActorKind.API_KEY, actor_permissions=[Permission.READ]
    )

    with pytest.raises(Forbidden):
        actors.of_job(job).require(Permission.NUMBERS)


def test_a_hook_acts_in_one_account_with_the_few_permissions_it_was_given(
    acme: Account, numbers: list[PhoneNumber]
) -> None:
    elsewhere = PhoneNumberFactory.create()
    actor = actors.carrier(acme.pk, label="Twilio", request_id="req_of_a_hook")

    assert set(PhoneNumber.objects.visible_to(actor)) == set(numbers)
    assert not actor.sees(elsewhere.account_id)
    with pytest.raises(Forbidden):
        release.release(numbers[0].pk, actor=actor, at=NOON)
