"""The actions on one number: a page that says what it means, then the act itself.

The page and its button share one address, which ``numbers.urls`` makes of the table of actions.
``?next=`` leads back to the list one came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseNotAllowed, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.states import Permission
from accounts.web import AccountRequest, account_page, attempt, came_from, tell_saved, to
from config import clock
from config.errors import DomainError
from config.refusals import add_refusal
from config.undo import UndoButton, tell_done
from numbers.actions import ACTIONS, Action, Undo, can_be_done, is_relevant
from numbers.forms.actions import ActionForm, as_typed
from numbers.gates import Facts, facts_of
from numbers.models import CarrierTask, Connection, PhoneNumber
from numbers.services import carrier_tasks


def find_number(request: AccountRequest, pk: int) -> PhoneNumber:
    """A number of the account with what pages say about it; strangers get 404."""
    visible = PhoneNumber.objects.visible_to(request.actor)
    related = visible.select_related("account", "agent", "connection").prefetch_related("tags")
    return get_object_or_404(related.defer(*Connection.SECRETS_OF_IT), pk=pk)


def way_back(request: AccountRequest, number: PhoneNumber) -> str:
    """Where one came from, else the number's page."""
    return came_from(request) or to(request, "numbers:detail", number.pk)


def posted(request: AccountRequest) -> QueryDict | None:
    """What a form is bound to; a POST without any field is one as well."""
    return request.POST if request.method == "POST" else None


@require_http_methods(["GET", "HEAD", "POST"])
@account_page()
def act(request: AccountRequest, pk: int, action: str) -> HttpResponse:
    """Any action of the table on one number; rows of lists post here as well (S0-22, S4-9).

    Its page says what it means (B4); one that needs no page acts at once and tells on the next.
    """
    deed = ACTIONS[action]
    request.actor.require(deed.permission)
    number, at = find_number(request, pk), clock.now()
    if deed.at_once and not deed.asks and request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    form = _form(request, deed, number)
    if say_changed_since(request, number):
        return redirect(way_back(request, number))
    if request.method == "POST" and form.is_valid():
        try:
            done = deed.do(
                number.pk,
                form.cleaned_data | {"seal": _seal(request)},
                actor=request.actor,
                at=at,
                risk_confirmed=form.confirms_risk,
                undoes=any(name.startswith(_FOUND) for name in request.POST),
            )
        except DomainError as error:
            number, told = find_number(request, pk), form.confirms_risk
            form = _form(request, deed, number)
            if form.is_valid() or form.confirms_risk == told:  # else it says what is missing
                add_refusal(form, error)
            if instead := _instead(request, deed, number, at=at):
                return instead
        else:
            number = done.after if isinstance(done.after, PhoneNumber) else number
            if not done.changes:
                tell_saved(request, changes=False)
                return redirect(way_back(request, number))
            _tell_done(request, deed, number, done.undo, facts_of(request.account, at=at))
            return redirect(way_back(request, number))
    asked = deed.asks and (not form.is_bound or any(name in request.POST for name in form.fields))
    if deed.at_once and not asked:
        for texts in form.errors.values():
            for text in texts:
                messages.error(request, str(text))
        return redirect(way_back(request, number))
    return _page(request, number, deed, form, at=at)


def _seal(request: AccountRequest) -> str | None:
    """What was shown to whoever confirms: by the page, else by a button beside both versions."""
    return request.POST.get("seal") or request.POST.get(f"{_FOUND}fingerprint")


def _form(request: AccountRequest, deed: Action, number: PhoneNumber) -> ActionForm:
    agents = request.account.agents.order_by("name")
    today = clock.now().astimezone(request.account.zone).date()
    return ActionForm(deed, posted(request), number=number, agents=agents, today=today)


#: What an Undo was left with, and what a button was shown with, is posted under such names.
_FOUND = "found_"
_CHANGED_SINCE = {
    "agent_id": "The agent of {} was changed since, so nothing was undone.",
    "fingerprint": "{} was changed at Twilio since this was shown, so nothing was done.",
}


def found(values: Mapping[str, Any]) -> dict[str, str]:
    """What an Undo posts besides: what it is to find, by field."""
    return {f"{_FOUND}{name}": str(value or "") for name, value in values.items()}


def say_changed_since(request: AccountRequest, number: PhoneNumber) -> bool:
    """Whether an Undo does not find the number as it was left, or a button as it was shown, which
    is told on the next page."""
    for name, words in _CHANGED_SINCE.items():
        left = request.POST.get(f"{_FOUND}{name}")
        if left is not None and left != str(getattr(number, name) or ""):
            messages.error(request, words.format(number))
            return True
    return False


def _tell_done(
    request: AccountRequest, deed: Action, number: PhoneNumber, undo: Undo | None, facts: Facts
) -> None:
    """Say what has happened, with the button that undoes it where it can be undone; the button
    comes back here as well."""
    if undo is None or not can_be_done(undo, number, facts):
        messages.success(request, deed.said(number, facts))
        return
    act = ACTIONS[undo.action]
    address = to(request, act.address, number.pk)
    back = urlencode({"next": way_back(request, number)})
    fields = as_typed(act.params, undo.params) | found(undo.finds)
    button = UndoButton(f"{address}?{back}", fields)
    text = deed.said(number, facts) if deed.way_back else deed.happened(number)
    tell_done(request, text, button)


def _instead(
    request: AccountRequest, deed: Action, number: PhoneNumber, *, at: datetime
) -> HttpResponse | None:
    """The page of what can still be done where the action comes too late."""
    if not deed.instead:
        return None
    other, facts = ACTIONS[deed.instead], facts_of(request.account, at=at)
    if is_relevant(deed.gate(number, facts)) or not is_relevant(other.gate(number, facts)):
        return None
    text = deed.too_late.format(number=number)
    messages.info(request, f"{text} {facts.standing.cost_of_one_more}")
    return redirect(to(request, other.address, number.pk))


def _page(
    request: AccountRequest, number: PhoneNumber, deed: Action, form: ActionForm, *, at: datetime
) -> HttpResponse:
    """The page before an act; after a refused POST with what was typed and the reason."""
    facts = facts_of(request.account, at=at)
    plan = deed.plan(number, facts) if deed.plan else None
    context = {
        "number": number,
        "plan": plan,
        "blockers": plan.blockers if plan else deed.gate(number, facts),
        "form": form,
        "heading": deed.title(number),
        "submit_label": deed.submit or deed.label,
        "danger": deed.danger,
        "cancel_url": undecided(way_back(request, number), number),
        "has_agents": request.account.agents.exists(),
    }
    return render(request, deed.template, context, status=422 if form.is_bound else 200)


def undecided(back: str, number: PhoneNumber) -> str:
    """The way back to the row of the number itself; who decides goes on at the next one."""
    page, mark, row = back.partition("#number-")
    return f"{page}{mark}{number.pk}" if row else back


@require_POST
@account_page(Permission.NUMBERS)
def try_again(request: AccountRequest, pk: int, task: int) -> HttpResponse:
    """Ask Twilio now: the cause of a refusal is removed, or nobody wants to wait."""
    number = find_number(request, pk)
    waiting = get_object_or_404(
        CarrierTask.objects.visible_to(request.actor), pk=task, number=number
    )
    return attempt(
        request,
        lambda: carrier_tasks.try_again(waiting.pk, actor=request.actor, at=clock.now()),
        success="Twilio is asked again.",
        then=to(request, "numbers:detail", number.pk),
    )
