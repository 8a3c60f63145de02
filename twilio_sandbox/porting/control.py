"""What people, carriers and Twilio's support do to ports: calls of the control API."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from twilio_sandbox import plan
from twilio_sandbox.clock import iso8601
from twilio_sandbox.controls import Answer, Body, ControlCall
from twilio_sandbox.errors import ControlError, TwilioError
from twilio_sandbox.holdings.rows import Address
from twilio_sandbox.porting import letters, lifecycle, portability, states
from twilio_sandbox.porting.creation import read_address
from twilio_sandbox.porting.rows import Carrier, PortIn, PortInNumber
from twilio_sandbox.world import Account, World

ON_FILE = ("pin", "account_number", "customer_name", "zip")


# Ports


def list_ports(world: World, body: Body) -> Answer:
    """All requests of all accounts, newest first, without their numbers."""
    rows = list(world.port_ins.values())[::-1]
    return 200, {"ports": [_request(world, row) for row in rows]}


def show_port(world: World, body: Body, sid: str) -> Answer:
    request = _find(world, sid)
    numbers = [_number(number) for number in lifecycle.numbers_of(world, request)]
    return 200, {**_request(world, request), "numbers": numbers}


def sign(world: World, body: Body, sid: str) -> Answer:
    """As the authorized representative would on the page, or as `signer`."""
    request = _find(world, sid)
    _refuse_unless_signable(world, request)
    name = request.losing_carrier_information["authorized_representative"]
    lifecycle.sign(world, request, str(body.get("signer") or name))
    return show_port(world, {}, sid)


def expire_signature(world: World, body: Body, sid: str) -> Answer:
    """The time to sign is over now."""
    request = _find(world, sid)
    _refuse_unless_signable(world, request)
    lifecycle.expire(world, request)
    return show_port(world, {}, sid)


def _refuse_unless_signable(world: World, request: PortIn) -> None:
    if not lifecycle.can_be_signed(world, request):
        raise ControlError(409, f"{request.sid} does not wait for a signature")


def move_port(world: World, body: Body, sid: str) -> Answer:
    """Every number that is not final goes to `state`, if a way leads there; 409 when none does."""
    request = _find(world, sid)
    state, reason = _wanted(body)
    moved = [
        number
        for number in lifecycle.numbers_of(world, request)
        if number.status not in states.FINAL and lifecycle.advance(world, number, state, reason)
    ]
    if not moved:
        raise ControlError(409, f"no number of {sid} can get to {state}")
    return show_port(world, {}, sid)


def move_number(world: World, body: Body, sid: str, number_sid: str) -> Answer:
    """`{"state": "port_rejected", "reason": "INVALID_PIN"}`, through the states in between."""
    request = _find(world, sid)
    state, reason = _wanted(body)
    if number_sid not in request.number_sids:
        raise ControlError(404, f"{sid} has no number {number_sid}")
    number = world.port_in_numbers[number_sid]
    if states.way(number.status, state) is None:
        raise ControlError(409, f"no way leads from {number.status} to {state}")
    lifecycle.advance(world, number, state, reason)
    return 200, _number(number)


def _wanted(body: Body) -> tuple[str, str | None]:
    state, reason = body.get("state"), body.get("reason")
    if state not in states.MOVES:
        raise ControlError(400, f"state must be one of {', '.join(states.MOVES)}")
    if reason is not None and (reason not in states.REASONS or state != states.REJECTED):
        raise ControlError(400, f"reason is one of {', '.join(states.REASONS)}, of a rejection")
    return state, reason


def _find(world: World, sid: str) -> PortIn:
    request = world.port_ins.get(sid)
    if request is None:
        raise ControlError(404, f"there is no port {sid}")
    return request


def _request(world: World, request: PortIn) -> dict[str, Any]:
    told = request.losing_carrier_information
    statuses = [number.status for number in lifecycle.numbers_of(world, request)]
    return {
        "sid": request.sid,
        "account_sid": request.account_sid,
        "status": request.status,
        "created": iso8601(request.created),
        "updated": iso8601(request.updated),
        "customer_name": told["customer_name"],
        "authorized_representative": told["authorized_representative"],
        "target_port_in_date": request.target_port_in_date,
        "order_cancellation_reason": request.order_cancellation_reason,
        "signer": request.signer,
        "signed": iso8601(request.signed) if request.signed is not None else None,
        "sign_path": letters.sign_path(request)
        if lifecycle.can_be_signed(world, request)
        else None,
        "counts": {status: statuses.count(status) for status in states.MOVES if status in statuses},
    }


def _number(number: PortInNumber) -> dict[str, Any]:
    """Everything but the PIN."""
    return {
        "sid": number.sid,
        "phone_number": number.phone_number,
        "status": number.status,
        "updated": iso8601(number.updated),
        "number_type": number.number_type,
        "portable": number.portable,
        "not_portability_reason": number.not_portability_reason,
        "rejection_reason": number.rejection_reason,
        "rejection_reason_code": number.rejection_reason_code,
        "port_date": iso8601(number.port_date) if number.port_date else None,
        "next_states": sorted(states.MOVES[number.status]),
    }


# The world outside


def list_carriers(world: World, body: Body) -> Answer:
    rows = [{"phone_number": r.phone_number, **_carrier(r)} for r in world.carriers.values()]
    return 200, {"portability": rows}


def set_carrier(world: World, body: Body) -> Answer:
    """What Twilio and the losing carrier say of `phone_number`, in place of what was said before.

    `code` (0: portable), `number_type`, `country`, `pin_and_account_number_required`,
    `rejection_reason`, and `record`, which the carrier has on file. The number alone: as usual.
    """
    phone_number = str(body.get("phone_number", ""))
    if not plan.E164.fullmatch(phone_number):
        raise ControlError(400, f"{phone_number!r} is not an E.164 number")
    stamp = world.stamp("", "")
    row = Carrier(phone_number, *stamp[1:], **_carrier_fields(body))
    if (known := world.carriers.get(phone_number)) is not None:
        world.carriers.remove(known)
    if len(body) > 1:
        world.carriers.add(row)
    return 200, {"phone_number": phone_number, **_carrier(row)}


def _carrier_fields(body: Body) -> dict[str, Any]:
    fields = {name: value for name, value in body.items() if name != "phone_number"}
    allowed: dict[str, Any] = {
        "code": lambda code: code == 0 or code in portability.REASONS,
        "number_type": lambda kind: kind in portability.NUMBER_TYPES,
        "country": lambda code: isinstance(code, str) and len(code) == 2,
        "pin_and_account_number_required": lambda flag: isinstance(flag, bool),
        "rejection_reason": lambda reason: reason in states.REASONS,
        "record": lambda record: (
            isinstance(record, dict)
            and all(name in ON_FILE and isinstance(record[name], str) for name in record)
        ),
    }
    for name, value in fields.items():
        if name not in allowed or (value is not None and not allowed[name](value)):
            raise ControlError(400, f"{name} cannot be {value!r}")
    return {name: value for name, value in fields.items() if value is not None}


def _carrier(row: Carrier) -> dict[str, Any]:
    base = ("sid", "account_sid", "seq", "created", "updated")
    return {name: value for name, value in asdict(row).items() if name not in base}


def list_mails(world: World, body: Body) -> Answer:
    """What Twilio would have mailed, newest first; `link` is a path of this sandbox."""
    rows = [{**asdict(mail), "created": iso8601(mail.created)} for mail in world.mails.values()]
    return 200, {"mails": rows[::-1]}


def add_address(world: World, body: Body) -> Answer:
    """An address in `account_sid` that a request can name: street, city, state, zip, country."""
    account = _account(world, body)
    try:
        fields = read_address(body)
    except TwilioError as error:
        raise ControlError(400, error.message) from None
    place = {name: value or "" for name, value in fields.items()}
    row = world.addresses.add(
        Address(
            *world.stamp("AD", account.sid),
            customer_name=str(body.get("customer_name", "")),
            street=place["street"],
            street_secondary=fields["street_2"],
            city=place["city"],
            region=place["state"],
            postal_code=place["zip"],
            iso_country=place["country"],
        )
    )
    return 201, {"sid": row.sid, "account_sid": row.account_sid, **fields}


def transfer(world: World, body: Body) -> Answer:
    """As Twilio's support moves a number between unrelated accounts (twilio-facts 1.7)."""
    phone_number, account = str(body.get("phone_number", "")), _account(world, body)
    number = world.by_phone_number.get(phone_number)
    if number is None:
        raise ControlError(404, f"{phone_number} is in no account")
    if world.accounts[number.account_sid].owner_sid == account.owner_sid:
        raise ControlError(409, f"{phone_number} is in the same family: transfer it by AccountSid")
    if world.status(account) != "active":
        raise ControlError(409, f"{account.sid} is {world.status(account)}")
    if world.switch("snap_transfer_number") == "kept":
        world.move(number, account)
    else:
        kind = {name: number.changes[name] for name in _OF_THE_LINE if name in number.changes}
        world.release(number)
        number = world.add_number(account, phone_number, kind)
    return 201, {"sid": number.sid, "phone_number": phone_number, "account_sid": account.sid}


_OF_THE_LINE = ("type", "capabilities")  # what stays the same whoever has the number


def _account(world: World, body: Body) -> Account:
    account = world.accounts.get(str(body.get("account_sid")))
    if account is None:
        raise ControlError(404, f"there is no account {body.get('account_sid')}")
    return account


_PORT = "/ports/(?P<sid>[^/]+)"
CONTROLS = [
    ControlCall("GET", "/ports", list_ports),
    ControlCall("GET", _PORT, show_port),
    ControlCall("POST", f"{_PORT}/sign", sign),
    ControlCall("POST", f"{_PORT}/expire-signature", expire_signature),
    ControlCall("POST", f"{_PORT}/state", move_port),
    ControlCall("POST", f"{_PORT}/numbers/(?P<number_sid>[^/]+)/state", move_number),
    ControlCall("GET", "/portability", list_carriers),
    ControlCall("POST", "/portability", set_carrier),
    ControlCall("GET", "/mails", list_mails),
    ControlCall("POST", "/addresses", add_address),
    ControlCall("POST", "/snap-transfers", transfer),
]
