"""Ports: where each request and number stands, and what carriers and support do with them."""

from __future__ import annotations

from typing import Any

from twilio_sandbox.page import parts, webhooks
from twilio_sandbox.page.forms import Form, unfold
from twilio_sandbox.page.html import Child, Markup, tag
from twilio_sandbox.page.visit import Done, Page, Sheet, Visit
from twilio_sandbox.porting import states

REASONS = {"": "no reason given"} | {
    reason: f"{reason} ({code})" for reason, code in states.REASONS.items()
}


def show(visit: Visit) -> Sheet:
    ports = visit.get("/ports")["ports"]
    shown, pages = parts.paged(visit, ports)
    if shown:
        heads = ("Port", "Account", "Status", "Numbers", "Asked for", "Changed")
        listed = parts.table("Ports", heads, [_row(visit, port) for port in shown])
    else:
        listed = parts.empty("No ports yet", "A program asks for them, or begin one on the right.")
    others = [
        parts.link("Portability and carriers", parts.to("carriers"), class_="button"),
        parts.link("Snap Port", parts.to("snap-port"), class_="button"),
        parts.link("Mails about letters", parts.to("mails"), class_="button"),
    ]
    return Sheet("Ports", (parts.live("ports", listed), pages), actions=others)


def _row(visit: Visit, port: dict[str, Any]) -> tuple[Child, ...]:
    return (
        (
            parts.link(port["customer_name"], parts.to("ports", port["sid"])),
            tag("small", port["sid"]),
        ),
        parts.account_link(visit.world, port["account_sid"]),
        status(port["status"]),
        parts.lines(*(f"{count} {words(name)}" for name, count in port["counts"].items())),
        port["target_port_in_date"] or parts.soft("the earliest day"),
        parts.when(port["updated"]),
    )


_TONES = {
    states.COMPLETED: "good",
    states.ACTION_REQUIRED.lower(): "bad",
    states.REJECTED: "bad",
    states.EXPIRED.lower(): "bad",
    states.WAITING.lower(): "warn",
    states.WAITING_FOR_SIGNATURE: "warn",
    states.CANCELING: "warn",
}


def words(state: str) -> str:
    """`waiting_for_signature` as people say it."""
    return state.replace("_", " ")


def status(state: str) -> Markup:
    return parts.badge(words(state), _TONES.get(state.lower(), ""))


# One port


def _port(visit: Visit) -> dict[str, Any]:
    port: dict[str, Any] = visit.get(f"/ports/{visit.args['sid']}")
    return port


def show_one(visit: Visit) -> Sheet:
    port = _port(visit)
    numbers = port["numbers"]
    about = {port["sid"], *(number["sid"] for number in numbers)}
    hooks = [each for each in visit.world.webhooks.values() if each.subject_sid in about][::-1]
    told = webhooks.listing(visit, hooks) if hooks else tag("p", "Nobody was told of it.")
    wide = (
        parts.section("Numbers", _numbers(visit, numbers), id="numbers"),
        parts.section("Webhooks", parts.live("told", told), id="told-of"),
    )
    side = (_letter(visit, port), _move_all(visit, port), _facts(visit, port))
    return Sheet(
        port["customer_name"],
        parts.split(wide, side),
        trail=parts.link("Ports", parts.to("ports")),
        extra=status(port["status"]),
    )


def _numbers(visit: Visit, numbers: list[dict[str, Any]]) -> Markup:
    heads = ("Number", "State", "Port date", "")
    return parts.live(
        "port-numbers", parts.table("Numbers", heads, [_number(visit, each) for each in numbers])
    )


def _number(visit: Visit, number: dict[str, Any]) -> tuple[Child, ...]:
    why = number["rejection_reason"] or number["not_portability_reason"]
    code = number["rejection_reason_code"]
    return (
        (
            parts.number_link(visit.world, number["phone_number"]),
            tag("small", (number["number_type"] or "type unknown").lower()),
        ),
        parts.lines(
            status(number["status"]),
            parts.soft(f"{words(why.lower())} {code or ''}") if why else None,
        ),
        parts.when(number["port_date"]) if number["port_date"] else None,
        _move_one(visit, number),
    )


def _reachable(state: str) -> dict[str, str]:
    """The states a number can get to, through others."""
    return {
        each: words(each)
        for each in states.MOVES
        if each != state and states.way(state, each) is not None
    }


def _move_one(visit: Visit, number: dict[str, Any]) -> Child:
    reachable = _reachable(number["status"])
    if not reachable:
        return None
    form = Form(visit, "move-number", number=number["sid"])
    following = next(state for state in reachable if state in number["next_states"])
    fields = (
        form.choice("state", "To", reachable, value=following),
        form.choice("reason", "Reason to reject", REASONS),
    )
    return unfold(
        "Move",
        form.whole(fields, submit="Move it"),
        about=parts.phone(number["phone_number"]),
        is_open=form.problem is not None,
    )


def _wanted(visit: Visit) -> dict[str, Any]:
    return {"state": visit.form.get("state"), **visit.given("reason")}


def move_number(visit: Visit) -> Done:
    sid, number = visit.args["sid"], visit.form.get("number", "")
    visit.post(f"/ports/{sid}/numbers/{number}/state", _wanted(visit), settle=True)
    return Done(f"The number is {words(visit.form['state'])} now.")


