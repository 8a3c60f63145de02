"""The numbering plan the stand-in knows: areas of six countries.

Every area yields a repeatable sequence of numbers, beginning with those reserved for fiction
(555-01xx in North America, the drama ranges of the regulators elsewhere, where nothing follows).
The seeded inventory, numbers added by tests and the stock on sale all come from that one sequence.
"""

from __future__ import annotations

import re
from typing import NamedTuple

E164 = re.compile(r"\+[1-9]\d{6,14}")
_NORTH_AMERICAN = re.compile(r"\+1[2-9]\d\d[2-9]\d{6}")

CALLING_CODES = {"US": "1", "CA": "1", "GB": "44", "DE": "49", "FR": "33", "AU": "61"}
COUNTRIES = {
    "US": "United States",
    "CA": "Canada",
    "GB": "United Kingdom",
    "DE": "Germany",
    "FR": "France",
    "AU": "Australia",
}


class Area(NamedTuple):
    """A prefix of the numbering plan and where it is."""

    country: str
    type: str  # local | mobile | national | toll free, as in the resource's `type`
    code: str  # digits after the calling code
    length: int  # subscriber digits after the code
    fictional: str  # subscriber prefix reserved for fiction
    locality: str | None = None
    region: str | None = None
    rate_center: str | None = None
    lata: str | None = None
    latitude: str | None = None
    longitude: str | None = None
    postal_code: str | None = None

    @property
    def prefix(self) -> str:
        return f"+{CALLING_CODES[self.country]}{self.code}"


def _america(country: str, row: str) -> Area:
    code, locality, region, rate_center, lata, latitude, longitude, postal = row.split("|")
    return Area(
        country,
        "local",
        code,
        7,
        "55501",
        locality,
        region,
        rate_center,
        lata or None,
        latitude,
        longitude,
        postal,
    )


US_LOCAL = [
    _america("US", row)
    for row in (
        "415|San Francisco|CA|SNFC CNTRL|722|37.774900|-122.419400|94102",
        "212|New York|NY|NWYRCYZN01|132|40.712800|-74.006000|10001",
        "312|Chicago|IL|CHICGOZN01|358|41.878100|-87.629800|60601",
        "512|Austin|TX|AUSTIN|558|30.267200|-97.743100|78701",
        "206|Seattle|WA|SEATTLE|674|47.606200|-122.332100|98101",
        "305|Miami|FL|MIAMI|460|25.761700|-80.191800|33101",
        "617|Boston|MA|BOSTON|128|42.360100|-71.058900|02108",
        "303|Denver|CO|DENVER|656|39.739200|-104.990300|80202",
        "404|Atlanta|GA|ATLANTA|438|33.749000|-84.388000|30303",
        "213|Los Angeles|CA|LSAN DA 01|730|34.052200|-118.243700|90012",
        "602|Phoenix|AZ|PHOENIX|666|33.448400|-112.074000|85004",
        "503|Portland|OR|PORTLAND|672|45.515200|-122.678400|97201",
        "214|Dallas|TX|DALLAS|552|32.776700|-96.797000|75201",
        "713|Houston|TX|HOUSTON|560|29.760400|-95.369800|77002",
        "215|Philadelphia|PA|PHILA|228|39.952600|-75.165200|19103",
        "313|Detroit|MI|DETROIT|340|42.331400|-83.045800|48226",
        "612|Minneapolis|MN|TWINCITIES|628|44.977800|-93.265000|55401",
        "808|Hilo|HI|HILO|834|19.720000|-155.090000|96720",
        "619|San Diego|CA|SNDG|732|32.715700|-117.161100|92101",
        "504|New Orleans|LA|NEWORLEANS|490|29.951100|-90.071500|70112",
    )
]
# Kept for accounts of strangers, so that no seeded number of theirs meets one of ours.
STRANGERS_AREA = _america("US", "702|Las Vegas|NV|LAS VEGAS|721|36.169900|-115.139800|89101")
CA_LOCAL = [
    _america("CA", row)
    for row in (
        "416|Toronto|ON|TORONTO|888|43.653200|-79.383200|M5H",
        "604|Vancouver|BC|VANCOUVER|888|49.282700|-123.120700|V6B",
        "514|Montreal|QC|MONTREAL|888|45.501700|-73.567300|H2Y",
        "403|Calgary|AB|CALGARY|888|51.044700|-114.071900|T2P",
    )
]
TOLL_FREE_CODES = ("800", "888", "877", "866", "855", "844", "833")
US_TOLL_FREE = [Area("US", "toll free", code, 7, "55501") for code in TOLL_FREE_CODES]
CA_TOLL_FREE = [Area("CA", "toll free", code, 7, "55501") for code in TOLL_FREE_CODES]
GB_LOCAL = [
    Area("GB", "local", code, length, fictional, place, "England", latitude=north, longitude=east)
    for code, length, fictional, place, north, east in (
        ("20", 8, "79460", "London", "51.507400", "-0.127800"),
        ("161", 7, "4960", "Manchester", "53.480800", "-2.242600"),
        ("121", 7, "4960", "Birmingham", "52.486200", "-1.890400"),
        ("113", 7, "4960", "Leeds", "53.800800", "-1.549100"),
    )
]
GB_MOBILE = [Area("GB", "mobile", "7700", 6, "900")]
GB_TOLL_FREE = [Area("GB", "toll free", "808", 7, "1570")]
GB_NATIONAL = [Area("GB", "national", "3069", 6, "990")]


