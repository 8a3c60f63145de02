"""A webhook of the sandbox that nothing else has to happen for."""

from __future__ import annotations

from dataclasses import asdict

from tests.sandbox_process import SandboxProcess
from twilio_sandbox.webhooks.rows import Webhook


def send_webhook(sandbox: SandboxProcess, url: str, fallback_url: str | None = None) -> None:
    """Let Acme's account send one to `url`, and wait for what comes of it."""
    world = sandbox.control("GET", "world")
    world["sequence"] += 1
    hook = Webhook(
        f"WH{world['sequence']:032x}",
        sandbox.acme_sid,
        world["sequence"],
        0.0,
        0.0,
        kind="sms.inbound",
        method="POST",
        url=url,
        fallback_method="POST",
        fallback_url=fallback_url,
        form=[["Body", "Hello"]],
        json=None,
        signer_sid=sandbox.acme_sid,
        idempotency_token="0" * 32,
        subject_sid="SM" + "1" * 32,
        then=None,
        args={},
    )
    world["tables"]["webhooks"].append(list(asdict(hook).values()))
    sandbox.control("POST", "world", world)
    sandbox.control("POST", "settle")
