"""API keys: made, used, revoked. The text of a key is ``nd_<prefix>_<secret>``."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from hmac import compare_digest

from django.db import transaction
from django.db.models import Q

from accounts.actor import Actor
from accounts.models import ApiKey
from accounts.states import Permission
from config.errors import DomainError, Invalid, InvalidTransition, Reason
from config.text import tidy

from . import tokens
from .events import tell
from .people import lock

MARK = "nd"
PREFIX_LENGTH = 8
SECRET_LENGTH = 43  # 256 bits
#: "Last used" is written at most this often, so that reading costs no write for each request.
USE_IS_NOTED_EVERY = timedelta(minutes=1)
_NOBODY = tokens.digest("")


class MadeAlready(DomainError):
    """The form was sent again, as by reloading the page that showed the key."""

    code = "made_already"


@transaction.atomic
def create(
    account_id: int,
    *,
    name: str,
    scopes: Collection[str],
    actor: Actor,
    at: datetime,
    sheet: str = "",
) -> tuple[ApiKey, str]:
    """Make a key and return it with its text, which is not stored and cannot be shown again.

    Every key may read; ``scopes`` adds to that and never exceeds what the actor may do. ``sheet``
    names the form that asks, which makes one key however often it is sent. Raises ``Forbidden``,
    ``Invalid`` (``name``, ``scopes``) and ``MadeAlready``.
    """
    actor.require(Permission.ADMIN)
    lock(account_id)
    used = _used(sheet, account_id) if sheet else None
    if used and ApiKey.objects.filter(account_id=account_id, sheet=used).exists():
        raise MadeAlready(
            "This key was made already, and its text is shown once. If you did not copy it, revoke "
            "the key and make another."
        )
    name = tidy(name)
    wanted = [each for each in Permission.values if each in scopes or each == Permission.READ]
    problems: dict[str, list[str]] = {}
    if not 0 < len(name) <= 100:
        problems["name"] = ["Say what the key is for, in at most 100 characters."]
    unknown = set(scopes) - set(Permission.values)
    beyond = [each for each in wanted if each not in actor.permissions]
    if unknown:
        problems["scopes"] = [f"There is no scope “{each}”." for each in sorted(unknown)]
    elif beyond:
        problems["scopes"] = [
            Reason(
                "beyond_yours", f"A key cannot have “{each}”, because you do not have it yourself."
            )
            for each in beyond
        ]
    if problems:
        raise Invalid(problems)
    secret = tokens.make(SECRET_LENGTH)
    key = ApiKey.objects.create(
        account_id=account_id,
        name=name,
        prefix=tokens.make(PREFIX_LENGTH),
        secret_hash=tokens.digest(secret),
        scopes=wanted,
        created_by=actor.label,
        created_at=at,
        sheet=used,
    )
    tell(
        key,
        "api_key.created",
        f"API key “{name}” created",
        actor=actor,
        at=at,
        after={"scopes": wanted},
    )
    return key, f"{MARK}_{key.prefix}_{secret}"


def _used(sheet: str, account_id: int) -> str:
    """The sheet as the key keeps it: the account's own, so that no account sees another's."""
    return tokens.digest(f"{account_id} {sheet}")[:32]


@transaction.atomic
def revoke(key_id: int, *, actor: Actor, at: datetime) -> ApiKey:
    """Make a key useless for good. Raises ``InvalidTransition`` when it already is."""
    actor.require(Permission.ADMIN)
    key = ApiKey.objects.select_for_update().get(pk=key_id)
    if key.revoked_at is not None:
        raise InvalidTransition("This key has been revoked already.")
    key.revoked_at = at
    key.save(update_fields=["revoked_at"])
    tell(key, "api_key.revoked", f"API key “{key.name}” revoked", actor=actor, at=at)
    return key


def authenticate(text: str, *, at: datetime) -> ApiKey | None:
    """The usable key that ``text`` is, with its account; None for anything else.

    A wrong prefix takes the same steps as a wrong secret, so the time taken tells neither.
    """
    mark, _, rest = text.partition("_")
    prefix, _, secret = rest.partition("_")
    key = ApiKey.objects.usable().select_related("account").filter(prefix=prefix).first()
    fits = compare_digest(tokens.digest(secret), key.secret_hash if key else _NOBODY)
    if key is None or not fits or mark != MARK:
        return None
    if key.last_used_at is None or at - key.last_used_at >= USE_IS_NOTED_EVERY:
        stale = Q(last_used_at=None) | Q(last_used_at__lte=at - USE_IS_NOTED_EVERY)
        ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=at)
    return key
