"""Every operation the stand-in knows, and how a path finds its own."""

from __future__ import annotations

import re

from twilio_sandbox import accounts, available, inventory
from twilio_sandbox.holdings import addresses, applications
from twilio_sandbox.identity import auth_tokens, keys
from twilio_sandbox.messaging import api as messaging
from twilio_sandbox.monitor import api as monitor
from twilio_sandbox.operations import Operation
from twilio_sandbox.porting import configuration, documents, port_ins, portability
from twilio_sandbox.usage import records as usage
from twilio_sandbox.voice import api as voice

OPERATIONS: list[Operation] = [
    *accounts.OPERATIONS,
    *inventory.OPERATIONS,
    *available.OPERATIONS,
    *addresses.OPERATIONS,
    *applications.OPERATIONS,
    *keys.OPERATIONS,
    *auth_tokens.OPERATIONS,
    *usage.OPERATIONS,
    *monitor.OPERATIONS,
    *messaging.OPERATIONS,
    *portability.OPERATIONS,
    *documents.OPERATIONS,
    *port_ins.OPERATIONS,
    *configuration.OPERATIONS,
    *voice.OPERATIONS,
]


def _pattern(operation: Operation) -> re.Pattern[str]:
    parts = re.split(r"(\{\w+\})", f"/{operation.host}{operation.path}")
    return re.compile(
        "".join(
            f"(?P<{part[1:-1]}>[^/]+?)" if part.startswith("{") else re.escape(part)
            for part in parts
        )
    )


def _table() -> list[tuple[re.Pattern[str], dict[str, Operation]]]:
    """Patterns with their operations by method; literal paths come before those with a name."""
    by_path: dict[tuple[str, str], dict[str, Operation]] = {}
    for operation in OPERATIONS:
        by_path.setdefault((operation.host, operation.path), {})[operation.method] = operation
    ordered = sorted(by_path.values(), key=lambda row: next(iter(row.values())).path.count("{"))
    return [(_pattern(next(iter(row.values()))), row) for row in ordered]


_TABLE = _table()


def find(path: str) -> tuple[dict[str, Operation], dict[str, str]] | None:
    """The operations of a path by method, and the parts of the path by name."""
    for pattern, row in _TABLE:
        if match := pattern.fullmatch(path):
            return row, match.groupdict()
    return None
