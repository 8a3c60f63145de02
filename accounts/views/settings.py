"""The account's own settings and its API keys."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.forms import AccountForm, ApiKeyForm
from accounts.models import Account, ApiKey
from accounts.services import api_keys as key_services
from accounts.services import people
from accounts.states import Permission
from accounts.web import AccountRequest, account_page, attempt, tell_saved, to
from config import clock
from config.errors import DomainError
from config.refusals import add_refusal


@require_safe
@account_page()
def settings(request: AccountRequest) -> HttpResponse:
    """Name, time zone and home country; a form for those who may change them."""
    account = request.account
    return _settings(
        request,
        AccountForm(
            initial={
                "name": account.name,
                "time_zone": account.time_zone,
                "country": account.country,
            }
        ),
    )


@require_POST
@account_page(Permission.ADMIN)
def change_settings(request: AccountRequest) -> HttpResponse:
    form = AccountForm(request.POST)
    if form.is_valid():
        try:
            after = people.update_account(
                request.account.pk, **form.cleaned_data, actor=request.actor, at=clock.now()
            )
        except DomainError as error:
            add_refusal(form, error)
        else:
            tell_saved(request, changes=_of(after) != _of(request.account))
            return redirect(to(request, "accounts:settings"))
    return _settings(request, form, status=422)


def _of(account: Account) -> list[Any]:
    return [getattr(account, name) for name in AccountForm.base_fields]


def _settings(request: AccountRequest, form: AccountForm, status: int = 200) -> HttpResponse:
    return render(request, "accounts/settings.html", {"form": form}, status=status)


@require_safe
@account_page()
def api_keys(request: AccountRequest) -> HttpResponse:
    """Every key with its scopes and last use, and a form for a new one."""
    return _api_keys(request, ApiKeyForm(actor=request.actor))


@never_cache
@require_POST
@account_page(Permission.ADMIN)
def create_api_key(request: AccountRequest) -> HttpResponse:
    """Make a key and show its text, this once: it is in no redirect, session or message."""
    form = ApiKeyForm(request.POST, actor=request.actor)
    if form.is_valid():
        try:
            _, text = key_services.create(
                request.account.pk, **form.cleaned_data, actor=request.actor, at=clock.now()
            )
        except key_services.MadeAlready as error:
            messages.info(request, error.message)
            return redirect(to(request, "accounts:api_keys"))
        except DomainError as error:
            add_refusal(form, error)
        else:
            return _api_keys(request, ApiKeyForm(actor=request.actor), new_key=text)
    return _api_keys(request, form, status=422)


def _api_keys(
    request: AccountRequest, form: ApiKeyForm, *, new_key: str = "", status: int = 200
) -> HttpResponse:
    keys = ApiKey.objects.visible_to(request.actor).order_by("-pk")
    context = {
        "form": form,
        "new_key": new_key,
        "keys": [key for key in keys if key.revoked_at is None],
        "revoked_keys": [key for key in keys if key.revoked_at is not None],
    }
    return render(request, "accounts/api_keys.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@account_page(Permission.ADMIN)
def revoke_api_key(request: AccountRequest, pk: int) -> HttpResponse:
    """Say what revoking means, then do it."""
    key = get_object_or_404(ApiKey.objects.visible_to(request.actor), pk=pk)
    if request.method == "POST":
        return attempt(
            request,
            partial(key_services.revoke, key.pk, actor=request.actor, at=clock.now()),
            success=f"{key.name} is revoked.",
            then=to(request, "accounts:api_keys"),
        )
    return render(request, "accounts/revoke_api_key.html", {"key": key})
