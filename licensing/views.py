"""Manage Licenses, the decision at the end of a grace period, and their history."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import F, Model, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.states import Permission
from accounts.web import AccountRequest, account_page, add_refusal, to
from config.errors import Blocked, DomainError
from config.text import plural

from .forms import ConfirmLicensesForm, LicensesForm
from .models import GracePeriod, LicenseChange, PaymentAttempt, Subscription
from .pricing import Quote, prorated, quote
from .services import licenses as license_services
from .standing import Standing, of_subscription
from .states import AttemptState

#: Rows of a history shown at once.
PAGE = 20
#: Numbers without an agent that the decision page lists.
UNDECIDED_SHOWN = 12

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Outcome:
    """What adding the missing licenses costs; doing nothing and releasing cost nothing."""

    add: int
    today: Decimal
    monthly_after: Decimal


@require_safe
@account_page()
def manage(request: AccountRequest) -> HttpResponse:
    """Owned, held, over; a number box with a preview; the ledger and the charges (S0-23)."""
    subscription, standing = _entitlement(request)
    form = LicensesForm(request.GET if "to" in request.GET else None, initial=_proposed(standing))
    if request.htmx and subscription is not None:  # type: ignore[attr-defined]
        offer = _quote(request, subscription, standing, form)
        context = {"form": form, "quote": offer, "is_fragment": True}
        return render(request, "licensing/preview.html", context)
    return _manage(request, subscription, standing, form)


@require_http_methods(["GET", "HEAD", "POST"])
@account_page(Permission.LICENSES)
def change(request: AccountRequest) -> HttpResponse:
    """The confirm step: GET shows what the change means, POST makes it (S0-18)."""
    subscription, standing = _entitlement(request)
    if subscription is None:
        return redirect(to(request, "licensing:manage"))
    if request.method == "POST":
        return _change(request, subscription, standing)
    form = LicensesForm(request.GET)
    offer = _quote(request, subscription, standing, form)
    if offer is None or not form.is_valid():
        return _refused(request, subscription, standing, form)
    if offer.blockers:
        add_refusal(form, Blocked(offer.blockers), field="to")
        return _refused(request, subscription, standing, form)
    confirmed = ConfirmLicensesForm(initial={**form.cleaned_data, "before": subscription.licenses})
    context = {"quote": offer, "form": confirmed, "added": offer.after - offer.before}
    return render(request, "licensing/change.html", context)


def _change(
    request: AccountRequest, subscription: Subscription, standing: Standing
) -> HttpResponse:
    typed = ConfirmLicensesForm(request.POST)
    form = LicensesForm(request.POST)
    if not typed.is_valid() or not form.is_valid():
        return _refused(request, subscription, standing, form)
    try:
        changed = license_services.change_licenses(
            request.account.pk,
            to=form.cleaned_data["to"],
            reason=form.cleaned_data["reason"],
            expected=typed.cleaned_data["before"],
            actor=request.actor,
            at=timezone.now(),
        )
    except DomainError as error:
        add_refusal(form, error, field="to")
        return _refused(request, subscription, standing, form)
    messages.success(request, f"You have {plural(changed.after, 'license')} now.")
    return redirect(to(request, "licensing:manage"))


def _refused(
    request: AccountRequest, subscription: Subscription, standing: Standing, form: LicensesForm
) -> HttpResponse:
    """The page with the number box again: the reason at the field, what was typed kept."""
    return _manage(request, subscription, standing, form, status=422)


def _manage(
    request: AccountRequest,
    subscription: Subscription | None,
    standing: Standing,
    form: LicensesForm,
    *,
    status: int = 200,
) -> HttpResponse:
    offer = _quote(request, subscription, standing, form) if subscription else None
    changes, older_changes = _newest(request.account.license_changes.select_related("charge"))
    charged, older_charges = _newest(request.account.charges.all())
    context = {
        "subscription": subscription,
        "standing": standing,
        "form": form,
        "quote": offer,
        "outcome": _outcome(subscription, standing),
        "changes": changes,
        "older_changes": older_changes,
        "charges": charged,
        "older_charges": older_charges,
        "past_periods": request.account.grace_periods.exists(),
        "connected": request.account.connections.exists(),
    }
    return render(request, "licensing/manage.html", context, status=status)


@require_safe
@account_page()
def decide(request: AccountRequest) -> HttpResponse:
    """In grace and after it: the two ways out side by side (S0-10, S0-18, S0-26)."""
    subscription, standing = _entitlement(request)
    unassigned = request.account.numbers.unassigned()
    undecided = unassigned.order_by(F("keep_decided_at").asc(nulls_first=True), "e164")
    context = {
        "subscription": subscription,
        "standing": standing,
        "outcome": _outcome(subscription, standing),
        "numbers": list(undecided[:UNDECIDED_SHOWN]) if standing.over else [],
        "unassigned": unassigned.count() if standing.over else 0,
        "connected": request.account.connections.exists(),
    }
    return render(request, "licensing/decide.html", context)


@require_safe
@account_page()
def grace(request: AccountRequest) -> HttpResponse:
    """Every grace period with its outcome, newest first."""
    periods, older = _newest(GracePeriod.objects.visible_to(request.actor), request)
    return render(request, "licensing/grace.html", {"periods": periods, "older": older})


@require_safe
@account_page()
def ledger(request: AccountRequest) -> HttpResponse:
    """Every change of the license count: who, why, before, after, and what it cost."""
    changes = LicenseChange.objects.visible_to(request.actor).select_related("charge")
    rows, older = _newest(changes, request)
    return render(request, "licensing/ledger.html", {"changes": rows, "older": older})


@require_safe
@account_page()
def charges(request: AccountRequest) -> HttpResponse:
    """Every line of the account's invoices."""
    rows, older = _newest(request.account.charges.all(), request)
    return render(request, "licensing/charges.html", {"charges": rows, "older": older})


def _entitlement(request: AccountRequest) -> tuple[Subscription | None, Standing]:
    subscription = Subscription.objects.visible_to(request.actor).first()
    at = timezone.now()
    return subscription, of_subscription(subscription, account_id=request.account.pk, at=at)


def _proposed(standing: Standing) -> dict[str, Any]:
    """The count the number box starts with: what is held while over, else what is owned."""
    return {"to": max(standing.licenses, standing.held)}


def _quote(
    request: AccountRequest, subscription: Subscription, standing: Standing, form: LicensesForm
) -> Quote | None:
    """The preview of what was typed; None while that is no count."""
    if not form.is_bound:
        return None
    try:
        wanted = form.fields["to"].clean(form["to"].value())
    except ValidationError:
        return None
    pending = PaymentAttempt.objects.filter(account=request.account, state=AttemptState.PENDING)
    return quote(
        subscription,
        to=wanted,
        standing=standing,
        at=standing.at,
        payment_pending=pending.exists(),
    )


def _outcome(subscription: Subscription | None, standing: Standing) -> Outcome | None:
    if subscription is None or not standing.over:
        return None
    return Outcome(
        add=standing.over,
        today=prorated(subscription, add=standing.over, at=standing.at),
        monthly_after=subscription.monthly(standing.held),
    )


def _newest(
    rows: QuerySet[Row], request: AccountRequest | None = None
) -> tuple[list[Row], int | None]:
    """One page of a history and, when there is more, the id to go on before (``?before=``)."""
    before = request.GET.get("before", "") if request else ""
    if before.isascii() and before.isdecimal():
        rows = rows.filter(pk__lt=int(before[:18]))
    page = list(rows.order_by("-pk")[: PAGE + 1])
    return page[:PAGE], page[PAGE - 1].pk if len(page) > PAGE else None
