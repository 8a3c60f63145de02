"""The mails that the demo sent: kept in a folder instead of being delivered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage as Parsed
from email.utils import format_datetime
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from config import clock

#: As many as the page lists.
MOST = 200


class Mailbox(BaseEmailBackend):
    """Writes each mail into a file of ``settings.DEMO_MAILS``, with the demo's time for a date."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = Path(settings.DEMO_MAILS)
        folder.mkdir(parents=True, exist_ok=True)
        for mail in email_messages:
            at = clock.now()
            mail.extra_headers.setdefault("Date", format_datetime(at))
            file = folder / f"{at:%Y%m%dT%H%M%S.%f}-{uuid4().hex[:8]}.eml"
            fresh = file.with_suffix(".new")
            fresh.write_bytes(mail.message().as_bytes())
            fresh.rename(file)
        return len(email_messages)


@dataclass(frozen=True)
class Mail:
    """A mail that was sent; ``key`` names it in addresses."""

    key: str
    to: str
    subject: str
    at: datetime
    text: str


def sent() -> list[Mail]:
    """The latest mails, the newest first."""
    files = sorted(Path(settings.DEMO_MAILS).glob("*.eml"), reverse=True)
    return [_read(file) for file in files[:MOST]]


def find(key: str) -> Mail | None:
    """The mail with this key; None when there is none."""
    return next((_read(file) for file in _files() if file.stem == key), None)


def count() -> int:
    return len(_files())


def _files() -> list[Path]:
    return list(Path(settings.DEMO_MAILS).glob("*.eml"))


def _read(file: Path) -> Mail:
    parsed = message_from_bytes(file.read_bytes(), _class=Parsed, policy=policy.default)
    body = parsed.get_body(("plain",))
    return Mail(
        key=file.stem,
        to=str(parsed["To"]),
        subject=str(parsed["Subject"]),
        at=parsed["Date"].datetime,
        text=body.get_content() if body else "",
    )
