"""The pages of jobs of every kind: progress, what became of each item, and another try."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import Count, QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts import timeline
from accounts.job_kinds import JobKind, kind_of
from accounts.models import Account, Event, Job, JobItem
from accounts.overview import failed_jobs
from accounts.services import job_items
from accounts.states import ItemState, JobState
from accounts.undone import undo_of, undos
from accounts.web import AccountRequest, account_page, came_from, job_page, tell_refusal, to
from config import clock
from config.errors import DomainError
from config.paging import page
from config.phone_numbers import for_people
from config.spreadsheets import csv_response

from .progress import Progress, progress_of

PAGE_SIZE = 50
INSIDE = 20  # things in the line of a job; the rest by a link
READ = 100  # events that are read for them, where a job keeps no items
#: What needs a look comes first, and is what the page opens with.
ORDER = (
    ItemState.FAILED,
    ItemState.SKIPPED,
    ItemState.STARTED,
    ItemState.DONE,
    ItemState.PENDING,
)
TONES = {ItemState.FAILED: "bad", ItemState.SKIPPED: "warn", ItemState.DONE: "good"}


@require_safe
@account_page()
def jobs(request: AccountRequest) -> HttpResponse:
    """All jobs of the account, newest first, or those whose failure wants a look."""
    only_failed = request.GET.get("failed", "")
    mine = Job.objects.visible_to(request.actor)
    if only_failed:
        mine = failed_jobs(request.account, at=clock.now())
        if only_failed in ("whole", "part"):
            whole = only_failed == "whole"
            mine = mine.filter(pk__in=[job.pk for job in mine if job.has_failed is whole])
    shown = page(mine, request.GET, size=PAGE_SIZE)
    undo_of = undos(shown.rows)
    rows = [
        {"job": job, "badge": outcome_badge(job), "undo": undo_of.get(job.pk)} for job in shown.rows
    ]
    context = {"rows": rows, "page": shown, "only_failed": only_failed}
    return render(request, "accounts/jobs.html", context)


def outcome_badge(job: Job) -> dict[str, str]:
    """How it ended, in the same word and tone wherever it is shown."""
    if job.has_failed:
        tone = "bad"
    elif job.failed_items:
        tone = "warn"
    else:
        tone = "good" if job.state == JobState.DONE else "plain"
    return {"text": job.outcome, "tone": tone, "title": job.error}


@require_safe
@account_page()
def detail(request: AccountRequest, pk: int) -> HttpResponse:
    """A job and what became of each item (B2); some kinds have a page of their own."""
    job = _mine(request, pk)
    kind, at = kind_of(job), clock.now()
    if own := kind.page(job):
        return redirect(to(request, *own))
    counts = _counts(job)
    state = _chosen(request, counts)
    shown = page(job.items.filter(state=state), request.GET, size=PAGE_SIZE)
    left = counts[ItemState.FAILED] + counts[ItemState.SKIPPED] + counts[ItemState.PENDING]
    tabs = _tabs(request, job, kind, counts, state)
    gone, retry_of_it = job_items.are_gone(job, at=at), job.retries.first()
    back, undo = came_from(request), undo_of(job)
    kept = f"?{urlencode({'next': back})}" if back else ""
    may_retry = (
        retry_of_it is None
        and (undo is None or undo.failed)
        and kind.permission in request.actor.permissions
        and job_items.is_made_of_items(kind)
        and not job.is_open
        and not gone
        and bool(left)
    )
    may_undo = (
        kind.permission in request.actor.permissions
        and (undo is None or undo.failed)
        and not job.is_open
        and not gone
    )
    in_vain = may_retry and job_items.would_skip_all(job, at=at)
    context: dict[str, Any] = {
        "job": job,
        "gone": gone,
        "kept_days": job_items.KEPT.days,
        "kind": kind,
        "progress": _progress(job, kind),
        "outcome": outcome_badge(job),
        "tabs": tabs,
        "figures": [tab for tab in tabs if tab["count"]],
        "items": [] if gone else [_row(item, kind, request.account) for item in shown.rows],
        "page": shown,
        "badge": {"text": _word(state, job, kind), "tone": TONES.get(state, "plain")},
        "retry": retry_of_it,
        "undo": undo,
        "undoes": _linked(request, job.undoes_id),
        "back": _back(request, kind, back),
        "kept": kept,
        "can_retry": may_retry and not in_vain,
        "retry_label": "Retry the rest" if counts[ItemState.DONE] else "Retry",
        "in_vain": in_vain and not kind.is_past(job),
        "past": in_vain and kind.is_past(job),
        "can_be_undone": may_undo and kind.can_be_undone(job, at),
    }
    if may_undo and not context["can_be_undone"]:
        context["why_not_undone"] = kind.why_not_undone(job, at)
    return render(request, "accounts/job.html", context)


def _linked(request: AccountRequest, pk: int | None) -> Job | None:
    """Another job that this one names."""
    return None if pk is None else Job.objects.visible_to(request.actor).filter(pk=pk).first()


def _back(request: AccountRequest, kind: JobKind, came: str) -> tuple[str, str] | None:
    """Where the button above leads, and its words: where one came from, else the kind's list."""
    if not kind.list_page:
        return None
    rows = to(request, kind.list_page)
    return (came or rows, kind.list_label if not came or came.startswith(rows) else "Back")


@require_safe
@account_page()
def progress(request: AccountRequest, pk: int) -> HttpResponse:
    """The moving part of the page; once the job has ended, the browser reads the whole page."""
    job = _mine(request, pk)
    context = {"job": job, "progress": _progress(job, kind_of(job)), "outcome": outcome_badge(job)}
    response = render(request, "accounts/job_progress.html", context)
    if not job.is_open:
        response["HX-Refresh"] = "true"
    return response


