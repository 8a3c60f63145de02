"""AvailablePhoneNumbers: what is on sale (twilio-facts 1.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, count
from typing import Any

from twilio_sandbox import nearby, plan
from twilio_sandbox.context import VERSION, Context
from twilio_sandbox.errors import TwilioError
from twilio_sandbox.http import Response, json_response
from twilio_sandbox.operations import ACCOUNT, Operation
from twilio_sandbox.paging import size_and_number
from twilio_sandbox.parameters import Parameter, flag, text, whole_number
from twilio_sandbox.plan import Area
from twilio_sandbox.world import Account, World

_LINKS = {
    "Local": "local",
    "TollFree": "toll_free",
    "Mobile": "mobile",
    "National": "national",
}
_KEYPAD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
MAX_OFFERS = 30
_SPELLINGS = {"mixed": ("voice", "SMS", "MMS"), "lower": ("voice", "sms", "mms")}  # facts C 1
_REMEMBERED_SECONDS = 86_400.0
_LOOKED_AT = 5_000  # numbers of an area that are held against a pattern, so that it ends soon


def list_countries(context: Context) -> Response:
    account, (size, _) = context.active_account(), size_and_number(context)
    base = f"/{VERSION}/Accounts/{account.sid}/AvailablePhoneNumbers"
    countries = [_country(base, code) for code in plan.ON_SALE][:size]
    return json_response(200, {"countries": countries, "uri": f"{base}.json"})


def fetch_country(context: Context) -> Response:
    account = context.active_account()
    country = context.args["CountryCode"]
    if country not in plan.ON_SALE:
        raise context.not_found()
    base = f"/{VERSION}/Accounts/{account.sid}/AvailablePhoneNumbers"
    return json_response(200, _country(base, country))


def _country(base: str, code: str) -> dict[str, Any]:
    return {
        "beta": False,
        "country": plan.COUNTRIES[code],
        "country_code": code,
        "subresource_uris": {
            _LINKS[kind]: f"{base}/{code}/{kind}.json" for kind in plan.ON_SALE[code]
        },
        "uri": f"{base}/{code}.json",
    }


def search(context: Context) -> Response:
    """Free numbers of a country and type; all filters given have to hold."""
    account = context.active_account()
    country = context.args["CountryCode"]
    kind = context.request.path.rpartition("/")[2].removesuffix(".json")
    areas = plan.ON_SALE.get(country, {}).get(kind)
    if areas is None:
        raise context.not_found()
    given, size = context.read(), _size(context)
    contains = given.get("Contains")
    pattern = _contains(contains)
    found: dict[str, dict[str, Any]] = {}
    spelled = _SPELLINGS[context.world.switch("available_capabilities")]
    for area in nearby.nearest_first(given, _matching_areas(given, areas)):
        exact = _exact(context.world, area, contains or "")
        for phone_number in chain(exact, stock(context.world, area, pattern)):
            if len(found) == size:
                break
            if _is_able(given, phone_number):
                found[phone_number] = _offer(area, phone_number, spelled)
    uri = f"/{VERSION}/Accounts/{account.sid}/AvailablePhoneNumbers/{country}/{kind}.json"
    return json_response(200, {"available_phone_numbers": list(found.values()), "uri": uri})


def _size(context: Context) -> int:
    """At most thirty whatever `PageSize` says, unless the switch has it otherwise (facts C 2)."""
    size, _ = size_and_number(context)
    return size if context.world.switch("available_rows") == "page_size" else min(size, MAX_OFFERS)


def _matching_areas(given: dict[str, Any], areas: list[Area]) -> list[Area]:
    """`AreaCode` counts in North America only; `InRateCenter` needs `InLata` (twilio-facts 1.4)."""
    if given.get("InRateCenter") and not given.get("InLata"):
        raise TwilioError(20001, "InRateCenter needs InLata")
    is_american = any(plan.CALLING_CODES[area.country] == "1" for area in areas)
    wanted = {
        "code": str(given.get("AreaCode", "")) if is_american else None,
        "region": given.get("InRegion"),
        "locality": given.get("InLocality"),
        "rate_center": given.get("InRateCenter"),
        "lata": given.get("InLata"),
        "postal_code": given.get("InPostalCode"),
    }
    return [
        area
        for area in areas
        if all(not value or value == getattr(area, name) for name, value in wanted.items())
        and _is_allowed(given, area)
    ]


def _is_able(given: dict[str, Any], phone_number: str) -> bool:
    """Whether a number can do what is asked for; `false` asks for nothing (twilio-facts C 3)."""
    voice, sms, mms = plan.capabilities(phone_number)
    asked = {"VoiceEnabled": voice, "SmsEnabled": sms, "MmsEnabled": mms}
    return all(able or not given.get(name) for name, able in asked.items())


def _is_allowed(given: dict[str, Any], area: Area) -> bool:
    """Whether numbers of the area need no excluded address; none can receive faxes."""
    if given.get("FaxEnabled"):
        return False
    needs = plan.address_requirements(area.country, area.type)
    excluded = {"ExcludeAllAddressRequired": needs != "none"}
    excluded["ExcludeLocalAddressRequired"] = needs == "local"
    excluded["ExcludeForeignAddressRequired"] = needs == "foreign"
    return not any(hit and given.get(name) for name, hit in excluded.items())


def _contains(text: str | None) -> re.Pattern[str] | None:
    """`Contains`: digits and letters, `*` one character, `%` any, leading `+`, trailing `$`."""
    if not text:
        return None
    if not 2 <= len(text) <= 16 or not re.fullmatch(r"\+?[0-9A-Za-z*%]+\$?", text):
        raise TwilioError(20001, "Contains is not a valid pattern")
    parts = {"*": "[0-9]", "%": "[0-9]*"}
    inner = "".join(parts.get(c, c) for c in text.strip("+$").upper().translate(_KEYPAD))
    return re.compile((r"^\+" if text[0] == "+" else "") + inner + ("$" if text[-1] == "$" else ""))


def _exact(world: World, area: Area, contains: str) -> list[str]:
    """The one number meant when `Contains` is a whole number, if it is in the area and free."""
    digits = contains.strip("+$")
    candidates = [f"+{digits}", f"+{plan.CALLING_CODES[area.country]}{digits}"]
    return [
        number
        for number in candidates
        if number.startswith(area.prefix)
        and plan.is_valid(number)
        and area_on_sale(world, number) is not None
    ]


def stock(world: World, area: Area, pattern: re.Pattern[str] | None = None) -> Iterator[str]:
    """The area's free numbers in the order of its sequence.

    Where they begin is remembered for a day, so that a purchase does not pass by all that was sold
    before; by then what became free again is back on sale.
    """
    since, begin = world.sold_out.get(area.prefix, (world.now(), 0))
    if not 0 <= world.now() - since < _REMEMBERED_SECONDS:
        since, begin = world.now(), 0
    for position in count(begin) if pattern is None else range(begin, begin + _LOOKED_AT):
        phone_number = plan.nth_number(area, position, world.seed)
        if phone_number is None:
            return
        if not world.is_free(phone_number):
            if position == begin:
                begin += 1
                world.sold_out[area.prefix] = since, begin
        elif pattern is None or pattern.search(phone_number):
            yield phone_number


def first_in_area_code(world: World, area_code: str) -> tuple[str, Area] | None:
    """A free North American number of the area code; 500 has Twilio's magic number alone."""
    area = plan.locate(f"+1{area_code}5550100")
    if area is None:
        return None
    offers = iter([plan.MAGIC_NUMBER]) if area is plan.MAGIC_AREA else stock(world, area)
    return next(((number, area) for number in offers if world.is_free(number)), None)


