"""IncomingPhoneNumbers: list, fetch, buy, update, transfer, release (twilio-facts 1.1, 1.2, 2)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from twilio_sandbox import emergency, plan, purchases, transfers
from twilio_sandbox.clock import rfc2822
from twilio_sandbox.context import VERSION, Context
from twilio_sandbox.errors import TwilioError
from twilio_sandbox.holdings import requirements
from twilio_sandbox.http import Response, json_response
from twilio_sandbox.monitor import events
from twilio_sandbox.operations import ACCOUNT, Operation
from twilio_sandbox.paging import page
from twilio_sandbox.parameters import Parameter, flag, sid, text
from twilio_sandbox.plan import Able
from twilio_sandbox.settings import COMPUTED, DEFAULTS, PARAMETERS, apply_settings
from twilio_sandbox.world import Account, Number

_to_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
# Quotes inside of texts are escaped in JSON, so these are found only as fields.
_TYPE = re.compile(rb',"type":"[^"]*"')
_NOT_IN_LISTS = re.compile(rb',"type":"[^"]*"|,"fax":(?:true|false)')
TYPES = {"Local": "local", "Mobile": "mobile", "TollFree": "toll free"}  # by the end of the path


def resource(number: Number) -> dict[str, Any]:
    """The number with exactly Twilio's fields."""
    return {**_common(*_kind_of(number)), **_own(number), **number.changes}


def rendered(number: Number) -> bytes:
    """The resource as JSON, kept until the number changes: pages are made of these."""
    if number.rendered is None:
        if number.changes:
            number.rendered = _to_json(resource(number)).encode()
        else:
            common = _common_json(*_kind_of(number))
            number.rendered = f"{common},{_to_json(_own(number))[1:]}".encode()
    return number.rendered


def _listed_by_type(number: Number) -> bytes:
    """As the lists of one type have it: without its type, and without faxes."""
    return _NOT_IN_LISTS.sub(b"", rendered(number))


def _place(number: Number) -> tuple[str, str]:
    """(country, type) by the digits; another country's number is taken for a local one."""
    area = plan.locate(number.phone_number)
    return (area.country, area.type) if area else ("", "local")


def _kind_of(number: Number) -> tuple[str, str, str, Able]:
    """What decides about the fields that it shares with others: account, place, capabilities."""
    return number.account_sid, *_place(number), plan.capabilities(number.phone_number)


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
def _common(account_sid: str, country: str, number_type: str, able: Able) -> dict[str, Any]:
    """The fields that all unchanged numbers of a kind in an account share."""
    voice, sms, mms = able
    return {
        **{name: value for name, value in DEFAULTS.items() if name not in COMPUTED},
        "account_sid": account_sid,
        "address_requirements": plan.address_requirements(country, number_type),
        "capabilities": {"voice": voice, "sms": sms, "mms": mms, "fax": False},
        "type": number_type,
    }


@cache
def _common_json(account_sid: str, country: str, number_type: str, able: Able) -> str:
    """The same as the beginning of a JSON object."""
    return _to_json(_common(account_sid, country, number_type, able))[:-1]


def kind(number: Number) -> str:
    """`local`, `mobile`, `national` or `toll free`."""
    return str(number.changes.get("type") or _place(number)[1])


def friendly_name(number: Number) -> str:
    return str(number.changes.get("friendly_name", plan.written(number.phone_number)))


def list_numbers(context: Context) -> Response:
    """All numbers of the account, or those of the type in the path, newest first."""
    account, given, wanted = context.active_account(), context.read(), _type_in_path(context)
    tests = _filters(given, wanted)
    exact = given.get("PhoneNumber", "")
    rows = context.world.numbers.of(account.sid)
    if plan.E164.fullmatch(exact) and exact in context.world.by_phone_number:
        found = context.world.by_phone_number[exact]
        rows = [found] if found.account_sid == account.sid else []
    if tests:
        rows = [row for row in rows if all(test(row) for test in tests)]
    render = _listed_by_type if wanted else rendered
    return page(context, "incoming_phone_numbers", rows, render)


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
    wanted = _type_in_path(context)
    body = rendered(purchases.carry_out(context, wanted))
    if wanted:  # what the path says is not said again
        body = _TYPE.sub(b"", body)
    return Response(201, body, {"Content-Type": "application/json"})


def update(context: Context) -> Response:
    """Change settings; with `AccountSid`, move the number inside the family."""
    world, number, given = context.world, _number(context), context.read()
    before, account = resource(number), world.accounts[number.account_sid]
    gaining = account
    if target := given.get("AccountSid"):
        gaining = transfers.gaining_account(context, number, target)
    moves = gaining is not account
    changes = transfers.what_stays(world, number) if moves else dict(number.changes)
    apply_settings(changes, given)
    if moves or not _REGULATED.isdisjoint(given):
        requirements.check(world, gaining, plan.locate(number.phone_number), changes)
    requirements.check_address_is_ours(world, gaining, given.get("EmergencyAddressSid"))
    number.changes = changes
    world.changed(number)
    if moves:
        world.move(number, gaining)
    if "EmergencyAddressSid" in given:
        emergency.set_address(world, number, given["EmergencyAddressSid"])
    _record_update(context, account, number, before)
    return json_response(200, resource(number))


def _record_update(
    context: Context, losing: Account, number: Number, before: dict[str, Any]
) -> None:
    """One event, and one more in the account that lost the number."""
    changes = events.differences(before, resource(number))
    moved = number.account_sid != losing.sid
    event_type = "phone-number.transferred" if moved else "phone-number.updated"
    events.record(context, event_type, number, "phone-number", changes)
    if moved:
        events.record(context, event_type, number, "phone-number", changes, account_sid=losing.sid)


def release(context: Context) -> Response:
    """Give the number back; its emergency address has to be removed first (twilio-facts 2)."""
    number = _number(context)
    emergency.check_release(number.changes)
    if number.release_refused is not None:
        raise TwilioError(number.release_refused)
    events.record(context, "phone-number.deleted", number, "phone-number")
    context.world.release(number)
    return Response(204)


def _number(context: Context) -> Number:
    return context.find(context.world.numbers, context.active_account())


_REGULATED = frozenset({"AddressSid", "BundleSid", "IdentitySid"})
_FILTERS = (
    Parameter("Beta", flag),
    Parameter("FriendlyName", text()),
    Parameter("PhoneNumber", text()),
    Parameter("Origin", text()),
)
_WANTED = (Parameter("PhoneNumber", text()), Parameter("AreaCode", text()))
_OF_THE_TYPE = (Parameter("PhoneNumber", text(), required=True),)
_TARGET = (Parameter("AccountSid", sid("AC", code=21470)),)
_ALL = f"{ACCOUNT}/IncomingPhoneNumbers.json"
_ONE = f"{ACCOUNT}/IncomingPhoneNumbers/{{Sid}}.json"
_OF_A_TYPE = [f"{ACCOUNT}/IncomingPhoneNumbers/{name}.json" for name in TYPES]
OPERATIONS = [
    *(Operation("GET", "api", path, list_numbers, _FILTERS) for path in [_ALL, *_OF_A_TYPE]),
    Operation("POST", "api", _ALL, buy, (*_WANTED, *PARAMETERS)),
    *(Operation("POST", "api", path, buy, (*_OF_THE_TYPE, *PARAMETERS)) for path in _OF_A_TYPE),
    Operation("GET", "api", _ONE, fetch),
    Operation("POST", "api", _ONE, update, (*_TARGET, *PARAMETERS)),
    Operation("DELETE", "api", _ONE, release),
]
