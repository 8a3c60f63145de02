"""Import and refresh: the same idempotent action (S0-4, S0-14, S0-15).

It reads a connection's numbers page by page and writes what differs; at Twilio it changes nothing.
A pass that misses much of what was there is asked again before anything is called missing, and one
with rows that cannot be used calls nothing missing.
Each page is one transaction that also moves the job's bookmark, so a worker may be killed anywhere:
the next one goes on after the last page that was stored. A page costs memory for a page.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from hashlib import blake2b
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.urls import reverse

from accounts.actor import Actor
from accounts.actors import finder_of, of_job
from accounts.job_kinds import JobKind
from accounts.models import Event, Job
from accounts.services import jobs
from accounts.services.events import record
from accounts.services.notices import mailed_about, notify
from accounts.states import Permission
from carrier import AccountInactive, CarrierAuthFailed, NumberPage, OddRow, PageExpired
from config import clock
from config.errors import DomainError, NotDue, refuse
from config.text import plural
from licensing.services import grace
from licensing.services.entitlement import lock
from numbers import gates
from numbers.models import Connection, Import, ImportPage, PhoneNumber
from numbers.states import OUTCOME_EVENTS, Outcome

from . import connections
from .arrivals import record_imported
from .changes import follow, take_back, write_changes
from .matching import sort_page
from .missing import ASK_AGAIN_AFTER, Verdict, judge, mark_missing
from .reading import PageReader

#: How often a pass may begin again because Twilio no longer knows its page links.
MAX_RESTARTS = 3
#: Rows that cannot be used and that the result names one by one.
MOST_ODD = 50
#: Event type -> its name among an import's counts.
OUTCOMES = {type: str(outcome) for outcome, type in OUTCOME_EVENTS.items()}


class PagesLoop(DomainError):
    """Twilio's page links lead in a circle; the pass cannot reach its end."""

    code = "pages_loop"


@transaction.atomic
def request_import(
    connection_id: int,
    *,
    actor: Actor,
    at: datetime,
    queue: bool = True,
    scheduled: bool = False,
) -> Import:
    """Start an import, or join the one that runs. Raises ``Forbidden`` and ``Blocked``.

    With ``queue=False`` the caller works on the job itself (``work``).
    """
    actor.require(Permission.NUMBERS)
    connection = _hold(connection_id)
    running = Import.objects.select_related("job").filter(connection=connection, is_open=True)
    for run in running:
        if run.job.is_open:
            with suppress(NotDue):  # unless its worker died, somebody is at it
                jobs.revive(run.job_id, at=at)
            return run
        _close(run)  # its job was given up outside of this module
    refuse(gates.reachable(connection))
    job = jobs.start(
        account_id=connection.account_id,
        kind=KIND.name,
        title=f"Import from {connection.name}",
        task=KIND.task,
        actor=actor,
        at=at,
        queue=queue,
    )
    return Import.objects.create(connection=connection, job=job, is_scheduled=scheduled)


def _hold(connection_id: int) -> Connection:
    """Lock the connection against a second import; rows may be stored that refer to it."""
    return Connection.objects.select_for_update(no_key=True).get(pk=connection_id)


def work(
    job_id: int,
    *,
    seconds: float = jobs.SLICE.total_seconds(),
    watch: Callable[[Job], None] = lambda job: None,
) -> None:
    """Read pages for ``seconds``, then hand the rest to a fresh task.

    Returns at once when the job is finished or another worker holds it. ``watch`` is called after
    each stored page. While a page is stored, Twilio is already asked for the next one.
    """
    if Import.objects.filter(job=job_id, again_at__gt=clock.now()).exists():
        return  # it pauses before its second round
    job = jobs.claim(job_id, at=clock.now())
    if job is None:
        return
    run = Import.objects.select_related("connection", "job").get(job=job)
    until = time.monotonic() + seconds
    try:
        _reopen(job, run)
        with PageReader(run.connection) as reader:
            while not run.is_read:
                read = _next_page(reader, job, run)
                if read is None:
                    continue  # the pass begins again
                page, asked_at = read
                if page.next_page and time.monotonic() < until:
                    reader.ask(page.next_page)
                store_page(job, run, page, asked_at=asked_at)
                watch(job)
                if time.monotonic() >= until and not run.is_read:
                    jobs.hand_over(job, at=clock.now())
                    return
        _conclude(job, run, until=until)
    except DomainError as error:
        _failed(job, run, error, at=clock.now())


def _conclude(job: Job, run: Import, *, until: float) -> None:
    """After the last page: decide what is missing, unless there is reason not to, and close."""
    if not job.result.get("odd_rows"):
        verdict = judge(job, run)
        if run.round == 1 and verdict.is_doubtful:
            _ask_again(job, run, verdict, at=clock.now())
            return
        if not mark_missing(job, run, verdict.absent, until=until):
            jobs.hand_over(job, at=clock.now())
            return
    complete(job, run, at=clock.now())


