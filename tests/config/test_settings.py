"""What a start in production refuses, and what ``check --deploy`` warns of."""

from __future__ import annotations

import os
import subprocess
import sys
from base64 import urlsafe_b64encode

import pytest
from django.conf import settings

COMPLETE = {
    "PRODUCTION": "true",
    "SECRET_KEY": "s" * 20 + "0123456789" * 5,
    "ENCRYPTION_KEYS": urlsafe_b64encode(b"k" * 32).decode(),
    "PUBLIC_URL": "https://numberdesk.example",
    "ALLOWED_HOSTS": "numberdesk.example",
    "DATABASE_URL": "sqlite://:memory:",
    "EMAIL_URL": "smtp+tls://user:password@mail.example:587",
}


def check(**changes: str) -> tuple[int, str]:
    """The exit code and words of ``check --deploy``; an empty change takes a variable away."""
    wanted = {name: value for name, value in {**COMPLETE, **changes}.items() if value}
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=settings.BASE_DIR,
        env={**kept, **wanted},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stderr


def test_an_installation_with_everything_set_starts_without_a_warning() -> None:
    code, words = check()

    assert (code, words) == (0, "")


@pytest.mark.parametrize("name", ["SECRET_KEY", "ENCRYPTION_KEYS"])
def test_production_does_not_start_without_its_secrets(name: str) -> None:
    code, words = check(**{name: ""})

    assert code != 0
    assert f"Set {name}: production does not start without it." in words


@pytest.mark.parametrize("keys", ["not-a-key", COMPLETE["ENCRYPTION_KEYS"] + ","])
def test_a_key_that_cannot_encrypt_stops_the_start_and_is_not_shown(keys: str) -> None:
    code, words = check(ENCRYPTION_KEYS=keys)

    assert code != 0
    assert "ENCRYPTION_KEYS holds something that is no Fernet key" in words
    assert keys not in words


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({"EMAIL_URL": ""}, "numberdesk.W001"),
        ({"ALLOWED_HOSTS": "other.example"}, "numberdesk.W002"),
        ({"TWILIO_BASE_URL": "http://127.0.0.1:8001"}, "numberdesk.W003"),
    ],
)
def test_what_harms_in_production_is_warned_of(changes: dict[str, str], warning: str) -> None:
    code, words = check(**changes)

    assert code != 0
    assert warning in words
