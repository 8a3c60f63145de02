#!/usr/bin/env python
"""Command line of the project."""

from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    import config  # noqa: F401  makes the ``numbers`` app importable before Django loads it

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
