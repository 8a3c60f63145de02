"""Phone numbers as data (E.164) and as people write them. Pure: no database.

Uses Google's numbering rules through ``phonenumberslite``.
"""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

E164 = re.compile(r"^\+[1-9]\d{6,14}$")


def parse(text: str, country: str = "US") -> str:
    """Read a number in any common format and return it in E.164, such as ``+14155550123``.

    ``country`` (ISO 3166 alpha-2) is assumed when the text has no country code.
    Raises ``ValueError`` with a sentence for people when it cannot be a phone number.
    """
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        raise ValueError(f"“{text}” is not a phone number.") from None
    if not phonenumbers.is_possible_number(number) or number.extension:
        raise ValueError(f"“{text}” is not a complete phone number.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=20_000)
def for_people(e164: str, home: str = "US") -> str:
    """``(415) 555-0123`` for a number that shares ``home``'s country code, else international."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return e164
    national = number.country_code == phonenumbers.country_code_for_region(home)
    style = phonenumbers.PhoneNumberFormat
    return phonenumbers.format_number(number, style.NATIONAL if national else style.INTERNATIONAL)


def country_of(e164: str) -> str:
    """ISO 3166 alpha-2 of the number's country, or an empty string (for instance satellite codes).

    In the North American plan the area code decides, so 50,000 numbers need a few hundred look-ups.
    """
    if e164.startswith("+1") and len(e164) == 12:
        return _country_of_area(e164[:5])
    return _country(e164)


@lru_cache(maxsize=1_000)
def _country_of_area(prefix: str) -> str:
    return _country(prefix + "5550100")


def _country(e164: str) -> str:
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return ""
    region = phonenumbers.region_code_for_number(number)
    region = region or phonenumbers.region_code_for_country_code(number.country_code or 0)
    return region if is_country(region) else ""  # else unknown (ZZ) or the whole world (001)


def digits_of(text: str) -> str:
    """The digits in ``text``, for searching by any part of a number."""
    return "".join(character for character in text if character.isdecimal() and character.isascii())


def is_country(code: str) -> bool:
    """Whether ``code`` is an ISO 3166 alpha-2 country that has phone numbers."""
    return code in phonenumbers.SUPPORTED_REGIONS
