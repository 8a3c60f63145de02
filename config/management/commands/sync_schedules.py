"""`manage.py sync_schedules`: make the schedules of the queue those of the code."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from config import jobs


class Command(BaseCommand):
    help = "Write the schedules of regular work into the database; removes those no longer wanted."

    def handle(self, **options: Any) -> None:
        jobs.sync_schedules()
        self.stdout.write(f"{len(jobs.SCHEDULES)} schedules are in place.")
