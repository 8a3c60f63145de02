"""What exists in the stand-in, and what is to happen in it. No HTTP in here."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from heapq import heapify, heappop, heappush
from typing import Any

from twilio_sandbox import switches
from twilio_sandbox.clock import Clock
from twilio_sandbox.holdings.rows import Address, Application, Paper
from twilio_sandbox.identity.rows import Key
from twilio_sandbox.messaging.rows import (
    Brand,
    Campaign,
    Member,
    Message,
    Notice,
    OptOut,
    Phone,
    Service,
    Sticky,
    Verification,
)
from twilio_sandbox.monitor.rows import Alert, Event
from twilio_sandbox.porting import rows as porting
from twilio_sandbox.tables import Row, Table
from twilio_sandbox.timers import ACTIONS, Timer
from twilio_sandbox.voice.rows import Call, LiveTranscription, Recording, Transcription
from twilio_sandbox.webhooks.rows import Webhook

RESTORABLE_SECONDS = 10 * 86_400  # how long Console offers a released number (twilio-facts 2)
DATA_SECONDS = 30 * 86_400  # how long a closed account's data is kept (twilio-facts 1.5)
RECLAIM_SECONDS = 60 * 86_400  # how long a suspended account keeps its numbers (twilio-facts 1.5)
RESALE_SECONDS = 60 * 86_400  # how long nobody can buy it (twilio-facts 2)

ACCOUNT_SID = re.compile(r"AC[0-9a-f]{32}")


@dataclass(slots=True)
class Account(Row):
    """A main account (its own owner) or a subaccount; `account_sid` is the owner's."""

    token: str
    friendly_name: str
    status: str = "active"
    type: str = "Full"
    suspended_by_twilio: bool = False
    secondary_token: str | None = None  # during a rotation; webhooks are signed with `token`
    secondary_created: float = 0.0
    reclaim_timer: str | None = None  # while it is suspended
    suspend_timer: str | None = None  # while its owner has been told that it is going to be
    close_timer: str | None = None  # the same of its end

    @property
    def tokens(self) -> list[str]:
        """The auth tokens that work."""
        return [self.token] + ([self.secondary_token] if self.secondary_token else [])

    @property
    def owner_sid(self) -> str:
        return self.account_sid

    @property
    def is_main(self) -> bool:
        return self.account_sid == self.sid


@dataclass(slots=True)
class Number(Row):
    """A phone number in an account; `changes` has only what differs from a new number."""

    phone_number: str
    changes: dict[str, Any]
    release_refused: int | None = None  # the code of why it cannot be released, 22350 or 22400
    came: float | None = None  # when another account gave it to this one
    rendered: bytes | None = field(default=None, init=False)  # as JSON, until something changes


@dataclass(slots=True)
class Released(Row):
    """A number given back, under its digits: Console can return it for ten days (`created` is
    when it was released), nobody can buy it for sixty."""

    by_twilio: bool = False  # taken back rather than given back

    @property
    def phone_number(self) -> str:
        return self.sid


@dataclass(slots=True)
class Tenure(Row):
    """The time, from `created` to `until`, in which an account had a number that it has no more."""

    phone_number: str
    changes: dict[str, Any]
    until: float


