"""Alerts are written where something goes wrong; reading them is `api`'s."""

from __future__ import annotations

from urllib.parse import urlencode

from twilio_sandbox.monitor.rows import Alert
from twilio_sandbox.webhooks.rows import Webhook
from twilio_sandbox.world import World

WARNINGS = frozenset({12200, 15003})  # the other codes are errors


def add(
    world: World,
    account_sid: str,
    error_code: int,
    text: str,
    *,
    resource_sid: str = "",
    hook: Webhook | None = None,
) -> Alert:
    """Note that something went wrong; `hook` is the webhook at which it did."""
    alert = Alert(
        *world.stamp("NO", account_sid),
        error_code=error_code,
        log_level="warning" if error_code in WARNINGS else "error",
        text=text,
        resource_sid=resource_sid,
    )
    if hook is not None:
        alert.resource_sid = resource_sid or hook.subject_sid
        alert.request_method, alert.request_url = hook.method, hook.url
        alert.request_variables = urlencode([(name, value) for name, value in hook.form or []])
        if hook.attempts:
            alert.response_body = hook.attempts[-1]["body"]
    return world.alerts.add(alert)
