"""Whether a phone number can be ported (twilio-facts 3): a look at the accounts of this world, at
what runs already, and at what the control API says of the world outside.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from twilio_sandbox import plan
from twilio_sandbox.context import Context
from twilio_sandbox.http import Response, json_response
from twilio_sandbox.operations import Operation
from twilio_sandbox.parameters import Parameter, sid
from twilio_sandbox.porting.rows import Carrier, PortInNumber
from twilio_sandbox.world import Account, World

LOCAL, MOBILE, TOLL_FREE, UNKNOWN = "LOCAL", "MOBILE", "TOLL-FREE", "UNKNOWN"
NUMBER_TYPES = (LOCAL, MOBILE, TOLL_FREE, UNKNOWN)

INVALID, UNSUPPORTED, IN_TARGET, OTHER_OWNER = 22102, 22130, 22131, 22132
MANUAL, SAME_OWNER, IN_PROGRESS, MISSING_FIELDS = 22133, 22136, 22137, 22171
UNAUTHORIZED = 20003

# Twilio publishes no name for 22137: ours.
REASONS: dict[int, str] = {
    INVALID: "INVALID_PHONE_NUMBER",
    UNSUPPORTED: "UNSUPPORTED",
    IN_TARGET: "ALREADY_IN_THE_TARGET_ACCOUNT",
    OTHER_OWNER: "ALREADY_IN_TWILIO_DIFFERENT_OWNER",
    MANUAL: "MANUAL_PORTING_AVAILABLE",
    22135: "ERROR_INTERNAL_SERVER_ERROR",
    SAME_OWNER: "ALREADY_IN_ONE_OF_YOUR_TWILIO_ACCOUNTS",
    IN_PROGRESS: "PORT_IN_ALREADY_IN_PROGRESS",
    MISSING_FIELDS: "MISSING_REQUIRED_FIELDS",
    UNAUTHORIZED: "UNAUTHORIZED",
}

# Twilio's own example is no number of the North American plan, and is answered (twilio-facts 3).
EXAMPLE = "+18001234567"

# Digits do not tell an American mobile from a landline: lines that begin with it are mobile here.
MOBILE_LINES = "7"

_COUNTRIES = {"44": "GB", "81": "JP", "33": "FR", "49": "DE", "34": "ES", "61": "AU", "52": "MX"}
_BY_HAND = ("CA", "GB", "JP")  # what support ports; other countries are not served
_CANADIAN = (  # area codes
    "204 226 236 249 250 257 263 289 306 343 354 365 367 368 382 387 403 416 418 428 "
    "431 437 438 450 460 468 474 506 514 519 537 548 579 581 584 587 604 613 639 647 "
    "672 683 705 709 742 753 778 780 782 807 819 825 867 873 879 902 905 942 "
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What Twilio says of a number; `code` is None when it can be ported."""

    code: int | None = None
    number_type: str = UNKNOWN
    country: str | None = None
    account_sid: str | None = None  # the account of yours that has it
    pin_required: bool = False

    @property
    def portable(self) -> bool:
        return self.code is None

    @property
    def reason(self) -> str | None:
        return None if self.code is None else REASONS[self.code]


def describe(world: World, phone_number: str) -> Verdict:
    """Country and type of a number, and whether its carrier wants a PIN; portable as yet."""
    carrier = world.carriers.get(phone_number) or Carrier(phone_number, "", 0, 0.0, 0.0)
    country, number_type = _kind(phone_number)
    country = carrier.country or country
    number_type = carrier.number_type or number_type
    pin_required = carrier.pin_and_account_number_required
    if pin_required is None:
        pin_required = country == "US" and number_type == MOBILE
    return Verdict(None, number_type, country, pin_required=pin_required)


def _kind(phone_number: str) -> tuple[str | None, str]:
    """(country, type) by the digits."""
    if phone_number.startswith("+1"):
        code = phone_number[2:5]
        if code in plan.TOLL_FREE_CODES:
            return "US", TOLL_FREE
        mobile = phone_number[8:9] == MOBILE_LINES
        return "CA" if f"{code} " in _CANADIAN else "US", MOBILE if mobile else LOCAL
    if area := plan.locate(phone_number):
        return area.country, area.type.upper().replace(" ", "-")
    return _COUNTRIES.get(phone_number[1:3]), UNKNOWN


