"""Endpoints of jobs and events."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import django_filters
from django.core.validators import RegexValidator
from django.db.models import QuerySet
from django.urls import reverse
from django_filters.fields import IsoDateTimeField
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import activity
from accounts.models import Event, Job, JobItem
from accounts.services import job_items
from accounts.states import ItemState, JobState, Permission
from config.api.bodies import NothingWanted
from config.filters import IdFilter, TextFilter

from .endpoints import Endpoint, ListEndpoint
from .serializers import EventSerializer, JobItemSerializer, JobSerializer

#: The 61st second of a minute, which RFC 3339 has.
LEAP_SECOND = re.compile(r"^(.{10}[Tt ][0-9]{2}:[0-9]{2}:)60")
JOB_QUEUED = OpenApiResponse(JobSerializer, "Queued: follow the job at `Location`.")


def accepted(job: Job) -> Response:
    """202 with a job and where to follow it."""
    location = reverse("accounts-api:job", args=[job.pk])
    return Response(JobSerializer(job).data, status=202, headers={"Location": location})


class JobFilter(django_filters.FilterSet):  # type: ignore[misc]
    kind = TextFilter(label="Kind", max_length=30)
    state = django_filters.ChoiceFilter(label="State", choices=JobState.choices)


class JobItemFilter(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.ChoiceFilter(label="State", choices=ItemState.choices)


class MomentField(IsoDateTimeField):  # type: ignore[misc]
    """A moment in ISO 8601. One before or after anything that can happen is moved to the bounds."""

    BOUNDS = (datetime(1970, 1, 2, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))

    def to_python(self, value: Any) -> Any:
        text = str(value or "")
        if text.startswith("0000-"):  # a year that ISO 8601 has, and no calendar of ours
            text = f"0004{text[4:]}"
        text = LEAP_SECOND.sub(r"\g<1>59", text)
        moment = super().to_python(text)
        return moment and min(max(moment, self.BOUNDS[0]), self.BOUNDS[1])


class MomentFilter(django_filters.IsoDateTimeFilter):  # type: ignore[misc]
    field_class = MomentField


class EventFilter(django_filters.FilterSet):  # type: ignore[misc]
    """The filters of the activity page, with moments in place of its days."""

    type = TextFilter(label="Such as `number.released`.", max_length=60)
    actor = TextFilter(
        label="`user:5`, `api_key:7`, `support`, `carrier` or `system`.",
        max_length=40,
        pattern=r"^((user|api_key):[0-9]{1,18}|support|carrier|system)?$",
        validators=[
            RegexValidator(activity.ACTOR, "Write user:5, api_key:7, support, carrier or system.")
        ],
    )
    subject = TextFilter(
        label="What people call it (a number, an agent, an email), or `number:7`.", max_length=200
    )
    job = IdFilter(label="Events of this job.")
    since = MomentFilter(label="At that moment or later.")
    before = MomentFilter(label="Before that moment.")
    after = IdFilter(
        label="Only those that follow this event, the oldest first; 0 for the first one.", least=0
    )

    def filter_queryset(self, queryset: QuerySet[Event]) -> QuerySet[Event]:
        wishes = self.form.cleaned_data
        events = activity.choose(
            self.request.auth.account,
            type=wishes["type"],
            actor=wishes["actor"],
            subject=wishes["subject"],
            job=wishes["job"],
            start=wishes["since"],
            end=wishes["before"],
        )
        if wishes["after"] is not None:
            return events.following(wishes["after"])
        return events


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
        """What became of each item of a job, until its `items_until`."""
        job = self.one(pk, Job.objects.visible_to(self.actor))
        return self.page(job.items.all(), JobItemSerializer)


class JobRetryEndpoint(Endpoint):
    permission = Permission.READ  # what more it needs, the kind of the job says
    queryset = Job.objects.all()

    @extend_schema(request=NothingWanted, responses={202: JOB_QUEUED})
    def post(self, request: Request, pk: int) -> Response:
        """Do it again to what a finished job skipped, failed or never reached."""
        job = self.one(pk)
        self.wanted(NothingWanted)
        return accepted(job_items.retry_failed(job.pk, actor=self.actor, at=self.at))


class EventListEndpoint(ListEndpoint):
    queryset = Event.objects.all()
    filterset_class = EventFilter

    @extend_schema(responses=EventSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List what happened, newest first, or with `after` what follows an event.

        Whoever asks again and again with `after`, the id of the last event that it gave, is given
        every event once. Newest first an event may show below others that were shown before.
        """
        if request.query_params.get("after"):
            self.ordering = "id"  # type: ignore[misc]
        return self.page(self.visible(), EventSerializer)
