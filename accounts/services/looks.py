"""Support looks at an account as its members see it, and changes nothing (docs/decisions/0032)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from accounts import actors
from accounts.actor import SYSTEM, Actor
from accounts.models import Account, Look, Membership, User
from accounts.states import CHANGES_ACCOUNTS
from config.errors import DomainError, Forbidden, Invalid, NotDue

from .events import tell
from .support import require_support

#: Counted from the beginning, whatever is done meanwhile.
LONGEST = timedelta(minutes=30)


@transaction.atomic
def begin(account_id: int, *, actor: Actor, at: datetime) -> Look:
    """Begin to look; the account sees who does and why (``actor.reason``).

    Raises ``Invalid`` (``reason``), and ``Forbidden`` for everybody but staff that may act. A
    member of the account is refused: to them it would show what is theirs as if it were support's.
    """
    require_support(actor)
    user = User.objects.filter(pk=actor.id or 0).first()
    if user is None or not may_look(user):
        raise Forbidden("Only support staff that may change accounts can look at them.")
    if not actor.reason.strip():
        raise Invalid({"reason": ["Say why you look."]})
    account = Account.objects.get(pk=account_id)
    if Membership.objects.filter(account=account, user=user).exists():
        raise DomainError(
            f"You are a member of {account.name}: open it as one.", code="is_a_member"
        )
    look = Look.objects.create(
        account=account, user=user, reason=actor.reason, began_at=at, ends_at=at + LONGEST
    )
    minutes = LONGEST.seconds // 60
    tell(
        look,
        "support.looked",
        f"Began to look at the account as its members see it, for {minutes} minutes at most",
        actor=actor,
        at=at,
    )
    return look


def may_look(user: User) -> bool:
    """What every act of support on an account needs; asked again at each request."""
    return user.is_active and user.is_staff and user.has_perm(CHANGES_ACCOUNTS)


def going_on(look_id: int, *, user: User, at: datetime) -> Look | None:
    """The look, unless it is over, is somebody else's, or its user may not look any more."""
    look = (
        Look.objects.open()
        .select_related("account", "user")
        .filter(pk=look_id, user_id=user.pk, ends_at__gt=at)
        .first()
    )
    return look if look and may_look(user) else None


@transaction.atomic
def stop(look_id: int, *, at: datetime, how: str = "", request_id: str = "") -> Look:
    """End a look as whoever began it; ``how`` says so when it was not by the button.

    Raises ``NotDue`` when it has ended already.
    """
    look = _lock_open(look_id)
    actor = actors.support(look.user, request_id=request_id)
    return _end(look, f"Stopped looking at the account{how}", actor=actor, at=at)


@transaction.atomic
def settle(look_id: int, *, at: datetime) -> Look:
    """End a look that cannot go on. Raises ``NotDue`` when it can, or has ended already."""
    look = _lock_open(look_id)
    if look.ends_at <= at:
        why = "its time was over"
    elif not may_look(look.user):
        why = f"{look.user.email} may not look at accounts any more"
    else:
        raise NotDue("This look goes on.")
    sentence = f"The look of Support ({look.user.email}) ended: {why}"
    return _end(look, sentence, actor=SYSTEM, at=at)


def _end(look: Look, sentence: str, *, actor: Actor, at: datetime) -> Look:
    look.ended_at = min(at, look.ends_at)
    look.save(update_fields=["ended_at"])
    tell(look, "support.stopped_looking", sentence, actor=actor, at=at)
    return look


def _lock_open(look_id: int) -> Look:
    look = (
        Look.objects.select_for_update(of=("self",))
        .select_related("account", "user")
        .get(pk=look_id)
    )
    if look.ended_at is not None:
        raise NotDue("This look has ended.")
    return look
