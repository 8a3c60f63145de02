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


PROVIDER = {
    "OIDC_ISSUER": "https://id.example/",
    "OIDC_CLIENT_ID": "numberdesk",
    "OIDC_CLIENT_SECRET": "secret",
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
    assert check() == check(**PROVIDER) == (0, "")


@pytest.mark.parametrize("name", ["SECRET_KEY", "ENCRYPTION_KEYS"])
def test_production_does_not_start_without_its_secrets(name: str) -> None:
    code, words = check(**{name: ""})

    assert code != 0
    assert f"Set {name}: production does not start without it." in words


@pytest.mark.parametrize("name", ["OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"])
def test_a_provider_that_is_half_configured_stops_the_start(name: str) -> None:
    code, words = check(**{**PROVIDER, name: ""})

    assert code != 0
    assert "OIDC_ISSUER needs OIDC_CLIENT_ID and OIDC_CLIENT_SECRET." in words


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
        ({**PROVIDER, "OIDC_ISSUER": "http://id.example"}, "numberdesk.W004"),
    ],
)
def test_what_harms_in_production_is_warned_of(changes: dict[str, str], warning: str) -> None:
    code, words = check(**changes)

    assert code != 0
    assert warning in words


@pytest.mark.parametrize(
    ("url", "backend"),
    [
        ("", "config.cache.PatientDatabaseCache"),
        ("redis://127.0.0.1:6379/1", "config.cache.SparedRedisCache"),
    ],
)
def test_rate_limits_are_counted_where_nothing_pushes_them_out(url: str, backend: str) -> None:
    ask = "from django.conf import settings; print(settings.CACHES['default']['BACKEND'])"
    seen = subprocess.run(
        [sys.executable, "-c", ask],
        cwd=settings.BASE_DIR,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "config.settings",
            **({"CACHE_URL": url} if url else {}),
        },
        capture_output=True,
        text=True,
        check=True,
    )

    assert seen.stdout.strip() == backend
