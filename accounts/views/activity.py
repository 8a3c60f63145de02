"""Everything that happened in an account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts import timeline
from accounts.activity import choose, jobs_at_work
from accounts.forms import EVERY_TYPE, ActivityForm
from accounts.job_kinds import kind_of
from accounts.models import Account, Event, Job, JobItem
from accounts.overview import how_far
from accounts.undone import undos
from accounts.web import AccountRequest, account_page, to
from config import clock
from config.paging import page
from config.spreadsheets import csv_response

PAGE_SIZE = 50
COLUMNS = ["time", "type", "subject_type", "subject_id", "subject", "summary", "changes", "reason",
           "actor_kind", "actor", "request_id", "job"]  # fmt: skip


@require_safe
@account_page()
def activity(request: AccountRequest) -> HttpResponse:
    """All events of the account, newest first, 50 a page; filters in the URL.

    A job is one line with what it did to numbers inside, unless a filter asks for that.
    """
    form, filters = _filters(request)
    events, jobs = choose(request.account, **filters), None
    if form.sums_up_jobs:
        events = events.one_by_one()
        if filters.keys() & {"since", "until"}:
            jobs = jobs_at_work(request.account, **filters)
    shown = page(events, request.GET, size=PAGE_SIZE, also=jobs)
    entries = timeline.entries(shown.rows, account=request.account)
    context = {
        "form": form,
        "page": shown,
        "entries": list(_with_jobs(shown.rows, entries)),
        "filtered": any(form.data.get(name) for name in form.fields),
        "csv_url": f"{to(request, 'accounts:activity_csv')}?{request.GET.urlencode()}",
    }
    return render(request, "accounts/activity.html", context)


@require_safe
@account_page()
def activity_csv(request: AccountRequest) -> HttpResponseBase:
    """The same events as a file, all of them, with those that the line of a job sums up."""
    form, filters = _filters(request)
    if form.errors:  # a file of everything would be taken for what was asked
        return redirect(f"{to(request, 'accounts:activity')}?{request.GET.urlencode()}")
    events = choose(request.account, **filters)
    newest_first = events.order_by("-pk").iterator(chunk_size=2_000)
    today = clock.now().astimezone(request.account.zone)
    filename = f"activity-{request.account.slug}-{today:%Y-%m-%d}.csv"
    return csv_response(
        COLUMNS, _rows(newest_first, request.account), filename=filename, query=request.GET
    )


def _filters(request: AccountRequest) -> tuple[ActivityForm, dict[str, Any]]:
    """The form, and what it asks of ``activity.choose``."""
    form = ActivityForm(request.GET, account=request.account)
    form.is_valid()
    filters = {name: value for name, value in form.cleaned_data.items() if value}
    if filters.get("type") == EVERY_TYPE:
        del filters["type"]
    return form, filters


def _with_jobs(
    events: Sequence[Event], entries: Sequence[timeline.Entry]
) -> Iterator[timeline.Entry]:
    """The line that tells of a job has inside what became of its things, where that is not shown.

    A job that skipped everything wrote no event about it.
    """
    did = Event.objects.filter(job=OuterRef("pk"), subject_type="number")
    inside = Exists(did) | Exists(JobItem.objects.filter(job=OuterRef("pk")))
    told = {event.job_id for event in events if event.subject_type == "number"}
    jobs = Job.objects.filter(inside).in_bulk({event.job_id for event in events} - told)
    undo_of = undos(jobs.values())
    for event, entry in zip(events, entries, strict=True):
        job = jobs.get(event.job_id)
        if job is None or event.subject_type != kind_of(job).subject_type:
            yield entry
            continue
        del jobs[job.pk]
        yield entry._replace(job=job.pk, how_far=how_far(job, undo_of.get(job.pk)))


def _rows(events: Iterable[Event], account: Account) -> Iterator[list[Any]]:
    for event in events:
        changes = [
            f"{label}: {before or 'nothing'} -> {after or 'nothing'}"
            for label, before, after in timeline.changes(event, account)
            if label != "Reason"
        ]
        yield [
            event.at.isoformat(),
            event.type,
            event.subject_type,
            event.subject_id,
            event.subject_label,
            event.summary,
            "; ".join(changes),
            event.reason,
            event.actor_kind,
            event.actor_label,
            event.request_id,
            event.job_id,
        ]
