"""Accounts and their members."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import gates
from accounts.actor import Actor
from accounts.models import Account, Membership, Notice, User
from accounts.states import ROLE_PERMISSIONS, ActorKind, Permission, Role
from config.errors import Forbidden, Invalid, refuse
from config.phone_numbers import is_country
from config.text import inside, tidy

from .events import record, tell


@transaction.atomic
def create_account(
    *,
    slug: str,
    name: str,
    owner: User,
    time_zone: str,
    actor: Actor,
    at: datetime,
    country: str = "US",
) -> Account:
    """Make an account with its first owner. Raises ``Invalid`` (``slug``, ``name``, …)."""
    actor.require(Permission.ADMIN)
    name = tidy(name)
    account = Account(slug=slug, name=name, time_zone=time_zone, country=country, created_at=at)
    check(account)
    account.save(force_insert=True)
    Membership.objects.create(account=account, user=owner, role=Role.OWNER, created_at=at)
    record(
        "account.created",
        account_id=account.pk,
        subject=("account", account.pk, account.name),
        summary=f"Account created, owned by {owner.email}",
        actor=actor,
        at=at,
    )
    return account


@transaction.atomic
def update_account(
    account_id: int, *, name: str, time_zone: str, country: str, actor: Actor, at: datetime
) -> Account:
    """Change what the account is called and where it is at home.

    ``time_zone`` is an IANA name, ``country`` ISO 3166 alpha-2. Raises ``Invalid`` by field.
    """
    actor.require(Permission.ADMIN)
    account = lock(account_id)
    wanted = {"name": tidy(name), "time_zone": time_zone, "country": country.upper()}
    before = {field: getattr(account, field) for field in wanted}
    changed = [field for field in wanted if before[field] != wanted[field]]
    if not changed:
        return account
    for field in changed:
        setattr(account, field, wanted[field])
    check(account)
    account.save(update_fields=[*changed, "search_name"])
    record(
        "account.changed",
        account_id=account.pk,
        subject=("account", account.pk, account.name),
        summary="Account settings changed",
        actor=actor,
        at=at,
        before={field: before[field] for field in changed},
        after={field: wanted[field] for field in changed},
    )
    return account


@transaction.atomic
def add_member(
    account_id: int, *, user: User, role: Role, actor: Actor, at: datetime
) -> Membership:
    """Make an existing user a member without an invitation; a member keeps the role they have."""
    actor.require(Permission.ADMIN)
    require_rank(actor, role)
    lock(account_id)
    membership, joined = Membership.objects.get_or_create(
        account_id=account_id, user=user, defaults={"role": role, "created_at": at}
    )
    if joined:
        summary = f"{user.email} was added as {inside(role.label)}"
        tell(membership, "member.added", summary, actor=actor, at=at)
    return membership


@transaction.atomic
def change_role(membership_id: int, *, role: Role, actor: Actor, at: datetime) -> Membership:
    """Give a member another role. Raises ``Forbidden``, and ``Blocked`` for the last owner."""
    actor.require(Permission.ADMIN)
    membership = _lock_member(membership_id)
    before = Role(membership.role)
    require_rank(actor, before, role)
    if role == before:
        return membership
    if before == Role.OWNER:
        refuse(gates.stop_being_owner(membership))
    membership.role = role
    membership.save(update_fields=["role"])
    tell(
        membership,
        "member.role_changed",
        f"{membership.user.email} is now {inside(role.label)}",
        actor=actor,
        at=at,
        before={"role": before.label},
        after={"role": role.label},
    )
    return membership


@transaction.atomic
def remove_member(membership_id: int, *, actor: Actor, at: datetime) -> None:
    """Take a member out of the account; everybody may take themselves out.

    What they did stays in the log. Notices that have not been mailed yet are not mailed any more.
    Raises ``Forbidden``, and ``Blocked`` for the last owner.
    """
    membership = _lock_member(membership_id)
    if not (actor.kind == ActorKind.USER and actor.id == membership.user_id):
        actor.require(Permission.ADMIN)
        require_rank(actor, Role(membership.role))
    if membership.role == Role.OWNER:
        refuse(gates.stop_being_owner(membership))
    Notice.objects.unmailed().filter(
        account_id=membership.account_id, user_id=membership.user_id
    ).update(by_mail=False, mail_due_at=None)
    tell(
        membership,
        "member.removed",
        f"{membership.user.email} was removed",
        actor=actor,
        at=at,
        before={"role": membership.get_role_display()},
    )
    membership.delete()


def lock(account_id: int) -> Account:
    """Hold the account's people and settings until commit."""
    return Account.objects.select_for_update().get(pk=account_id)


def check(account: Account) -> None:
    """Raise ``Invalid`` for what the model's own rules refuse, and for unknown countries."""
    try:
        account.full_clean()
    except ValidationError as error:
        raise Invalid(error.message_dict) from None
    if not is_country(account.country):
        raise Invalid({"country": ["Enter the two letters of a country, such as US."]})


def require_rank(actor: Actor, *roles: Role) -> None:
    """Refuse to give or take a role that may do more than the actor may.

    Without this an admin could make themselves a billing admin, and a billing admin's equal an
    owner: only owners make owners.
    """
    beyond = [role for role in roles if not ROLE_PERMISSIONS[role] <= actor.permissions]
    if beyond:
        raise Forbidden(
            f"You cannot give or take the role {inside(beyond[0].label)}: "
            "it may do things that yours may not. Ask an owner."
        )


def _lock_member(membership_id: int) -> Membership:
    """Hold the account before reading the member, so that two changes see each other's outcome."""
    lock(Membership.objects.values_list("account_id", flat=True).get(pk=membership_id))
    return Membership.objects.select_related("user").get(pk=membership_id)
