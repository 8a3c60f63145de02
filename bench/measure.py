"""Measure every row on the database that ``DATABASE_URL`` names; JSON on standard output."""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import Any

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ["LOG_LEVEL"] = "WARNING"
    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    settings.API_RATE = None
    settings.ALLOWED_HOSTS = ["*"]
    logging.disable(logging.WARNING)
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)

    from bench import bulk, events, imports, pages, sandbox, sweep

    parts = {"events": events, "imports": imports, "pages": pages, "bulk": bulk, "sweep": sweep}
    if connection.vendor == "sqlite":  # the sandbox has no database: once is enough
        parts["sandbox"] = sandbox
    rows: list[dict[str, Any]] = []
    for name in [each for each in sys.argv[1:] or parts if each in parts]:
        print(f"{connection.vendor}: {name} …", file=sys.stderr)
        rows += [row.as_json() for row in parts[name].rows()]
    version = ".".join(map(str, _version(connection)))
    json.dump({"database": f"{connection.vendor} {version}", "rows": rows}, sys.stdout)


def _version(connection: Any) -> tuple[int, ...]:
    connection.ensure_connection()
    return tuple(connection.get_database_version())


if __name__ == "__main__":
    main()
