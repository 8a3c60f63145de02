"""The first page after signing in: where the account stands, and what waits for a decision."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.overview import overview_of
from accounts.web import AccountRequest, account_page
from config import clock


@require_safe
@account_page()
def overview(request: AccountRequest) -> HttpResponse:
    """Figures, what waits for a decision, and a card from each app; read-only for everybody."""
    shown = overview_of(request.account, request.actor, at=clock.now())
    return render(request, "accounts/overview.html", {"overview": shown})
