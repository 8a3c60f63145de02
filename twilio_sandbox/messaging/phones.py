"""How made-up phones take texts, and who does not want any more of them."""

from __future__ import annotations

from twilio_sandbox import plan
from twilio_sandbox.messaging.rows import OptOut, Phone
from twilio_sandbox.world import Number, World

# name -> error code at the end of the way; None where there is no error
BEHAVIORS: dict[str, int | None] = {
    "delivered": None,
    "sent": None,  # no receipt ever comes
    "queued": None,  # never leaves Twilio's queue: fails when its validity period ends
    "landline": 30006,
    "unreachable": 30003,
    "blocked": 30004,
    "filtered": 30007,
    "unknown": 30005,
    "error": 30008,
    "not-mobile": 21614,  # these are refused at once
    "no-route": 21612,
    "no-permission": 21408,
}

NORTH_AMERICA = ("US", "CA")


def behavior(world: World, phone_number: str) -> str:
    """What happens to a text to this phone: a name of `BEHAVIORS`."""
    number = world.by_phone_number.get(phone_number)
    if number is not None and not can(number, "sms"):
        return "landline"
    phone = world.phones.get(phone_number)
    return phone.texts if phone is not None else "delivered"


def phone(world: World, phone_number: str) -> Phone:
    """The row of a made-up phone, made when there is none."""
    found = world.phones.get(phone_number)
    if found is None:
        _, account_sid, seq, at, _ = world.stamp("", "")
        found = world.phones.add(Phone(phone_number, account_sid, seq, at, at))
    return found


def country(phone_number: str) -> str | None:
    """The country a number belongs to: by its area, else by its calling code, else None."""
    if (area := plan.locate(phone_number)) is not None:
        return area.country
    by_code = {"+1": "US", "+44": "GB"}
    return next((name for code, name in by_code.items() if phone_number.startswith(code)), None)


def is_toll_free(phone_number: str) -> bool:
    return phone_number.startswith("+1") and phone_number[2:5] in plan.TOLL_FREE_CODES


def can(number: Number, capability: str) -> bool:
    """Whether a number of ours can do `voice`, `sms` or `mms`."""
    if (own := number.changes.get("capabilities")) is not None:
        return bool(own.get(capability))
    able = plan.capabilities(number.phone_number)
    return dict(zip(("voice", "sms", "mms"), able, strict=True))[capability]


# Opting out


def is_opted_out(world: World, senders: list[str], phone_number: str) -> bool:
    return any(f"{sender}:{phone_number}" in world.opt_outs for sender in senders)


def opt_out(
    world: World, account_sid: str, sender: str, phone_number: str, *, by_network: bool = False
) -> None:
    sid = f"{sender}:{phone_number}"
    if (found := world.opt_outs.get(sid)) is not None:
        found.by_network = found.by_network or by_network
        world.opt_outs.changed(found)
        return
    _, _, seq, at, _ = world.stamp("", account_sid)
    world.opt_outs.add(OptOut(sid, account_sid, seq, at, at, by_network))


def opt_in(world: World, sender: str, phone_number: str, *, by_network: bool = False) -> bool:
    """Whether that changed something; what the network keeps only the network lifts."""
    found = world.opt_outs.get(f"{sender}:{phone_number}")
    if found is None or (found.by_network and not by_network):
        return False
    world.opt_outs.remove(found)
    return True


def senders_of(world: World, number_sid: str, phone_number: str) -> list[str]:
    """Under which names a phone may have opted out of a number: itself, and its service."""
    member = world.members.get(number_sid)
    return [phone_number] if member is None else [member.service_sid, phone_number]
