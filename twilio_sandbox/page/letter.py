"""The page on which a letter of authorization is signed, or left to expire.

It stands outside of the room: whoever signs was only mailed the link.
"""

from __future__ import annotations

import re

from twilio_sandbox.control import refuse_others
from twilio_sandbox.engine import Room
from twilio_sandbox.errors import ControlError
from twilio_sandbox.http import Request, Response
from twilio_sandbox.page import frame, parts
from twilio_sandbox.page.headers import HEADERS
from twilio_sandbox.page.html import Child, Markup, tag
from twilio_sandbox.porting import letters, lifecycle
from twilio_sandbox.porting.rows import PortIn
from twilio_sandbox.world import World

PREFIX = "/_sandbox/sign/"
#: No `form-action`: it would keep whoever signed from going on to the address the account chose.
_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'"
_HEADERS = HEADERS | {
    "Content-Security-Policy": f"{_POLICY}; frame-ancestors 'none'",
    "Content-Type": "text/html; charset=utf-8",
}


class LetterPage:
    """Answers below `/_sandbox/sign/`, to this machine only."""

    def __init__(self, room: Room) -> None:
        self.room = room

    def __call__(self, request: Request) -> Response:
        try:
            refuse_others(request)
        except ControlError as error:
            return _page(error.status, "Refused", tag("p", error.message))
        with self.room.lock:
            world = self.room.world
            port = _find(world, request.path.removeprefix(PREFIX))
            if port is None:
                return _page(404, "Not found", tag("p", "There is no such letter."))
            if request.method == "GET":
                return _letter(world, port)
            if request.method == "POST":
                return _take(world, port, request.form())
        return _page(405, "Not possible", tag("p", "This page can be read and signed."))


def _find(world: World, token: str) -> PortIn | None:
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
        return _letter(world, port, status=400, refused=form)
    lifecycle.sign(world, port, signer)
    chosen = letters.configuration(world, port)
    if chosen is not None and chosen.url_redirection:
        return Response(303, headers={"Location": chosen.url_redirection})
    return _letter(world, port)


def _letter(
    world: World, port: PortIn, *, status: int = 200, refused: dict[str, str] | None = None
) -> Response:
    facts = parts.facts(
        (head, parts.lines(*(parts.phone(line) for line in told)))
        for head, told in letters.letter(world, port)
    )
    told = tag("p", "I authorize Twilio to port the numbers below to it.")
    return _page(status, "Letter of authorization", (told, facts, _below(world, port, refused)))


def _below(world: World, port: PortIn, refused: dict[str, str] | None) -> Child:
    """What can be done with the letter, or what became of it."""
    if port.signed is not None:
        text = (f"Signed by {port.signer or ''} on ", parts.time(port.signed), ", UTC.")
        return tag("p", text, class_="callout", role="status")
    if port.expired:
        return _over("This letter was not signed in time. It has expired.")
    if not lifecycle.can_be_signed(world, port):
        return _over("The numbers of this letter were canceled.")
    return _sign(port, refused), _decline()


def _over(text: str) -> Markup:
    return tag("p", text, class_="callout warn", role="status")


def _sign(port: PortIn, refused: dict[str, str] | None) -> Markup:
    given = refused or {"signer": port.losing_carrier_information["authorized_representative"]}
    alert = tag("p", "Give your name and agree to the letter.", class_="callout bad", role="alert")
    name = tag(
        "input",
        id="signer",
        name="signer",
        value=given.get("signer", ""),
        autocomplete="name",
        required=True,
    )
    yes = tag("input", type="checkbox", name="agree", value="yes", required=True,
              checked="agree" in given)  # fmt: skip
    return tag(
        "form",
        tag("h2", "Sign"),
        alert if refused is not None else None,
        tag("div", tag("label", "Your name", for_="signer"), name, class_="field"),
        tag("label", yes, tag("span", "I am authorized to sign this letter."), class_="tick"),
        _button("Sign the letter", "sign", "primary"),
        method="post",
        class_="form",
    )


def _decline() -> Markup:
    return tag(
        "form",
        tag("h2", "Or do not"),
        tag("p", "What happens when nobody signs in time happens now."),
        _button("Let it expire", "expire"),
        method="post",
        class_="form",
    )


def _button(text: str, action: str, look: str = "") -> Markup:
    classes = f"button {look}".strip()
    return tag(
        "div", tag("button", text, class_=classes, name="action", value=action), class_="buttons"
    )


def _page(status: int, title: str, content: Child) -> Response:
    brand = tag("span", frame.mark(), tag("span", "Twilio sandbox"), class_="brand")
    main = tag("main", tag("h1", title), content)
    body = tag("body", tag("header", brand), main, class_="lone letter")
    return Response(status, frame.whole(title, body, scripts=()), dict(_HEADERS))
