"""Invitations: how a person becomes a member.

The link's token is derived from the invitation and SECRET_KEY. So the worker can put it into a mail
without any secret in the queue, a repeated mail carries the same link, and inviting again (a new
``expires_at``) makes earlier links useless. The database holds only its digest.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.crypto import salted_hmac

from accounts import actors
from accounts.actor import Actor
from accounts.models import Invitation, Membership, User
from accounts.states import Permission, Role
from config.addresses import absolute
from config.email_addresses import as_kept, is_plain, is_same, same_as
from config.errors import DomainError, Forbidden, Invalid, InvalidTransition, NotDue, Reason
from config.jobs import enqueue
from config.text import absolute as written
from config.text import inside, one_line, tidy, visible

from . import tokens
from .events import record, tell
from .people import lock, require_rank

LIFETIME = timedelta(days=7)
#: A mail may be asked for again after this long.
RESEND_AFTER = timedelta(minutes=1)


@transaction.atomic
def invite(account_id: int, *, email: str, role: Role, actor: Actor, at: datetime) -> Invitation:
    """Offer ``email`` a membership and mail the link. Raises ``Forbidden``, ``Invalid`` (email)."""
    actor.require(Permission.ADMIN)
    require_rank(actor, role)
    account = lock(account_id)
    email = _checked_email(email)
    if Membership.objects.filter(same_as(email, field="user__email"), account=account).exists():
        raise Invalid({"email": [Reason("member_already", f"{email} is a member already.")]})
    earlier = _unanswered(account_id).filter(same_as(email)).first()
    if earlier and earlier.is_open(at):
        raise Invalid(
            {
                "email": [
                    Reason(
                        "invited_already", f"{email} has an open invitation; you can send it again."
                    )
                ]
            }
        )
    if earlier:  # ran out; the new one takes its place
        earlier.revoked_at = at
        earlier.save(update_fields=["revoked_at"])
    invitation = Invitation(
        account=account,
        email=email,
        role=role,
        invited_by=actor.label,
        created_at=at,
    )
    _renew(invitation, at=at)
    invitation.save(force_insert=True)
    tell(
        invitation,
        "member.invited",
        f"{email} was invited as {inside(role.label)}",
        actor=actor,
        at=at,
    )
    enqueue("accounts.tasks.mail_invitation", invitation.pk)
    return invitation


@transaction.atomic
def resend(invitation_id: int, *, actor: Actor, at: datetime) -> Invitation:
    """Mail a fresh link that is good for another 7 days; earlier links stop working.

    Raises ``InvalidTransition`` when it has been answered or revoked, ``NotDue`` within a minute
    of the last mail.
    """
    actor.require(Permission.ADMIN)
    invitation = _lock_unanswered(invitation_id)
    require_rank(actor, Role(invitation.role))
    if at < invitation.expires_at - LIFETIME + RESEND_AFTER:
        raise NotDue("The last mail was sent less than a minute ago.")
    _renew(invitation, at=at)
    invitation.save(update_fields=["token_hash", "expires_at"])
    enqueue("accounts.tasks.mail_invitation", invitation.pk)
    return invitation


@transaction.atomic
def revoke(invitation_id: int, *, actor: Actor, at: datetime) -> Invitation:
    """Make the link useless. Raises ``InvalidTransition`` when it has been answered or revoked.

    Only who may give its role may take it away again: ``Forbidden`` for an admin and an owner's.
    """
    actor.require(Permission.ADMIN)
    invitation = _lock_unanswered(invitation_id)
    require_rank(actor, Role(invitation.role))
    invitation.revoked_at = at
    invitation.save(update_fields=["revoked_at"])
    tell(
        invitation,
        "member.invitation_revoked",
        f"The invitation of {invitation.email} was revoked",
        actor=actor,
        at=at,
    )
    return invitation


def find(token: str, *, at: datetime) -> Invitation | None:
    """The open invitation whose link carries ``token``."""
    invitation = (
        Invitation.objects.select_related("account").filter(token_hash=tokens.digest(token)).first()
    )
    return invitation if invitation and invitation.is_open(at) else None


@transaction.atomic
def accept(token: str, *, user: User, at: datetime, request_id: str = "") -> Membership:
    """Make ``user`` a member. Raises ``Forbidden`` when the invitation is for another address.

    Raises ``InvalidTransition`` when the invitation has been used, revoked or has run out.
    """
    invitation = _lock_open(token, at=at)
    if not is_same(invitation.email, user.email):
        raise Forbidden(f"This invitation is for {invitation.email}; you are {user.email}.")
    return _join(invitation, user, at=at, request_id=request_id)


@transaction.atomic
def accept_as_new(
    token: str, *, name: str, password: str, at: datetime, request_id: str = ""
) -> Membership:
    """Make a user with this password, and a member of them.

    Raises ``Invalid`` (``password``), ``InvalidTransition`` as ``accept`` does, and refuses an
    address that already has a user: who holds it signs in instead.
    """
    invitation = _lock_open(token, at=at)
    if User.objects.filter(same_as(invitation.email)).exists():
        raise DomainError(
            f"{invitation.email} can sign in already. Sign in to accept.", code="user_exists"
        )
    try:
        validate_password(password, User(email=invitation.email, name=name))
    except ValidationError as error:
        raise Invalid({"password": error.messages}) from None
    user = User.objects.create_user(
        invitation.email, password, name=tidy(name)[:100], date_joined=at
    )
    return _join(invitation, user, at=at, request_id=request_id)


def mail(invitation_id: int, *, at: datetime) -> bool:
    """Send the link; False when the invitation is no longer open. Repeating sends the same link."""
    invitation = Invitation.objects.select_related("account").get(pk=invitation_id)
    if not invitation.is_open(at):
        return False
    path = reverse("invitation", args=[_token(invitation)])
    send_mail(
        subject=one_line(
            f"{invitation.invited_by} invites you to {invitation.account.name} on Numberdesk"
        ),
        message=(
            f"{invitation.invited_by} invites you to the account {invitation.account.name} as "
            f"{inside(invitation.get_role_display())}.\n\n"
            f"Accept until {written(invitation.expires_at, invitation.account.zone)}:\n"
            f"{absolute(path)}\n\n"
            "The link is for you alone. If you did not expect it, do nothing.\n"
        ),
        from_email=None,
        recipient_list=[invitation.email],
    )
    return True


def _join(invitation: Invitation, user: User, *, at: datetime, request_id: str) -> Membership:
    invitation.accepted_at = at
    invitation.save(update_fields=["accepted_at"])
    membership, joined = Membership.objects.get_or_create(
        account=invitation.account,
        user=user,
        defaults={"role": invitation.role, "created_at": at},
    )
    if joined:
        record(
            "member.joined",
            account_id=membership.account_id,
            subject=("member", user.pk, user.email),
            summary=f"{user.email} joined as {inside(membership.get_role_display())}",
            actor=actors.member(membership, request_id=request_id),
            at=at,
            data={"invited_by": invitation.invited_by},
        )
    return membership


def _checked_email(text: str) -> str:
    email = as_kept(visible(text))  # no NFC, which takes the Kelvin sign for a K
    try:
        validate_email(email)
    except ValidationError as error:
        raise Invalid({"email": error.messages}) from None
    if not is_plain(email):
        raise Invalid({"email": ["Write this address in small letters."]})
    return email


def _unanswered(account_id: int) -> QuerySet[Invitation]:
    return Invitation.objects.filter(account_id=account_id, accepted_at=None, revoked_at=None)


def _lock_unanswered(invitation_id: int) -> Invitation:
    invitation = Invitation.objects.select_for_update().get(pk=invitation_id)
    if invitation.accepted_at or invitation.revoked_at:
        raise InvalidTransition("This invitation has been accepted or revoked.")
    return invitation


def _lock_open(token: str, *, at: datetime) -> Invitation:
    invitation = (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("account")
        .filter(token_hash=tokens.digest(token))
        .first()
    )
    if invitation is None or not invitation.is_open(at):
        raise InvalidTransition("This invitation has been used, was revoked, or has run out.")
    return invitation


def _renew(invitation: Invitation, *, at: datetime) -> None:
    invitation.expires_at = at + LIFETIME
    invitation.token_hash = tokens.digest(_token(invitation))


def _token(invitation: Invitation) -> str:
    facts = (
        str(invitation.account_id),
        invitation.email,
        invitation.created_at.astimezone(UTC).isoformat(),
        invitation.expires_at.astimezone(UTC).isoformat(),
    )
    return salted_hmac("invitation", "\n".join(facts), algorithm="sha256").hexdigest()
