"""Endpoints outside of any account: the OpenAPI document, the page to read it, and nowhere."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config import openapi

from . import reference
from .bodies import METHODS, AlwaysJson
from .problems import CODES


class OpenEndpoint(APIView):
    """Answers anybody, and is no part of the document."""

    schema = None
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    content_negotiation_class = AlwaysJson
    http_method_names = METHODS


class SchemaEndpoint(OpenEndpoint):
    """The OpenAPI document."""

    def get(self, request: Request) -> Response:
        return Response(openapi.document(), content_type="application/vnd.oai.openapi+json")


class NowhereEndpoint(OpenEndpoint):
    """Every other address below the API."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise NotFound(
            "There is no such address."
            if request.path.endswith("/")
            else "There is no such address. Addresses of this API end with a slash."
        )


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document for people: no script, nothing from elsewhere."""
    context = reference.of(openapi.document()) | {"codes": CODES}
    return render(request, "api_docs.html", context)
