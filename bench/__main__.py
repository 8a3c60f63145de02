"""Run the benchmark on SQLite and on PostgreSQL: ``make bench``.

Prints a table and the same as JSON, which also goes to ``var/bench.json``. The limits are ratios to
programs of the same run, so they say the same on a slow machine and on a fast one.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = ("django", "djangorestframework", "django-q2", "twilio", "psycopg")


def main() -> int:
    """Measure on both databases; 1 when a row is missed."""
    parts = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        sqlite = _measure([], parts, f"sqlite:///{folder}/bench.sqlite3")
    postgres = _measure([sys.executable, "-m", "tests.on_postgres"], parts, None)
    report: dict[str, Any] = {"machine": _machine(), "databases": [sqlite, postgres]}
    (ROOT / "var").mkdir(exist_ok=True)
    text = json.dumps(report, indent=2)
    (ROOT / "var" / "bench.json").write_text(text + "\n")
    print(text)
    print(_table(report))
    return 0 if all(row["met"] for base in report["databases"] for row in base["rows"]) else 1


def _measure(prefix: list[str], parts: list[str], url: str | None) -> dict[str, Any]:
    environment = {**os.environ, "PRODUCTION": "false", "API_RATE": "1000000/min"}
    if url:
        environment["DATABASE_URL"] = url
    answer = subprocess.run(
        [*prefix, sys.executable, "-m", "bench.measure", *parts],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    measured: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return measured


def _machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "processor": platform.processor() or platform.machine(),
        "system": platform.platform(),
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }


def _table(report: dict[str, Any]) -> str:
    machine = report["machine"]
    lines = [
        f"{machine['cores']} cores, Python {machine['python']}, Django {machine['django']}, "
        f"{machine['system']}"
    ]
    for base in report["databases"]:
        lines += ["", base["database"], "-" * len(base["database"])]
        for row in base["rows"]:
            spread = row["spread"] and f" ({row['spread'][0]:.2f} to {row['spread'][1]:.2f})"
            verdict = "reached" if row["met"] else "MISSED"
            lines.append(
                f"{verdict:8} {row['value']:7.2f} {row['unit']}{spread or ''}, "
                f"limit {row['limit']:g}: {row['work']}, against {row['compared_with']}"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
