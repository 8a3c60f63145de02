"""Messages and what belongs to them. Times are Unix seconds of the sandbox's clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from twilio_sandbox.tables import Row


@dataclass(slots=True)
class Message(Row):
    """A text, in or out; the fields are those of Twilio's resource (twilio-facts 5.4, 7.1)."""

    from_number: str | None  # null until a messaging service has chosen a sender
    to_number: str
    body: str
    direction: str  # inbound | outbound-api | outbound-call | outbound-reply
    status: str
    sent: float | None = None
    messaging_service_sid: str | None = None
    error_code: int | None = None
    num_segments: int = 1
    price: str | None = None  # negative, with a point: "-0.00750"
    status_callback: str | None = None
    # {"sid", "content_type", "url", "created"}
    media: list[dict[str, Any]] = field(default_factory=list)
    # "validity_period", "callback_method", "as_mms", "feedback", as far as they matter
    options: dict[str, Any] = field(default_factory=dict)
    timer: str | None = None  # the one that takes it to its next status


@dataclass(slots=True)
class Phone(Row):
    """How a made-up phone takes texts and calls, under its number; one without a row takes all."""

    texts: str = "delivered"  # a name of `phones.BEHAVIORS`
    is_verified: bool = False  # a trial account may write to it (21608)
    calls: str = "answers"  # a name of `voice.handsets.BEHAVIORS`
    # "script", "hang_up_after", "ring_seconds" of whoever answers, as far as they are given
    talk: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Notice(Row):
    """An automatic answer to a keyword: the phone sees it, no list of the account does."""

    from_number: str
    to_number: str
    body: str


@dataclass(slots=True)
class OptOut(Row):
    """A phone that wants no more texts, under `{sender}:{phone}`.

    The sender is a phone number or, for numbers in a pool, the messaging service.
    """

    by_network: bool = False  # toll-free: the carriers keep it, Twilio cannot lift it


@dataclass(slots=True)
class Service(Row):
    """A messaging service; `settings` are the fields of the resource that can be set."""

    settings: dict[str, Any]
    # Advanced Opt-Out, a page of Console: {"keywords": {type: [...]}, "replies": {type: text}}
    opt_out: dict[str, Any] | None = None


@dataclass(slots=True)
class Member(Row):
    """A phone number in the pool of a service, under the number's own SID: it is in one at most."""

    service_sid: str
    phone_number: str
    a2p: str = "unregistered"  # unregistered | configuring | registered (twilio-facts 7.4)
    timer: str | None = None
    used: int = 0  # raised by each use; the lowest is next in turn


@dataclass(slots=True)
class Sticky(Row):
    """Which number a service uses for a phone, under `{service}:{phone}`."""

    phone_number: str


@dataclass(slots=True)
class Brand(Row):
    """An A2P brand registration."""

    status: str
    fields: dict[str, Any]  # of the resource, beside SIDs, dates and links
    timer: str | None = None


@dataclass(slots=True)
class Campaign(Row):
    """The A2P campaign of a messaging service."""

    service_sid: str
    brand_sid: str
    status: str
    fields: dict[str, Any]
    timer: str | None = None


@dataclass(slots=True)
class Verification(Row):
    """A toll-free verification."""

    number_sid: str
    phone_number: str
    status: str
    fields: dict[str, Any]
    timer: str | None = None
