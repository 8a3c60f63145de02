"""A member's saved views of the numbers and the columns of their list.

They are the member's own, so no event tells of them.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction

from accounts.actor import Actor
from accounts.states import ActorKind, Permission
from config.errors import Forbidden, Invalid, Reason
from config.text import tidy
from numbers.models import ColumnChoice, SavedFilter
from numbers.states import ListColumn

MOST_SAVED = 30
LONGEST_QUERY = 500


@transaction.atomic
def save_filter(account_id: int, *, name: str, query: str, actor: Actor) -> SavedFilter:
    """Keep ``query`` (of the list page) under a name; raises ``Invalid`` and ``Forbidden``."""
    user_id = _member(actor)
    name = tidy(name)
    if not name:
        raise Invalid({"name": ["Give the view a name."]})
    if len(query) > LONGEST_QUERY:
        raise Invalid(
            {"name": [Reason("view_too_long", "This view has too many filters to be saved.")]}
        )
    mine = SavedFilter.objects.filter(account_id=account_id, user_id=user_id)
    if mine.exclude(name=name).count() >= MOST_SAVED:
        raise Invalid(
            {
                "name": [
                    Reason(
                        "too_many_views",
                        f"At most {MOST_SAVED} views can be saved. Delete one first.",
                    )
                ]
            }
        )
    row, _ = SavedFilter.objects.update_or_create(
        account_id=account_id, user_id=user_id, name=name, defaults={"query": query}
    )
    return row


@transaction.atomic
def forget_filter(filter_id: int, *, actor: Actor) -> None:
    """Delete a saved view of the actor."""
    actor.require(Permission.READ)
    if actor.kind == ActorKind.USER and actor.id is not None:
        SavedFilter.objects.filter(pk=filter_id, user_id=actor.id).delete()


@transaction.atomic
def choose_columns(account_id: int, *, columns: Collection[str], actor: Actor) -> ColumnChoice:
    """Show these columns (``ListColumn``) of the account's numbers; raises ``Invalid``."""
    user_id = _member(actor)
    if unknown := sorted(set(columns) - set(ListColumn.values)):
        raise Invalid({"column": [Reason("unknown_column", f"There is no column “{unknown[0]}”.")]})
    row, _ = ColumnChoice.objects.update_or_create(
        account_id=account_id,
        user_id=user_id,
        defaults={"columns": [name for name in ListColumn.values if name in columns]},
    )
    return row


@transaction.atomic
def forget_columns(account_id: int, *, actor: Actor) -> None:
    """Show the usual columns again."""
    ColumnChoice.objects.filter(account_id=account_id, user_id=_member(actor)).delete()


def _member(actor: Actor) -> int:
    actor.require(Permission.READ)
    if actor.kind != ActorKind.USER or actor.id is None:
        raise Forbidden("Only a member has a view of their own.")
    return actor.id
