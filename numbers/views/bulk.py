"""Bulk actions: what the action wants to know, a dry run, then a job that people can watch (B2).

``?next=`` leads back to the list where the numbers were ticked; ``select.js`` keeps the ticks.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.models import Job
from accounts.states import ItemState, Permission
from accounts.web import AccountRequest, account_page, came_from, job_page, tell_refusal, to
from config import clock
from config.errors import DomainError, Invalid, NotAsShown
from config.refusals import add_refusal
from config.text import plural
from numbers.actions import ACTIONS, Action, many_of
from numbers.forms.actions import ParamsForm, as_typed
from numbers.forms.bulk import CountForm, SelectionForm
from numbers.services import agents_back, previews
from numbers.services.bulk import BULK_ACTIONS, KIND, in_words, undoing_of
from numbers.services.previews import BulkPreview


@require_http_methods(["GET", "HEAD", "POST"])
@account_page(Permission.NUMBERS)
def bulk(request: AccountRequest) -> HttpResponse:
    """Three steps at one address: ``step`` is empty, ``preview`` or ``confirm``."""
    if request.method != "POST":
        return redirect(_back(request))
    chosen = SelectionForm(request.POST)
    if not chosen.is_valid():
        refused = {name: [str(each) for each in errors] for name, errors in chosen.errors.items()}
        tell_refusal(request, Invalid(refused))
        return redirect(_back(request))
    action, step = chosen.cleaned_data["action"], request.POST.get("step", "")
    agents = request.account.agents.order_by("name")
    today = clock.now().astimezone(request.account.zone).date()
    params, typed = ACTIONS[action].params, request.POST if step else None
    form = ParamsForm(params, typed, agents=agents, today=today)
    if form.fields and not (step and form.is_valid()):
        return _ask(request, chosen, form, failed=bool(step))
    order: dict[str, Any] = {
        "action": action,
        "selection": chosen.selection,
        "params": form.cleaned_data if form.is_bound and form.is_valid() else {},
        "actor": request.actor,
        "at": clock.now(),
    }
    try:
        return _preview_or_start(request, order, _context(request, chosen, form))
    except DomainError as error:
        if not form.fields:
            tell_refusal(request, error)
            return redirect(_back(request))
        add_refusal(form, error)
        return _ask(request, chosen, form, failed=True)


@require_http_methods(["GET", "HEAD", "POST"])
@account_page(Permission.NUMBERS)
def undo(request: AccountRequest, pk: int) -> HttpResponse:
    """The act that undoes a finished job, for the numbers that are as the job left them."""
    jobs = Job.objects.visible_to(request.actor).filter(kind=KIND.name)
    job = get_object_or_404(jobs, pk=pk)
    page = job_page(request, job)
    if (undoing := undoing_of(job)) is None:
        messages.info(request, "There is nothing to undo.")
        return redirect(page)
    if undoing.action in ACTIONS:
        deed = ACTIONS[undoing.action]
        request.actor.require(deed.permission)
        form = ParamsForm(deed.params, as_typed(deed.params, undoing.params), agents=())
        form.is_valid()
        context = _context_of(deed, form)
    else:
        form = ParamsForm((), agents=())
        context = {"danger": False, "touches": [agents_back.MEANS], "undo": agents_back.UNDO}
    order = {
        "action": undoing.action,
        "selection": undoing.selection,
        "params": undoing.params,
        "actor": request.actor,
        "at": clock.now(),
    }
    context |= {"form": form, "hidden": [], "cancel_url": page}
    context["touches"].insert(
        0,
        f"It undoes “{job.title}”, for the numbers that nobody has decided otherwise about since.",
    )
    if failed := job.items.filter(state=ItemState.FAILED).count():
        context["touches"].insert(
            1, f"What failed in it stays as it is: {plural(failed, 'number')}, shown in its list."
        )
    try:
        return _preview_or_start(request, order, context, undoes=job)
    except DomainError as error:
        tell_refusal(request, error)
        return redirect(page)


def _preview_or_start(
    request: AccountRequest,
    order: dict[str, Any],
    context: dict[str, Any],
    *,
    undoes: Job | None = None,
) -> HttpResponse:
    """The dry run of an order; on ``confirm`` its job. Raises ``DomainError``."""
    seal = request.POST.get("seal", "") if request.POST.get("step") == "confirm" else None
    try:
        preview = previews.preview(request.account.pk, **order)
        if seal is not None and seal != preview.seal:
            raise NotAsShown
        typed = _typed(preview, request.POST if seal is not None else None)
        if seal is not None and (typed is None or typed.is_valid()):
            job = previews.start(
                request.account.pk,
                **order,
                seal=seal,
                risk_confirmed=typed is not None,
                undoes=undoes,
            )
            return redirect(job_page(request, job))
    except NotAsShown as error:
        messages.warning(request, error.message)
        preview = previews.preview(request.account.pk, **order)
        typed = _typed(preview, None)
    context |= {"preview": preview, "typed": typed}
    context["undo"] = f"{context['undo']} {preview.said_of_return}".rstrip()
    changing, order_of = preview.will_change, in_words(order["action"], order["params"])
    question = f"{order_of.about_numbers(changing)}?"
    context["heading"] = question if changing else "None of them would change"
    context["submit_label"] = order_of.about(f"{changing:,}", count=changing)
    context["hidden"].append(("seal", preview.seal))
    status = 422 if seal is not None else 200
    return render(request, "numbers/bulk_preview.html", context, status=status)


def _typed(preview: BulkPreview, data: QueryDict | None) -> CountForm | None:
    """What has to be typed where the act is a risk; None where the button is enough."""
    if not preview.risky:
        return None
    return CountForm(data, changing=preview.will_change, risky=preview.risky)


def _back(request: AccountRequest) -> str:
    return came_from(request) or to(request, "numbers:list")


def _ask(
    request: AccountRequest, chosen: SelectionForm, form: ParamsForm, *, failed: bool
) -> HttpResponse:
    """The page that asks which agent, which tags, or what to do about protection."""
    context = _context(request, chosen, form)
    action, count = BULK_ACTIONS[chosen.cleaned_data["action"]], len(chosen.ids)
    if chosen.cleaned_data["everything"]:
        context["heading"] = action.about("all numbers of the view", count=0)
    else:
        context["heading"] = action.about_numbers(count)
    return render(request, "numbers/bulk_ask.html", context, status=422 if failed else 200)


def _context(request: AccountRequest, chosen: SelectionForm, form: ParamsForm) -> dict[str, Any]:
    values = chosen.cleaned_data
    return _context_of(ACTIONS[values["action"]], form) | {
        "hidden": [
            ("action", values["action"]),
            ("everything", "1" if values["everything"] else ""),
            ("query", values["query"]),
            ("ids", "" if values["everything"] else ",".join(map(str, chosen.ids))),
        ],
        "cancel_url": _back(request),
        "is_from_list": _back(request).startswith(to(request, "numbers:list")),
    }


def _context_of(deed: Action, form: ParamsForm) -> dict[str, Any]:
    """What the pages say about the act, whatever it is done to."""
    return {
        "danger": deed.danger,
        "touches": [*form.chosen(deed.params), many_of(deed).means],
        "undo": many_of(deed).undo,
        "form": form,
    }
