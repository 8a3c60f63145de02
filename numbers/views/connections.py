"""Connections to Twilio: the list, the form that makes one, and the page of each."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import timeline
from accounts.models import Event
from accounts.states import Permission
from accounts.web import AccountRequest, account_page, attempt, tell_refusal, to
from config import clock
from config.errors import DomainError
from config.paging import page
from config.refusals import add_refusal
from numbers import plans
from numbers.forms.connections import ConnectForm, ScheduleForm, TokenForm
from numbers.models import Connection, Import
from numbers.services import connections as service
from numbers.states import ENDED, UNATTACHED, ConnectionState, RefreshEvery

from .shown import connection_badge

PAGE_SIZE = 50
#: Of a connection's imports and events, its page shows the latest.
LATEST_IMPORTS, LATEST_EVENTS = 5, 10


@require_safe
@account_page()
def connections(request: AccountRequest) -> HttpResponse:
    """All connections with their state, newest first."""
    shown = page(Connection.objects.visible_to(request.actor), request.GET, size=PAGE_SIZE)
    runs = Import.objects.visible_to(request.actor).latest_of(shown.rows)
    rows = [(each, connection_badge(each), runs.get(each.pk)) for each in shown.rows]
    return render(request, "numbers/connections.html", {"rows": rows, "page": shown})


@require_http_methods(["GET", "HEAD", "POST"])
@account_page(Permission.ADMIN)
def connect(request: AccountRequest) -> HttpResponse:
    """Connect a subaccount; Twilio is asked at once (S0-13, S0-29)."""
    form = ConnectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = service.connect(
                request.account.pk, **form.cleaned_data, actor=request.actor, at=clock.now()
            )
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{made.name} is connected. Next, import its numbers.")
            return redirect(to(request, "numbers:connection", made.pk))
    return render(request, "numbers/connect.html", {"form": form}, status=_status(form))


@require_safe
@account_page()
def connection(request: AccountRequest, pk: int) -> HttpResponse:
    """State, last imports, token, schedule and history of one connection."""
    return _connection_page(request, _mine(request, pk))


@require_POST
@account_page(Permission.ADMIN)
def replace_token(request: AccountRequest, pk: int) -> HttpResponse:
    """Replace the stored token by one that Twilio accepts."""
    shown = _mine(request, pk)
    form = TokenForm(request.POST)
    if form.is_valid():
        try:
            shown = service.replace_token(
                pk, token=form.cleaned_data["token"], actor=request.actor, at=clock.now()
            )
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, "Twilio accepts the new token; it is stored.")
            return redirect(to(request, "numbers:connection", pk))
    return _connection_page(request, shown, token_form=form)


@require_POST
@account_page(Permission.ADMIN)
def check(request: AccountRequest, pk: int) -> HttpResponse:
    """Ask Twilio whether the connection works."""
    _mine(request, pk)
    try:
        found = service.check(pk, actor=request.actor, at=clock.now())
    except DomainError as error:
        tell_refusal(request, error)
    else:
        if found.state == ConnectionState.ACTIVE:
            messages.success(request, "Twilio accepts the connection.")
        else:
            messages.warning(request, found.state_detail)
    return redirect(to(request, "numbers:connection", pk))


@require_http_methods(["GET", "HEAD", "POST"])
@account_page(Permission.ADMIN)
def remove(request: AccountRequest, pk: int) -> HttpResponse:
    """What removing the connection means, and the act."""
    shown, at = _mine(request, pk), clock.now()
    if request.method == "POST":
        return attempt(
            request,
            lambda: service.remove(pk, actor=request.actor, at=at),
            success=f"{shown.name} is removed.",
            then=to(request, "numbers:connection", pk),
        )
    plan = plans.remove_plan(shown, at=at)
    context = {"connection": shown, "plan": plan, "blockers": plan.blockers}
    return render(request, "numbers/connection_remove.html", context)


@require_POST
@account_page(Permission.ADMIN)
def schedule(request: AccountRequest, pk: int) -> HttpResponse:
    """Set how often the connection refreshes by itself."""
    before = _mine(request, pk).refresh_every
    every = request.POST.get("every", "")
    return attempt(
        request,
        lambda: service.schedule_refresh(pk, every=every, actor=request.actor, at=clock.now()),
        success="The refresh schedule is stored.",
        changes=every != before,
        then=to(request, "numbers:connection", pk),
    )


def _mine(request: AccountRequest, pk: int) -> Connection:
    return get_object_or_404(Connection.objects.visible_to(request.actor), pk=pk)


def _connection_page(
    request: AccountRequest, shown: Connection, *, token_form: TokenForm | None = None
) -> HttpResponse:
    events = Event.objects.visible_to(request.actor).about("connection", shown.pk)
    runs = list(shown.imports.select_related("job").order_by("-pk")[:LATEST_IMPORTS])
    context: dict[str, Any] = {
        "connection": shown,
        "state": connection_badge(shown),
        "works": shown.state == ConnectionState.ACTIVE,
        "ended": shown.state in ENDED,
        "attached": shown.state not in UNATTACHED,
        "facts": [
            ("Account SID", shown.sid),
            ("Main account SID", shown.owner_sid),
            ("Refreshes by itself", RefreshEvery(shown.refresh_every).label),
        ],
        "runs": runs,
        "running": next((run for run in runs if run.is_open), None),
        "entries": timeline.entries(
            events[:LATEST_EVENTS],
            account=request.account,
            subject=("connection", shown.pk),
        ),
        "token_form": token_form or TokenForm(),
        "schedule_form": ScheduleForm(initial={"every": shown.refresh_every}),
    }
    status = _status(token_form) if token_form else 200
    return render(request, "numbers/connection.html", context, status=status)


def _status(form: ConnectForm | TokenForm) -> int:
    return 422 if form.errors else 200
