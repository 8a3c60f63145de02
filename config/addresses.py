"""Absolute addresses begin with ``PUBLIC_URL``, whatever host a request names.

Who sends a ``Host`` header of their own would else choose where the link in somebody else's mail
leads.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.encoding import iri_to_uri


def absolute(path: str) -> str:
    """The address of ``path``, which ``reverse`` made and so begins with the prefix of the site."""
    public = urlsplit(settings.PUBLIC_URL)
    return f"{public.scheme}://{public.netloc}{path}"


class PublicAddressMiddleware:
    """``request.build_absolute_uri`` of every request, and so what packages write into mails."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        def build_absolute_uri(location: str | None = None) -> str:
            here = absolute(request.get_full_path())
            return iri_to_uri(here if location is None else urljoin(here, str(location)))

        request.build_absolute_uri = build_absolute_uri  # type: ignore[method-assign]
        return self.get_response(request)
