"""The letter of authorization (LOA), and the mails about it, which nobody is sent (facts 4.7)."""

from __future__ import annotations

from twilio_sandbox.porting.rows import Mail, PortIn, SigningConfiguration
from twilio_sandbox.world import World

SUBJECT = "Please sign your letter of authorization"
MESSAGE = "Your phone numbers are to be ported to Twilio. Please check the letter and sign it."
ADDRESS = ("street", "street_2", "city", "state", "zip", "country")

Letter = list[tuple[str, list[str]]]  # headings with their lines


def sign_path(request: PortIn) -> str | None:
    return f"/_sandbox/sign/{request.signature_token}" if request.signature_token else None


def phone_numbers(world: World, request: PortIn) -> list[str]:
    return [world.port_in_numbers[sid].phone_number for sid in request.number_sids]


def letter(world: World, request: PortIn) -> Letter:
    """What the losing carrier is told, from the request's own words."""
    told = request.losing_carrier_information
    address = told["address"]
    return [
        ("Customer", [line for line in (told["customer_name"], told["customer_type"]) if line]),
        ("Service address", [address[name] for name in ADDRESS if address.get(name)]),
        ("Account number", [told["account_number"] or "not given"]),
        ("Billing telephone number", [told["account_telephone_number"] or "not given"]),
        ("Authorized representative", [told["authorized_representative"]]),
        ("Requested port date", [request.target_port_in_date or "the earliest possible"]),
        ("Phone numbers", phone_numbers(world, request)),
    ]


def text(world: World, request: PortIn) -> str:
    return "\n".join(f"{head}: {', '.join(lines)}" for head, lines in letter(world, request))


def configuration(world: World, request: PortIn) -> SigningConfiguration | None:
    """The look the main account chose for the country's letters, or for all countries."""
    owner_sid = world.accounts[request.account_sid].owner_sid
    first = world.port_in_numbers[request.number_sids[0]]
    chosen = {
        row.country: row
        for row in world.signing_configurations.of(owner_sid)
        if row.product == "Porting"
    }
    return chosen.get(first.country) or chosen.get(None)


def ask_for_signature(world: World, request: PortIn) -> None:
    """Make the page to sign at, and write to the authorized representative."""
    request.signature_token = world.new_sid("")
    chosen = configuration(world, request)
    subject = (chosen and chosen.email_subject) or SUBJECT
    message = (chosen and chosen.email_message) or MESSAGE
    to = request.losing_carrier_information["authorized_representative_email"]
    _write(world, request, "signature_request", to, subject, message)


def send_copies(world: World, request: PortIn) -> None:
    """The signed letter goes to `notification_emails`."""
    subject = f"Signed letter of authorization for {request.sid}"
    body = f"{text(world, request)}\nSigned by: {request.signer}"
    for to in request.notification_emails or []:
        _write(world, request, "signed_copy", to, subject, body)


def _write(world: World, request: PortIn, kind: str, to: str, subject: str, body: str) -> None:
    link = sign_path(request) if kind == "signature_request" else None
    stamp = world.stamp("EM", request.account_sid)
    world.mails.add(Mail(*stamp, kind, to, subject, body, request.sid, link))
