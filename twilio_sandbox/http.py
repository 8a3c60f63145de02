"""HTTP/1.1 over threads: keep-alive, no Nagle delay, one write per answer."""

from __future__ import annotations

import json
import socket
import struct
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

MAX_BODY_BYTES = 64 * 1024 * 1024


@dataclass(slots=True)
class Request:
    """One request as the rooms behind see it: decoded path, query, and body bytes."""

    method: str
    path: str
    query: dict[str, list[str]]
    body: bytes
    peer: str
    host: str = ""
    authorization: str = ""
    content_type: str = ""
    origin: str = ""
    is_webhook: bool = False  # one of the sandbox's own
    fetch_site: str = ""  # a browser's word for whose page asks: same-origin, cross-site …

    def param(self, name: str) -> str | None:
        values = self.query.get(name)
        return values[-1] if values else None

    def form_lists(self) -> dict[str, list[str]]:
        """Form fields with all their values; blank ones are kept, they clear a setting."""
        return parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True)

    def form(self) -> dict[str, str]:
        """Form fields, the last of a repeated key."""
        return {name: values[-1] for name, values in self.form_lists().items()}


@dataclass(slots=True)
class Response:
    """An answer, and how it is to go wrong on its way out."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    reset: bool = False  # send half of it, then reset the connection
    on_leaving: Callable[[], object] | None = None  # told when the answer is about to go out


def json_response(status: int, data: Any) -> Response:
    body = json.dumps(data, separators=(",", ":")).encode()
    return Response(status, body, {"Content-Type": "application/json"})


class Server(ThreadingHTTPServer):
    """Listens and hands each request to `application`."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(
        self, address: tuple[str, int], application: Callable[[Request], Response]
    ) -> None:
        self.application = application
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        """Bind without the reverse name look-up of the standard server, which can take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        host, port = self.socket.getsockname()[:2]
        self.server_address = (host, port)
        self.server_name, self.server_port = host, port

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error of ours."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Reads one request after the other from a connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def _serve(self) -> None:
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = -1
        if not 0 <= length <= MAX_BODY_BYTES or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self._send(
                json_response(411, {"message": "A plain Content-Length is needed", "status": 411})
            )
            return
        parts = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=unquote(parts.path),
            query=parse_qs(parts.query, keep_blank_values=True),
            body=self.rfile.read(length) if length else b"",
            peer=self.client_address[0],
            host=self.headers.get("Host", ""),
            authorization=self.headers.get("Authorization", ""),
            content_type=self.headers.get("Content-Type", ""),
            origin=self.headers.get("Origin", ""),
            is_webhook="I-Twilio-Idempotency-Token" in self.headers,
            fetch_site=self.headers.get("Sec-Fetch-Site", ""),
        )
        try:
            response = self.server.application(request)
        except Exception:
            traceback.print_exc()
            response = json_response(500, {"message": "The sandbox failed", "status": 500})
        if response.delay_seconds:
            time.sleep(response.delay_seconds)
        if response.on_leaving is not None:
            response.on_leaving()
        self._send(response)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _serve

    def _send(self, response: Response) -> None:
        head = [f"HTTP/1.1 {response.status} {_reason(response.status)}"]
        head += [f"{name}: {value}" for name, value in response.headers.items()]
        if response.status != HTTPStatus.NO_CONTENT:
            head.append(f"Content-Length: {len(response.body)}")
        if self.close_connection:
            head.append("Connection: close")
        data = "\r\n".join(head).encode("latin-1") + b"\r\n\r\n"
        if self.command != "HEAD":
            data += response.body
        if response.reset:
            self._reset(data[: len(data) - (len(response.body) + 1) // 2])
        else:
            self.wfile.write(data)

    def _reset(self, data: bytes) -> None:
        """Send `data`, then end the connection with a TCP reset instead of an orderly close."""
        self.wfile.write(data)
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.close(self.connection.detach())

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the list of requests is in the control API."""


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
