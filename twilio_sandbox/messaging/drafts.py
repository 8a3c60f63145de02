"""What a program may send: the rules of creating a message, in the order they are looked at."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from twilio_sandbox import parameters, plan
from twilio_sandbox.errors import TwilioError
from twilio_sandbox.holdings import applications
from twilio_sandbox.messaging import phones, pools, segments
from twilio_sandbox.messaging.rows import Service
from twilio_sandbox.world import Account, World

MAX_BODY, MAX_MEDIA = 1600, 10
# How far ahead a message may be scheduled, in seconds: 5 minutes to 35 days.
SOONEST, LATEST = 300, 35 * 86_400
# Countries that a new account may write to (switch `sms_geo_permissions`).
PERMITTED = ("US", "CA", "GB")
# Magic numbers of test credentials (twilio-facts 2). They work in every account.
MAGIC_TO = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
MAGIC_FROM = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}
_ALPHA = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")


@dataclass(slots=True)
class Draft:
    """A message that may be sent, as `delivery.submit` takes it."""

    to_number: str
    from_number: str | None
    body: str
    media_urls: list[str]
    service_sid: str | None = None
    status_callback: str | None = None
    send_at: float | None = None
    options: dict[str, Any] = field(default_factory=dict)


def check(world: World, account: Account, given: dict[str, Any]) -> Draft:
    """The draft for checked parameters of `Messages`, or the first rule it breaks."""
    sender, service_sid = given.get("From") or None, given.get("MessagingServiceSid") or None
    if sender and sender.startswith("MG") and service_sid is None:
        sender, service_sid = None, sender  # Twilio takes a service there as well
    if sender is None and service_sid is None:
        raise TwilioError(21603)
    draft = Draft(_recipient(world, account, given["To"]), None, *_content(given))
    service = _service(world, account, service_sid) if service_sid else None
    if service is not None:
        draft.service_sid = service.sid
    draft.status_callback = _status_callback(world, account, given, service)
    _apply_options(draft, given, service)
    draft.send_at = _send_at(world, given, service)
    if sender:
        draft.from_number = check_sender(world, account, sender, draft)
    check_consent(world, account, draft)
    return draft


def _content(given: dict[str, Any]) -> tuple[str, list[str]]:
    body, media = given.get("Body", ""), [url for url in given.get("MediaUrl", []) if url]
    if given.get("ContentSid"):
        raise TwilioError(21655, "The sandbox has no content templates")
    if not body and not media:
        raise TwilioError(21602)
    if segments.units(body) > MAX_BODY:
        raise TwilioError(21617)
    if len(media) > MAX_MEDIA:
        raise TwilioError(21623)
    for url in media:
        try:
            parameters.url("MediaUrl", url)
        except TwilioError:
            raise TwilioError(21620, f"{url} is not a valid media URL") from None
    return body, media


def _service(world: World, account: Account, sid: str) -> Service:
    service = world.services.find(account.sid, sid)
    if service is None:
        raise TwilioError(21701, f"The messaging service {sid} does not exist")
    if not pools.members(world, service):
        raise TwilioError(21704)
    return service


def _status_callback(
    world: World, account: Account, given: dict[str, Any], service: Service | None
) -> str | None:
    """The URL of the request, else that of the application it names, else the service's."""
    application = world.applications.find(account.sid, given.get("ApplicationSid") or "")
    return (
        given.get("StatusCallback")
        or (application and applications.setting(application, "message_status_callback"))
        or (service and service.settings["status_callback"])
        or None
    )


def _apply_options(draft: Draft, given: dict[str, Any], service: Service | None) -> None:
    smart = given.get("SmartEncoded", service is not None and service.settings["smart_encoding"])
    if smart:
        draft.body = segments.plain(draft.body)
    validity = given.get("ValidityPeriod") or (service and service.settings["validity_period"])
    if validity:
        draft.options["validity_period"] = validity
    if given.get("SendAsMms"):
        draft.options["as_mms"] = True


def _send_at(world: World, given: dict[str, Any], service: Service | None) -> float | None:
    """When to send it: `ScheduleType=fixed` with `SendAt`, through a service only."""
    if not given.get("ScheduleType"):
        return None
    if service is None:
        raise TwilioError(35118)
    if (at := given.get("SendAt")) is None:
        raise TwilioError(35111)
    if not SOONEST <= at - world.now() <= LATEST:
        raise TwilioError(35114)
    return float(at)


# The recipient


def _recipient(world: World, account: Account, given: str) -> str:
    """`To` as E.164, if this account may write there."""
    number = e164(given)
    if number is None or MAGIC_TO.get(number) == 21211:
        raise TwilioError(21211, f"The 'To' number {given} is not a valid phone number")
    code = MAGIC_TO.get(number) or phones.BEHAVIORS[phones.behavior(world, number)]
    if code is not None and code < 30_000:
        raise TwilioError(code)
    if phones.country(number) not in PERMITTED and world.switch("sms_geo_permissions") == "some":
        raise TwilioError(21408)
    if account.type == "Trial":
        phone = world.phones.get(number)
        if phone is None or not phone.is_verified:
            raise TwilioError(21608)
    return number


def e164(text: str) -> str | None:
    """A number as people write it; without a country code it is North American."""
    digits = re.sub(r"[\s().-]", "", text)
    if re.fullmatch(r"1?[2-9]\d{9}", digits):
        digits = f"+{'' if len(digits) == 11 else '1'}{digits}"
    return digits if plan.is_valid(digits) else None


# The sender


def check_sender(world: World, account: Account, given: str, draft: Draft) -> str:
    """`From` as the account may use it: a number of its own, or a name where names are allowed."""
    if ":" in given:
        raise TwilioError(63007, f"There is no channel with the 'From' address {given}")
    number = e164(given)
    if number is None and _ALPHA.fullmatch(given):
        if phones.country(draft.to_number) in phones.NORTH_AMERICA:
            raise TwilioError(21612)
        return given
    if number is None:
        raise TwilioError(21212, f"The 'From' number {given} is not a valid phone number")
    if number == draft.to_number:
        raise TwilioError(21266)
    row = world.by_phone_number.get(number)
    if row is None or row.account_sid != account.sid:
        if number == plan.MAGIC_NUMBER:
            return number
        raise TwilioError(MAGIC_FROM.get(number, 21606))
    if not phones.can(row, "sms") and not (draft.media_urls and phones.can(row, "mms")):
        raise TwilioError(21606)
    if draft.media_urls and not phones.can(row, "mms"):
        raise TwilioError(21621)
    reachable = phones.country(draft.to_number) not in phones.NORTH_AMERICA
    if not reachable and phones.country(number) not in phones.NORTH_AMERICA:
        raise TwilioError(21612)
    if draft.service_sid:
        member = world.members.get(row.sid)
        if member is None or member.service_sid != draft.service_sid:
            raise TwilioError(21711, status=400)
    return number


def check_consent(world: World, account: Account, draft: Draft) -> None:
    """21610 for a phone that has opted out of the sender, or of its service."""
    senders = [draft.service_sid] if draft.service_sid else []
    if draft.from_number:
        if (
            phones.is_toll_free(draft.from_number)
            and world.switch("toll_free_opt_out") == "blocked"
        ):
            return
        row = world.by_phone_number.get(draft.from_number)
        sid = row.sid if row is not None else ""
        senders += phones.senders_of(world, sid, draft.from_number)
    if phones.is_opted_out(world, senders, draft.to_number):
        raise TwilioError(21610)
