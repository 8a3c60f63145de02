"""What support staff do that leaves no event of its own."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.actors import Actor
from accounts.models import Job, Membership, User
from accounts.states import ActorKind
from config.errors import Forbidden, Invalid

from . import jobs
from .events import record


def note(
    account_id: int,
    *,
    subject: tuple[str, int | None, str],
    summary: str,
    actor: Actor,
    at: datetime,
) -> None:
    """Put an act of support on the account's timeline, with its reason (``actor.reason``)."""
    record(
        "support.acted",
        account_id=account_id,
        subject=subject,
        summary=summary,
        actor=actor,
        at=at,
    )


@transaction.atomic
def run_again(job_id: int, *, actor: Actor, at: datetime) -> Job:
    """Queue a failed job again; it continues where it stopped. Raises ``InvalidTransition``."""
    _require_support(actor)
    job = jobs.requeue(job_id, at=at)
    note(
        job.account_id,
        subject=("job", job.pk, job.title),
        summary="Queued again; it continues where it stopped.",
        actor=actor,
        at=at,
    )
    return job


@transaction.atomic
def set_active(user_id: int, *, active: bool, actor: Actor, at: datetime) -> User:
    """Let a person sign in, or no longer; every account they belong to sees it.

    Whoever is signed in with a session is signed out by it at the next request. Raises ``Invalid``,
    and ``Forbidden`` for staff, about whom superusers decide.
    """
    _require_support(actor)
    user = User.objects.select_for_update().get(pk=user_id)
    if user.is_staff and not _is_superuser(actor):
        raise Forbidden("Only a superuser decides whether staff can sign in.")
    if user.pk == actor.id and not active:
        raise Invalid({"reason": ["You cannot lock yourself out."]})
    if user.is_active == active:
        return user
    user.is_active = active
    user.save(update_fields=["is_active"])
    accounts = Membership.objects.filter(user=user).values_list("account_id", flat=True)
    for account_id in accounts:
        note(
            account_id,
            subject=("member", user.pk, user.email),
            summary=f"{user.email} can sign in again." if active else f"{user.email} was locked.",
            actor=actor,
            at=at,
        )
    return user


def _is_superuser(actor: Actor) -> bool:
    if actor.kind == ActorKind.SYSTEM:
        return True
    return User.objects.filter(pk=actor.id or 0, is_superuser=True, is_active=True).exists()


def _require_support(actor: Actor) -> None:
    if actor.kind not in (ActorKind.SUPPORT, ActorKind.SYSTEM):
        raise Forbidden("Only support can do this.")
