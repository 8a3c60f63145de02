"""Whether the kept counts of numbers are those of the rows; ``--repair`` makes them so."""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from config.errors import DomainError
from config.text import plural
from licensing.services.entitlement import lock
from numbers import counting


class Command(BaseCommand):
    help = "Compare the counts behind tabs and licenses with the numbers themselves."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--repair", action="store_true", help="count anew what differs")

    def handle(self, *args: Any, repair: bool, **options: Any) -> None:
        if counting.install():
            self.stdout.write("The triggers were missing: made, and everything counted anew.")
        kept, counted = counting.kept(), counting.counted()
        differing = {key for key in kept.keys() | counted.keys() if kept[key] != counted[key]}
        wrong = sorted({account_id for account_id, *_ in differing})
        if wrong and not repair:
            raise CommandError(
                f"Wrong counts in {plural(len(wrong), 'account')}: {wrong}. Use --repair."
            )
        for account_id in wrong:
            with transaction.atomic():
                with suppress(DomainError):  # without a subscription nothing moves its numbers
                    lock(account_id)
                counting.recount(account_id)
        done = (
            f"{plural(len(wrong), 'account')} counted anew." if wrong else "All counts are right."
        )
        self.stdout.write(done)
