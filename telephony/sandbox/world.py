"""What exists in the stand-in: accounts, their numbers, released numbers. No HTTP in here."""

from __future__ import annotations

import re
import threading
from bisect import bisect_left
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from telephony.sandbox.clock import Clock

RESTORABLE_SECONDS = 10 * 86_400  # how long Console offers a released number (twilio-facts 2)
RESALE_SECONDS = 60 * 86_400  # how long nobody can buy it (twilio-facts 2)

ACCOUNT_SID = re.compile(r"AC[0-9a-f]{32}")


@dataclass(slots=True)
class Account:
    """A main account (its own owner) or a subaccount."""

    sid: str
    owner_sid: str
    token: str
    friendly_name: str
    seq: int
    created: float
    updated: float
    status: str = "active"
    type: str = "Full"
    suspended_by_twilio: bool = False
    numbers: list[Number] = field(default_factory=list)  # by ascending `seq`

    @property
    def is_main(self) -> bool:
        return self.owner_sid == self.sid


@dataclass(slots=True)
class Number:
    """A phone number in an account; `changes` has only what differs from a new number."""

    sid: str
    account_sid: str
    phone_number: str
    seq: int
    created: float
    updated: float
    changes: dict[str, Any]
    rendered: bytes | None = None  # the resource as JSON, until something changes


@dataclass(slots=True)
class Released:
    """A number given back: Console can return it for ten days, nobody can buy it for sixty."""

    phone_number: str
    account_sid: str
    released: float


class World:
    """All accounts and numbers, with indexes so that no look-up depends on their count."""

    def __init__(self, seed: int, clock: Clock | None = None) -> None:
        self.seed = seed
        self.clock = clock or Clock()
        self.accounts: dict[str, Account] = {}
        self.numbers: dict[str, Number] = {}
        self.by_phone_number: dict[str, Number] = {}
        self.released: dict[str, Released] = {}
        self.roles: dict[str, str] = {}  # main, acme, stranger_main, stranger -> account SID
        self.sequence = 0
        self.generated = 0  # how far the seeded sequence of numbers was used
        self.token_epoch = 0  # raising it makes every page token invalid
        self.changes = 0  # counts what has to be saved

    def new_sid(self, prefix: str) -> str:
        """The next identifier: repeatable for the same seed and the same order of events."""
        self.sequence += 1
        return prefix + self._digest(f"{prefix}:{self.sequence}")

    def _digest(self, text: str) -> str:
        return blake2b(f"{self.seed}:{text}".encode(), digest_size=16).hexdigest()

    def page_mac(self, text: str) -> str:
        return self._digest(f"page:{self.token_epoch}:{text}")[:16]

    def now(self) -> float:
        return self.clock.now().timestamp()

    def touch(self) -> None:
        self.changes += 1

    # Accounts

    def add_account(
        self, friendly_name: str, *, owner_sid: str | None = None, created: float | None = None
    ) -> Account:
        """A new active account; without an owner it is a main account."""
        sid = self.new_sid("AC")
        at = self.now() if created is None else created
        account = Account(
            sid, owner_sid or sid, self.new_sid(""), friendly_name, self.sequence, at, at
        )
        self.accounts[sid] = account
        self.touch()
        return account

    def subaccounts(self, owner: Account) -> list[Account]:
        return [a for a in self.accounts.values() if a.owner_sid == owner.sid and a is not owner]

    def status(self, account: Account) -> str:
        """The status in force: suspending a main account suspends its subaccounts (facts 1.5)."""
        owner = self.accounts[account.owner_sid]
        if account.status == "active" and owner.status != "active":
            return owner.status
        return account.status

    def set_status(self, account: Account, status: str) -> None:
        """Suspend, take up again, or close; closing releases every number."""
        if status == "closed":
            for number in list(account.numbers):
                self.release(number)
        account.status = status
        account.updated = self.now()
        self.touch()

    # Numbers

    def add_number(
        self,
        account: Account,
        phone_number: str,
        changes: dict[str, Any] | None = None,
        *,
        created: float | None = None,
    ) -> Number:
        """Put a number that nobody holds into an account, under a new SID."""
        if phone_number in self.by_phone_number:
            raise ValueError(f"{phone_number} is in an account already")
        at = self.now() if created is None else created
        sid = self.new_sid("PN")
        number = Number(sid, account.sid, phone_number, self.sequence, at, at, changes or {})
        account.numbers.append(number)
        self.released.pop(phone_number, None)
        self.numbers[sid] = number
        self.by_phone_number[phone_number] = number
        self.touch()
        return number

    def changed(self, number: Number) -> None:
        """Note that a number's fields were changed now."""
        number.updated = self.now()
        number.rendered = None
        self.touch()

    def release(self, number: Number) -> None:
        """Give a number back; its settings are lost, the digits wait in the pool."""
        self._take_out(number)
        del self.numbers[number.sid]
        del self.by_phone_number[number.phone_number]
        self.released[number.phone_number] = Released(
            number.phone_number, number.account_sid, self.now()
        )
        self.touch()

    def move(self, number: Number, to: Account) -> None:
        """Transfer inside a family; the SID stays (twilio-facts 1.6)."""
        self._take_out(number)
        self.sequence += 1
        number.seq = self.sequence
        number.account_sid = to.sid
        to.numbers.append(number)
        self.changed(number)

    def _take_out(self, number: Number) -> None:
        rows = self.accounts[number.account_sid].numbers
        del rows[bisect_left(rows, number.seq, key=lambda row: row.seq)]

    def is_free(self, phone_number: str) -> bool:
        """Whether anybody may buy it: held by nobody, not released within sixty days."""
        if phone_number in self.by_phone_number:
            return False
        released = self.released.get(phone_number)
        return released is None or self.now() - released.released > RESALE_SECONDS

    def is_restorable(self, released: Released) -> bool:
        return self.now() - released.released <= RESTORABLE_SECONDS

    def buy_back(self, released: Released, account: Account) -> Number:
        """What a person does on Console's page "Released Numbers"."""
        return self.add_number(account, released.phone_number)


class Room:
    """The world in use and the lock that guards it; a reset or a load exchanges the world."""

    def __init__(self, world: World) -> None:
        self.lock = threading.RLock()
        self.world = world
