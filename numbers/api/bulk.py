"""Bulk jobs: a dry run, the job, and another one for what did not work."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.endpoints import Endpoint, ListEndpoint, narrowed
from accounts.api.serializers import JobSerializer
from accounts.api.views import JobEndpoint
from accounts.models import Job
from config.api.bodies import NothingWanted
from numbers.filters import NumberFilter
from numbers.models import PhoneNumber
from numbers.services import bulk
from numbers.services.bulk import BulkPreview, Selection

from .serializers import BulkPreviewSerializer, WantedBulkJobSerializer, with_its_tags, with_tags

_QUEUED = OpenApiResponse(JobSerializer, "Queued: follow the job at `Location`.")


def accepted(job: Job) -> Response:
    """202 with a job and where to follow it."""
    location = reverse("accounts-api:job", args=[job.pk])
    return Response(JobSerializer(job).data, status=202, headers={"Location": location})


class BulkJobListEndpoint(ListEndpoint):
    queryset = Job.objects.filter(kind="bulk")

    @extend_schema(responses=JobSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List bulk jobs, newest first. They are among `jobs`, too."""
        return self.page(self.visible(), JobSerializer)

    @extend_schema(
        request=WantedBulkJobSerializer,
        responses={
            200: OpenApiResponse(BulkPreviewSerializer, "With `dry_run`: nothing has changed."),
            202: _QUEUED,
        },
        examples=[
            OpenApiExample(
                "Tag three numbers",
                {"action": "tag", "params": {"add": ["berlin"]}, "numbers": [7, 8, 9]},
                request_only=True,
            ),
            OpenApiExample(
                "What would releasing all unassigned ones do?",
                {"action": "release", "filter": {"tab": "unassigned"}, "dry_run": True},
                request_only=True,
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        """Do an action to many numbers: those of `numbers`, or all that `filter` finds."""
        wanted = self.wanted(WantedBulkJobSerializer)
        task = {
            "action": wanted["action"],
            "selection": _selection(wanted, request),
            "params": wanted.get("params", {}),
            "actor": self.actor,
            "at": self.at,
        }
        if wanted["dry_run"]:
            return self._preview(bulk.preview(self.account.pk, **task))
        return accepted(bulk.start(self.account.pk, **task))

    def _preview(self, found: BulkPreview) -> Response:
        shown = SimpleNamespace(
            will_change=found.will_change,
            will_skip=found.will_skip,
            reasons=[
                SimpleNamespace(code=code, message=message, count=count)
                for code, message, count in found.reasons
            ],
            changing=with_tags(found.changing),
            skipping=[
                SimpleNamespace(number=with_its_tags(number), message=message)
                for number, message in found.skipping
            ],
        )
        return Response(BulkPreviewSerializer(shown).data)


class BulkJobEndpoint(JobEndpoint):
    queryset = Job.objects.filter(kind="bulk")


class BulkRetryEndpoint(Endpoint):
    queryset = Job.objects.filter(kind="bulk")

    @extend_schema(request=NothingWanted, responses={202: _QUEUED})
    def post(self, request: Request, pk: int) -> Response:
        """Do it again to the numbers that a finished bulk job skipped or failed."""
        job = self.one(pk)
        self.wanted(NothingWanted)
        return accepted(bulk.retry_failed(job.pk, actor=self.actor, at=self.at))


def _selection(wanted: dict[str, Any], request: Request) -> Selection:
    """Exactly one of ``numbers`` and ``filter``; a filter that cannot be read is an error."""
    if ("numbers" in wanted) == ("filter" in wanted):
        raise ValidationError({"numbers": ["Send either numbers or filter."]})
    if "numbers" in wanted:
        return Selection(ids=wanted["numbers"])
    query = QueryDict(mutable=True)
    for name, value in wanted["filter"].items():
        if name not in NumberFilter.base_filters:
            raise ValidationError({"filter": {name: ["There is no such filter."]}})
        query.setlist(name, [_text(each) for each in _several(value)])
    try:
        narrowed(PhoneNumber.objects.none(), NumberFilter, query, request)
    except ValidationError as error:
        raise ValidationError({"filter": error.detail}) from None
    return Selection(query=query.urlencode())


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    """A JSON value as it stands in a query string."""
    return str(value).lower() if isinstance(value, bool) else str(value)
