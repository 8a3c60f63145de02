"""Decisions about one number: describe, assign, keep, exclude, bring back, mark as gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.actor import SYSTEM, Actor
from accounts.models import Account, Event
from accounts.states import Permission
from accounts.timeline import changes
from config.errors import Blocked, DomainError, Forbidden, Invalid
from licensing.models import GracePeriod
from licensing.services import grace
from licensing.standing import standing
from numbers import actions, gates
from numbers.models import PhoneNumber
from numbers.services import assignment, descriptions, exclusion
from numbers.states import ConnectionState, NumberState
from tests.api.conftest import program_of
from tests.factories import NOON, AgentFactory, ConnectionFactory, PhoneNumberFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def number(acme: Account) -> PhoneNumber:
    return PhoneNumberFactory.create(account=acme)


def codes(error: pytest.ExceptionInfo[Blocked]) -> list[str]:
    return [blocker.code for blocker in error.value.blockers]


def test_label_notes_tags_and_protection_change_with_one_event_that_shows_both_sides(
    number: PhoneNumber, by_admin: Actor
) -> None:  # S4-8, B10
    descriptions.describe(
        number.pk,
        label="  Main   line ",
        notes="For\nsales",
        tags=["Sales", "sales ", "EU"],
        protected=True,
        actor=by_admin,
        at=NOON,
    )

    number.refresh_from_db()
    assert (number.label, number.notes, number.protected) == ("Main line", "For\nsales", True)
    assert sorted(tag.name for tag in number.tags.all()) == ["eu", "sales"]
    event = Event.objects.get(type="number.described")
    assert event.data["after"]["tags"] == ["eu", "sales"]
    assert event.data["before"]["label"] == ""
    assert event.summary == "Changed name, notes, protected, tags."
    assert ("Name", "", "Main line") in changes(event, event.account)


def test_describing_a_number_as_it_is_writes_nothing(number: PhoneNumber, by_admin: Actor) -> None:
    descriptions.describe(number.pk, label="", tags=[], actor=by_admin, at=NOON)

    assert not Event.objects.exists()


def test_an_enabled_number_keeps_a_name_at_every_door(
    acme: Account, by_admin: Actor, owner_client: Client
) -> None:  # S4-45
    number = PhoneNumberFactory.create(account=acme, enabled=True, label="Desk")
    wants_another = "An enabled number needs a name."

    with pytest.raises(Invalid, match=wants_another):
        descriptions.describe(number.pk, label=" ", notes="Hi", actor=by_admin, at=NOON)
    page = owner_client.post(
        reverse("numbers:describe", args=["acme", number.pk]),
        {"label": "", "notes": "Typed", "tags": ""},
    )
    assert page.status_code == 422
    assert wants_another in page.text
    assert "Typed" in page.text
    refused = program_of(acme, Permission.NUMBERS).send(
        "patch", f"numbers/{number.pk}/", {"label": ""}
    )
    assert [error["field"] for error in refused.json()["errors"]] == ["label"]

    number.refresh_from_db()
    assert (number.label, number.notes) == ("Desk", "")
    descriptions.describe(number.pk, label="Front desk", actor=by_admin, at=NOON)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"label": "x" * 101}, "label"),
        ({"notes": "x" * 5001}, "notes"),
        ({"tags": ["a,b"]}, "tags"),
        ({"tags": [f"t{n}" for n in range(21)]}, "tags"),
    ],
)
def test_what_is_too_long_is_named(
    number: PhoneNumber, by_admin: Actor, wanted: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        descriptions.describe(number.pk, **wanted, actor=by_admin, at=NOON)

    assert list(refused.value.errors) == [field]


def test_only_a_live_agent_of_the_account_can_be_assigned(
    number: PhoneNumber, by_admin: Actor
) -> None:  # S4-9, S4-10, S0-22
    draft = AgentFactory.create(account=number.account, draft=True)
    elsewhere = AgentFactory.create()
    live = AgentFactory.create(account=number.account)

    with pytest.raises(Blocked) as not_live:
        assignment.assign(number.pk, agent_id=draft.pk, actor=by_admin, at=NOON)
    with pytest.raises(Invalid) as foreign:
        assignment.assign(number.pk, agent_id=elsewhere.pk, actor=by_admin, at=NOON)
    assignment.assign(number.pk, agent_id=live.pk, actor=by_admin, at=NOON)

    assert codes(not_live) == ["agent_not_live"]
    assert list(foreign.value.errors) == ["agent"]
    number.refresh_from_db()
    assert number.agent == live


def test_after_an_expired_grace_period_only_as_many_as_licensed_can_be_assigned(
    acme: Account, by_admin: Actor
) -> None:
    acme.subscription.licenses = 1
    acme.subscription.save()
    connection = ConnectionFactory.create(account=acme)
    agent = AgentFactory.create(account=acme)
    one, two = PhoneNumberFactory.create_batch(2, account=acme, connection=connection)
    grace.import_completed(acme.pk, actor=SYSTEM, at=NOON)
    after = NOON + timedelta(hours=48)

    assignment.assign(one.pk, agent_id=agent.pk, actor=by_admin, at=after)
    with pytest.raises(Blocked) as refused:
        assignment.assign(two.pk, agent_id=agent.pk, actor=by_admin, at=after)
    assignment.assign(one.pk, agent_id=agent.pk, actor=by_admin, at=after)

    assert codes(refused) == ["beyond_licenses"]


def test_in_grace_every_number_can_be_assigned(acme: Account, by_admin: Actor) -> None:
    # S0-6, S0-9, S0-12, S0-25
    acme.subscription.licenses = 0
    acme.subscription.save()
    number = PhoneNumberFactory.create(account=acme)
    agent = AgentFactory.create(account=acme)
    grace.import_completed(acme.pk, actor=SYSTEM, at=NOON)

    assignment.assign(number.pk, agent_id=agent.pk, actor=by_admin, at=NOON + timedelta(hours=47))

    number.refresh_from_db()
    assert number.agent == agent


def test_unassigning_keeps_the_number_held(number: PhoneNumber, by_admin: Actor) -> None:
    agent = AgentFactory.create(account=number.account)
    assignment.assign(number.pk, agent_id=agent.pk, actor=by_admin, at=NOON)

    assignment.unassign(number.pk, actor=by_admin, at=NOON)

    number.refresh_from_db()
    assert (number.state, number.agent) == (NumberState.HELD, None)


def test_keeping_a_spare_is_a_decision_that_an_assignment_ends(
    number: PhoneNumber, by_admin: Actor
) -> None:
    agent = AgentFactory.create(account=number.account)
    assignment.keep(number.pk, actor=by_admin, at=NOON)
    assignment.keep(number.pk, actor=by_admin, at=NOON)  # the same again
    with pytest.raises(Blocked) as otherwise:
        assignment.keep(number.pk, until=date(2026, 3, 10), actor=by_admin, at=NOON)

    assignment.assign(number.pk, agent_id=agent.pk, actor=by_admin, at=NOON)

    assert codes(otherwise) == ["kept_already"]
    number.refresh_from_db()
    assert number.keep_decided_at is None


def test_an_excluded_number_takes_no_license_and_comes_back_as_it_was(
    acme: Account, by_admin: Actor
) -> None:
    number = PhoneNumberFactory.create(account=acme, assigned=True)
    agent = number.agent

    exclusion.exclude(number.pk, actor=by_admin, at=NOON)
    held = standing(acme.pk, at=NOON).held
    exclusion.bring_back(number.pk, actor=by_admin, at=NOON)

    number.refresh_from_db()
    assert held == 0
    assert (number.state, number.agent) == (NumberState.HELD, agent)


def test_protected_numbers_are_neither_excluded_nor_released(
    number: PhoneNumber, by_admin: Actor
) -> None:
    descriptions.describe(number.pk, protected=True, actor=by_admin, at=NOON)
    number.refresh_from_db()

    with pytest.raises(Blocked) as refused:
        exclusion.exclude(number.pk, actor=by_admin, at=NOON)

    assert codes(refused) == ["protected"]
    assert [blocker.code for blocker in gates.release(number)] == ["protected"]


def test_only_a_missing_number_can_be_marked_as_gone(acme: Account, by_admin: Actor) -> None:
    missing = PhoneNumberFactory.create(account=acme, missing=True)
    held = PhoneNumberFactory.create(account=acme)

    exclusion.mark_gone(missing.pk, actor=by_admin, at=NOON)
    with pytest.raises(Blocked):
        exclusion.mark_gone(held.pk, actor=by_admin, at=NOON)

    missing.refresh_from_db()
    assert missing.state == NumberState.GONE


Act = Callable[[PhoneNumber, Actor], object]


@pytest.mark.parametrize(
    "act",
    [
        lambda number, actor: descriptions.describe(number.pk, label="x", actor=actor, at=NOON),
        lambda number, actor: assignment.assign(number.pk, agent_id=1, actor=actor, at=NOON),
        lambda number, actor: assignment.unassign(number.pk, actor=actor, at=NOON),
        lambda number, actor: assignment.keep(number.pk, actor=actor, at=NOON),
        lambda number, actor: exclusion.exclude(number.pk, actor=actor, at=NOON),
        lambda number, actor: exclusion.bring_back(number.pk, actor=actor, at=NOON),
        lambda number, actor: exclusion.mark_gone(number.pk, actor=actor, at=NOON),
    ],
)
def test_a_member_reads_and_changes_nothing(
    number: PhoneNumber, by_member: Actor, act: Act
) -> None:  # B11
    with pytest.raises(Forbidden):
        act(number, by_member)


def test_every_action_is_listed_with_the_reasons_against_it(
    number: PhoneNumber, by_admin: Actor, by_member: Actor
) -> None:  # B3
    facts = gates.Facts(standing(number.account_id, at=NOON), assigned=0, enabled=0, at=NOON)

    admins = {
        state.action: state for state in actions.all_actions(number, actor=by_admin, facts=facts)
    }
    members = actions.all_actions(number, actor=by_member, facts=facts)

    assert admins["release"].allowed
    assert not admins["restore"].relevant
    assert not any(state.allowed for state in members)


def test_what_the_list_of_actions_allows_the_services_do(acme: Account, by_admin: Actor) -> None:
    connection = ConnectionFactory.create(account=acme)
    acts: dict[str, Callable[[int], object]] = {
        "unassign": lambda pk: assignment.unassign(pk, actor=by_admin, at=NOON),
        "keep": lambda pk: assignment.keep(pk, actor=by_admin, at=NOON),
        "exclude": lambda pk: exclusion.exclude(pk, actor=by_admin, at=NOON),
        "bring_back": lambda pk: exclusion.bring_back(pk, actor=by_admin, at=NOON),
        "mark_gone": lambda pk: exclusion.mark_gone(pk, actor=by_admin, at=NOON),
    }
    for trait in ("assigned", "excluded", "releasing", "released", "missing", "gone"):
        for action, act in acts.items():
            number = PhoneNumberFactory.create(account=acme, connection=connection, **{trait: True})
            facts = gates.Facts(standing(acme.pk, at=NOON), assigned=0, enabled=0, at=NOON)
            listed = {s.action: s for s in actions.all_actions(number, actor=by_admin, facts=facts)}
            try:
                act(number.pk)
            except DomainError:
                done = False
            else:
                done = True
            assert done is listed[action].allowed, (trait, action)
            number.delete()


def test_excluding_down_to_the_licenses_resolves_grace(acme: Account, by_admin: Actor) -> None:
    connection = ConnectionFactory.create(account=acme)
    numbers = PhoneNumberFactory.create_batch(11, account=acme, connection=connection)
    grace.import_completed(acme.pk, actor=SYSTEM, at=NOON)

    exclusion.exclude(numbers[0].pk, actor=by_admin, at=NOON)

    assert GracePeriod.objects.get().settled_at == NOON


def test_assigning_the_same_agent_again_is_no_event(number: PhoneNumber, by_admin: Actor) -> None:
    agent = AgentFactory.create(account=number.account)
    for _ in range(2):
        assignment.assign(number.pk, agent_id=agent.pk, actor=by_admin, at=NOON)

    assert Event.objects.filter(type="number.assigned").count() == 1


def test_a_spare_that_was_excluded_is_one_again_when_it_comes_back(
    number: PhoneNumber, by_admin: Actor
) -> None:
    assignment.keep(number.pk, actor=by_admin, at=NOON)
    exclusion.exclude(number.pk, actor=by_admin, at=NOON)

    exclusion.bring_back(number.pk, actor=by_admin, at=NOON)

    number.refresh_from_db()
    assert (number.state, number.keep_decided_at) == (NumberState.HELD, NOON)


def test_nothing_is_released_or_restored_through_a_connection_that_does_not_work(
    acme: Account, by_admin: Actor
) -> None:
    broken = ConnectionFactory.create(account=acme, state=ConnectionState.AUTH_FAILED)
    held = PhoneNumberFactory.create(account=acme, connection=broken)
    released = PhoneNumberFactory.create(account=acme, connection=broken, released=True)
    now = standing(acme.pk, at=NOON)

    assert [blocker.code for blocker in gates.release(held)] == ["connection_broken"]
    assert [blocker.code for blocker in gates.restore(released, now, NOON)] == ["connection_broken"]