def _letter(visit: Visit, port: dict[str, Any]) -> Markup:
    if port["sign_path"]:
        body: Child = (
            tag("p", f"{port['authorized_representative']} was asked to sign it."),
            tag(
                "div",
                parts.link("Open the letter", port["sign_path"], class_="button primary"),
                Form(visit, "sign").press("Sign it"),
                Form(visit, "expire").press("Let it expire"),
                class_="buttons",
            ),
        )
    elif port["signed"]:
        body = tag("p", f"Signed by {port['signer']}, ", parts.when(port["signed"]), ".")
    else:
        body = tag("p", "Nobody is asked to sign now.")
    return parts.card("Letter of authorization", body, id="letter")


def sign(visit: Visit) -> Done:
    visit.post(f"/ports/{visit.args['sid']}/sign", settle=True)
    return Done("The letter is signed.")


def expire(visit: Visit) -> Done:
    visit.post(f"/ports/{visit.args['sid']}/expire-signature", settle=True)
    return Done("The letter expired without a signature.")


def _move_all(visit: Visit, port: dict[str, Any]) -> Markup | None:
    open_states = {number["status"] for number in port["numbers"]} - states.FINAL
    reachable = {name: text for each in open_states for name, text in _reachable(each).items()}
    if not reachable:
        return None
    form = Form(visit, "move")
    fields = (
        form.choice("state", "To", {name: reachable[name] for name in states.MOVES
                                    if name in reachable}),
        form.choice("reason", "Reason to reject", REASONS),
    )  # fmt: skip
    return parts.card(
        "Move all numbers",
        tag("p", parts.soft("Those that can get there, through the states in between.")),
        form.whole(fields, submit="Move them", look="primary"),
        id="move-all",
    )


def move(visit: Visit) -> Done:
    visit.post(f"/ports/{visit.args['sid']}/state", _wanted(visit), settle=True)
    return Done(f"The numbers are {words(visit.form['state'])} now.")


def _facts(visit: Visit, port: dict[str, Any]) -> Markup:
    return parts.card(
        "Facts",
        parts.facts(
            [
                ("Account", parts.account_link(visit.world, port["account_sid"])),
                ("Asked for", port["target_port_in_date"] or "the earliest day"),
                ("Signer", port["authorized_representative"]),
                ("Made", parts.when(port["created"])),
                ("Changed", parts.when(port["updated"])),
                ("Canceled for", port["order_cancellation_reason"]),
                ("SID", (parts.code(port["sid"]), " ", parts.copy(port["sid"]))),
            ]
        ),
        id="facts",
    )


# Mails


def show_mails(visit: Visit) -> Sheet:
    mails = visit.get("/mails")["mails"]
    shown, pages = parts.paged(visit, mails)
    if shown:
        heads = ("Mail", "To", "When", "Text", "")
        listed = parts.table("Mails", heads, [_mail(mail) for mail in shown])
    else:
        listed = parts.empty(
            "No mails yet", "Twilio writes when a letter is to be signed, and before it suspends."
        )
    about = "What Twilio would have mailed; nobody is sent it"
    return Sheet("Mails", (parts.live("mails", listed), pages), extra=about)


def _mail(mail: dict[str, Any]) -> tuple[Child, ...]:
    link = parts.link("Open the letter", mail["link"], class_="button small")
    return (
        (
            parts.link(mail["subject"], _about(mail)),
            tag("small", words(mail["kind"])),
        ),
        mail["to"],
        parts.when(mail["created"]),
        tag("span", mail["body"], class_="excerpt", title=mail["body"]),
        link if mail["link"] else None,
    )


def _about(mail: dict[str, Any]) -> str:
    """The page of the port or of the account that it is about."""
    if mail["request_sid"]:
        return parts.to("ports", mail["request_sid"])
    return parts.to("accounts", mail["account_sid"])


# Snap Port


def show_snap_port(visit: Visit) -> Sheet:
    form = Form(visit, "transfer")
    accounts = {
        row.sid: row.friendly_name
        for row in visit.world.accounts.values()
        if visit.world.status(row) == "active"
    }
    fields = (
        form.text("phone_number", "Number", placeholder="+1…", inputmode="tel", required=True,
                  value=visit.query.get("number", "")),
        form.choice("account_sid", "To the account", accounts),
    )  # fmt: skip
    card = parts.card(
        "Transfer as Twilio's support",
        tag(
            "p",
            "A number under an unrelated account cannot be ported (22132). Support moves it, "
            "after both sides have agreed.",
        ),
        form.whole(fields, submit="Transfer it", look="primary"),
        id="transfer-card",
    )
    return Sheet(
        "Snap Port",
        tag("div", card, class_="narrow"),
        trail=parts.link("Ports", parts.to("ports")),
    )


def transfer(visit: Visit) -> Done:
    number = visit.form.get("phone_number", "").strip()
    body = {"phone_number": number, "account_sid": visit.form.get("account_sid", "")}
    moved = visit.post("/snap-transfers", body, settle=True)
    there = parts.to("accounts", moved["account_sid"], "numbers", moved["sid"])
    return Done(f"{parts.phone(number)} was transferred.", there)


PAGES = [
    Page("/room/ports", show),
    Page(
        "/room/ports/(?P<sid>[^/]+)",
        show_one,
        {"move-number": move_number, "move": move, "sign": sign, "expire": expire},
    ),
    Page("/room/mails", show_mails),
    Page("/room/snap-port", show_snap_port, {"transfer": transfer}),
]
