"""The web server's side of HTTP: waitress, which takes the whole request before a thread sees it.

Slow headers, slow bodies and idle connections cost a file handle and no thread, so nobody can stop
the site by being slow. What waitress leaves open is closed here (``docs/decisions/0013``): how a
body's length may be said, how long a request may take, what a refusal looks like, and how the
server stops. Pure HTTP: nothing here knows the application.
"""

from __future__ import annotations

import http.client
import json
import logging
import re
import secrets
import socket
import time
from typing import Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask
from waitress.utilities import BadRequest

from config.outside import WITH_BODY

logger = logging.getLogger(__name__)

#: The request line with all headers. Ours are under 4 KiB; a proxy adds some.
LARGEST_HEADERS = 32 * 1024
#: What is read at all. Django refuses a form or JSON beyond ``DATA_UPLOAD_MAX_MEMORY_SIZE`` with an
#: explanation, and a file beyond its own limit (``config/csv_files.py``); this only ends what would
#: fill the disk.
LARGEST_BODY = 21 * 1024 * 1024
#: The size line of one chunk, and what may follow the last one.
LONGEST_CHUNK_LINE, LONGEST_TRAILER = 1024, 8 * 1024
#: Seconds in which a request has to arrive, plus a second for each so many bytes that have come.
ARRIVAL_SECONDS, SLOWEST_BYTES_A_SECOND = 20, 4 * 1024
#: Seconds a connection may stay open with nothing to do; longer than proxies keep theirs (60).
IDLE_SECONDS = 75
#: Seconds in which a client that is refused unread may still send, so that it reads our answer.
LINGER_SECONDS = 10
#: Open connections of one process. At the limit the one that has been slowest makes room.
MOST_CONNECTIONS = 1000
#: Seconds that requests in hand have to end in when the server stops.
DRAIN_SECONDS = 25
#: An answer this large waits on disk for a slow reader; beyond it a thread waits with it.
LARGEST_WAITING_ANSWER = 256 * 1024 * 1024


TRANSFER_ENCODING = re.compile(rb"^transfer-encoding:([^\r\n]*)", re.I | re.M)
#: What some proxies take for ``Content-Length`` and ``Transfer-Encoding``, and others do not.
MISSPELT_LENGTH = re.compile(rb"^(?:content_length|transfer_encoding):", re.I | re.M)


class LengthRequired(BadRequest):  # type: ignore[misc]
    """There is a body, and nothing says where it ends."""

    code, reason = 411, "Length Required"


class StrictParser(HTTPRequestParser):  # type: ignore[misc]
    """Reads one request. A body whose length is said in a way that two readers could take
    differently is refused: it would be cut short here, or read as another request."""

    completed: bool
    error: Any
    #: Of a request that could not be read; waitress logs it when the sender has gone.
    path = ""

    def __init__(self, adj: Adjustments) -> None:
        super().__init__(adj)
        self.began = time.monotonic()

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ParsingError:
            raise
        except ValueError:  # an address or a length that cannot be read
            raise ParsingError("The request line or a header cannot be read") from None
        if MISSPELT_LENGTH.search(header_plus):  # waitress leaves such names out unread
            raise ParsingError("The length of a body is said by a header of another name")
        if self.version not in ("1.0", "1.1"):
            raise ParsingError("This server speaks HTTP/1.1 and HTTP/1.0")
        if "TRANSFER_ENCODING" in self.headers:  # left there only where it was not followed
            raise ParsingError("Transfer-Encoding is for HTTP/1.1")
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("Content-Length and Transfer-Encoding contradict each other")
        codings = b",".join(TRANSFER_ENCODING.findall(header_plus))
        if self.chunked and codings.strip().lower() != b"chunked":
            raise ParsingError("A body is put in chunks once")
        if self._leaves_its_length_open():
            self.error = LengthRequired("Send the body with its Content-Length")
            self.connection_close = True

    def _leaves_its_length_open(self) -> bool:
        """Whether a body is announced by its type alone: an empty one would be taken for it."""
        return (
            self.command in WITH_BODY
            and "CONTENT_TYPE" in self.headers
            and not self.chunked
            and "CONTENT_LENGTH" not in self.headers
        )

    def received(self, data: bytes) -> int:
        consumed: int = super().received(data)
        if self.error or self.body_rcv is None:  # waitress would say 100, and wait for a body
            self.expect_continue = False
        if self.chunked and not self.completed:
            receiver = self.body_rcv
            if (
                len(receiver.control_line) > LONGEST_CHUNK_LINE
                or len(receiver.trailer) > LONGEST_TRAILER
            ):
                self.error = BadRequest("A chunk's size or the trailer is too long")
                self.completed = True
        return consumed

    def is_late(self, now: float) -> bool:
        """Whether it should have arrived by now (``now`` as of ``time.monotonic``)."""
        arrived = self.header_bytes_received + self.body_bytes_received
        return bool(now - self.began > ARRIVAL_SECONDS + arrived / SLOWEST_BYTES_A_SECOND)


class QuietTask(WSGITask):  # type: ignore[misc]
    """Runs the application. An answer to HEAD has headers only, whatever the application says."""

    def build_response_header(self) -> bytes:
        if self.channel.server.draining:
            self.set_close_on_finish()
        header: bytes = super().build_response_header()
        return header

    def write(self, data: bytes) -> None:
        if self.request.command == "HEAD":
            self.content_bytes_written += len(data)
            data = b""
        super().write(data)

    def finish(self) -> None:
        if self.request.command == "HEAD":
            self.write(b"")  # the headers, if nothing has been written yet
            return
        super().finish()


