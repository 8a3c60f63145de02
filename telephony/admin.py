"""Agents, calls and texts, for support staff."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin import acting, list_url
from config.admin import Act, SupportAdmin
from config.filters import any_of
from config.phone_numbers import read

from . import gates
from .models import Agent, Conversation, Message
from .services import agents as services
from .states import NotAnswered


def _go_live(agent: Agent, data: dict[str, Any], request: HttpRequest, at: datetime) -> str:
    services.go_live(agent.pk, actor=acting(request, data), at=at)
    return f"{agent} is live."


def _pause(agent: Agent, data: dict[str, Any], request: HttpRequest, at: datetime) -> str:
    services.pause(agent.pk, actor=acting(request, data), at=at)
    return f"{agent} is paused."


@admin.register(Agent)
class AgentAdmin(SupportAdmin):
    list_display = ("name", "account", "state", "created_at")
    list_filter = ("state",)
    list_select_related = ("account",)
    search_fields = ("account__slug",)
    name_column = "search_name"
    acts = (
        Act(
            "go_live",
            "Make live",
            _go_live,
            applies=lambda agent: not gates.go_live(agent),
            why_not=lambda agent: [blocker.message for blocker in gates.go_live(agent)],
        ),
        Act(
            "pause",
            "Pause",
            _pause,
            applies=lambda agent: not gates.pause(agent),
            why_not=lambda agent: [blocker.message for blocker in gates.pause(agent)],
        ),
    )

    def links(self, row: Agent) -> list[tuple[str, str]]:
        return [("Numbers", list_url("numbers_phonenumber", agent__id__exact=row.pk))]


class NotAnsweredFilter(admin.SimpleListFilter):
    """By the reasons that there can be; those that there are would be looked for in every row."""

    title = "not answered"
    parameter_name = "not_answered"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(code.value, str(code.label)) for code in NotAnswered]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        code = self.value()
        return queryset.exclude(not_answered="").filter(not_answered=code) if code else queryset


@admin.register(Message)
class MessageAdmin(SupportAdmin):
    """Whether something came and what became of it; what was said is for the account's people."""

    list_display = (
        "received_at", "account", "number", "sender", "kind", "status", "not_answered",
        "provider_sid",
    )  # fmt: skip
    list_filter = (NotAnsweredFilter, "keyword")
    list_select_related = ("account", "number", "conversation__address")
    search_fields = ("=provider_sid", "=account__slug")
    fields = (
        "account", "number", "sender", "kind", "author", "status", "keyword", "not_answered",
        "media_count", "segments", "occurred_at", "received_at", "provider_sid",
    )  # fmt: skip
    readonly_fields = ("sender",)

    @admin.display(description="from")
    def sender(self, message: Message) -> str:
        return str(message.conversation.address)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Message], search_term: str
    ) -> tuple[QuerySet[Message], bool]:
        """Besides, either number in any form."""
        found, doubles = super().get_search_results(request, queryset, search_term)
        written = read(search_term)
        if written is None:
            return found, doubles
        threads = Conversation.objects.filter(
            any_of("number_e164", "contains", written.parts)
            | any_of("address__canonical", "contains", written.parts)
        )
        return found | queryset.filter(conversation__in=threads), doubles
