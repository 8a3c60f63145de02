"""What a request to Twilio carries: a form, JSON, or a form with files, as bytes that can be sent
again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import requests

#: A file of a multipart body: its name, its content, and its media type.
File = tuple[str, bytes, str]


@dataclass(frozen=True)
class Body:
    content: bytes
    content_type: str


def form(fields: Mapping[str, str | bool | list[str] | None]) -> Body:
    """As the API of 2010 takes it: a list repeats its name, None is sent empty, which unsets."""
    data = {name: _form_value(value) for name, value in fields.items()}
    content = urlencode(data, doseq=True).encode()
    return Body(content, "application/x-www-form-urlencoded")


def _form_value(value: str | bool | list[str] | None) -> str | list[str]:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value or ""


def json_body(value: Mapping[str, Any]) -> Body:
    """As the newer APIs take it; None is sent as null, which Twilio's own client leaves out
    (twilio-facts 9.4 f). Raises ``ValueError`` for what JSON cannot say."""
    return Body(json.dumps(value, allow_nan=False).encode(), "application/json")


def multipart(fields: Mapping[str, str], files: Mapping[str, File]) -> Body:
    """As uploads take it (twilio-facts 4.6). Raises ``ValueError`` without a file."""
    # `requests` knows how to write it; nothing is sent to the address.
    prepared = requests.Request("POST", "https://twilio.com", data=fields, files=files).prepare()
    content = prepared.body
    if not isinstance(content, bytes):
        raise ValueError("a multipart body has a file")
    return Body(content, prepared.headers["Content-Type"])
