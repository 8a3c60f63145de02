"""Which number of its pool a messaging service sends with."""

from __future__ import annotations

from twilio_sandbox.messaging import phones
from twilio_sandbox.messaging.rows import Member, Message, Service, Sticky
from twilio_sandbox.world import World

MAX_NUMBERS = 400


def members(world: World, service: Service) -> list[Member]:
    """The pool, in the order in which the numbers joined."""
    return [row for row in world.members.of(service.account_sid) if row.service_sid == service.sid]


def service_of(world: World, number_sid: str) -> Service | None:
    """The service in whose pool a number is."""
    member = world.members.get(number_sid)
    return world.services.get(member.service_sid) if member is not None else None


def choose(world: World, message: Message) -> str | None:
    """The sender: the one the phone knows, one of its area code, else the next in turn."""
    service = world.services.get(message.messaging_service_sid or "")
    if service is None:
        return None
    able = [row for row in members(world, service) if _is_able(world, row, message)]
    if not able:
        return None
    chosen = _known(world, service, message, able) or _next(service, message, able)
    chosen.used = max(row.used for row in able) + 1
    world.members.changed(chosen)
    if service.settings["sticky_sender"]:
        _remember(world, service, message.to_number, chosen)
    return chosen.phone_number


def _is_able(world: World, member: Member, message: Message) -> bool:
    """American and Canadian phones are reached from American and Canadian numbers only."""
    number = world.numbers[member.sid]
    reachable = (
        phones.country(message.to_number) not in phones.NORTH_AMERICA
        or phones.country(member.phone_number) in phones.NORTH_AMERICA
    )
    service = world.services[member.service_sid]
    needs_mms = bool(message.media) and not service.settings["mms_converter"]
    return reachable and phones.can(number, "mms" if needs_mms else "sms")


def _known(world: World, service: Service, message: Message, able: list[Member]) -> Member | None:
    row = world.sticky_senders.get(f"{service.sid}:{message.to_number}")
    if row is None or not service.settings["sticky_sender"]:
        return None
    return next((each for each in able if each.phone_number == row.phone_number), None)


def _next(service: Service, message: Message, able: list[Member]) -> Member:
    if service.settings["area_code_geomatch"] and message.to_number.startswith("+1"):
        near = [row for row in able if row.phone_number[:5] == message.to_number[:5]]
        able = near or able
    return min(able, key=lambda row: (row.used, row.seq))


def _remember(world: World, service: Service, phone_number: str, member: Member) -> None:
    sid = f"{service.sid}:{phone_number}"
    row = world.sticky_senders.get(sid)
    if row is None:
        _, account_sid, seq, at, _ = world.stamp("", service.account_sid)
        world.sticky_senders.add(Sticky(sid, account_sid, seq, at, at, member.phone_number))
    elif row.phone_number != member.phone_number:
        row.phone_number = member.phone_number
        world.sticky_senders.changed(row)
