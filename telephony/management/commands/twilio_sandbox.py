"""`manage.py twilio_sandbox`: run the Twilio stand-in."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from telephony.sandbox.server import add_arguments, serve
from telephony.sandbox.storage import StateFileError


class Command(BaseCommand):
    help = "Run the Twilio stand-in over real HTTP (docs/sandbox.md)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arguments(parser)

    def handle(
        self,
        *args: Any,
        host: str,
        port: int,
        numbers: int,
        seed: int,
        state: Path | None,
        webhook_hosts: list[str],
        **options: Any,
    ) -> None:
        def announce(line: str) -> None:
            self.stdout.write(line)
            self.stdout.flush()

        try:
            serve(
                host=host,
                port=port,
                numbers=numbers,
                seed=seed,
                state=state,
                webhook_hosts=webhook_hosts,
                announce=announce,
            )
        except (StateFileError, OSError) as error:
            raise CommandError(str(error)) from error
