"""Pages outside any account: the way in, help, and the style guide."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import Membership, User
from accounts.web import AccountRequest, account_page
from config.styleguide import examples

from .help_texts import QUESTIONS


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """The numbers of one's account; a choice between several; an explanation without any."""
    user = cast(User, request.user)
    memberships = list(
        Membership.objects.filter(user=user).select_related("account").order_by("account__name")
    )
    if len(memberships) == 1:
        return redirect("numbers:list", memberships[0].account.slug)
    return render(request, "accounts/home.html", {"memberships": memberships})


@require_safe
@account_page()
def account_home(request: AccountRequest) -> HttpResponse:
    """Where an address that was cut back to the account's leads."""
    return redirect("numbers:list", request.account.slug)


@require_safe
def help(request: HttpRequest) -> HttpResponse:
    """How to get on, and the ways to a person (S0-30). Open to everybody."""
    return render(request, "accounts/help.html", {"questions": QUESTIONS})


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component on one page, for people who build pages and for the browser tests."""
    return render(request, "styleguide.html", examples(timezone.now()))
