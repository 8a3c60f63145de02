"""What ``check --deploy`` says about an installation's settings beyond Django's own checks."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register
from django.http.request import validate_host

#: Mail backends that hand nothing to a mail server.
NO_MAIL = {"django.core.mail.backends.console.EmailBackend"}


@register(Tags.security, deploy=True)
def fit_for_customers(**_: Any) -> list[CheckMessage]:
    """Settings that work on a laptop and harm in production."""
    found: list[CheckMessage] = []
    if settings.EMAIL_BACKEND in NO_MAIL:
        found.append(
            Warning(
                "Mail is printed instead of sent, and with it links that set passwords.",
                hint="Set EMAIL_URL.",
                id="numberdesk.W001",
            )
        )
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    if not validate_host(host, settings.ALLOWED_HOSTS):
        found.append(
            Warning(
                f"PUBLIC_URL leads to {host}, which is not in ALLOWED_HOSTS.",
                hint="Links in mails would be answered with 400.",
                id="numberdesk.W002",
            )
        )
    if settings.TWILIO_BASE_URL:
        found.append(
            Warning(
                "TWILIO_BASE_URL sends every call, with its token, elsewhere than to Twilio.",
                hint="Leave it unset, except with the stand-in.",
                id="numberdesk.W003",
            )
        )
    return found
