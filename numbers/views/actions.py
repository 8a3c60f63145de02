"""The actions on one number: a page that says what it means, then the act itself.

The page and its button share one address. ``?next=`` leads back to the list one came from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from accounts.states import Permission
from accounts.web import AccountRequest, account_page, add_refusal, attempt, to
from config.errors import DomainError
from licensing.standing import standing
from numbers import gates, plans
from numbers.forms.actions import ActionForm, AgentForm, ReleaseForm
from numbers.models import CarrierTask, PhoneNumber
from numbers.services import carrier_tasks, inventory
from numbers.services import release as release_service

_page = require_http_methods(["GET", "HEAD", "POST"])


def find_number(request: AccountRequest, pk: int) -> PhoneNumber:
    """A number of the account with what pages say about it; strangers get 404."""
    visible = PhoneNumber.objects.visible_to(request.actor)
    related = visible.select_related("account", "agent", "connection").prefetch_related("tags")
    return get_object_or_404(related.defer("connection__auth_token"), pk=pk)


def way_back(request: AccountRequest, number: PhoneNumber) -> str:
    """Where one came from inside this account, else the number's page."""
    wanted = request.GET.get("next", "")
    inside = wanted.startswith(f"/a/{request.account.slug}/")
    if inside and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    return to(request, "numbers:detail", number.pk)


def posted(request: AccountRequest) -> QueryDict | None:
    """What a form is bound to; a POST without any field is one as well."""
    return request.POST if request.method == "POST" else None


@dataclass(frozen=True)
class Deed:
    """An action with a page of its own: its words, its preview, and what carries it out."""

    heading: str
    submit: str
    done: str
    plan: Callable[[PhoneNumber, AccountRequest, datetime], plans.Plan]
    run: Callable[..., object]
    form: type[ActionForm] = ActionForm
    danger: bool = False


def _act(request: AccountRequest, pk: int, deed: Deed) -> HttpResponse:
    number, at = find_number(request, pk), timezone.now()
    form = deed.form(posted(request), number=number)
    if request.method == "POST" and form.is_valid():
        try:
            deed.run(number.pk, actor=request.actor, at=at)
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, deed.done.format(number=number))
            return redirect(way_back(request, number))
    plan = deed.plan(number, request, at)
    return confirm_page(request, number, form, plan, deed)


def confirm_page(
    request: AccountRequest, number: PhoneNumber, form: forms.Form, plan: plans.Plan, deed: Deed
) -> HttpResponse:
    """The page before an act; after a refused POST with what was typed and the reason."""
    context = {
        "number": number,
        "plan": plan,
        "form": form,
        "heading": deed.heading.format(number=number),
        "submit_label": deed.submit,
        "danger": deed.danger,
        "cancel_url": way_back(request, number),
    }
    return render(request, "numbers/confirm.html", context, status=422 if form.is_bound else 200)


RELEASE = Deed(
    heading="Release {number}?",
    submit="Release",
    done="{number} is being released. It takes no license from now on.",
    plan=lambda number, request, at: plans.release_plan(number, at=at),
    run=release_service.release,
    form=ReleaseForm,
    danger=True,
)
RESTORE = Deed(
    heading="Restore {number}?",
    submit="Restore",
    done="Twilio is asked for {number}; a license is reserved for it.",
    plan=lambda number, request, at: plans.restore_plan(
        number, standing=standing(request.account.pk, at=at), at=at
    ),
    run=release_service.restore,
)
TAKE_BACK = Deed(
    heading="Keep {number} after all?",
    submit="Keep it",
    done="{number} is held again.",
    plan=lambda number, request, at: plans.take_back_plan(
        number, standing=standing(request.account.pk, at=at)
    ),
    run=release_service.take_back,
)
EXCLUDE = Deed(
    heading="Exclude {number}?",
    submit="Exclude",
    done="{number} is excluded. It stays at Twilio and takes no license.",
    plan=lambda number, request, at: plans.exclude_plan(number),
    run=inventory.exclude,
)
BRING_BACK = Deed(
    heading="Bring {number} back?",
    submit="Bring back",
    done="{number} is managed here again.",
    plan=lambda number, request, at: plans.bring_back_plan(
        number, standing=standing(request.account.pk, at=at)
    ),
    run=inventory.bring_back,
)
UNASSIGN = Deed(
    heading="Unassign {number}?",
    submit="Unassign",
    done="{number} has no agent now.",
    plan=lambda number, request, at: plans.unassign_plan(number),
    run=inventory.unassign,
)
MARK_GONE = Deed(
    heading="Mark {number} as gone?",
    submit="Mark as gone",
    done="{number} is marked as gone.",
    plan=lambda number, request, at: plans.mark_gone_plan(number),
    run=inventory.mark_gone,
)


