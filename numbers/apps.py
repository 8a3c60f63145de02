from __future__ import annotations

from pathlib import Path

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class NumbersConfig(AppConfig):
    name = "numbers"
    # The package shares its name with a standard-library module (see ``config/__init__.py``),
    # so Django cannot find the folder from the module's file.
    path = str(Path(__file__).resolve().parent)

    def ready(self) -> None:
        from numbers import actions, catalog, counting  # noqa: F401 - actions register themselves

        catalog.fill()
        post_migrate.connect(counting.after_migrate, sender=self)