def area_on_sale(world: World, phone_number: str, account: Account | None = None) -> Area | None:
    """Where a number belongs that may be bought now, by anybody or by this account; else None."""
    area = plan.locate(phone_number)
    if area is plan.MAGIC_AREA and phone_number != plan.MAGIC_NUMBER:
        return None
    free = world.may_buy(phone_number, account) if account else world.is_free(phone_number)
    return area if free else None


def _offer(area: Area, phone_number: str, spelled: tuple[str, ...]) -> dict[str, Any]:
    return {
        "address_requirements": plan.address_requirements(area.country, area.type),
        "beta": False,
        "capabilities": dict(zip(spelled, plan.capabilities(phone_number), strict=True)),
        "friendly_name": plan.written(phone_number),
        "iso_country": area.country,
        "lata": area.lata,
        "latitude": area.latitude,
        "locality": area.locality,
        "longitude": area.longitude,
        "phone_number": phone_number,
        "postal_code": area.postal_code,
        "rate_center": area.rate_center,
        "region": area.region,
    }


_FILTERS = (
    Parameter("AreaCode", whole_number()),
    Parameter("Contains", text()),
    *(
        Parameter(name, flag)
        for name in (
            "SmsEnabled",
            "MmsEnabled",
            "VoiceEnabled",
            "FaxEnabled",
            "ExcludeAllAddressRequired",
            "ExcludeLocalAddressRequired",
            "ExcludeForeignAddressRequired",
            "Beta",
        )
    ),
    Parameter("NearNumber", text()),
    Parameter("NearLatLong", text()),
    Parameter("Distance", whole_number(0, 500)),
    *(
        Parameter(name, text())
        for name in ("InPostalCode", "InRegion", "InRateCenter", "InLata", "InLocality")
    ),
)
_BASE = f"{ACCOUNT}/AvailablePhoneNumbers"
_COUNTRY = f"{_BASE}/{{CountryCode}}"
_KINDS = ("Local", "TollFree", "Mobile", "National", "Voip", "SharedCost", "MachineToMachine")
OPERATIONS = [
    Operation("GET", "api", f"{_BASE}.json", list_countries),
    Operation("GET", "api", f"{_COUNTRY}.json", fetch_country),
    *(Operation("GET", "api", f"{_COUNTRY}/{kind}.json", search, _FILTERS) for kind in _KINDS),
]
