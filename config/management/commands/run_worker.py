"""Run Django Q2 so that a crash is a crash.

Django Q2 shares one queue between its processes. A worker that is killed while it waits (the
kernel's out-of-memory killer does this) can take the queue's lock with it, and the cluster then
looks alive but does nothing (django-q2 issue 23). This command gives up as a whole instead, so that
whatever supervises it starts a fresh one. Unfinished tasks are delivered again once their lock in
the database runs out.

It leans on inner names of django-q2, which is why that is pinned below 1.12; ``tests/config/
test_worker.py`` kills real processes to see that it still holds.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import time
from typing import Any, NoReturn

from django.core.management.base import BaseCommand
from django_q import cluster

#: What a worker's timer says when its task ran out of time, and when it has done its share.
RAN_OUT_OF_TIME, DUE_FOR_REPLACEMENT = 0, -2
#: The exit code of a cluster that gave up (``EX_SOFTWARE``).
GAVE_UP = 70
#: Linux's ``PR_SET_PDEATHSIG``: the signal a process gets when its parent has died.
SIGNAL_ON_DEATH_OF_PARENT = 1


class StrictSentinel(cluster.Sentinel):  # type: ignore[misc]
    """The process that watches the others: it replaces those that are due and nothing else."""

    def start(self) -> None:
        # Only the main process acts on SIGTERM. A supervisor that signals the whole process group
        # would otherwise kill the sentinel, and the main process would wait for it for ever. The
        # children inherit this too, and stop when they are told to.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        try:
            super().start()
        except Exception:
            # Leaving in the ordinary way would wait for children that ignore being terminated.
            cluster.logger.exception("The guard of the cluster failed")
            _give_up()

    def reincarnate(self, process: Any) -> None:
        if process in self.pool and process.timer.value in (RAN_OUT_OF_TIME, DUE_FOR_REPLACEMENT):
            timed_out = process.timer.value == RAN_OUT_OF_TIME
            super().reincarnate(process)
            if timed_out:
                process.kill()
            return
        cluster.logger.critical("%s died unasked; stopping the whole cluster", process.name)
        _give_up()


def _give_up() -> NoReturn:
    for child in multiprocessing.active_children():
        child.kill()
    os._exit(GAVE_UP)


class Command(BaseCommand):
    help = "Work through queued tasks until told to stop. Run it under a supervisor."

    def handle(self, **options: Any) -> None:
        if sys.platform == "linux":
            os.register_at_fork(after_in_child=_die_with_parent)
        cluster.Sentinel = StrictSentinel
        worker = cluster.Cluster()
        try:
            worker.start()
        except RuntimeError:
            # The guard died before all of its children had started. Django Q2 has logged it.
            sys.exit(GAVE_UP)
        while worker.sentinel.is_alive():
            time.sleep(0.5)
        sys.exit(GAVE_UP if worker.sentinel.exitcode else 0)


def _die_with_parent() -> None:
    """Leave no orphans that work on, or keep a log open, after the process that watches them."""
    ctypes.CDLL(None).prctl(SIGNAL_ON_DEATH_OF_PARENT, signal.SIGKILL)
