"""A real web server, spoken to over sockets, byte by byte."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.installation import Installation, Migrated
from tests.sandbox_process import SandboxProcess

#: Seconds. Generous: what is tested is whether an answer comes, not how fast.
PATIENCE = 30.0


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: tuple[str, ...] = ()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    """One connection. ``say`` sends bytes as they are; ``hear`` reads one whole answer."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.file = self.socket.makefile("rb")
        self.host = f"127.0.0.1:{port}"

    def say(self, *parts: bytes | str) -> None:
        for part in parts:
            self.socket.sendall(part.encode() if isinstance(part, str) else part)

    def ask(self, line: str, body: bytes = b"", /, **headers: str) -> Answer:
        """One request with the length of its body, and its answer."""
        if body:
            headers["Content_Length"] = str(len(body))
        self.say(self.head(line, **headers), body)
        return self.hear(head=line.startswith("HEAD"))

    def head(self, line: str, **headers: str) -> str:
        """A request line with its headers; ``Content_Type="a/b"`` is a header."""
        version = "" if " HTTP/" in line else " HTTP/1.1"
        lines = [f"{line}{version}", f"Host: {self.host}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        return "\r\n".join(lines) + "\r\n\r\n"

    def hear(self, *, head: bool = False) -> Answer:
        """The next answer. Raises ``EOFError`` when the server hangs up instead."""
        first = self.file.readline()
        if not first:
            raise EOFError("no answer")
        status = int(first.split()[1])
        headers, cookies = {}, []
        while (line := self.file.readline().strip()) != b"":
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
            if name.lower() == "set-cookie":
                cookies.append(value)
        if head or status == 100 or status in (204, 304):
            return Answer(status, headers, b"", tuple(cookies))
        if headers.get("transfer-encoding") == "chunked":
            body = b"".join(self._chunks())
        else:
            body = self.file.read(int(headers["content-length"]))
        return Answer(status, headers, body, tuple(cookies))

    def _chunks(self) -> Iterator[bytes]:
        while length := int(self.file.readline(), 16):
            yield self.file.read(length)
            self.file.readline()
        self.file.readline()

    def ended(self) -> bool:
        """Whether the server has hung up; waits for it."""
        try:
            return self.file.read(1) == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self.file.close()
        self.socket.close()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Site:
    """Numberdesk served by ``run_web``: two processes of eight threads."""

    def __init__(self, folder: Path, migrated: Migrated, prefix: str = "") -> None:
        self.port = free_port()
        self.log = folder / "web.log"
        self.mails = folder / "mails"
        nowhere = SandboxProcess()
        nowhere.url = "http://127.0.0.1:9"
        self.installation = Installation(
            folder,
            migrated,
            nowhere,
            PUBLIC_URL=f"http://127.0.0.1:{self.port}{prefix}",
            EMAIL_URL=f"filemail:///{self.mails}",
            API_RATE="1000000/min",
        )
        self.wires: list[Wire] = []
        self.process = self.serve(self.port)

    def serve(self, port: int) -> subprocess.Popen[bytes]:
        """Start the web server; returns once it listens."""
        process = self.installation.start("manage.py", "run_web", "--port", str(port), log=self.log)
        until = time.monotonic() + PATIENCE
        while True:
            try:
                Wire(port).close()
            except OSError:
                assert time.monotonic() < until, self.log.read_text()
                time.sleep(0.05)
            else:
                return process

    def wire(self, port: int = 0) -> Wire:
        self.wires.append(Wire(port or self.port))
        return self.wires[-1]

    def hang_up(self) -> None:
        for wire in self.wires:
            wire.close()
        self.wires.clear()

    def run(self, code: str) -> Any:
        return self.installation.run(code)


@pytest.fixture(scope="session")
def house(
    tmp_path_factory: pytest.TempPathFactory, migrated: Migrated, django_db_blocker: Any
) -> Iterator[Site]:
    with django_db_blocker.unblock():
        site = Site(tmp_path_factory.mktemp("web"), migrated)
    yield site
    site.installation.end()


@pytest.fixture
def site(house: Site) -> Iterator[Site]:
    yield house
    house.hang_up()
