"""What Twilio is told about where a number's texts go, by a task that reads the decision anew.

It fits whatever was decided by the time it runs: an enabled number's texts come here, an excluded
one's go where they went before. So a task that runs twice, or late, does no harm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.actor import Actor
from accounts.services.events import Fact, record_all, tell
from carrier import CarrierConfused, CarrierRefused, NumberRecord, carrier_for
from numbers.models import PhoneNumber
from numbers.routes import (
    WANTED,
    comes_here,
    foreign,
    missing,
    routes_of,
    to_hand_back,
    to_keep,
)
from numbers.states import NumberState, TaskKind

from . import whereabouts
from .lifecycle import lock_rows
from .release import queue_task
from .whereabouts import Found


class NotThere(CarrierRefused):
    """The number is in none of the account's subaccounts, so nothing can be said about it."""

    code = "not_at_twilio"


def is_told(number: PhoneNumber) -> bool:
    """Whether Twilio is to have something of the number's texts, as it is decided now."""
    return number.is_enabled or number.state == NumberState.EXCLUDED


def ask(number: PhoneNumber) -> Found | None:
    """Tell Twilio what is missing there; None when nothing is to be said any more.

    Asked outside of transactions. What was there before is stored before it is written over, so a
    worker that is killed in between has forgotten nothing.
    """
    if not is_told(number):
        return None
    found = whereabouts.find(number)
    if found is None:
        raise NotThere("The number is not in your subaccounts at Twilio. Refresh to find it.")
    wanted = _prepare(number.pk, found.record)
    if not wanted:
        return found
    record = carrier_for(found.connection).numbers.update(found.record.sid, wanted)
    there = routes_of(record.twilio)
    if any(there[name] != value for name, value in wanted.items()):
        raise CarrierConfused("Twilio did not take over all settings.")
    return Found(found.connection, record)


@transaction.atomic
def _prepare(number_id: int, record: NumberRecord) -> dict[str, str]:
    """What is to be written; remembers what it replaces (B6)."""
    number = lock_rows([number_id])[0]
    if number.state == NumberState.EXCLUDED:
        return to_hand_back(number, record.twilio)
    if not number.is_enabled:
        return {}
    _look_again(number, record)
    return missing(number, record.twilio)


_IN_SERVICE = "In service: Twilio sends its texts here."
#: In ``before_service``: these stood before the service, whatever is written over ours in it.
_STANDS = "stands"


def remember(number: PhoneNumber) -> None:
    """Keep on a locked number that is being enabled where its texts went until now."""
    _keep(number, to_keep(number, number.twilio))


def _look_again(number: PhoneNumber, record: NumberRecord) -> None:
    """The same as Twilio has it right before it is told, unless what is kept is settled."""
    if not number.before_service.keys() & {WANTED, _STANDS}:
        _keep(number, to_keep(number, record.twilio))


def keep(number: PhoneNumber, routes: Mapping[str, Any]) -> None:
    """Keep on a locked number where its texts were about to go again, by a restore."""
    _keep(number, {**foreign(number, routes), WANTED: True})


def keep_instead(number: PhoneNumber, settings: Mapping[str, Any]) -> None:
    """Keep these on a locked, enabled number, to be put back in place of what is kept now.

    What Twilio has when it is told of the number does not count then.
    """
    told = number.carrier_tasks.unfinished().filter(kind=TaskKind.ROUTE).exists()
    _keep(number, {**foreign(number, settings), **({WANTED: True} if told else {})})


def _keep(number: PhoneNumber, routes: dict[str, Any]) -> None:
    number.before_service = routes
    number.save(update_fields=["before_service"])


def stay_here(
    number: PhoneNumber, written: Mapping[str, Any], *, actor: Actor, at: datetime
) -> None:
    """Look, on a locked number, where its texts go after settings were ``written`` at Twilio.

    Those that were decided before it was enabled may land after Twilio was told of it; then it is
    told again. All else was set by somebody, and is noted as by a refresh (decision 38).
    """
    if not number.is_enabled:
        return
    there = routes_of(number.twilio)
    elsewhere = {name: there[name] for name in missing(number, number.twilio)}
    if elsewhere and all(
        name in written and value == (written[name] or "") for name, value in elsewhere.items()
    ):
        tell_again(number, actor=actor, at=at)
    elif elsewhere and (found := note_found(number, actor=actor, at=at)):
        number.save(update_fields=["in_service_at"])
        record_all([replace(found, after=elsewhere)])


def tell_again(number: PhoneNumber, *, actor: Actor, at: datetime) -> None:
    """The same for one that has been told of: what somebody wrote over ours is not put back."""
    _keep(number, {**number.before_service, _STANDS: True})
    tell_twilio(number, actor=actor, at=at)


def tell_twilio(number: PhoneNumber, *, actor: Actor, at: datetime) -> None:
    """Queue what Twilio is told of a locked, enabled number; in service once it has confirmed."""
    number.in_service_at = None
    number.save(update_fields=["in_service_at"])
    queue_task(number, TaskKind.ROUTE, actor=actor, at=at)


def note_found(number: PhoneNumber, *, actor: Actor, at: datetime) -> Fact | None:
    """What a refresh found about where an enabled number's texts go: set in memory, and told."""
    if not number.is_enabled:
        return None
    comes = not missing(number, number.twilio)
    if comes == (number.in_service_at is not None):
        return None
    number.in_service_at = at if comes else None
    type, summary = (
        ("number.in_service", _IN_SERVICE)
        if comes
        else ("number.goes_elsewhere", "Somebody at Twilio has sent its texts elsewhere.")
    )
    return Fact(
        type,
        account_id=number.account_id,
        subject=number.about,
        summary=summary,
        actor=actor,
        at=at,
    )


def conclude(number: PhoneNumber, *, actor: Actor, at: datetime) -> None:
    """Note on a locked number what Twilio has confirmed; its record is stored already."""
    if number.is_enabled and not missing(number, number.twilio):
        for mark in (WANTED, _STANDS):
            number.before_service.pop(mark, None)
        is_news, number.in_service_at = number.in_service_at is None, number.in_service_at or at
        number.save(update_fields=["in_service_at", "before_service"])
        if is_news:
            tell(number, "number.in_service", _IN_SERVICE, actor=actor, at=at)
    elif number.state == NumberState.EXCLUDED and number.before_service:
        stays = comes_here(number, number.twilio)
        number.before_service = {}
        number.save(update_fields=["before_service"])
        if not stays:
            tell(
                number, "number.handed_back", "At Twilio its texts go where they went before.",
                actor=actor, at=at,
            )  # fmt: skip
