"""Opening an account for a new customer: owner, licenses and a first API key in one step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.actor import Actor
from accounts.models import Account, User
from accounts.services import api_keys, people
from accounts.states import Permission
from config.email_addresses import is_plain, same_as
from config.errors import Invalid
from licensing.services.licenses import open_subscription


@dataclass(frozen=True)
class Opened:
    """A new account. ``api_key`` is the key's text, which is stored nowhere."""

    account: Account
    owner: User
    api_key: str


@transaction.atomic
def open_account(
    *,
    slug: str,
    name: str,
    owner: str,
    licenses: int,
    time_zone: str,
    actor: Actor,
    at: datetime,
) -> Opened:
    """Make an account that belongs to the user ``owner`` (an email address; made when new).

    Raises ``Invalid`` by field. A new user has no password yet.
    """
    if not is_plain(owner):
        raise Invalid({"owner": ["Write this address in small letters."]})
    user = User.objects.filter(same_as(owner)).first()
    if user is None:
        user = User.objects.create_user(owner, date_joined=at)
    account = people.create_account(
        slug=slug, name=name, owner=user, time_zone=time_zone, actor=actor, at=at
    )
    open_subscription(account.pk, licenses=licenses, actor=actor, at=at)
    _, key = api_keys.create(
        account.pk, name="First key", scopes=Permission.values, actor=actor, at=at
    )
    return Opened(account, user, key)
