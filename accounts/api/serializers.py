"""How jobs and events look in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Job, JobItem
from accounts.services import job_items
from accounts.states import ActorKind, ItemState, JobState
from accounts.undone import Undo, undos
from config.api.bodies import RowSerializer


class ActorSerializer(RowSerializer):
    """Who did it, as it was called then."""

    kind = serializers.ChoiceField(ActorKind.choices, source="actor_kind")
    id = serializers.IntegerField(source="actor_id", allow_null=True)
    label = serializers.CharField(source="actor_label")  # type: ignore[assignment]


class SubjectSerializer(RowSerializer):
    """What it happened to."""

    type = serializers.CharField(source="subject_type")
    id = serializers.IntegerField(source="subject_id", allow_null=True)
    label = serializers.CharField(source="subject_label")  # type: ignore[assignment]


class EventSerializer(RowSerializer):
    """One fact of the event log."""

    id = serializers.IntegerField()
    type = serializers.CharField(help_text="Such as `number.released`.")
    at = serializers.DateTimeField()
    subject = SubjectSerializer(source="*")
    actor = ActorSerializer(source="*")
    summary = serializers.CharField(help_text="For people.")
    reason = serializers.CharField()
    data = serializers.DictField(  # type: ignore[assignment]
        help_text="`before` and `after` of what changed, and more."
    )
    job = serializers.IntegerField(source="job_id", allow_null=True)
    request_id = serializers.CharField()


class _Jobs(serializers.ListSerializer[Any]):
    """Looks for the undo of all of them at once."""

    def to_representation(self, data: Any) -> Any:
        jobs = list(data)
        self.child.undos = undos(jobs)  # type: ignore[union-attr]
        return super().to_representation(jobs)


class JobSerializer(RowSerializer):
    """Work that takes longer than a request; ask again until `finished_at` is set."""

    id = serializers.IntegerField()
    kind = serializers.CharField(help_text="Such as `import` or `bulk`.")
    title = serializers.CharField()
    state = serializers.ChoiceField(JobState.choices)
    done = serializers.IntegerField()
    total = serializers.IntegerField(allow_null=True, help_text="Null while nobody knows.")
    result = serializers.DictField(help_text="Counts, once there are any.")
    error_code = serializers.CharField()
    error = serializers.CharField()
    actor = ActorSerializer(source="*")
    retry_of = serializers.IntegerField(source="retry_of_id", allow_null=True)
    undoes = serializers.IntegerField(
        source="undoes_id", allow_null=True, help_text="The job that this one undoes."
    )
    undone_by = serializers.SerializerMethodField(
        help_text="The job that undoes this one, which then is not tried again. Null where its "
        "undo has ended and brought nothing back: then it can be undone again."
    )
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    items_until = serializers.SerializerMethodField(
        help_text="Until when its items are kept; after that they are removed, and `items/` is "
        "empty. Null while it is open, and for kinds without items."
    )

    undos: Mapping[int, Undo] | None = None

    class Meta:
        list_serializer_class = _Jobs

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_undone_by(self, job: Job) -> int | None:
        undo = (undos([job]) if self.undos is None else self.undos).get(job.pk)
        return None if undo is None or undo.failed else undo.job.pk

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_items_until(self, job: Job) -> datetime | None:
        return job_items.kept_until(job)


class ItemSubjectSerializer(RowSerializer):
    """The row of this account that an item is about."""

    type = serializers.CharField(source="subject_type", help_text="Such as `number`.")
    id = serializers.IntegerField(source="subject_id")


class JobItemSerializer(RowSerializer):
    """What became of one thing that a job went through."""

    id = serializers.IntegerField()
    key = serializers.CharField(help_text="What it is, once in its job; a number in E.164.")
    subject = serializers.SerializerMethodField(help_text="Null for what is not in the account.")
    state = serializers.ChoiceField(ItemState.choices)
    result = serializers.DictField(help_text="What was found out about it.")
    code = serializers.CharField(help_text="Why it was skipped or failed; the blocker's code.")
    message = serializers.CharField()

    @extend_schema_field(ItemSubjectSerializer(allow_null=True))
    def get_subject(self, item: JobItem) -> dict[str, Any] | None:
        return None if item.subject_id is None else dict(ItemSubjectSerializer(item).data)
