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
from typing import NamedTuple

from django.db import transaction
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

    Without a ``key`` the delivery is known by its address and its body.
    """

    account_id: int
    key: str = ""


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
    nobody over the network. ``on_failure`` is what the caller hears when ``handle`` raised.
    ``methods`` are the ones it may be called with: a GET says everything in its address.
    """

    source: str
    label: str
    verify: Callable[[Incoming], Caller | None]
    handle: Callable[[HookDelivery, Actor, datetime], Answer]
    permissions: frozenset[Permission] = frozenset()
    on_failure: Answer = field(default_factory=lambda: Answer(500, "Try again later."))
    methods: tuple[str, ...] = ("POST",)


class Stored(NamedTuple):
    """Tells a delivery from all others."""

    account_id: int
    source: str
    key: str


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
    which = _store(hook, incoming, caller, at=at)
    try:
        return _handle(hook, which, at=at)
    except Exception as error:
        logger.exception("hook %s: a delivery failed", hook.source)
        _note_failure(which, error)
        return hook.on_failure


def _store(hook: Hook, incoming: Incoming, caller: Caller, *, at: datetime) -> Stored:
    """Which delivery it is, in one statement: the unique constraint decides between deliveries at
    the same instant, and lets a repeat be."""
    which = Stored(caller.account_id, hook.source, _key(incoming, caller))
    delivery = HookDelivery(
        **which._asdict(),
        address=incoming.address,
        content_type=incoming.content_type[:100],
        body=incoming.body,
        request_id=incoming.request_id,
        received_at=at,
    )
    HookDelivery.objects.bulk_create([delivery], ignore_conflicts=True)
    return which


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
def _handle(hook: Hook, which: Stored, *, at: datetime) -> Answer:
    """Act and store the answer, as one step; a delivery that has an answer only gives it again."""
    delivery = HookDelivery.objects.select_for_update().get(**which._asdict())
    if delivery.state == DeliveryState.ANSWERED:
        return _stored(delivery)
    actor = actors.carrier(
        delivery.account_id,
        label=hook.label,
        permissions=frozenset(hook.permissions),
        request_id=delivery.request_id,
    )
    answer = hook.handle(delivery, actor, at)
    delivery.state, delivery.answered_at, delivery.error = DeliveryState.ANSWERED, at, ""
    delivery.answer_status, delivery.answer_type = answer.status, answer.content_type
    delivery.answer_body = answer.body
    delivery.attempts += 1
    delivery.save(
        update_fields=[
            "state", "answered_at", "error", "answer_status", "answer_type", "answer_body",
            "attempts",
        ]
    )  # fmt: skip
    return answer


def _stored(delivery: HookDelivery) -> Answer:
    return Answer(delivery.answer_status or 200, delivery.answer_body, delivery.answer_type)


def _note_failure(which: Stored, error: Exception) -> None:
    """Say what kind of error it was; its text may hold what nobody should read here."""
    HookDelivery.objects.unhandled().filter(**which._asdict()).update(
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
        _note_failure(_which(delivery), error)
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
    return _handle(hook, _which(delivery), at=at)


def _which(delivery: HookDelivery) -> Stored:
    return Stored(delivery.account_id, delivery.source, delivery.key)
