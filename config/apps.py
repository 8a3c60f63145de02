from __future__ import annotations

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Holds what every app shares: template tags, the worker command, the queue's schedules."""

    name = "config"
