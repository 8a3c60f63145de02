"""What Twilio's documents do not allow is refused, in Twilio's error shape."""

from __future__ import annotations

import pytest

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.contract import comparison, documents, mistakes, scenarios, scenes
from tests.twilio_sandbox.contract.scenes import Exchange, Recorder, Scene
from twilio_sandbox.operations import Operation
from twilio_sandbox.routes import OPERATIONS

pytestmark = pytest.mark.process

TABLE = [operation for operation in OPERATIONS if operation.documented]


@pytest.mark.parametrize("operation", TABLE, ids=scenes.name)
def test_what_is_not_allowed_is_refused(sandbox: SandboxProcess, operation: Operation) -> None:
    """Every mistake is made right before the request that the scenario makes, which then works:
    so the mistake is what was refused, and it changed nothing."""
    documents.needed()
    every = [each for asked in documents.of(operation).asked for each in mistakes.of(asked)]
    made: dict[str, Exchange] = {}

    def make_mistakes(transport: Recorder, right: Exchange) -> None:
        if right.operation is operation and not made:
            for mistake in every:
                made[str(mistake)] = mistake.made_in(right, operation)
                transport.send(made[str(mistake)])

    scenarios.play(Scene(sandbox, make_mistakes), operation)

    accepted = {
        mistake: exchange.text[:200] or exchange.status
        for mistake, exchange in made.items()
        if not comparison.is_refusal(exchange)
    }
    assert accepted == {}
