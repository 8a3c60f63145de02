"""Pages that belong to no account, such as Help and one's own sign-in, keep the frame of one.

That is the account that the browser was in last, else the only one that the person has. Without
either the page offers the way back itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from .looking import look_of
from .models import Account
from .web import LAST_ACCOUNT, enter

#: What the routes of such pages begin with.
ROUTES = ("help/", "accounts/")


class ComingFromMiddleware:
    """Enters the account whose frame such a page keeps."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> None:
        match, look = request.resolver_match, look_of(request)
        if match is None or not match.route.startswith(ROUTES):
            return
        if slug := look.account.slug if look else _came_from(request):
            enter(request, slug)


def _came_from(request: HttpRequest) -> str:
    if not request.user.is_authenticated:
        return ""
    mine = Account.objects.of_user(request.user).values_list("slug", flat=True)
    last = request.COOKIES.get(LAST_ACCOUNT)
    if last and mine.filter(slug=last).exists():
        return last
    few = list(mine[:2])
    return few[0] if len(few) == 1 else ""
