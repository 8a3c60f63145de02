"""People who call Acme's numbers, and the program that answers them."""

from __future__ import annotations

from typing import Any

from twilio.rest import Client

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.receiver import Answer, Received, Receiver, Reply

NUMBER, CALLER = "+16175550123", "+14155550199"


def twiml(*verbs: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{"".join(verbs)}</Response>'


def answering(
    sandbox: SandboxProcess, program: Receiver, answer: Answer | Reply | str, **settings: Any
) -> str:
    """Give Acme a number whose voice URL answers so; returns the number."""
    voice_url = program.on("/voice", answer)
    number = {"phone_number": NUMBER, "voice_url": voice_url, **settings}
    sandbox.add_numbers(numbers=[number])
    return NUMBER


def call(sandbox: SandboxProcess, **options: Any) -> dict[str, Any]:
    """A call to `NUMBER`, when what follows from it at once has happened."""
    body = {"from": CALLER, "to": NUMBER, "script": [], **options}
    made: dict[str, Any] = sandbox.control("POST", "calls?settle=1", body)
    return made


def shown(sandbox: SandboxProcess, sid: str) -> dict[str, Any]:
    """The call as the control API shows it now."""
    found: dict[str, Any] = sandbox.control("GET", f"calls/{sid}")
    return found


def lines(sandbox: SandboxProcess, sid: str) -> list[tuple[str, str, str]]:
    """(side, kind, text) of what was to be heard."""
    return [(x["side"], x["kind"], x["text"]) for x in shown(sandbox, sid)["heard"]]


def last(program: Receiver, path: str) -> Received:
    return program.at(path)[-1]


def pass_time(sandbox: SandboxProcess, **by: float) -> None:
    """Let what is under way arrive, then move the clock and let happen what it passes."""
    sandbox.control("POST", "settle")
    sandbox.forward(**by)


def codes(client: Client) -> list[int]:
    """The error codes of the account's alerts."""
    return [int(alert.error_code) for alert in client.monitor.v1.alerts.list()]
