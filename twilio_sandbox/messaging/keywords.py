"""STOP, START and HELP: who answers them, and who is blocked (twilio-facts 5.6).

Three layers: the network of toll-free numbers, Advanced Opt-Out of a messaging service, and what
Twilio does by itself for every other number. A keyword is the whole text, whatever its case.
"""

from __future__ import annotations

from typing import Any

from twilio_sandbox.messaging import phones
from twilio_sandbox.messaging.rows import Notice, Service
from twilio_sandbox.world import Number, World

STOP, START, HELP = "STOP", "START", "HELP"
KEYWORDS: dict[str, tuple[str, ...]] = {
    STOP: ("STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"),
    START: ("START", "YES", "UNSTOP"),
    HELP: ("HELP", "INFO"),
}
# Twilio's own sentences: programs and people recognize them.
REPLIES = {
    STOP: "You have successfully been unsubscribed. You will not receive any more messages from"
    " this number. Reply START to resubscribe.",
    START: "You have successfully been re-subscribed to messages from this number. Reply HELP for"
    " help. Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
    HELP: "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}
_NETWORK_STOP = (
    'NETWORK MSG: You replied with the word "stop" which blocks all texts sent from this number.'
    ' Text back "unstop" to receive messages again.'
)
_NETWORK_START = (
    'NETWORK MSG: You have replied "{}" and will begin receiving messages again from this number.'
)


def handle(
    world: World, number: Number, service: Service | None, phone_number: str, body: str
) -> str | None:
    """Answer a keyword and keep the list; returns the `OptOutType` of the webhook, if any.

    Only Advanced Opt-Out tells the program what the keyword meant.
    """
    word = body.strip().upper()
    senders = phones.senders_of(world, number.sid, number.phone_number)
    was_blocked = phones.is_opted_out(world, senders, phone_number)
    by_network = phones.is_toll_free(number.phone_number) and _network(
        world, number, phone_number, word
    )
    advanced = service.opt_out if service is not None else None
    meaning = _meaning(word, advanced["keywords"] if advanced else KEYWORDS)
    if meaning is None:
        return None
    if by_network and (not advanced or meaning == STOP):
        if meaning == START:
            _apply(world, number.account_sid, senders, phone_number, meaning)
        return meaning if advanced else None
    changed = _apply(world, number.account_sid, senders, phone_number, meaning)
    replies: dict[str, Any] = advanced["replies"] if advanced else REPLIES
    silent = was_blocked and meaning == HELP and phones.is_toll_free(number.phone_number)
    if (changed or by_network or meaning == HELP) and not silent:
        say(world, number, phone_number, replies[meaning])
    return meaning if advanced else None


def _meaning(word: str, keywords: dict[str, Any]) -> str | None:
    return next((kind for kind, words in keywords.items() if word in words), None)


def _apply(
    world: World, account_sid: str, senders: list[str], phone_number: str, meaning: str
) -> bool:
    """Keep the list; whether it changed. A keyword that changes nothing is not answered.

    The first of `senders` is who the phone opts out of; all of them are who it opts in to, as it
    may have opted out of a number before that came into the pool.
    """
    if meaning == STOP:
        if phones.is_opted_out(world, senders[:1], phone_number):
            return False
        phones.opt_out(world, account_sid, senders[0], phone_number)
        return True
    if meaning != START:
        return False
    lifted = [phones.opt_in(world, sender, phone_number) for sender in senders]
    return any(lifted)


def _network(world: World, number: Number, phone_number: str, word: str) -> bool:
    """What the carriers of a toll-free number do with STOP, START and UNSTOP alone."""
    sender = number.phone_number
    if word == STOP:
        phones.opt_out(world, number.account_sid, sender, phone_number, by_network=True)
        say(world, number, phone_number, _NETWORK_STOP)
        return True
    if word in ("START", "UNSTOP") and phones.is_opted_out(world, [sender], phone_number):
        phones.opt_in(world, sender, phone_number, by_network=True)
        say(world, number, phone_number, _NETWORK_START.format(word.lower()))
        return True
    return False


def say(world: World, number: Number, phone_number: str, body: str) -> None:
    """An automatic answer: it costs nothing and is in no list of the account."""
    stamp = world.stamp("NT", number.account_sid)
    world.notices.add(Notice(*stamp, number.phone_number, phone_number, body))
