"""Manage Licenses, the decision at the end of a grace period, and their history."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.registries import TO_DECIDE
from accounts.states import Permission
from accounts.web import AccountRequest, account_page, attempt, to
from config import clock
from config.errors import Blocked, DomainError
from config.paging import page
from config.refusals import add_refusal
from config.text import money, plural

from .forms import ConfirmLicensesForm, LicensesForm
from .models import GracePeriod, LicenseChange, PaymentAttempt, Subscription
from .pricing import Quote, prorated, quote
from .services import attempts
from .services import licenses as license_services
from .services.attempts import PaymentUnanswered
from .standing import Standing, is_in_trouble, of_subscription

#: Rows of a history shown at once.
PAGE = 20


@dataclass(frozen=True)
class Outcome:
    """What adding the missing licenses costs; doing nothing and releasing cost nothing."""

    add: int
    today: Decimal
    monthly_after: Decimal


@require_safe
@account_page()
def manage(request: AccountRequest) -> HttpResponse:
    """Licensed, held, over; a number box with a preview; the ledger and the charges (S0-23)."""
    subscription, standing = _entitlement(request)
    form = LicensesForm(request.GET if "to" in request.GET else None, initial=_proposed(standing))
    if request.htmx and subscription is not None:  # type: ignore[attr-defined]
        offer = _quote(request, subscription, standing, form)
        context = {"form": form, "quote": offer, "is_fragment": True}
        part = render(request, "licensing/preview.html", context)
        patch_vary_headers(part, ["HX-Request"])
        return part
    page = _manage(request, subscription, standing, form)
    patch_vary_headers(page, ["HX-Request"])
    return page


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
    shown = {"before": subscription.licenses, "charge": offer.charge_today}
    confirmed = ConfirmLicensesForm(initial=form.cleaned_data | shown)
    context = {"quote": offer, "form": confirmed, "added": offer.after - offer.before}
    return render(request, "licensing/change.html", context)


def _change(
    request: AccountRequest, subscription: Subscription, standing: Standing
) -> HttpResponse:
    typed = ConfirmLicensesForm(request.POST)
    form = LicensesForm(request.POST)
    if not typed.is_valid() or not form.is_valid():
        return _refused(request, subscription, standing, form)
    pending = GracePeriod.objects.unsettled().filter(account=request.account)
    was_pending = pending.exists()
    try:
        changed = license_services.change_licenses(
            request.account.pk,
            to=form.cleaned_data["to"],
            reason=form.cleaned_data["reason"],
            expected=typed.cleaned_data["before"],
            at_most=typed.cleaned_data["charge"],
            actor=request.actor,
            at=clock.now(),
        )
    except PaymentUnanswered as silence:
        messages.warning(request, silence.message)
        return redirect(to(request, "licensing:manage"))
    except DomainError as error:
        add_refusal(form, error, field="to")
        return _refused(request, subscription, standing, form)
    done = [f"You have {plural(changed.after, 'license')} now."]
    if changed.charge:
        done.append(f"{money(changed.charge.amount, changed.charge.currency)} was charged.")
    if was_pending and not pending.exists():
        done.append("The grace period is closed.")
    messages.success(request, " ".join(done))
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
    changes = page(request.account.license_changes.select_related("charge"), QueryDict(), size=PAGE)
    charged = page(request.account.charges.all(), QueryDict(), size=PAGE)
    context = {
        "subscription": subscription,
        "standing": standing,
        "form": form,
        "quote": offer,
        "outcome": _outcome(subscription, standing),
        "unanswered": attempts.open_attempt(request.account.pk),
        "changes": changes.rows,
        "older_changes": changes.older,
        "charges": charged.rows,
        "older_charges": charged.older,
        "past_periods": request.account.grace_periods.exists(),
        "connected": request.account.connections.to_import_from().exists(),
    }
    return render(request, "licensing/manage.html", context, status=status)


@require_POST
@account_page(Permission.LICENSES)
def ask_again(request: AccountRequest, pk: int) -> HttpResponse:
    """Ask the bank now about a payment that it has not answered, instead of when it is due."""
    payment = get_object_or_404(PaymentAttempt.objects.visible_to(request.actor), pk=pk)
    return attempt(
        request,
        lambda: attempts.ask_again(payment.pk, actor=request.actor, at=clock.now(), early=True),
        success=f"Your bank has paid {money(payment.amount, payment.currency)}.",
        then=to(request, "licensing:manage"),
    )


@require_safe
@account_page()
def decide(request: AccountRequest) -> HttpResponse:
    """In grace and after it: the two ways out side by side, and the numbers to decide about.

    Everything that asks for a decision leads here (S0-10, S0-18, S0-22, S0-26).
    """
    subscription, standing = _entitlement(request)
    context: dict[str, Any] = {
        "subscription": subscription,
        "standing": standing,
        "outcome": _outcome(subscription, standing),
        "connected": request.account.connections.to_import_from().exists(),
    }
    if standing.over:
        context["in_trouble"] = is_in_trouble(request.account)
        for rows in (each(request) for each in TO_DECIDE.values()):
            context |= {**rows.context, "rows_template": rows.template}
    return render(request, "licensing/decide.html", context)


@require_safe
@account_page()
def grace(request: AccountRequest) -> HttpResponse:
    """Every grace period with its outcome, newest first."""
    shown = page(GracePeriod.objects.visible_to(request.actor), request.GET, size=PAGE)
    return render(request, "licensing/grace.html", {"periods": shown.rows, "page": shown})


@require_safe
@account_page()
def ledger(request: AccountRequest) -> HttpResponse:
    """Every change of the license count: who, why, before, after, and what it cost."""
    changes = LicenseChange.objects.visible_to(request.actor).select_related("charge")
    shown = page(changes, request.GET, size=PAGE)
    return render(request, "licensing/ledger.html", {"changes": shown.rows, "page": shown})


@require_safe
@account_page()
def charges(request: AccountRequest) -> HttpResponse:
    """Every line of the account's invoices."""
    shown = page(request.account.charges.all(), request.GET, size=PAGE)
    return render(request, "licensing/charges.html", {"charges": shown.rows, "page": shown})


def _entitlement(request: AccountRequest) -> tuple[Subscription | None, Standing]:
    subscription = Subscription.objects.visible_to(request.actor).first()
    at = clock.now()
    return subscription, of_subscription(subscription, account_id=request.account.pk, at=at)


def _proposed(standing: Standing) -> dict[str, Any]:
    """The count the number box starts with: what is held while over, else what is owned."""
    return {"to": max(standing.licenses, standing.held)}


def _quote(
    request: AccountRequest, subscription: Subscription, standing: Standing, form: LicensesForm
) -> Quote | None:
    """The preview of what the box shows; None while that is no count, or no change yet."""
    try:
        wanted = form.fields["to"].clean(form["to"].value())
    except ValidationError:
        return None
    if not form.is_bound and wanted == subscription.licenses:
        return None
    return quote(
        subscription,
        to=wanted,
        standing=standing,
        at=standing.at,
        unanswered=attempts.open_attempt(request.account.pk),
    )


def _outcome(subscription: Subscription | None, standing: Standing) -> Outcome | None:
    if subscription is None or not standing.over:
        return None
    return Outcome(
        add=standing.over,
        today=prorated(subscription, add=standing.over, at=standing.at),
        monthly_after=subscription.monthly(standing.held),
    )
