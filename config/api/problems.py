"""The one place that turns refusals and errors into HTTP, as problem details (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import DataError
from django.http import Http404, UnreadablePostError
from django.urls import reverse
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from config.addresses import absolute
from config.errors import Blocked, Blocker, DomainError, Invalid
from config.middleware import request_id_of

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"

#: code -> (status, what it means), for the codes that any endpoint may answer. Rules add their own.
CODES: dict[str, tuple[int, str]] = {
    "parse_error": (400, "The body is not JSON that we can read."),
    "invalid_cursor": (400, "The cursor is none of this list; follow next and previous."),
    "account_required": (400, "The signed-in user is in several accounts; name one of them."),
    "idempotency_key_invalid": (400, "The Idempotency-Key is empty, too long or not plain text."),
    "not_authenticated": (401, "Send an API key, or sign in."),
    "authentication_failed": (401, "The API key is unknown or revoked."),
    "forbidden": (403, "The key's scopes, or the member's role, do not allow this."),
    "csrf_failed": (403, "A request of the browser session came without its CSRF token."),
    "not_found": (404, "No such thing in this account."),
    "method_not_allowed": (405, "The address exists and does not take this method; see Allow."),
    "blocked": (409, "Rules are in the way; blockers[] names every one."),
    "invalid_transition": (409, "The thing is in a state from which this is not possible."),
    "not_due": (409, "It is too early, or something else happened in the meantime."),
    "idempotency_key_in_use": (409, "The first request with this key has not been answered."),
    "idempotency_outcome_unknown": (
        409,
        "The first request with this key changed something and was then cut off; look first.",
    ),
    "length_required": (411, "The body came without a length that can be believed."),
    "too_large": (413, "The body is larger than the limit."),
    "unsupported_media_type": (
        415,
        "Send JSON (Content-Type: application/json), or what the address takes.",
    ),
    "invalid": (422, "Input that a rule refuses; errors[] names the fields."),
    "idempotency_key_reused": (422, "The key was used for another request."),
    "throttled": (429, "Too many requests; wait for Retry-After seconds."),
    "server_error": (500, "Our mistake. Nothing is known of the outcome; look before you repeat."),
}

#: Names that Django REST framework uses where we have a better one.
_RENAMED = {
    "permission_denied": "forbidden",
    "error": "server_error",
}


@dataclass
class Problem:
    """What went wrong, before it is put into words of HTTP."""

    status: int
    code: str
    detail: str
    errors: Sequence[dict[str, str]] = ()
    blockers: Sequence[Blocker] = ()
    headers: dict[str, str] = field(default_factory=dict)


def problem_details(exc: Exception, context: dict[str, Any]) -> Response:
    """Answer any exception of an endpoint (``EXCEPTION_HANDLER`` of Django REST framework)."""
    request: Request = context["request"]
    problem = _problem_of(exc)
    if problem is None:
        logger.exception("%s %s failed", request.method, context["view"].__class__.__name__)
        got_request_exception.send(sender=context["view"].__class__, request=request)
        problem = Problem(500, "server_error", CODES["server_error"][1])
    return Response(
        _body(problem, request),
        status=problem.status,
        headers=problem.headers,
        content_type=CONTENT_TYPE,
    )


def _problem_of(exc: Exception) -> Problem | None:
    """None for an exception that nobody foresaw."""
    if isinstance(exc, Invalid):
        errors = [
            {"field": name, "code": code, "message": message} for name, code, message in exc.reasons
        ]
        return Problem(exc.http_status, exc.code, exc.message, errors=errors)
    if isinstance(exc, Blocked):
        return Problem(exc.http_status, exc.code, exc.message, blockers=exc.blockers)
    if isinstance(exc, DomainError):
        return Problem(exc.http_status, exc.code, exc.message)
    if isinstance(exc, RequestDataTooBig):
        return Problem(413, "too_large", "The body is larger than this API reads.")
    if isinstance(exc, UnreadablePostError):
        return Problem(400, "parse_error", "The body did not arrive whole.")
    if isinstance(exc, SuspiciousOperation | UnicodeError | DataError):
        logger.error("A value from outside got further than it should", exc_info=exc)
        return Problem(400, "parse_error", "A value in this request cannot be read.")
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    if isinstance(exc, exceptions.ValidationError):
        errors = list(_flatten(exc.detail))
        detail = " ".join(error["message"] for error in errors)
        return Problem(422, "invalid", detail, errors=errors)
    if isinstance(exc, exceptions.APIException):
        return _of_framework(exc)
    return None


def _of_framework(exc: exceptions.APIException) -> Problem:
    code = str(exc.get_codes())
    headers = {}
    if challenge := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if (wait := getattr(exc, "wait", None)) is not None:
        headers["Retry-After"] = str(int(wait))
    return Problem(exc.status_code, _RENAMED.get(code, code), str(exc.detail), headers=headers)


def _flatten(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Yield one entry for each message; ``numbers.3`` is the fourth entry of ``numbers``."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            whole = name == "non_field_errors"
            yield from _flatten(inner, path if whole else f"{path}.{name}".lstrip("."))
    elif isinstance(detail, list):
        for position, inner in enumerate(detail):
            is_message = isinstance(inner, exceptions.ErrorDetail) or not inner
            yield from _flatten(inner, path if is_message else f"{path}.{position}".lstrip("."))
    elif detail:
        yield {"field": path, "code": str(detail.code), "message": str(detail)}


def _body(problem: Problem, request: Request) -> dict[str, Any]:
    return {
        "type": f"{absolute(reverse('api-docs'))}#errors",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "errors": list(problem.errors),
        "blockers": [blocker_as_json(blocker, request) for blocker in problem.blockers],
        "request_id": request_id_of(request),
    }


def blocker_as_json(blocker: Blocker, request: Request) -> dict[str, str]:
    """``fix`` is the address of the page that removes the reason, or empty."""
    inside: Any = request.auth
    path = blocker.fix_path(inside.account.slug) if blocker.fix else ""
    fix = absolute(path) if path else ""
    return {"code": blocker.code, "message": blocker.message, "fix": fix}
