"""What every request gets, such as an id that ties pages, events, errors and log lines together."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from contextlib import suppress

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, get_script_prefix, resolve

_ACCEPTABLE = re.compile(r"^[A-Za-z0-9._-]{8,64}$")


class RequestIdMiddleware:
    """Take over a proxy's ``X-Request-Id`` if it is a plain word, else make one; answer with it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        offered = request.headers.get("X-Request-Id", "")
        request_id = offered if _ACCEPTABLE.match(offered) else f"req_{secrets.token_hex(12)}"
        request.META["REQUEST_ID"] = request_id
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
        response["X-Request-Id"] = request_id
        return response


class UncachedMiddleware:
    """No cache keeps what we answer, unless the view says otherwise: pages show an account's
    numbers, and the next person at the same machine may look. Static files never come here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class WrongMethodMiddleware:
    """A browser that opens an address which only takes what is sent to it is led to its page.

    That happens by reloading, by Back, and by signing in again. The page is the nearest one above,
    such as ``settings/`` of ``settings/change/``. Programs get the bare 405, and so does REST.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        wants_page = "text/html" in request.headers.get("Accept", "")
        if response.status_code != 405 or not wants_page or request.path_info.startswith("/api/"):
            return response
        if request.method in ("GET", "HEAD") and (above := _page_above(request)):
            return redirect(above)
        page = render(request, "405.html", {"above": _page_above(request)}, status=405)
        page.headers["Allow"] = response.headers.get("Allow", "")
        return page


def _page_above(request: HttpRequest) -> str:
    """The address of the nearest page above; empty where there is none."""
    path = request.path_info.rstrip("/")
    while path:
        path = path.rpartition("/")[0]
        with suppress(Resolver404):
            resolve(f"{path}/")
            return f"{get_script_prefix()}{path.lstrip('/')}/".replace("//", "/")
    return ""


def request_id_of(request: HttpRequest) -> str:
    """The id that ``RequestIdMiddleware`` gave this request."""
    return str(request.META.get("REQUEST_ID", ""))
