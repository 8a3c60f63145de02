"""The page behind the link of an invitation. The link is the key: whoever opens it may join."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.forms import AcceptForm
from accounts.models import Invitation, Membership, User
from accounts.registries import front_page
from accounts.services import invitations
from accounts.web import tell_refusal
from config import clock
from config.email_addresses import is_same, same_as
from config.errors import DomainError
from config.middleware import request_id_of
from config.refusals import add_refusal


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Accept as the person invited: with a new password, or after signing in."""
    found = invitations.find(token, at=clock.now())
    if found is None:
        return render(request, "accounts/invitation_void.html", status=404)
    if request.user.is_authenticated:
        return _as_signed_in(request, found, token)
    if User.objects.filter(same_as(found.email)).exists():
        here = urlencode({"next": reverse("invitation", args=[token])})
        context = {"invitation": found, "login_url": f"{reverse('account_login')}?{here}"}
        return render(request, "accounts/invitation.html", context)
    return _as_new(request, found, token)


def _as_signed_in(request: HttpRequest, found: Invitation, token: str) -> HttpResponse:
    user = cast(User, request.user)
    is_mine = is_same(user.email, found.email)
    if request.method == "POST" and is_mine:
        try:
            membership = invitations.accept(
                token, user=user, at=clock.now(), request_id=request_id_of(request)
            )
        except DomainError as error:
            tell_refusal(request, error)
            return redirect("home")
        return _welcome(request, membership)
    context = {"invitation": found, "is_mine": is_mine}
    return render(request, "accounts/invitation.html", context)


def _as_new(request: HttpRequest, found: Invitation, token: str) -> HttpResponse:
    form = AcceptForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            membership = invitations.accept_as_new(
                token, **form.cleaned_data, at=clock.now(), request_id=request_id_of(request)
            )
        except DomainError as error:
            add_refusal(form, error)
        else:
            login(request, membership.user, BACKEND)
            return _welcome(request, membership)
    context = {"invitation": found, "form": form}
    status = 422 if form.is_bound else 200
    return render(request, "accounts/invitation.html", context, status=status)


def _welcome(request: HttpRequest, membership: Membership) -> HttpResponse:
    messages.success(request, f"Welcome to {membership.account.name}.")
    return redirect(front_page(), membership.account.slug)


BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
