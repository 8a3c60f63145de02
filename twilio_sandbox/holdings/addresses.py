"""Addresses of the 2010 API, and the numbers that depend on them."""

from __future__ import annotations

import json
from typing import Any

from twilio_sandbox import inventory
from twilio_sandbox.clock import rfc2822
from twilio_sandbox.context import VERSION, Context
from twilio_sandbox.errors import TwilioError
from twilio_sandbox.holdings.rows import Address
from twilio_sandbox.http import Response, json_response
from twilio_sandbox.operations import ACCOUNT, Operation
from twilio_sandbox.paging import page
from twilio_sandbox.parameters import Parameter, flag, matching, text
from twilio_sandbox.world import Number, World

# parameter -> field
_REQUIRED = {
    "CustomerName": "customer_name",
    "Street": "street",
    "City": "city",
    "Region": "region",
    "PostalCode": "postal_code",
}
_OPTIONAL = {"FriendlyName": "friendly_name", "StreetSecondary": "street_secondary"}
_FLAG = {"EmergencyEnabled": "emergency_enabled"}
_FIELDS = _REQUIRED | _OPTIONAL | _FLAG
_LEFT_OUT = frozenset(  # what a number shows, but not in the list of those that depend on one
    {
        "address_sid",
        "beta",
        "bundle_sid",
        "emergency_address_status",
        "identity_sid",
        "origin",
        "status",
        "type",
        "voice_receive_mode",
    }
)


def resource(address: Address) -> dict[str, Any]:
    """The address with exactly Twilio's fields; nobody validates or verifies it here."""
    return {
        "account_sid": address.account_sid,
        "city": address.city,
        "customer_name": address.customer_name,
        "date_created": rfc2822(address.created),
        "date_updated": rfc2822(address.updated),
        "emergency_enabled": address.emergency_enabled,
        "friendly_name": address.friendly_name,
        "iso_country": address.iso_country,
        "postal_code": address.postal_code,
        "region": address.region,
        "sid": address.sid,
        "street": address.street,
        "street_secondary": address.street_secondary,
        "validated": False,
        "verified": False,
        "uri": f"/{VERSION}/Accounts/{address.account_sid}/Addresses/{address.sid}.json",
    }


def list_addresses(context: Context) -> Response:
    """All addresses; every filter given has to hold, names exactly."""
    account, given = context.active_account(), context.read()
    wanted = {
        "customer_name": given.get("CustomerName") or None,
        "friendly_name": given.get("FriendlyName") or None,
        "emergency_enabled": given.get("EmergencyEnabled"),
        "iso_country": given.get("IsoCountry"),
    }
    rows = [
        row
        for row in context.world.addresses.of(account.sid)
        if all(value is None or value == getattr(row, name) for name, value in wanted.items())
    ]
    return page(context, "addresses", rows, lambda row: json.dumps(resource(row)).encode())


def create(context: Context) -> Response:
    account, given = context.active_account(), context.read()
    fields = {name: given[parameter] for parameter, name in _FIELDS.items() if parameter in given}
    stamp = context.world.stamp("AD", account.sid)
    address = Address(*stamp, iso_country=given["IsoCountry"], **fields)
    return json_response(201, resource(context.world.addresses.add(address)))


def fetch(context: Context) -> Response:
    return json_response(200, resource(_address(context)))


def update(context: Context) -> Response:
    """Everything but the country can be changed; what is required cannot be made empty."""
    address, given = _address(context), context.read()
    for parameter in _REQUIRED:
        if given.get(parameter) == "":
            raise TwilioError(20001, f"{parameter} must not be empty")
    for parameter, name in _FIELDS.items():
        if parameter in given:
            setattr(address, name, given[parameter])
    address.updated = context.world.now()
    context.world.addresses.changed(address)
    return json_response(200, resource(address))


def delete(context: Context) -> Response:
    """Refused as long as a number needs it."""
    address = _address(context)
    if dependent_numbers(context.world, address):
        raise TwilioError(20001, f"Address {address.sid} is in use by a phone number")
    context.world.addresses.remove(address)
    return Response(204)


def dependent_numbers(world: World, address: Address) -> list[Number]:
    """The numbers that name the address, as theirs or for emergencies."""
    return [
        number
        for number in world.numbers.of(address.account_sid)
        if address.sid
        in (number.changes.get("address_sid"), number.changes.get("emergency_address_sid"))
    ]


def list_dependent_numbers(context: Context) -> Response:
    address = context.find(context.world.addresses, context.active_account(), "AddressSid")
    rows = dependent_numbers(context.world, address)
    return page(context, "dependent_phone_numbers", rows, _render_dependent)


def _render_dependent(number: Number) -> bytes:
    """Fewer fields than the number itself has, and capabilities spelled differently."""
    whole = inventory.resource(number)
    able = whole["capabilities"]
    spelled = {"Voice": able["voice"], "SMS": able["sms"], "MMS": able["mms"]}
    shown = {name: value for name, value in whole.items() if name not in _LEFT_OUT}
    return json.dumps(shown | {"capabilities": spelled}).encode()


def _address(context: Context) -> Address:
    return context.find(context.world.addresses, context.active_account())


_country = matching("[A-Z]{2}", "a country code of two capital letters")
_SETTINGS = (
    *(Parameter(name, text()) for name in (*_REQUIRED, *_OPTIONAL)),
    Parameter("EmergencyEnabled", flag),
    Parameter("AutoCorrectAddress", flag),
)
_NEW = (
    *(Parameter(name, text(), required=True) for name in _REQUIRED),
    Parameter("IsoCountry", _country, required=True),
    *_SETTINGS[len(_REQUIRED) :],
)
_FILTERS = (
    Parameter("CustomerName", text()),
    Parameter("FriendlyName", text()),
    Parameter("EmergencyEnabled", flag),
    Parameter("IsoCountry", _country),
)
_ALL, _ONE = f"{ACCOUNT}/Addresses.json", f"{ACCOUNT}/Addresses/{{Sid}}.json"
OPERATIONS = [
    Operation("GET", "api", _ALL, list_addresses, _FILTERS),
    Operation("POST", "api", _ALL, create, _NEW),
    Operation("GET", "api", _ONE, fetch),
    Operation("POST", "api", _ONE, update, _SETTINGS),
    Operation("DELETE", "api", _ONE, delete),
    Operation(
        "GET",
        "api",
        f"{ACCOUNT}/Addresses/{{AddressSid}}/DependentPhoneNumbers.json",
        list_dependent_numbers,
    ),
]
