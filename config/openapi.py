"""How the OpenAPI document differs from what drf-spectacular would write by itself."""

from __future__ import annotations

from functools import lru_cache
from threading import Lock
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

#: Every operation may answer these; operations that write add the second line.
PROBLEMS = {
    "400": "The request cannot be read, or names no account.",
    "401": "No API key or session, or not a valid one.",
    "403": "The scopes of the key, or the member's role, do not allow this.",
    "404": "No such thing in this account.",
    "422": "Input that a rule refuses; `errors` names the fields.",
    "429": "Too many requests; wait for `Retry-After` seconds.",
    "default": "Any other problem, in the same shape.",
}
_PROBLEMS_OF_WRITING = {
    "409": "Rules or the state of the thing are in the way; `blockers` names the rules.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
}


class ConsoleSchema(AutoSchema):
    """Adds what holds for all operations: problems, the permission needed, repeats."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        for status, description in self._problems().items():
            operation["responses"].setdefault(status, self._problem(description))
        return operation

    def get_override_parameters(self) -> list[Any]:
        if self.method != "POST":
            return []
        return [
            OpenApiParameter(
                "Idempotency-Key",
                {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
                OpenApiParameter.HEADER,
                description="Any text of yours, such as a UUID. The same request sent again with "
                "it within a day gets the first one's answer and does nothing.",
            )
        ]

    def get_description(self) -> str:  # type: ignore[override]
        view: Any = self.view
        needed = "read" if self.method == "GET" else view.permission.value
        return f"{super().get_description()}\n\nNeeds the scope `{needed}`.".strip()

    def _problems(self) -> dict[str, str]:
        if self.method == "GET":
            return PROBLEMS
        return PROBLEMS | _PROBLEMS_OF_WRITING | getattr(self.view, "problems", {})

    def _problem(self, description: str) -> dict[str, Any]:
        from config.api.bodies import ProblemSerializer
        from config.api.problems import CONTENT_TYPE

        shape = self.resolve_serializer(ProblemSerializer, "response").ref
        return {"description": description, "content": {CONTENT_TYPE: {"schema": shape}}}


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.api_auth.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key from Settings, API keys: `Authorization: Bearer nd_…`.",
        }


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.api_auth.BrowserSessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "A signed-in member. Writing needs the header `X-CSRFToken`. A member "
            "of several accounts names one: `X-Account: slug` or `?account=slug`.",
        }


def document() -> dict[str, Any]:
    """The OpenAPI document of this process's code."""
    with _ONE_AT_A_TIME:
        return _document()


#: drf-spectacular loads its parts while it writes, and fails when two threads begin at once.
_ONE_AT_A_TIME = Lock()


@lru_cache(maxsize=1)
def _document() -> dict[str, Any]:
    generator: Any = SchemaGenerator
    schema: dict[str, Any] = generator().get_schema(request=None, public=True)
    return schema
