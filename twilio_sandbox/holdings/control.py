"""What regulators, carriers and Twilio's sales department do: papers, holds, trial accounts."""

from __future__ import annotations

from dataclasses import asdict

from twilio_sandbox.controls import Answer, Body, ControlCall, find_account
from twilio_sandbox.errors import ControlError
from twilio_sandbox.holdings.requirements import PAPERS
from twilio_sandbox.holdings.rows import Paper
from twilio_sandbox.world import World

ACCOUNT_TYPES = ("Full", "Trial")
REFUSALS = (None, 22350, 22400, 22402)


def add_paper(world: World, body: Body, sid: str) -> Answer:
    """`{"kind": "bundle"}`: an approved one, to be named by its SID where a number needs it."""
    account, kind = find_account(world, sid), body.get("kind")
    if kind not in PAPERS:
        raise ControlError(400, f"kind must be one of {', '.join(PAPERS)}")
    paper = world.papers.add(Paper(*world.stamp(PAPERS[kind][0], account.sid), kind))
    return 201, asdict(paper)


def set_type(world: World, body: Body, sid: str) -> Answer:
    """`{"type": "Trial"}` or Full."""
    account = find_account(world, sid)
    if body.get("type") not in ACCOUNT_TYPES:
        raise ControlError(400, f"type must be one of {', '.join(ACCOUNT_TYPES)}")
    account.type = body["type"]
    world.accounts.changed(account)
    return 200, {"sid": sid, "type": account.type}


def refuse_release(world: World, body: Body, phone_number: str) -> Answer:
    """`{"code": 22350}`: the number is being ported out; 22400, 22402, or null: it is free."""
    number = world.by_phone_number.get(phone_number)
    if number is None:
        raise ControlError(404, f"{phone_number} is in no account")
    if "code" not in body or body["code"] not in REFUSALS:
        raise ControlError(400, "code must be 22350, 22400, 22402 or null")
    number.release_refused = body["code"]
    world.numbers.changed(number)
    return 200, {"phone_number": phone_number, "code": number.release_refused}


CONTROLS = [
    ControlCall("POST", "/accounts/(?P<sid>[^/]+)/papers", add_paper),
    ControlCall("POST", "/accounts/(?P<sid>[^/]+)/type", set_type),
    ControlCall("POST", "/numbers/(?P<phone_number>[^/]+)/release-refusal", refuse_release),
]
