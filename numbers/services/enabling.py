"""Putting a number to work: what it offers, enabling it, disabling it (S4-13, S4-25 to S4-52).

The decision counts at once; Twilio is told by a task.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.actor import Actor
from accounts.services.events import tell
from accounts.states import Permission
from config.errors import Invalid, refuse
from numbers import gates, routes
from numbers.models import PhoneNumber
from numbers.previous import mark_differing
from numbers.states import TaskKind

from .lifecycle import lock_number, lock_rows, standing_of
from .release import drop_tasks
from .routing import keep, remember, tell_again, tell_twilio

_KEY_BYTES = 16


@transaction.atomic
def choose_services(number_id: int, *, texts: bool, actor: Actor, at: datetime) -> PhoneNumber:
    """Say what the number offers while it is enabled (S4-13, S4-23). Raises ``Blocked``."""
    actor.require(Permission.NUMBERS)
    number = lock_rows([number_id])[0]
    refuse(gates.choose_services(number, texts=texts))
    if number.texts == texts:
        return number
    number.texts = texts
    number.save(update_fields=["texts"])
    tell(
        number,
        "number.services_chosen",
        "Offers texts while it is enabled." if texts else "Offers no texts any more.",
        actor=actor,
        at=at,
        before={"texts": not texts},
        after={"texts": texts},
    )
    return number


def check_services(account_id: int, params: Mapping[str, Any]) -> dict[str, Any]:
    """What a choice for many says. Raises ``Invalid``."""
    if not isinstance(params.get("texts"), bool):
        raise Invalid({"texts": ["Say whether they offer texts."]})
    return {"texts": params["texts"]}


@transaction.atomic
def enable(number_id: int, *, actor: Actor, at: datetime) -> PhoneNumber:
    """Let the number be answered from now on, and have Twilio send its texts here (S4-42 to S4-48).

    The settings at Twilio that are not ours are kept, to be put back. Raises ``Blocked``.
    """
    actor.require(Permission.NUMBERS)
    number, subscription = lock_number(number_id)
    if number.agent_id is not None:  # one that is paused at this moment is so before or after
        number.agent = number.account.agents.select_for_update().get(pk=number.agent_id)
    standing = standing_of(subscription, at)
    refuse(gates.enable(number, standing, enabled=gates.count_enabled(number.account, standing)))
    begin_service(number, actor=actor, at=at)
    there, wanted = routes.routes_of(number.twilio), routes.missing(number, number.twilio)
    tell(
        number,
        "number.enabled",
        "Enabled: texts to it are answered from now on.",
        actor=actor,
        at=at,
        before={"answered": False} | {name: there[name] for name in wanted},
        after={"answered": True} | wanted,
    )
    return number


def begin_service(number: PhoneNumber, *, actor: Actor, at: datetime) -> None:
    """Enable a locked number whose gates are open, and queue what Twilio is told."""
    number.hook_key = number.hook_key or secrets.token_hex(_KEY_BYTES)
    number.enabled_at = at
    number.save(update_fields=["hook_key", "enabled_at"])
    remember(number)
    _take_over_from_restore(number)
    mark_differing(number, at=at)  # by what is kept as well
    number.save(update_fields=["differs_since"])
    tell_twilio(number, actor=actor, at=at)


def _take_over_from_restore(number: PhoneNumber) -> None:
    """Settings of a restore that Twilio has not got yet: where texts went is kept, not written."""
    waiting = number.carrier_tasks.unfinished().filter(kind=TaskKind.PUT_BACK).first()
    if waiting is None:
        return
    keep(number, {**number.twilio, **waiting.settings})
    waiting.settings = {
        name: value for name, value in waiting.settings.items() if name not in routes.TEXT_ROUTES
    }
    waiting.save(update_fields=["settings"])


@transaction.atomic
def disable(number_id: int, *, actor: Actor, at: datetime) -> PhoneNumber:
    """Stop answering at once; what is configured stays, and so does Twilio (S4-49 to S4-52).

    Texts still come here and are kept, so that nobody is sent to who answered before. Raises
    ``Blocked``.
    """
    actor.require(Permission.NUMBERS)
    number = lock_rows([number_id])[0]
    refuse(gates.disable(number))
    end_service(number, at=at)
    tell(
        number,
        "number.disabled",
        "Disabled: it is not answered any more.",
        actor=actor,
        at=at,
        before={"answered": True},
        after={"answered": False},
    )
    return number


def end_service(number: PhoneNumber, *, at: datetime) -> None:
    """Disable a locked number; what Twilio has not been told yet, it is not told any more."""
    number.enabled_at = number.in_service_at = None
    mark_differing(number, at=at)
    number.save(update_fields=["enabled_at", "in_service_at", "differs_since"])
    waiting = number.carrier_tasks.unfinished().unclaimed(at).filter(kind=TaskKind.ROUTE)
    drop_tasks(waiting, at=at)


@transaction.atomic
def send_here_again(number_id: int, *, actor: Actor, at: datetime) -> PhoneNumber:
    """Have Twilio send the texts here again after somebody has changed that there (B5).

    What is there now is written over, and stays on the timeline; what was there before the service
    is kept, to be put back. Raises ``Blocked``.
    """
    actor.require(Permission.NUMBERS)
    number = lock_rows([number_id])[0]
    refuse(gates.send_here_again(number))
    there, wanted = routes.routes_of(number.twilio), routes.missing(number, number.twilio)
    tell_again(number, actor=actor, at=at)
    tell(
        number,
        "number.asked_here_again",
        "Twilio is asked to send its texts here again.",
        actor=actor,
        at=at,
        before={name: there[name] for name in wanted},
        after=wanted,
    )
    return number
