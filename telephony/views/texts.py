"""placeholder"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse


def texts(request: HttpRequest, account: str) -> HttpResponse:
    return HttpResponse()


def export(request: HttpRequest, account: str) -> HttpResponse:
    return HttpResponse()
