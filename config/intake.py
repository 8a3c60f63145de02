"""What comes from outside is decoded here, once, by code that expects it to be wrong.

A request that cannot be read as it was meant is answered 400 (or 405, 411, 413) with its id, as a
page or as problem details, before anything has acted on a part of it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from django.core.exceptions import (
    BadRequest,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import DataError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse

from config.addresses import absolute
from config.middleware import request_id_of
from config.outside import UNREADABLE, WITH_BODY, whole

logger = logging.getLogger(__name__)

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class IntakeMiddleware:
    """Refuses what cannot be read, before sessions, views or endpoints try to."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return (
            _wrong_method(request)
            or _unclear_length(request)
            or _unreadable_text(request)
            or self.get_response(request)
        )

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Read a form here, unless the view reads the body itself (REST, webhooks)."""
        is_form = request.method == "POST" and request.content_type in FORMS
        if not is_form or getattr(view, "csrf_exempt", False):
            return None
        try:
            pairs = list(request.POST.lists())
            files = [
                (name, [each.name or "" for each in each_name])
                for name, each_name in request.FILES.lists()
            ]
        except RequestDataTooBig:
            return refusal(request, 413, "too_large", "This is more than a form may hold.")
        except (TooManyFieldsSent, TooManyFilesSent):
            return refusal(request, 400, "parse_error", "The form has too many fields.")
        except (SuspiciousOperation, BadRequest, MultiPartParserError):
            return refusal(request, 400, "parse_error", "The form cannot be read.")
        except (OSError, LookupError, ValueError):  # cut off; odd charsets and encodings
            return refusal(request, 400, "parse_error", "The form cannot be read.")
        if _has_nul(pairs) or _has_nul(files):
            return refusal(request, 400, "parse_error", "Text must not contain NUL.")
        if not request.POST and not files and _is_more_than_an_empty_form(request):
            return refusal(request, 400, "parse_error", "There is no form in what was sent.")
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The last net. What falls into it is our mistake and is logged as one."""
        if isinstance(error, UnreadablePostError):
            return refusal(request, 400, "parse_error", "The request did not arrive whole.")
        if isinstance(error, DataError | UnicodeError):
            logger.error("A value from outside got as far as the database", exc_info=error)
            return refusal(request, 400, "parse_error", "A value in this request cannot be read.")
        return None


def _wrong_method(request: HttpRequest) -> HttpResponse | None:
    if request.method in METHODS:
        return None
    answer = refusal(request, 405, "method_not_allowed", "There is no such method here.")
    answer["Allow"] = ", ".join(METHODS)
    return answer


def _unclear_length(request: HttpRequest) -> HttpResponse | None:
    """A body whose length is not said is not an empty one, whatever the web server made of it."""
    length = request.META.get("CONTENT_LENGTH") or ""
    if length and whole(length, least=0) is None:
        return refusal(request, 400, "parse_error", "The header Content-Length cannot be read.")
    is_coded = "HTTP_TRANSFER_ENCODING" in request.META
    if length and is_coded:
        detail = "Content-Length and Transfer-Encoding contradict each other."
        return refusal(request, 400, "parse_error", detail)
    is_typed = request.method in WITH_BODY and request.META.get("CONTENT_TYPE")
    if not length and (is_coded or is_typed):
        return refusal(request, 411, "length_required", "Send the body with its Content-Length.")
    return None


def _unreadable_text(request: HttpRequest) -> HttpResponse | None:
    problem = request.META.get(UNREADABLE)
    if request.encoding:
        request.encoding = "utf-8"  # ASCII is read as what it is part of
    if not problem:
        texts: Iterable[Any] = [*request.GET.lists(), *request.COOKIES.items()]
        problem = "Text must not contain NUL." if _has_nul(texts, request.path_info) else ""
    return refusal(request, 400, "parse_error", problem) if problem else None


def _is_more_than_an_empty_form(request: HttpRequest) -> bool:
    """An empty multipart form is its closing boundary: two dashes, the name, two dashes, a line."""
    length = whole(request.META.get("CONTENT_LENGTH")) or 0
    boundary = (request.content_params or {}).get("boundary", "")
    return length > (len(boundary) + 6 if boundary else 0)


def _has_nul(pairs: Iterable[tuple[str, Any]], *texts: str) -> bool:
    """Whether any text has a NUL, which no database stores."""
    if any("\0" in text for text in texts):
        return True
    return any("\0" in name or any("\0" in value for value in values) for name, values in pairs)


# --- How it is said ----------------------------------------------------------------------------


def refusal(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    """The answer to a request that cannot be read. Needs neither session nor database."""
    if request.path_info.startswith("/api/"):
        kind, text = "application/problem+json", json.dumps(_problem(request, status, code, detail))
    else:
        context = {"detail": detail, "request_id": request_id_of(request)}
        kind, text = "text/html; charset=utf-8", render_to_string("400.html", context)
    answer = HttpResponse(text, kind, status)
    answer["Content-Length"] = str(len(answer.content))
    return answer


def _problem(request: HttpRequest, status: int, code: str, detail: str) -> dict[str, Any]:
    return {
        "type": absolute(reverse("api-docs")) + "#errors",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "errors": [],
        "blockers": [],
        "request_id": request_id_of(request),
    }


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What Django itself refuses (``handler400``)."""
    if isinstance(exception, RequestDataTooBig):
        return refusal(request, 413, "too_large", "This is more than we read.")
    return refusal(request, 400, "parse_error", "This request cannot be read.")
