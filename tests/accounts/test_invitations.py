"""Invitations: a link by mail, good for 7 days and for one person."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django_q.models import OrmQ

from accounts import tasks
from accounts.actor import Actor
from accounts.models import Account, Event, Invitation, User
from accounts.services import invitations
from accounts.services.invitations import LIFETIME, RESEND_AFTER
from accounts.states import Role
from config.errors import DomainError, Forbidden, Invalid, InvalidTransition, NotDue
from tests.factories import NOON, PASSWORD, MembershipFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

SECOND = timedelta(seconds=1)
EMAIL = "new@example.com"


def invite(account: Account, actor: Actor, email: str = EMAIL, role: Role = Role.MEMBER) -> str:
    """Invite, let the worker send the mail, and return the link's token."""
    invitation = invitations.invite(account.pk, email=email, role=role, actor=actor, at=NOON)
    return mailed_token(invitation)


def mailed_token(invitation: Invitation) -> str:
    assert tasks.mail_invitation(invitation.pk)
    message = mail.outbox[-1]
    assert isinstance(message, EmailMessage)
    found = re.search(r"http://127\.0\.0\.1:8000/invitations/(\w+)/", str(message.body))
    assert found
    return found[1]


def accept_as_new(token: str, password: str = PASSWORD) -> None:
    invitations.accept_as_new(token, name="Nell", password=password, at=NOON)


def test_an_invitation_is_mailed_and_the_queue_holds_no_secret(
    acme: Account, by_admin: Actor
) -> None:
    token = invite(acme, by_admin)

    assert mail.outbox[0].to == [EMAIL]
    queued = str([row.task for row in OrmQ.objects.all()])
    assert token not in queued
    assert token not in str(Invitation.objects.values())
    assert Event.objects.get().type == "member.invited"


def test_a_second_delivery_of_the_mail_carries_the_same_link(
    acme: Account, by_admin: Actor
) -> None:
    first = invite(acme, by_admin)

    assert mailed_token(Invitation.objects.get()) == first


def test_a_new_person_accepts_with_a_password(acme: Account, by_admin: Actor) -> None:
    token = invite(acme, by_admin, role=Role.ADMIN)

    accept_as_new(token)

    user = User.objects.get(email=EMAIL)
    assert user.check_password(PASSWORD)
    assert acme.memberships.get(user=user).role == Role.ADMIN
    joined = Event.objects.get(type="member.joined")
    assert (joined.actor_id, joined.data["invited_by"]) == (user.pk, "admin@example.com")


@pytest.mark.parametrize("password", ["short", "12345678901", "new@example.com", "password123"])
def test_a_weak_password_is_refused(acme: Account, by_admin: Actor, password: str) -> None:
    token = invite(acme, by_admin)

    with pytest.raises(Invalid) as refusal:
        accept_as_new(token, password)

    assert list(refusal.value.errors) == ["password"]
    assert not User.objects.filter(email=EMAIL).exists()


def test_a_person_who_can_sign_in_accepts_as_themselves(
    acme: Account, by_admin: Actor, stranger: User
) -> None:
    token = invite(acme, by_admin, email="STRANGER@example.com")

    with pytest.raises(DomainError) as refusal:
        accept_as_new(token)
    invitations.accept(token, user=stranger, at=NOON)

    assert refusal.value.code == "user_exists"
    assert acme.memberships.filter(user=stranger).exists()


def test_the_mail_says_until_when_as_pages_do(acme: Account, by_admin: Actor) -> None:
    invite(acme, by_admin)

    assert "Accept until Sun,\u00a0Mar\u00a08,\u00a02026, 5:00\u00a0AM\u00a0PDT:" in str(
        mail.outbox[0].body
    )


def test_nobody_accepts_for_another_address(acme: Account, by_admin: Actor, stranger: User) -> None:
    token = invite(acme, by_admin)

    with pytest.raises(Forbidden):
        invitations.accept(token, user=stranger, at=NOON)

    assert not acme.memberships.filter(user=stranger).exists()


@pytest.mark.parametrize("alike", ["mi\u212ae@example.com", "m\u0131ke@example.com"])
def test_nobody_accepts_for_an_address_that_looks_alike(
    acme: Account, by_admin: Actor, alike: str
) -> None:
    token = invite(acme, by_admin, "mike@example.com")
    somebody = UserFactory.create(email=alike)

    with pytest.raises(Forbidden):
        invitations.accept(token, user=somebody, at=NOON)


def test_an_address_that_sign_in_would_keep_differently_is_not_invited(
    acme: Account, by_admin: Actor
) -> None:
    with pytest.raises(Invalid, match="small letters"):
        invite(acme, by_admin, "mi\u212ae@example.com")
    invite(acme, by_admin, "m\u0131ke@example.com")
    invite(acme, by_admin, "Mike@Example.com")  # somebody else than the one before
    with pytest.raises(Invalid, match="has an open invitation"):
        invite(acme, by_admin, "MIKE@example.com")


def test_a_link_works_once(acme: Account, by_admin: Actor) -> None:
    token = invite(acme, by_admin)
    accept_as_new(token)

    with pytest.raises(InvalidTransition):
        accept_as_new(token)
    assert invitations.find(token, at=NOON) is None


