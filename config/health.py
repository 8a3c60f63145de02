"""Is this process alive, and can it do its work? For supervisors and load balancers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.jobs import oldest_waiting

logger = logging.getLogger(__name__)

#: A task that could have run this long ago means that no worker does its work.
LONGEST_WAIT = timedelta(minutes=10)


@never_cache
@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """200 as long as this process answers: a slow database is no reason to restart it."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 when everything needed is there, else 503; the body names what is not."""
    problems: dict[str, str] = {}
    for name, check in CHECKS.items():
        try:
            problem = check()
        except DatabaseError:
            logger.exception("The readiness check %s failed", name)
            problem = "The database does not answer."
        if problem:
            problems[name] = problem
    return JsonResponse(
        {"ready": not problems, "problems": problems}, status=503 if problems else 200
    )


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(missing)} migrations are not applied." if missing else ""


def _queue() -> str:
    waited = oldest_waiting(timezone.now())
    if waited is None or waited < LONGEST_WAIT:
        return ""
    minutes = int(waited.total_seconds() // 60)
    return f"A task has been waiting for {minutes} minutes: does a worker run?"


#: Each returns what is wrong in a sentence, or nothing.
CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "migrations": _migrations,
    "queue": _queue,
}
