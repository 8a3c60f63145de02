"""Style sheets, scripts and pictures: the product's own, read as files, and two of the room."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from twilio_sandbox.errors import ControlError
from twilio_sandbox.http import Response
from twilio_sandbox.page.visit import ROOM

_HERE = Path(__file__).resolve().parent
_PRODUCT = _HERE.parents[1] / "static"  # may be absent: then the room looks plain
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

_SHEETS = ("tokens", "base", "layout", "controls", "components", "feedback", "forms", "table")
SHEETS = (*(f"css/{name}.css" for name in _SHEETS), "room.css")
SCRIPTS = ("copy.js", "dismiss.js", "tabs.js", "room.js")
ICON = "favicon.svg"


@cache
def known() -> dict[str, Path]:
    """What there is, by the end of its address."""
    there = {name: _PRODUCT / name for name in (*SHEETS, *SCRIPTS, ICON)}
    there |= {name: _HERE / name for name in ("room.css", "room.js")}
    return {name: path for name, path in there.items() if path.is_file()}


def address(name: str) -> str:
    return f"{ROOM}/files/{name}"


def serve(name: str) -> Response:
    path = known().get(name)
    if path is None:
        raise ControlError(404, "There is no such file.")
    headers = {"Content-Type": f"{_TYPES[path.suffix]}; charset=utf-8", "Cache-Control": "no-cache"}
    return Response(200, path.read_bytes(), headers)
