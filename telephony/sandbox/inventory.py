"""IncomingPhoneNumbers: list, fetch, buy, update, transfer, release (twilio-facts 1.1, 1.2, 2)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from telephony.sandbox import available, plan
from telephony.sandbox.clock import rfc2822
from telephony.sandbox.context import VERSION, Context
from telephony.sandbox.errors import TwilioError
from telephony.sandbox.http import Response, json_response
from telephony.sandbox.operations import ACCOUNT, Operation
from telephony.sandbox.paging import page
from telephony.sandbox.parameters import Parameter, flag, sid, text
from telephony.sandbox.plan import Area
from telephony.sandbox.settings import COMPUTED, DEFAULTS, PARAMETERS, apply_settings
from telephony.sandbox.world import Account, Number, World

_to_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
TYPES = {"Local": "local", "Mobile": "mobile", "TollFree": "toll free"}  # by the end of the path


def resource(number: Number) -> dict[str, Any]:
    """The number with exactly Twilio's fields."""
    return {**_common(number.account_sid, *_place(number)), **_own(number), **number.changes}


def rendered(number: Number) -> bytes:
    """The resource as JSON, kept until the number changes: pages are made of these."""
    if number.rendered is None:
        if number.changes:
            number.rendered = _to_json(resource(number)).encode()
        else:
            common = _common_json(number.account_sid, *_place(number))
            number.rendered = f"{common},{_to_json(_own(number))[1:]}".encode()
    return number.rendered


def _place(number: Number) -> tuple[str, str]:
    """(country, type) by the digits; another country's number is taken for a local one."""
    area = plan.locate(number.phone_number)
    return (area.country, area.type) if area else ("", "local")


def _own(number: Number) -> dict[str, str]:
    """The fields that no two numbers share."""
    return {
        "date_created": rfc2822(number.created),
        "date_updated": rfc2822(number.updated),
        "friendly_name": plan.written(number.phone_number),
        "phone_number": number.phone_number,
        "sid": number.sid,
        "uri": f"/{VERSION}/Accounts/{number.account_sid}/IncomingPhoneNumbers/{number.sid}.json",
    }


@cache
def _common(account_sid: str, country: str, number_type: str) -> dict[str, Any]:
    """The fields that all unchanged numbers of a type in an account share."""
    voice, sms, mms = plan.capabilities(country, number_type)
    return {
        **{name: value for name, value in DEFAULTS.items() if name not in COMPUTED},
        "account_sid": account_sid,
        "address_requirements": plan.address_requirements(country, number_type),
        "capabilities": {"voice": voice, "sms": sms, "mms": mms, "fax": False},
        "type": number_type,
    }


@cache
def _common_json(account_sid: str, country: str, number_type: str) -> str:
    """The same as the beginning of a JSON object."""
    return _to_json(_common(account_sid, country, number_type))[:-1]


def kind(number: Number) -> str:
    """`local`, `mobile` or `toll free`."""
    return str(number.changes.get("type") or _place(number)[1])


def friendly_name(number: Number) -> str:
    return str(number.changes.get("friendly_name", plan.written(number.phone_number)))


def list_numbers(context: Context) -> Response:
    """All numbers of the account, or those of the type in the path, newest first."""
    account, given = context.active_account(), context.read()
    tests = _filters(given, _type_in_path(context))
    exact = given.get("PhoneNumber", "")
    rows = context.world.numbers.of(account.sid)
    if plan.E164.fullmatch(exact) and exact in context.world.by_phone_number:
        found = context.world.by_phone_number[exact]
        rows = [found] if found.account_sid == account.sid else []
    if tests:
        rows = [row for row in rows if all(test(row) for test in tests)]
    return page(context, "incoming_phone_numbers", rows, rendered)


def _type_in_path(context: Context) -> str | None:
    return TYPES.get(context.request.path.rpartition("/")[2].removesuffix(".json"))


def _filters(given: dict[str, Any], wanted: str | None) -> list[Callable[[Number], bool]]:
    tests: list[Callable[[Number], bool]] = []
    if wanted:
        tests.append(lambda row: kind(row) == wanted)
    if digits := given.get("PhoneNumber"):
        pattern = _partial(digits)
        tests.append(lambda row: pattern.search(row.phone_number) is not None)
    if name := given.get("FriendlyName"):
        tests.append(lambda row: friendly_name(row) == name)
    if given.get("Beta") is False:  # true includes both kinds, as no filter does
        tests.append(lambda row: not row.changes.get("beta", DEFAULTS["beta"]))
    if origin := given.get("Origin"):
        tests.append(lambda row: row.changes.get("origin", DEFAULTS["origin"]) == origin)
    return tests


