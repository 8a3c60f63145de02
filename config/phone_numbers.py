"""Phone numbers as data (E.164) and as people write and paste them. Pure: no database.

Uses Google's numbering rules through ``phonenumberslite``. ``read`` is the one way to take a number
from a search box or a form, at every door; ``parse`` asks for a whole one besides.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

import phonenumbers

from config.text import visible

E164 = re.compile(r"^\+[1-9]\d{6,14}$", re.ASCII)
#: Longer text is no number, as somebody wrote it and without what stands around it. Reading one
#: looks back and forth in it, and links lie in links.
LONGEST, LONGEST_ALONE = 200, 60
#: From this many digits on, what stands before a number is looked at: 0, 00, 011.
PREFIX_FROM = 7

#: A link to a number (RFC 3966, RFC 5724, and what telephones make of them).
_LINK = re.compile(r"^(?:tel|callto|sms|smsto|mms|mmsto|fax|facetime|facetime-audio):/{0,2}", re.I)
_CONTEXT = re.compile(r";phone-context=(\+\d+)", re.I)
#: What follows the number itself: an extension, a pause and further digits.
_EXTENSION = re.compile(
    r"(?:[,;pw#]{1,9}|;? ?(?:extension|extn?|int|x|доб)[.:=]?) ?\d{1,8} ?#?$", re.I
)
#: What stands before it: "Tel.:", "Office phone:".
_HEADING = re.compile(r"^[^\W\d_][^\d+(:]{0,20}:\s*(?=[+(\d])")
_QUOTES = " '\"`´‘’‚“”„«»<>=,;:"  # noqa: RUF001 - these are meant
_NUMBER = re.compile(r"[\d ()+./~-]+", re.ASCII)
_TRUNK = re.compile(r"(?<=\d)([ .-]*)\( *0+ *\)")
#: Signs that stand for the plain ones without being compatible to them.
_SIGNS = str.maketrans(
    dict.fromkeys("\u2212\u2043\u30fc_", "-")
    | dict.fromkeys("\u00b7\u2022\u2219\u22c5\u30fb", ".")
    | dict.fromkeys("\u2044\u2215\\|", "/")
    | {"\u2795": "+"}
)


@dataclass(frozen=True)
class Written:
    """A phone number, or a part of one, as somebody wrote it.

    ``digits`` are those that were written. One of ``parts`` is part of the E.164 form of every
    number that can be meant; a part with a plus begins it.
    """

    digits: str
    parts: tuple[str, ...]

    def ends(self, e164: str) -> bool:
        """Whether it is the number, or its last digits."""
        return any(e164.endswith(part) for part in self.parts)


def read(text: str) -> Written | None:
    """The number that was typed or pasted, however it was written; None when it is none.

    Any dash, space, dot or slash, digits of any script, invisible marks, links (``tel:``,
    ``sms:``), extensions, ``+44 (0)20 …``, ``011 44 …``, ``0044 …`` and ``020 …`` are understood.
    """
    plain = _plain(text)
    if not _NUMBER.fullmatch(plain):
        return None
    plain = _TRUNK.sub(r"\1", plain)
    digits = re.sub(r"\D", "", plain)
    if not digits:
        return None
    return Written(digits, tuple(dict.fromkeys(_parts(digits, abroad="+" in plain))))


def whole(text: str, country: str = "US") -> tuple[str, ...]:
    """The numbers in full, in E.164, that ``text`` can be; for exact look-ups by an index."""
    written = read(text)
    found = [part for part in written.parts if E164.match(part)] if written else []
    with suppress(ValueError):
        found.append(parse(text, country))
    return tuple(dict.fromkeys(found))


def _parts(digits: str, *, abroad: bool) -> list[str]:
    """See ``Written``. ``abroad`` when a plus was written."""
    if abroad and not digits.startswith("0"):
        return [f"+{digits}", *_whole(digits)]
    parts = [digits]
    if len(digits) < PREFIX_FROM:  # the last digits of a number may be 0011
        return parts
    for dialed in ("0011", "011", "00"):
        rest = digits.removeprefix(dialed)
        if rest != digits and not rest.startswith("0"):
            parts += [f"+{rest}", *_whole(rest)]
            break
    if digits.startswith("0"):
        parts.append(digits.lstrip("0"))
    # Trunk prefixes that are not a plain zero: 8 in Russia, 06 in Hungary, 80 in Belarus.
    if digits[0] in "08":
        parts += [rest for rest in (digits[1:], digits[2:]) if len(rest) > PREFIX_FROM]
    return [part for part in parts if part]


def _whole(digits: str) -> list[str]:
    """E.164 of digits with a country code: a trunk zero after it (+44 020 …) is left out."""
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return []
    return [phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)]


def _plain(text: str) -> str:
    """The number alone, in ASCII digits and plain signs; other text comes back as it is.

    Text that is longer than any number comes back as none.
    """
    if len(text) > LONGEST:
        return ""
    text = unicodedata.normalize("NFKC", visible(text)).translate(_SIGNS)
    text = " ".join("".join(map(_plain_sign, text)).split()).strip(_QUOTES)
    link = _LINK.match(text)
    if link:
        text = unquote(text[link.end() :])
        context = _CONTEXT.search(text)
        text = re.split(r"[;?&,]", text)[0].strip()
        if context and "+" not in text:
            text = context[1] + text
        return _plain(text) if text else ""
    text = _HEADING.sub("", text)
    number = _EXTENSION.sub("", text)
    return number.strip(_QUOTES) if sum(map(str.isdigit, number)) >= PREFIX_FROM else text


def _plain_sign(sign: str) -> str:
    if sign.isascii():
        return " " if sign.isspace() else sign
    if sign.isdecimal():
        return str(unicodedata.decimal(sign))
    kind = unicodedata.category(sign)
    if kind in ("Me", "Mn"):  # the frame of a keycap digit
        return ""
    return {"Pd": "-", "Zs": " ", "Zl": " ", "Zp": " ", "Ps": "(", "Pe": ")"}.get(kind, sign)


def parse(text: str, country: str = "US") -> str:
    """Read a number in any common format and return it in E.164, such as ``+14155550123``.

    ``country`` (ISO 3166 alpha-2) is assumed when the text has no country code.
    Raises ``ValueError`` with a sentence for people when it cannot be a phone number.
    """
    plain = _TRUNK.sub(r"\1", _plain(text))
    try:
        number = phonenumbers.parse(plain if len(plain) <= LONGEST_ALONE else "", country)
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


@lru_cache(maxsize=20_000)
def in_groups(e164: str) -> str:
    """``+1 415 555 0123``: in full and with spaces, so that no program takes it for a figure."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return f"{e164[:2]} {e164[2:]}"
    style = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return re.sub(r"[^\d+]+", " ", phonenumbers.format_number(number, style), flags=re.ASCII)


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


def is_country(code: str) -> bool:
    """Whether ``code`` is an ISO 3166 alpha-2 country that has phone numbers."""
    return code in phonenumbers.SUPPORTED_REGIONS