def judge(
    world: World,
    phone_number: str,
    target: Account,
    *,
    address_sid: str | None = None,
    port: PortInNumber | None = None,
) -> Verdict:
    """Whether the number can be ported into an account, with the first reason why not.

    What the control API said of the number comes before what follows from this world. `port` is
    the number of a request that is being looked at: it does not stand in its own way.
    """
    if not plan.is_valid(phone_number) and phone_number != EXAMPLE:
        return Verdict(INVALID)
    verdict = describe(world, phone_number)
    holder = _holder(world, phone_number)
    if holder is not None and holder.owner_sid == target.owner_sid:
        verdict = replace(verdict, account_sid=holder.sid)
    carrier = world.carriers.get(phone_number)
    if carrier is not None and carrier.code is not None:
        return replace(verdict, code=carrier.code or None)
    claim = world.claims.get(phone_number)
    gaining = world.accounts[claim.account_sid] if claim and claim is not port else None
    if holder is None and gaining is not None:
        return replace(verdict, code=_of_port(world, gaining, target))
    if holder is not None:
        return replace(verdict, code=_of_holder(holder, target))
    return replace(verdict, code=_of_number(world, phone_number, verdict, address_sid))


def _holder(world: World, phone_number: str) -> Account | None:
    number = world.by_phone_number.get(phone_number)
    return world.accounts[number.account_sid] if number is not None else None


def _of_port(world: World, gaining: Account, target: Account) -> int:
    """A port of the number runs already, into an account of yours or of others."""
    related = gaining.owner_sid == target.owner_sid
    if related and world.switch("portability_while_porting") == "in_progress":
        return IN_PROGRESS
    return _of_holder(gaining, target)


def _of_number(
    world: World, phone_number: str, seen: Verdict, address_sid: str | None
) -> int | None:
    """The number is in no account: what its country and type allow."""
    if world.is_in_pool(phone_number):
        return OTHER_OWNER
    if seen.number_type == TOLL_FREE:
        return MANUAL
    if seen.country == "US":
        return None
    area = plan.locate(phone_number)
    if area and not address_sid and plan.address_requirements(area.country, area.type) != "none":
        return MISSING_FIELDS
    return MANUAL if seen.country in _BY_HAND else UNSUPPORTED


def _of_holder(holder: Account, target: Account) -> int:
    if holder is target:
        return IN_TARGET
    return SAME_OWNER if holder.owner_sid == target.owner_sid else OTHER_OWNER


def fetch(context: Context) -> Response:
    """The portability of one number; not portable is 200 or 400, as the switch says."""
    caller, world = context.active_account(), context.world
    given = context.read()
    phone_number = context.args["PhoneNumber"]
    target = world.accounts.get(given.get("TargetAccountSid") or caller.sid)
    if target is None or caller.sid not in (target.sid, target.owner_sid):
        verdict = Verdict(UNAUTHORIZED)
    else:
        verdict = judge(world, phone_number, target, address_sid=given.get("AddressSid"))
    status = 200 if verdict.portable else int(world.switch("not_portable_status"))
    return json_response(
        status,
        {
            "phone_number": phone_number,
            "account_sid": verdict.account_sid,
            "portable": verdict.portable,
            "pin_and_account_number_required": verdict.pin_required,
            "not_portable_reason": verdict.reason,
            "not_portable_reason_code": verdict.code,
            "number_type": verdict.number_type,
            "country": verdict.country,
            "url": f"{context.base_url('numbers')}/v1/Porting/Portability/PhoneNumber/"
            f"{phone_number}",
        },
    )


OPERATIONS = [
    Operation(
        "GET",
        "numbers",
        "/v1/Porting/Portability/PhoneNumber/{PhoneNumber}",
        fetch,
        (Parameter("TargetAccountSid", sid("AC")), Parameter("AddressSid", sid("AD"))),
    ),
]
