"""Phone numbers: to find, to look at, and to act on through the services."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts.actors import Actor
from accounts.admin import acting, list_url
from config.admin import Act, ReasonForm, SupportAdmin
from config.phone_numbers import digits_of, for_people
from numbers import gates
from numbers.models import PhoneNumber
from numbers.services import inventory, release
from numbers.states import RESTORE_WINDOW, NumberState

SID = re.compile(r"(?:PN|AC)[0-9a-fA-F]{32}")


class AssignForm(ReasonForm):
    def __init__(self, rows: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(rows, *args, **kwargs)
        agents = rows[0].account.agents.order_by("name")
        self.fields["agent"] = forms.ChoiceField(
            choices=[(agent.pk, f"{agent} ({agent.get_state_display()})") for agent in agents],
            help_text="Only a live agent can be assigned.",
        )
        self.order_fields(["agent", "reason"])

    def clean(self) -> dict[str, Any]:
        if len({row.account_id for row in self.rows}) > 1:
            raise forms.ValidationError("Choose numbers of one account: agents belong to accounts.")
        return self.cleaned_data


def _through(
    service: Callable[..., object], done: str, **fixed: Any
) -> Callable[[PhoneNumber, dict[str, Any], HttpRequest, datetime], str]:
    """An act that calls ``service(number_id, actor=…, at=…)``."""

    def run(number: PhoneNumber, data: dict[str, Any], request: HttpRequest, at: datetime) -> str:
        actor: Actor = acting(request, data)
        service(number.pk, actor=actor, at=at, **fixed)
        return f"{number}: {done}"

    return run


def _assign(number: PhoneNumber, data: dict[str, Any], request: HttpRequest, at: datetime) -> str:
    inventory.assign(number.pk, agent_id=int(data["agent"]), actor=acting(request, data), at=at)
    return f"{number}: assigned."


def _in(*states: NumberState) -> Callable[[PhoneNumber], bool]:
    return lambda number: number.state in states


class AssignedFilter(admin.SimpleListFilter):
    """Held numbers with and without an agent; "no" is the account's Unassigned view."""

    title = "agent"
    parameter_name = "assigned"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("yes", "Assigned"), ("no", "Unassigned")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(state=NumberState.HELD, agent__isnull=self.value() == "no")


@admin.register(PhoneNumber)
class PhoneNumberAdmin(SupportAdmin):
    list_display = ("number", "account", "state", "agent", "label", "type", "connection", "sid")
    list_filter = ("state", AssignedFilter, "protected", "type")
    list_select_related = ("account", "agent", "connection")
    ordering = ("account", "state", "agent", "e164")  # the index number_by_state, filtered or not
    search_fields = ("e164",)
    search_help_text = "Digits in any format, a SID, or a part of the name."
    exclude = ("tags",)
    acts = (
        Act(
            "assign",
            "Assign",
            _assign,
            form=AssignForm,
            applies=_in(NumberState.HELD),
            in_bulk=True,
        ),
        Act(
            "unassign",
            "Unassign",
            _through(inventory.unassign, "unassigned."),
            applies=lambda number: not gates.unassign(number),
            in_bulk=True,
        ),
        Act(
            "keep",
            "Keep as spare",
            _through(inventory.keep, "kept as a spare."),
            applies=lambda number: not gates.keep(number),
        ),
        Act(
            "protect",
            "Protect",
            _through(inventory.describe, "protected.", protected=True),
            applies=lambda number: not number.protected,
            in_bulk=True,
        ),
        Act(
            "unprotect",
            "Remove protection",
            _through(inventory.describe, "no longer protected.", protected=False),
            applies=lambda number: number.protected,
            in_bulk=True,
        ),
        Act(
            "exclude",
            "Exclude",
            _through(inventory.exclude, "excluded."),
            means=lambda number: ("Stays at Twilio, is not managed here, and takes no license.",),
            applies=_in(NumberState.HELD),
            in_bulk=True,
        ),
        Act(
            "bring_back",
            "Bring back",
            _through(inventory.bring_back, "managed here again."),
            means=lambda number: ("Takes a license, which must be free.",),
            applies=_in(NumberState.EXCLUDED),
            in_bulk=True,
        ),
        Act(
            "release",
            "Release",
            _through(release.release, "is being released."),
            means=lambda number: (
                "The number goes back to Twilio and stops ringing; its license is free at once.",
                f"It can come back for {RESTORE_WINDOW.days} days, unless Twilio gives it away.",
            ),
            applies=_in(NumberState.HELD, NumberState.EXCLUDED),
            in_bulk=True,
            danger=True,
        ),
        Act(
            "take_back",
            "Keep after all",
            _through(release.take_back, "kept after all."),
            means=lambda number: ("For a release that Twilio refused. Takes a license again.",),
            applies=_in(NumberState.RELEASING),
        ),
        Act(
            "restore",
            "Restore",
            _through(release.restore, "is being restored."),
            means=lambda number: ("Tries to buy the number again. Takes a license at once.",),
            applies=_in(NumberState.RELEASED),
        ),
        Act(
            "mark_gone",
            "Mark as gone",
            _through(inventory.mark_gone, "marked as gone."),
            means=lambda number: ("Its history stays, and an import can find it again.",),
            applies=_in(NumberState.MISSING),
        ),
    )

    def links(self, row: PhoneNumber) -> list[tuple[str, str]]:
        about = {"subject_type__exact": "number", "subject_id__exact": row.pk}
        return [
            ("Timeline", list_url("accounts_event", **about)),
            ("At Twilio", list_url("numbers_carriertask", number__id__exact=row.pk)),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.defer("connection__auth_token")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if SID.fullmatch(term):
            return queryset.filter(Q(sid=term) | Q(connection__sid=term)), False
        digits = digits_of(term)
        if digits and not any(character.isalpha() for character in term):
            return queryset.filter(e164__contains=digits), False
        if term:
            named = Q(label__icontains=term) | Q(friendly_name__icontains=term)
            return queryset.filter(named | Q(account__slug=term)), False
        return queryset, False

    @admin.display(description="number")
    def number(self, row: PhoneNumber) -> str:
        return for_people(row.e164, row.account.country)
