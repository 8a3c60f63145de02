"""What was used on which day, added up from texts, calls, what is kept of them, and numbers.

One pass over the rows of an account; days are UTC, money is exact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal

from twilio_sandbox.usage import categories
from twilio_sandbox.usage.categories import MONTHLY_PRICES, TOTAL, type_of
from twilio_sandbox.world import Account, World

_EPOCH = date(1970, 1, 1).toordinal()
DAY = 86_400
NOTHING = Decimal(0)


@dataclass(slots=True)
class Sum:
    """How many, how much of the category's unit, and what it cost in US dollars."""

    count: int = 0
    usage: Decimal = NOTHING
    price: Decimal = NOTHING

    def add(self, count: int, usage: int | Decimal, price: Decimal) -> None:
        self.count += count
        self.usage += usage
        self.price += price


@dataclass(slots=True)
class Ledger:
    """Sums by day (its ordinal) and category, for the days from `first` to `last`."""

    first: int
    last: int
    days: dict[int, dict[str, Sum]] = field(default_factory=dict)

    def covers(self, day: int) -> bool:
        return self.first <= day <= self.last

    def enter(self, day: int, names: Iterable[str], count: int, usage: int, price: Decimal) -> None:
        sums = self.days.setdefault(day, {})
        for name in names:
            sums.setdefault(name, Sum()).add(count, usage, price)
        sums.setdefault(TOTAL, Sum()).add(0, price, price)

    def total(self, category: str, first: int, last: int) -> Sum:
        """The sum over some of the days."""
        result = Sum()
        span = range(max(first, self.first), min(last, self.last) + 1)
        short = len(span) < len(self.days)
        for day in span if short else [day for day in self.days if day in span]:
            if (found := self.days.get(day, {}).get(category)) is not None:
                result.add(found.count, found.usage, found.price)
        return result


def read(world: World, accounts: list[Account], first: date, last: date) -> Ledger:
    """The ledger of some accounts for some days, both ends included."""
    ledger = Ledger(first.toordinal(), last.toordinal())
    for account in accounts:
        _enter_messages(ledger, world, account.sid)
        _enter_calls(ledger, world, account.sid)
        _enter_recordings(ledger, world, account.sid)
        _enter_transcriptions(ledger, world, account.sid)
        _enter_numbers(ledger, world, account.sid)
    return ledger


def _enter_messages(ledger: Ledger, world: World, account_sid: str) -> None:
    for message in world.messages.of(account_sid):
        day = _day(message.created if message.sent is None else message.sent)
        if ledger.covers(day) and (names := categories.of_message(message)):
            usage = 1 if message.media else message.num_segments
            ledger.enter(day, names, 1, usage, _cost(message.price))


def _enter_calls(ledger: Ledger, world: World, account_sid: str) -> None:
    """Minutes are begun minutes."""
    for call in world.calls.of(account_sid):
        day = _day(call.created if call.start is None else call.start)
        if ledger.covers(day) and (names := categories.of_call(call)):
            minutes = -(-(call.duration or 0) // 60)
            ledger.enter(day, names, 1, minutes, _cost(call.price))


def _enter_recordings(ledger: Ledger, world: World, account_sid: str) -> None:
    """Minutes are begun minutes; one that goes on has none yet."""
    for recording in world.recordings.of(account_sid):
        if recording.duration is not None and ledger.covers(day := _day(recording.start)):
            minutes = -(-recording.duration // 60)
            ledger.enter(day, ["recordings"], 1, minutes, _cost(recording.price))


def _enter_transcriptions(ledger: Ledger, world: World, account_sid: str) -> None:
    """Those that worked out; minutes are begun minutes."""
    for row in world.transcriptions.of(account_sid):
        if row.price is not None and ledger.covers(day := _day(row.created)):
            minutes = -(-row.duration // 60)
            ledger.enter(day, ["transcriptions"], 1, minutes, _cost(row.price))


def _enter_numbers(ledger: Ledger, world: World, account_sid: str) -> None:
    """A number is paid for on the day it came and on that day of each following month."""
    today = _day(world.now())
    alike = Counter(
        (_day(number.created if number.came is None else number.came), today, type_of(number))
        for number in world.numbers.of(account_sid)
    )
    alike.update(
        (_day(tenure.created), _day(tenure.until), type_of(tenure))
        for tenure in world.tenures.of(account_sid)
    )
    for (bought, left, number_type), count in alike.items():
        names = categories.of_number(number_type)
        price = MONTHLY_PRICES.get(number_type, MONTHLY_PRICES["local"]) * count
        for day in _paydays(bought, min(ledger.last, left)):
            if ledger.covers(day):
                ledger.enter(day, names, count, count, price)


def _paydays(bought: int, last: int) -> Iterator[int]:
    """The same day of each month, or its last day in a shorter month."""
    begun = date.fromordinal(bought)
    year, month, payday = begun.year, begun.month, bought
    while payday <= last:
        yield payday
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        day = begun.day
        while True:
            try:
                payday = date(year, month, day).toordinal()
                break
            except ValueError:
                day -= 1


def _day(at: float) -> int:
    """The ordinal of the day in which Unix second `at` lies."""
    return _EPOCH + int(at // DAY)


def _cost(price: str | None) -> Decimal:
    """What a price of Twilio's, which is negative, adds to the bill."""
    return -Decimal(price) if price else NOTHING


def today(world: World) -> date:
    return datetime.fromtimestamp(world.now(), UTC).date()
