"""A member's saved views of the numbers. They are the member's own, so no event tells of them."""

from __future__ import annotations

from django.db import transaction

from accounts.actors import Actor
from accounts.states import ActorKind, Permission
from config.errors import Forbidden, Invalid
from numbers.models import SavedFilter

MOST_SAVED = 30
LONGEST_QUERY = 500


@transaction.atomic
def save_filter(account_id: int, *, name: str, query: str, actor: Actor) -> SavedFilter:
    """Keep ``query`` (of the list page) under a name; raises ``Invalid`` and ``Forbidden``."""
    actor.require(Permission.READ)
    if actor.kind != ActorKind.USER or actor.id is None:
        raise Forbidden("Only a member can save a view.")
    if len(query) > LONGEST_QUERY:
        raise Invalid({"name": ["This view has too many filters to be saved."]})
    mine = SavedFilter.objects.filter(account_id=account_id, user_id=actor.id)
    if mine.exclude(name=name).count() >= MOST_SAVED:
        raise Invalid({"name": [f"At most {MOST_SAVED} views can be saved. Delete one first."]})
    row, _ = SavedFilter.objects.update_or_create(
        account_id=account_id, user_id=actor.id, name=name, defaults={"query": query}
    )
    return row


@transaction.atomic
def forget_filter(filter_id: int, *, actor: Actor) -> None:
    """Delete a saved view of the actor."""
    actor.require(Permission.READ)
    if actor.kind == ActorKind.USER and actor.id is not None:
        SavedFilter.objects.filter(pk=filter_id, user_id=actor.id).delete()
