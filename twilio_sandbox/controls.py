"""What the rooms add to the control API: the state of their things, and what people do to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from twilio_sandbox.errors import ControlError
from twilio_sandbox.switches import SWITCHES
from twilio_sandbox.webhooks.rows import PENDING
from twilio_sandbox.world import Account, World

Body = dict[str, Any]
Answer = tuple[int, Any]

SHOWN = 200  # webhooks of an answer


@dataclass(frozen=True, slots=True)
class ControlCall:
    """A call under `/_sandbox`: `path` is a pattern whose groups are the handler's arguments.

    The handler is called with the world, whose lock is held, and the JSON body.
    """

    method: str
    path: str
    handler: Callable[..., Answer]


def find_account(world: World, sid: str) -> Account:
    try:
        return world.accounts[sid]
    except KeyError:
        raise ControlError(404, f"there is no account {sid}") from None


def list_switches(world: World, body: Body) -> Answer:
    return 200, {
        "switches": [
            {
                "name": name,
                "question": switch.question,
                "options": switch.options,
                "source": switch.source,
                "value": world.switch(name),
            }
            for name, switch in SWITCHES.items()
        ]
    }


def set_switches(world: World, body: Body) -> Answer:
    """`{"page_size_above_maximum": "capped"}`; all or none."""
    for name, value in body.items():
        if name not in SWITCHES:
            raise ControlError(400, f"there is no switch {name}")
        if value not in SWITCHES[name].options:
            raise ControlError(400, f"{name} must be one of {', '.join(SWITCHES[name].options)}")
    world.switches.update(body)
    world.touch()
    return list_switches(world, {})


def list_webhooks(world: World, body: Body) -> Answer:
    """The last ones, newest first, with every attempt and the answer it got."""
    newest = list(world.webhooks.values())[: -SHOWN - 1 : -1]
    return 200, {"total": len(world.webhooks), "webhooks": [asdict(hook) for hook in newest]}


def send_again(world: World, body: Body, sid: str) -> Answer:
    """The same webhook once more, with its idempotency token; what followed from it does not."""
    hook = world.webhooks.get(sid)
    if hook is None:
        raise ControlError(404, f"there is no webhook {sid}")
    if hook.state == PENDING:
        raise ControlError(409, f"{sid} is on its way")
    world.outgoing.append(sid)
    world.wake()
    return 202, {"sid": sid}


CONTROLS = [
    ControlCall("GET", "/switches", list_switches),
    ControlCall("POST", "/switches", set_switches),
    ControlCall("GET", "/webhooks", list_webhooks),
    ControlCall("POST", "/webhooks/(?P<sid>[^/]+)/send-again", send_again),
]
