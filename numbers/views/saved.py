"""Saved views and chosen columns of the Numbers page; each member has their own (B10)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from accounts.web import AccountRequest, account_page, tell_refusal, to
from config.errors import DomainError
from numbers.forms.saved import SavedFilterForm
from numbers.models import SavedFilter
from numbers.services import saved

from .narrowing import view_query


@require_POST
@account_page()
def save(request: AccountRequest) -> HttpResponse:
    """Keep the view under a name; the same name again replaces it."""
    query = view_query(QueryDict(request.POST.get("query", "")))
    back = f"{to(request, 'numbers:list')}?{query}"
    form = SavedFilterForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form.errors["name"])))
        return redirect(back)
    try:
        row = saved.save_filter(
            request.account.pk, name=form.cleaned_data["name"], query=query, actor=request.actor
        )
    except DomainError as error:
        tell_refusal(request, error)
    else:
        messages.success(request, f"Saved as “{row.name}”.")
    return redirect(back)


@require_POST
@account_page()
def delete(request: AccountRequest, pk: int) -> HttpResponse:
    """Forget one of the member's own views."""
    mine = SavedFilter.objects.filter(account=request.account, user=request.user)
    row = get_object_or_404(mine, pk=pk)
    saved.forget_filter(row.pk, actor=request.actor)
    messages.success(request, f"“{row.name}” is no longer saved.")
    return redirect(to(request, "numbers:list"))


@require_POST
@account_page()
def columns(request: AccountRequest) -> HttpResponse:
    """Show other columns from now on, or the usual ones again."""
    if "usual" in request.POST:
        saved.forget_columns(request.account.pk, actor=request.actor)
    else:
        chosen = request.POST.getlist("column")
        try:
            saved.choose_columns(request.account.pk, columns=chosen, actor=request.actor)
        except DomainError as error:
            tell_refusal(request, error)
    query = view_query(QueryDict(request.POST.get("query", "")))
    return redirect(f"{to(request, 'numbers:list')}?{query}")