@transaction.atomic
def _ask_again(job: Job, run: Import, verdict: Verdict, *, at: datetime) -> None:
    """Read all pages a second time, after a pause; what the first round saw still counts."""
    again_at = at + ASK_AGAIN_AFTER
    result = {
        **job.result,
        "asked_again": {"known": verdict.known, "absent": len(verdict.absent)},
    }
    jobs.pause(job, at=at, until=again_at, done=0, result=result)
    run.round, run.again_at, run.pages = 2, again_at, 0
    run.save(update_fields=["round", "again_at", "pages"])


@transaction.atomic
def _reopen(job: Job, run: Import) -> None:
    """Begin the pass again for a failed import that was queued once more."""
    if run.is_open:
        return
    _hold(run.connection_id)
    if Import.objects.filter(connection=run.connection, is_open=True).exists():
        raise DomainError("Another import of this connection runs.", code="import_runs")
    result = _without(job.result, "odd", "odd_rows", "asked_again")
    jobs.keep(job, at=clock.now(), done=0, result=result)
    run.is_open, run.pages, run.round, run.again_at = True, 0, 1, None
    run.save(update_fields=["is_open", "pages", "round", "again_at"])


def _without(result: dict[str, Any], *names: str) -> dict[str, Any]:
    """The result without what the pass that begins now finds anew."""
    return {name: value for name, value in result.items() if name not in names}


def _next_page(reader: PageReader, job: Job, run: Import) -> tuple[NumberPage, datetime] | None:
    """The page at the bookmark, and when Twilio was asked for it.

    None when Twilio forgot the link and the pass begins again.
    """
    jobs.keep(job, at=clock.now())
    try:
        return reader.read(run.next_page)
    except PageExpired:
        restarts = job.result.get("restarts", 0) + 1
        if restarts > MAX_RESTARTS:
            raise
        with transaction.atomic():
            result = {**_without(job.result, "odd", "odd_rows"), "restarts": restarts}
            jobs.keep(job, at=clock.now(), done=0, result=result)
            run.seen.filter(round=run.round).delete()
            run.next_page, run.pages = "", 0
            run.save(update_fields=["next_page", "pages"])
        return None


@transaction.atomic
def store_page(job: Job, run: Import, page: NumberPage, *, asked_at: datetime) -> None:
    """Write what a page brings: new numbers, changed ones, and ones that came back.

    ``asked_at`` is when Twilio was asked: a number that left since then has not come back.
    Raises ``PagesLoop`` when this page's link has been read in this round, ``Blocked`` when the
    connection has ended in the meantime, ``jobs.LeaseLost``.
    """
    at, finder = clock.now(), finder_of(job)
    jobs.keep(job, at=at)
    link = blake2b(run.next_page.encode(), digest_size=16).hexdigest()
    if run.seen.filter(round=run.round, link=link).exists():
        raise PagesLoop(
            "Twilio's list of numbers leads in a circle, so its end cannot be reached. "
            "What was read is kept and nothing is marked missing. Try again later."
        )
    lock(job.account_id)
    refuse(gates.ended(Connection.objects.get(pk=run.connection_id)))
    todo = sort_page(run, page.records, at=at, asked_at=asked_at)
    if todo.outdated:
        PhoneNumber.objects.filter(pk__in=todo.outdated).update(fingerprint="")
    PhoneNumber.objects.bulk_create(todo.new)
    record_imported(run.connection, todo.new, actor=of_job(job), at=at)
    write_changes(run.connection, todo.changed, asked_at=asked_at, actor=finder, at=at)
    follow(run.connection, todo.followed, actor=finder, at=at)
    take_back(run.connection, todo.returning, actor=finder, at=at)
    seen = array("q", [*todo.seen, *(number.pk for number in todo.new)])
    progress: dict[str, Any] = {"done": job.done + len(seen)}
    if odd := [*page.odd, *todo.odd]:
        progress["result"] = _with_odd(job.result, odd)
    jobs.keep(job, at=at, **progress)
    ImportPage.objects.create(
        run=run, round=run.round, position=run.pages, link=link, numbers=seen.tobytes()
    )
    run.pages += 1
    run.next_page = page.next_page
    run.save(update_fields=["pages", "next_page"])


def _with_odd(result: dict[str, Any], odd: Sequence[OddRow]) -> dict[str, Any]:
    """The result with rows that cannot be used: all are counted, and the first ones named."""
    named = [*result.get("odd", []), *(row._asdict() for row in odd)]
    count = result.get("odd_rows", 0) + len(odd)
    return {**result, "odd_rows": count, "odd": named[:MOST_ODD]}


