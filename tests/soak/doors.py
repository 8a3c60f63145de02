"""Every address of the URL configuration, and what its pages say that they take.

Read from the configuration, so that a new page, endpoint or hook is tried without being named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.regex_helper import normalize

from config import openapi
from tests.over_wsgi import ask

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
_FIELD = re.compile(r"""<(?:input|select|textarea|button)\b[^>]*?\bname="([^"]+)\"""")
_QUERY = re.compile(r"""[?&;]([a-zA-Z_]\w*)=""")

#: Parameters of lists in the admin; most of them are in no page that has few rows.
OF_ADMIN = (
    "q", "p", "o", "e", "all", "_popup", "_to_field", "_changelist_filters", "id__exact", "id__in",
    "pk__gt", "account__id__exact", "account__slug__exact", "state__exact", "kind__exact",
    "created_at__year", "created_at__gte", "created_at__date", "at__year", "at__lt", "id__isnull",
    "at__month", "opened_at__year", "ends_at__day", "action", "_selected_action", "select_across",
    "index", "confirmed", "reason",
)  # fmt: skip
#: What our own pages and endpoints read.
OF_OURS = (
    "account", "action", "actor", "after", "agent", "before", "capability", "connection", "country",
    "cursor", "everything", "expand", "fate", "ids", "imported_in", "job", "kept", "last",
    "leaving", "limit", "next", "outcome", "preview", "protected", "q", "query", "since", "sort",
    "state", "step", "subject", "tab", "tag", "taking", "to", "type", "until",
)  # fmt: skip


@dataclass
class Door:
    """An address with places for values: ``a/{account}/numbers/{pk}/``."""

    template: str
    parameters: tuple[str, ...]
    names: set[str] = field(default_factory=set)
    bodies: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_rest(self) -> bool:
        return self.template.startswith("api/")

    @property
    def is_admin(self) -> bool:
        return self.template.startswith("admin/")


def doors() -> list[Door]:
    """All of them, in a fixed order."""
    found = dict(shape for entry in get_resolver().url_patterns for shape in _walk(entry, "", ()))
    return [Door(template, names) for template, names in sorted(found.items())]


def _walk(
    entry: URLPattern | URLResolver, before: str, names: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for template, more in _shapes(entry.pattern):
        if isinstance(entry, URLResolver):
            for each in entry.url_patterns:
                yield from _walk(each, before + template, names + more)
        else:
            yield before + template, names + more


def _shapes(pattern: Any) -> list[tuple[str, tuple[str, ...]]]:
    """The texts that a pattern stands for, with ``{name}`` where a value goes."""
    route = getattr(pattern, "_route", None)
    if route is not None:
        names = tuple(_PARAMETER.findall(route))
        return [(_PARAMETER.sub(r"{\1}", route), names)]
    return [
        (re.sub(r"%\((\w+)\)s", r"{\1}", text).replace("%%", "%"), tuple(names))
        for text, names in normalize(pattern.regex.pattern)
    ]


def learn(all_doors: list[Door], visitors: list[tuple[Client, dict[str, str]]]) -> None:
    """Look at each page once as each visitor: its fields and links name what can be sent."""
    for door in all_doors:
        door.names |= set(OF_ADMIN if door.is_admin else OF_OURS)
        if door.is_rest:
            continue
        for client, values in visitors:
            address = "/" + door.template.format(**{n: values.get(n, "1") for n in door.parameters})
            page = ask(client, "GET", address)
            if page.status < 400 and "html" in page.headers.get("Content-Type", ""):
                text = page.body.decode(errors="replace")
                door.names |= set(_FIELD.findall(text)) | set(_QUERY.findall(text))
    document = openapi.document()
    for path, operations in document["paths"].items():
        shape = path.lstrip("/").replace("{id}", "{pk}")
        for door in all_doors:
            if door.template == shape:
                door.bodies = [
                    _schema(document, operation) for operation in operations.values()
                    if isinstance(operation, dict) and "requestBody" in operation
                ]  # fmt: skip


def _schema(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    (content,) = list(operation["requestBody"]["content"].values())[:1]
    schema: dict[str, Any] = content["schema"]
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    properties: dict[str, Any] = schema.get("properties", {})
    return properties
