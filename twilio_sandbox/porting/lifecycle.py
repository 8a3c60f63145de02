"""What becomes of a port as the clock passes (twilio-facts 4.4, 4.10).

Every move of a number goes through `_move`, every status of a request through `_roll_up`. A timer
that comes when its number has moved on already does nothing, because no number ever moves back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, time

from twilio_sandbox.porting import events, letters, portability, states
from twilio_sandbox.porting.rows import PortIn, PortInNumber
from twilio_sandbox.timers import action
from twilio_sandbox.world import World

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0

# Seconds; Twilio publishes ranges only. A port takes about eight days from its signature.
UNTIL_REVIEW = MINUTE
REVIEW = 4 * HOUR
LETTER_EXPIRY = {"30_days": 30 * DAY, "14_days": 14 * DAY, "7_days": 7 * DAY}
CARRIERS_ANSWER = 2 * DAY
EARLIEST_PORT = 3 * DAY  # from the carrier's answer
USUAL_PORT = 5 * DAY  # when no date was asked for
CANCELLATION = HOUR


def numbers_of(world: World, request: PortIn) -> list[PortInNumber]:
    return [world.port_in_numbers[sid] for sid in request.number_sids]


def begin(world: World, request: PortIn) -> None:
    """What follows the creation of a request."""
    for number in numbers_of(world, request):
        claim(world, number)
        if world.switch("portable_in_create_answer") == "known":
            evaluate(world, number)
    world.after(UNTIL_REVIEW, "porting.begin_review", sid=request.sid)
    world.after(UNTIL_REVIEW + REVIEW, "porting.finish_review", sid=request.sid)


# Who ports a phone number: one open number of all requests


def claim(world: World, number: PortInNumber) -> bool:
    """Whether it is this number that ports the phone number, from now on."""
    if world.claims.setdefault(number.phone_number, number) is not number:
        return False
    if not number.claims:
        number.claims = True
        world.port_in_numbers.changed(number)
    return True


def evaluate(world: World, number: PortInNumber) -> None:
    """Write down whether the number can be ported, as of now."""
    target = world.accounts[number.account_sid]
    claimed = claim(world, number)
    verdict = portability.judge(world, number.phone_number, target, port=number)
    if verdict.portable and not claimed:
        verdict = replace(verdict, code=portability.IN_PROGRESS)
    number.portable = verdict.portable
    number.not_portability_reason = verdict.reason
    number.not_portability_reason_code = verdict.code
    world.port_in_numbers.changed(number)


# Moves


def _move(
    world: World, request: PortIn, number: PortInNumber, status: str, reason: str | None = None
) -> None:
    """One allowed move, with everything that comes with it."""
    if status not in states.MOVES[number.status]:
        raise ValueError(f"{number.sid} cannot go from {number.status} to {status}")
    if status == states.COMPLETED and (obstacle := _deliver(world, number)):
        request.order_cancellation_reason = obstacle
        cancel(world, request, [number], at_once=True)
        return
    number.status, number.updated = status, world.now()
    _ON_ENTRY.get(status, _nothing)(world, request, number)
    if status == states.REJECTED:
        number.rejection_reason = reason or "CONTACT_SUPPORT_REQUIRED"
        number.rejection_reason_code = states.REASONS[number.rejection_reason]
    world.port_in_numbers.changed(number)
    events.tell_number(world, request, number)
    if status == states.WAITING_FOR_SIGNATURE and request.signed is not None:
        _move(world, request, number, states.SUBMITTED)


def _await_signature(world: World, request: PortIn, number: PortInNumber) -> None:
    if request.signature_token is None:
        letters.ask_for_signature(world, request)
        expiry = LETTER_EXPIRY[world.switch("letter_expires_after")]
        world.after(expiry, "porting.expire_letter", sid=request.sid)


def _await_answer(world: World, request: PortIn, number: PortInNumber) -> None:
    world.after(CARRIERS_ANSWER, "porting.carrier_answers", sid=number.sid)


def _await_port_date(world: World, request: PortIn, number: PortInNumber) -> None:
    number.port_date = _port_date(world, request)
    world.at(number.port_date, "porting.complete", sid=number.sid)


def _await_cancellation(world: World, request: PortIn, number: PortInNumber) -> None:
    world.after(CANCELLATION, "porting.finish_cancellation", sid=number.sid)


def _give_up_claim(world: World, request: PortIn, number: PortInNumber) -> None:
    if number.claims:
        number.claims = False
        del world.claims[number.phone_number]


def _nothing(world: World, request: PortIn, number: PortInNumber) -> None:
    """A rejected number waits for a person."""


_ON_ENTRY = {
    states.WAITING_FOR_SIGNATURE: _await_signature,
    states.SUBMITTED: _await_answer,
    states.PENDING: _await_port_date,
    states.CANCELING: _await_cancellation,
    states.COMPLETED: _give_up_claim,
    states.CANCELED: _give_up_claim,
}


def _roll_up(world: World, request: PortIn) -> None:
    """Bring the request's status in line with its numbers'."""
    numbers = [number.status for number in numbers_of(world, request)]
    status = states.roll_up(request.status, numbers, expired=request.expired)
    world.port_ins.changed(request)
    if status == request.status:
        return
    request.status, request.updated = status, world.now()
    if status == states.REQUEST_CANCELED and request.order_cancellation_reason is None:
        request.order_cancellation_reason = "Every phone number of the request was canceled"
    events.tell_request(world, request)


def _port_date(world: World, request: PortIn) -> float:
    """Unix seconds: the date asked for when the carrier can make it, else the earliest midnight."""
    wait = USUAL_PORT
    if request.target_port_in_date:
        wait = EARLIEST_PORT
        start = (request.target_port_in_time_range_start or "00:00:00Z").removesuffix("Z")
        day = datetime.fromisoformat(request.target_port_in_date)
        wanted = datetime.combine(day, time.fromisoformat(start), UTC).timestamp()
        if wanted >= world.now() + EARLIEST_PORT:
            return wanted
    return ((world.now() + wait) // DAY + 1) * DAY


def _deliver(world: World, number: PortInNumber) -> str | None:
    """Put the ported number into its account, without URLs; or the reason why that cannot be."""
    account = world.accounts[number.account_sid]
    if number.phone_number in world.by_phone_number:
        return f"{number.phone_number} is in a Twilio account already"
    if world.status(account) == "closed":
        return f"Account {account.sid} is closed"
    is_mobile = number.number_type == portability.MOBILE
    world.add_number(account, number.phone_number, {"type": "mobile"} if is_mobile else {})
    return None


# What people do


def can_be_signed(world: World, request: PortIn) -> bool:
    """Whether a letter is out, not signed, for numbers that are still wanted."""
    waiting = _in_state(world, request, states.WAITING_FOR_SIGNATURE)
    return bool(waiting) and request.signed is None


def sign(world: World, request: PortIn, signer: str) -> None:
    """The letter is signed: copies go out, and the numbers to the losing carrier."""
    _note_signature(world, request, signer)
    for number in _in_state(world, request, states.WAITING_FOR_SIGNATURE):
        _move(world, request, number, states.SUBMITTED)
    _roll_up(world, request)


def _note_signature(world: World, request: PortIn, signer: str) -> None:
    request.signer, request.signed = signer, world.now()
    letters.send_copies(world, request)


def expire(world: World, request: PortIn) -> None:
    """The letter was not signed in time: the request is over and its numbers are given up."""
    request.expired = True
    request.order_cancellation_reason = "The letter of authorization was not signed in time"
    cancel(world, request, numbers_of(world, request), at_once=True)


def cancel(
    world: World, request: PortIn, numbers: Iterable[PortInNumber], *, at_once: bool = False
) -> None:
    """Cancel what is not final; that takes an hour unless `at_once`."""
    for number in numbers:
        if states.CANCELING in states.MOVES[number.status]:
            _move(world, request, number, states.CANCELING)
        if at_once and number.status == states.CANCELING:
            _move(world, request, number, states.CANCELED)
    _roll_up(world, request)


def advance(world: World, number: PortInNumber, end: str, reason: str | None = None) -> bool:
    """Move a number to a state, through those in between; False when it does not get there.

    A letter that stands in the way is signed by the authorized representative, for all numbers
    that wait for that.
    """
    request = world.port_ins[number.request_sid]
    while way := states.way(number.status, end):
        if way[0] == states.SUBMITTED and request.signed is None:
            signer = request.losing_carrier_information["authorized_representative"]
            sign(world, request, signer)
            continue
        _move(world, request, number, way[0], reason)
    _roll_up(world, request)
    return number.status == end


# What the clock does


@action("porting.begin_review")
def begin_review(world: World, *, sid: str) -> None:
    request = world.port_ins[sid]
    for number in _in_state(world, request, states.IN_REVIEW):
        evaluate(world, number)
    if request.status == states.NEW:
        request.status, request.updated = states.REVIEW, world.now()
        world.port_ins.changed(request)


@action("porting.finish_review")
def finish_review(world: World, *, sid: str) -> None:
    """Numbers that cannot be ported are canceled, the letter for the others goes out."""
    request = world.port_ins[sid]
    for number in _in_state(world, request, states.IN_REVIEW):
        evaluate(world, number)
        if number.portable:
            _move(world, request, number, states.WAITING_FOR_SIGNATURE)
        else:
            _move(world, request, number, states.CANCELING)
            _move(world, request, number, states.CANCELED)
    _roll_up(world, request)


@action("porting.expire_letter")
def expire_letter(world: World, *, sid: str) -> None:
    request = world.port_ins[sid]
    if can_be_signed(world, request):
        expire(world, request)


@action("porting.carrier_answers")
def carrier_answers(world: World, *, sid: str) -> None:
    """The losing carrier names a date or rejects the number."""
    number = world.port_in_numbers[sid]
    if number.status == states.SUBMITTED:
        reason = _rejection(world, number)
        advance(world, number, states.REJECTED if reason else states.PENDING, reason)


def _rejection(world: World, number: PortInNumber) -> str | None:
    """What does not fit the losing carrier's record, or what the control API has it say."""
    if number.phone_number in world.by_phone_number:
        return "PHONE_NUMBER_INACTIVE_OR_DISCONNECTED"
    carrier = world.carriers.get(number.phone_number)
    if carrier is None:
        return None
    if carrier.rejection_reason:
        return carrier.rejection_reason
    told = world.port_ins[number.request_sid].losing_carrier_information
    given = {**told, "zip": told["address"].get("zip"), "pin": number.pin}
    for name, reason in _ON_FILE.items():
        known = carrier.record.get(name)
        if known is not None and known.casefold() != (given[name] or "").strip().casefold():
            return reason
    return None


_ON_FILE = {
    "customer_name": "INVALID_END_USER_NAME",
    "zip": "INVALID_ADDRESS",
    "account_number": "INVALID_ACCOUNT_NUMBER",
    "pin": "INVALID_PIN",
}


@action("porting.complete")
def complete(world: World, *, sid: str) -> None:
    number = world.port_in_numbers[sid]
    if number.status == states.PENDING:
        advance(world, number, states.COMPLETED)


@action("porting.finish_cancellation")
def finish_cancellation(world: World, *, sid: str) -> None:
    number = world.port_in_numbers[sid]
    if number.status == states.CANCELING:
        advance(world, number, states.CANCELED)


def _in_state(world: World, request: PortIn, status: str) -> list[PortInNumber]:
    return [number for number in numbers_of(world, request) if number.status == status]
