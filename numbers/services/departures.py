"""Numbers whose subaccount has ended: closed at Twilio, or detached by support.

They become missing: they take no license, a person decides, and one that is found in another
connected subaccount comes back by itself. Done by a task in batches, and by the sweep when that
task was lost.
"""

from __future__ import annotations

import time
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.actor import SYSTEM, Actor
from accounts.models import Event
from accounts.services import jobs
from accounts.states import ActorKind
from config import clock
from config.jobs import enqueue
from licensing.services import grace
from licensing.services.entitlement import lock
from numbers.models import CarrierTask, Connection, PhoneNumber
from numbers.models.inventory import PhoneNumberQuerySet
from numbers.states import ENDED, ConnectionState, NumberState, TaskState

from . import carrier_tasks
from .lifecycle import lock_rows, relocate
from .missing import BATCH, mark_excluded, mark_held

#: Why a number is not there any more.
REASONS: dict[str, str] = {
    ConnectionState.CLOSED: "its subaccount is closed at Twilio, which released its numbers.",
    ConnectionState.REMOVED: "its subaccount is not connected to this account any more.",
    ConnectionState.DETACHED: "support has detached its subaccount from this account.",
}
_BOUND = Q(state__in=[NumberState.HELD, NumberState.RELEASING, NumberState.RESTORING]) | Q(
    state=NumberState.EXCLUDED, unlisted_at=None
)


def left_behind() -> QuerySet[Connection]:
    """Connections that have ended and still have numbers; for the sweep."""
    bound = PhoneNumber.objects.filter(_BOUND, connection=OuterRef("pk"))
    return Connection.objects.filter(Exists(bound), state__in=ENDED).order_by("pk")


def let_go(connection_id: int, *, seconds: float = jobs.SLICE.total_seconds()) -> None:
    """Let the numbers of an ended connection go, for ``seconds``; a fresh task does the rest."""
    until = time.monotonic() + seconds
    for task in _tasks_of_jobs(connection_id):
        carrier_tasks.drop(task.pk, why=_why(task.number.connection), at=clock.now())
        if time.monotonic() >= until:
            enqueue("numbers.tasks.let_numbers_go", connection_id)
            return
    while _let_some_go(connection_id, at=clock.now()):
        if time.monotonic() >= until:
            enqueue("numbers.tasks.let_numbers_go", connection_id)
            return


def _tasks_of_jobs(connection_id: int) -> QuerySet[CarrierTask]:
    """Open tasks that jobs wait for; a job is locked before the entitlement of its account."""
    return (
        CarrierTask.objects.unfinished()
        .filter(
            number__connection=connection_id,
            number__connection__state__in=ENDED,
            job__isnull=False,
        )
        .select_related("number__connection")
        .order_by("pk")
    )


def _why(connection: Connection) -> str:
    return f"Given up: {REASONS[connection.state]}"


@transaction.atomic
def _let_some_go(connection_id: int, *, at: datetime) -> int:
    """One batch; returns how many it was. Nothing, when the connection has not ended."""
    account_id = Connection.objects.values_list("account_id", flat=True).get(pk=connection_id)
    lock(account_id)
    connection = Connection.objects.get(pk=connection_id)
    if connection.state not in ENDED:
        return 0
    why, actor = REASONS[connection.state], _who(connection)
    numbers = PhoneNumber.objects.filter(connection=connection)
    tasks = CarrierTask.objects.unfinished().filter(number__in=numbers, job=None)
    tasks.update(state=TaskState.DROPPED, finished_at=at)
    ids = list(_bound(connection).order_by("pk").values_list("pk", flat=True)[:BATCH])
    chosen = PhoneNumber.objects.filter(pk__in=ids)
    restoring = chosen.filter(state=NumberState.RESTORING).values_list("pk", flat=True)
    for number in lock_rows(restoring):
        relocate(
            number,
            NumberState.RELEASED,
            "number.restore_dropped",
            f"Restore given up: {why}",
            actor=actor,
            at=at,
        )
    leaving = chosen.filter(state__in=[NumberState.HELD, NumberState.RELEASING])
    mark_held(leaving, f"Missing: {why}", actor=actor, at=at)
    excluded = chosen.filter(state=NumberState.EXCLUDED)
    mark_excluded(excluded, f"Not at Twilio: {why}", actor=actor, at=at)
    grace.settle(account_id, actor=actor, at=at)
    return len(ids)


def _bound(connection: Connection) -> PhoneNumberQuerySet:
    return PhoneNumber.objects.filter(_BOUND, connection=connection)


def _who(connection: Connection) -> Actor:
    """Who detached the subaccount, with the reason; a closing is noticed by Numberdesk."""
    if connection.state != ConnectionState.DETACHED:
        return SYSTEM
    events = Event.objects.about("connection", connection.pk).filter(type="connection.detached")
    event = events.first()
    if event is None or event.actor_kind != ActorKind.SUPPORT:
        return SYSTEM
    return Actor(
        kind=ActorKind.SUPPORT,
        id=event.actor_id,
        label=event.actor_label,
        permissions=frozenset(),
        request_id=event.request_id,
        reason=event.reason,
    )
