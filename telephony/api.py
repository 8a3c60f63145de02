"""Agents over REST."""

from __future__ import annotations

import django_filters
from django.db.models import Count
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.endpoints import Endpoint, ListEndpoint
from config.api.bodies import NothingWanted, RowSerializer, Text, Wanted

from .models import Agent
from .services import agents as services
from .states import AgentState


class AgentSerializer(RowSerializer):
    """What answers calls and texts on the numbers assigned to it."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    state = serializers.ChoiceField(AgentState.choices)
    numbers = serializers.IntegerField(source="number_count", help_text="Assigned to it.")
    created_at = serializers.DateTimeField()


class WantedAgentSerializer(Wanted):
    """The name of an agent, new or changed."""

    name = Text(max_length=services.LONGEST_NAME)


class AgentFilter(django_filters.FilterSet):  # type: ignore[misc]
    state = django_filters.ChoiceFilter(label="State", choices=AgentState.choices)


class AgentListEndpoint(ListEndpoint):
    queryset = Agent.objects.annotate(number_count=Count("numbers"))
    ordering = "id"
    filterset_class = AgentFilter

    @extend_schema(responses=AgentSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List agents."""
        return self.page(self.visible(), AgentSerializer)

    @extend_schema(
        request=WantedAgentSerializer,
        responses={201: AgentSerializer},
        examples=[OpenApiExample("Reception", {"name": "Reception"}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        """Create an agent. It begins as a draft; activate it to assign numbers to it."""
        wanted = self.wanted(WantedAgentSerializer)
        agent = services.create_agent(
            self.account.pk, name=wanted["name"], actor=self.actor, at=self.at
        )
        location = reverse("telephony-api:agent", args=[agent.pk])
        body = AgentSerializer(self.one(agent.pk)).data
        return Response(body, status=201, headers={"Location": location})


class AgentEndpoint(Endpoint):
    queryset = Agent.objects.annotate(number_count=Count("numbers"))

    @extend_schema(responses=AgentSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """One agent."""
        return Response(AgentSerializer(self.one(pk)).data)

    @extend_schema(request=WantedAgentSerializer, responses=AgentSerializer)
    def patch(self, request: Request, pk: int) -> Response:
        """Rename an agent."""
        agent = self.one(pk)
        wanted = self.wanted(WantedAgentSerializer)
        services.rename(agent.pk, name=wanted["name"], actor=self.actor, at=self.at)
        return Response(AgentSerializer(self.one(pk)).data)


class AgentActivationEndpoint(Endpoint):
    queryset = Agent.objects.annotate(number_count=Count("numbers"))

    @extend_schema(request=NothingWanted, responses={201: AgentSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Make an agent live: from now on numbers can be assigned to it."""
        agent = self.one(pk)
        self.wanted(NothingWanted)
        services.go_live(agent.pk, actor=self.actor, at=self.at)
        return Response(AgentSerializer(self.one(pk)).data, status=201)


class AgentPauseEndpoint(Endpoint):
    queryset = Agent.objects.annotate(number_count=Count("numbers"))

    @extend_schema(request=NothingWanted, responses={201: AgentSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Pause an agent: no more numbers for it; those it has stay."""
        agent = self.one(pk)
        self.wanted(NothingWanted)
        services.pause(agent.pk, actor=self.actor, at=self.at)
        return Response(AgentSerializer(self.one(pk)).data, status=201)
