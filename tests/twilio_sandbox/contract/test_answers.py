"""The official client drives every operation, and each answer is as Twilio's documents say."""

from __future__ import annotations

import json

import pytest

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.contract import comparison, documents, scenarios, scenes
from tests.twilio_sandbox.contract.scenes import Scene
from twilio_sandbox.operations import Operation
from twilio_sandbox.routes import OPERATIONS

pytestmark = pytest.mark.process

TABLE = [operation for operation in OPERATIONS if operation.documented]


def test_every_operation_has_a_scenario() -> None:
    assert scenarios.missing(TABLE) == []


@pytest.mark.parametrize("operation", TABLE, ids=scenes.name)
def test_answers_are_as_documented(sandbox: SandboxProcess, operation: Operation) -> None:
    exchanges = scenarios.play(Scene(sandbox), operation)
    documents.needed()

    answered = documents.of(operation).answered
    for exchange in exchanges:
        if exchange.status >= 400:
            assert comparison.is_refusal(exchange)
            continue
        assert exchange.status in answered, exchange.text
        expected = answered[exchange.status]
        if expected is None:
            assert exchange.text == ""
            continue
        answer = json.loads(exchange.text)
        assert comparison.deviations(answer, expected) == []
        assert comparison.differences(answer, expected) == []
