"""The one place where a browser that looks for support is kept from changing anything.

All its doors are behind ``LookMiddleware``: pages, REST, the admin, a person's own sign-in.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from config import clock
from config.errors import Forbidden, NotDue
from config.intake import refusal
from config.middleware import request_id_of

from .models import Look
from .services import looks

#: Where the session keeps the id of its look. The account is in the address (decision 6).
KEY = "look"
SAFE = ("GET", "HEAD", "OPTIONS")
#: Pages that a POST may reach all the same.
WAYS_OUT = ("stop_looking", "account_logout", "admin:logout")
WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE")


def look_of(request: HttpRequest) -> Look | None:
    """The look that goes on in this browser."""
    look: Look | None = getattr(request, "look", None)
    return look


def begin(request: HttpRequest, look: Look) -> None:
    """From now on this browser looks."""
    request.session[KEY] = look.pk


def end(request: HttpRequest, *, how: str = "") -> None:
    """This browser does not look any more."""
    look_id = request.session.pop(KEY, None)
    if look_id is None:
        return
    with suppress(NotDue, Look.DoesNotExist):
        looks.stop(look_id, how=how, at=clock.now(), request_id=request_id_of(request))


def ended(request: HttpRequest, slug: str) -> bool:
    """Whether this browser has looked at the account and may not any more."""
    look_id = request.session.get(KEY)
    return look_id is not None and Look.objects.filter(pk=look_id, account__slug=slug).exists()


class LookMiddleware:
    """Sets ``request.look``, and refuses every change while there is one.

    Unsafe methods are refused before their view is called. What a safe one would write, such as a
    notice that is read by being opened, the database does not get to see.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        look = _going_on(request)
        request.look = look  # type: ignore[attr-defined]
        reads_only = look is not None and request.method in SAFE
        with connection.execute_wrapper(_no_write) if reads_only else nullcontext():
            return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        look, match = look_of(request), request.resolver_match
        if look is None or match is None or match.view_name in WAYS_OUT:
            return None
        if request.method not in SAFE:
            return _refused(request, _nothing_changes(look))
        if match.route.startswith("accounts/"):
            return _refused(
                request,
                f"This page is about your own sign-in, not about {look.account.name}'s members. "
                "Stop looking first.",
            )
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if look_of(request) is None or not isinstance(error, Forbidden):
            return None
        return _refused(request, error.message)


def _going_on(request: HttpRequest) -> Look | None:
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    look_id, at = request.session.get(KEY), clock.now()
    if look_id is None or not request.user.is_authenticated:
        return None
    look = looks.going_on(look_id, user=request.user, at=at)
    if look is None:
        with suppress(NotDue, Look.DoesNotExist):
            looks.settle(look_id, at=at)
    return look


def _no_write(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    if sql.lstrip("( \n").upper().startswith(WRITES):
        raise Forbidden("Opening this would change something, so it stays shut while you look.")
    return execute(sql, params, many, context)


def _nothing_changes(look: Look) -> str:
    return (
        f"You are looking at {look.account.name} as its members see it, and nothing can be changed "
        "meanwhile. Stop looking first."
    )


def _refused(request: HttpRequest, reason: str) -> HttpResponse:
    if request.path_info.startswith("/api/"):
        return refusal(request, 403, "forbidden", reason)
    return render(request, "403.html", {"reason": reason}, status=403)


@require_POST
def stop_looking(request: HttpRequest) -> HttpResponse:
    """The button of the bar: back to the account in the admin."""
    look = look_of(request)
    end(request)
    if look is None:
        return redirect("home")
    messages.success(request, f"You no longer look at {look.account.name}.")
    return redirect("admin:accounts_account_change", look.account_id)
