"""Who asks over REST: a program with an API key, or a member's browser session."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotFound, ParseError, PermissionDenied
from rest_framework.request import Request

from accounts import actors
from accounts.looking import look_of
from accounts.models import ApiKey, Membership, User
from accounts.services import api_keys
from config import clock
from config.middleware import request_id_of

_SLUG = re.compile(r"^[-\w]{1,50}$", re.ASCII)


@dataclass(frozen=True)
class Program:
    """Takes a user's place in requests that carry an API key."""

    key: ApiKey
    is_authenticated = True
    is_active = True


class ApiKeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer nd_<prefix>_<secret>``. Sets ``request.actor``; auth is the key."""

    def authenticate(self, request: Request) -> tuple[Program, ApiKey] | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return None
        if scheme.lower() != "bearer":
            raise AuthenticationFailed("Send the API key as “Authorization: Bearer nd_…”.")
        key = api_keys.authenticate(token.strip(), at=clock.now())
        if key is None:
            raise AuthenticationFailed("This API key is unknown or has been revoked.")
        if _named(request) not in ("", key.account.slug):
            raise NotFound("This API key is of another account than the one that you name.")
        request.actor = actors.api_key(key, request_id=request_id_of(request))  # type: ignore[attr-defined]
        return Program(key), key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="Numberdesk"'


class BrowserSessionAuthentication(SessionAuthentication):
    """A signed-in member. Sets ``request.actor``; auth is the membership in the chosen account."""

    def authenticate(self, request: Request) -> tuple[User, Membership] | None:
        found = super().authenticate(request)
        if found is None:
            return None
        if look_of(request):
            raise PermissionDenied("While you look at an account, only its pages are shown.")
        membership = _membership(found[0], request)
        request.actor = actors.member(membership, request_id=request_id_of(request))  # type: ignore[attr-defined]
        return found[0], membership

    def enforce_csrf(self, request: Any) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied as refused:
            raise PermissionDenied(
                "Send the CSRF token of the session in the header X-CSRFToken.", code="csrf_failed"
            ) from refused


def _named(request: Request) -> str:
    """The slug in ``X-Account`` or ``?account=``; empty when neither names an account."""
    slugs = {request.headers.get("X-Account", ""), *request.query_params.getlist("account")} - {""}
    if len(slugs) > 1:
        raise ParseError("This names several accounts. Name one.")
    return slugs.pop() if slugs else ""


def _membership(user: Any, request: Request) -> Membership:
    """The account that the request names, or the user's only one."""
    slug = _named(request)
    theirs = Membership.objects.select_related("account", "user").filter(user_id=user.pk)
    if slug:
        chosen = theirs.filter(account__slug=slug).first() if _SLUG.match(slug) else None
        if chosen is None:
            raise NotFound("You are in no account of that name.")
        return chosen
    found = list(theirs.order_by("pk")[:2])
    if not found:
        raise PermissionDenied("You are in no account. Ask for an invitation.", code="no_account")
    if len(found) > 1:
        raise ParseError(
            "You are in several accounts. Name one in the header “X-Account: slug” "
            "or as “?account=slug”.",
            code="account_required",
        )
    return found[0]
