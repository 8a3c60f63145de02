"""The worker command, as real processes that are really killed (django-q2 defects 1 and 2)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest
from django.conf import settings

from config.management.commands.run_worker import GAVE_UP
from tests.installation import Migrated, manage

pytestmark = [pytest.mark.process, pytest.mark.sqlite]

#: Seconds. Generous: what is tested is whether something happens, not how fast a loaded machine is.
PATIENCE = 60.0
#: The sentinel's children in the order in which it starts them.
WORKER, MONITOR, PUSHER = 0, 2, 3


class Cluster:
    """``run_worker`` on a database file of its own, in a process group of its own."""

    def __init__(self, database: str) -> None:
        self.environment = {**os.environ, "DATABASE_URL": database, "WORKERS": "2"}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "run_worker"],
            cwd=settings.BASE_DIR,
            env=self.environment,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def run(self, code: str) -> str:
        prelude = "from django_q.models import *; from django_q.tasks import async_task; "
        return manage(self.environment, "shell", "--no-imports", "-c", prelude + code).strip()

    def children(self) -> list[psutil.Process]:
        """Two workers, the monitor and the pusher, in the order of their start."""
        try:
            (sentinel,) = psutil.Process(self.process.pid).children()
            return sorted(sentinel.children(), key=lambda child: (child.create_time(), child.pid))
        except (ValueError, psutil.NoSuchProcess):
            return []

    def everybody(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)  # type: ignore[no-any-return]

    def wait(self) -> int:
        return self.process.wait(PATIENCE)

    def end(self) -> None:
        """Whatever a test left behind goes."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.process.wait(PATIENCE)


def wait_until(condition: Callable[[], bool], what: str, *, pause: float = 0.05) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(pause)


@pytest.fixture
def starting(tmp_path: Path, migrated: Migrated) -> Iterator[Cluster]:
    cluster = Cluster(migrated.copy(tmp_path, "queue"))
    yield cluster
    cluster.end()


@pytest.fixture
def cluster(starting: Cluster) -> Cluster:
    wait_until(lambda: len(starting.children()) == 4, "the cluster to start")
    return starting


@pytest.mark.parametrize("victim", [WORKER, MONITOR, PUSHER])
def test_a_child_that_is_killed_ends_the_whole_cluster(cluster: Cluster, victim: int) -> None:
    everybody = cluster.everybody()

    cluster.children()[victim].kill()

    assert cluster.wait() == GAVE_UP
    _, alive = psutil.wait_procs(everybody, timeout=PATIENCE)
    assert alive == []


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone kills the children of the dead")
@pytest.mark.parametrize("generation", [0, 1], ids=["main process", "guard"])
def test_no_process_goes_on_without_the_one_above_it(cluster: Cluster, generation: int) -> None:
    everybody = cluster.everybody()
    main = psutil.Process(cluster.process.pid)

    (main, *main.children())[generation].kill()

    assert cluster.wait() in (-signal.SIGKILL, GAVE_UP)
    _, alive = psutil.wait_procs(everybody, timeout=PATIENCE)
    assert alive == []


def test_a_guard_that_dies_while_it_starts_the_others_ends_the_cluster(starting: Cluster) -> None:
    wait_until(lambda: starting.everybody() != [], "the guard", pause=0.001)

    starting.everybody()[0].kill()

    assert starting.wait() == GAVE_UP


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_to_the_whole_group_stops_the_cluster_in_order(
    cluster: Cluster, name: str
) -> None:
    everybody = cluster.everybody()

    os.killpg(cluster.process.pid, signal.Signals[name])

    assert cluster.wait() == 0
    _, alive = psutil.wait_procs(everybody, timeout=PATIENCE)
    assert alive == []


def test_a_task_that_runs_out_of_time_is_ended_and_the_cluster_goes_on(cluster: Cluster) -> None:
    before = {child.pid for child in cluster.children()}

    cluster.run("async_task('time.sleep', 600, timeout=1); async_task('math.sqrt', 16)")
    wait_until(lambda: cluster.run("print(Failure.objects.count())") == "1", "the time-out")
    wait_until(lambda: len({c.pid for c in cluster.children()} - before) == 1, "a new worker")
    cluster.run("async_task('math.sqrt', 25)")
    wait_until(lambda: cluster.run("print(Success.objects.count())") == "2", "the other tasks")

    assert cluster.process.poll() is None
    assert "Timeout" in cluster.run("print(Failure.objects.get().result)")
