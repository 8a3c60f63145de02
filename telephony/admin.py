"""Agents, for support staff."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin import acting, list_url
from config.admin import Act, SupportAdmin

from . import gates
from .models import Agent
from .services import agents as services


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
