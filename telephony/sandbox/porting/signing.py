"""The page on which a letter of authorization is signed, or left to expire: HTML, no scripts."""

from __future__ import annotations

import re
from html import escape

from telephony.sandbox.clock import iso8601
from telephony.sandbox.control import refuse_others
from telephony.sandbox.engine import Room
from telephony.sandbox.errors import ControlError
from telephony.sandbox.http import Request, Response
from telephony.sandbox.porting import letters, lifecycle
from telephony.sandbox.porting.rows import PortIn
from telephony.sandbox.world import World

PREFIX = "/_sandbox/sign/"

_STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 40rem; margin: 2rem auto; padding: 0 1rem; }
dt { font-weight: 600; margin-top: .75rem; } dd { margin: 0; }
label { display: block; margin: 1rem 0 .25rem; }
input[type=text] { width: 100%; box-sizing: border-box; }
input, button { font: inherit; padding: .5rem; }
form { border-top: 1px solid; margin-top: 2rem; }
.error { border: 2px solid; padding: .5rem; }
"""


class SigningPage:
    """Answers below `/_sandbox/sign/`, to this machine only."""

    def __init__(self, room: Room) -> None:
        self.room = room

    def __call__(self, request: Request) -> Response:
        try:
            refuse_others(request)
        except ControlError as error:
            return _page(error.status, "Refused", f"<p>{escape(error.message)}</p>")
        with self.room.lock:
            world = self.room.world
            port = find(world, request.path.removeprefix(PREFIX))
            if port is None:
                return _page(404, "Not found", "<p>There is no such letter.</p>")
            if request.method == "GET":
                return _letter(world, port)
            if request.method == "POST":
                return _take(world, port, request.form())
        return _page(405, "Not possible", "<p>This page can be read and signed.</p>")


def find(world: World, token: str) -> PortIn | None:
    """The request whose letter has that token."""
    if not re.fullmatch("[0-9a-f]{32}", token):
        return None
    return next((row for row in world.port_ins.values() if row.signature_token == token), None)


def _take(world: World, port: PortIn, form: dict[str, str]) -> Response:
    """Sign the letter, or let it expire; what is missing is said on the page."""
    if not lifecycle.can_be_signed(world, port):
        return _letter(world, port, status=409)
    if form.get("action") == "expire":
        lifecycle.expire(world, port)
        return _letter(world, port)
    signer = form.get("signer", "").strip()
    if not signer or form.get("agree") != "yes":
        return _letter(world, port, status=400, error="Give your name and agree to the letter.")
    lifecycle.sign(world, port, signer)
    chosen = letters.configuration(world, port)
    if chosen is not None and chosen.url_redirection:
        return Response(303, headers={"Location": chosen.url_redirection})
    return _letter(world, port)


def _letter(world: World, port: PortIn, *, status: int = 200, error: str = "") -> Response:
    lines = "".join(
        f"<dt>{escape(head)}</dt>" + "".join(f"<dd>{escape(line)}</dd>" for line in told)
        for head, told in letters.letter(world, port)
    )
    told = f"<p>I authorize Twilio to port the numbers below to it.</p><dl>{lines}</dl>"
    return _page(status, "Letter of authorization", told + _below(world, port, error))


def _below(world: World, port: PortIn, error: str) -> str:
    """What can be done with the letter, or what became of it."""
    if port.signed is not None:
        return f"<p>Signed by {escape(port.signer or '')} on {iso8601(port.signed)}.</p>"
    if port.expired:
        return "<p>This letter was not signed in time. It has expired.</p>"
    if not lifecycle.can_be_signed(world, port):
        return "<p>The numbers of this letter were canceled.</p>"
    notice = f'<p class="error" role="alert">{escape(error)}</p>' if error else ""
    name = escape(port.losing_carrier_information["authorized_representative"])
    return f"""
<form method="post"><h2>Sign</h2>{notice}
<label for="signer">Your name</label>
<input type="text" id="signer" name="signer" value="{name}" autocomplete="name" required>
<p><input type="checkbox" id="agree" name="agree" value="yes" required>
<label for="agree" style="display:inline">I am authorized to sign this letter.</label></p>
<button name="action" value="sign">Sign the letter</button></form>
<form method="post"><h2>Or do not</h2>
<p>What happens when nobody signs in time happens now.</p>
<button name="action" value="expire">Let it expire</button></form>"""


def _page(status: int, title: str, content: str) -> Response:
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}</style></head><body><main><h1>{title}</h1>{content}</main></body></html>"
    )
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
        "frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
    }
    return Response(status, text.encode(), headers)
