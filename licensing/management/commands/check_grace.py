"""`manage.py check_grace`: run the license sweep once, now."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand

from licensing.tasks import sweep


class Command(BaseCommand):
    help = (
        "End grace periods that are over, send the notices that are due, renew subscriptions and "
        "settle lost payments, as the worker does every minute. Prints the counts as JSON."
    )

    def handle(self, **options: Any) -> None:
        self.stdout.write(json.dumps(sweep(), indent=2))
