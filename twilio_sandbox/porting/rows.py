"""What porting keeps. Times are Unix seconds of the sandbox's clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from twilio_sandbox.porting import states
from twilio_sandbox.tables import Row


@dataclass(slots=True)
class PortIn(Row):
    """A port-in request; its account is the one that receives the numbers (twilio-facts 4.3).

    `updated` is when the status changed last.
    """

    documents: list[str]
    losing_carrier_information: dict[str, Any]  # with the address as it was at creation
    notification_emails: list[str] | None
    target_port_in_date: str | None  # this and the range are in UTC
    target_port_in_time_range_start: str | None
    target_port_in_time_range_end: str | None
    bundle_sid: str | None
    portability_advance_carrier: str | None
    auto_cancel_approval_numbers: str | None
    support_ticket_id: int
    status: str = states.NEW
    order_cancellation_reason: str | None = None
    number_sids: list[str] = field(default_factory=list)
    signature_token: str | None = None  # of the page where the LOA is signed, once it is sent
    signer: str | None = None
    signed: float | None = None
    expired: bool = False


@dataclass(slots=True)
class PortInNumber(Row):
    """A number of a request; `updated` is when its status changed last."""

    request_sid: str
    phone_number: str
    pin: str | None  # never shown
    number_type: str | None = None  # LOCAL | MOBILE | TOLL-FREE | UNKNOWN
    country: str | None = None
    status: str = states.IN_REVIEW
    portable: bool | None = None  # null until it was looked at
    not_portability_reason: str | None = None
    not_portability_reason_code: int | None = None
    rejection_reason: str | None = None
    rejection_reason_code: int | None = None
    port_date: float | None = None
    claims: bool = False  # whether it is this one that ports the phone number


@dataclass(slots=True)
class Document(Row):
    """An uploaded document; of the content only what it is (twilio-facts 4.6)."""

    document_type: str
    friendly_name: str | None
    mime_type: str  # empty when no content arrived
    size: int  # bytes


@dataclass(slots=True)
class Mail(Row):
    """A mail that Twilio would have sent; kept, and sent to nobody."""

    kind: str  # signature_request | signed_copy | suspension_notice
    to: str
    subject: str
    body: str
    request_sid: str  # the port it is about, else empty
    link: str | None  # the path of the page to sign at


@dataclass(slots=True)
class Carrier(Row):
    """What the world outside says of a phone number, under its digits; null is the usual.

    `record` is what the losing carrier has on file: pin, account_number, customer_name, zip.
    """

    code: int | None = None  # of the portability; 0 is portable
    number_type: str | None = None
    country: str | None = None
    pin_and_account_number_required: bool | None = None
    rejection_reason: str | None = None
    record: dict[str, str] = field(default_factory=dict)

    @property
    def phone_number(self) -> str:
        return self.sid


@dataclass(slots=True)
class WebhookConfiguration(Row):
    """Where a main account's porting webhooks go, under its SID (twilio-facts 4.8)."""

    port_in_target_url: str | None = None
    port_out_target_url: str | None = None
    notifications_of: list[str] = field(default_factory=list)
    port_in_target_date_created: float | None = None
    port_out_target_date_created: float | None = None


@dataclass(slots=True)
class SigningConfiguration(Row):
    """How a main account's mails with an LOA look, per product and country (twilio-facts 4.7)."""

    product: str
    country: str | None
    logo_sid: str | None
    friendly_name: str | None
    email_subject: str | None
    email_message: str | None
    url_redirection: str | None
