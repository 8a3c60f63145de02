"""Secrets at rest: encrypted with their own key, and moved to a new one."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.core.management import CommandError, call_command
from django.db import connection as database

from numbers.models import Connection
from tests.factories import ConnectionFactory

pytestmark = pytest.mark.django_db

OLD, NEW, LOST = (Fernet.generate_key().decode() for _ in range(3))


@pytest.fixture(autouse=True)
def _old_key(settings: object) -> None:
    settings.ENCRYPTION_KEYS = [OLD]  # type: ignore[attr-defined]


def stored() -> list[str]:
    """What is really in the table."""
    with database.cursor() as cursor:
        cursor.execute("SELECT auth_token FROM numbers_connection ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


def test_the_database_holds_no_token() -> None:
    ConnectionFactory.create(auth_token="5ecret")

    assert "5ecret" not in stored()[0]
    assert Connection.objects.get().auth_token == "5ecret"


def test_after_a_rotation_the_old_key_is_not_needed_any_more(settings: object) -> None:
    ConnectionFactory.create(auth_token="first")
    ConnectionFactory.create(auth_token="second")

    settings.ENCRYPTION_KEYS = [NEW, OLD]  # type: ignore[attr-defined]
    call_command("rotate_secrets", verbosity=0)
    settings.ENCRYPTION_KEYS = [NEW]  # type: ignore[attr-defined]

    assert [each.auth_token for each in Connection.objects.order_by("pk")] == ["first", "second"]


def test_before_a_rotation_the_old_key_is_needed(settings: object) -> None:
    ConnectionFactory.create()

    settings.ENCRYPTION_KEYS = [NEW]  # type: ignore[attr-defined]

    with pytest.raises(InvalidToken):
        Connection.objects.get()


def test_a_secret_that_no_key_opens_is_named_and_the_others_are_moved(settings: object) -> None:
    settings.ENCRYPTION_KEYS = [LOST]  # type: ignore[attr-defined]
    lost = ConnectionFactory.create()
    settings.ENCRYPTION_KEYS = [OLD]  # type: ignore[attr-defined]
    kept = ConnectionFactory.create(auth_token="kept")

    settings.ENCRYPTION_KEYS = [NEW, OLD]  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match=rf"numbers\.Connection {lost.pk}\."):
        call_command("rotate_secrets", verbosity=0)
    settings.ENCRYPTION_KEYS = [NEW]  # type: ignore[attr-defined]

    assert Connection.objects.get(pk=kept.pk).auth_token == "kept"
