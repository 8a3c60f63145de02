"""`python -m twilio_sandbox`: the stand-in without Django."""

from __future__ import annotations

import argparse
import sys
from functools import partial

from twilio_sandbox.server import add_arguments, serve
from twilio_sandbox.storage import StateFileError


def main() -> int:
    parser = argparse.ArgumentParser(prog="twilio_sandbox", description="A Twilio stand-in.")
    add_arguments(parser)
    try:
        return serve(**vars(parser.parse_args()), announce=partial(print, flush=True))
    except (StateFileError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
