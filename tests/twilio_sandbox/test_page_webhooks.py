"""Webhooks and alerts in the rehearsal room: what programs were told, and what they answered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.hooks import send_webhook
from tests.twilio_sandbox.receiver import Receiver, Reply
from tests.twilio_sandbox.visitor import Visitor

pytestmark = pytest.mark.process


@pytest.fixture
def visitor(sandbox: SandboxProcess) -> Visitor:
    return Visitor(sandbox.url)


@pytest.fixture
def program() -> Iterator[Receiver]:
    with Receiver() as receiver:
        receiver.on("/good", "<Response/>")
        receiver.on("/bad", Reply(500, "<b>Out of order</b>"))
        yield receiver


def test_there_is_no_webhook_at_first(visitor: Visitor) -> None:
    assert "No webhooks yet" in visitor.open("room/webhooks").text


def test_webhooks_are_listed_and_filtered_by_what_became_of_them(
    sandbox: SandboxProcess, visitor: Visitor, program: Receiver
) -> None:
    send_webhook(sandbox, f"{program.url}/good")
    send_webhook(sandbox, f"{program.url}/bad")

    def shown(query: str) -> list[bool]:
        text = visitor.open(f"room/webhooks{query}").text
        return [f"POST {program.url}/{path}" in text for path in ("good", "bad")]

    assert shown("") == [True, True]
    assert shown("?state=failed") == [False, True]
    assert shown("?state=delivered") == [True, False]
    assert shown("?state=pending") == [False, False]
    assert "No webhook matches" in visitor.page.text


def test_a_webhook_shows_what_was_sent_and_each_answer(
    sandbox: SandboxProcess, visitor: Visitor, program: Receiver
) -> None:
    send_webhook(sandbox, f"{program.url}/bad", f"{program.url}/good")
    hook = sandbox.control("GET", "webhooks")["webhooks"][0]

    text = visitor.open(f"room/webhooks/{hook['sid']}").text

    assert "Body Hello" in text
    assert program.received[0].headers["X-Twilio-Signature"] in text
    assert "Answered 500" in text
    assert "<b>Out of order</b>" in text
    assert "Answered 200 (fallback)" in text


def test_a_webhook_is_sent_again_with_its_token(
    sandbox: SandboxProcess, visitor: Visitor, program: Receiver
) -> None:
    send_webhook(sandbox, f"{program.url}/good")
    hook = sandbox.control("GET", "webhooks")["webhooks"][0]
    visitor.open(f"room/webhooks/{hook['sid']}")

    visitor.submit("send-again")

    tokens = {each.headers["I-Twilio-Idempotency-Token"] for each in program.received}
    assert (len(program.received), len(tokens)) == (2, 1)
    assert visitor.told("It was sent again")


def test_a_webhook_that_failed_is_an_alert(
    sandbox: SandboxProcess, visitor: Visitor, program: Receiver
) -> None:
    assert "No alerts" in visitor.open("room/alerts").text
    send_webhook(sandbox, f"{program.url}/bad")

    text = visitor.open("room/alerts").text

    assert "11200" in text
    assert f"{program.url}/bad" in text
    assert "Webhooks failed 1" in visitor.open("").text
