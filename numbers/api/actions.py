"""What is done to one number, or to two: a POST to a noun each, with a dry run where it matters.

The endpoints of one number are made of the table of actions; ``numbers.api_urls`` gives each the
address of its noun.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.endpoints import Endpoint
from config.api.bodies import NothingWanted, Wanted
from config.errors import Invalid, Reason
from numbers import plans
from numbers.actions import ACTIONS, Action, Route
from numbers.gates import facts_of
from numbers.models import CarrierTask, PhoneNumber
from numbers.services import carrier_tasks, swaps

from .numbers import NUMBERS
from .serializers import (
    DryRunSerializer,
    NumberSerializer,
    PlanSerializer,
    SealedSerializer,
    SwapSerializer,
    TaskSerializer,
    WantedSwapSerializer,
    param_fields,
    with_its_tags,
    with_tags,
)

_DRY_RUN = OpenApiExample("What would it do?", {"dry_run": True}, request_only=True)
_UNDER_WAY = OpenApiResponse(NumberSerializer, "Decided; Twilio's part follows.")
_PLANNED = OpenApiResponse(PlanSerializer, "With `dry_run`: nothing has changed.")


class NumberActionEndpoint(Endpoint):
    """Actions on the number of the address; they answer with the number as it is afterwards."""

    queryset = NUMBERS

    def act(self, pk: int, action: Action, route: Route) -> Response:
        """Let the service do it. With 202, Twilio's part follows, and the number's state tells."""
        number = self.one(pk)
        self.actor.require(action.permission)
        wanted = {} if route.method == "delete" else self.wanted(_body_of(action, route))
        if wanted.pop("dry_run", False) and action.plan:
            return self.planned(action.plan(number, facts_of(self.account, at=self.at)))
        action.run(number.pk, wanted, actor=self.actor, at=self.at)
        location = reverse("numbers-api:number", args=[pk])
        body = NumberSerializer(with_its_tags(self.one(pk))).data
        return Response(body, status=route.status, headers={"Location": location})

    def planned(self, plan: plans.Plan) -> Response:
        return Response(PlanSerializer(plan, context={"request": self.request}).data)


def endpoints() -> dict[str, type[NumberActionEndpoint]]:
    """An endpoint for each noun of the table, with a method for each of its actions."""
    methods: dict[str, dict[str, Any]] = {}
    for action in ACTIONS.values():
        if action.rest is not None:
            methods.setdefault(action.rest.noun, {})[action.rest.method] = _method(action)
    return {
        noun: type(f"{_singular(noun)}Endpoint", (NumberActionEndpoint,), found)
        for noun, found in methods.items()
    }


def _method(action: Action) -> Callable[..., Response]:
    route = cast(Route, action.rest)

    def answer(self: NumberActionEndpoint, request: Request, pk: int) -> Response:
        return self.act(pk, action, route)

    answer.__doc__ = route.says
    done = _UNDER_WAY if route.status == 202 else NumberSerializer
    asked = {200: _PLANNED} if route.dry_run else {}
    document: dict[str, Any] = {"responses": {**asked, route.status: done}}
    if route.method != "delete":
        document["request"] = _body_of(action, route)
    if route.dry_run:
        document["examples"] = [_DRY_RUN]
    elif example := {each.name: each.example for each in action.params if each.example}:
        document["examples"] = [OpenApiExample("For instance", example, request_only=True)]
    documented: Callable[..., Response] = extend_schema(**document)(answer)
    return documented


def _body_of(action: Action, route: Route) -> type[Wanted]:
    """What the body of a request for the action may say."""
    if action.sealed:
        return SealedSerializer
    if not action.params:
        return DryRunSerializer if route.dry_run else NothingWanted
    base = DryRunSerializer if route.dry_run else Wanted
    return type(
        f"Wanted{_singular(route.noun)}Serializer",
        (base,),
        {"__doc__": route.says, **param_fields(action.params)},
    )


def _singular(noun: str) -> str:
    return noun.removesuffix("s").title().replace("-", "")


class TaskListEndpoint(Endpoint):
    queryset = NUMBERS

    @extend_schema(responses=TaskSerializer(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """What remains to be done at Twilio about the number: waiting, or refused for good."""
        waiting = self.one(pk).carrier_tasks.unfinished().order_by("pk")
        return Response(TaskSerializer(waiting, many=True).data)


class TaskAttemptEndpoint(Endpoint):
    queryset = CarrierTask.objects

    @extend_schema(request=NothingWanted, responses={202: TaskSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Ask Twilio now instead of at the task's next attempt."""
        task = self.one(pk)
        self.wanted(NothingWanted)
        tried = carrier_tasks.try_again(task.pk, actor=self.actor, at=self.at)
        location = reverse("numbers-api:tasks", args=[tried.number_id])
        return Response(TaskSerializer(tried).data, status=202, headers={"Location": location})


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
        """Let one number take another's place.

        Name, agent, services, tags and notes move over, and whether it is answered.
        """
        wanted = self.wanted(WantedSwapSerializer)
        leaving, taking = self._number("leaving", wanted), self._number("taking", wanted)
        if wanted["dry_run"]:
            standing = facts_of(self.account, at=self.at).standing
            plan = plans.swap_plan(leaving, taking, fate=wanted["fate"], standing=standing)
            return self.planned(plan)
        swaps.swap(
            leaving.pk, taking_id=taking.pk, fate=wanted["fate"], actor=self.actor, at=self.at
        )
        after = with_tags(self.one(number.pk) for number in (leaving, taking))
        swapped = SimpleNamespace(leaving=after[0], taking=after[1])
        return Response(SwapSerializer(swapped).data, status=201)

    def _number(self, name: str, wanted: dict[str, Any]) -> PhoneNumber:
        number: PhoneNumber | None = self.visible().filter(pk=wanted[name]).first()
        if number is None:
            raise Invalid({name: [Reason("unknown_number", "Choose a number of this account.")]})
        return number
