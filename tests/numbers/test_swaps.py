"""Swap: one number takes another's place."""

from __future__ import annotations

import pytest

from accounts.actor import SYSTEM, Actor
from accounts.models import Account, Event
from config.errors import Blocked, Forbidden, Invalid
from licensing.models import GracePeriod
from licensing.services import grace
from licensing.standing import standing
from numbers.models import CarrierTask, PhoneNumber
from numbers.plans import swap_plan
from numbers.services import assignment, descriptions
from numbers.services.swaps import swap
from numbers.states import Fate, NumberState
from tests.factories import NOON, AgentFactory, ConnectionFactory, PhoneNumberFactory

pytestmark = pytest.mark.django_db

Pair = tuple[PhoneNumber, PhoneNumber]


@pytest.fixture
def pair(acme: Account, by_admin: Actor) -> Pair:
    """A number that answers, with name, notes and tags, and a spare one with a tag and notes."""
    connection = ConnectionFactory.create(account=acme)
    leaving, taking = PhoneNumberFactory.create_batch(2, account=acme, connection=connection)
    agent = AgentFactory.create(account=acme, name="Ada")
    assignment.assign(leaving.pk, agent_id=agent.pk, actor=by_admin, at=NOON)
    descriptions.describe(
        leaving.pk, label="Main", notes="Front desk", tags=["vip"], actor=by_admin, at=NOON
    )
    descriptions.describe(taking.pk, notes="Spare", tags=["new"], actor=by_admin, at=NOON)
    for number in (leaving, taking):
        number.refresh_from_db()
    return leaving, taking


@pytest.mark.parametrize(
    ("fate", "state"),
    [
        (Fate.RELEASE, NumberState.RELEASING),
        (Fate.EXCLUDE, NumberState.EXCLUDED),
        (Fate.KEEP, NumberState.HELD),
    ],
)
def test_name_agent_tags_and_notes_move_and_licenses_stay(
    pair: Pair, by_admin: Actor, fate: Fate, state: NumberState
) -> None:  # S0-6, S0-10, S0-20, S0-27
    leaving, taking = pair

    swap(leaving.pk, taking_id=taking.pk, fate=fate, actor=by_admin, at=NOON)

    for number in pair:
        number.refresh_from_db()
    assert taking.agent is not None
    assert (taking.label, taking.agent.name, taking.notes) == ("Main", "Ada", "Front desk\n\nSpare")
    assert sorted(tag.name for tag in taking.tags.all()) == ["new", "vip"]
    assert (leaving.label, leaving.agent, leaving.notes, leaving.state) == ("", None, "", state)
    assert leaving.tags.count() == 0
    assert leaving.account.subscription.licenses == 10
    assert CarrierTask.objects.exists() is (fate == Fate.RELEASE)
    assert Event.objects.filter(type__in=["number.swapped_out", "number.swapped_in"]).count() == 2


def test_the_preview_is_what_then_happens(pair: Pair, by_admin: Actor) -> None:  # B4
    leaving, taking = pair
    plan = swap_plan(
        leaving, taking, fate=Fate.KEEP, standing=standing(leaving.account_id, at=NOON)
    )

    swap(leaving.pk, taking_id=taking.pk, fate=Fate.KEEP, actor=by_admin, at=NOON)

    taking.refresh_from_db()
    after = {(change.label, change.number): change.after for change in plan.changes}
    assert after["Name", str(taking)] == taking.label
    assert after["Notes", str(taking)] == taking.notes
    assert after["Agent", str(taking)] == "Ada"
    assert plan.blockers == []


def test_the_taker_must_be_held_and_unassigned(pair: Pair, by_admin: Actor) -> None:
    leaving, taking = pair
    agent = AgentFactory.create(account=leaving.account)
    assignment.assign(taking.pk, agent_id=agent.pk, actor=by_admin, at=NOON)

    with pytest.raises(Blocked) as refused:
        swap(leaving.pk, taking_id=taking.pk, fate=Fate.KEEP, actor=by_admin, at=NOON)

    assert [blocker.code for blocker in refused.value.blockers] == ["assigned"]


def test_a_protected_number_is_not_swapped_out_whatever_its_fate(
    pair: Pair, by_admin: Actor
) -> None:
    leaving, taking = pair
    descriptions.describe(leaving.pk, protected=True, actor=by_admin, at=NOON)

    for fate in Fate:
        with pytest.raises(Blocked) as refused:
            swap(leaving.pk, taking_id=taking.pk, fate=fate, actor=by_admin, at=NOON)
        assert "protected" in [blocker.code for blocker in refused.value.blockers]


