"""Rows that belong to an account, and who may see them."""

from __future__ import annotations

from typing import Any, ClassVar, Self, TypeVar

from django.db import models

from accounts.actor import Actor

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

    def update(self, **values: Any) -> int:
        """Change rows; what decides which must be columns of theirs. Raises ``ValueError``.

        PostgreSQL looks at a row again after it has waited for somebody else's change, but not at
        what was joined to it: two workers would both take a row up. A condition on another table
        is an ``__in`` with that table's ids.
        """
        if sum(count > 0 for count in self.query.alias_refcount.values()) > 1:
            raise ValueError("An update that joins may change a row that has just been changed.")
        return super().update(**values)

    update.alters_data = True  # type: ignore[attr-defined]
