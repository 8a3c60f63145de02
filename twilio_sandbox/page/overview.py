"""The first page: the accounts, the clock, and how a program gets here."""

from __future__ import annotations

from twilio_sandbox.errors import ControlError
from twilio_sandbox.page import clocks, parts
from twilio_sandbox.page.forms import Form, unfold
from twilio_sandbox.page.html import Child, Markup, tag
from twilio_sandbox.page.visit import Done, Page, Sheet, Visit
from twilio_sandbox.world import Account


def show(visit: Visit) -> Sheet:
    content = (
        tag(
            "p",
            "A stand-in for Twilio, for rehearsals: nothing here reaches a real phone, and nothing "
            "costs money. What you do here, a program sees as if Twilio had done it.",
        ),
        _figures(visit),
        parts.section("Accounts", _accounts(visit), _new_account(visit), id="accounts"),
        tag("div", _clock(visit), _address(visit), class_="halves"),
    )
    return Sheet(
        "Overview",
        content,
        actions=parts.link("What Twilio takes away", parts.to("taken"), class_="button"),
    )


def _figures(visit: Visit) -> Markup:
    world = visit.world
    failed = sum(hook.state == "failed" for hook in world.webhooks.values())
    figures = [
        ("Numbers", len(world.numbers), None, ""),
        ("Messages", len(world.messages), parts.to("messages"), ""),
        ("Calls", len(world.calls), parts.to("calls"), ""),
        ("Webhooks sent", len(world.webhooks), parts.to("webhooks"), ""),
        ("Webhooks failed", failed, f"{parts.to('webhooks')}?state=failed", "bad" * bool(failed)),
        ("Alerts", len(world.alerts), parts.to("alerts"), "warn" * bool(world.alerts)),
    ]
    cells = [_figure(*each) for each in figures]
    return tag("div", tag("div", cells, class_="stats"), id="figures", data_live=True)


def _figure(label: str, count: int, href: str | None, tone: str) -> Markup:
    inner = (parts.soft(label), tag("b", f"{count:,}"))
    name = "a" if href else "div"
    return tag(name, inner, class_=f"stat {tone}".strip(), href=href)


def _accounts(visit: Visit) -> Markup:
    accounts = _by_family(visit)
    if not accounts:
        return parts.empty("No accounts", "Add one below, or start afresh on the page State.")
    heads = ("Account", "SID", "Status", "Numbers", "Token")
    return parts.table("Accounts", heads, [_account(visit, account) for account in accounts])


def _by_family(visit: Visit) -> list[Account]:
    """Each main account, and its subaccounts under it."""
    accounts = visit.world.accounts
    return sorted(
        accounts.values(),
        key=lambda row: (accounts[row.owner_sid].seq, not row.is_main, row.seq),
    )


def _account(visit: Visit, account: Account) -> tuple[Child, ...]:
    world = visit.world
    status = world.status(account)
    title = "Twilio suspended it; its owner cannot undo that" if account.suspended_by_twilio else ""
    owner = None if account.is_main else world.accounts[account.owner_sid].friendly_name
    return (
        (
            parts.link(account.friendly_name, parts.to("accounts", account.sid)),
            tag("small", f"subaccount of {owner}" if owner else "main account"),
        ),
        (parts.code(account.sid), " ", parts.copy(account.sid)),
        parts.badge(status, title=title or None),
        f"{len(world.numbers.of(account.sid)):,}",
        parts.reveal(f"the token of {account.friendly_name}", account.token),
    )


def _new_account(visit: Visit) -> Markup:
    form = Form(visit, "add-account")
    owners = {
        account.sid: f"a subaccount of {account.friendly_name}"
        for account in visit.world.accounts.values()
        if account.is_main and account.status != "closed"
    }
    fields = (
        form.text("friendly_name", "Name", maxlength=64, required=True),
        form.choice("owner", "It is", {"": "a main account", **owners}),
    )
    return unfold(
        "Add an account",
        form.whole(fields, submit="Add", look="primary"),
        is_open=form.problem is not None,
    )


def add_account(visit: Visit) -> Done:
    name = visit.form.get("friendly_name", "").strip()
    if not name:
        raise ControlError(400, "An account needs a name.")
    owner = visit.form.get("owner") or None
    account = visit.post("/accounts", {"friendly_name": name, "owner_account_sid": owner})
    return Done(f"{name} was added.", parts.to("accounts", account["sid"]))


def _clock(visit: Visit) -> Markup:
    now = visit.world.clock.now()
    offset = visit.world.clock.offset.total_seconds()
    ahead = "It goes with the real time." if abs(offset) < 1 else "It goes on from there."
    form = Form(visit, "set-clock")
    return parts.card(
        "Clock",
        tag("p", "What is due on the way happens on the way, webhooks and all. ", ahead),
        form.whole(
            form.text(
                "at",
                "Set it to",
                type="datetime-local",
                value=f"{now:%Y-%m-%dT%H:%M:%S}",
                step="1",
                help="In UTC. What is due until then happens; going back undoes nothing.",
                required=True,
            ),
            submit="Set the clock",
        ),
        Form(visit, "real-time").press("Back to the real time"),
        id="move-clock",
    )


def set_clock(visit: Visit) -> Done:
    return clocks.moved(visit.post("/clock", {"set": visit.form.get("at", "")}))


def real_time(visit: Visit) -> Done:
    return clocks.moved(visit.post("/clock", {"real": True}))


def _address(visit: Visit) -> Markup:
    base = visit.base_url
    acme = visit.world.accounts.get(visit.world.roles.get("acme", ""))
    return parts.card(
        "Point a program at it",
        tag(
            "p",
            "Every host of Twilio is a first part of the path: https://api.twilio.com/ is here ",
            parts.code(f"{base}/api/"),
            ". Credentials are the SID and the token of an account.",
        ),
        parts.facts(
            [
                ("Base address", (parts.code(base), " ", parts.copy(base))),
                ("Numberdesk", parts.code(f"TWILIO_BASE_URL={base}")),
                ("An account", parts.account_link(visit.world, acme.sid) if acme else None),
                ("Asked so far", parts.link("Requests", parts.to("requests"))),
            ]
        ),
        id="address",
    )


PAGES = [
    Page(
        "/",
        show,
        {"add-account": add_account, "set-clock": set_clock, "real-time": real_time},
    )
]
