"""Which areas are near a point: `NearNumber`, `NearLatLong`, `Distance` (twilio-facts 1.4)."""

from __future__ import annotations

import re
from math import asin, cos, radians, sin, sqrt
from typing import Any

from twilio_sandbox import plan
from twilio_sandbox.errors import TwilioError
from twilio_sandbox.plan import Area

DEFAULT_MILES = 25
EARTH_MILES = 3958.8  # mean radius
_POINT = re.compile(r"(-?\d{1,2}(?:\.\d+)?),\s?(-?\d{1,3}(?:\.\d+)?)")

Point = tuple[float, float]  # degrees north and east


def nearest_first(given: dict[str, Any], areas: list[Area]) -> list[Area]:
    """The areas within `Distance` miles of the point asked for; all when none is."""
    point = _point(given)
    if point is None:
        return areas
    limit = given.get("Distance", DEFAULT_MILES)
    measured = [(miles(point, place), area) for area in areas if (place := _place(area))]
    near = [(distance, area) for distance, area in measured if distance <= limit]
    return [area for _, area in sorted(near, key=lambda pair: pair[0])]


def miles(one: Point, other: Point) -> float:
    """The distance over the surface of the earth (haversine)."""
    north, east = radians(other[0] - one[0]), radians(other[1] - one[1])
    half = sin(north / 2) ** 2 + cos(radians(one[0])) * cos(radians(other[0])) * sin(east / 2) ** 2
    return 2 * EARTH_MILES * asin(sqrt(half))


def _point(given: dict[str, Any]) -> Point | None:
    if number := given.get("NearNumber"):
        area = plan.locate(number) if plan.is_valid(number) else None
        place = _place(area) if area else None
        if place is None:
            raise TwilioError(21421, f"NearNumber {number} is nowhere we know")
        return place
    if written := given.get("NearLatLong"):
        found = _POINT.fullmatch(written)
        north, east = map(float, found.groups()) if found else (91.0, 0.0)
        if abs(north) > 90 or abs(east) > 180:
            raise TwilioError(20001, "NearLatLong must be a latitude and a longitude: 37.8,-122.4")
        return north, east
    return None


def _place(area: Area) -> Point | None:
    if area.latitude is None or area.longitude is None:
        return None
    return float(area.latitude), float(area.longitude)
