"""What a request for a port has to say before it is taken (twilio-facts 4.2).

Missing is 22171, countries mixed or not E.164 is 22172, everything else that does not fit 20001.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from twilio_sandbox import plan
from twilio_sandbox.errors import TwilioError
from twilio_sandbox.holdings.requirements import BUNDLE
from twilio_sandbox.porting import portability
from twilio_sandbox.porting.documents import UTILITY_BILL
from twilio_sandbox.porting.letters import ADDRESS
from twilio_sandbox.porting.portability import Verdict
from twilio_sandbox.porting.rows import PortIn, PortInNumber
from twilio_sandbox.world import Account, World

MAX_NUMBERS = 1000
MIN_DAYS = 7
MIN_DAYS_JAPAN = 10
MAX_NOTIFICATION_EMAILS = 10  # by an older page of Twilio's

MISSING, INVALID, INVALID_BUNDLE, INVALID_NUMBERS, INVALID_ADDRESS = (
    22171,
    20001,
    22170,
    22172,
    22173,
)

_CUSTOMER_TYPES = ("Business", "Individual")
_JAPANESE = ("authorized_representative_katakana", "sub_municipality", "building", "katakana_name")
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+")
_TIME = re.compile(r"\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A number that is asked for, and what is known of it."""

    phone_number: str
    pin: str | None
    seen: Verdict


def create(world: World, caller: Account, body: dict[str, Any]) -> PortIn:
    """The request and its numbers, all rules of the create call obeyed; nothing else happens."""
    target = _target(world, caller, body)
    accounts = (caller, target)
    documents = _documents(world, accounts, body)
    wanted = _phone_numbers(body)
    seen = [Wanted(number, pin, portability.describe(world, number)) for number, pin in wanted]
    country = _one_country(seen)
    told = _losing_carrier_information(world, accounts, body)
    _check_pins(seen, told)
    day, start, end = _target_date(world, body, country)
    carrier = text(body, "portability_advance_carrier", required=country == "JP")
    fields: dict[str, Any] = {
        "documents": documents,
        "losing_carrier_information": told,
        "notification_emails": _notification_emails(world, body),
        "target_port_in_date": day,
        "target_port_in_time_range_start": start,
        "target_port_in_time_range_end": end,
        "bundle_sid": _bundle(world, accounts, body),
        "portability_advance_carrier": carrier,
        "auto_cancel_approval_numbers": text(body, "auto_cancel_approval_numbers"),
    }
    stamp = world.stamp("KW", target.sid)
    request = PortIn(*stamp, **fields, support_ticket_id=100_000 + stamp[2])
    for number in seen:
        row = PortInNumber(
            *world.stamp("PU", target.sid), request.sid, number.phone_number, number.pin
        )
        row.number_type, row.country = number.seen.number_type, number.seen.country
        request.number_sids.append(world.port_in_numbers.add(row).sid)
    return world.port_ins.add(request)


# Values of a JSON body; null and "" are as good as absent


def text(
    body: dict[str, Any],
    name: str,
    *,
    required: bool = False,
    maximum: int | None = None,
    pattern: re.Pattern[str] | None = None,
) -> str | None:
    value = body.get(name)
    if value is None or value == "":
        if required:
            raise TwilioError(MISSING, f"{name} is required")
        return None
    if not isinstance(value, str):
        raise TwilioError(INVALID, f"{name} must be a string")
    if maximum is not None and len(value) > maximum:
        raise TwilioError(INVALID, f"{name} must have at most {maximum} characters")
    if pattern is not None and not pattern.fullmatch(value):
        raise TwilioError(INVALID, f"{name} is not valid")
    return value


def sid(
    body: dict[str, Any], name: str, prefix: str, code: int = INVALID, *, required: bool = False
) -> str | None:
    value = text(body, name, required=required)
    if value is not None and not _is_sid(value, prefix):
        raise TwilioError(code, f"{name} is not a valid SID")
    return value


def _is_sid(value: object, prefix: str) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(f"{prefix}[0-9a-fA-F]{{32}}", value))


def _list(body: dict[str, Any], name: str, *, required: bool = False) -> list[Any]:
    value = body.get(name)
    if value is None or value == []:
        if required:
            raise TwilioError(MISSING, f"{name} is required")
        return []
    if not isinstance(value, list):
        raise TwilioError(INVALID, f"{name} must be a list")
    return value


