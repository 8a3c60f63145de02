"""Support looks at an account as its members see it: who may, for how long, and what is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission

from accounts import actors, tasks
from accounts.actor import SYSTEM, Actor
from accounts.models import Account, ApiKey, Event, Look, User
from accounts.services import looks, support
from accounts.states import ActorKind, Role
from config.errors import DomainError, Forbidden, Invalid, NotDue
from numbers.models import PhoneNumber
from tests.factories import NOON, MembershipFactory, PhoneNumberFactory, UserFactory, subscribed

pytestmark = pytest.mark.django_db

REASON = "They called: a number is missing"


@pytest.fixture
def by_support(support: User) -> Actor:
    return actors.support(support, request_id="req_look", reason=REASON)


@pytest.fixture
def look(acme: Account, by_support: Actor) -> Look:
    return looks.begin(acme.pk, actor=by_support, at=NOON)


def told(account: Account) -> list[tuple[str, str, str, str]]:
    events = Event.objects.filter(account=account, type__startswith="support.").order_by("pk")
    return list(events.values_list("type", "actor_label", "summary", "reason"))


# B29
def test_the_account_sees_who_looks_and_why(acme: Account, look: Look) -> None:
    looks.stop(look.pk, at=NOON + timedelta(minutes=5))

    began, stopped = told(acme)
    assert began == (
        "support.looked",
        "Support (support@example.com)",
        "Began to look at the account as its members see it, for 30 minutes at most",
        REASON,
    )
    assert stopped[:3] == (
        "support.stopped_looking",
        "Support (support@example.com)",
        "Stopped looking at the account",
    )
    assert Event.objects.get(type="support.looked").request_id == "req_look"


def test_a_look_needs_a_reason(acme: Account, support: User) -> None:
    with pytest.raises(Invalid) as refused:
        looks.begin(acme.pk, actor=actors.support(support, reason=" "), at=NOON)

    assert list(refused.value.errors) == ["reason"]
    assert not Look.objects.exists()


def test_customers_do_not_look(acme: Account, by_owner: Actor, stranger: User) -> None:
    foreign = actors.member(stranger.memberships.get())

    for actor in (by_owner, foreign, SYSTEM):
        with pytest.raises(Forbidden):
            looks.begin(acme.pk, actor=actor, at=NOON)


def test_staff_look_with_the_permission_that_other_acts_need(acme: Account) -> None:
    clerk = UserFactory.create(is_staff=True)
    actor = actors.support(clerk, reason=REASON)
    with pytest.raises(Forbidden):
        looks.begin(acme.pk, actor=actor, at=NOON)

    clerk.user_permissions.add(Permission.objects.get(codename="change_account"))

    assert looks.begin(acme.pk, actor=actor, at=NOON).user == clerk


def test_a_member_of_the_account_does_not_look_at_it(
    acme: Account, support: User, by_support: Actor
) -> None:
    MembershipFactory.create(account=acme, user=support, role=Role.OWNER)

    with pytest.raises(DomainError, match="You are a member of Acme"):
        looks.begin(acme.pk, actor=by_support, at=NOON)


def test_a_look_goes_on_for_thirty_minutes(acme: Account, look: Look, support: User) -> None:
    last = NOON + looks.LONGEST - timedelta(seconds=1)

    assert looks.going_on(look.pk, user=support, at=last) == look
    assert looks.going_on(look.pk, user=support, at=NOON + looks.LONGEST) is None


def test_a_look_is_of_one_person(look: Look) -> None:
    other = UserFactory.create(support=True)

    assert looks.going_on(look.pk, user=other, at=NOON) is None


def test_a_look_that_ended_does_not_go_on_and_ends_once(look: Look, support: User) -> None:
    looks.stop(look.pk, at=NOON)

    assert looks.going_on(look.pk, user=support, at=NOON) is None
    with pytest.raises(NotDue):
        looks.stop(look.pk, at=NOON)
    with pytest.raises(NotDue):
        looks.settle(look.pk, at=NOON + looks.LONGEST)


@pytest.mark.parametrize("lost", ["is_active", "is_staff"])
def test_who_is_no_staff_any_more_looks_no_longer(
    noon: object, lost: str, acme: Account, look: Look, support: User
) -> None:
    setattr(support, lost, False)
    support.save()

    assert looks.going_on(look.pk, user=support, at=NOON) is None
    tasks.sweep()
    assert told(acme)[-1][1:3] == (
        "Numberdesk",
        "The look of Support (support@example.com) ended: support@example.com may not look at "
        "accounts any more",
    )


def test_the_worker_ends_what_nobody_ends(noon: object, acme: Account, look: Look) -> None:
    tasks.sweep()
    assert len(told(acme)) == 1

    noon.shift(looks.LONGEST + timedelta(seconds=40))  # type: ignore[attr-defined]
    tasks.sweep()
    tasks.sweep()

    assert told(acme)[1:] == [
        (
            "support.stopped_looking",
            "Numberdesk",
            "The look of Support (support@example.com) ended: its time was over",
            "",
        )
    ]
    look.refresh_from_db()
    assert look.ended_at == NOON + looks.LONGEST


def test_who_looks_is_bound_to_the_account_and_reads(look: Look) -> None:
    mine = PhoneNumberFactory.create(account=look.account)
    PhoneNumberFactory.create(account=subscribed(slug="elsewhere"))

    actor = actors.looking(look)

    assert list(PhoneNumber.objects.visible_to(actor)) == [mine]
    assert actor.permissions == {"read"}
    assert (actor.kind, actor.label) == (ActorKind.SUPPORT, "Support (support@example.com)")
    assert not ApiKey.objects.visible_to(actor).exists()


def test_who_looks_does_no_act_of_support(look: Look, owner: User) -> None:
    with pytest.raises(Forbidden):
        support.set_active(owner.pk, active=False, actor=actors.looking(look), at=NOON)
