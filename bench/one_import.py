"""One import in a process of its own, to see its peak memory.

Reads SIDs and token of the subaccount as JSON from standard input.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import django


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from bench.imports import account_with_connection, our_import

    given = json.load(sys.stdin)
    sandbox = SimpleNamespace(
        acme_sid=given["sid"], acme_token=given["token"], main_sid=given["owner"]
    )
    result = our_import(account_with_connection(cast(Any, sandbox)))
    # Not getrusage: its peak includes that of the process that started this one.
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0])
    print(json.dumps({"peak_kilobytes": peak, "result": result}))


if __name__ == "__main__":
    main()
