"""The OpenAPI document turned into what its page shows. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from config.openapi import PROBLEMS

_METHODS = ("get", "post", "put", "patch", "delete")

Document = Mapping[str, Any]


def of(document: Document) -> dict[str, Any]:
    """``groups`` of operations by resource, and the ``objects`` that bodies are made of."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if operation := methods.get(method):
                groups.setdefault(operation["tags"][0], []).append(
                    _operation(path, method, operation)
                )
    return {
        "info": document["info"],
        "problem": _type({"$ref": "#/components/schemas/Problem"}),
        "groups": [{"name": name, "operations": operations} for name, operations in groups.items()],
        "objects": [
            {
                "name": name,
                "description": _prose(schema.get("description", "")),
                "fields": list(_fields(schema)),
                "values": schema.get("enum", []),
            }
            for name, schema in sorted(document["components"]["schemas"].items())
        ],
    }


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    summary, _, rest = operation.get("description", "").partition("\n")
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": _prose(summary),
        "description": _prose(rest.strip()),
        "parameters": [
            {
                "name": parameter["name"],
                "place": parameter["in"],
                "type": _type(parameter["schema"]),
                "required": parameter.get("required", False),
                "description": _prose(parameter.get("description", "")),
            }
            for parameter in operation.get("parameters", [])
        ],
        "body": _content(operation.get("requestBody", {})),
        "responses": [
            {
                "status": status,
                "description": _prose(response["description"]),
                **_content(response),
            }
            for status, response in sorted(operation["responses"].items())
            if status not in PROBLEMS
        ],
    }


def _content(part: Mapping[str, Any]) -> dict[str, Any]:
    """The type of a body, and its examples as text."""
    for media in part.get("content", {}).values():
        examples = [
            {
                "title": example.get("summary", name),
                "text": json.dumps(example["value"], indent=2),
            }
            for name, example in media.get("examples", {}).items()
        ]
        return {"type": _type(media["schema"]), "examples": examples}
    return {}


def _fields(schema: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    required = schema.get("required", [])
    for name, inner in schema.get("properties", {}).items():
        yield {
            "name": name,
            "type": _type(inner),
            "required": name in required,
            "description": _prose(inner.get("description", "")),
        }


def _prose(text: str) -> SafeString:
    """Text of the document with its `words of code` marked as such."""
    parts = [str(escape(part)) for part in text.split("`")]
    marked = [f"<code>{part}</code>" if n % 2 else part for n, part in enumerate(parts)]
    return mark_safe("".join(marked))  # noqa: S308 - each part is escaped above


def _type(schema: Mapping[str, Any]) -> dict[str, str]:
    """A type in words; ``object`` names the entry that it refers to, if any."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return {"text": name, "object": name}
    for join in ("allOf", "oneOf", "anyOf"):
        if join in schema:
            inner = [_type(each) for each in schema[join] if each]
            words = " or ".join(each["text"] for each in inner)
            found = next((each["object"] for each in inner if each["object"]), "")
            return {"text": _nullable(words, schema), "object": found}
    if schema.get("type") == "array":
        inner_type = _type(schema["items"])
        return {"text": f"list of {inner_type['text']}", "object": inner_type["object"]}
    words = str(schema.get("format") or schema.get("type", "any"))
    if "enum" in schema:
        words = "one of " + ", ".join(str(value) for value in schema["enum"] if value is not None)
    return {"text": _nullable(words, schema), "object": ""}


def _nullable(words: str, schema: Mapping[str, Any]) -> str:
    return f"{words} or null" if schema.get("nullable") else words
