"""Agents, calls and texts over REST."""

from __future__ import annotations

import django_filters
from django.db.models import Count
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.endpoints import Endpoint, ListEndpoint
from accounts.api.views import MomentFilter
from config.api.bodies import NothingWanted, RowSerializer, Text, Wanted
from config.filters import TextFilter

from .filters import LONGEST_SEARCH, WHY_NOT_CHOICES, choose
from .models import Agent, Message, MessageQuerySet
from .services import agents as services
from .states import (
    AddressKind,
    AgentState,
    Author,
    Keyword,
    MessageKind,
    MessageStatus,
    NotAnswered,
)


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


# --- Calls and texts -----------------------------------------------------------------------------


class AttachmentSerializer(RowSerializer):
    """Something that came along; what it is, and not yet the thing itself."""

    content_type = serializers.CharField()


class MessageSerializer(RowSerializer):
    """One thing said on a number. What came in has the author `contact`."""

    id = serializers.IntegerField()
    conversation = serializers.IntegerField(source="conversation_id")
    kind = serializers.ChoiceField(MessageKind.choices)
    author = serializers.ChoiceField(Author.choices)
    number_id = serializers.IntegerField(help_text="Our number, as in `numbers/`.")
    number = serializers.CharField(
        source="conversation.number_e164", help_text="Our number, as it was then."
    )
    address = serializers.CharField(
        source="conversation.address.canonical",
        help_text="The other end: E.164 for a phone; empty when it is withheld.",
    )
    address_kind = serializers.ChoiceField(AddressKind.choices, source="conversation.address.kind")
    body = serializers.CharField()
    attachments = AttachmentSerializer(many=True)
    segments = serializers.IntegerField(allow_null=True)
    status = serializers.ChoiceField(MessageStatus.choices)
    keyword = serializers.ChoiceField(
        [("", "None"), *Keyword.choices],
        help_text="What Twilio took the whole text for, and answered by itself.",
    )
    not_answered = serializers.ChoiceField(
        [("", "Could be answered"), *NotAnswered.choices],
        help_text="Why nobody could answer; empty when somebody could.",
    )
    sid = serializers.CharField(source="provider_sid")
    occurred_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()


class MessageFilter(django_filters.FilterSet):  # type: ignore[misc]
    """The filters of the Calls and texts page, with moments in place of its days."""

    q = TextFilter(label="Words of a text, or a number in any form.", max_length=LONGEST_SEARCH)
    number = TextFilter(
        label="One of your numbers: in any form, by name or SID.", max_length=LONGEST_SEARCH
    )
    sender = TextFilter(
        label="The other end: a number in any form, or a name.", max_length=LONGEST_SEARCH
    )
    not_answered = django_filters.ChoiceFilter(label="Not answered", choices=WHY_NOT_CHOICES)
    since = MomentFilter(label="At that moment or later.")
    before = MomentFilter(label="Before that moment.")

    def filter_queryset(self, queryset: MessageQuerySet) -> MessageQuerySet:
        wishes = dict(self.form.cleaned_data)
        return choose(
            queryset,
            self.request.auth.account,
            start=wishes.pop("since"),
            end=wishes.pop("before"),
            **wishes,
        )


#: Messages with what the serializer reads.
MESSAGES = (
    Message.objects.select_related("conversation__address")
    .prefetch_related("media")
    .defer("raw", "search_words")
)


class MessageListEndpoint(ListEndpoint):
    queryset = MESSAGES
    filterset_class = MessageFilter

    @extend_schema(responses=MessageSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List what was said on your numbers, newest first."""
        return self.page(self.visible(), MessageSerializer)


class MessageEndpoint(Endpoint):
    queryset = MESSAGES

    @extend_schema(responses=MessageSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """One message, as events about messages name it."""
        return Response(MessageSerializer(self.one(pk)).data)
