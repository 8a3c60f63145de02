"""Pages outside any account: the way in, help, and the style guide."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.looking import look_of
from accounts.models import Membership, User
from accounts.registries import front_page
from accounts.web import AccountRequest, account_page, signed_in
from config import clock
from config.styleguide import examples

from .help_texts import QUESTIONS


@require_safe
@signed_in
def home(request: HttpRequest) -> HttpResponse:
    """The front page of one's account; a choice between several; an explanation without any.

    Support staff that belongs to no account begins where its work is, and that looks at one there.
    """
    if look := look_of(request):
        return redirect(front_page(), look.account.slug)
    user = cast(User, request.user)
    memberships = list(
        Membership.objects.filter(user=user).select_related("account").order_by("account__name")
    )
    if len(memberships) == 1:
        return redirect(front_page(), memberships[0].account.slug)
    if not memberships and user.is_staff:
        return redirect("admin:index")
    return render(request, "accounts/home.html", {"memberships": memberships})


@require_safe
@account_page()
def account_home(request: AccountRequest) -> HttpResponse:
    """Where an address that was cut back to the account's leads."""
    return redirect(front_page(), request.account.slug)


@require_safe
def help(request: HttpRequest) -> HttpResponse:
    """How to get on, and the ways to a person (S0-30). Open to everybody."""
    frame = "base.html" if request.user.is_authenticated else "base_signed_out.html"
    return _help(request, frame)


@require_safe
@account_page()
def account_help(request: AccountRequest) -> HttpResponse:
    """The same inside an account, whose navigation stays."""
    return _help(request, "base.html")


def _help(request: HttpRequest, frame: str) -> HttpResponse:
    return render(request, "accounts/help.html", {"questions": QUESTIONS, "frame": frame})


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component on one page, for people who build pages and for the browser tests."""
    return render(request, "styleguide.html", examples(clock.now()))
