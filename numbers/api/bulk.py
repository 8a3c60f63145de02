"""Bulk jobs: a dry run, and the job. What becomes of it is under ``jobs/``, like any job."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from django.http import QueryDict
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.endpoints import ListEndpoint, narrowed
from accounts.api.serializers import JobSerializer
from accounts.api.views import JOB_QUEUED, accepted
from accounts.models import Job
from numbers.filters import NumberFilter, shown_by
from numbers.models import PhoneNumber
from numbers.services import previews
from numbers.services.bulk import Selection
from numbers.services.previews import BulkPreview

from .serializers import BulkPreviewSerializer, WantedBulkJobSerializer, with_its_tags, with_tags


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
            202: JOB_QUEUED,
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
            return self._preview(previews.preview(self.account.pk, **task))
        return accepted(previews.start(self.account.pk, **task))

    def _preview(self, found: BulkPreview) -> Response:
        shown = SimpleNamespace(
            will_change=found.will_change,
            will_skip=found.will_skip,
            reasons=[
                SimpleNamespace(code=code, message=message, count=count)
                for code, message, count in found.reasons
            ],
            licenses=found.licenses,
            said_of_licenses=found.said_of_licenses,
            changing=with_tags(found.changing),
            skipping=[
                SimpleNamespace(number=with_its_tags(number), message=message)
                for number, message in found.skipping
            ],
        )
        return Response(BulkPreviewSerializer(shown).data)


def _selection(wanted: dict[str, Any], request: Request) -> Selection:
    """Exactly one of ``numbers`` and ``filter``; a filter that cannot be read is an error."""
    if ("numbers" in wanted) == ("filter" in wanted):
        raise ValidationError({"numbers": ["Send either numbers or filter."]})
    if "numbers" in wanted:
        return Selection(ids=wanted["numbers"])
    query = QueryDict(mutable=True)
    for name, value in wanted["filter"].items():
        query.setlist(name, [_text(each) for each in _several(value)])
    try:
        narrowed(PhoneNumber.objects.none(), NumberFilter, query, request)
    except ValidationError as error:
        raise ValidationError({"filter": error.detail}) from None
    return Selection(shown=shown_by(query.urlencode()))


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    """A JSON value as it stands in a query string."""
    return str(value).lower() if isinstance(value, bool) else str(value)
