"""Columns that more than one app's models have."""

from __future__ import annotations

from typing import Any

from django.db import models

from config.text import fold

#: Characters; a longer name is found by its beginning. An index entry of PostgreSQL has a limit.
LONGEST = 320


class FoldedField(models.CharField):  # type: ignore[type-arg]
    """What a row is searched by: its names without case and accents, the first one first.

    It follows the columns ``sources`` by itself whenever it is saved, so a save that names its
    fields names this one, too, and a ``bulk_update`` calls ``refold`` first. One stored column,
    because SQLite knows no case but that of English, and PostgreSQL no accents without an
    extension.
    """

    def __init__(self, *sources: str, **options: Any) -> None:
        self.sources = sources
        options |= {"max_length": LONGEST, "editable": False, "default": "", "blank": True}
        super().__init__(**options)

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, path, _, options = super().deconstruct()
        for fixed in ("max_length", "editable", "default", "blank"):
            options.pop(fixed, None)
        return name, path, self.sources, options

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        value = folded(*(getattr(model_instance, name) for name in self.sources))
        setattr(model_instance, self.attname, value)
        return value


def folded(*names: str) -> str:
    """The value of a ``FoldedField`` for these names."""
    return "\n".join(filter(None, map(fold, names)))[:LONGEST]


def refold(row: models.Model) -> None:
    """Let the folded columns of a row in memory follow its names."""
    for field in row._meta.concrete_fields:
        if isinstance(field, FoldedField):
            field.pre_save(row, add=False)