@require_safe
@account_page()
def events(request: AccountRequest, pk: int) -> HttpResponse:
    """What became of each thing in the job, for the inside of its line on the activity page."""
    job = _mine(request, pk)
    kind = kind_of(job)
    gone = job_items.are_gone(job, at=clock.now())
    lines = [] if gone else _lines_of_items(job, kind, request.account)
    lines = lines or _lines_of_events(job, request.account)
    return render(request, "accounts/job_events.html", {"job": job, "lines": lines})


@require_safe
@account_page()
def export(request: AccountRequest, pk: int) -> HttpResponseBase:
    """The result of every item as CSV."""
    job = _mine(request, pk)
    if job_items.are_gone(job, at=clock.now()):
        return redirect(to(request, "accounts:job", pk))  # which says so
    kind = kind_of(job)
    header = (kind.thing, "result", "code", "message", *kind.columns)
    return csv_response(header, _lines(job, kind), filename=f"job-{job.pk}.csv", query=request.GET)


class Line(NamedTuple):
    """One thing in a job: what people call it, its page, what became of it and why."""

    called: str
    url: str
    word: str
    tone: str
    text: str


def _lines_of_items(job: Job, kind: JobKind, account: Account) -> list[Line]:
    """The first of the items: those that failed or were skipped before those that were done."""
    items: list[JobItem] = []
    for state in ORDER:
        items += job.items.filter(state=state).order_by("pk")[: INSIDE - len(items)]
    done = _latest(
        job.events.filter(
            subject_type="number",
            subject_id__in=[item.subject_id for item in items if item.subject_type == "number"],
        )
    )
    lines = []
    for item in items:
        event = done.get(item.subject_id)
        row, said = _row(item, kind, account), item.message
        if not said and event is not None:
            said = event.summary
        word, tone = _word(item.state, job, kind), TONES.get(ItemState(item.state), "")
        lines.append(Line(row["key"], row["url"], word, tone, said))
    return lines


def _lines_of_events(job: Job, account: Account) -> list[Line]:
    """The same of a job that keeps no items (any more): the latest of what it did to each."""
    newest = job.events.filter(subject_type="number").order_by("-pk")[:READ]
    return [
        Line(
            for_people(event.subject_label, account.country),
            timeline.address(event, account),
            timeline.type_label(event.type),
            "",
            event.summary,
        )
        for event in list(_latest(newest).values())[:INSIDE]
    ]


def _latest(events: QuerySet[Event]) -> dict[int | None, Event]:
    """The last event of each subject, the newest first."""
    latest: dict[int | None, Event] = {}
    for event in events if events.query.is_sliced else events.order_by("-pk"):
        latest.setdefault(event.subject_id, event)
    return latest


def _lines(job: Job, kind: JobKind) -> Iterator[list[str]]:
    for item in job.items.order_by("state", "pk").iterator(chunk_size=1_000):
        result = _word(item.state, job, kind)
        yield [item.key, result, item.code, item.message, *kind.cells(item)]


@require_POST
@account_page()
def retry(request: AccountRequest, pk: int) -> HttpResponse:
    """Start a new job with what this one skipped or failed."""
    job = _mine(request, pk)
    request.actor.require(kind_of(job).permission)
    try:
        again = job_items.retry_failed(pk, actor=request.actor, at=clock.now())
    except DomainError as error:
        tell_refusal(request, error)
        return redirect(job_page(request, job))
    return redirect(job_page(request, again))


def _mine(request: AccountRequest, pk: int) -> Job:
    return get_object_or_404(Job.objects.visible_to(request.actor), pk=pk)


def _progress(job: Job, kind: JobKind) -> Progress:
    busy = kind.word(ItemState.STARTED) if job.state == JobState.SETTLING else "Working"
    return progress_of(job, busy, at=clock.now())


def _counts(job: Job) -> dict[str, int]:
    """How many items are in each state; a job that is done has written it down."""
    found: dict[str, int] = job.result
    if job.state != JobState.DONE or ItemState.DONE not in found:
        found = dict(job.items.order_by().values_list("state").annotate(items=Count("pk")))
    return {state: found.get(state, 0) for state in ORDER}


def _word(state: str, job: Job, kind: JobKind) -> str:
    """What became of an item; in a job that has ended nothing waits for its turn any more."""
    if state == ItemState.PENDING and not job.is_open:
        return "Never reached"
    return kind.word(state)


def _chosen(request: AccountRequest, counts: dict[str, int]) -> ItemState:
    wanted = request.GET.get("state", "")
    if wanted in ItemState.values:
        return ItemState(wanted)
    return next((state for state in ORDER if counts[state]), ItemState.DONE)


def _tabs(
    request: AccountRequest,
    job: Job,
    kind: JobKind,
    counts: dict[str, int],
    current: ItemState,
) -> list[dict[str, Any]]:
    address, came = to(request, "accounts:job", job.pk), came_from(request)
    back = {"next": came} if came else {}
    return [
        {
            "label": _word(state, job, kind),
            "url": f"{address}?{urlencode({'state': state.value, **back})}",
            "count": counts[state],
            "current": state == current,
        }
        for state in ORDER
        if counts[state] or state == current
    ]


def _row(item: JobItem, kind: JobKind, account: Account) -> dict[str, Any]:
    """An item as the page shows it, with a link to what it is about."""
    url = ""
    if item.subject_id is not None and kind.subject_page:
        url = reverse(kind.subject_page, args=[account.slug, item.subject_id])
    return {
        "key": kind.show_key(item.key, account.country),
        "url": url,
        "code": item.code,
        "message": item.message,
        "cells": list(zip(kind.columns, kind.cells(item), strict=False)),
    }