@transaction.atomic
def complete(job: Job, run: Import, *, at: datetime) -> None:
    """Close a pass whose missing numbers are marked, and decide about grace (S0-16)."""
    actor = of_job(job)
    result = {**job.result, **counts(job)}
    jobs.finish(job, at=at, total=job.done, result=result)
    _close(run)
    opened = grace.import_completed(job.account_id, actor=actor, at=at)
    if opened is not None:
        Job.objects.filter(pk=job.pk).update(result={**result, "grace_period": opened.pk})
    record(
        "import.completed",
        account_id=job.account_id,
        subject=("import", run.pk, job.title),
        summary=f"Import completed: {_in_words(result)}.",
        actor=actor,
        at=at,
        data=result,
    )
    worth_telling = [*OUTCOMES.values(), "odd_rows"]
    if run.is_scheduled and any(result.get(name) for name in worth_telling):
        _notify(run, job, f"Refresh of {run.connection.name}: {_in_words(result)}", "", at=at)


def counts(job: Job) -> dict[str, int]:
    """What an import has found so far, from the events it wrote."""
    found = dict(
        Event.objects.filter(job=job, type__in=OUTCOMES)
        .order_by()
        .values_list("type")
        .annotate(number=Count("pk"))
    )
    result = {name: found.get(type, 0) for type, name in OUTCOMES.items()}
    touched = result["new"] + result["changed"] + result["came_back"]
    return {"seen": job.done, **result, "unchanged": max(0, job.done - touched)}


#: What an import may have found, in the words of its result.
FOUND: dict[str, str] = {
    Outcome.NEW: "new",
    Outcome.CHANGED: "changed",
    Outcome.MISSING: "missing",
    Outcome.CAME_BACK: "came back",
}


def _in_words(result: dict[str, Any]) -> str:
    parts = [f"{result[name]:,} {text}" for name, text in FOUND.items() if result[name]]
    if result["unchanged"] or not parts:
        parts.append(f"{result['unchanged']:,} unchanged")
    if odd := result.get("odd_rows"):
        parts.append(f"{plural(odd, 'row')} not usable, so nothing was called missing")
    return ", ".join(parts)


def _failed(job: Job, run: Import, error: DomainError, *, at: datetime) -> None:
    """Say why, keep what was stored, and let the next import complete it."""
    told: list[int] = []
    if isinstance(error, CarrierAuthFailed | AccountInactive):
        connections.note_trouble(run.connection_id, error=error, at=at)
        told = mailed_about(job.account_id, key=f"connection:{run.connection_id}:", at=at)
    job.refresh_from_db(fields=["done", "result"])  # a page that was rolled back does not count
    counted = job.done and not isinstance(error, PagesLoop)  # a circle counts numbers twice
    read = plural(job.done, "number")
    kept = f" What was read so far is kept: {read}." if counted else ""
    jobs.fail(
        job,
        code=error.code,
        message=error.message + kept,
        at=at,
        data=getattr(error, "trace", {}),
        told=told,
        result={**job.result, **counts(job)},
    )


def _on_failed(job: Job, at: datetime) -> None:
    """Let the next import begin, however this one came to its end."""
    for run in Import.objects.filter(job=job):
        _close(run)


def _run_again(job: Job, actor: Actor, at: datetime) -> str:
    """Begin anew, because only one import runs per connection; or join the one that runs."""
    run = Import.objects.get(job=job)
    fresh = request_import(run.connection_id, actor=actor, at=at)
    return f"{fresh} is queued."


def _run(job: Job) -> int:
    return Import.objects.values_list("pk", flat=True).get(job=job)


def _page(job: Job) -> tuple[str, int] | None:
    pk = Import.objects.filter(job=job).values_list("pk", flat=True).first()
    return ("numbers:import_detail", pk) if pk else None


KIND = JobKind(
    "import",
    label="Import",
    thing="number",
    task="numbers.tasks.run_import",
    permission=Permission.NUMBERS,
    on_failed=_on_failed,
    makes_up=True,
    run_again=_run_again,
    failed_event="import.failed",
    notice="import",
    subject_type="import",
    subject_id=_run,
    page=_page,
)


def _notify(run: Import, job: Job, title: str, body: str, *, at: datetime) -> None:
    account = job.account
    notify(
        account,
        "import",
        key=f"import:{run.pk}",
        title=title,
        body=body or title,
        path=reverse("numbers:import_detail", args=[account.slug, run.pk]),
        at=at,
    )


def _close(run: Import) -> None:
    run.is_open = False
    run.next_page = ""
    run.save(update_fields=["is_open", "next_page"])
    run.seen.all().delete()
