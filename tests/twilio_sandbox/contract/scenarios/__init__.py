"""A scenario for every operation that Twilio's documents have."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from tests.twilio_sandbox.contract.scenes import REFUSED, SCENARIOS, Exchange, Scene, key, name
from twilio_sandbox.operations import Operation

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")


def missing(operations: list[Operation]) -> list[str]:
    """The operations that no scenario drives."""
    return [name(each) for each in operations if key(each) not in SCENARIOS]


def play(scene: Scene, operation: Operation) -> list[Exchange]:
    """Run the scenario of the operation; what went over the wire for it, at least one success."""
    try:
        SCENARIOS[key(operation)](scene)
    finally:
        scene.transport.close()
    found = scene.of(operation)
    assert any(each.status < 300 for each in found) is (key(operation) not in REFUSED)
    return found
