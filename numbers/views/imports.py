"""Imports: starting one, watching it, and what it found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts import timeline
from accounts.models import Event, Job
from accounts.states import JobState, Permission
from accounts.views.progress import Progress, progress_of
from accounts.web import AccountRequest, account_page, tell_refusal, to
from config import clock
from config.errors import Blocker, DomainError
from config.outside import whole
from config.paging import page
from config.phone_numbers import for_people
from config.text import inside, name_as_label, plural, span
from licensing.models import GracePeriod
from numbers import gates
from numbers.filters import matching
from numbers.models import Connection, Import, PhoneNumber
from numbers.plans import shown
from numbers.previous import offered
from numbers.services import imports as service
from numbers.states import ENDED, OUTCOME_EVENTS, ConnectionState, Outcome

PAGE_SIZE = 20
#: Changed numbers that the page of an import shows with what changed.
CHANGES_SHOWN = 20
#: Events that are read to say which fields changed most.
CHANGES_COUNTED = 1_000

OUTCOMES = (Outcome.NEW, Outcome.CHANGED, Outcome.CAME_BACK, Outcome.MISSING)

#: Imports that are shown together.
MOST_TOGETHER = 100

#: Why an import failed -> whether the way on leads over the connection.
_MEND = ("twilio_auth_failed", "twilio_account_inactive", "twilio_not_found")


@require_POST
@account_page(Permission.NUMBERS)
def start(request: AccountRequest) -> HttpResponse:
    """Import from every working connection, or join the imports that run (S0-14, S0-15)."""
    mine = Connection.objects.visible_to(request.actor).order_by("pk")
    working = list(mine.filter(state=ConnectionState.ACTIVE))
    for broken in mine.exclude(state__in=[ConnectionState.ACTIVE, *ENDED]):
        state = inside(broken.get_state_display())
        messages.warning(request, f"Nothing is read from {broken.name}: {state}.")
    if not working:
        messages.error(request, "There is no working connection to import from.")
        return redirect(to(request, "numbers:connections"))
    at = clock.now()
    runs = [run for each in working if (run := _start(request, each, at=at))]
    return redirect(address_of(request, runs) if runs else to(request, "numbers:imports"))


def address_of(request: AccountRequest, runs: Sequence[Import]) -> str:
    """The page that shows these imports: each has one, and several have one together."""
    if len(runs) == 1:
        return to(request, "numbers:import_detail", runs[0].pk)
    query = urlencode([("run", run.pk) for run in runs])
    return f"{to(request, 'numbers:imports_together')}?{query}"


@require_safe
@account_page()
def together(request: AccountRequest) -> HttpResponse:
    """A refresh of several connections: all of them while they run, then what they found."""
    if "run" not in request.GET:
        return redirect(to(request, "numbers:imports"))
    wanted = [whole(text) for text in request.GET.getlist("run")[:MOST_TOGETHER]]
    mine = Import.objects.visible_to(request.actor).select_related("job", "connection")
    runs = list(mine.filter(pk__in=[pk for pk in wanted if pk is not None]).order_by("pk"))
    if not runs:
        raise Http404("No such imports.")
    jobs = [run.job for run in runs]
    is_open = any(job.is_open for job in jobs)
    context = {
        "rows": [(run, _progress(run), _counts(request, run.job)) for run in runs],
        "is_open": is_open,
        "failed": [run for run in runs if run.job.state == JobState.FAILED],
        "found": _counts_together(request, jobs),
        "unchanged": sum(job.result.get("unchanged", 0) for job in jobs),
        "read": sum(job.done for job in jobs),
        "address": request.get_full_path(),
    }
    if not request.htmx:  # type: ignore[attr-defined]
        return render(request, "numbers/imports_together.html", context)
    response = render(request, "numbers/imports_together_rows.html", context)
    if not is_open:
        response["HX-Refresh"] = "true"
    return response


def _counts_together(request: AccountRequest, jobs: Sequence[Job]) -> list[dict[str, str]]:
    """How many numbers they found as what. The list shows those of one import: a figure to which
    several have added leads nowhere, and theirs do."""
    counts = [_counts(request, job) for job in jobs]
    return [
        {
            **found[0],
            "value": f"{sum(job.result.get(name, 0) for job in jobs):,}",
            "tone": next((each["tone"] for each in found if each["tone"]), ""),
            "url": urls[0] if len(urls) == 1 else "",
        }
        for name, found in zip(OUTCOMES, zip(*counts, strict=True), strict=True)
        for urls in [[each["url"] for each in found if each["url"]]]
    ]


def found_in_words(jobs: Iterable[Job]) -> str:
    """What finished imports found: ``12 new, 3 changed``, or that all is as it was."""
    found = Counter[str]()
    for job in jobs:
        found.update({each: job.result.get(each, 0) for each in service.FOUND})
    parts = [f"{found[each]:,} {words}" for each, words in service.FOUND.items() if found[each]]
    return ", ".join(parts) or "nothing has changed"


@require_POST
@account_page(Permission.NUMBERS)
def start_one(request: AccountRequest, pk: int) -> HttpResponse:
    """Import from one connection, or join the import that runs."""
    connection = get_object_or_404(Connection.objects.visible_to(request.actor), pk=pk)
    run = _start(request, connection, at=clock.now())
    if run is None:
        return redirect(to(request, "numbers:connection", pk))
    return redirect(to(request, "numbers:import_detail", run.pk))


def _start(request: AccountRequest, connection: Connection, *, at: datetime) -> Import | None:
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
        chosen = get_object_or_404(known, pk=whole(wanted))
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
    read, at = plural(run.job.done, "number"), clock.now()
    busy = f"Reading page {run.pages + 1:,} from Twilio, {read} so far"
    if run.again_at is not None and run.again_at > at:
        told = run.job.result["asked_again"]
        busy = (
            f"Twilio did not list {told['absent']:,} of {plural(told['known'], 'known number')}. "
            f"It is asked again in {span(run.again_at - at)}, before anything is called missing"
        )
    return progress_of(run.job, busy, at=at)


def _counts(request: AccountRequest, job: Job) -> list[dict[str, str]]:
    """How many numbers the import found as what; each count leads to exactly its numbers."""
    address = to(request, "numbers:list")
    return [
        {
            "label": Outcome(name).label,
            "value": f"{job.result.get(name, 0):,}",
            "tone": "warn" if name == Outcome.MISSING and job.result.get(name) else "",
            "url": f"{address}?imported_in={job.pk}&outcome={name}" if job.result.get(name) else "",
        }
        for name in OUTCOMES
    ]


def _found(request: AccountRequest, job: Job) -> dict[str, Any]:
    """What the import found so far: the counts, and what changed."""
    if job.state not in (JobState.DONE, JobState.FAILED):
        return {"outcomes": []}
    events = Event.objects.visible_to(request.actor).filter(job=job).order_by("pk")
    changed = list(events.filter(type=OUTCOME_EVENTS[Outcome.CHANGED])[:CHANGES_COUNTED])
    period = GracePeriod.objects.filter(
        account=request.account, pk=job.result.get("grace_period", 0)
    ).first()
    return {
        "outcomes": _counts(request, job),
        "unchanged": job.result.get("unchanged", 0),
        "fields": _fields(changed, of=job.result.get("changed", 0)),
        "changes": _changes(request, changed[:CHANGES_SHOWN]),
        "to_decide": _to_decide(request, job),
        "period": period,
    }


def _to_decide(request: AccountRequest, job: Job) -> int:
    """How many of the numbers that it found changed have settings to put back or to leave."""
    if not job.result.get(Outcome.CHANGED):
        return 0
    query = urlencode({"imported_in": job.pk, "outcome": Outcome.CHANGED, "differs": "true"})
    return matching(PhoneNumber.objects.visible_to(request.actor), query).count()


@dataclass(frozen=True)
class Changed:
    """A changed number as the page of an import shows it.

    ``offer`` is what can be put back, as label and value; ``is_older`` when that stood there before
    an earlier change. ``blocked`` are reasons against writing at Twilio now.
    """

    entry: timeline.Entry
    number: PhoneNumber | None
    offer: list[tuple[str, str]]
    is_older: bool
    blocked: list[Blocker]


def _changes(request: AccountRequest, events: list[Event]) -> list[Changed]:
    """Each changed number with what changed, called by its number, and what can be put back."""
    account = request.account
    entries = timeline.entries(events, account=account)
    open_ones = PhoneNumber.objects.visible_to(request.actor).differing()
    wanted = open_ones.filter(pk__in=[event.subject_id for event in events])
    related = wanted.select_related("account", "connection").defer(*Connection.SECRETS_OF_IT)
    numbers = {number.pk: number for number in related}
    return [
        _changed(
            event,
            entry._replace(subject="", sentence=for_people(event.subject_label, account.country)),
            numbers.get(event.subject_id or 0),
        )
        for event, entry in zip(events, entries, strict=True)
    ]


def _changed(event: Event, entry: timeline.Entry, number: PhoneNumber | None) -> Changed:
    if number is None:
        return Changed(entry, None, [], is_older=False, blocked=[])
    before = offered(number)
    told = event.data.get("before", {})
    return Changed(
        entry,
        number,
        [(name_as_label(name), shown(value)) for name, value in before.items()],
        is_older=any((told.get(name) or "") != (value or "") for name, value in before.items()),
        blocked=gates.put_settings_back(number),
    )


def _fields(changed: list[Event], *, of: int) -> str:
    """Which fields changed, and for how many numbers: ``Voice url for 3 numbers, …``."""
    counted = Counter(name for event in changed for name in event.data.get("after", {}))
    parts = [
        f"{timeline.field_label(name)} ({plural(count, 'number')})"
        for name, count in counted.most_common(8)
    ]
    text = ", ".join(parts)
    return f"{text}, in the first {len(changed):,} of {of:,}" if of > len(changed) else text
