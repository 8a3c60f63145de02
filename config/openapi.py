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

from config.outside import LARGEST_ID

#: The id of a row.
ID_SCHEMA = {"type": "integer", "format": "int64", "minimum": 1, "maximum": LARGEST_ID}
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
        if len(operation.get("requestBody", {}).get("content", {})) > 1:
            operation["requestBody"]["required"] = True  # which of them it is, a body alone says
        for status, description in self._problems().items():
            operation["responses"].setdefault(status, self._problem(description))
        return operation

    def _get_filter_parameters(self) -> list[Any]:
        """Filters with what they accept, exactly."""
        inherited: Any = super()
        found: list[Any] = inherited._get_filter_parameters()
        filters = getattr(getattr(self.view, "filterset_class", None), "base_filters", {})
        for parameter in found:
            each = filters.get(parameter["name"])
            if shape := getattr(each, "json_schema", None):
                parameter["schema"] = shape
        return found

    def _map_basic_serializer(self, serializer: Any, direction: str) -> dict[str, Any]:
        from config.api.bodies import Wanted

        inherited: Any = super()
        schema: dict[str, Any] = inherited._map_basic_serializer(serializer, direction)
        wanted = serializer if isinstance(serializer, type) else type(serializer)
        for shape in schema.get("properties", {}).values():
            if shape.get("oneOf", [])[1:] == [{"type": "string", "maxLength": 0}]:
                shape |= shape.pop("oneOf")[0]  # its pattern takes an empty text as well
        if direction == "request" and issubclass(wanted, Wanted):
            schema |= {"additionalProperties": False, **wanted.rules()}
        return schema

    def _map_serializer_field(self, field: Any, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        from config.api.bodies import Text

        inherited: Any = super()
        schema: dict[str, Any] | None = inherited._map_serializer_field(field, *args, **kwargs)
        if schema is not None and isinstance(field, Text):
            schema["pattern"] = field.pattern
        return schema

    def _resolve_path_parameters(self, variables: list[str]) -> list[Any]:
        """Ids are those that a row can have."""
        inherited: Any = super()
        found: list[Any] = inherited._resolve_path_parameters(variables)
        for parameter in found:
            if parameter["schema"].get("type") == "integer":
                parameter["schema"] = ID_SCHEMA
        return found

    def get_override_parameters(self) -> list[Any]:
        if self.method != "POST":
            return []
        return [
            OpenApiParameter(
                "Idempotency-Key",
                {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 255,
                    "pattern": "^[!-~]([ -~]*[!-~])?$",
                },
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
