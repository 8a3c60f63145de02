"""The page of a bulk job: progress, a result for each number, and another try of what failed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Count
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Job
from accounts.paging import page
from accounts.states import ItemState, Permission
from accounts.web import AccountRequest, account_page, tell_refusal, to
from config.errors import DomainError
from config.spreadsheets import csv_response
from numbers.models import Import
from numbers.services import bulk

from .progress import Progress, progress_of

PAGE_SIZE = 50
#: What needs a look comes first, and is what the page opens with.
ORDER = (ItemState.FAILED, ItemState.SKIPPED, ItemState.DONE, ItemState.PENDING)
TONES = {ItemState.FAILED: "bad", ItemState.SKIPPED: "warn", ItemState.DONE: "good"}
CSV_HEADER = ("number", "result", "code", "message")


@require_safe
@account_page()
def detail(request: AccountRequest, pk: int) -> HttpResponse:
    """A job and what became of each number (B2); an import has a page of its own."""
    job = _mine(request, pk)
    run = Import.objects.filter(job=job).only("pk").first()
    if run is not None:
        return redirect(to(request, "numbers:import_detail", run.pk))
    counts = _counts(job)
    state = _chosen(request, counts)
    shown = page(job.items.filter(state=state), request.GET, size=PAGE_SIZE)
    context: dict[str, Any] = {
        "job": job,
        "progress": _progress(job),
        "tabs": _tabs(request, job, counts, state),
        "items": shown.rows,
        "page": shown,
        "badge": {"text": state.label, "tone": TONES.get(state, "plain")},
        "can_retry": request.actor.can_numbers
        and not job.is_open
        and bool(counts[ItemState.FAILED] + counts[ItemState.SKIPPED]),
    }
    return render(request, "numbers/job.html", context)


@require_safe
@account_page()
def progress(request: AccountRequest, pk: int) -> HttpResponse:
    """The moving part of the page; once the job has ended, the browser reads the whole page."""
    job = _mine(request, pk)
    context = {"job": job, "progress": _progress(job)}
    response = render(request, "numbers/job_progress.html", context)
    if not job.is_open:
        response["HX-Refresh"] = "true"
    return response


@require_safe
@account_page()
def export(request: AccountRequest, pk: int) -> HttpResponseBase:
    """The result of every number as CSV."""
    job = _mine(request, pk)
    return csv_response(CSV_HEADER, _lines(job), filename=f"job-{job.pk}.csv")


def _lines(job: Job) -> Iterator[list[str]]:
    for item in job.items.order_by("state", "pk").iterator(chunk_size=1_000):
        yield [item.label, item.get_state_display(), item.code, item.message]


@require_POST
@account_page(Permission.NUMBERS)
def retry(request: AccountRequest, pk: int) -> HttpResponse:
    """Start a new job with what this one skipped or failed."""
    _mine(request, pk)
    try:
        job = bulk.retry_failed(pk, actor=request.actor, at=timezone.now())
    except DomainError as error:
        tell_refusal(request, error)
        return redirect(to(request, "numbers:job", pk))
    return redirect(to(request, "numbers:job", job.pk))


def _mine(request: AccountRequest, pk: int) -> Job:
    return get_object_or_404(Job.objects.visible_to(request.actor), pk=pk)


def _progress(job: Job) -> Progress:
    return progress_of(job, "Working", at=timezone.now())


def _counts(job: Job) -> dict[str, int]:
    found = dict(job.items.order_by().values_list("state").annotate(items=Count("pk")))
    return {state: found.get(state, 0) for state in ORDER}


def _chosen(request: AccountRequest, counts: dict[str, int]) -> ItemState:
    wanted = request.GET.get("state", "")
    if wanted in ItemState.values:
        return ItemState(wanted)
    return next((state for state in ORDER if counts[state]), ItemState.DONE)


def _tabs(
    request: AccountRequest, job: Job, counts: dict[str, int], current: ItemState
) -> list[dict[str, Any]]:
    address = to(request, "numbers:job", job.pk)
    return [
        {
            "label": state.label,
            "url": f"{address}?state={state.value}",
            "count": counts[state],
            "current": state == current,
        }
        for state in ORDER
        if counts[state] or state == current
    ]
