"""`manage.py import_numbers`: import an account's numbers in the foreground."""

from __future__ import annotations

import json
import math
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.actor import OPERATOR
from accounts.models import Account, Job
from accounts.states import JobState
from config import clock
from config.errors import DomainError
from config.text import plural
from licensing.standing import standing
from numbers.models import Connection, Import
from numbers.services import imports

#: Seconds between looks at an import that a worker has in hand already.
PATIENCE = 1.0


class Command(BaseCommand):
    help = (
        "Import the numbers of every connection of an account and wait for the end. Progress goes "
        "to stderr, the result as JSON to stdout; exits with 1 when an import failed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="The account's name in addresses, such as acme.")

    def handle(self, slug: str, **options: Any) -> None:
        account = Account.objects.filter(slug=slug).first()
        if account is None:
            raise CommandError(f"There is no account “{slug}”.")
        connections = Connection.objects.filter(account=account).order_by("pk")
        if not connections:
            raise CommandError(
                f"{account.name} has no Twilio connection yet. Connect its subaccount on the "
                "Connections page first."
            )
        results = [self._import(connection) for connection in connections]
        self.stdout.write(
            json.dumps(
                {"account": slug, "imports": results, "licenses": _licenses(account)}, indent=2
            )
        )
        problems = [result["error"] for result in results if result["error"]]
        if problems:
            raise CommandError(" ".join(problems))

    def _import(self, connection: Connection) -> dict[str, Any]:
        result: dict[str, Any] = {"connection": connection.sid, "import": None, "error": ""}
        self.stderr.write(f"{connection.name}: reading from Twilio")
        try:
            run = imports.request_import(connection.pk, actor=OPERATOR, at=clock.now(), queue=False)
        except DomainError as error:
            return result | {"state": JobState.FAILED.value, "error": error.message}
        job = self._wait(run)
        return result | {
            "import": run.pk,
            "state": job.state,
            "error": job.error,
            **job.result,
        }

    def _wait(self, run: Import) -> Job:
        """Work on the import, or watch the worker that does."""
        while True:
            imports.work(run.job_id, seconds=math.inf, watch=self._show)
            job = Job.objects.get(pk=run.job_id)
            if not job.is_open:
                return job
            self._show(job)
            time.sleep(PATIENCE)

    def _show(self, job: Job) -> None:
        self.stderr.write(f"  {plural(job.done, 'number')}")


def _licenses(account: Account) -> dict[str, Any]:
    now = standing(account.pk, at=clock.now())
    return {
        "owned": now.licenses,
        "held": now.held,
        "over": now.over,
        "grace_ends_at": now.period.ends_at.isoformat() if now.period else None,
    }
