"""Agents: made, taken live, paused, renamed, deleted (S4-9 to S4-11)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from accounts.actor import Actor
from accounts.models import Account, Event
from config.errors import Blocked, Forbidden, Invalid
from telephony.models import Agent
from telephony.services import agents as services
from telephony.states import AgentState
from tests.factories import NOON, AgentFactory, PhoneNumberFactory

pytestmark = pytest.mark.django_db


def events(agent_id: int) -> list[str]:
    return list(Event.objects.about("agent", agent_id).values_list("type", flat=True))


def test_a_new_agent_is_a_draft(acme: Account, by_admin: Actor) -> None:
    agent = services.create_agent(acme.pk, name="  Front   desk ", actor=by_admin, at=NOON)

    assert (agent.name, agent.state) == ("Front desk", AgentState.DRAFT)
    assert events(agent.pk) == ["agent.created"]


def test_a_draft_goes_live_pauses_and_goes_live_again(acme: Account, by_owner: Actor) -> None:
    agent = AgentFactory.create(account=acme, draft=True)

    services.go_live(agent.pk, actor=by_owner, at=NOON)
    services.pause(agent.pk, actor=by_owner, at=NOON)
    services.go_live(agent.pk, actor=by_owner, at=NOON)

    agent.refresh_from_db()
    assert agent.is_live
    assert events(agent.pk) == ["agent.went_live", "agent.paused", "agent.went_live"]


@pytest.mark.parametrize(
    ("state", "act"),
    [
        (AgentState.DRAFT, services.pause),
        (AgentState.LIVE, services.go_live),
        (AgentState.PAUSED, services.pause),
    ],
)
def test_a_move_that_does_not_fit_is_refused(
    acme: Account, by_owner: Actor, state: AgentState, act: Callable[..., Agent]
) -> None:
    agent = AgentFactory.create(account=acme, state=state)

    with pytest.raises(Blocked) as refusal:
        act(agent.pk, actor=by_owner, at=NOON)

    assert [blocker.code for blocker in refusal.value.blockers] == ["wrong_state"]
    assert events(agent.pk) == []


def test_a_paused_agent_keeps_its_numbers(acme: Account, by_owner: Actor) -> None:
    agent = AgentFactory.create(account=acme)
    number = PhoneNumberFactory.create(account=acme, agent=agent)

    services.pause(agent.pk, actor=by_owner, at=NOON)

    number.refresh_from_db()
    agent.refresh_from_db()
    assert (number.agent, agent.state) == (agent, AgentState.PAUSED)


def test_a_rename_tells_the_old_name(acme: Account, by_owner: Actor) -> None:
    agent = AgentFactory.create(account=acme, name="Front desk")

    services.rename(agent.pk, name="Reception", actor=by_owner, at=NOON)
    services.rename(agent.pk, name="Reception", actor=by_owner, at=NOON)

    (event,) = Event.objects.about("agent", agent.pk)
    assert event.data == {"before": {"name": "Front desk"}, "after": {"name": "Reception"}}


def test_an_agent_may_change_the_case_of_its_own_name(acme: Account, by_owner: Actor) -> None:
    agent = AgentFactory.create(account=acme, name="front desk")

    services.rename(agent.pk, name="Front Desk", actor=by_owner, at=NOON)

    agent.refresh_from_db()
    assert agent.name == "Front Desk"


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "FRONT desk"])
def test_a_name_is_needed_short_and_free(acme: Account, by_owner: Actor, name: str) -> None:
    AgentFactory.create(account=acme, name="Front desk")
    other = AgentFactory.create(account=acme, name="Other")

    with pytest.raises(Invalid) as created:
        services.create_agent(acme.pk, name=name, actor=by_owner, at=NOON)
    with pytest.raises(Invalid) as renamed:
        services.rename(other.pk, name=name, actor=by_owner, at=NOON)

    assert list(created.value.errors) == list(renamed.value.errors) == ["name"]


def test_two_accounts_may_use_the_same_name(acme: Account, by_owner: Actor) -> None:
    AgentFactory.create(name="Front desk")

    assert services.create_agent(acme.pk, name="Front desk", actor=by_owner, at=NOON).pk


def test_an_agent_with_numbers_is_not_deleted(acme: Account, by_owner: Actor) -> None:
    agent = AgentFactory.create(account=acme)
    PhoneNumberFactory.create(account=acme, agent=agent)

    with pytest.raises(Blocked) as refusal:
        services.delete(agent.pk, actor=by_owner, at=NOON)

    assert refusal.value.blockers[0].code == "has_numbers"
    assert "1 number." in refusal.value.message


def test_a_deleted_agent_leaves_its_history(acme: Account, by_owner: Actor) -> None:
    agent = AgentFactory.create(account=acme)

    services.delete(agent.pk, actor=by_owner, at=NOON)

    assert not Agent.objects.exists()
    assert events(agent.pk) == ["agent.deleted"]


@pytest.mark.parametrize(
    "act",
    [
        lambda agent, actor: services.create_agent(
            agent.account_id, name="New", actor=actor, at=NOON
        ),
        lambda agent, actor: services.rename(agent.pk, name="New", actor=actor, at=NOON),
        lambda agent, actor: services.go_live(agent.pk, actor=actor, at=NOON),
        lambda agent, actor: services.pause(agent.pk, actor=actor, at=NOON),
        lambda agent, actor: services.delete(agent.pk, actor=actor, at=NOON),
    ],
)
def test_a_member_changes_no_agent(
    acme: Account, by_member: Actor, act: Callable[[Agent, Actor], object]
) -> None:
    agent = AgentFactory.create(account=acme)

    with pytest.raises(Forbidden):
        act(agent, by_member)

    assert not Event.objects.exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_people_making_the_same_agent_at_once_make_one(acme: Account, by_owner: Actor) -> None:
    together = Barrier(2)

    def attempt(_: int) -> bool:
        try:
            together.wait()
            services.create_agent(acme.pk, name="Front desk", actor=by_owner, at=NOON)
        except Invalid:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(attempt, range(2)))

    assert outcomes == [False, True]
    assert Agent.objects.count() == 1
    assert Event.objects.count() == 1
