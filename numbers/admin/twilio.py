"""Connections, imports and what remains to be done at Twilio. The token is never read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin import acting, list_url
from accounts.services import support
from accounts.states import JobState
from config import clock
from config.admin import Act, SupportAdmin
from config.text import inside
from numbers import gates
from numbers.models import CarrierTask, Connection, Import
from numbers.plans import remove_plan
from numbers.services import carrier_tasks, connections, imports
from numbers.states import ENDED, UNATTACHED, TaskKind, TaskState


def run_import(
    connection: Connection, data: dict[str, Any], request: HttpRequest, at: datetime
) -> str:
    """Start an import, or join the one that runs."""
    actor = acting(request, data)
    run = imports.request_import(connection.pk, actor=actor, at=at)
    support.note(
        connection.account_id,
        subject=("import", run.pk, run.job.title),
        summary="Import asked for by support.",
        actor=actor,
        at=at,
    )
    return f"{run} is queued."


def _check(connection: Connection, data: dict[str, Any], request: HttpRequest, at: datetime) -> str:
    actor = acting(request, data)
    checked = connections.check(connection.pk, actor=actor, at=at)
    support.note(
        connection.account_id,
        subject=connection.about,
        summary=f"Checked by support: {inside(checked.get_state_display())}.",
        actor=actor,
        at=at,
    )
    return f"{checked}: {inside(checked.get_state_display())}."


def _detach(
    connection: Connection, data: dict[str, Any], request: HttpRequest, at: datetime
) -> str:
    connections.detach(connection.pk, actor=acting(request, data), at=at)
    return f"{connection} is detached from {connection.account}."


def _remove(
    connection: Connection, data: dict[str, Any], request: HttpRequest, at: datetime
) -> str:
    connections.remove(connection.pk, actor=acting(request, data), at=at)
    return f"{connection} is removed from {connection.account}."


@admin.register(Connection)
class ConnectionAdmin(SupportAdmin):
    list_display = ("name", "account", "sid", "state", "checked_at", "refresh_every")
    list_filter = ("state", "refresh_every")
    list_select_related = ("account",)
    search_fields = ("name", "=sid", "=owner_sid", "=account__slug")
    exclude = Connection.SECRETS
    acts = (
        Act(
            "check",
            "Check at Twilio",
            _check,
            means=lambda row: ("Asks Twilio whether the token works; changes nothing there.",),
            applies=lambda row: row.state not in UNATTACHED,
        ),
        Act(
            "import",
            "Import",
            run_import,
            means=lambda row: ("Reads the numbers at Twilio; changes nothing there.",),
            applies=lambda row: row.state not in ENDED,
        ),
        Act(
            "remove",
            "Remove",
            _remove,
            means=lambda row: remove_plan(row, at=clock.now()).touches,
            applies=lambda row: row.state not in UNATTACHED and not gates.remove(row),
            why_not=lambda row: [each.message for each in gates.remove(row)],
            danger=True,
        ),
        Act(
            "detach",
            "Detach from the account",
            _detach,
            means=lambda row: (
                f"{row.account} loses this subaccount: its numbers become missing and take no "
                "license. Names, notes, history and usage stay.",
                "The token is forgotten. Nothing is changed at Twilio.",
                "Another account can connect the subaccount from then on.",
            ),
            applies=lambda row: row.state not in UNATTACHED,
            danger=True,
        ),
    )

    def links(self, row: Connection) -> list[tuple[str, str]]:
        mine = {"connection__id__exact": row.pk}
        return [
            ("Imports", list_url("numbers_import", **mine)),
            ("Numbers", list_url("numbers_phonenumber", **mine)),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.defer(*Connection.SECRETS)


@admin.register(Import)
class ImportAdmin(SupportAdmin):
    list_display = ("id", "account", "connection", "state", "pages", "numbers_read", "error")
    list_filter = ("job__state", "is_scheduled")
    list_select_related = ("connection__account", "job")
    search_fields = ("=connection__sid", "=connection__account__slug")
    fields = ("connection", "job", "is_open", "is_scheduled", "pages", "state", "result", "error")
    readonly_fields = ("state", "result", "error")
    acts = (
        Act(
            "again",
            "Run again",
            lambda run, data, request, at: run_import(run.connection, data, request, at),
            means=lambda run: ("Starts a new import; it completes what this one left.",),
            applies=lambda run: run.job.state in (JobState.DONE, JobState.FAILED),
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.defer(*Connection.SECRETS_OF_IT)

    @admin.display(description="account")
    def account(self, run: Import) -> str:
        return str(run.connection.account)

    @admin.display(description="state")
    def state(self, run: Import) -> str:
        return run.job.get_state_display()

    @admin.display(description="numbers read")
    def numbers_read(self, run: Import) -> str:
        return f"{run.job.done:,}"

    @admin.display(description="result")
    def result(self, run: Import) -> str:
        return ", ".join(f"{name}: {value}" for name, value in run.job.result.items())

    @admin.display(description="error")
    def error(self, run: Import) -> str:
        return run.job.error


def _try_again(task: CarrierTask, data: dict[str, Any], request: HttpRequest, at: datetime) -> str:
    actor = acting(request, data)
    carrier_tasks.try_again(task.pk, actor=actor, at=at)
    support.note(
        task.number.account_id,
        subject=task.number.about,
        summary=f"Support asks Twilio again: {task.get_kind_display()}.",
        actor=actor,
        at=at,
    )
    return "Twilio is asked again."


@admin.register(CarrierTask)
class CarrierTaskAdmin(SupportAdmin):
    list_display = (
        "created_at",
        "number",
        "account",
        "kind",
        "state",
        "attempts",
        "due_at",
        "error",
    )
    list_filter = ("state", "kind")
    list_select_related = ("number__account",)
    search_fields = ("=number__sid", "=twilio_request_id")
    number_column = "number__e164"
    acts = (
        Act(
            "again",
            "Try now",
            _try_again,
            applies=lambda task: (
                task.state == TaskState.PENDING
                or (task.state == TaskState.NEEDS_PERSON and task.kind != TaskKind.RESTORE)
            ),
        ),
    )

    @admin.display(description="account")
    def account(self, task: CarrierTask) -> str:
        return str(task.number.account)
