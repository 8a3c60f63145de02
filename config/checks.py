"""What ``check`` and ``check --deploy`` say about settings, beyond Django's own checks."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import caches
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.http.request import validate_host

from config.cache import SparedRedisCache

#: Mail backends that hand nothing to a mail server.
NO_MAIL = {"django.core.mail.backends.console.EmailBackend"}
#: Seconds that a task needs for what is not Twilio's: to start, to write down, to hand over.
OUR_OWN_SECONDS = 5


@register()
def times_that_agree(**_: Any) -> list[CheckMessage]:
    """A worker that is killed at the queue's time limit was killed by these settings."""
    step, slice_ = settings.TWILIO_STEP_SECONDS, settings.JOB_SLICE_SECONDS
    limit, again = settings.Q_CLUSTER["timeout"], settings.Q_CLUSTER["retry"]
    rules = {
        f"A step may take {step:g} s (TWILIO_STEP_SECONDS) at the end of a slice of {slice_} s, "
        f"and the queue kills its task after {limit} s.": slice_ + step + OUR_OWN_SECONDS <= limit,
        f"One call to Twilio may take longer (TWILIO_RETRY_SECONDS) than the step of {step:g} s "
        "that it is part of (TWILIO_STEP_SECONDS).": step >= settings.TWILIO_RETRY_SECONDS,
        f"A step may take {step:g} s (TWILIO_STEP_SECONDS), and the job of a worker that is silent "
        "for JOB_LEASE_SECONDS is given to another.": step < settings.JOB_LEASE_SECONDS,
        f"The queue delivers a task again after {again} s while the first may run "
        f"for {limit} s.": again > 2 * limit,
    }
    return [Error(wrong, id="numberdesk.E001") for wrong, holds in rules.items() if not holds]


@register()
def limits_can_be_counted(**_: Any) -> list[CheckMessage]:
    """What ``CACHE_URL`` names is reached later, and does not have to answer; it has to be one."""
    cache = caches["default"]
    if not isinstance(cache, SparedRedisCache):
        return []
    try:
        cache.prepare()
    except (ImportError, TypeError, ValueError) as error:
        message = f"CACHE_URL cannot be used: {error}."
        hint = "Install the package redis, and write redis://host:6379/1 (docs/operations.md)."
        return [Error(message, hint=hint, id="numberdesk.E002")]
    return []


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
    if settings.OIDC_ISSUER and not settings.OIDC_ISSUER.startswith("https://"):
        found.append(
            Warning(
                "OIDC_ISSUER is no https:// address: on the way anybody can say who signs in.",
                hint="Name the provider's https:// address.",
                id="numberdesk.W004",
            )
        )
    return found
