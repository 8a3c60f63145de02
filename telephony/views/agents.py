"""The pages about agents, under ``/a/<slug>/agents/``."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import timeline
from accounts.models import Event
from accounts.states import Permission
from accounts.web import AccountRequest, account_page, attempt, tell_refusal, tell_saved, to
from config import clock
from config.errors import DomainError
from config.paging import Sort, integer, page, text
from config.refusals import add_refusal
from telephony import gates
from telephony.forms import AgentForm
from telephony.models import Agent
from telephony.services import agents as services
from telephony.states import AgentState

#: Agents on a page, and their order.
PAGE_SIZE = 50
BY_NAME = Sort("Name", {"search_name": text, "id": integer})
#: Numbers and events shown on an agent's page; the rest is on the lists they link to.
SHOWN = 20

#: What each state means, for the tooltip of its badge.
MEANING: dict[str, tuple[str, str]] = {
    AgentState.DRAFT: ("plain", "Not live yet: numbers cannot be assigned to it."),
    AgentState.LIVE: ("good", "Numbers can be assigned to it."),
    AgentState.PAUSED: ("warn", "Keeps its numbers, but no further ones can be assigned to it."),
}


@require_safe
@account_page()
def agents(request: AccountRequest) -> HttpResponse:
    """All agents with the numbers they serve."""
    return _agents(request, AgentForm())


@require_POST
@account_page(Permission.NUMBERS)
def create(request: AccountRequest) -> HttpResponse:
    """Add an agent as a draft."""
    form = AgentForm(request.POST)
    if not form.is_valid():
        return _agents(request, form)
    try:
        made = services.create_agent(
            request.account.pk,
            name=form.cleaned_data["name"],
            actor=request.actor,
            at=clock.now(),
        )
    except DomainError as error:
        add_refusal(form, error)
        return _agents(request, form)
    messages.success(request, f"{made.name} is a draft. Take it live to assign numbers.")
    return redirect(to(request, "telephony:agent", made.pk))


def _agents(request: AccountRequest, form: AgentForm) -> HttpResponse:
    """A page of agents by name; only its own are counted for."""
    shown = page(Agent.objects.visible_to(request.actor), request.GET, size=PAGE_SIZE, sort=BY_NAME)
    counts = dict(
        Agent.objects.filter(pk__in=[each.pk for each in shown.rows])
        .annotate(count=Count("numbers"))
        .values_list("pk", "count")
    )
    context = {
        "rows": [(each, counts.get(each.pk, 0), *MEANING[each.state]) for each in shown.rows],
        "page": shown,
        "form": form,
    }
    return render(request, "telephony/agents.html", context, status=422 if form.is_bound else 200)


@require_safe
@account_page()
def agent(request: AccountRequest, pk: int) -> HttpResponse:
    """One agent: its state, its numbers, its timeline."""
    found = _find(request, pk)
    return _agent(request, found, AgentForm(initial={"name": found.name}))


@require_POST
@account_page(Permission.NUMBERS)
def rename(request: AccountRequest, pk: int) -> HttpResponse:
    """Give the agent another name."""
    found = _find(request, pk)
    form = AgentForm(request.POST)
    if not form.is_valid():
        return _agent(request, found, form)
    try:
        after = services.rename(
            pk, name=form.cleaned_data["name"], actor=request.actor, at=clock.now()
        )
    except DomainError as error:
        add_refusal(form, error)
        return _agent(request, found, form)
    tell_saved(request, changes=after.name != found.name)
    return redirect(to(request, "telephony:agent", pk))


def _agent(request: AccountRequest, found: Agent, form: AgentForm) -> HttpResponse:
    numbers: Any = found.numbers
    count = numbers.count()
    tone, meaning = MEANING[found.state]
    events = Event.objects.visible_to(request.actor).about("agent", found.pk)[:SHOWN]
    context = {
        "agent": found,
        "tone": tone,
        "meaning": meaning,
        "form": form,
        "numbers": numbers.order_by("e164").only("agent_id", "e164", "label", "friendly_name")[
            :SHOWN
        ],
        "count": count,
        "can_go_live": not gates.go_live(found),
        "can_pause": not gates.pause(found),
        "delete_blockers": gates.delete(found, numbers=count),
        "timeline": timeline.entries(events, account=request.account, subject=("agent", found.pk)),
    }
    return render(request, "telephony/agent.html", context, status=422 if form.is_bound else 200)


def _find(request: AccountRequest, pk: int) -> Agent:
    return get_object_or_404(Agent.objects.visible_to(request.actor), pk=pk)


@require_POST
@account_page(Permission.NUMBERS)
def go_live(request: AccountRequest, pk: int) -> HttpResponse:
    """Let numbers be assigned to the agent (S4-10)."""
    found = _find(request, pk)
    return attempt(
        request,
        lambda: services.go_live(pk, actor=request.actor, at=clock.now()),
        success=f"{found.name} is live. Numbers can be assigned to it.",
        then=to(request, "telephony:agent", pk),
    )


@require_POST
@account_page(Permission.NUMBERS)
def pause(request: AccountRequest, pk: int) -> HttpResponse:
    """Stop further numbers from being assigned to the agent."""
    found = _find(request, pk)
    return attempt(
        request,
        lambda: services.pause(pk, actor=request.actor, at=clock.now()),
        success=f"{found.name} is paused. Its numbers stay with it.",
        then=to(request, "telephony:agent", pk),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@account_page(Permission.NUMBERS)
def delete(request: AccountRequest, pk: int) -> HttpResponse:
    """Delete an agent without numbers, after a page that says what that means."""
    found = _find(request, pk)
    count = found.numbers.count()
    if request.method == "POST":
        try:
            services.delete(pk, actor=request.actor, at=clock.now())
        except DomainError as error:
            tell_refusal(request, error)
        else:
            messages.success(request, f"{found.name} is deleted.")
            return redirect(to(request, "telephony:agents"))
    context = {
        "agent": found,
        "blockers": gates.delete(found, numbers=count),
        "touches": "Only the agent goes. It serves no number; its history stays under Activity.",
        "undo": "No. A new agent can have the same name.",
        "cancel_url": to(request, "telephony:agent", pk),
    }
    refused = request.method == "POST"
    return render(request, "telephony/delete.html", context, status=409 if refused else 200)
