"""Who somebody is here whom an OpenID Connect provider vouches for (docs/decisions/0033)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from allauth.socialaccount import app_settings
from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.db.models import Q

from accounts.models import Invitation, User
from config.email_addresses import same_as
from config.errors import DomainError
from config.text import tidy

#: What the digest of a subject begins with; a subject that does so itself is digested, too.
DIGEST = "sha256:"


@dataclass(frozen=True)
class Identity:
    """What the provider says: ``issuer`` and ``subject`` name a person for good, an email does not.

    ``provider`` is what people call the provider.
    """

    issuer: str
    subject: str
    email: str
    is_verified: bool
    name: str
    provider: str


class NotSignedIn(DomainError):
    """Nobody is signed in; the message says why, and what to do."""

    http_status = 403


@transaction.atomic
def recognize(identity: Identity, *, at: datetime) -> tuple[User, bool]:
    """The user whose login this is, and whether it became theirs just now.

    A login that is nobody's yet becomes that of the user with its email, if the provider has
    verified it; who has an open invitation to that address becomes a user. Raises ``NotSignedIn``
    (``email_not_verified``, ``not_invited``, ``other_login``).
    """
    if known := _known(identity):
        return known, False
    if not (identity.email and identity.is_verified):
        raise NotSignedIn(
            f"{identity.provider} does not confirm that {identity.email or 'your address'} is "
            "yours. Have it confirmed there, or sign in with your password.",
            code="email_not_verified",
        )
    user = _with_address(identity.email) or _invited(identity, at=at)
    if known := _known(identity):  # in a second callback, which waited for the first
        return known, False
    if SocialAccount.objects.filter(provider=identity.issuer, user=user).exists():
        raise NotSignedIn(
            f"{user.email} signs in here with another login of {identity.provider}. "
            "If that one is gone, sign in with your password and ask support.",
            code="other_login",
        )
    SocialAccount.objects.create(
        provider=identity.issuer, uid=_kept(identity.subject), user=user, extra_data={}
    )
    return user, True


def _known(identity: Identity) -> User | None:
    """The user whose login this is already."""
    login = SocialAccount.objects.filter(provider=identity.issuer, uid=_kept(identity.subject))
    if found := login.select_related("user").first():
        login.update(extra_data={})  # allauth keeps what the provider says; nobody needs it
        user: User = found.user
        return user
    return None


def _kept(subject: str) -> str:
    """``subject`` as a row holds it: by its digest where the column does not take it as it is."""
    fits = len(subject) <= app_settings.UID_MAX_LENGTH and subject.isprintable()
    if fits and not subject.startswith(DIGEST):
        return subject
    return DIGEST + hashlib.sha256(subject.encode()).hexdigest()


def _with_address(email: str) -> User | None:
    """The user who has proven this address, held until commit."""
    proven = same_as(email) | Q(
        pk__in=User.objects.filter(
            same_as(email, field="emailaddress__email"), emailaddress__verified=True
        ).values("pk")
    )
    return User.objects.select_for_update().filter(proven).order_by("pk").first()


def _invited(identity: Identity, *, at: datetime) -> User:
    """A new user for who is invited; the invitations are held, so that there is one of them."""
    open_ones = Invitation.objects.select_for_update().filter(
        same_as(identity.email), accepted_at=None, revoked_at=None, expires_at__gt=at
    )
    is_invited = bool(open_ones.order_by("pk"))
    if made_meanwhile := _with_address(identity.email):
        return made_meanwhile
    if not is_invited:
        raise NotSignedIn(
            f"Nobody with the address {identity.email} is known here. Ask an owner or admin of "
            "your company's account to invite it.",
            code="not_invited",
        )
    return User.objects.create_user(identity.email, name=tidy(identity.name)[:100], date_joined=at)
