from __future__ import annotations

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Holds what every app shares: template tags, the worker command, the schedules, checks."""

    name = "config"

    def ready(self) -> None:
        from config import checks  # noqa: F401 - registers them
