"""Move every stored secret to the first of ENCRYPTION_KEYS (``docs/operations.md``, rotation)."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import InvalidToken
from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction

from config.encryption import EncryptedTextField
from config.text import plural


class Command(BaseCommand):
    help = (
        "Encrypt every stored secret again with the first of ENCRYPTION_KEYS. Put a new key in "
        "front, restart, run this, then drop the old key. Running it again does no harm."
    )

    def handle(self, **options: Any) -> None:
        unreadable: list[str] = []
        for model in apps.get_models():
            names = [
                field.attname
                for field in model._meta.concrete_fields
                if isinstance(field, EncryptedTextField)
            ]
            if names:
                unreadable += self._rotate(model, names)
        if unreadable:
            raise CommandError(
                f"No key of ENCRYPTION_KEYS fits {', '.join(unreadable)}. Keep the old keys until "
                "this command runs through, or enter these secrets again."
            )

    def _rotate(self, model: type[models.Model], names: list[str]) -> list[str]:
        """Rewrite all rows of ``model``, each in a transaction; names those that stay unread."""
        unreadable = []
        total = 0
        rows = model._default_manager.order_by("pk")
        for pk in rows.values_list("pk", flat=True).iterator(chunk_size=1_000):
            try:
                total += _rewrite(rows, pk, names)
            except InvalidToken:
                unreadable.append(f"{model._meta.label} {pk}")
        self.stdout.write(
            f"{model._meta.label}: {plural(total, 'row')} encrypted with the first key"
        )
        return unreadable


@transaction.atomic
def _rewrite(rows: models.QuerySet[Any], pk: Any, names: list[str]) -> int:
    """Write a row's secrets again; 0 when it is gone.

    The row is held, so that a secret replaced at this moment is not overwritten by the old one.
    """
    row = rows.select_for_update().only(*names).filter(pk=pk).first()
    if row is None:
        return 0
    row.save(update_fields=names)
    return 1
