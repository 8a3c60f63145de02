"""Endpoints of jobs and events."""

from __future__ import annotations

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Event, Job, JobItem
from accounts.states import ActorKind, ItemState, JobState
from config.filters import IdFilter

from .endpoints import Endpoint, ListEndpoint
from .serializers import EventSerializer, JobItemSerializer, JobSerializer


class JobFilter(django_filters.FilterSet):  # type: ignore[misc]
    kind = django_filters.CharFilter(label="Kind", max_length=30)
    state = django_filters.ChoiceFilter(label="State", choices=JobState.choices)


class JobItemFilter(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.ChoiceFilter(label="State", choices=ItemState.choices)


class EventFilter(django_filters.FilterSet):  # type: ignore[misc]
    type = django_filters.CharFilter(label="Type, such as number.released", max_length=60)
    subject_type = django_filters.CharFilter(label="Such as number", max_length=20)
    subject = IdFilter(label="Id of the subject", field_name="subject_id")
    actor_kind = django_filters.ChoiceFilter(label="Kind of actor", choices=ActorKind.choices)
    actor = IdFilter(label="Id of the actor", field_name="actor_id")
    job = IdFilter(label="Job", field_name="job_id")
    since = django_filters.IsoDateTimeFilter(label="Since", field_name="at", lookup_expr="gte")
    before = django_filters.IsoDateTimeFilter(label="Before", field_name="at", lookup_expr="lt")


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
