"""A web server of the test's own, for the stand-in's webhooks to arrive at."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from twilio.request_validator import RequestValidator


@dataclass
class Received:
    """One request: `params` are those of form and query, `json` is the body of a JSON webhook."""

    method: str
    path: str
    url: str
    headers: dict[str, str]
    body: str
    params: dict[str, str] = field(default_factory=dict)
    form: dict[str, Any] = field(default_factory=dict)
    json: Any = None

    def is_signed_with(self, token: str) -> bool:
        """What Twilio's own validator says."""
        signed = self.body if self.json is not None else self.form
        signature = self.headers.get("X-Twilio-Signature", "")
        return bool(RequestValidator(token).validate(self.url, signed, signature))


@dataclass
class Reply:
    """What to answer; `seconds` later."""

    status: int = 200
    body: str = ""
    content_type: str = "text/xml"
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


Answer = Callable[[Received], Reply | str]


class Receiver:
    """Answers on 127.0.0.1 and keeps what came, in order.

    >>> with Receiver() as program:
    ...     program.on("/voice", lambda received: "<Response><Hangup/></Response>")
    """

    def __init__(self) -> None:
        self.received: list[Received] = []
        self._answers: dict[str, Answer] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def on(self, path: str, answer: Answer | Reply | str) -> str:
        """Answer so at that path (an empty 200 elsewhere); returns the whole URL."""
        self._answers[path] = answer if callable(answer) else lambda received: answer
        return self.url + path

    def at(self, path: str) -> list[Received]:
        """What came to that path."""
        return [each for each in self.received if each.path == path]

    def wait_for(self, count: int, path: str | None = None, *, seconds: float = 10.0) -> None:
        """Wait until so many requests came."""
        until = time.monotonic() + seconds
        while len(self.received if path is None else self.at(path)) < count:
            if time.monotonic() > until:
                raise TimeoutError(f"{len(self.received)} of {count} came")
            time.sleep(0.01)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _take(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                received = receiver._read(self, self.rfile.read(length).decode())
                receiver.received.append(received)
                reply = receiver._answer(received)
                if isinstance(reply, str):
                    reply = Reply(body=reply)
                time.sleep(reply.seconds)
                content = reply.body.encode()
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.content_type)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = _take

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler

    def _answer(self, received: Received) -> Reply | str:
        found = self._answers.get(received.path)
        return Reply() if found is None else found(received)

    def _read(self, request: BaseHTTPRequestHandler, body: str) -> Received:
        parts = urlsplit(request.path)
        received = Received(
            method=request.command,
            path=parts.path,
            url=self.url + request.path,
            headers=dict(request.headers.items()),
            body=body,
            params=dict(parse_qsl(parts.query, keep_blank_values=True)),
        )
        if request.headers.get_content_type() == "application/json":
            received.json = json.loads(body)
        elif request.command == "POST":
            received.form = dict(parse_qsl(body, keep_blank_values=True))
            received.params |= received.form
        return received