# The rules


def _target(world: World, caller: Account, body: dict[str, Any]) -> Account:
    """The account that receives the numbers: the caller, or a subaccount of the caller."""
    account = world.accounts.get(sid(body, "account_sid", "AC", required=True) or "")
    if account is None or caller.sid not in (account.sid, account.owner_sid):
        raise TwilioError(20003, "account_sid is not an account of yours")
    if world.status(account) != "active":
        raise TwilioError(20403, f"Account {account.sid} is {world.status(account)}")
    return account


def _documents(world: World, accounts: tuple[Account, ...], body: dict[str, Any]) -> list[str]:
    """Documents of the caller or the target, with a utility bill that has a content."""
    sids = _list(body, "documents", required=True)
    found = []
    for document_sid in sids:
        if not _is_sid(document_sid, "RD"):
            raise TwilioError(INVALID, f"{document_sid!r} in documents is not a valid SID")
        rows = [world.documents.find(account.sid, document_sid) for account in accounts]
        if (row := rows[0] or rows[1]) is None:
            raise TwilioError(INVALID, f"There is no document {document_sid}")
        found.append(row)
    if not any(row.document_type == UTILITY_BILL and row.mime_type for row in found):
        raise TwilioError(MISSING, "documents must have a utility bill")
    return sids


def _bundle(world: World, accounts: tuple[Account, ...], body: dict[str, Any]) -> str | None:
    """A regulatory bundle of the caller or the target, if one is named."""
    bundle_sid = sid(body, "bundle_sid", "BU", INVALID_BUNDLE)
    if bundle_sid is not None:
        papers = [world.papers.find(account.sid, bundle_sid) for account in accounts]
        if not any(paper is not None and paper.kind == BUNDLE for paper in papers):
            raise TwilioError(INVALID_BUNDLE, f"There is no bundle {bundle_sid}")
    return bundle_sid


def _phone_numbers(body: dict[str, Any]) -> list[tuple[str, str | None]]:
    """(number, PIN) of each; every one once."""
    rows = _list(body, "phone_numbers", required=True)
    if len(rows) > MAX_NUMBERS:
        raise TwilioError(INVALID, f"phone_numbers must have at most {MAX_NUMBERS} numbers")
    wanted: dict[str, str | None] = {}
    for row in rows:
        if not isinstance(row, dict):
            raise TwilioError(INVALID, "phone_numbers must be a list of objects")
        phone_number = text(row, "phone_number", required=True) or ""
        if not plan.is_valid(phone_number):
            raise TwilioError(INVALID_NUMBERS, f"{phone_number} is not an E.164 number")
        if phone_number in wanted:
            raise TwilioError(INVALID, f"{phone_number} is in the request twice")
        wanted[phone_number] = text(row, "pin")
    return list(wanted.items())


def _one_country(wanted: list[Wanted]) -> str | None:
    if any(number.seen.number_type == portability.TOLL_FREE for number in wanted):
        raise TwilioError(INVALID, "Toll-free numbers cannot be ported by the API")
    countries = {number.seen.country for number in wanted}
    if len(countries) > 1:
        raise TwilioError(INVALID_NUMBERS, "The numbers belong to several countries")
    return countries.pop()


def _losing_carrier_information(
    world: World, accounts: tuple[Account, ...], body: dict[str, Any]
) -> dict[str, Any]:
    told = body.get("losing_carrier_information")
    if told is None:
        raise TwilioError(MISSING, "losing_carrier_information is required")
    if not isinstance(told, dict):
        raise TwilioError(INVALID, "losing_carrier_information must be an object")
    customer_type = text(told, "customer_type")
    if customer_type is not None and customer_type not in _CUSTOMER_TYPES:
        raise TwilioError(INVALID, "customer_type must be Business or Individual")
    representative = text(told, "authorized_representative", required=True) or ""
    if len(representative.split()) < 2:
        raise TwilioError(INVALID, "authorized_representative must have a first and a last name")
    email = "authorized_representative_email"
    return {
        "customer_type": customer_type,
        "customer_name": text(told, "customer_name", required=True),
        "authorized_representative": representative,
        email: text(told, email, required=True, pattern=_EMAIL),
        "account_number": text(told, "account_number"),
        "account_telephone_number": text(told, "account_telephone_number"),
        "address_sid": sid(told, "address_sid", "AD", INVALID_ADDRESS),
        **{name: text(told, name) for name in _JAPANESE},
        "address": _address(world, accounts, told),
    }


