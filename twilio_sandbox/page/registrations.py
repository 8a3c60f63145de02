"""Who may text: brands, campaigns, toll-free verifications, numbers in pools; their reviews."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from twilio_sandbox.errors import ControlError
from twilio_sandbox.messaging import brands, campaigns, compliance, verifications
from twilio_sandbox.messaging.rows import Brand, Campaign, Member, Verification
from twilio_sandbox.page import parts
from twilio_sandbox.page.forms import Form, unfold
from twilio_sandbox.page.html import Child, Markup, tag
from twilio_sandbox.page.visit import Done, Page, Sheet, Visit
from twilio_sandbox.world import World

Registration = Brand | Campaign | Verification
TONES = {
    **dict.fromkeys(("APPROVED", "VERIFIED", "TWILIO_APPROVED", "registered"), "good"),
    **dict.fromkeys(("FAILED", "SUSPENDED", "TWILIO_REJECTED", "unregistered"), "bad"),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the three that are reviewed; `path` is where the control API decides about it."""

    title: str
    path: str
    statuses: tuple[str, ...]
    rows: Callable[[World], Iterable[Registration]]
    about: Callable[[Any], Child]
    reasons: Callable[[int], dict[str, Any]]


def _errors(code: int) -> dict[str, Any]:
    return {"errors": [{"error_code": code}]}


KINDS = {
    "brand": Kind(
        "Brands",
        "brands",
        brands.STATUSES,
        lambda world: world.brands.values(),
        lambda row: row.fields.get("brand_type"),
        _errors,
    ),
    "campaign": Kind(
        "Campaigns",
        "campaigns",
        campaigns.STATUSES,
        lambda world: world.campaigns.values(),
        lambda row: f"service {row.service_sid}",
        _errors,
    ),
    "verification": Kind(
        "Toll-free verifications",
        "tollfree-verifications",
        verifications.STATUSES,
        lambda world: world.verifications.values(),
        lambda row: f"{row.fields.get('business_name')}, {parts.phone(row.phone_number)}",
        lambda code: {"reasons": [{"code": code}]},
    ),
}


def show(visit: Visit) -> Sheet:
    about = tag(
        "p",
        "Reviews take days of the clock, or are decided here. Whether texts are stopped without "
        "them is for the ",
        parts.link("switches", parts.to("switches")),
        " to say.",
    )
    sections = [_section(visit, name, kind) for name, kind in KINDS.items()]
    return Sheet(
        "Registrations",
        (about, sections, _pools(visit)),
        trail=parts.link("Messages", parts.to("messages")),
    )


def _section(visit: Visit, name: str, kind: Kind) -> Markup:
    rows = [_row(visit, name, kind, row) for row in reversed(list(kind.rows(visit.world)))]
    heads = ("SID", "About", "Account", "Status", "Changed", "")
    listed = parts.table(kind.title, heads, rows) if rows else tag("p", parts.soft("None yet."))
    return parts.section(kind.title, parts.live(f"{name}-rows", listed), id=name)


def _row(visit: Visit, name: str, kind: Kind, row: Registration) -> tuple[Child, ...]:
    form = Form(visit, "decide", kind=name, sid=row.sid)
    fields = (
        form.choice("status", "It is", parts.options(kind.statuses), value=row.status),
        form.text("code", "Code of the fault", help="Of a rejection", inputmode="numeric",
                  short=True),
    )  # fmt: skip
    return (
        parts.code(row.sid),
        kind.about(row),
        parts.account_link(visit.world, row.account_sid),
        parts.badge(row.status, TONES.get(row.status, "warn")),
        parts.time(row.updated),
        unfold(
            "Decide",
            form.whole(fields, submit="Let it be so"),
            is_open=form.problem is not None,
            about=row.sid,
        ),
    )


def decide(visit: Visit) -> Done:
    kind = KINDS.get(visit.form.get("kind", ""))
    if kind is None:
        raise ControlError(400, "That is none of those that are reviewed.")
    body: dict[str, Any] = {"status": visit.form.get("status")}
    if code := visit.form.get("code", "").strip():
        if not code.isdecimal():
            raise ControlError(400, "A code is a number.")
        body |= kind.reasons(int(code))
    visit.post(f"/{kind.path}/{visit.form.get('sid')}/status", body, settle=True)
    return Done(f"It is {body['status']} now.")


# Numbers in the pools of services


def _pools(visit: Visit) -> Markup:
    members = list(visit.world.members.values())
    heads = ("Number", "Service", "With its campaign", "")
    if members:
        listed = parts.table("Numbers", heads, [_member(visit, row) for row in members])
    else:
        listed = tag("p", parts.soft("No messaging service has a number."))
    return parts.section("Numbers of services", parts.live("pools", listed), id="pool-numbers")


def _member(visit: Visit, row: Member) -> tuple[Child, ...]:
    form = Form(visit, "register", number=row.phone_number)
    choice = form.choice("status", "It is", parts.options(compliance.A2P_STATES), value=row.a2p)
    return (
        parts.number_link(visit.world, row.phone_number),
        parts.code(row.service_sid),
        parts.badge(row.a2p, TONES.get(row.a2p, "warn")),
        unfold(
            "Decide",
            form.whole(choice, submit="Let it be so"),
            is_open=form.problem is not None,
            about=parts.phone(row.phone_number),
        ),
    )


def register(visit: Visit) -> Done:
    number, status = visit.form.get("number", ""), visit.form.get("status", "")
    visit.post(f"/numbers/{number}/a2p", {"status": status})
    return Done(f"{parts.phone(number)} is {status} now.")


PAGES = [Page("/room/registrations", show, {"decide": decide, "register": register})]
