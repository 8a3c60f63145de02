"""Reading a connection's numbers: one pass, page by page."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from django.db import models
from django.db.models import OuterRef, Q, Subquery

from accounts.models import OwnedQuerySet

from .connections import Connection


class ImportQuerySet(OwnedQuerySet["Import"]):
    account_path = "connection__account_id"

    def latest_of(self, connections: Iterable[Connection]) -> dict[int, Import]:
        """The last import of each connection, with its job, by the connection's id."""
        newest = Import.objects.filter(connection=OuterRef("pk")).order_by("-pk").values("pk")[:1]
        ids = [each.pk for each in connections]
        wanted = Connection.objects.filter(pk__in=ids).values(newest=Subquery(newest))
        runs = self.filter(pk__in=wanted).select_related("job")
        return {run.connection_id: run for run in runs}


class Import(models.Model):
    """One import or refresh (the same thing): its job, and how far the pass over the pages got.

    ``is_open`` mirrors the job's state, because "one import at a time per connection" is a promise
    of the database. What the import found is in the job's ``result`` (counts) and in the events
    that carry the job (which numbers).

    A pass that found much less than was there is asked again (``round`` 2) from ``again_at`` on,
    before anything is called missing.
    """

    connection = models.ForeignKey(
        "numbers.Connection", models.PROTECT, related_name="imports", db_index=False
    )
    job = models.OneToOneField("accounts.Job", models.PROTECT, related_name="import_run")
    is_open = models.BooleanField(default=True)
    is_scheduled = models.BooleanField(default=False)
    next_page = models.CharField(max_length=1000, blank=True)
    pages = models.PositiveIntegerField(default=0)
    round = models.PositiveSmallIntegerField(default=1)
    again_at = models.DateTimeField(null=True, blank=True)

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

    def shown(self, **pages: int) -> set[int]:
        """The ids of the numbers that the stored pages of the pass showed, or some ``pages``."""
        ids: set[int] = set()
        for packed in self.seen.filter(**pages).values_list("numbers", flat=True).iterator():
            ids.update(array("q", bytes(packed)))
        return ids


class ImportPage(models.Model):
    """The ids of the numbers that one page of an unfinished pass showed, packed as 8-byte integers.

    After the last page they tell which numbers were not seen; then the rows are deleted.
    """

    run = models.ForeignKey(Import, models.CASCADE, related_name="seen", db_index=False)
    round = models.PositiveSmallIntegerField(default=1)
    position = models.PositiveIntegerField()
    link = models.CharField(max_length=32, help_text="Digest of the page's link.")
    numbers = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "round", "position"], name="import_page_is_read_once"
            ),
            models.UniqueConstraint(
                fields=["run", "round", "link"], name="import_page_link_is_read_once"
            ),
        ]

    def __str__(self) -> str:
        return f"Page {self.position} of import {self.run_id}"
