"""Twilio's OpenAPI documents: what they say of an operation of the sandbox's table."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from tests.sandbox_process import ROOT
from twilio_sandbox.operations import Operation

FOLDER = ROOT.parent / "shared" / "twilio-openapi"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


@dataclass(frozen=True)
class Asked:
    """A parameter: where it goes (`path`, `query`, `form`, `json`), and its schema.

    Of a JSON body there is one for each field at every depth, as `phone_numbers.0.pin`.
    """

    name: str
    place: str
    schema: dict[str, Any]
    required: bool


@dataclass(frozen=True)
class Answered:
    """What a success with this status looks like: a JSON schema, and Twilio's examples."""

    schema: dict[str, Any]
    examples: dict[str, Any]


@dataclass(frozen=True)
class Documented:
    """One operation as its document has it."""

    asked: list[Asked]
    answered: dict[int, Answered | None]  # by status; None: an empty answer


def needed() -> None:
    """Skip the test when the documents are not there."""
    if not FOLDER.is_dir():
        pytest.skip(f"Twilio's OpenAPI documents are not in {FOLDER}")


def of(operation: Operation) -> Documented:
    """What the documents say of it; KeyError when they do not have it."""
    document, item = _paths()[operation.host, operation.path]
    spec = item[operation.method.lower()]
    return Documented(
        asked=[*_parameters(document, item, spec), *_body(document, spec)],
        answered={
            int(status): _answered(document, answer)
            for status, answer in spec["responses"].items()
            if status.startswith("2")
        },
    )


@cache
def _paths() -> dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]]:
    """(first label of the host, path) -> the document and its entry of the path."""
    found = {}
    for file in sorted(FOLDER.glob("*.json")):
        document = json.loads(file.read_text("utf-8"))
        for path, item in document["paths"].items():
            server = (item.get("servers") or document["servers"])[0]["url"]
            host = re.match(r"https://([\w-]+)\.twilio\.com", server)
            assert host is not None, server
            found[host[1], path] = document, item
    return found


def _parameters(
    document: dict[str, Any], item: dict[str, Any], spec: dict[str, Any]
) -> Iterator[Asked]:
    for parameter in [*item.get("parameters", []), *spec.get("parameters", [])]:
        given = _resolved(document, parameter)
        if given["in"] in ("path", "query"):
            required = given.get("required", False)
            schema = _resolved(document, given["schema"])
            yield Asked(given["name"], given["in"], schema, required)


def _body(document: dict[str, Any], spec: dict[str, Any]) -> Iterator[Asked]:
    for kind, place in ((FORM, "form"), (JSON, "json")):
        content = spec.get("requestBody", {}).get("content", {}).get(kind)
        if content is not None and "schema" in content:
            yield from _fields(document, content["schema"], place, "")


def _fields(
    document: dict[str, Any], node: dict[str, Any], place: str, prefix: str
) -> Iterator[Asked]:
    schema = _resolved(document, node)
    for name, inner in schema.get("properties", {}).items():
        field = _resolved(document, inner)
        yield Asked(prefix + name, place, field, name in schema.get("required", []))
        if place == "json":
            yield from _fields(document, field, place, f"{prefix}{name}.")
            yield from _fields(document, field.get("items", {}), place, f"{prefix}{name}.0.")


def _resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """The node itself, or what it refers to; likewise its elements, if it is a list."""
    while "$ref" in node:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    if "items" in node:
        return {**node, "items": _resolved(document, node["items"])}
    return node


def _answered(document: dict[str, Any], answer: dict[str, Any]) -> Answered | None:
    content = answer.get("content", {}).get(JSON)
    if content is None:
        return None
    examples = {name: each["value"] for name, each in content.get("examples", {}).items()}
    return Answered({**_standard(content["schema"]), **_components(id(document))}, examples)


@cache
def _components(document: int) -> dict[str, Any]:
    """The named schemas of a document (by its id), for the references in others."""
    found = next(each for each, _ in _paths().values() if id(each) == document)
    schemas = {name: _standard(each) for name, each in found["components"]["schemas"].items()}
    return {"components": {"schemas": schemas}}


def _standard(schema: Any) -> Any:
    """OpenAPI 3.0 as JSON Schema has it: `nullable` is another type, another choice."""
    if isinstance(schema, list):
        return [_standard(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _standard(each) for name, each in schema.items() if name != "nullable"}
    if not schema.get("nullable"):
        return plain
    if "$ref" in plain:
        return {"if": {"type": "null"}, "then": {}, "else": plain}
    if "type" in plain:
        plain["type"] = [plain["type"], "null"]
    if "enum" in plain:
        plain["enum"] = [*plain["enum"], None]
    return plain
