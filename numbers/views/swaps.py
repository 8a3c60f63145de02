"""Swap: pick the number that leaves and the one that takes its place, look, confirm (S0-6, S0-10).

One may start from either side. Everything chosen is in the address, so Back loses nothing, and
``?next=`` leads back to the list one came from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.states import Permission
from accounts.web import AccountRequest, account_page, came_from, tell_refusal, to
from config import clock
from config.errors import Blocker, DomainError
from config.outside import whole
from config.refusals import add_refusal
from config.undo import UndoButton, tell_done
from numbers import gates, listing, plans
from numbers.filters import LONGEST_SEARCH, search
from numbers.forms.swaps import SwapForm
from numbers.models import PhoneNumber
from numbers.models.inventory import PhoneNumberQuerySet
from numbers.services.swaps import swap as swap_numbers
from numbers.services.swaps import trace
from numbers.states import Fate

from .actions import find_number, undecided, way_back
from .shown import capabilities

#: Candidates on one page of a picker.
CANDIDATES = 20
#: What the buttons of a picker are called that only look on: for others, or on another page.
LOOKS_ON = frozenset({"find", "before", "after"})
LARGEST_ID = 2**63 - 1


@require_http_methods(["GET", "HEAD", "POST"])
@account_page(Permission.NUMBERS)
def swap(request: AccountRequest, pk: int) -> HttpResponse:
    """``pk`` leaves. Without ``taking`` a picker, with it the preview, on POST the swap."""
    leaving = find_number(request, pk)
    asked = request.method == "POST" or "preview" in request.GET
    form = SwapForm(request.POST if request.method == "POST" else request.GET)
    looks_on = request.method != "POST" and not LOOKS_ON.isdisjoint(request.GET)
    if looks_on or not form.is_valid():
        asked = asked and not looks_on
        return _pick_taking(request, leaving, form if asked else SwapForm(), failed=asked)
    taking = find_number(request, form.cleaned_data["taking"])
    undoes = form.cleaned_data["undoes"]
    fate = Fate(form.cleaned_data["fate"])
    if fate == Fate.RELEASE and (why := gates.risk_of_release(leaving)):
        form = SwapForm(request.POST if request.method == "POST" else None)
        form.ask_for_digits(leaving, why)
    if request.method == "POST" and form.is_valid():
        may_undo = not undoes and fate == Fate.KEEP
        may_undo = may_undo and not plans.lost_by_swapping_back(leaving, taking)
        try:
            left, took = swap_numbers(
                leaving.pk,
                taking_id=taking.pk,
                fate=fate,
                actor=request.actor,
                at=clock.now(),
                risk_confirmed=form.confirms_risk,
                undoes=undoes,
            )
        except DomainError as error:
            if {each.code for each in getattr(error, "blockers", ())} == {"changed_since"}:
                tell_refusal(request, error)
                return redirect(way_back(request, leaving))
            add_refusal(form, error)
        else:
            may_undo = may_undo and not gates.swap(took, left, Fate.KEEP)
            undo = _undo(request, left, took) if may_undo else None
            tell_done(request, f"{taking} has taken the place of {leaving}.", undo)
            return redirect(way_back(request, taking))
    return _preview(request, leaving, taking, fate, form)


def _undo(request: AccountRequest, left: PhoneNumber, took: PhoneNumber) -> UndoButton:
    """The swap the other way round, for the two as this one has left them."""
    fields = {"taking": str(left.pk), "fate": Fate.KEEP.value, "undoes": trace(took, left)}
    address = _with_next(to(request, "numbers:swap", took.pk), came_from(request))
    return UndoButton(address, fields)


def _with_next(address: str, back: str, **chosen: Any) -> str:
    """The address of a step, with what is chosen and where one came from."""
    query = urlencode(chosen | ({"next": back} if back else {}))
    return f"{address}?{query}" if query else address


def _preview(
    request: AccountRequest, leaving: PhoneNumber, taking: PhoneNumber, fate: Fate, form: SwapForm
) -> HttpResponse:
    """Both numbers before and after."""
    facts = gates.facts_of(request.account, at=clock.now())
    plan = plans.swap_plan(leaving, taking, fate=fate, standing=facts.standing)
    sides = [
        {
            "number": number,
            "role": role,
            "changes": [change for change in plan.changes if change.number == str(number)],
        }
        for number, role in ((leaving, "leaves"), (taking, "takes its place"))
    ]
    address, back = to(request, "numbers:swap", leaving.pk), came_from(request)
    context = {
        "sides": sides,
        "leaving": leaving,
        "taking": taking,
        "fate": fate,
        "plan": plan,
        "form": form,
        "swap_url": _with_next(address, back),
        "other_url": _with_next(address, back, fate=fate.value),
        "cancel_url": undecided(way_back(request, leaving), leaving),
        "fates": [
            (each.label, _with_next(address, back, taking=taking.pk, fate=each.value))
            for each in Fate
            if each != fate
        ],
    }
    refused = request.method == "POST"
    return render(request, "numbers/swap.html", context, status=422 if refused else 200)


def _pick_taking(
    request: AccountRequest, leaving: PhoneNumber, form: SwapForm, *, failed: bool
) -> HttpResponse:
    """Held numbers without an agent, and what becomes of the one that leaves."""
    candidates = PhoneNumber.objects.visible_to(request.actor).unassigned().exclude(pk=leaving.pk)
    chosen = request.POST if request.method == "POST" else request.GET
    wanted = chosen.get("fate", "")
    context = {
        "leaving": leaving,
        "form": form,
        "fates": Fate.choices,
        "fate": wanted if wanted in Fate.values else Fate.KEEP.value,
        "blockers": gates.swap_out(leaving),
        "failed": failed,
        "cancel_url": undecided(way_back(request, leaving), leaving),
        **_picker(
            request,
            candidates,
            chosen.get("taking", ""),
            why_not=lambda taking: gates.fits(leaving, taking),
        ),
    }
    return render(request, "numbers/swap_pick.html", context, status=422 if failed else 200)


@require_safe
@account_page(Permission.NUMBERS)
def swap_in(request: AccountRequest, pk: int) -> HttpResponse:
    """``pk`` takes a place: pick whose. The choice leads to the page of the one that leaves."""
    taking = find_number(request, pk)
    leaving = request.GET.get("leaving", "")
    if leaving and LOOKS_ON.isdisjoint(request.GET):
        number = get_object_or_404(PhoneNumber.objects.visible_to(request.actor), pk=whole(leaving))
        address = to(request, "numbers:swap", number.pk)
        chosen = {"taking": taking.pk, "fate": Fate.KEEP.value}
        return redirect(_with_next(address, came_from(request), **chosen))
    held = PhoneNumber.objects.visible_to(request.actor).held()
    candidates = held.filter(Q(agent__isnull=False), protected=False).exclude(pk=taking.pk)
    context = {
        "taking": taking,
        "blockers": gates.swap_in(taking),
        "assign_url": _with_next(to(request, "numbers:assign", taking.pk), came_from(request)),
        "cancel_url": undecided(way_back(request, taking), taking),
        **_picker(request, candidates, leaving, why_not=lambda number: gates.fits(number, taking)),
    }
    return render(request, "numbers/swap_in.html", context)


def _picker(
    request: AccountRequest,
    candidates: PhoneNumberQuerySet,
    chosen: str,
    *,
    why_not: Callable[[PhoneNumber], list[Blocker]],
) -> dict[str, Any]:
    """A page of candidates, found by ``q`` and turned by ``after`` and ``before``.

    The ``chosen`` one stays in it, first, whatever is searched for. One with a reason ``why_not``
    is shown with it and cannot be chosen.
    """
    text = request.GET.get("q", "")[:LONGEST_SEARCH]
    found = search(candidates, text) if text.strip() else candidates
    page = listing.page(
        found,
        listing.sort_by("number", narrowed=bool(text)),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        size=CANDIDATES,
    )
    rows, chosen_pk = page.rows, int(chosen) if chosen.isascii() and chosen.isdecimal() else 0
    if chosen_pk and all(number.pk != chosen_pk for number in rows):
        ids = candidates.filter(pk=min(chosen_pk, LARGEST_ID)).values_list("pk", flat=True)
        rows = [*listing.rows(list(ids)), *rows]
    return {
        "candidates": [(number, capabilities(number), why_not(number)) for number in rows],
        "chosen": chosen_pk,
        "next": came_from(request),
        "search": text,
        "range": f"{page.first:,} to {page.last:,} of {page.total:,}" if page.rows else "",
        "before": page.before,
        "after": page.after,
        "nothing_found": bool(text) and not page.rows,
    }
