"""The actor of each door: a session, an API key, the admin, a hook, the worker."""

from __future__ import annotations

from dataclasses import replace

from .actor import SYSTEM, Actor
from .models import ApiKey, Job, Look, Membership, RequestedBy, User
from .states import ROLE_PERMISSIONS, ActorKind, Permission, Role


def member(membership: Membership, *, request_id: str = "") -> Actor:
    """A signed-in user in one of their accounts."""
    return Actor(
        kind=ActorKind.USER,
        id=membership.user_id,
        label=membership.user.email,
        account_id=membership.account_id,
        permissions=ROLE_PERMISSIONS[membership.role],
        request_id=request_id,
    )


def api_key(key: ApiKey, *, request_id: str = "") -> Actor:
    """A program that holds an API key."""
    return Actor(
        kind=ActorKind.API_KEY,
        id=key.pk,
        label=key.name,
        account_id=key.account_id,
        permissions=frozenset(key.scopes),
        request_id=request_id,
    )


def support(user: User, *, request_id: str = "", reason: str = "") -> Actor:
    """A member of our own staff in the Django admin; sees every account."""
    return Actor(
        kind=ActorKind.SUPPORT,
        id=user.pk,
        label=f"Support ({user.email})",
        permissions=frozenset(Permission.values),
        request_id=request_id,
        reason=reason,
    )


def looking(look: Look, *, request_id: str = "") -> Actor:
    """Support that looks at one account: bound to it, and may do what a viewer may."""
    return replace(
        support(look.user, request_id=request_id, reason=look.reason),
        account_id=look.account_id,
        permissions=ROLE_PERMISSIONS[Role.VIEWER],
    )


def carrier(
    account_id: int, *, label: str, permissions: frozenset[str] = frozenset(), request_id: str = ""
) -> Actor:
    """Whoever called one of our hooks: bound to one account, with what that hook needs (S4-61).

    ``label`` names the caller on timelines, such as ``Twilio``.
    """
    return Actor(
        kind=ActorKind.CARRIER,
        label=label,
        account_id=account_id,
        permissions=permissions,
        request_id=request_id,
    )


def requested_by(row: RequestedBy, *, account_id: int, job_id: int | None = None) -> Actor:
    """Who asked for a job or a task, so that the worker acts in their name.

    With what they were allowed when they asked, neither more nor less, and with the request and
    the reason that they gave then: an event of the worker says what the event of a page would.
    """
    actor = Actor(
        kind=ActorKind(row.actor_kind),
        id=row.actor_id,
        label=row.actor_label,
        permissions=frozenset(row.actor_permissions),
        request_id=row.request_id,
        reason=row.reason,
        job_id=job_id,
    )
    return actor if actor.sees_every_account else replace(actor, account_id=account_id)


def of_job(job: Job) -> Actor:
    """Who asked for the job; what this actor does says that it belongs to the job."""
    return requested_by(job, account_id=job.account_id, job_id=job.pk)


def finder_of(job: Job) -> Actor:
    """Numberdesk, for what the job found: others did that, and not who asked for the job."""
    return replace(SYSTEM, request_id=job.request_id, job_id=job.pk)