class World:
    """All rows, with indexes so that no look-up depends on their count."""

    def __init__(self, seed: int, clock: Clock | None = None) -> None:
        self.seed = seed
        self.clock = clock or Clock()
        self.sequence = 0
        self.generated = 0  # how far the seeded sequence of numbers was used
        self.token_epoch = 0  # raising it makes every page token invalid
        self.roles: dict[str, str] = {}  # main, acme, stranger_main, stranger -> account SID
        self.switches: dict[str, str] = {}  # the ones not at their default
        self.address = ""  # http://host:port where this sandbox answers; not saved
        self.accounts = Table(self, "accounts", Account)
        self.numbers = Table(self, "numbers", Number)
        self.released = Table(self, "released", Released)
        self.tenures = Table(self, "tenures", Tenure)
        self.timers = Table(self, "timers", Timer)
        self.webhooks = Table(self, "webhooks", Webhook)
        self.messages = Table(self, "messages", Message)
        self.phones = Table(self, "phones", Phone)
        self.notices = Table(self, "notices", Notice)
        self.opt_outs = Table(self, "opt_outs", OptOut)
        self.services = Table(self, "services", Service)
        self.members = Table(self, "members", Member)
        self.sticky_senders = Table(self, "sticky_senders", Sticky)
        self.brands = Table(self, "brands", Brand)
        self.campaigns = Table(self, "campaigns", Campaign)
        self.verifications = Table(self, "verifications", Verification)
        self.calls = Table(self, "calls", Call)
        self.recordings = Table(self, "recordings", Recording)
        self.transcriptions = Table(self, "transcriptions", Transcription)
        self.live_transcriptions = Table(self, "live_transcriptions", LiveTranscription)
        self.alerts = Table(self, "alerts", Alert)
        self.events = Table(self, "events", Event)
        self.keys = Table(self, "keys", Key)
        self.addresses = Table(self, "addresses", Address)
        self.applications = Table(self, "applications", Application)
        self.papers = Table(self, "papers", Paper)
        self.port_ins = Table(self, "port_ins", porting.PortIn)
        self.port_in_numbers = Table(self, "port_in_numbers", porting.PortInNumber)
        self.documents = Table(self, "documents", porting.Document)
        self.mails = Table(self, "mails", porting.Mail)
        self.carriers = Table(self, "carriers", porting.Carrier)
        self.porting_webhooks = Table(self, "porting_webhooks", porting.WebhookConfiguration)
        self.signing_configurations = Table(
            self, "signing_configurations", porting.SigningConfiguration
        )
        self.by_phone_number: dict[str, Number] = {}
        self.claims: dict[str, porting.PortInNumber] = {}  # phone numbers on their way here
        # Prefix of an area -> since when so many of the first in its sequence are known to be sold
        self.sold_out: dict[str, tuple[float, int]] = {}
        # For whoever keeps the world going and writes it down:
        self.changes = 0  # counts what has to be saved
        self.unsaved: dict[tuple[str, str], None] = {}  # (kind, SID) in the order of the changes
        self.outgoing: list[str] = []  # SIDs of webhooks to be sent
        self.held: dict[str, str] = {}  # what a webhook is one in a row of -> the late one's SID
        self.wake: Callable[[], object] = lambda: None  # called when there is something to do
        self._due: list[tuple[float, int, str]] = []  # timers as a heap: due, seq, SID
        self._instant: float | None = None  # the time that stands while a timer runs

    @property
    def tables(self) -> dict[str, Table[Any]]:
        """Every table by its kind."""
        return {table.kind: table for table in vars(self).values() if isinstance(table, Table)}

    # Identifiers, time, and what has to be saved

    def new_sid(self, prefix: str) -> str:
        """The next identifier: repeatable for the same seed and the same order of events."""
        self.sequence += 1
        return prefix + self._digest(f"{prefix}:{self.sequence}")

    def named_sid(self, prefix: str, name: str) -> str:
        """An identifier that depends on seed and name alone and leaves the sequence as it is."""
        return prefix + self._digest(name)

    def _digest(self, text: str) -> str:
        return blake2b(f"{self.seed}:{text}".encode(), digest_size=16).hexdigest()

    def page_mac(self, text: str) -> str:
        return self._digest(f"page:{self.token_epoch}:{text}")[:16]

    def stamp(
        self, prefix: str, account_sid: str, *, at: float | None = None
    ) -> tuple[str, str, int, float, float]:
        """The first five fields of a new row: SID, account, `seq`, created, updated."""
        sid = self.new_sid(prefix)
        moment = self.now() if at is None else at
        return sid, account_sid, self.sequence, moment, moment

    def now(self) -> float:
        """Unix seconds; while a timer runs, exactly when it was due."""
        return self.clock.now().timestamp() if self._instant is None else self._instant

    def note(self, kind: str, sid: str) -> None:
        self.unsaved[kind, sid] = None
        self.touch()

    def touch(self) -> None:
        """Something changed that is no row."""
        self.changes += 1

    def switch(self, name: str) -> str:
        """Which behavior is in force where Twilio's documents leave it open."""
        return self.switches.get(name) or switches.default(name)

    def base_url(self, host: str) -> str:
        """What an absolute link to one of Twilio's hosts begins with, outside of a request."""
        if self.switch("absolute_links") == "here":
            return f"{self.address}/{host}"
        return f"https://{host}.twilio.com"

    # What happens later

    def at(self, due: float, action: str, **args: Any) -> str:
        """Run an action when the clock passes `due` (Unix seconds); the SID is for `cancel`."""
        if action not in ACTIONS:
            raise ValueError(f"there is no action {action}")
        timer = self.timers.add(Timer(*self.stamp("TI", ""), due, action, args))
        heappush(self._due, (due, timer.seq, timer.sid))
        self.wake()
        return timer.sid

    def after(self, seconds: float, action: str, **args: Any) -> str:
        return self.at(self.now() + seconds, action, **args)

    def cancel(self, sid: str | None) -> None:
        """Forget a timer; one that ran already, or none, is no error."""
        if sid and (timer := self.timers.get(sid)) is not None:
            self.timers.remove(timer)

    def next_due(self) -> float | None:
        """When the next action is due."""
        while self._due and self._due[0][2] not in self.timers:
            heappop(self._due)
        return self._due[0][0] if self._due else None

    def is_due(self) -> bool:
        """Whether an action is due by now."""
        due = self.next_due()
        return due is not None and due <= self.now()

    def run_due(self) -> None:
        """Run what is due by now, each at its own time and in its order."""
        while self.is_due():
            due = self._due[0][0]
            timer = self.timers[heappop(self._due)[2]]
            self.timers.remove(timer)
            self._instant = due
            try:
                self.act(timer.action, timer.args)
            finally:
                self._instant = None

    def act(self, action: str, args: dict[str, Any]) -> None:
        ACTIONS[action](self, **args)

    def set_clock(self, at: datetime) -> None:
        self.clock.set(at)
        self.touch()
        self.wake()

    def index(self) -> None:
        """Make the indexes after the rows were loaded."""
        self.by_phone_number = {row.phone_number: row for row in self.numbers.values()}
        self.claims = {row.phone_number: row for row in self.port_in_numbers.values() if row.claims}
        self._due = [(timer.due, timer.seq, timer.sid) for timer in self.timers.values()]
        heapify(self._due)
        self.outgoing = [hook.sid for hook in self.webhooks.values() if hook.state == "pending"]

    # Accounts

    def add_account(
        self, friendly_name: str, *, owner_sid: str | None = None, created: float | None = None
    ) -> Account:
        """A new active account; without an owner it is a main account."""
        sid, _, seq, at, _ = self.stamp("AC", "", at=created)
        return self.accounts.add(
            Account(sid, owner_sid or sid, seq, at, at, self.new_sid(""), friendly_name)
        )

    def subaccounts(self, owner: Account) -> list[Account]:
        return [account for account in self.accounts.of(owner.sid) if account is not owner]

    def status(self, account: Account) -> str:
        """The status in force: suspending a main account suspends its subaccounts (facts 1.5)."""
        owner = self.accounts[account.owner_sid]
        if account.status == "active" and owner.status != "active":
            return owner.status
        return account.status

    def set_status(self, account: Account, status: str) -> None:
        """Suspend, take up again, or close; closing releases every number at once and forgets
        everything else after thirty days."""
        if status == "closed":
            for number in list(self.numbers.of(account.sid)):
                self.release(number)
            self.after(DATA_SECONDS, "accounts.data_deleted", sid=account.sid)
        self.cancel(account.reclaim_timer)
        account.reclaim_timer = (
            self.after(RECLAIM_SECONDS, "accounts.numbers_reclaimed", sid=account.sid)
            if status == "suspended"
            else None
        )
        self.cancel(account.suspend_timer)
        account.suspend_timer = None
        if status != "suspended":  # which may be announced to end with its closing
            self.cancel(account.close_timer)
            account.close_timer = None
        account.status = status
        account.updated = self.now()
        self.accounts.changed(account)

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
        if (released := self.released.get(phone_number)) is not None:
            self.released.remove(released)
        stamp = self.stamp("PN", account.sid, at=created)
        number = self.numbers.add(Number(*stamp, phone_number, changes or {}))
        self.by_phone_number[phone_number] = number
        return number

    def changed(self, number: Number) -> None:
        """Note that a number's fields were changed now."""
        number.updated = self.now()
        number.rendered = None
        self.numbers.changed(number)

    def release(self, number: Number, *, by_twilio: bool = False) -> None:
        """Give a number back; its settings are lost, the digits wait in the pool."""
        self._leave(number)
        self.numbers.remove(number)
        del self.by_phone_number[number.phone_number]
        _, account_sid, seq, at, _ = self.stamp("", number.account_sid)
        self.released.add(Released(number.phone_number, account_sid, seq, at, at, by_twilio))

    def move(self, number: Number, to: Account) -> None:
        """Transfer inside a family; whether the SID stays is a switch (twilio-facts B 8)."""
        self._leave(number)
        if self.switch("transferred_number_sid") == "kept":
            self.sequence += 1
            self.numbers.move(number, to.sid, self.sequence)
        else:
            self.numbers.remove(number)
            number.sid, number.account_sid, number.seq, _, _ = self.stamp("PN", to.sid)
            self.numbers.add(number)
        number.came = self.now()
        self.changed(number)

    def _leave(self, number: Number) -> None:
        """What its account loses with a number, and what is remembered of it."""
        self.leave_service(number.sid)
        since = number.created if number.came is None else number.came
        sid, account_sid, seq, _, now = self.stamp("", number.account_sid)
        kind = {"type": number.changes["type"]} if "type" in number.changes else {}
        self.tenures.add(
            Tenure(sid, account_sid, seq, since, now, number.phone_number, kind, until=now)
        )

    def leave_service(self, number_sid: str) -> None:
        """Take a number out of the pool of its messaging service, if it is in one."""
        if (member := self.members.get(number_sid)) is not None:
            self.cancel(member.timer)
            self.members.remove(member)

    def is_free(self, phone_number: str) -> bool:
        """Whether anybody may buy it: held by nobody, not being ported, not in the pool."""
        if phone_number in self.by_phone_number or phone_number in self.claims:
            return False
        return not self.is_in_pool(phone_number)

    def is_in_pool(self, phone_number: str) -> bool:
        """Whether it was released within sixty days: Twilio keeps it."""
        released = self.released.get(phone_number)
        return released is not None and self.now() - released.created <= RESALE_SECONDS

    def may_buy(self, phone_number: str, account: Account) -> bool:
        """Whether the API sells it to the account (twilio-facts B 9)."""
        if self.is_free(phone_number):
            return True
        released = self.released.get(phone_number)
        return (
            released is not None
            and released.account_sid == account.sid
            and self.is_restorable(released)
            and self.switch("released_number_purchase") == "allowed"
        )

    def is_restorable(self, released: Released) -> bool:
        return self.now() - released.created <= RESTORABLE_SECONDS

    def buy_back(self, released: Released, account: Account) -> Number:
        """What a person does on Console's page "Released Numbers"."""
        return self.add_number(account, released.phone_number)
