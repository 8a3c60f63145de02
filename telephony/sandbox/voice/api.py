"""Every operation about calls."""

from __future__ import annotations

from telephony.sandbox.operations import ACCOUNT, Operation
from telephony.sandbox.voice import gather, resources, verbs

_ALL, _ONE = f"{ACCOUNT}/Calls.json", f"{ACCOUNT}/Calls/{{Sid}}.json"
OPERATIONS: list[Operation] = [
    Operation("GET", "api", _ALL, resources.list_calls, resources.FILTERS),
    Operation("GET", "api", _ONE, resources.fetch),
    Operation("DELETE", "api", _ONE, resources.delete),
]
__all__ = ["OPERATIONS", "gather", "verbs"]  # the latter carry out what programs answer