def test_a_link_works_for_seven_days(acme: Account, by_admin: Actor) -> None:
    token = invite(acme, by_admin)

    assert invitations.find(token, at=NOON + LIFETIME - SECOND)
    assert invitations.find(token, at=NOON + LIFETIME) is None
    with pytest.raises(InvalidTransition):
        invitations.accept_as_new(token, name="", password=PASSWORD, at=NOON + LIFETIME)


def test_sending_again_makes_a_fresh_link_and_voids_the_old_one(
    acme: Account, by_admin: Actor
) -> None:
    old = invite(acme, by_admin)
    invitation = Invitation.objects.get()

    with pytest.raises(NotDue):
        invitations.resend(invitation.pk, actor=by_admin, at=NOON + RESEND_AFTER - SECOND)
    renewed = invitations.resend(invitation.pk, actor=by_admin, at=NOON + RESEND_AFTER)

    new = mailed_token(renewed)
    assert invitations.find(old, at=NOON + RESEND_AFTER) is None
    assert invitations.find(new, at=NOON + LIFETIME)


def test_a_revoked_invitation_is_void_and_not_mailed(acme: Account, by_admin: Actor) -> None:
    token = invite(acme, by_admin)
    invitation = Invitation.objects.get()

    invitations.revoke(invitation.pk, actor=by_admin, at=NOON)

    assert invitations.find(token, at=NOON) is None
    assert tasks.mail_invitation(invitation.pk) is False
    with pytest.raises(InvalidTransition):
        invitations.revoke(invitation.pk, actor=by_admin, at=NOON)
    with pytest.raises(InvalidTransition):
        invitations.resend(invitation.pk, actor=by_admin, at=NOON + RESEND_AFTER)


@pytest.mark.parametrize("email", ["member@example.com", "MEMBER@example.com", "nonsense"])
@pytest.mark.usefixtures("member")
def test_a_member_or_a_wrong_address_is_not_invited(
    acme: Account, by_admin: Actor, email: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        invite(acme, by_admin, email=email)

    assert list(refusal.value.errors) == ["email"]


def test_one_open_invitation_per_address_and_a_new_one_after_it_ran_out(
    acme: Account, by_admin: Actor
) -> None:
    invite(acme, by_admin)

    with pytest.raises(Invalid):
        invite(acme, by_admin, email=EMAIL.upper())
    later = invitations.invite(
        acme.pk, email=EMAIL, role=Role.MEMBER, actor=by_admin, at=NOON + LIFETIME
    )

    assert later.is_open(NOON + LIFETIME)


@pytest.mark.parametrize("role", [Role.OWNER, Role.BILLING_ADMIN])
def test_an_admin_invites_nobody_above_themselves(
    acme: Account, by_admin: Actor, by_owner: Actor, role: Role
) -> None:
    with pytest.raises(Forbidden):
        invite(acme, by_admin, role=role)

    assert invite(acme, by_owner, role=role)


@pytest.mark.parametrize("role", [Role.OWNER, Role.BILLING_ADMIN])
def test_an_admin_neither_revokes_nor_sends_again_an_invitation_above_themselves(
    acme: Account, by_admin: Actor, by_owner: Actor, role: Role
) -> None:
    invite(acme, by_owner, role=role)
    invitation = Invitation.objects.get()

    with pytest.raises(Forbidden):
        invitations.revoke(invitation.pk, actor=by_admin, at=NOON)
    with pytest.raises(Forbidden):
        invitations.resend(invitation.pk, actor=by_admin, at=NOON + RESEND_AFTER)

    invitation.refresh_from_db()
    assert invitation.is_open(NOON)
    assert invitations.revoke(invitation.pk, actor=by_owner, at=NOON).revoked_at == NOON


@pytest.mark.parametrize("actor", ["by_billing", "by_member"])
def test_those_without_admin_invite_nobody(
    acme: Account, by_admin: Actor, actor: str, request: pytest.FixtureRequest
) -> None:
    reader: Actor = request.getfixturevalue(actor)
    invite(acme, by_admin)
    invitation = Invitation.objects.get()

    with pytest.raises(Forbidden):
        invite(acme, reader, email="other@example.com")
    with pytest.raises(Forbidden):
        invitations.resend(invitation.pk, actor=reader, at=NOON + RESEND_AFTER)
    with pytest.raises(Forbidden):
        invitations.revoke(invitation.pk, actor=reader, at=NOON)


def test_a_person_who_joined_meanwhile_keeps_their_role(acme: Account, by_owner: Actor) -> None:
    user = UserFactory.create(email=EMAIL)
    token = invite(acme, by_owner, role=Role.MEMBER)
    MembershipFactory.create(account=acme, user=user, role=Role.ADMIN)

    invitations.accept(token, user=user, at=NOON)

    assert acme.memberships.get(user=user).role == Role.ADMIN
    assert invitations.find(token, at=NOON) is None


def test_an_account_whose_name_has_line_breaks_can_invite(acme: Account, by_admin: Actor) -> None:
    Account.objects.filter(pk=acme.pk).update(name="Acme\r\nBcc: eve@example.com")

    invite(acme, by_admin)

    assert mail.outbox[0].recipients() == [EMAIL]
    assert "to Acme Bcc: eve@example.com on" in mail.outbox[0].subject
