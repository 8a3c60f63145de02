"""Import and refresh: the same idempotent action (S0-4, S0-14, S0-15).

It reads a connection's numbers page by page and writes what differs; at Twilio it changes nothing.
Each page is one transaction that also moves the job's bookmark, so a worker may be killed anywhere:
the next one goes on after the last page that was stored. A page costs memory for a page.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone

from accounts.actors import Actor, requested_by
from accounts.models import Event, Job
from accounts.services import jobs
from accounts.services.events import build, record
from accounts.services.notices import notify
from accounts.states import Permission
from config.errors import DomainError, NotDue, refuse
from licensing.services import grace
from licensing.services.entitlement import lock
from numbers import gates
from numbers.carrier import (
    AccountInactive,
    CarrierAuthFailed,
    NumberPage,
    NumberRecord,
    PageExpired,
    carrier_for,
)
from numbers.filters import OUTCOME_EVENTS
from numbers.models import Connection, Import, ImportPage, PhoneNumber
from numbers.states import NumberState

from . import connections
from .arrivals import record_imported
from .inventory import about, lock_rows
from .missing import mark_missing
from .records import RECORD_FIELDS, apply_record, columns
from .release import come_back

#: How often a pass may begin again because Twilio no longer knows its page links.
MAX_RESTARTS = 3
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
        kind="import",
        title=f"Import from {connection.name}",
        task="numbers.tasks.run_import",
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
    each stored page.
    """
    job = jobs.claim(job_id, at=timezone.now())
    if job is None:
        return
    run = Import.objects.select_related("connection", "job").get(job=job)
    carrier = carrier_for(run.connection)
    until = time.monotonic() + seconds
    try:
        _reopen(job, run)
        while not run.is_read:
            asked_at = timezone.now()
            page = _next_page(carrier.page, job, run)
            if page is None:
                continue  # the pass begins again
            store_page(job, run, page, asked_at=asked_at)
            watch(job)
            if time.monotonic() >= until and not run.is_read:
                jobs.hand_over(job, at=timezone.now())
                return
        if mark_missing(job, run, until=until):
            complete(job, run, at=timezone.now())
        else:
            jobs.hand_over(job, at=timezone.now())
    except DomainError as error:
        _failed(job, run, error, at=timezone.now())


@transaction.atomic
def _reopen(job: Job, run: Import) -> None:
    """Begin the pass again for a failed import that was queued once more."""
    if run.is_open:
        return
    _hold(run.connection_id)
    if Import.objects.filter(connection=run.connection, is_open=True).exists():
        raise DomainError("Another import of this connection runs.", code="import_runs")
    jobs.keep(job, at=timezone.now(), done=0)
    run.is_open, run.pages = True, 0
    run.save(update_fields=["is_open", "pages"])


def _next_page(read: Callable[[str], NumberPage], job: Job, run: Import) -> NumberPage | None:
    """The page at the bookmark; None when Twilio forgot the link and the pass begins again."""
    jobs.keep(job, at=timezone.now())
    try:
        return read(run.next_page)
    except PageExpired:
        restarts = job.result.get("restarts", 0) + 1
        if restarts > MAX_RESTARTS:
            raise
        with transaction.atomic():
            jobs.keep(job, at=timezone.now(), done=0, result={**job.result, "restarts": restarts})
            run.seen.all().delete()
            run.next_page, run.pages = "", 0
            run.save(update_fields=["next_page", "pages"])
        return None


@dataclass
class _PageWork:
    """What one page comes down to, sorted by what is to be written."""

    new: list[PhoneNumber] = field(default_factory=list)
    changed: list[tuple[int, NumberRecord]] = field(default_factory=list)
    returning: list[tuple[int, NumberRecord]] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)


@transaction.atomic
def store_page(job: Job, run: Import, page: NumberPage, *, asked_at: datetime) -> None:
    """Write what a page brings: new numbers, changed ones, and ones that came back.

    ``asked_at`` is when Twilio was asked: a number that left since then has not come back.
    Raises ``PagesLoop`` when this page's link has been read in this pass, ``jobs.LeaseLost``.
    """
    at = timezone.now()
    actor = requested_by(job, account_id=job.account_id)
    records = {number.e164: number for number in page.records}
    jobs.keep(job, at=at, done=job.done + len(records))
    link = blake2b(run.next_page.encode(), digest_size=16).hexdigest()
    if run.seen.filter(link=link).exists():
        raise PagesLoop(
            "Twilio's list of numbers leads in a circle, so its end cannot be reached. "
            "What was read is kept and nothing is marked missing. Try again later."
        )
    lock(job.account_id)
    todo = _sort(run.connection, records, at=at, asked_at=asked_at)
    PhoneNumber.objects.bulk_create(todo.new)
    record_imported(run.connection, todo.new, actor=actor, at=at, job=job)
    _write_changes(run.connection, todo.changed, actor=actor, at=at, job=job)
    _take_back(run.connection, todo.returning, actor=actor, at=at, job=job)
    seen = array("q", [*todo.seen, *(number.pk for number in todo.new)])
    ImportPage.objects.create(run=run, position=run.pages, link=link, numbers=seen.tobytes())
    run.pages += 1
    run.next_page = page.next_page
    run.save(update_fields=["pages", "next_page"])


_LEFT = (NumberState.RELEASED, NumberState.RESTORING, NumberState.MISSING, NumberState.GONE)


