from __future__ import annotations

from pathlib import Path

from django.apps import AppConfig


class NumbersConfig(AppConfig):
    name = "numbers"
    # The package shares its name with a standard-library module (see ``config/__init__.py``),
    # so Django cannot find the folder from the module's file.
    path = str(Path(__file__).resolve().parent)