def test_a_refused_swap_changes_nothing(pair: Pair, by_admin: Actor) -> None:
    leaving, taking = pair
    PhoneNumber.objects.filter(pk=taking.pk).update(state=NumberState.EXCLUDED)
    before = list(PhoneNumber.objects.order_by("pk").values())

    with pytest.raises(Blocked):
        swap(leaving.pk, taking_id=taking.pk, fate=Fate.RELEASE, actor=by_admin, at=NOON)

    assert list(PhoneNumber.objects.order_by("pk").values()) == before


def test_a_number_of_another_account_cannot_take_the_place(pair: Pair, by_admin: Actor) -> None:
    elsewhere = PhoneNumberFactory.create()

    with pytest.raises(Invalid) as refused:
        swap(pair[0].pk, taking_id=elsewhere.pk, fate=Fate.KEEP, actor=by_admin, at=NOON)

    assert list(refused.value.errors) == ["taking"]


def test_a_number_cannot_take_its_own_place(pair: Pair, by_admin: Actor) -> None:
    with pytest.raises(Invalid) as refused:
        swap(pair[0].pk, taking_id=pair[0].pk, fate=Fate.KEEP, actor=by_admin, at=NOON)

    assert list(refused.value.errors) == ["taking"]


def test_a_member_cannot_swap(pair: Pair, by_member: Actor) -> None:  # B11
    with pytest.raises(Forbidden):
        swap(pair[0].pk, taking_id=pair[1].pk, fate=Fate.KEEP, actor=by_member, at=NOON)


def test_swapping_out_to_twilio_brings_an_account_back_within_its_licenses(
    acme: Account, pair: Pair, by_admin: Actor
) -> None:  # S0-10
    acme.subscription.licenses = 1
    acme.subscription.save()
    grace.import_completed(acme.pk, actor=SYSTEM, at=NOON)

    swap(pair[0].pk, taking_id=pair[1].pk, fate=Fate.RELEASE, actor=by_admin, at=NOON)

    assert GracePeriod.objects.get().settled_at == NOON


def test_more_tags_than_a_number_can_carry_are_named_before_anyone_tries(
    pair: Pair, by_admin: Actor
) -> None:  # B3
    leaving, taking = pair
    many = [f"tag {n}" for n in range(20)]
    descriptions.describe(leaving.pk, tags=many, actor=by_admin, at=NOON)

    plan = swap_plan(
        leaving, taking, fate=Fate.KEEP, standing=standing(leaving.account_id, at=NOON)
    )

    assert [blocker.code for blocker in plan.blockers] == ["too_many_tags"]
    with pytest.raises(Blocked):
        swap(leaving.pk, taking_id=taking.pk, fate=Fate.KEEP, actor=by_admin, at=NOON)
    descriptions.describe(taking.pk, tags=many[:5], actor=by_admin, at=NOON)
    swap(leaving.pk, taking_id=taking.pk, fate=Fate.KEEP, actor=by_admin, at=NOON)
    assert taking.tags.count() == 20


def test_notes_that_no_number_can_carry_are_named_and_never_cut(
    pair: Pair, by_admin: Actor
) -> None:  # B3
    leaving, taking = pair
    descriptions.describe(leaving.pk, notes="a" * 3000, actor=by_admin, at=NOON)
    descriptions.describe(taking.pk, notes="b" * 1999, actor=by_admin, at=NOON)
    for number in pair:
        number.refresh_from_db()

    plan = swap_plan(
        leaving, taking, fate=Fate.KEEP, standing=standing(leaving.account_id, at=NOON)
    )

    assert [blocker.code for blocker in plan.blockers] == ["notes_too_long"]
    assert "5,001 characters" in plan.blockers[0].message
    with pytest.raises(Blocked):
        swap(leaving.pk, taking_id=taking.pk, fate=Fate.KEEP, actor=by_admin, at=NOON)
    descriptions.describe(taking.pk, notes="b" * 1998, actor=by_admin, at=NOON)
    swap(leaving.pk, taking_id=taking.pk, fate=Fate.KEEP, actor=by_admin, at=NOON)
    taking.refresh_from_db()
    assert len(taking.notes) == 5000


def test_a_spare_number_keeps_its_own_name_where_none_moves_and_is_a_spare_no_more(
    pair: Pair, by_admin: Actor
) -> None:
    leaving, taking = pair
    descriptions.describe(leaving.pk, label="", actor=by_admin, at=NOON)
    descriptions.describe(taking.pk, label="Spare line", actor=by_admin, at=NOON)
    assignment.keep(taking.pk, actor=by_admin, at=NOON)

    swap(leaving.pk, taking_id=taking.pk, fate=Fate.KEEP, actor=by_admin, at=NOON)

    for number in pair:
        number.refresh_from_db()
    assert (taking.label, taking.keep_decided_at) == ("Spare line", None)
    assert leaving.keep_decided_at == NOON