def _address(
    world: World, accounts: tuple[Account, ...], told: dict[str, Any]
) -> dict[str, str | None]:
    """A copy of the address that `address_sid` names, else the one given."""
    if address_sid := sid(told, "address_sid", "AD", INVALID_ADDRESS):
        rows = [world.addresses.find(account.sid, address_sid) for account in accounts]
        if (row := rows[0] or rows[1]) is None:
            raise TwilioError(INVALID_ADDRESS, f"There is no address {address_sid}")
        return {
            "street": row.street,
            "street_2": row.street_secondary,
            "city": row.city,
            "state": row.region,
            "zip": row.postal_code,
            "country": row.iso_country,
        }
    return read_address(told.get("address"))


def read_address(given: object) -> dict[str, str | None]:
    """All of it but `street_2` is required."""
    if given is None:
        raise TwilioError(MISSING, "address or address_sid is required")
    if not isinstance(given, dict):
        raise TwilioError(INVALID, "address must be an object")
    return {name: text(given, name, required=name != "street_2") for name in ADDRESS}


def _check_pins(wanted: list[Wanted], told: dict[str, Any]) -> None:
    """PIN and account number, for mobile numbers and wherever the carrier wants them."""
    for number in wanted:
        is_mobile = number.seen.number_type == portability.MOBILE
        if (number.seen.pin_required or is_mobile) and not told["account_number"]:
            raise TwilioError(MISSING, f"{number.phone_number} requires an account_number")
        if number.seen.pin_required and not number.pin:
            raise TwilioError(MISSING, f"{number.phone_number} requires a pin")


def _notification_emails(world: World, body: dict[str, Any]) -> list[str] | None:
    emails = _list(body, "notification_emails")
    for email in emails:
        if not isinstance(email, str) or not _EMAIL.fullmatch(email):
            raise TwilioError(INVALID, f"{email!r} in notification_emails is not an address")
    limited = world.switch("notification_emails_maximum") == "ten"
    if limited and len(emails) > MAX_NOTIFICATION_EMAILS:
        raise TwilioError(
            INVALID, f"notification_emails must have at most {MAX_NOTIFICATION_EMAILS}"
        )
    return emails or None


def _target_date(
    world: World, body: dict[str, Any], country: str | None
) -> tuple[str | None, str | None, str | None]:
    """Date and range in UTC; the date goes along when its beginning is on another day there."""
    start = _time(body, "target_port_in_time_range_start")
    end = _time(body, "target_port_in_time_range_end")
    given = text(body, "target_port_in_date")
    today = datetime.fromtimestamp(world.now(), UTC).date()
    if given is None:
        day = today
    else:
        day = _day(given)
        least = MIN_DAYS_JAPAN if country == "JP" else MIN_DAYS
        if day < today + timedelta(days=least):
            raise TwilioError(INVALID, f"target_port_in_date must be {least} days ahead or more")
    first = _in_utc(day, start)
    last = _in_utc(day, end)
    if first is not None and last is not None and last <= first:
        raise TwilioError(INVALID, "The time range must end after it starts")
    if given is not None and first is not None:
        day = first.date()
    shown = [None if at is None else f"{at:%H:%M:%S}Z" for at in (first, last)]
    return (day.isoformat() if given else None), shown[0], shown[1]


def _day(given: str) -> date:
    try:
        return date.fromisoformat(given if re.fullmatch(r"\d{4}-\d\d-\d\d", given) else "")
    except ValueError:
        raise TwilioError(INVALID, "target_port_in_date must be a date, YYYY-MM-DD") from None


def _time(body: dict[str, Any], name: str) -> time | None:
    """An ISO time with its offset: `10:15:00-08:00`."""
    given = text(body, name)
    try:
        if given is None:
            return None
        return time.fromisoformat(given if _TIME.fullmatch(given) else "")
    except ValueError:
        raise TwilioError(INVALID, f"{name} must be a time with an offset") from None


def _in_utc(day: date, at: time | None) -> datetime | None:
    return None if at is None else datetime.combine(day, at).astimezone(UTC)