@_page
@account_page(Permission.NUMBERS)
def release(request: AccountRequest, pk: int) -> HttpResponse:
    """Give the number back to Twilio; confirmed by typing its last four digits (S4-55)."""
    return _act(request, pk, RELEASE)


@_page
@account_page(Permission.NUMBERS)
def restore(request: AccountRequest, pk: int) -> HttpResponse:
    """Ask Twilio for a released number again (S1-18)."""
    return _act(request, pk, RESTORE)


@_page
@account_page(Permission.NUMBERS)
def take_back(request: AccountRequest, pk: int) -> HttpResponse:
    """Keep a number whose release Twilio refused."""
    return _act(request, pk, TAKE_BACK)


@_page
@account_page(Permission.NUMBERS)
def exclude(request: AccountRequest, pk: int) -> HttpResponse:
    """Leave the number at Twilio without managing it here."""
    return _act(request, pk, EXCLUDE)


@_page
@account_page(Permission.NUMBERS)
def bring_back(request: AccountRequest, pk: int) -> HttpResponse:
    """Manage an excluded number again."""
    return _act(request, pk, BRING_BACK)


@_page
@account_page(Permission.NUMBERS)
def unassign(request: AccountRequest, pk: int) -> HttpResponse:
    """Take the agent off the number."""
    return _act(request, pk, UNASSIGN)


@_page
@account_page(Permission.NUMBERS)
def mark_gone(request: AccountRequest, pk: int) -> HttpResponse:
    """Close the file of a number that Twilio no longer lists."""
    return _act(request, pk, MARK_GONE)


@_page
@account_page(Permission.NUMBERS)
def assign(request: AccountRequest, pk: int) -> HttpResponse:
    """Choose a live agent; the rows of the Unassigned tab post here as well (S0-22, S4-9)."""
    number, at = find_number(request, pk), timezone.now()
    agents = request.account.agents.order_by("name")
    initial = {"agent": number.agent_id}
    form = AgentForm(posted(request), agents=agents, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            changed = inventory.assign(
                number.pk, agent_id=form.cleaned_data["agent"], actor=request.actor, at=at
            )
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{changed} is assigned to {changed.agent}.")
            return redirect(way_back(request, number))
    stands = standing(request.account.pk, at=at)
    assigned = PhoneNumber.objects.visible_to(request.actor).assigned().count()
    context = {
        "number": number,
        "form": form,
        "has_agents": agents.exists(),
        "blockers": gates.assign(number, stands, assigned=assigned),
        "cancel_url": way_back(request, number),
    }
    return render(request, "numbers/assign.html", context, status=422 if form.is_bound else 200)


@require_POST
@account_page(Permission.NUMBERS)
def keep(request: AccountRequest, pk: int) -> HttpResponse:
    """Note that the number stays as a spare."""
    number = find_number(request, pk)
    return attempt(
        request,
        lambda: inventory.keep(number.pk, actor=request.actor, at=timezone.now()),
        success=f"{number} is kept as a spare.",
        then=way_back(request, number),
    )


@require_POST
@account_page(Permission.NUMBERS)
def protect(request: AccountRequest, pk: int) -> HttpResponse:
    """Protect the number, or with ``protected=no`` remove the protection."""
    number = find_number(request, pk)
    wanted = request.POST.get("protected") != "no"
    return attempt(
        request,
        lambda: inventory.describe(
            number.pk, protected=wanted, actor=request.actor, at=timezone.now()
        ),
        success=f"{number} is protected." if wanted else f"{number} is no longer protected.",
        then=way_back(request, number),
    )


@require_POST
@account_page(Permission.NUMBERS)
def try_again(request: AccountRequest, pk: int, task: int) -> HttpResponse:
    """Ask Twilio once more after a person has removed the cause."""
    number = find_number(request, pk)
    waiting = get_object_or_404(
        CarrierTask.objects.visible_to(request.actor), pk=task, number=number
    )
    return attempt(
        request,
        lambda: carrier_tasks.try_again(waiting.pk, actor=request.actor, at=timezone.now()),
        success="Twilio is asked again.",
        then=to(request, "numbers:detail", number.pk),
    )
