"""Rows that belong to an account, and who may see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self, TypeVar

from django.db import models

if TYPE_CHECKING:
    from accounts.actors import Actor

Row = TypeVar("Row", bound=models.Model)


class OwnedQuerySet(models.QuerySet[Row]):
    """``visible_to`` is the only way a door gets at rows of an account.

    ``account_path`` leads from a row to the id of its account.
    """

    account_path: ClassVar[str] = "account_id"

    def visible_to(self, actor: Actor) -> Self:
        """Rows of the actor's account; all of them for support staff and the system."""
        if actor.sees_every_account:
            return self
        return self.filter(**{self.account_path: actor.account_id})
