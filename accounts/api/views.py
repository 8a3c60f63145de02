"""Endpoints of jobs and events."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import django_filters
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import activity
from accounts.models import Event, Job, JobItem
from accounts.states import ItemState, JobState
from config.filters import IdFilter

from .endpoints import Endpoint, ListEndpoint
from .serializers import EventSerializer, JobItemSerializer, JobSerializer


class JobFilter(django_filters.FilterSet):  # type: ignore[misc]
    kind = django_filters.CharFilter(label="Kind", max_length=30)
    state = django_filters.ChoiceFilter(label="State", choices=JobState.choices)


class JobItemFilter(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.ChoiceFilter(label="State", choices=ItemState.choices)


class MomentFilter(django_filters.IsoDateTimeFilter):  # type: ignore[misc]
    """A moment in ISO 8601, in a year that arithmetic with hours does not leave."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        bounds = [
            MinValueValidator(datetime(1970, 1, 2, tzinfo=UTC)),
            MaxValueValidator(datetime(9999, 1, 1, tzinfo=UTC)),
        ]
        super().__init__(*args, validators=bounds, **kwargs)


class EventFilter(django_filters.FilterSet):  # type: ignore[misc]
    """The filters of the activity page, with moments in place of its days."""

    type = django_filters.CharFilter(label="Such as `number.released`.", max_length=60)
    actor = django_filters.CharFilter(
        label="`user:5`, `api_key:7`, `support` or `system`.",
        validators=[RegexValidator(activity.ACTOR, "Write user:5, api_key:7, support or system.")],
    )
    subject = django_filters.CharFilter(
        label="What people call it (a number, an agent, an email), or `number:7`.", max_length=100
    )
    job = IdFilter(label="Events of this job.")
    since = MomentFilter(label="At that moment or later.")
    before = MomentFilter(label="Before that moment.")

    def filter_queryset(self, queryset: QuerySet[Event]) -> QuerySet[Event]:
        wishes = self.form.cleaned_data
        events = activity.choose(
            self.request.auth.account,
            type=wishes["type"],
            actor=wishes["actor"],
            subject=wishes["subject"],
            start=wishes["since"],
            end=wishes["before"],
        )
        return events.filter(job_id=wishes["job"]) if wishes["job"] else events


class JobListEndpoint(ListEndpoint):
    queryset = Job.objects.all()
    filterset_class = JobFilter

    @extend_schema(responses=JobSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List jobs, newest first."""
        return self.page(self.visible(), JobSerializer)


class JobEndpoint(Endpoint):
    queryset = Job.objects.all()

    @extend_schema(responses=JobSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """How far a job is, and what came of it."""
        return Response(JobSerializer(self.one(pk)).data)


class JobItemListEndpoint(ListEndpoint):
    queryset = JobItem.objects.all()
    ordering = "id"
    filterset_class = JobItemFilter

    @extend_schema(responses=JobItemSerializer(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """The result for each number of a bulk job."""
        job = self.one(pk, Job.objects.visible_to(self.actor))
        return self.page(job.items.all(), JobItemSerializer)


class EventListEndpoint(ListEndpoint):
    queryset = Event.objects.all()
    filterset_class = EventFilter

    @extend_schema(responses=EventSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List what happened, newest first."""
        return self.page(self.visible(), EventSerializer)
