"""Serve the site: several processes that share one listening socket (``config/server.py``)."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import resource
import signal
import socket
import sys
import time
from argparse import ArgumentParser
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config import server

logger = logging.getLogger(__name__)

#: A process that dies this soon (seconds) would die again: the command gives up (``EX_SOFTWARE``).
TOO_SOON, GAVE_UP = 5, 70
#: Connections that the kernel keeps until a process takes them.
BACKLOG = 1024
#: Linux's ``PR_SET_PDEATHSIG``: the signal a process gets when its parent has died.
SIGNAL_ON_DEATH_OF_PARENT = 1
STOPPING = (signal.SIGTERM, signal.SIGINT)


class Command(BaseCommand):
    help = "Serve pages and REST until told to stop. Run it under a supervisor."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000, help="0: one that is free")
        parser.add_argument("--processes", type=int, default=2)
        parser.add_argument("--threads", type=int, default=8, help="of each process")

    def handle(self, **options: Any) -> None:
        _raise_file_limit()
        try:
            listening = _listen(options["host"], options["port"])
        except OSError as error:
            raise CommandError(f"Cannot listen there: {error.strerror}.") from None
        host, port = listening.getsockname()[:2]
        # Read once, here: the processes share its memory.
        from config.wsgi import application

        logger.info("Listening on %s port %s", host, port)
        prefix = settings.FORCE_SCRIPT_NAME or ""
        family = Family(listening, application, options["threads"], prefix)
        sys.exit(family.run(options["processes"]))


class Family:
    """The processes that serve, and the one that replaces those that die."""

    def __init__(
        self, listening: socket.socket, application: Any, threads: int, prefix: str
    ) -> None:
        self.listening = listening
        self.application = application
        self.threads = threads
        self.prefix = prefix
        self.born: dict[int, float] = {}
        self.stopping = False

    def run(self, processes: int) -> int:
        """Keep so many processes running until told to stop; the exit code."""
        for each in STOPPING:
            signal.signal(each, self._stop)
        for _ in range(processes):
            self._start()
        code = 0
        while self.born:
            pid, status = os.wait()
            born = self.born.pop(pid, None)
            if self.stopping or born is None:
                continue
            logger.error("Process %s ended unasked (%s)", pid, status)
            if time.monotonic() - born < TOO_SOON:
                code = GAVE_UP
                self._stop()
            else:
                self._start()
        return code

    def _stop(self, *_: Any) -> None:
        self.stopping = True
        self.listening.close()  # each process closes its own; then connecting is refused
        for pid in self.born:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def _start(self) -> None:
        # A signal between the fork and the note of it would miss the new process.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        pid = os.fork()
        if pid == 0:
            self._serve()
        self.born[pid] = time.monotonic()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)

    def _serve(self) -> NoReturn:
        code = GAVE_UP
        try:
            if sys.platform == "linux":
                ctypes.CDLL(None).prctl(SIGNAL_ON_DEATH_OF_PARENT, signal.SIGTERM)
            one = server.serve_on(
                self.listening, self.application, threads=self.threads, prefix=self.prefix
            )
            for each in STOPPING:
                signal.signal(each, lambda *_: one.stop())
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
            one.run()
            code = 0
        except BaseException:
            logger.exception("This web process failed")
        finally:
            os._exit(code)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
    listening.setblocking(False)
    return listening


def _raise_file_limit() -> None:
    """Each connection is a file, and a large body or answer another one."""
    wanted = 4 * server.MOST_CONNECTIONS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, limit), hard))
