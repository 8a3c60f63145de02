"""Every address of the URL configuration, and what its pages say that they take.

Read from the configuration, so that a new page, endpoint or hook is tried without being named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.regex_helper import normalize

from config import openapi
from config.admin import Act
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
#: What our own pages read, and what no page with few rows shows.
OF_OURS = (
    "account", "action", "everything", "fate", "ids", "last", "leaving", "next", "preview", "query",
    "sort", "step", "taking", "to", "until",
)  # fmt: skip


@dataclass
class Door:
    """An address with places for values: ``a/{account}/numbers/{pk}/``."""

    template: str
    parameters: tuple[str, ...]
    names: set[str] = field(default_factory=set)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    #: Name of a place -> values that lead somewhere, where others do than at other doors.
    values: dict[str, Sequence[str]] = field(default_factory=dict)

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


def learn(
    all_doors: list[Door], visitors: list[Client], values: Mapping[str, Sequence[str]]
) -> None:
    """Look at each page once as each visitor: its fields and links name what can be sent."""
    by_template = {door.template: door for door in all_doors}
    _learn_admin(by_template)
    document = openapi.document()
    asked_for = {
        parameter["name"]
        for operations in document["paths"].values()
        for operation in operations.values() if isinstance(operation, dict)
        for parameter in operation.get("parameters", ()) if parameter["in"] == "query"
    }  # fmt: skip
    for door in all_doors:
        door.names |= set(OF_ADMIN) if door.is_admin else {*OF_OURS, *asked_for}
        if door.is_rest:
            continue
        filled = {
            name: (door.values.get(name) or values.get(name) or "1")[0] for name in door.parameters
        }
        for client in visitors:
            page = ask(client, "GET", "/" + door.template.format(**filled))
            if page.status < 400 and "html" in page.headers.get("Content-Type", ""):
                text = page.body.decode(errors="replace")
                door.names |= set(_FIELD.findall(text)) | set(_QUERY.findall(text))
    for path, operations in document["paths"].items():
        if described := by_template.get(path.lstrip("/").replace("{id}", "{pk}")):
            described.bodies = [
                _schema(document, operation) for operation in operations.values()
                if isinstance(operation, dict) and "requestBody" in operation
            ]  # fmt: skip


def _learn_admin(doors: dict[str, Door]) -> None:
    """Rows that are there, and acts that the support console has for them."""
    for model, model_admin in admin.site._registry.items():
        base = f"admin/{model._meta.app_label}/{model._meta.model_name}/"
        rows = [str(pk) for pk in model._base_manager.values_list("pk", flat=True)[:3]]
        acts: Sequence[Act] = getattr(model_admin, "all_acts", tuple)()
        for template, door in doors.items():
            if template.startswith(f"{base}{{object_id}}/"):
                door.values = {"object_id": rows, "act": [act.name for act in acts]}


def _schema(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    (content,) = list(operation["requestBody"]["content"].values())[:1]
    schema: dict[str, Any] = content["schema"]
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    properties: dict[str, Any] = schema.get("properties", {})
    return properties
