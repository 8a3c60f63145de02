"""Everything that changes an agent. Each function is one transaction and one decision."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.actor import Actor
from accounts.services.events import tell
from accounts.states import Permission
from config.errors import Invalid, Reason, refuse
from config.text import fold, tidy
from telephony import gates
from telephony.models import Agent
from telephony.states import AGENT_MOVES, AgentState

LONGEST_NAME = 80


def _lock(agent_id: int) -> Agent:
    """Hold the agent until commit; assigning a number to it takes the same lock."""
    return Agent.objects.select_for_update().get(pk=agent_id)


def _clean_name(name: str, *, account_id: int, besides: int | None = None) -> str:
    """The name, tidy; raises ``Invalid`` when it is empty, too long or taken."""
    name = tidy(name)
    if not name:
        raise Invalid({"name": ["Give the agent a name."]})
    if len(name) > LONGEST_NAME:
        raise Invalid({"name": [f"Use at most {LONGEST_NAME} characters."]})
    similar = Agent.objects.filter(account_id=account_id, search_name=fold(name))
    if any(
        pk != besides and other.casefold() == name.casefold()
        for pk, other in similar.values_list("pk", "name")
    ):
        raise _taken(name)
    return name


def _taken(name: str) -> Invalid:
    return Invalid({"name": [Reason("name_taken", f"There is an agent called “{name}” already.")]})


def _save(agent: Agent) -> None:
    """Store the agent; another one may have got its name since it was looked for."""
    try:
        with transaction.atomic():
            agent.save()
    except IntegrityError:
        raise _taken(agent.name) from None


@transaction.atomic
def create_agent(account_id: int, *, name: str, actor: Actor, at: datetime) -> Agent:
    """Add an agent as a draft. Raises ``Invalid`` (field ``name``)."""
    actor.require(Permission.NUMBERS)
    agent = Agent(
        account_id=account_id, name=_clean_name(name, account_id=account_id), created_at=at
    )
    _save(agent)
    tell(agent, "agent.created", "Agent created as a draft.", actor=actor, at=at)
    return agent


@transaction.atomic
def rename(agent_id: int, *, name: str, actor: Actor, at: datetime) -> Agent:
    """Give the agent another name. Raises ``Invalid`` (field ``name``)."""
    actor.require(Permission.NUMBERS)
    agent = _lock(agent_id)
    before = agent.name
    name = _clean_name(name, account_id=agent.account_id, besides=agent.pk)
    if name == before:
        return agent
    agent.name = name
    _save(agent)
    tell(
        agent,
        "agent.renamed",
        f"Renamed from “{before}”.",
        actor=actor,
        at=at,
        before={"name": before},
        after={"name": name},
    )
    return agent


@transaction.atomic
def go_live(agent_id: int, *, actor: Actor, at: datetime) -> Agent:
    """Let numbers be assigned to the agent (S4-10). Raises ``Blocked``."""
    actor.require(Permission.NUMBERS)
    agent = _lock(agent_id)
    refuse(gates.go_live(agent))
    return _move(agent, AgentState.LIVE, "agent.went_live", "Live.", actor=actor, at=at)


@transaction.atomic
def pause(agent_id: int, *, actor: Actor, at: datetime) -> Agent:
    """Stop further numbers from being assigned; those it has stay with it. Raises ``Blocked``."""
    actor.require(Permission.NUMBERS)
    agent = _lock(agent_id)
    refuse(gates.pause(agent))
    return _move(agent, AgentState.PAUSED, "agent.paused", "Paused.", actor=actor, at=at)


def _move(
    agent: Agent, state: AgentState, type: str, summary: str, *, actor: Actor, at: datetime
) -> Agent:
    before = agent.state
    AGENT_MOVES.require(before, state)
    agent.state = state
    agent.save(update_fields=["state"])
    tell(
        agent,
        type,
        summary,
        actor=actor,
        at=at,
        before={"state": before},
        after={"state": state},
    )
    return agent


@transaction.atomic
def delete(agent_id: int, *, actor: Actor, at: datetime) -> None:
    """Delete an agent that serves no number; its events stay. Raises ``Blocked``."""
    actor.require(Permission.NUMBERS)
    agent = _lock(agent_id)
    refuse(gates.delete(agent, numbers=agent.numbers.count()))
    tell(agent, "agent.deleted", "Agent deleted.", actor=actor, at=at)
    agent.delete()
