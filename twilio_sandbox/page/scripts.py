"""What the person in a call does, written line by line, or that somebody decides as it goes."""

from __future__ import annotations

import re
from typing import Any

from twilio_sandbox.errors import ControlError
from twilio_sandbox.page.forms import Form
from twilio_sandbox.page.html import Markup

LIVE, SCRIPTED = "live", "scripted"
WHO = {LIVE: "You, as it goes", SCRIPTED: "A script, line by line"}
EXAMPLE = "say I want to book a table\npress 1#\nwait 10\nhang up"
_HELP = "A line is said or pressed whenever the program listens; “wait 10” are seconds."

SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?")

Script = list[dict[str, Any]]


def fields(form: Form, script: Script | None = None) -> tuple[Markup, Markup]:
    """Who speaks, and the script; None is a person who decides as it goes."""
    text = "" if script is None else "\n".join(map(_line, script))
    return (
        form.radio("who", "Who speaks", WHO, value=LIVE if script is None else SCRIPTED),
        form.area("script", "Script", value=text, help=_HELP, placeholder=EXAMPLE, rows=4),
    )


def chosen(form: dict[str, str]) -> Script | None:
    """What those fields say. `ControlError` names a line that is none."""
    if form.get("who") != SCRIPTED:
        return None
    return [_step(line) for line in map(str.strip, form.get("script", "").splitlines()) if line]


def _line(step: dict[str, Any]) -> str:
    if "hang_up" in step:
        return "hang up"
    if "wait" in step:
        return f"wait {step['wait']:g}"
    return next(f"{kind} {step[kind]}" for kind in ("say", "press") if kind in step)


def _step(line: str) -> dict[str, Any]:
    kind, _, rest = line.partition(" ")
    kind, rest = kind.lower(), rest.strip()
    if line.lower() == "hang up":
        return {"hang_up": True}
    if kind in ("say", "press") and rest:
        return {kind: rest}
    if kind == "wait" and SECONDS.fullmatch(rest):
        return {"wait": float(rest)}
    raise ControlError(400, f"“{line}” is no line of a script: say, press, wait or hang up.")


def seconds(form: dict[str, str], name: str) -> float | None:
    """A field of seconds; None when it is empty."""
    text = form.get(name, "").strip()
    if not text:
        return None
    if not SECONDS.fullmatch(text):
        raise ControlError(400, f"“{text}” is no number of seconds.")
    return float(text)
