"""The OpenAPI document turned into what its page shows. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

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
        "groups": [{"name": name, "operations": operations} for name, operations in groups.items()],
        "objects": [
            {
                "name": name,
                "description": schema.get("description", ""),
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
        "summary": summary,
        "description": rest.strip(),
        "parameters": [
            {
                "name": parameter["name"],
                "place": parameter["in"],
                "type": _type(parameter["schema"]),
                "required": parameter.get("required", False),
                "description": parameter.get("description", ""),
            }
            for parameter in operation.get("parameters", [])
        ],
        "body": _content(operation.get("requestBody", {})),
        "responses": [
            {"status": status, "description": response["description"], **_content(response)}
            for status, response in sorted(operation["responses"].items())
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
            "description": inner.get("description", ""),
        }


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
