"""Requests that go the way of a web server's: through ``config.wsgi``, which Django's test client
leaves out. Cookies and headers are those of a test client."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from django.test import Client

from config.wsgi import application


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    client: Client, method: str, address: str, body: bytes = b"", kind: str = "", **environ: Any
) -> Answer:
    """One request with ``body`` of media type ``kind``; ``environ`` adds to what a server says."""
    path, _, query = address.partition("?")
    said: dict[str, Any] = {
        **client._base_environ(),  # type: ignore[attr-defined]
        **client.defaults,
        "REQUEST_METHOD": method,
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(body)) if body or kind else "",
        "CONTENT_TYPE": kind,
        "wsgi.input": io.BytesIO(body),
        **environ,
    }
    seen: dict[str, Any] = {}

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        seen.update(status=int(status.split()[0]), headers={k.title(): v for k, v in headers})

    answer = application(said, start_response)
    text = b"".join(answer)
    answer.close()
    return Answer(seen["status"], seen["headers"], text)
