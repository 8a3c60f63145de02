"""A connection that nothing needs any more can be removed; what it brought stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.actor import Actor
from accounts.models import Account, Event
from config.errors import Blocked, Forbidden
from numbers import gates
from numbers.models import Connection
from numbers.plans import remove_plan
from numbers.services import connections
from numbers.states import ConnectionState, NumberState, RefreshEvery
from tests.factories import (
    NOON,
    CarrierTaskFactory,
    ConnectionFactory,
    ImportFactory,
    PhoneNumberFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def linked(acme: Account) -> Connection:
    return ConnectionFactory.create(account=acme, name="Berlin")


def page(connection: Connection, more: str = "") -> str:
    return f"/a/acme/connections/{connection.pk}/{more}"


def test_a_connection_that_nothing_needs_is_removed_and_its_history_stays(
    linked: Connection, by_admin: Actor
) -> None:
    released = PhoneNumberFactory.create(
        connection=linked, account=linked.account, state="released", released_at=NOON
    )
    Connection.objects.update(refresh_every=RefreshEvery.DAILY, next_refresh_at=NOON)

    connections.remove(linked.pk, actor=by_admin, at=NOON)

    linked.refresh_from_db()
    assert (linked.state, linked.auth_token) == (ConnectionState.REMOVED, "")
    assert (linked.refresh_every, linked.next_refresh_at) == (RefreshEvery.OFF, None)
    assert Event.objects.get(type="connection.removed").actor_label == "admin@example.com"
    released.refresh_from_db()
    assert released.connection == linked
    assert ConnectionFactory.create(account=linked.account, sid=linked.sid).pk != linked.pk


def test_one_number_that_needs_it_is_spoken_of_as_one(linked: Connection) -> None:
    PhoneNumberFactory.create(account=linked.account, connection=linked)

    said = [blocker.message for blocker in gates.remove(linked)]

    assert said == ["1 number held here is in this subaccount. Release or exclude it first."]


@pytest.mark.parametrize(
    ("needs", "code"),
    [
        ({"state": NumberState.HELD}, "holds_numbers"),
        ({"state": NumberState.RESTORING}, "holds_numbers"),
        ({"state": NumberState.EXCLUDED}, "excludes_numbers"),
        ({"state": NumberState.RELEASING}, "releases_numbers"),
        ({"state": NumberState.RELEASED, "task": True}, "tasks_wait"),
        ({"import": True}, "import_runs"),
    ],
)
def test_what_needs_it_is_named(
    needs: dict[str, Any], code: str, linked: Connection, by_admin: Actor
) -> None:
    if "import" in needs:
        ImportFactory.create(connection=linked, is_open=True)
    else:
        number = PhoneNumberFactory.create(
            connection=linked,
            account=linked.account,
            state=needs["state"],
            released_at=NOON if needs["state"] in (NumberState.RELEASED, "restoring") else None,
        )
        if "task" in needs:
            CarrierTaskFactory.create(number=number)

    with pytest.raises(Blocked) as refused:
        connections.remove(linked.pk, actor=by_admin, at=NOON)

    assert [each.code for each in refused.value.blockers] == [code]
    linked.refresh_from_db()
    assert linked.state == ConnectionState.ACTIVE


def test_a_removed_connection_is_not_removed_again(linked: Connection, by_admin: Actor) -> None:
    connections.remove(linked.pk, actor=by_admin, at=NOON)

    linked.refresh_from_db()
    assert [each.code for each in gates.remove(linked)] == ["connection_removed"]


def test_only_admins_remove(linked: Connection, by_billing: Actor) -> None:
    with pytest.raises(Forbidden):
        connections.remove(linked.pk, actor=by_billing, at=NOON)


def test_what_could_still_come_back_is_said_before(linked: Connection) -> None:
    for days in (1, 11):
        PhoneNumberFactory.create(
            connection=linked, account=linked.account, state="released",
            released_at=NOON - timedelta(days=days),
        )  # fmt: skip

    touches = remove_plan(linked, at=NOON).touches

    assert any("1 released number could still come back" in each for each in touches)


# --- The doors -------------------------------------------------------------------------------


def test_the_page_says_what_it_means_and_removes(linked: Connection, owner_client: Client) -> None:
    shown = owner_client.get(page(linked)).content.decode()
    asked = owner_client.get(page(linked, "remove/")).content.decode()
    done = owner_client.post(page(linked, "remove/"), follow=True)

    assert page(linked, "remove/") in shown
    assert "Nothing changes at Twilio." in asked
    assert "Berlin is removed." in done.content.decode()
    assert page(linked, "remove/") not in done.content.decode()


def test_the_page_names_what_is_in_the_way(linked: Connection, owner_client: Client) -> None:
    PhoneNumberFactory.create(connection=linked, account=linked.account)

    asked = owner_client.get(page(linked, "remove/")).content.decode()
    done = owner_client.post(page(linked, "remove/"), follow=True).content.decode()

    assert "Release or exclude it first." in asked
    assert "Release or exclude it first." in done
    linked.refresh_from_db()
    assert linked.state == ConnectionState.ACTIVE


def test_strangers_and_members_cannot_remove(
    linked: Connection, stranger_client: Client, member_client: Client
) -> None:
    assert stranger_client.post(page(linked, "remove/")).status_code == 404
    assert member_client.post(page(linked, "remove/")).status_code == 403
    assert page(linked, "remove/") not in member_client.get(page(linked)).content.decode()


def test_support_removes_with_a_reason(linked: Connection, support_client: Client) -> None:
    url = reverse("admin:numbers_connection_act", args=[linked.pk, "remove"])

    support_client.post(url, {"reason": "They asked"})

    linked.refresh_from_db()
    assert linked.state == ConnectionState.REMOVED
    assert Event.objects.get(type="connection.removed").reason == "They asked"
