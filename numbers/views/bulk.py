"""Bulk actions: what the action wants to know, a dry run, then a job that people can watch (B2)."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.states import Permission
from accounts.web import AccountRequest, account_page, add_refusal, tell_refusal, to
from config.errors import DomainError, Invalid
from numbers.forms.bulk import SelectionForm, params_form
from numbers.services import bulk as bulk_service

#: What each action means for a number, and whether it can be undone.
MEANING: dict[str, tuple[str, str]] = {
    "assign": (
        "The agent takes over from those that they have now.",
        "Assign or unassign them again at any time.",
    ),
    "unassign": (
        "Their agents no longer answer these numbers. They stay held and take their licenses.",
        "Assign them again at any time.",
    ),
    "tag": ("Only tags change.", "Change them again at any time."),
    "protect": ("Only the protection changes.", "Change it again at any time."),
    "exclude": (
        "They stay at Twilio, which goes on billing them, and are not managed here. "
        "They take no license and have no agent.",
        "Bring them back at any time; each needs a free license.",
    ),
    "release": (
        "They are given back to Twilio. Agents no longer answer them, and they take no license. "
        "Releasing is free; Twilio does not refund the month that is paid.",
        "For 10 days each can be restored, if Twilio still has it and a license is free.",
    ),
    "bring_back": (
        "They are managed here again and each takes a license.",
        "Exclude them again at any time.",
    ),
}
DANGEROUS = {"release"}


@require_http_methods(["GET", "HEAD", "POST"])
@account_page(Permission.NUMBERS)
def bulk(request: AccountRequest) -> HttpResponse:
    """Three steps at one address: ``step`` is empty, ``preview`` or ``confirm``."""
    if request.method != "POST":
        return redirect(to(request, "numbers:list"))
    chosen = SelectionForm(request.POST)
    if not chosen.is_valid():
        refused = {name: [str(each) for each in errors] for name, errors in chosen.errors.items()}
        tell_refusal(request, Invalid(refused))
        return redirect(_list_address(request))
    action, step = chosen.cleaned_data["action"], request.POST.get("step", "")
    agents = request.account.agents.order_by("name")
    form = params_form(action, request.POST if step else None, agents=agents)
    if form.fields and not (step and form.is_valid()):
        return _ask(request, chosen, form, failed=bool(step))
    order: dict[str, Any] = {
        "action": action,
        "selection": chosen.selection,
        "params": form.cleaned_data if form.is_bound and form.is_valid() else {},
        "actor": request.actor,
        "at": timezone.now(),
    }
    try:
        if step == "confirm":
            job = bulk_service.start(request.account.pk, **order)
            return redirect(to(request, "numbers:job", job.pk))
        preview = bulk_service.preview(request.account.pk, **order)
    except DomainError as error:
        if not form.fields:
            tell_refusal(request, error)
            return redirect(_list_address(request))
        add_refusal(form, error)
        return _ask(request, chosen, form, failed=True)
    context = _context(request, chosen, form) | {"preview": preview}
    return render(request, "numbers/bulk_preview.html", context)


def _list_address(request: AccountRequest) -> str:
    """The list one came from."""
    query = request.POST.get("query", "")[:2000]
    address = to(request, "numbers:list")
    return f"{address}?{query}" if query else address


def _ask(
    request: AccountRequest, chosen: SelectionForm, form: forms.Form, *, failed: bool
) -> HttpResponse:
    """The page that asks which agent, which tags, or what to do about protection."""
    context = _context(request, chosen, form)
    return render(request, "numbers/bulk_ask.html", context, status=422 if failed else 200)


def _context(request: AccountRequest, chosen: SelectionForm, form: forms.Form) -> dict[str, Any]:
    values = chosen.cleaned_data
    action = values["action"]
    meaning, undo = MEANING[action]
    return {
        "action": action,
        "label": bulk_service.BULK_ACTIONS[action].label,
        "danger": action in DANGEROUS,
        "touches": [*_wanted(action, form), meaning],
        "undo": undo,
        "form": form,
        "everything": values["everything"],
        "count": None if values["everything"] else len(chosen.ids),
        "hidden": [
            ("action", action),
            ("everything", "1" if values["everything"] else ""),
            ("query", values["query"]),
            ("ids", "" if values["everything"] else ",".join(map(str, chosen.ids))),
        ],
        "cancel_url": _list_address(request),
    }


def _wanted(action: str, form: forms.Form) -> list[str]:
    """What was chosen for the action, as sentences."""
    values = getattr(form, "cleaned_data", {})
    if action == "assign" and "agent" in values:
        choices: Any = cast(forms.ChoiceField, form.fields["agent"]).choices
        return [f"They are assigned to {dict(choices)[values['agent']]}."]
    if action == "tag" and values:
        verbs = (("add", "Added"), ("remove", "Taken off"))
        return [f"{verb}: {', '.join(values[name])}." for name, verb in verbs if values.get(name)]
    if action == "protect" and "protected" in values:
        return ["They become protected." if values["protected"] else "Their protection goes."]
    return []