def _partial(digits: str) -> re.Pattern[str]:
    """`PhoneNumber` of a list: a part of the number, in which `*` is any digit."""
    if not re.fullmatch(r"\+?[0-9*]+", digits):
        raise TwilioError(21421, "PhoneNumber may contain digits, * and a leading +")
    start = "^" if digits.startswith("+") else ""
    return re.compile(start + re.escape(digits).replace(r"\*", "[0-9]"))


def fetch(context: Context) -> Response:
    return Response(200, rendered(_number(context)), {"Content-Type": "application/json"})


def buy(context: Context) -> Response:
    """Take a free number into the account, by `PhoneNumber` or by `AreaCode`."""
    account = context.active_account()
    given = context.read()
    wanted = _type_in_path(context)
    phone_number, area = _wanted_number(context.world, given)
    if wanted and area.type != wanted:
        raise TwilioError(21422, f"{phone_number} is not available")
    changes: dict[str, Any] = {}
    apply_settings(changes, given)
    needs_address = plan.address_requirements(area.country, area.type) != "none"
    if needs_address and "address_sid" not in changes:
        raise TwilioError(21631)
    number = context.world.add_number(account, phone_number, changes)
    return json_response(201, resource(number))


def _wanted_number(world: World, given: dict[str, Any]) -> tuple[str, Area]:
    """The free number that is asked for, and where it belongs."""
    phone_number, area_code = given.get("PhoneNumber"), given.get("AreaCode")
    if phone_number:
        if phone_number == plan.MAGIC_INVALID or not plan.is_valid(phone_number):
            raise TwilioError(21421, f"{phone_number} is not a valid phone number")
        area = available.area_on_sale(world, phone_number)
        if area is None:
            raise TwilioError(21422, f"{phone_number} is not available")
        return phone_number, area
    if not area_code:
        raise TwilioError(20001, "PhoneNumber or AreaCode is required")
    if not re.fullmatch(r"[2-9]\d\d", area_code):
        raise TwilioError(21451)
    found = available.first_in_area_code(world, area_code)
    if found is None:
        raise TwilioError(21452, f"No phone numbers were found in area code {area_code}")
    return found


def update(context: Context) -> Response:
    """Change settings; with `AccountSid`, move the number inside the family."""
    number, given = _number(context), context.read()
    target = given.get("AccountSid")
    gaining = _gaining_account(context, number, target) if target else None
    changes = dict(number.changes)
    apply_settings(changes, given)
    number.changes = changes
    context.world.changed(number)
    if gaining is not None and gaining.sid != number.account_sid:
        context.world.move(number, gaining)
    return json_response(200, resource(number))


def _gaining_account(context: Context, number: Number, account_sid: str) -> Account:
    """Where the number goes, or why it cannot (twilio-facts 1.6)."""
    gaining = context.world.accounts.get(account_sid)
    if gaining is None:
        raise TwilioError(21471)
    losing = context.world.accounts[number.account_sid]
    if gaining.owner_sid != losing.owner_sid:
        raise TwilioError(21473)
    if not context.caller.is_main and gaining is not losing:
        raise TwilioError(21474)
    if context.world.status(gaining) != "active":
        raise TwilioError(21472)
    return gaining


def release(context: Context) -> Response:
    """Give the number back; its emergency address has to be removed first (twilio-facts 2)."""
    number = _number(context)
    if number.changes.get("emergency_status") == "Active":
        raise TwilioError(20001, "Remove the emergency address before releasing the phone number")
    context.world.release(number)
    return Response(204)


def _number(context: Context) -> Number:
    return context.find(context.world.numbers, context.active_account())


_FILTERS = (
    Parameter("Beta", flag),
    Parameter("FriendlyName", text()),
    Parameter("PhoneNumber", text()),
    Parameter("Origin", text()),
)
_WANTED = (Parameter("PhoneNumber", text()), Parameter("AreaCode", text()))
_TARGET = (Parameter("AccountSid", sid("AC", code=21470)),)
_ALL = f"{ACCOUNT}/IncomingPhoneNumbers.json"
_ONE = f"{ACCOUNT}/IncomingPhoneNumbers/{{Sid}}.json"
_OF_A_TYPE = [f"{ACCOUNT}/IncomingPhoneNumbers/{name}.json" for name in TYPES]
OPERATIONS = [
    *(Operation("GET", "api", path, list_numbers, _FILTERS) for path in [_ALL, *_OF_A_TYPE]),
    *(Operation("POST", "api", path, buy, (*_WANTED, *PARAMETERS)) for path in [_ALL, *_OF_A_TYPE]),
    Operation("GET", "api", _ONE, fetch),
    Operation("POST", "api", _ONE, update, (*_TARGET, *PARAMETERS)),
    Operation("DELETE", "api", _ONE, release),
]
