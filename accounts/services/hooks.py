"""Calls from outside (Twilio, a payment provider, an agent's task): handled once, answered alike.

An app registers a ``Hook`` in its ``AppConfig.ready``; ``accounts/hooks.py`` is the one door for
all of them. The order is always the same: who calls is proven, the delivery is stored under the
caller's idempotency key and committed, the handler acts, and the answer is stored in the
transaction in which it acted. So a process killed between any two of these steps loses nothing and
does nothing twice: the caller's repeat finds the answer, or a delivery that is still to be handled.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from accounts import actors
from accounts.actor import Actor
from accounts.models import HookDelivery
from accounts.states import DeliveryState, Permission
from config.errors import DomainError, NotDue

from .support import note, require_support

logger = logging.getLogger(__name__)

LONGEST_KEY = 200


class StillFails(DomainError):
    """What could not be handled when it came cannot be handled now either."""

    code = "hook_still_fails"


@dataclass(frozen=True)
class Incoming:
    """A call as it came, before anything of it is believed.

    ``url`` is the whole address as the caller knows it, which is what signatures cover; ``address``
    is what follows the hook's own address. Names of ``headers`` are compared in any case.
    """

    url: str
    address: str
    headers: Mapping[str, str]
    content_type: str
    body: bytes
    request_id: str = ""


@dataclass(frozen=True)
class Caller:
    """Who was proven to call: for which account, and the caller's own key for this delivery.

    Without a ``key`` the delivery is known by its address and its body. ``about`` is what was read
    to prove it, so that the handler need not read it again.
    """

    account_id: int
    key: str = ""
    about: Any = None


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: str = ""
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Hook:
    """What an app does with the calls of one source.

    ``verify`` proves who calls (a signature; where the caller signs nothing, a secret in the
    address) and returns None for anybody else; it only reads. ``handle`` is a service: it acts
    in the transaction that it is called in, with the few ``permissions`` that it needs, and asks
    nobody over the network. It gets the delivery, the actor, the time, and ``Caller.about``, which
    is None for a delivery that is run again. ``on_failure`` is what the caller hears when
    ``handle`` raised. ``methods`` are the ones it may be called with: a GET says everything in its
    address.
    """

    source: str
    label: str
    verify: Callable[[Incoming], Caller | None]
    handle: Callable[[HookDelivery, Actor, datetime, Any], Answer]
    permissions: frozenset[Permission] = frozenset()
    on_failure: Answer = field(default_factory=lambda: Answer(500, "Try again later."))
    methods: tuple[str, ...] = ("POST",)


HOOKS: dict[str, Hook] = {}


def register(hook: Hook) -> None:
    """Let ``hook`` be called at ``/hooks/<source>/…``. Raises ``ValueError`` for one in use."""
    if hook.source in HOOKS:
        raise ValueError(f"There is a hook for {hook.source} already.")
    HOOKS[hook.source] = hook


def receive(hook: Hook, incoming: Incoming, caller: Caller, *, at: datetime) -> Answer:
    """Store the call of a proven caller, handle it unless that was done before, and answer.

    A repeat gets the first one's answer. A handler that raises leaves a delivery that people can
    see, and that the caller's repeat or ``run_again`` handles.
    """
    delivery = _store(hook, incoming, caller, at=at)
    try:
        return _handle(hook, delivery, caller.about, at=at)
    except Exception as error:
        logger.exception("hook %s: delivery %s failed", hook.source, delivery.pk)
        _note_failure(delivery, error)
        return hook.on_failure


def _store(hook: Hook, incoming: Incoming, caller: Caller, *, at: datetime) -> HookDelivery:
    """The delivery; the unique constraint decides between deliveries at the same instant."""
    which = {"account_id": caller.account_id, "source": hook.source, "key": _key(incoming, caller)}
    delivery = HookDelivery(
        **which,
        address=incoming.address,
        content_type=incoming.content_type[:100],
        body=incoming.body,
        request_id=incoming.request_id,
        received_at=at,
    )
    try:
        with transaction.atomic():
            delivery.save(force_insert=True)
    except IntegrityError:
        return HookDelivery.objects.get(**which)
    return delivery


def _key(incoming: Incoming, caller: Caller) -> str:
    """What a repeat has in common with the first call, and no other call has."""
    if not caller.key:
        return _digest(incoming)
    if len(caller.key) > LONGEST_KEY:  # cut off, it would be the key of others, too
        return sha256(caller.key.encode()).hexdigest()
    return caller.key


def _digest(incoming: Incoming) -> str:
    return sha256(incoming.address.encode() + b"\0" + incoming.body).hexdigest()


@transaction.atomic
def _handle(hook: Hook, delivery: HookDelivery, about: Any, *, at: datetime) -> Answer:
    """Act and store the answer, as one step; a delivery that has an answer only gives it again."""
    mine = HookDelivery.objects.filter(pk=delivery.pk)
    if not mine.unhandled().update(attempts=F("attempts") + 1):  # else it is held until commit
        return _stored(mine.get())
    actor = actors.carrier(
        delivery.account_id,
        label=hook.label,
        permissions=frozenset(hook.permissions),
        request_id=delivery.request_id,
    )
    answer = hook.handle(delivery, actor, at, about)
    mine.update(
        state=DeliveryState.ANSWERED,
        answered_at=at,
        error="",
        answer_status=answer.status,
        answer_type=answer.content_type,
        answer_body=answer.body,
    )
    return answer


def _stored(delivery: HookDelivery) -> Answer:
    return Answer(delivery.answer_status or 200, delivery.answer_body, delivery.answer_type)


def _note_failure(delivery: HookDelivery, error: Exception) -> None:
    """Say what kind of error it was; its text may hold what nobody should read here."""
    HookDelivery.objects.unhandled().filter(pk=delivery.pk).update(
        state=DeliveryState.FAILED, error=type(error).__name__, attempts=F("attempts") + 1
    )


def run_again(delivery_id: int, *, actor: Actor, at: datetime) -> Answer:
    """Let support handle what could not be handled when it came (with ``actor.reason``).

    The handler acts as the caller, as it would have then. Raises ``Forbidden``, ``StillFails``, and
    ``NotDue`` for a delivery that was answered, or whose hook is no longer there.
    """
    require_support(actor)
    delivery = HookDelivery.objects.select_related("account").get(pk=delivery_id)
    hook = HOOKS.get(delivery.source)
    if hook is None:
        raise NotDue("Nothing here handles calls of this source any more.")
    try:
        return _handled_for_support(hook, delivery, actor=actor, at=at)
    except DomainError:
        raise
    except Exception as error:
        logger.exception("hook %s: delivery %s failed again", hook.source, delivery_id)
        _note_failure(delivery, error)
        raise StillFails(f"It could not be handled again: {type(error).__name__}.") from error


@transaction.atomic
def _handled_for_support(
    hook: Hook, delivery: HookDelivery, *, actor: Actor, at: datetime
) -> Answer:
    if not HookDelivery.objects.select_for_update().unhandled().filter(pk=delivery.pk):
        raise NotDue("This delivery has been handled.")
    note(
        delivery.account_id,
        subject=("account", delivery.account_id, delivery.account.name),
        summary=f"A call of {hook.label} that could not be handled was run again.",
        actor=actor,
        at=at,
    )
    return _handle(hook, delivery, None, at=at)
