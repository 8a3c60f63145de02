"""What this app adds to the registries."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from accounts.models import Account
from accounts.registries import (
    EVENT_TYPES,
    NAVIGATION,
    SUBJECTS,
    EventType,
    NavigationEntry,
    Subject,
)
from config.phone_numbers import for_people
from config.text import fold
from numbers.cards import NUMBER_CARDS

from .listing import card_of
from .models import Agent
from .states import AgentState


def fill() -> None:
    EVENT_TYPES.fill(
        {
            "agent.created": EventType(),
            "agent.deleted": EventType("warn"),
            "agent.paused": EventType("warn"),
            "agent.renamed": EventType(),
            "agent.went_live": EventType("good"),
            "message.received": EventType(words="Text received"),
        }
    )
    SUBJECTS.fill(
        {
            "agent": Subject(
                "telephony:agent",
                listed_on="telephony:agents",
                is_named=True,
                find=_agents,
                choices={"state": AgentState},
            ),
            "message": Subject(
                "telephony:texts", has_own_page=False, is_named=True, written=_number_of
            ),
        }
    )
    NUMBER_CARDS.fill({"telephony": card_of})
    NAVIGATION.fill(
        {
            "telephony:texts": NavigationEntry("Calls and texts", 15, ("telephony:texts",)),
            "telephony:agents": NavigationEntry("Agents", 30, ("telephony",)),
        }
    )


def _number_of(label: str, account: Account) -> str:
    """Events of messages are labeled with our number."""
    return for_people(label, account.country)


def _agents(account: Account, text: str) -> QuerySet[Any, int]:
    return Agent.objects.filter(account=account, search_name=fold(text)).values_list(
        "pk", flat=True
    )
