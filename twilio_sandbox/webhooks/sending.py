"""The one door through which the stand-in tells programs something."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from twilio_sandbox.webhooks.rows import Webhook
from twilio_sandbox.world import World

KEPT = 2_000  # webhooks that the control page can still show


def send(
    world: World,
    account_sid: str,
    kind: str,
    url: str | None,
    params: Mapping[str, str] | None = None,
    *,
    body: Any = None,
    method: str = "POST",
    fallback: tuple[str, str | None] = ("POST", None),
    signer_sid: str | None = None,
    subject_sid: str = "",
    then: str | None = None,
    args: dict[str, Any] | None = None,
) -> Webhook | None:
    """Send `params` as a form, or `body` as JSON, to `url`; nothing happens without a URL.

    `kind` names it on the control page (`sms.inbound`). `fallback` is (method, URL). It is signed
    with the auth token of `signer_sid`, the account itself unless said otherwise. `then` is the
    action that gets the `courier.Outcome`, with `args`. `subject_sid` is what it is about.
    """
    if not url:
        return None
    hook = world.webhooks.add(
        Webhook(
            *world.stamp("WH", account_sid),
            kind=kind,
            method=method.upper(),
            url=url,
            fallback_method=fallback[0].upper(),
            fallback_url=fallback[1] or None,
            form=None if body is not None else [[k, v] for k, v in (params or {}).items()],
            json=None if body is None else json.dumps(body, separators=(",", ":")),
            signer_sid=signer_sid or account_sid,
            idempotency_token=str(UUID(world.new_sid(""), version=4)),
            subject_sid=subject_sid,
            then=then,
            args=args or {},
        )
    )
    world.outgoing.append(hook.sid)
    world.wake()
    _forget_the_oldest(world)
    return hook


def _forget_the_oldest(world: World) -> None:
    """Keep the last ones, and every one that is still to be sent."""
    while len(world.webhooks) > KEPT:
        oldest = next(iter(world.webhooks.values()))
        if oldest.state == "pending":
            return
        world.webhooks.remove(oldest)
