"""What is done to one number, or to two: a POST to a noun each, with a dry run where it matters."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.endpoints import Endpoint
from config.api.bodies import NothingWanted
from config.errors import Invalid
from licensing.standing import Standing, standing
from numbers import plans
from numbers.models import PhoneNumber
from numbers.services import inventory, release, swaps

from .numbers import NUMBERS
from .serializers import (
    DryRunSerializer,
    NumberSerializer,
    PlanSerializer,
    SwapSerializer,
    WantedAssignmentSerializer,
    WantedSwapSerializer,
    with_its_tags,
    with_tags,
)

_DRY_RUN = OpenApiExample("What would it do?", {"dry_run": True}, request_only=True)
_UNDER_WAY = OpenApiResponse(NumberSerializer, "Decided; Twilio's part follows.")
_PLANNED = OpenApiResponse(PlanSerializer, "With `dry_run`: nothing has changed.")


class NumberActionEndpoint(Endpoint):
    """An action on the number of the address; answers with the number as it is afterwards."""

    queryset = NUMBERS

    def act(
        self, pk: int, service: Callable[..., Any], *, status: int = 201, **facts: Any
    ) -> Response:
        """Let the service do it. With 202, Twilio's part follows, and the number's state tells."""
        service(self.one(pk).pk, actor=self.actor, at=self.at, **facts)
        location = reverse("numbers-api:number", args=[pk])
        body = NumberSerializer(with_its_tags(self.one(pk))).data
        return Response(body, status=status, headers={"Location": location})

    def planned(self, plan: plans.Plan) -> Response:
        return Response(PlanSerializer(plan, context={"request": self.request}).data)

    def is_dry_run(self) -> bool:
        return bool(self.wanted(DryRunSerializer)["dry_run"])

    def standing(self) -> Standing:
        return standing(self.account.pk, at=self.at)


class AssignmentEndpoint(NumberActionEndpoint):
    @extend_schema(
        request=WantedAssignmentSerializer,
        responses={201: NumberSerializer},
        examples=[OpenApiExample("To agent 3", {"agent": 3}, request_only=True)],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Let an agent answer the number, in place of the one it may have."""
        self.one(pk)
        wanted = self.wanted(WantedAssignmentSerializer)
        return self.act(pk, inventory.assign, agent_id=wanted["agent"])

    @extend_schema(responses={200: NumberSerializer})
    def delete(self, request: Request, pk: int) -> Response:
        """Take the agent off the number. It stays held and takes its license."""
        return self.act(pk, inventory.unassign, status=200)


class ReleaseEndpoint(NumberActionEndpoint):
    @extend_schema(
        request=DryRunSerializer,
        responses={200: _PLANNED, 202: _UNDER_WAY},
        examples=[_DRY_RUN],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Give the number back to Twilio. It can come back for ten days."""
        number = self.one(pk)
        if self.is_dry_run():
            return self.planned(plans.release_plan(number, at=self.at))
        return self.act(pk, release.release, status=202)

    @extend_schema(responses={200: NumberSerializer})
    def delete(self, request: Request, pk: int) -> Response:
        """Keep a number whose release Twilio refused. Needs a free license."""
        return self.act(pk, release.take_back, status=200)


class RestorationEndpoint(NumberActionEndpoint):
    @extend_schema(
        request=DryRunSerializer,
        responses={200: _PLANNED, 202: _UNDER_WAY},
        examples=[_DRY_RUN],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Ask Twilio for a released number again. Needs a free license."""
        number = self.one(pk)
        if self.is_dry_run():
            plan = plans.restore_plan(number, standing=self.standing(), at=self.at)
            return self.planned(plan)
        return self.act(pk, release.restore, status=202)


class ExclusionEndpoint(NumberActionEndpoint):
    @extend_schema(
        request=DryRunSerializer,
        responses={200: _PLANNED, 201: NumberSerializer},
        examples=[_DRY_RUN],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Leave the number at Twilio without managing it here; it takes no license."""
        number = self.one(pk)
        if self.is_dry_run():
            return self.planned(plans.exclude_plan(number))
        return self.act(pk, inventory.exclude)


class InclusionEndpoint(NumberActionEndpoint):
    @extend_schema(
        request=DryRunSerializer,
        responses={200: _PLANNED, 201: NumberSerializer},
        examples=[_DRY_RUN],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Bring an excluded number back. Needs a free license."""
        number = self.one(pk)
        if self.is_dry_run():
            return self.planned(plans.bring_back_plan(number, standing=self.standing()))
        return self.act(pk, inventory.bring_back)


class SpareEndpoint(NumberActionEndpoint):
    @extend_schema(request=NothingWanted, responses={201: NumberSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Note the decision that an unassigned number stays as a spare."""
        self.one(pk)
        self.wanted(NothingWanted)
        return self.act(pk, inventory.keep)


class ClosureEndpoint(NumberActionEndpoint):
    @extend_schema(request=NothingWanted, responses={201: NumberSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Mark a missing number as gone. Its history stays."""
        self.one(pk)
        self.wanted(NothingWanted)
        return self.act(pk, inventory.mark_gone)


class SwapListEndpoint(NumberActionEndpoint):
    @extend_schema(
        request=WantedSwapSerializer,
        responses={200: _PLANNED, 201: SwapSerializer},
        examples=[
            OpenApiExample(
                "12 takes the place of 7, which is released",
                {"leaving": 7, "taking": 12, "fate": "release"},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        """Let one number take another's place: label, agent, tags and notes move over."""
        wanted = self.wanted(WantedSwapSerializer)
        leaving, taking = self._number("leaving", wanted), self._number("taking", wanted)
        if wanted["dry_run"]:
            return self.planned(plans.swap_plan(leaving, taking, fate=wanted["fate"]))
        swaps.swap(
            leaving.pk, taking_id=taking.pk, fate=wanted["fate"], actor=self.actor, at=self.at
        )
        after = with_tags(self.one(number.pk) for number in (leaving, taking))
        swapped = SimpleNamespace(leaving=after[0], taking=after[1])
        return Response(SwapSerializer(swapped).data, status=201)

    def _number(self, name: str, wanted: dict[str, Any]) -> PhoneNumber:
        number: PhoneNumber | None = self.visible().filter(pk=wanted[name]).first()
        if number is None:
            raise Invalid({name: ["Choose a number of this account."]})
        return number