def _local(country: str, row: str) -> Area:
    code, length, fictional, locality, region, latitude, longitude = row.split("|")
    return Area(
        country,
        "local",
        code,
        int(length),
        fictional,
        locality,
        region,
        latitude=latitude,
        longitude=longitude,
    )


DE_LOCAL = [
    _local("DE", row)
    for row in (
        "30|8|23125|Berlin|BE|52.520000|13.405000",
        "40|8|66969|Hamburg|HH|53.551100|9.993700",
        "69|8|90009|Frankfurt|HE|50.110900|8.682100",
        "89|8|99998|Munich|BY|48.135100|11.582000",
    )
]
DE_MOBILE = [Area("DE", "mobile", "176", 8, "040690")]
FR_LOCAL = [
    _local("FR", row)
    for row in (
        "1|8|9900|Paris|IDF|48.856600|2.352200",
        "4|8|6571|Marseille|PAC|43.296500|5.369800",
    )
]
FR_MOBILE = [Area("FR", "mobile", "6", 8, "3998")]
AU_LOCAL = [
    _local("AU", row)
    for row in (
        "2|8|5550|Sydney|NSW|-33.868800|151.209300",
        "3|8|5550|Melbourne|VIC|-37.813600|144.963100",
    )
]
AU_MOBILE = [Area("AU", "mobile", "491", 6, "570")]

# The lists of AvailablePhoneNumbers; the US and Canada have no mobile list (twilio-facts 1.4).
ON_SALE: dict[str, dict[str, list[Area]]] = {
    "US": {"Local": [*US_LOCAL, STRANGERS_AREA], "TollFree": US_TOLL_FREE},
    "CA": {"Local": CA_LOCAL, "TollFree": CA_TOLL_FREE},
    "GB": {
        "Local": GB_LOCAL,
        "Mobile": GB_MOBILE,
        "TollFree": GB_TOLL_FREE,
        "National": GB_NATIONAL,
    },
    "DE": {"Local": DE_LOCAL, "Mobile": DE_MOBILE},
    "FR": {"Local": FR_LOCAL, "Mobile": FR_MOBILE},
    "AU": {"Local": AU_LOCAL, "Mobile": AU_MOBILE},
}

# Area code 500 is Twilio's own for the magic numbers of test credentials (twilio-facts 2).
MAGIC_AREA = Area("US", "local", "500", 7, "55500")
MAGIC_NUMBER = "+15005550006"  # can be bought
MAGIC_INVALID = "+15005550001"

