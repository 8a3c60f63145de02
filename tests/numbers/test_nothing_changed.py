"""Whoever saves what is like that already is told so, and not that something was done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Event, Membership
from accounts.registries import NOTICE_KINDS
from accounts.states import Role
from accounts.web import NOTHING_CHANGED
from tests.factories import (
    NOON,
    AgentFactory,
    ConnectionFactory,
    MembershipFactory,
    PhoneNumberFactory,
)

Ask = tuple[str, dict[str, Any], dict[str, Any]]

pytestmark = pytest.mark.django_db


def at(name: str, *args: Any) -> str:
    return reverse(name, args=["acme", *args])


def _number(acme: Account, **facts: Any) -> Any:
    agent = AgentFactory.create(account=acme, state="live", name="Front desk")
    return PhoneNumberFactory.create(account=acme, agent=agent, label="Desk", **facts)


def _assign(acme: Account) -> Ask:
    number = _number(acme)
    other = AgentFactory.create(account=acme, state="live", name="Night line")
    return at("numbers:assign", number.pk), {"agent": number.agent_id}, {"agent": other.pk}


def _services(acme: Account) -> Ask:
    number = _number(acme, texts=True, sms=True)
    return at("numbers:services", number.pk), {"texts": "yes"}, {"texts": "no"}


def _protect(acme: Account) -> Ask:
    number = _number(acme, protected=True)
    return at("numbers:protect", number.pk), {"protected": "yes"}, {"protected": "no"}


def _describe(acme: Account) -> Ask:
    number = _number(acme, notes="")
    same = {"label": "Desk", "tags": "", "notes": ""}
    return at("numbers:describe", number.pk), same, same | {"notes": "By the door"}


def _schedule(acme: Account) -> Ask:
    connection = ConnectionFactory.create(account=acme, refresh_every="daily", next_refresh_at=NOON)
    return at("numbers:connection_schedule", connection.pk), {"every": "daily"}, {"every": "hourly"}


def _agent(acme: Account) -> Ask:
    agent = AgentFactory.create(account=acme, name="Front desk")
    return at("telephony:rename", agent.pk), {"name": "Front  desk"}, {"name": "Night line"}


def _role(acme: Account) -> Ask:
    member: Membership = MembershipFactory.create(account=acme, role=Role.VIEWER)
    address = at("accounts:change_role", member.pk)
    return address, {"role": Role.VIEWER}, {"role": Role.MEMBER}


def _settings(acme: Account) -> Ask:
    same = {"name": acme.name, "time_zone": acme.time_zone, "country": acme.country}
    return at("accounts:change_settings"), same, same | {"name": "Acme West"}


def _notices(acme: Account) -> Ask:
    same = {f"{kind}_{way}": "on" for kind in NOTICE_KINDS for way in ("in_app", "by_mail")}
    return at("accounts:notice_preferences"), same, {}


@pytest.mark.parametrize(
    "ask",
    [_assign, _services, _protect, _describe, _schedule, _agent, _role, _settings, _notices],
)
def test_what_changes_nothing_says_so(
    ask: Callable[[Account], Ask], acme: Account, owner_client: Client
) -> None:
    address, same, other = ask(acme)
    before = Event.objects.count()

    kept, changed = owner_client.post(address, same), owner_client.post(address, other)

    assert [str(each) for each in get_messages(kept.wsgi_request)] == [NOTHING_CHANGED]
    (told,) = list(get_messages(changed.wsgi_request))[-1:]
    assert str(told) != NOTHING_CHANGED
    assert Event.objects.count() <= before + 1