class Refusal(ErrorTask):  # type: ignore[misc]
    """Answers what no application sees, in the form that the application's refusals have."""

    def execute(self) -> None:
        error = self.request.error
        status = http.client.responses.get(error.code, error.reason)
        request_id = f"req_{secrets.token_hex(12)}"
        path = str(getattr(self.request, "path", ""))
        logger.warning("Refused unread: %s, %s (%s)", error.code, error.body, request_id)
        if "/api/" in path:
            kind = "application/problem+json"
            body = json.dumps(_problem(error.code, status, error.body, request_id)).encode()
        else:
            kind = "text/plain; charset=utf-8"
            body = f"{status}\n\n{error.body}.\nRequest id: {request_id}\n".encode()
        self.status = f"{error.code} {status}"
        self.response_headers += [
            ("Cache-Control", "no-store"),
            ("Content-Type", kind),
            ("X-Request-Id", request_id),
        ]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body if getattr(self.request, "command", "") != "HEAD" else b"")


def _problem(status: int, title: str, detail: str, request_id: str) -> dict[str, Any]:
    code = {411: "length_required", 413: "too_large", 500: "server_error"}.get(
        status, "parse_error"
    )
    return {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "errors": [],
        "blockers": [],
        "request_id": request_id,
    }


class PatientChannel(HTTPChannel):  # type: ignore[misc]
    """One connection. Who is refused before all has been read gets to read why.

    Closing while the client still sends makes its kernel throw our answer away; so our side is
    closed first, and what still comes is read and forgotten for a while.
    """

    parser_class = StrictParser
    task_class = QuietTask
    error_task_class = Refusal

    close_when_flushed: bool
    lingers_since: float | None = None
    _refused = False

    def service(self) -> None:
        self._refused = self._refused or bool(self.requests and self.requests[0].error)
        super().service()

    def handle_write(self) -> None:
        if self.lingers_since is not None and not self.will_close:
            return
        done = self.close_when_flushed and not self.total_outbufs_len
        if done and self._refused and not self.will_close:
            self.close_when_flushed = False
            self._linger()
            return
        super().handle_write()

    def _linger(self) -> None:
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.will_close = True
        else:
            self.lingers_since = time.monotonic()

    def readable(self) -> bool:
        if self.lingers_since is not None:
            return not self.will_close
        return bool(super().readable())

    def received(self, data: bytes) -> bool:
        if self.lingers_since is not None:
            return False
        return bool(super().received(data))

    def is_busy(self) -> bool:
        """Whether a request is being answered."""
        return bool(self.requests or self.total_outbufs_len)

    def is_overdue(self, now: float) -> bool:
        """Whether it has had its time (``now`` as of ``time.monotonic``)."""
        if self.lingers_since is not None:
            return now - self.lingers_since > LINGER_SECONDS
        if self.requests:
            return False
        if self.request is not None:
            return bool(self.request.is_late(now))
        return bool(time.time() - self.last_activity > IDLE_SECONDS)

    def waiting_since(self) -> float:
        """When it began to wait for a client that says or takes nothing."""
        if self.request is not None and self.request.completed is False:
            return float(self.creation_time)
        return float(self.last_activity)


class Server(TcpWSGIServer):  # type: ignore[misc]
    """Listens on a socket that several processes share, until it is told to stop."""

    channel_class = PatientChannel
    draining = False

    def maintenance(self, now: float) -> None:
        """Close the connections that have had their time. Called every few seconds."""
        instant = time.monotonic()
        for channel in self.active_channels.values():
            if channel.is_overdue(instant):
                channel.will_close = True

    def handle_accept(self) -> None:
        if len(self._map) >= MOST_CONNECTIONS:
            self._make_room()
        super().handle_accept()

    def _make_room(self) -> None:
        idle = [each for each in self.active_channels.values() if not each.is_busy()]
        if idle:
            min(idle, key=PatientChannel.waiting_since).handle_close()

    def stop(self) -> None:
        """Take no more connections, and end once the requests in hand are answered."""
        self.draining = True
        self.pull_trigger()

    def run(self) -> None:
        """Serve until ``stop``."""
        while not self.draining:
            self._turn()
        self.accepting = False
        self.socket.close()
        self._map.pop(self._fileno, None)
        until = time.monotonic() + DRAIN_SECONDS
        while self.active_channels and time.monotonic() < until:
            self._turn()  # first: what has come already is a request in hand
            for channel in list(self.active_channels.values()):
                if not channel.is_busy() and channel.request is None:
                    channel.handle_close()
        self.task_dispatcher.shutdown()

    def _turn(self) -> None:
        wasyncore.loop(timeout=1, use_poll=True, map=self._map, count=1)


def serve_on(listening: socket.socket, application: Any, *, threads: int, prefix: str) -> Server:
    """A server with ``threads`` threads on ``listening``, below the path ``prefix``."""
    settings = Adjustments(
        sockets=[listening],
        threads=threads,
        url_prefix=prefix,
        ident="web",
        # Which proxy to believe is decided by the settings of the application.
        clear_untrusted_proxy_headers=False,
        max_request_header_size=LARGEST_HEADERS,
        max_request_body_size=LARGEST_BODY,
        outbuf_high_watermark=LARGEST_WAITING_ANSWER,
        connection_limit=MOST_CONNECTIONS + 50,
        channel_timeout=IDLE_SECONDS,
        cleanup_interval=5,
        asyncore_use_poll=True,
        log_socket_errors=False,
    )
    dispatcher = ThreadedTaskDispatcher()
    dispatcher.set_thread_count(threads)
    kind = (listening.family, listening.type, listening.proto, listening.getsockname())
    return Server(
        application,
        {},
        True,
        listening,
        dispatcher=dispatcher,
        adj=settings,
        sockinfo=kind,
        bind_socket=False,
    )
