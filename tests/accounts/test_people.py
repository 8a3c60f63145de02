"""Members and their roles: who may give what to whom."""

from __future__ import annotations

import pytest

from accounts.actor import SYSTEM, Actor
from accounts.models import Account, Event, Membership, Notice, User
from accounts.services import people
from accounts.states import Permission, Role
from config.errors import Blocked, Forbidden, Invalid
from tests.factories import NOON, AccountFactory, MembershipFactory, NoticeFactory, UserFactory

pytestmark = pytest.mark.django_db


def membership_of(user: User, account: Account) -> Membership:
    return Membership.objects.get(user=user, account=account)


def create(**fields: object) -> Account:
    facts = {"slug": "initech", "name": "Initech", "time_zone": "Europe/Berlin", **fields}
    return people.create_account(owner=UserFactory.create(), actor=SYSTEM, at=NOON, **facts)  # type: ignore[arg-type]


def test_a_new_account_has_an_owner_and_an_event() -> None:
    account = create()

    assert account.memberships.get().role == Role.OWNER
    assert Event.objects.get().type == "account.created"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"slug": "acme"}, "slug"),
        ({"slug": "no spaces"}, "slug"),
        ({"name": ""}, "name"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"country": "XX"}, "country"),
    ],
)
@pytest.mark.usefixtures("acme")
def test_an_account_that_cannot_be_is_refused_by_field(
    fields: dict[str, str], problem: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        create(**fields)

    assert list(refusal.value.errors) == [problem]
    assert Account.objects.count() == 1


def test_changed_settings_are_recorded_with_before_and_after(
    acme: Account, by_admin: Actor
) -> None:
    people.update_account(
        acme.pk, name="Acme Corp.", time_zone="Europe/Berlin", country="us", actor=by_admin, at=NOON
    )

    event = Event.objects.get()
    assert event.type == "account.changed"
    assert event.data == {
        "before": {"name": "Acme", "time_zone": "America/Los_Angeles"},
        "after": {"name": "Acme Corp.", "time_zone": "Europe/Berlin"},
    }


def test_saving_without_a_change_records_nothing(acme: Account, by_admin: Actor) -> None:
    people.update_account(
        acme.pk, name="Acme", time_zone=acme.time_zone, country="US", actor=by_admin, at=NOON
    )

    assert not Event.objects.exists()


@pytest.mark.parametrize("actor", ["by_billing", "by_member"])
def test_those_without_admin_change_nothing(
    acme: Account, owner: User, actor: str, request: pytest.FixtureRequest
) -> None:
    reader: Actor = request.getfixturevalue(actor)
    target = membership_of(owner, acme)

    with pytest.raises(Forbidden):
        people.update_account(
            acme.pk, name="X", time_zone="UTC", country="US", actor=reader, at=NOON
        )
    with pytest.raises(Forbidden):
        people.change_role(target.pk, role=Role.MEMBER, actor=reader, at=NOON)
    with pytest.raises(Forbidden):
        people.remove_member(target.pk, actor=reader, at=NOON)

    assert not Event.objects.exists()


def test_a_role_is_changed_with_its_event(acme: Account, member: User, by_owner: Actor) -> None:
    people.change_role(
        membership_of(member, acme).pk, role=Role.BILLING_ADMIN, actor=by_owner, at=NOON
    )

    assert membership_of(member, acme).role == Role.BILLING_ADMIN
    event = Event.objects.get()
    assert (event.type, event.subject_id) == ("member.role_changed", member.pk)
    assert event.data == {"before": {"role": "Member"}, "after": {"role": "Billing admin"}}


@pytest.mark.parametrize("role", [Role.OWNER, Role.BILLING_ADMIN])
def test_an_admin_cannot_give_more_than_they_have(
    acme: Account, admin: User, member: User, by_admin: Actor, role: Role
) -> None:
    for user in (member, admin):
        with pytest.raises(Forbidden):
            people.change_role(membership_of(user, acme).pk, role=role, actor=by_admin, at=NOON)

    assert membership_of(member, acme).role == Role.MEMBER
    assert membership_of(admin, acme).role == Role.ADMIN


def test_an_admin_cannot_take_an_owner_down(acme: Account, owner: User, by_admin: Actor) -> None:
    MembershipFactory.create(account=acme, role=Role.OWNER)
    target = membership_of(owner, acme)

    with pytest.raises(Forbidden):
        people.change_role(target.pk, role=Role.MEMBER, actor=by_admin, at=NOON)
    with pytest.raises(Forbidden):
        people.remove_member(target.pk, actor=by_admin, at=NOON)

    assert membership_of(owner, acme).role == Role.OWNER


def test_the_last_owner_can_neither_step_down_nor_leave(
    acme: Account, owner: User, by_owner: Actor
) -> None:
    # An owner who cannot sign in is no owner to rely on.
    MembershipFactory.create(account=acme, role=Role.OWNER, user__is_active=False)
    # Owners of other accounts do not count.
    MembershipFactory.create(role=Role.OWNER)
    mine = membership_of(owner, acme)

    with pytest.raises(Blocked) as refusal:
        people.change_role(mine.pk, role=Role.ADMIN, actor=by_owner, at=NOON)
    with pytest.raises(Blocked):
        people.remove_member(mine.pk, actor=by_owner, at=NOON)

    assert [blocker.code for blocker in refusal.value.blockers] == ["last_owner"]
    assert membership_of(owner, acme).role == Role.OWNER


def test_one_of_two_owners_can_step_down(acme: Account, owner: User, by_owner: Actor) -> None:
    MembershipFactory.create(account=acme, role=Role.OWNER)

    people.change_role(membership_of(owner, acme).pk, role=Role.ADMIN, actor=by_owner, at=NOON)

    assert membership_of(owner, acme).role == Role.ADMIN


def test_a_removed_member_is_gone_and_gets_no_more_mail(
    acme: Account, member: User, by_owner: Actor
) -> None:
    NoticeFactory.create(account=acme, user=member)
    elsewhere = NoticeFactory.create(user=member, account=AccountFactory.create())

    people.remove_member(membership_of(member, acme).pk, actor=by_owner, at=NOON)

    assert not acme.memberships.filter(user=member).exists()
    assert list(Notice.objects.unmailed()) == [elsewhere]
    assert Event.objects.get().type == "member.removed"


def test_a_member_may_leave_and_nobody_else_may_be_removed_by_them(
    acme: Account, member: User, admin: User, by_member: Actor
) -> None:
    with pytest.raises(Forbidden):
        people.remove_member(membership_of(admin, acme).pk, actor=by_member, at=NOON)

    people.remove_member(membership_of(member, acme).pk, actor=by_member, at=NOON)

    assert list(acme.memberships.values_list("user", flat=True)) == [admin.pk]


def test_a_refusal_names_who_may(by_member: Actor) -> None:
    with pytest.raises(Forbidden) as refusal:
        by_member.require(Permission.ADMIN)

    assert "an owner or admin" in refusal.value.message
