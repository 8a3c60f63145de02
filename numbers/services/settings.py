"""What becomes of settings that a number had at Twilio before it left: put back, or left alone.

An import only reads, so when it finds a number again it offers them; a person decides.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.actor import Actor
from accounts.services.events import tell
from accounts.states import Permission
from config.errors import refuse
from numbers import gates
from numbers.models import PhoneNumber
from numbers.previous import kept_instead, offered, settings_of
from numbers.states import TaskKind

from .lifecycle import lock_rows
from .release import queue_task
from .routing import keep_instead


@transaction.atomic
def put_settings_back(number_id: int, *, actor: Actor, at: datetime) -> PhoneNumber:
    """Write the settings that the number had before it left over those at Twilio, by a task.

    Only those that differ are written. Where the texts of an enabled number went is kept instead,
    for when it is excluded (decision 41). Raises ``Blocked``.
    """
    actor.require(Permission.NUMBERS)
    number = lock_rows([number_id])[0]
    refuse(gates.put_settings_back(number))
    wanted, current = offered(number), settings_of(number)
    if kept := kept_instead(number):
        keep_instead(number, number.before_release["settings"])
    if wanted:
        queue_task(number, TaskKind.PUT_BACK, actor=actor, at=at, settings=wanted)
    _take_offer_away(number)
    tell(
        number,
        "number.settings_asked_back",
        "Settings from before are put back at Twilio."
        if wanted
        else "Where its texts went before is kept for when it is excluded.",
        actor=actor,
        at=at,
        before={name: current.get(name) for name in wanted},
        after=wanted,
        data={"kept_for_exclusion": kept} if kept else {},
    )
    return number


@transaction.atomic
def leave_settings(number_id: int, *, actor: Actor, at: datetime) -> PhoneNumber:
    """Leave the settings at Twilio as they are, and forget the others. Raises ``Blocked``."""
    actor.require(Permission.NUMBERS)
    number = lock_rows([number_id])[0]
    refuse(gates.leave_settings(number))
    forgotten = offered(number) | kept_instead(number)
    _take_offer_away(number)
    tell(
        number,
        "number.settings_left",
        "Settings at Twilio are left as they are.",
        actor=actor,
        at=at,
        data={"forgotten": forgotten},
    )
    return number


def _take_offer_away(number: PhoneNumber) -> None:
    number.before_release = {}
    number.save(update_fields=["before_release"])
