"""Which texts to the United States the carriers stop (twilio-facts 7.4)."""

from __future__ import annotations

from twilio_sandbox.messaging import phones
from twilio_sandbox.messaging.rows import Campaign, Message
from twilio_sandbox.timers import action
from twilio_sandbox.world import World

UNREGISTERED, BEING_CONFIGURED, SUSPENDED, NOT_VERIFIED = 30034, 30035, 30033, 30032
CONFIGURING_SECONDS = 3600.0  # from a campaign's approval, or from joining one; not published
A2P_STATES = ("unregistered", "configuring", "registered")


def why_stopped(world: World, message: Message) -> int | None:
    """The code with which a message ends when its sender lacks a registration."""
    sender, to_country = str(message.from_number), phones.country(message.to_number)
    if phones.is_toll_free(sender):
        enforced = world.switch("toll_free_enforcement") == "on"
        stopped = enforced and to_country in phones.NORTH_AMERICA
        return NOT_VERIFIED if stopped and not is_verified(world, sender) else None
    if world.switch("a2p_enforcement") == "off" or to_country != "US":
        return None
    return why_unregistered(world, sender) if phones.country(sender) == "US" else None


def why_unregistered(world: World, phone_number: str) -> int | None:
    """The code for a local number that may not send to American phones yet."""
    number = world.by_phone_number.get(phone_number)
    member = world.members.get(number.sid) if number is not None else None
    campaign = campaign_of(world, member.service_sid) if member is not None else None
    if member is None or campaign is None:
        return UNREGISTERED
    if campaign.status == "SUSPENDED":
        return SUSPENDED
    if campaign.status != "VERIFIED" or member.a2p == "unregistered":
        return UNREGISTERED
    return BEING_CONFIGURED if member.a2p == "configuring" else None


def is_verified(world: World, phone_number: str) -> bool:
    """Whether a toll-free number has an approved verification in the account that holds it."""
    number = world.by_phone_number.get(phone_number)
    return number is not None and any(
        row.number_sid == number.sid and row.status == "TWILIO_APPROVED"
        for row in world.verifications.of(number.account_sid)
    )


def campaign_of(world: World, service_sid: str) -> Campaign | None:
    """The campaign of a messaging service: it has one at most."""
    service = world.services.get(service_sid)
    rows = world.campaigns.of(service.account_sid) if service is not None else []
    return next((row for row in rows if row.service_sid == service_sid), None)


def members_follow(world: World, service_sid: str) -> None:
    """The numbers of a service after its campaign or its pool changed: each is set up by itself."""
    campaign = campaign_of(world, service_sid)
    lasts = campaign is not None and campaign.status in ("VERIFIED", "SUSPENDED")
    service = world.services[service_sid]
    for member in world.members.of(service.account_sid):
        if member.service_sid != service_sid or lasts != (member.a2p == "unregistered"):
            continue
        world.cancel(member.timer)
        member.a2p, member.timer = "unregistered", None
        if lasts:
            member.a2p = "configuring"
            member.timer = world.after(
                CONFIGURING_SECONDS, "messaging.number_registered", sid=member.sid
            )
        world.members.changed(member)


@action("messaging.number_registered")
def number_registered(world: World, sid: str) -> None:
    """The number can send from now on."""
    if (member := world.members.get(sid)) is not None and member.a2p == "configuring":
        member.a2p, member.timer = "registered", None
        world.members.changed(member)
