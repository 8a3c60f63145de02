"""Sixty days of calls and texts, so that numbers look used, little used and unused.

By Twilio's advice a number is active with three completed calls of twelve seconds or three texts
in a month (twilio-facts 7.2). Of each five numbers here two are active, one is low, two are not
active: one is silent, the other one was used until a month ago.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from twilio_sandbox.messaging import phones
from twilio_sandbox.messaging.rows import Message
from twilio_sandbox.voice.rows import Call
from twilio_sandbox.world import Account, Number, World

DAYS = 60
RECENT_DAYS = 30  # what counts as the last month
NUMBERS = 200  # of an account: the first ones, so that a hundred thousand start as quickly
LONG_ENOUGH = (12, 14, 38, 61, 95, 180, 240)  # seconds of a call that counts
TOO_SHORT = (3, 8, 11)
SEGMENT_PRICE, MINUTE_PRICE = "-0.00790", 0.0085  # US dollars; minutes are begun ones
DAY = 86_400

_INBOUND = ("Hi, are you open today?", "Please call me back", "Thanks!", "Can I move my booking?")
_OUTBOUND = ("Your appointment is confirmed.", "We will call you back shortly.", "Thank you!")
_MISSED = ("no-answer", "busy", "failed")


class Use(NamedTuple):
    """How often a number was used: from, to; `recent` is what counts in the last month."""

    recent: tuple[int, int]
    misses: tuple[int, int]  # calls of the last month that do not count
    earlier: tuple[int, int]


_ACTIVE, _BUSY = Use((3, 6), (0, 2), (2, 5)), Use((8, 16), (1, 4), (8, 14))
_LOW, _FORMER = Use((1, 2), (0, 2), (1, 4)), Use((0, 0), (0, 1), (4, 8))
_SILENT = Use((0, 0), (0, 0), (0, 0))
_TURN = (_ACTIVE, _LOW, _FORMER, _BUSY, _SILENT)


class _Happened(NamedTuple):
    """A text (without `seconds`) or a call (0: missed); sorted by time."""

    at: float
    name: str  # what makes its SID
    number: Number
    peer: str
    is_inbound: bool
    words: str
    seconds: int | None


def write(world: World, account: Account) -> None:
    """Add the past of the account's first numbers, up to the beginning of today (UTC).

    SIDs and places in the order of creation are of their own: nothing else is shifted, and what is
    in here comes before everything that happens later.
    """
    midnight = world.now() // DAY * DAY
    numbers = world.numbers.of(account.sid)[:NUMBERS]
    happened = sorted(
        each
        for place, number in enumerate(numbers)
        for each in _past(world.seed, place, number, midnight)
    )
    for seq, each in enumerate(happened, start=-len(happened)):
        if each.seconds is None:
            world.messages.add(_message(world, each, seq))
        else:
            world.calls.add(_call(world, each, seq))


def _past(seed: int, place: int, number: Number, midnight: float) -> Iterator[_Happened]:
    """What a number was used for; what counts is all texts or all calls."""
    random = Random(f"{seed}:history:{place}")  # noqa: S311 - repeatable on purpose
    use = _TURN[place % len(_TURN)]
    is_texting = phones.can(number, "sms") and (
        not phones.can(number, "voice") or random.random() < 0.5
    )
    recent, earlier = (0, RECENT_DAYS), (RECENT_DAYS + 1, DAYS)
    plans = [(use.recent, recent, True), (use.misses, recent, False), (use.earlier, earlier, True)]
    for part, (bounds, days, counts) in enumerate(plans):
        for turn in range(random.randint(*bounds)):
            is_inbound = random.random() < 0.6
            seconds = None
            if not counts:
                seconds = random.choice((0, *TOO_SHORT))
            elif not is_texting:
                seconds = random.choice(LONG_ENOUGH)
            yield _Happened(
                at=midnight - random.uniform(days[0] + 0.01, days[1] - 1) * DAY,
                name=f"history:{place}:{part}:{turn}",
                number=number,
                peer=f"+1646555{random.randint(100, 199):04}",
                is_inbound=is_inbound,
                words=random.choice(_INBOUND if is_inbound else _OUTBOUND),
                seconds=seconds,
            )


def _ends(each: _Happened) -> tuple[str, str]:
    """From and to."""
    ours = each.number.phone_number
    return (each.peer, ours) if each.is_inbound else (ours, each.peer)


def _message(world: World, each: _Happened, seq: int) -> Message:
    sender, receiver = _ends(each)
    return Message(
        world.named_sid("SM", each.name),
        each.number.account_sid,
        seq,
        each.at,
        each.at,
        from_number=sender,
        to_number=receiver,
        body=each.words,
        direction="inbound" if each.is_inbound else "outbound-api",
        status="received" if each.is_inbound else "delivered",
        sent=each.at,
        price=SEGMENT_PRICE,
    )


def _call(world: World, each: _Happened, seq: int) -> Call:
    sender, receiver = _ends(each)
    seconds = each.seconds or 0
    end = each.at + seconds
    return Call(
        world.named_sid("CA", each.name),
        each.number.account_sid,
        seq,
        each.at,
        end,
        from_number=sender,
        to_number=receiver,
        direction="inbound" if each.is_inbound else "outbound-api",
        status="completed" if seconds else _MISSED[seq % len(_MISSED)],
        phone_number_sid=each.number.sid,
        start=each.at if seconds else None,
        end=end,
        price=f"-{-(-seconds // 60) * MINUTE_PRICE:.5f}" if seconds else None,
    )
