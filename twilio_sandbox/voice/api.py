"""Every operation about calls."""

from __future__ import annotations

from twilio_sandbox.operations import ACCOUNT, Operation
from twilio_sandbox.voice import (
    background,
    creation,
    dial,
    gather,
    live_api,
    record,
    recordings_api,
    resources,
    transcriptions_api,
    updates,
    verbs,
)

_ALL, _ONE = f"{ACCOUNT}/Calls.json", f"{ACCOUNT}/Calls/{{Sid}}.json"
OPERATIONS: list[Operation] = [
    Operation("GET", "api", _ALL, resources.list_calls, resources.FILTERS),
    Operation("POST", "api", _ALL, creation.create, creation.PARAMETERS),
    Operation("GET", "api", _ONE, resources.fetch),
    Operation("POST", "api", _ONE, updates.update, updates.PARAMETERS),
    Operation("DELETE", "api", _ONE, resources.delete),
    *recordings_api.OPERATIONS,
    *transcriptions_api.OPERATIONS,
    *live_api.OPERATIONS,
]
# The latter carry out what programs answer.
__all__ = ["OPERATIONS", "background", "dial", "gather", "record", "verbs"]
