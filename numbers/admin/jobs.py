"""Jobs and what became of each number in them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin import acting, list_url
from accounts.models import Job, JobItem
from accounts.services import support
from accounts.states import JobState
from config.admin import Act, SupportAdmin
from numbers.models import Import

from .twilio import run_import


def _run_again(job: Job, data: dict[str, Any], request: HttpRequest, at: datetime) -> str:
    """Imports begin anew, because only one may run per connection; other jobs continue."""
    run = Import.objects.select_related("connection").filter(job=job).first()
    if run is not None:
        return run_import(run.connection, data, request, at)
    support.run_again(job.pk, actor=acting(request, data), at=at)
    return f"{job.title}: queued again."


@admin.register(Job)
class JobAdmin(SupportAdmin):
    list_display = (
        "pk", "account", "title", "state", "done", "total", "actor_label", "created_at", "error",
    )  # fmt: skip
    list_filter = ("state",)
    list_select_related = ("account",)
    search_fields = ("=account__slug", "title")
    exclude = ("lease", "params", "task")
    acts = (
        Act(
            "again",
            "Run again",
            _run_again,
            means=lambda job: ("It continues where it stopped; what is done is not done twice.",),
            applies=lambda job: job.state == JobState.FAILED,
        ),
    )

    def links(self, row: Job) -> list[tuple[str, str]]:
        mine = {"job__id__exact": row.pk}
        return [
            ("Results", list_url("accounts_jobitem", **mine)),
            ("Events", list_url("accounts_event", **mine)),
        ]


@admin.register(JobItem)
class JobItemAdmin(SupportAdmin):
    list_display = ("label", "state", "code", "message")
    list_filter = ("state",)

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """Not in the index: items make sense inside their job."""
        return {}
