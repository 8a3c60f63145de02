"""What support staff do that leaves no event of its own."""

from __future__ import annotations

from datetime import datetime

from allauth.socialaccount.models import SocialAccount
from django.db import transaction

from accounts.actor import Actor
from accounts.job_kinds import kind_of
from accounts.models import Job, Membership, User
from accounts.states import JOB_MOVES, ActorKind, JobState
from config.errors import Forbidden, Invalid, Reason

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
def run_again(job_id: int, *, actor: Actor, at: datetime) -> str:
    """Run a failed job again, in the way of its kind; returns what has been done.

    Most go on where they stopped. Raises ``InvalidTransition``, and what the kind raises.
    """
    require_support(actor)
    job = Job.objects.get(pk=job_id)
    kind = kind_of(job)
    if kind.run_again is not None:
        JOB_MOVES.require(job.state, JobState.QUEUED)
        done = kind.run_again(job, actor, at)
    else:
        jobs.requeue(job_id, at=at)
        done = "Queued again; it continues where it stopped."
    note(job.account_id, subject=kind.subject(job), summary=done, actor=actor, at=at)
    return done


@transaction.atomic
def set_active(user_id: int, *, active: bool, actor: Actor, at: datetime) -> User:
    """Let a person sign in, or no longer; every account they belong to sees it.

    Whoever is signed in with a session is signed out by it at the next request. Raises ``Invalid``,
    and ``Forbidden`` for staff, about whom superusers decide.
    """
    require_support(actor)
    user = User.objects.select_for_update().get(pk=user_id)
    if user.is_staff and not _is_superuser(actor):
        raise Forbidden("Only a superuser decides whether staff can sign in.")
    if user.pk == actor.id and not active:
        raise Invalid({"reason": [Reason("yourself", "You cannot lock yourself out.")]})
    if user.is_active == active:
        return user
    user.is_active = active
    user.save(update_fields=["is_active"])
    done = "can sign in again" if active else "was locked"
    _note_about(user, f"{user.email} {done}.", actor=actor, at=at)
    return user


@transaction.atomic
def forget_logins(user_id: int, *, actor: Actor, at: datetime) -> User:
    """Part a person from their login at the OpenID Connect provider.

    The next login with their verified address takes its place. Who is signed in stays so; locking
    ends that. Raises ``Forbidden`` for staff, about whom superusers decide.
    """
    require_support(actor)
    user = User.objects.select_for_update().get(pk=user_id)
    if user.is_staff and not _is_superuser(actor):
        raise Forbidden("Only a superuser decides how staff can sign in.")
    if SocialAccount.objects.filter(user=user).delete()[0]:
        _note_about(user, f"The single sign-on of {user.email} was forgotten.", actor=actor, at=at)
    return user


def _note_about(user: User, summary: str, *, actor: Actor, at: datetime) -> None:
    """Put it on the timeline of every account that the person belongs to."""
    accounts = Membership.objects.filter(user=user).values_list("account_id", flat=True)
    for account_id in accounts:
        note(
            account_id,
            subject=("member", user.pk, user.email),
            summary=summary,
            actor=actor,
            at=at,
        )


def _is_superuser(actor: Actor) -> bool:
    if actor.kind == ActorKind.SYSTEM:
        return True
    return User.objects.filter(pk=actor.id or 0, is_superuser=True, is_active=True).exists()


def require_support(actor: Actor, act: str = "do this") -> None:
    """Raise ``Forbidden`` for everybody but our own staff and the system."""
    if not actor.sees_every_account:
        raise Forbidden(f"Only support can {act}.")
