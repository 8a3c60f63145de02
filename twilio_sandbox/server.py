"""Start and stop the stand-in."""

from __future__ import annotations

import argparse
import signal
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from twilio_sandbox import seed as seeds
from twilio_sandbox import storage
from twilio_sandbox.application import TwilioApi
from twilio_sandbox.clock import instant
from twilio_sandbox.control import Control
from twilio_sandbox.engine import Engine, Room
from twilio_sandbox.http import Request, Response, Server
from twilio_sandbox.page import letter
from twilio_sandbox.page.site import Site
from twilio_sandbox.webhooks.courier import Allowed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of both ways to start it."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8001, help="0 takes a free one")
    parser.add_argument("--numbers", type=int, default=27, help="how many numbers Acme has")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same world")
    parser.add_argument(
        "--at", type=instant, metavar="TIME", help="where its clock begins (ISO), if not at now"
    )
    parser.add_argument(
        "--webhook-host",
        dest="webhook_hosts",
        action="append",
        default=[],
        metavar="HOST",
        help="a host beside this machine that webhooks may go to; may be repeated",
    )
    parser.add_argument("--state", type=Path, metavar="FILE", help="keep the world in this file")
    parser.add_argument(
        "--clock",
        type=Path,
        metavar="FILE",
        help="say in this file how many seconds its clock is ahead, for programs that go by it",
    )


class Sandbox:
    """One stand-in: its world, its server, and the saver when it has a state file."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        numbers: int,
        seed: int,
        at: datetime | None,
        state: Path | None,
        clock: Path | None,
        webhook_hosts: list[str],
    ) -> None:
        found = state is not None and state.exists()
        if state and found:
            world = storage.load(state)
        else:
            world = seeds.build(numbers=numbers, seed=seed, at=at)
        self.room = Room(world, clock)
        self.engine = Engine(self.room, Allowed(frozenset(webhook_hosts)))
        self.api = TwilioApi(self.room)
        self.saver = storage.Saver(state, self.room, loaded=found) if state else None
        self.control = Control(
            self.api,
            self.engine,
            numbers=numbers,
            world_seed=seed,
            at=at,
            state_file=state,
            save=self.saver.save_changes if self.saver else lambda: None,
        )
        self.site = Site(self.control)
        self.letters = letter.LetterPage(self.room)
        self.server = Server((host, port), self.answer)
        world.address = self.url

    @property
    def url(self) -> str:
        host, port = self.server.server_address[:2]
        return f"http://{host!s}:{port}"

    def answer(self, request: Request) -> Response:
        if request.path == "/_sandbox/" or request.path.startswith("/_sandbox/room/"):
            return self.site(request)
        if request.path.startswith(letter.PREFIX):
            return self.letters(request)
        if request.path.startswith("/_sandbox/"):
            return self.control(request)
        if request.method == "GET" and request.path in ("/", "/_sandbox"):
            return Response(303, headers={"Location": "/_sandbox/"})
        return self.api(request)

    def run(self) -> None:
        """Serve until `stop`, then write what is left to write."""
        if self.saver:
            self.saver.save_changes()
            self.saver.start()
        self.engine.start()
        try:
            self.server.serve_forever(poll_interval=0.1)
        finally:
            self.server.server_close()
            self.engine.stop()
            if self.saver:
                self.saver.finish()

    def stop(self) -> None:
        """End `run`; may be called from a signal handler."""
        threading.Thread(target=self.server.shutdown, daemon=True).start()


def serve(
    *,
    host: str,
    port: int,
    numbers: int,
    seed: int,
    at: datetime | None,
    state: Path | None,
    clock: Path | None,
    webhook_hosts: list[str],
    announce: Callable[[str], object],
) -> int:
    """Run in the foreground until SIGTERM or SIGINT; returns the exit code.

    `announce` is told the address, as one line, once it is listening. Raises
    `storage.StateFileError` for an unusable file and `OSError` for a port that is taken.
    """
    sandbox = Sandbox(
        host=host,
        port=port,
        numbers=numbers,
        seed=seed,
        at=at,
        state=state,
        clock=clock,
        webhook_hosts=webhook_hosts,
    )
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: sandbox.stop())
    announce(f"Twilio sandbox on {sandbox.url}")
    sandbox.run()
    return 0