_BY_PREFIX = {
    area.prefix: area
    for area in [
        *US_LOCAL,
        STRANGERS_AREA,
        *CA_LOCAL,
        *US_TOLL_FREE,
        *GB_LOCAL,
        *GB_MOBILE,
        *GB_TOLL_FREE,
        MAGIC_AREA,
        *GB_NATIONAL,
        *(DE_LOCAL + DE_MOBILE),
        *(FR_LOCAL + FR_MOBILE),
        *(AU_LOCAL + AU_MOBILE),
    ]
}
_ORDER = {prefix: order for order, prefix in enumerate(_BY_PREFIX)}
_LONGEST, _SHORTEST = max(map(len, _BY_PREFIX)), min(map(len, _BY_PREFIX))

_EXCHANGES = [
    f"{first}{rest:02}"
    for first in range(2, 10)
    for rest in range(100)
    if rest != 11 and (first, rest) != (5, 55)
]
_LINES = 10_000
_STEP = 1_234_577  # coprime to the number of subscriber numbers, so that stepping meets each once


def is_valid(phone_number: str) -> bool:
    """Whether it is E.164, and under +1 a number of the North American plan."""
    shape = _NORTH_AMERICAN if phone_number.startswith("+1") else E164
    return shape.fullmatch(phone_number) is not None


def locate(phone_number: str) -> Area | None:
    """The area an E.164 number belongs to; None for an unknown area or a wrong length."""
    for size in range(_LONGEST, _SHORTEST - 1, -1):
        area = _BY_PREFIX.get(phone_number[:size])
        if area is not None:
            return area if len(phone_number) == size + area.length else None
    return None


def nth_number(area: Area, position: int, seed: int) -> str | None:
    """The number at `position` of the area's sequence for this seed; None past its end."""
    free_digits = area.length - len(area.fictional)
    reserved = 10**free_digits
    if position < reserved:
        line = (position * 37 + seed * 11 + _ORDER[area.prefix] * 29) % reserved
        return f"{area.prefix}{area.fictional}{line:0{free_digits}}"
    if CALLING_CODES[area.country] != "1":
        return None
    space = len(_EXCHANGES) * _LINES
    if position - reserved >= space:
        return None
    exchange, line = divmod(((position - reserved) * _STEP + seed * 7_919) % space, _LINES)
    return f"{area.prefix}{_EXCHANGES[exchange]}{line:04}"


def written(phone_number: str) -> str:
    """How Twilio names it by default: `(415) 555-0132`; outside North America as E.164."""
    if phone_number.startswith("+1") and len(phone_number) == 12:
        return f"({phone_number[2:5]}) {phone_number[5:8]}-{phone_number[8:]}"
    return phone_number


# (country, type) -> what kind of address a regulator wants on file, and which papers beside it.
_REQUIREMENTS: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    ("GB", "local"): ("any", ("bundle",)),
    ("GB", "mobile"): ("any", ("bundle",)),
    ("GB", "national"): ("any", ()),
    ("DE", "local"): ("local", ("bundle",)),
    ("DE", "mobile"): ("any", ("identity",)),
    ("FR", "local"): ("local", ("document",)),
    ("FR", "mobile"): ("any", ("bundle", "identity")),
    ("AU", "local"): ("any", ()),
    ("AU", "mobile"): ("any", ("certification",)),
}


# Two in twenty American local numbers can do less, by their last two digits. Ours: what Twilio has
# differs from place to place.
_VOICE_ONLY, _TEXT_ONLY = (frozenset(range(first, 100, 20)) for first in (17, 10))

Able = tuple[bool, bool, bool]  # voice, sms, mms


def capabilities(phone_number: str) -> Able:
    """What a new number can do; all of it where nothing is known of its area."""
    area = locate(phone_number)
    if area is None:
        return (True, True, True)
    if CALLING_CODES[area.country] != "1":
        return (True, area.type == "mobile", False)
    ending = int(phone_number[-2:]) if (area.country, area.type) == ("US", "local") else 0
    return (ending not in _TEXT_ONLY, ending not in _VOICE_ONLY, ending not in _VOICE_ONLY)


def address_requirements(country: str, number_type: str) -> str:
    """`none`, or `any` or `local` where a regulator wants an address on file."""
    return _REQUIREMENTS.get((country, number_type), ("none", ()))[0]


def papers(country: str, number_type: str) -> tuple[str, ...]:
    """What a regulator wants beside the address (`holdings.requirements`)."""
    return _REQUIREMENTS.get((country, number_type), ("none", ()))[1]
