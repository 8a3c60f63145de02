"""The inventory: list, detail, what people write on a number, its actions and its timeline."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.endpoints import Endpoint, ListEndpoint
from accounts.api.serializers import EventSerializer
from accounts.models import Event
from numbers.actions import all_actions
from numbers.filters import NumberFilter
from numbers.gates import facts_of
from numbers.models import PhoneNumber
from numbers.services import descriptions

from .serializers import (
    ActionStateSerializer,
    NumberChangesSerializer,
    NumberDetailSerializer,
    NumberSerializer,
    with_its_tags,
    with_tags,
)

#: Whole numbers with what gates, plans and serializers read.
NUMBERS = PhoneNumber.objects.select_related("account", "connection", "agent")
#: Those without what only a number's own page reads.
SHORT_NUMBERS = PhoneNumber.objects.select_related("agent").defer(
    "twilio", "fingerprint", "before_release", "notes"
)
_EXPAND = OpenApiParameter(
    "expand", str, enum=["twilio"], description="Adds Twilio's whole record as `twilio`."
)


class NumberListEndpoint(ListEndpoint):
    queryset = SHORT_NUMBERS
    ordering = "e164"
    filterset_class = NumberFilter

    @extend_schema(responses=NumberSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List numbers in the order of their digits, by the filters of the Numbers page.

        Without a filter every number is listed, released ones too; `tab=all` lists those that take
        a license.
        """
        return self.page(self.visible(), NumberSerializer, complete=with_tags)


class NumberEndpoint(Endpoint):
    queryset = NUMBERS
    parameters = frozenset({"expand"})

    @extend_schema(parameters=[_EXPAND], responses=NumberDetailSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """One number."""
        return self._answer(pk)

    @extend_schema(
        parameters=[_EXPAND],
        request=NumberChangesSerializer,
        responses=NumberDetailSerializer,
        examples=[
            OpenApiExample(
                "Name and tag it", {"label": "Front desk", "tags": ["berlin"]}, request_only=True
            )
        ],
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Change label, notes, tags or protection. Tags replace those it has."""
        number = self.one(pk)
        wanted = self.wanted(NumberChangesSerializer)
        self._expand()
        descriptions.describe(number.pk, actor=self.actor, at=self.at, **wanted)
        return self._answer(pk)

    def _answer(self, pk: int) -> Response:
        context = {"expand_twilio": self._expand()}
        number = with_its_tags(self.one(pk))
        return Response(NumberDetailSerializer(number, context=context).data)

    def _expand(self) -> bool:
        wish = self.request.query_params.get("expand")
        if wish not in (None, "twilio"):
            raise ValidationError({"expand": ["Only “twilio” can be expanded."]})
        return wish is not None


class NumberActionsEndpoint(Endpoint):
    queryset = NUMBERS

    @extend_schema(responses=ActionStateSerializer(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """Every action on the number, with all reasons against it, before anyone tries."""
        number = self.one(pk)
        facts = facts_of(self.account, at=self.at)
        states = all_actions(number, actor=self.actor, facts=facts)
        context = {"request": request}
        return Response(ActionStateSerializer(states, many=True, context=context).data)


class NumberTimelineEndpoint(ListEndpoint):
    queryset = Event.objects.all()

    @extend_schema(responses=EventSerializer(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """What happened to the number, newest first."""
        number = self.one(pk, PhoneNumber.objects.visible_to(self.actor))
        return self.page(self.visible().about("number", number.pk), EventSerializer)
