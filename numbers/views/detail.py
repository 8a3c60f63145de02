"""The page of one number: facts, settings at Twilio, actions with their reasons, timeline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts import timeline
from accounts.models import Event
from accounts.states import Permission
from accounts.web import AccountRequest, account_page, tell_saved, to
from config import clock
from config.errors import DomainError
from config.refusals import add_refusal
from config.undo import UndoButton, tell_done
from numbers.actions import ACTIONS, ActionState, all_actions
from numbers.cards import cards_of
from numbers.forms.actions import DescribeForm
from numbers.gates import facts_of
from numbers.models import CarrierTask, PhoneNumber
from numbers.plans import put_settings_back_plan
from numbers.services import descriptions
from numbers.states import NumberState, TaskKind, TaskState

from .actions import find_number
from .shown import (
    capabilities,
    flags,
    kept_until,
    not_as_told,
    restorable_until,
    shown_routes,
    state_badge,
    why_settings_differ,
)
from .twilio import configuration

#: Events shown on the page; the rest is on the activity page.
SHOWN_EVENTS = 50
#: The states of numbers that can be released, excluded or swapped out, or will be again.
HERE = (NumberState.HELD, NumberState.EXCLUDED, NumberState.RESTORING)


@dataclass(frozen=True)
class Button:
    """An action as the page offers it: enabled, or greyed with the reasons."""

    state: ActionState
    url: str
    at_once: bool
    asks: str
    danger: bool


@require_safe
@account_page()
def detail(request: AccountRequest, pk: int) -> HttpResponse:
    """Everything about one number (S0-21).

    While Twilio is asked the page asks for itself, with what it has: 204 while that is all.
    """
    number = find_number(request, pk)
    if request.GET.get("known") == _how_far(number, _unfinished(number)):
        return HttpResponse(status=204)
    return _page(request, number, describe_form(number))


def describe_form(number: PhoneNumber, data: Any = None) -> DescribeForm:
    """The form of name, tags and notes, filled with the number's."""
    tags = [tag.name for tag in number.tags.all()]
    return DescribeForm(data, initial={"label": number.label, "notes": number.notes, "tags": tags})


@require_POST
@account_page(Permission.NUMBERS)
def describe(request: AccountRequest, pk: int) -> HttpResponse:
    """Change name, tags and notes (S4-8, B10)."""
    number = find_number(request, pk)
    form = describe_form(number, request.POST)
    if not form.is_valid():
        return _page(request, number, form, status=422)
    address = to(request, "numbers:detail", number.pk)
    if request.POST.get("found", _mark(number)) != _mark(number):
        messages.error(request, f"{number} was changed since, so nothing was undone.")
        return redirect(address)
    before = _described(number)
    try:
        wanted = form.cleaned_data
        descriptions.describe(number.pk, **wanted, actor=request.actor, at=clock.now())
    except DomainError as error:
        add_refusal(form, error)
        return _page(request, number, form, status=422)
    after = find_number(request, pk)
    if _described(after) == before:
        tell_saved(request, changes=False)
        return redirect(address)
    fields = before | {"found": _mark(after)}
    tell_done(request, "Saved.", UndoButton(to(request, "numbers:describe", number.pk), fields))
    return redirect(address)


def _described(number: PhoneNumber) -> dict[str, str]:
    """Name, notes and tags, as their form sends them."""
    tags = ", ".join(sorted(tag.name for tag in number.tags.all()))
    return {"label": number.label, "notes": number.notes, "tags": tags}


def _mark(number: PhoneNumber) -> str:
    """Tells whether name, notes and tags are still the same."""
    return sha256(repr(_described(number)).encode()).hexdigest()[:16]


def _page(
    request: AccountRequest, number: PhoneNumber, form: DescribeForm, *, status: int = 200
) -> HttpResponse:
    at = clock.now()
    tasks = _unfinished(number)
    events = list(
        Event.objects.visible_to(request.actor).about("number", number.pk)[: SHOWN_EVENTS + 1]
    )
    buttons = _buttons(request, number, at=at) if request.actor.can_numbers else []
    context = {
        "number": number,
        "at": at,
        "badge": state_badge(number, request.account.zone, at=at),
        "flags": flags(number, tasks),
        "capabilities": capabilities(number),
        "buttons": buttons,
        "any_allowed": any(button.state.allowed for button in buttons),
        "tasks": tasks,
        "waits": any(task.state == TaskState.PENDING for task in tasks),
        "known": _how_far(number, tasks),
        "answered": _answered(number) if "known" in request.GET and not tasks else "",
        "is_here": number.state in HERE,
        "restorable_until": restorable_until(number, at),
        "kept_until": kept_until(number, request.account.zone),
        "settings_plan": put_settings_back_plan(number),
        "settings_why": why_settings_differ(number),
        "goes_elsewhere": number.goes_elsewhere(tasks),
        "elsewhere": not_as_told(number),
        "routes": shown_routes(number),
        "form": form,
        "configuration": configuration(number),
        "cards": cards_of(number, request.actor, at=at),
        "timeline": timeline.entries(
            events[:SHOWN_EVENTS], account=request.account, subject=("number", number.pk)
        ),
        "more_events": len(events) > SHOWN_EVENTS,
    }
    return render(request, "numbers/detail.html", context, status=status)


def _unfinished(number: PhoneNumber) -> list[CarrierTask]:
    return list(number.carrier_tasks.unfinished().order_by("pk"))


#: What Twilio has done by the end of a task that the page has waited for.
_ANSWERS = {
    TaskKind.RELEASE: "Twilio has taken it back.",
    TaskKind.RESTORE: "Twilio has given it back.",
    TaskKind.PUT_BACK: "Twilio has its settings as they are to be.",
    TaskKind.ROUTE: "Twilio knows where its texts go.",
}


def _answered(number: PhoneNumber) -> str:
    """What Twilio has done last."""
    done = number.carrier_tasks.filter(state=TaskState.DONE).order_by("-finished_at", "-pk")
    kind = done.values_list("kind", flat=True).first()
    return _ANSWERS[TaskKind(kind)] if kind else ""


def _how_far(number: PhoneNumber, tasks: list[CarrierTask]) -> str:
    """Tells whether Twilio has done or refused something since."""
    return "-".join([number.state, *(f"{each.pk}.{each.state}.{each.attempts}" for each in tasks)])


def _buttons(request: AccountRequest, number: PhoneNumber, *, at: datetime) -> list[Button]:
    """What makes sense for the number now, each with the reasons against it (B3)."""
    facts = facts_of(request.account, at=at)
    return [
        Button(
            state=state,
            url=to(request, ACTIONS[state.action].address, number.pk),
            at_once=ACTIONS[state.action].at_once,
            asks=ACTIONS[state.action].asks,
            danger=ACTIONS[state.action].danger,
        )
        for state in all_actions(number, actor=request.actor, facts=facts)
        if state.relevant and not ACTIONS[state.action].beside
    ]
