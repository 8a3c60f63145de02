"""The pages about agents."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, Event
from config.text import fold
from telephony.models import Agent
from telephony.states import AgentState
from telephony.views.agents import PAGE_SIZE
from tests.cursors import NO_CURSORS
from tests.factories import AgentFactory, PhoneNumberFactory

pytestmark = pytest.mark.django_db

AGENTS = "/a/acme/agents/"
#: Session, user, membership with account; other accounts and unread notices; the grace banner.
FRAME = 6


def page(agent: Agent, action: str = "") -> str:
    return f"{AGENTS}{agent.pk}/{action + '/' if action else ''}"


def test_the_list_shows_states_and_how_many_numbers_each_serves(
    acme: Account, member_client: Client
) -> None:
    live = AgentFactory.create(account=acme, name="Front desk")
    AgentFactory.create(account=acme, name="Night shift", draft=True)
    AgentFactory.create(name="Of a stranger")
    PhoneNumberFactory.create_batch(2, account=acme, agent=live)

    response = member_client.get(AGENTS)
    rows = {
        agent.name: (agent.get_state_display(), count)
        for agent, count, *_ in response.context["rows"]
    }

    assert rows == {"Front desk": ("Live", 2), "Night shift": ("Draft", 0)}  # S4-11
    assert f"/a/acme/numbers/?agent={live.pk}" in response.content.decode()
    assert "New agent" not in response.content.decode()


def test_many_agents_come_in_pages_by_name(
    acme: Account, member_client: Client, django_assert_num_queries: Any
) -> None:
    for number in range(PAGE_SIZE + 30):
        agent = AgentFactory.create(
            account=acme, name=f"{'Éa' if number % 2 else 'ea'} {number:03}"
        )
        PhoneNumberFactory.create(account=acme, agent=agent)

    def names(query: str = "") -> list[str]:
        answer = member_client.get(f"{AGENTS}{query}")
        turns.update(newer=answer.context["page"].newer, older=answer.context["page"].older)
        assert all(count == 1 for _, count, *_ in answer.context["rows"])
        return [agent.name for agent, *_ in answer.context["rows"]]

    turns: dict[str, str] = {}
    first = names()
    assert not turns["newer"]
    with django_assert_num_queries(FRAME + 2):  # the page and how many numbers each serves
        second = names(turns["older"])
    assert not turns["older"]

    assert [len(first), len(second)] == [PAGE_SIZE, 30]
    assert first + second == sorted(first + second, key=fold)
    assert names(turns["newer"]) == first


@pytest.mark.parametrize("cursor", NO_CURSORS)
def test_a_cursor_that_no_page_gave_is_refused(member_client: Client, cursor: str) -> None:
    assert member_client.get(AGENTS, {"before": cursor}).status_code == 400


def test_an_agent_is_made_taken_live_and_paused(acme: Account, owner_client: Client) -> None:
    owner_client.post(f"{AGENTS}new/", {"name": "Front desk"})
    agent = Agent.objects.get()

    owner_client.post(page(agent, "go-live"))
    agent.refresh_from_db()
    assert agent.is_live

    owner_client.post(page(agent, "pause"))
    agent.refresh_from_db()
    assert agent.state == AgentState.PAUSED
    html = owner_client.get(page(agent)).content.decode()
    assert "Keeps its numbers" in html
    assert "Take live" in html


def test_a_name_that_is_taken_is_said_with_what_was_typed(
    acme: Account, owner_client: Client
) -> None:
    AgentFactory.create(account=acme, name="Front desk")
    other = AgentFactory.create(account=acme, name="Other")

    for address in (f"{AGENTS}new/", page(other, "rename")):
        response = owner_client.post(address, {"name": "FRONT DESK"})

        assert response.status_code == 422
        assert "There is an agent called “FRONT DESK” already." in response.content.decode()
        assert 'value="FRONT DESK"' in response.content.decode()


def test_an_agent_is_renamed(acme: Account, owner_client: Client) -> None:
    agent = AgentFactory.create(account=acme)

    owner_client.post(page(agent, "rename"), {"name": "Reception"})

    agent.refresh_from_db()
    assert agent.name == "Reception"
    assert "Renamed from" in owner_client.get(page(agent)).content.decode()


def test_an_agent_is_deleted_after_a_page_that_says_what_that_means(
    acme: Account, owner_client: Client
) -> None:
    agent = AgentFactory.create(account=acme)

    before = owner_client.get(page(agent, "delete"))
    owner_client.post(page(agent, "delete"))

    assert "Can it be undone" in before.content.decode()
    assert not Agent.objects.exists()


def test_an_agent_with_numbers_says_why_it_stays(acme: Account, owner_client: Client) -> None:
    agent = AgentFactory.create(account=acme)
    PhoneNumberFactory.create(account=acme, agent=agent)

    shown = owner_client.get(page(agent)).content.decode()
    refused = owner_client.post(page(agent, "delete"))

    assert "serves 1 number." in shown
    assert page(agent, "delete") not in shown
    assert refused.status_code == 409
    assert Agent.objects.exists()


@pytest.mark.parametrize("action", ["rename", "go-live", "pause", "delete"])
def test_only_those_who_may_get_in(
    acme: Account, member_client: Client, stranger_client: Client, action: str
) -> None:
    agent = AgentFactory.create(account=acme)

    assert member_client.post(page(agent, action), {"name": "New"}).status_code == 403
    assert stranger_client.post(page(agent, action), {"name": "New"}).status_code == 404
    own = page(agent, action).replace("acme", "elsewhere")
    assert stranger_client.post(own, {"name": "New"}).status_code == 404
    assert not Event.objects.exists()


def test_a_member_makes_no_agent_and_a_stranger_sees_none(
    acme: Account, member_client: Client, stranger_client: Client
) -> None:
    agent = AgentFactory.create(account=acme)

    assert member_client.post(f"{AGENTS}new/", {"name": "New"}).status_code == 403
    assert stranger_client.get(AGENTS).status_code == 404
    assert stranger_client.get(page(agent)).status_code == 404
    assert stranger_client.get(f"/a/elsewhere/agents/{agent.pk}/").status_code == 404
    html = member_client.get(page(agent)).content.decode()
    assert "Rename" not in html
    assert "Delete agent" not in html


def test_the_pages_read_the_database_a_fixed_number_of_times(
    acme: Account, owner_client: Client
) -> None:
    agent = AgentFactory.create(account=acme)

    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as caught:
            assert owner_client.get(address).status_code == 200
        return len(caught)

    PhoneNumberFactory.create_batch(5, account=acme, agent=agent)
    before = [queries(AGENTS), queries(page(agent))]
    PhoneNumberFactory.create_batch(20, account=acme, agent=agent)
    AgentFactory.create_batch(20, account=acme)

    assert [queries(AGENTS), queries(page(agent))] == before
