"""CSV files that people brought, until they confirm what would change."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import OwnedQuerySet


class CsvEdit(models.Model):
    """A file as text, between its upload and the job that does what it says.

    ``encoding`` is the one it came in, in words. Once confirmed, ``job`` does it and the text is
    dropped.
    """

    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="csv_edits")
    name = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True)
    encoding = models.CharField(max_length=20)
    created_at = models.DateTimeField(default=timezone.now)
    job = models.ForeignKey("accounts.Job", models.PROTECT, null=True, related_name="+")

    objects = OwnedQuerySet["CsvEdit"].as_manager()

    class Meta:
        verbose_name = "CSV edit"
        indexes = [models.Index(name="csv_edit_by_age", fields=["created_at"])]

    def __str__(self) -> str:
        return self.name or "Pasted table"
