"""What each kind of task asks of Twilio, and what follows here once it was answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.actor import Actor
from accounts.actors import requested_by
from accounts.services.events import tell
from carrier import Carrier, CarrierRefused, CarrierUnavailable, NotFound, carrier_for
from numbers.models import CarrierTask, PhoneNumber
from numbers.previous import chosen_anew, mark_differing, note_changed, settings_of
from numbers.routes import TEXT_ROUTES
from numbers.states import REMINDED_BEFORE, RESTORE_WINDOW, NumberState, TaskKind

from . import routing, whereabouts
from .lifecycle import OFFER_FIELDS, relocate
from .records import RECORD_FIELDS, apply_record, store_record
from .release import come_back
from .whereabouts import Found


class BoughtAgain(CarrierRefused):
    """The number came back to Twilio after its task was decided; a person looks at it first."""

    code = "bought_again"

    def __init__(self, message: str, found: Found) -> None:
        super().__init__(message)
        self.found = found


@dataclass(frozen=True)
class Answer:
    """How a step ended: with what Twilio has of the number now, or with nothing to have (gone)."""

    found: Found | None = None
    is_gone: bool = False


def _release(carrier: Carrier, task: CarrierTask) -> Answer:
    """Give the number back, under whichever SID it has."""
    number = task.number
    try:
        carrier.numbers.release(number.sid)
    except NotFound:
        found = whereabouts.find(number)
        if found is None:
            return Answer(is_gone=True)
        if found.since is not None and found.since > task.created_at:
            raise BoughtAgain(
                "It was bought again at Twilio after its release had been decided, so it was left "
                "alone. Try again to release it nevertheless, or keep it after all.",
                found,
            ) from None
        try:
            carrier_for(found.connection).numbers.release(found.record.sid)
        except NotFound:
            raise _moves() from None
        return Answer(found)
    return Answer()


def _moves() -> CarrierUnavailable:
    return CarrierUnavailable("The number moves at Twilio right now. It is looked for again later.")


def _restore(carrier: Carrier, task: CarrierTask) -> Answer:
    if task.number.state != NumberState.RESTORING:
        return Answer()  # an import has found it in the meantime: nothing to buy
    return Answer(Found(task.number.connection, carrier.numbers.buy(task.number.e164)))


def _put_back(carrier: Carrier, task: CarrierTask) -> Answer:
    """Write the settings, under whichever SID the number has."""
    number = task.number
    try:
        record = carrier.numbers.update(number.sid, task.settings)
        return Answer(Found(number.connection, record))
    except NotFound:
        found = whereabouts.find(number)
        if found is None:
            raise
    apply_record(number, found.record)  # in memory only
    if chosen_anew(number, task.settings):
        raise BoughtAgain(
            "It was bought again at Twilio and has other settings there, which were left alone. "
            "Refresh, look at both, and try again.",
            found,
        )
    try:
        record = carrier_for(found.connection).numbers.update(found.record.sid, task.settings)
    except NotFound:
        raise _moves() from None
    return Answer(Found(found.connection, record))


def _route(carrier: Carrier, task: CarrierTask) -> Answer:
    return Answer(routing.ask(task.number))


def _released(number: PhoneNumber, task: CarrierTask, answer: Answer, at: datetime) -> None:
    if number.state != NumberState.RELEASING:
        return
    number.released_at = at
    number.remind_at = at + RESTORE_WINDOW - REMINDED_BEFORE
    summary = f"Given back to Twilio; can come back for {RESTORE_WINDOW.days} days."
    data: dict[str, Any] = {}
    if answer.is_gone:
        summary = (
            "Released: the number is in this subaccount no more. It can come back for at most "
            f"{RESTORE_WINDOW.days} days."
        )
    if answer.found is not None:
        data["sid"] = answer.found.record.sid
        adopt(number, task, answer.found, at=at)
        if chosen_anew(number, number.before_release.get("settings", {})):
            number.before_release = {**number.before_release, "settings": settings_of(number)}
    relocate(
        number,
        NumberState.RELEASED,
        "number.released",
        summary,
        also=["released_at", "before_release"],
        actor=requested_by_task(task, number),
        at=at,
        data=data,
    )


#: What a task of the kind writes at Twilio, where it is not what its ``settings`` name.
_WRITES = {TaskKind.ROUTE: TEXT_ROUTES}


def adopt(number: PhoneNumber, task: CarrierTask, found: Found, *, at: datetime) -> None:
    """Note on a locked number what Twilio has under its digits now, and where.

    What differs and was not written by the task was changed there by somebody since the last look.
    """
    number.connection = found.connection
    differences = apply_record(number, found.record)
    tasks = number.carrier_tasks
    wrote = _WRITES.get(TaskKind(task.kind), task.settings)
    refused = tasks.refused_settings().settings()
    ours = {*wrote, *tasks.settings_on_their_way().settings()} - refused.keys()
    note_changed(number, differences, ours=ours, refused=refused)
    mark_differing(number, at=at)
    number.save(update_fields=[*RECORD_FIELDS, *OFFER_FIELDS, "connection"])


def _restored(number: PhoneNumber, task: CarrierTask, answer: Answer, at: datetime) -> None:
    if number.state != NumberState.RESTORING or answer.found is None:
        return  # an import has found it in the meantime
    store_record(number, answer.found.record)
    actor = requested_by_task(task, number)
    come_back(
        number,
        actor=actor,
        at=at,
        type="number.restored",
        summary="Restored from Twilio.",
        put_back_for=actor,
    )


def _settings_put_back(
    number: PhoneNumber, task: CarrierTask, answer: Answer, at: datetime
) -> None:
    if answer.found is not None:
        adopt(number, task, answer.found, at=at)
    tell(
        number,
        "number.settings_put_back",
        "Settings at Twilio put back.",
        actor=requested_by_task(task, number),
        at=at,
        after=task.settings,
    )
    routing.stay_here(number, task.settings, actor=requested_by_task(task, number), at=at)


def _routed(number: PhoneNumber, task: CarrierTask, answer: Answer, at: datetime) -> None:
    if answer.found is None:
        return
    adopt(number, task, answer.found, at=at)
    routing.conclude(number, actor=requested_by_task(task, number), at=at)


Step = Callable[[Carrier, CarrierTask], Answer]
Conclusion = Callable[[PhoneNumber, CarrierTask, Answer, datetime], None]
STEPS: dict[TaskKind, tuple[Step, Conclusion]] = {
    TaskKind.RELEASE: (_release, _released),
    TaskKind.RESTORE: (_restore, _restored),
    TaskKind.PUT_BACK: (_put_back, _settings_put_back),
    TaskKind.ROUTE: (_route, _routed),
}


def requested_by_task(task: CarrierTask, number: PhoneNumber) -> Actor:
    """Who decided what this task carries out."""
    return requested_by(task, account_id=number.account_id, job_id=task.job_id)
