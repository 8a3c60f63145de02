from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from config.jobs import sync_schedules


class Command(BaseCommand):
    help = "Make the schedule table say what the code says. Run it after each migrate."

    def handle(self, **options: Any) -> None:
        sync_schedules()
