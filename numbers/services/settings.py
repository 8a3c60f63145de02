"""What becomes of settings that a number had at Twilio before: put back, or left alone.

An import only reads, so when it finds a number again with other ones, or finds that somebody has
changed them, it offers those from before; a person decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db import transaction

from accounts.actor import Actor
from accounts.services.events import tell
from accounts.states import Permission
from config.errors import NotDue, refuse
from config.text import name_in_words
from numbers import gates
from numbers.models import PhoneNumber
from numbers.previous import (
    CHANGED,
    differing,
    hidden,
    kept_instead,
    mark_differing,
    offered,
    seal_of,
    settings_of,
    written_back,
)
from numbers.states import TaskKind, TaskState

from .lifecycle import OFFER_FIELDS, lock_rows
from .release import queue_task
from .routing import keep_instead


@transaction.atomic
def put_settings_back(
    number_id: int, *, actor: Actor, at: datetime, seal: str | None = None
) -> PhoneNumber:
    """Write the settings that the number had before over those at Twilio, by a task.

    Just what the plan shows is written: those that differ, with those of an earlier click that
    Twilio has not got yet. What Twilio refused gives way to it, and is a question again. Where the
    texts of an enabled number went is kept instead, for when it is excluded (decision 41). With the
    ``seal`` of a plan, or of Twilio's record, only what that has shown. Raises ``Blocked``, and
    ``NotDue`` for something else than was shown.
    """
    actor.require(Permission.NUMBERS)
    number = lock_rows([number_id])[0]
    refuse(gates.put_settings_back(number))
    tasks, current = number.carrier_tasks, settings_of(number)
    on_their_way = tasks.settings_on_their_way().settings()
    wanted = written_back(number, on_their_way)
    if seal and seal not in (seal_of(number, on_their_way), number.fingerprint):
        now = ", ".join(name_in_words(name) for name in wanted) or "where its texts went"
        raise NotDue(
            f"{number} was changed at Twilio since this was shown, so nothing was done. Now this "
            f"would be put back: {now}. Look at it again.",
            code="not_as_shown",
        )
    refused = tasks.refused_settings().settings() if wanted else {}
    if kept := kept_instead(number):
        keep_instead(number, number.before_release["settings"])
    if wanted:
        queue_task(number, TaskKind.PUT_BACK, actor=actor, at=at, settings=wanted)
    anew = {name: value for name, value in refused.items() if name not in wanted}
    _take_offer_away(number, anew, with_texts=bool(kept), at=at)
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
    """Leave the settings at Twilio as they are, and forget the others.

    Those that Twilio has refused to write are forgotten as well. Raises ``Blocked``.
    """
    actor.require(Permission.NUMBERS)
    number = lock_rows([number_id])[0]
    refuse(gates.leave_settings(number))
    refused = number.carrier_tasks.refused_settings()
    given_up = [task.settings for task in refused]
    kept = kept_instead(number)
    forgotten = reduce(or_, given_up, offered(number) | kept)
    refused.update(state=TaskState.DROPPED, finished_at=at)
    _take_offer_away(number, {}, with_texts=bool(kept), at=at)
    tell(
        number,
        "number.settings_left",
        "Settings at Twilio are left as they are.",
        actor=actor,
        at=at,
        data={"forgotten": forgotten},
    )
    return number


def _take_offer_away(
    number: PhoneNumber, anew: Mapping[str, Any], *, with_texts: bool, at: datetime
) -> None:
    """Ask no more about what was shown; what nobody was asked about stays, and ``anew`` comes."""
    left = anew if with_texts else {**hidden(number), **anew}
    left = differing(number, left)
    number.before_release, number.differs_since = {CHANGED: left} if left else {}, None
    mark_differing(number, at=at)
    number.save(update_fields=OFFER_FIELDS)
