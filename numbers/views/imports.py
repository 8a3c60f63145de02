"""Imports: starting one, watching it, and what it found."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts import timeline
from accounts.models import Account, Event, Job
from accounts.paging import page
from accounts.states import JobState, Permission
from accounts.web import AccountRequest, account_page, tell_refusal, to
from config.errors import DomainError
from config.phone_numbers import for_people
from config.text import plural
from licensing.models import GracePeriod
from numbers.filters import OUTCOME_EVENTS, Outcome
from numbers.models import Connection, Import
from numbers.services import imports as service
from numbers.states import ConnectionState

from .progress import Progress, progress_of

PAGE_SIZE = 20
#: Changed numbers that the page of an import shows with what changed.
CHANGES_SHOWN = 20
#: Events that are read to say which fields changed most.
CHANGES_COUNTED = 1_000

#: Why an import failed -> whether the way on leads over the connection.
_MEND = ("twilio_auth_failed", "twilio_account_inactive", "twilio_not_found")


@require_POST
@account_page(Permission.NUMBERS)
def start(request: AccountRequest) -> HttpResponse:
    """Import from every working connection, or join the imports that run (S0-14, S0-15)."""
    mine = Connection.objects.visible_to(request.actor).order_by("pk")
    working = list(mine.filter(state=ConnectionState.ACTIVE))
    for broken in mine.exclude(state=ConnectionState.ACTIVE):
        state = broken.get_state_display().lower()
        messages.warning(request, f"Nothing is read from {broken.name}: {state}.")
    if not working:
        messages.error(request, "There is no working connection to import from.")
        return redirect(to(request, "numbers:connections"))
    runs = [run for each in working if (run := _start(request, each))]
    if len(runs) == 1:
        return redirect(to(request, "numbers:import_detail", runs[0].pk))
    return redirect(to(request, "numbers:imports"))


@require_POST
@account_page(Permission.NUMBERS)
def start_one(request: AccountRequest, pk: int) -> HttpResponse:
    """Import from one connection, or join the import that runs."""
    connection = get_object_or_404(Connection.objects.visible_to(request.actor), pk=pk)
    run = _start(request, connection)
    if run is None:
        return redirect(to(request, "numbers:connection", pk))
    return redirect(to(request, "numbers:import_detail", run.pk))


def _start(request: AccountRequest, connection: Connection) -> Import | None:
    at = timezone.now()
    try:
        run = service.request_import(connection.pk, actor=request.actor, at=at)
    except DomainError as error:
        tell_refusal(request, error)
        return None
    if run.job.created_at < at:
        messages.info(request, f"An import from {connection.name} runs already; this is it.")
    return run


@require_safe
@account_page()
def imports(request: AccountRequest) -> HttpResponse:
    """Past and running imports, newest first; of one connection with ``connection=<id>``."""
    mine = Import.objects.visible_to(request.actor).select_related("job", "connection")
    chosen = None
    wanted = request.GET.get("connection", "")
    if wanted:
        known = Connection.objects.visible_to(request.actor)
        pk = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else 0
        chosen = get_object_or_404(known, pk=pk)
        mine = mine.filter(connection=chosen)
    shown = page(mine, request.GET, size=PAGE_SIZE)
    return render(request, "numbers/imports.html", {"page": shown, "connection": chosen})


@require_safe
@account_page()
def detail(request: AccountRequest, pk: int) -> HttpResponse:
    """One import: its progress while it runs, then what it found or why it failed."""
    run = _mine(request, pk)
    context = {
        "run": run,
        "job": run.job,
        "connection": run.connection,
        "progress": _progress(run),
        **_found(request, run.job),
        "must_mend": run.job.error_code in _MEND,
        "later": run.connection.imports.filter(pk__gt=run.pk).exists(),
    }
    return render(request, "numbers/import_detail.html", context)


@require_safe
@account_page()
def progress(request: AccountRequest, pk: int) -> HttpResponse:
    """The moving part of the page; once the import has ended, the browser reads the whole page."""
    run = _mine(request, pk)
    context = {"run": run, "job": run.job, "progress": _progress(run)}
    response = render(request, "numbers/import_progress.html", context)
    if not run.job.is_open:
        response["HX-Refresh"] = "true"
    return response


def _mine(request: AccountRequest, pk: int) -> Import:
    runs = Import.objects.visible_to(request.actor).select_related("job", "connection")
    return get_object_or_404(runs, pk=pk)


def _progress(run: Import) -> Progress:
    read = plural(run.job.done, "number")
    busy = f"Reading page {run.pages + 1:,} from Twilio, {read} so far"
    return progress_of(run.job, busy, at=timezone.now())


def _found(request: AccountRequest, job: Job) -> dict[str, Any]:
    """What the import found so far: counts that lead to the numbers, and what changed."""
    if job.state not in (JobState.DONE, JobState.FAILED):
        return {"outcomes": []}
    address = to(request, "numbers:list")
    outcomes = [
        {
            "label": Outcome(name).label,
            "value": f"{job.result.get(name, 0):,}",
            "tone": "warn" if name == Outcome.MISSING and job.result.get(name) else "",
            "url": f"{address}?imported_in={job.pk}&outcome={name}" if job.result.get(name) else "",
        }
        for name in (Outcome.NEW, Outcome.CHANGED, Outcome.CAME_BACK, Outcome.MISSING)
    ]
    events = Event.objects.visible_to(request.actor).filter(job=job).order_by("pk")
    changed = list(events.filter(type=OUTCOME_EVENTS[Outcome.CHANGED])[:CHANGES_COUNTED])
    period = GracePeriod.objects.filter(
        account=request.account, pk=job.result.get("grace_period", 0)
    ).first()
    return {
        "outcomes": outcomes,
        "unchanged": job.result.get("unchanged", 0),
        "fields": _fields(changed, of=job.result.get("changed", 0)),
        "changes": _changes(changed[:CHANGES_SHOWN], request.account),
        "period": period,
    }


def _changes(events: list[Event], account: Account) -> list[timeline.Entry]:
    """Each changed number with what changed, called by its number."""
    entries = timeline.entries(events, account=account)
    return [
        entry._replace(subject="", sentence=for_people(event.subject_label, account.country))
        for event, entry in zip(events, entries, strict=True)
    ]


def _fields(changed: list[Event], *, of: int) -> str:
    """Which fields changed, and for how many numbers: ``Voice url for 3 numbers, …``."""
    counted = Counter(name for event in changed for name in event.data.get("after", {}))
    parts = [
        f"{timeline.field_label(name)} ({plural(count, 'number')})"
        for name, count in counted.most_common(8)
    ]
    text = ", ".join(parts)
    return f"{text}, in the first {len(changed):,} of {of:,}" if of > len(changed) else text
