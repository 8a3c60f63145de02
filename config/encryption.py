"""Secrets at rest: a text field that is encrypted with its own key, not with SECRET_KEY."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import models

if TYPE_CHECKING:
    _Text = models.TextField[str, str]
else:
    _Text = models.TextField  # Django's fields take type arguments in their stubs only


def cipher() -> MultiFernet:
    """The first of ENCRYPTION_KEYS encrypts; every one of them decrypts, so that keys rotate."""
    return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])


class EncryptedTextField(_Text):
    """Text that only the application can read; the database holds a Fernet token.

    Raises ``cryptography.fernet.InvalidToken`` on reading when no key of ENCRYPTION_KEYS fits.
    """

    def get_prep_value(self, value: Any) -> Any:
        if value is None or value == "":
            return value
        return cipher().encrypt(str(value).encode()).decode()

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        if value is None or value == "":
            return value
        return cipher().decrypt(value.encode()).decode()