def _sort(
    connection: Connection,
    records: dict[str, NumberRecord],
    *,
    at: datetime,
    asked_at: datetime,
) -> _PageWork:
    """Compare a page with our rows: by number, then by SID for a SID whose number is new to us."""
    todo = _PageWork()
    rows = PhoneNumber.objects.filter(account_id=connection.account_id).values_list(
        "pk", "e164", "sid", "state", "state_changed_at", "connection_id", "fingerprint"
    )
    known = {row[1]: row for row in rows.filter(e164__in=list(records))}
    strangers = {r.sid: r.e164 for r in records.values() if r.e164 not in known}
    if strangers:
        by_sid = [row for row in rows.filter(sid__in=list(strangers)) if row[1] not in known]
        known |= {strangers[row[2]]: row for row in by_sid}
    for number in records.values():
        row = known.get(number.e164)
        if row is None:
            todo.new.append(_new_number(connection, number, at=at))
            continue
        pk, e164, sid, state, state_changed_at, connection_id, fingerprint = row
        todo.seen.append(pk)
        if state in _LEFT:
            if state_changed_at < asked_at:
                todo.returning.append((pk, number))
        elif state != NumberState.HELD:
            continue  # excluded or being released
        elif connection_id != connection.pk:
            # Held through another connection. A SID keeps to its number when that is transferred.
            if sid == number.sid and state_changed_at < asked_at:
                todo.changed.append((pk, number))
        elif (e164, sid, fingerprint) != (number.e164, number.sid, number.fingerprint):
            todo.changed.append((pk, number))
    return todo


def _new_number(connection: Connection, number: NumberRecord, *, at: datetime) -> PhoneNumber:
    return PhoneNumber(
        account_id=connection.account_id,
        connection_id=connection.pk,
        state=NumberState.HELD,
        state_changed_at=at,
        imported_at=at,
        **columns(number),
    )


def _write_changes(
    connection: Connection,
    changed: list[tuple[int, NumberRecord]],
    *,
    actor: Actor,
    at: datetime,
    job: Job,
) -> None:
    """Write Twilio's side of numbers that differ; what people decided here stays."""
    if not changed:
        return
    records = dict(changed)
    numbers = lock_rows(records)
    events = []
    for number in numbers:
        differences = apply_record(number, records[number.pk])
        if number.connection_id != connection.pk:
            differences["connection"] = (number.connection.name, connection.name)
            # From now on no page that is older tells where the number is.
            number.connection, number.state_changed_at = connection, at
        names = ", ".join(name.replace("_", " ") for name in differences)
        events.append(
            build(
                "number.changed",
                account_id=number.account_id,
                subject=about(number),
                summary=f"Changed at Twilio: {names}.",
                actor=actor,
                at=at,
                before={name: before for name, (before, _) in differences.items()},
                after={name: after for name, (_, after) in differences.items()},
                job_id=job.pk,
            )
        )
    fields = [*RECORD_FIELDS, "connection", "state_changed_at"]
    PhoneNumber.objects.bulk_update(numbers, fields)
    Event.objects.bulk_create(events)


def _take_back(
    connection: Connection,
    returning: list[tuple[int, NumberRecord]],
    *,
    actor: Actor,
    at: datetime,
    job: Job,
) -> None:
    """Hold numbers again that had left and that Twilio lists: restored, bought again, found."""
    records = dict(returning)
    for number in lock_rows(records) if records else ():
        apply_record(number, records[number.pk])
        number.connection = connection
        number.save(update_fields=[*RECORD_FIELDS, "connection"])
        come_back(
            number,
            actor=actor,
            at=at,
            type="number.came_back",
            summary="Came back: Twilio lists it again.",
            job_id=job.pk,
        )


@transaction.atomic
def complete(job: Job, run: Import, *, at: datetime) -> None:
    """Close a pass whose missing numbers are marked, and decide about grace (S0-16)."""
    actor = requested_by(job, account_id=job.account_id)
    result = {**job.result, **counts(job)}
    jobs.finish(job, at=at, total=job.done, result=result)
    _close(run)
    opened = grace.import_completed(job.account_id, job_id=job.pk, actor=actor, at=at)
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
        job_id=job.pk,
    )
    if run.is_scheduled and any(result[name] for name in OUTCOMES.values()):
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


def _in_words(result: dict[str, Any]) -> str:
    words = {"new": "new", "changed": "changed", "missing": "missing", "came_back": "came back"}
    parts = [f"{result[name]:,} {text}" for name, text in words.items() if result[name]]
    return ", ".join([*parts, f"{result['unchanged']:,} unchanged"])


def _failed(job: Job, run: Import, error: DomainError, *, at: datetime) -> None:
    """Say why, keep what was stored, and let the next import complete it."""
    if isinstance(error, CarrierAuthFailed | AccountInactive):
        connections.note_trouble(run.connection_id, error=error, at=at)
    job.refresh_from_db(fields=["done", "result"])  # a page that was rolled back does not count
    counted = job.done and not isinstance(error, PagesLoop)  # a circle counts numbers twice
    kept = f" The {job.done:,} numbers read so far are kept." if counted else ""
    with transaction.atomic():
        jobs.fail(
            job,
            code=error.code,
            message=error.message + kept,
            at=at,
            result={**job.result, **counts(job)},
        )
        _close(run)
        record(
            "import.failed",
            account_id=job.account_id,
            subject=("import", run.pk, job.title),
            summary=f"Import failed: {error.message}",
            actor=requested_by(job, account_id=job.account_id),
            at=at,
            data={"code": error.code, **getattr(error, "trace", {})},
            job_id=job.pk,
        )
        _notify(run, job, f"Import from {run.connection.name} failed", error.message + kept, at=at)


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
