"""Reading a connection's numbers: one pass, page by page."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.models import OwnedQuerySet


class ImportQuerySet(OwnedQuerySet["Import"]):
    account_path = "connection__account_id"


class Import(models.Model):
    """One import or refresh (the same thing): its job, and how far the pass over the pages got.

    ``is_open`` mirrors the job's state, because "one import at a time per connection" is a promise
    of the database. What the import found is in the job's ``result`` (counts) and in the events
    that carry the job (which numbers).
    """

    connection = models.ForeignKey(
        "numbers.Connection", models.PROTECT, related_name="imports", db_index=False
    )
    job = models.OneToOneField("accounts.Job", models.PROTECT, related_name="import_run")
    is_open = models.BooleanField(default=True)
    is_scheduled = models.BooleanField(default=False)
    next_page = models.CharField(max_length=1000, blank=True)
    pages = models.PositiveIntegerField(default=0)

    objects = ImportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection"],
                condition=Q(is_open=True),
                name="import_runs_once_per_connection",
            ),
        ]
        indexes = [models.Index(name="import_recent", fields=["connection", "-id"])]

    def __str__(self) -> str:
        return f"Import {self.pk} of {self.connection}"

    @property
    def is_read(self) -> bool:
        """Whether the pass has stored the last page; what remains is to close it."""
        return self.pages > 0 and not self.next_page


class ImportPage(models.Model):
    """The ids of the numbers that one page of an unfinished pass showed, packed as 8-byte integers.

    After the last page they tell which numbers were not seen; then the rows are deleted.
    """

    run = models.ForeignKey(Import, models.CASCADE, related_name="seen", db_index=False)
    position = models.PositiveIntegerField()
    link = models.CharField(max_length=32, help_text="Digest of the page's link.")
    numbers = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "position"], name="import_page_is_read_once"),
            models.UniqueConstraint(fields=["run", "link"], name="import_page_link_is_read_once"),
        ]

    def __str__(self) -> str:
        return f"Page {self.position} of import {self.run_id}"
