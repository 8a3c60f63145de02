"""Log lines: readable on a laptop, JSON in production, without numbers or secrets."""

from __future__ import annotations

import logging.config
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

_PHONE_NUMBER = re.compile(r"(?:\+|%2B)[1-9]\d{6,14}\b")
# Our API keys, Twilio's SIDs and tokens, the links of invitations.
_SECRET = re.compile(r"\b(nd_\w{6,}|(?:[A-Z]{2})?[0-9a-f]{32,64})\b")


def mask(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace phone numbers, tokens and SIDs in every text of a log line."""
    for name, value in event.items():
        if isinstance(value, str) and name not in ("request_id", "timestamp", "level", "logger"):
            event[name] = _SECRET.sub("[secret]", _PHONE_NUMBER.sub("[number]", value))
    return event


def identify(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Django logs refused requests after our middleware has ended; the request knows its id."""
    request = getattr(event.get("_record"), "request", None)
    if "request_id" not in event and (request_id := getattr(request, "META", {}).get("REQUEST_ID")):
        event["request_id"] = request_id
    return event


def configure(options: dict[str, Any]) -> None:
    """Set up structlog over the standard library (called by Django with ``LOGGING``)."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if options["json"]
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "line": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": [identify, *shared],
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        renderer,
                    ],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["stderr"], "level": options["level"]},
            "loggers": {
                # Django's own handlers would print each line twice.
                "django": {"handlers": [], "propagate": True},
                "django.server": {"handlers": [], "propagate": True},
                "django-q": {"handlers": [], "propagate": True, "level": "WARNING"},
                # Answered 400, with a line of its own; anybody can cause its stack trace.
                "django.security.DisallowedHost": {"level": "CRITICAL"},
                # Says at each request that all threads are busy.
                "waitress.queue": {"level": "ERROR"},
                # At INFO the client logs every URL, and with it phone numbers.
                "twilio.http_client": {"level": "WARNING"},
            },
        }
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
