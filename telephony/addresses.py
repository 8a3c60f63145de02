"""What stands at the other end of a text or a call: its kind, and its one spelling. Pure.

Nothing that a carrier or a person writes there is refused: what is unheard of has a kind, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from config.phone_numbers import E164, parse
from config.text import fold, tidy

from .states import AddressKind

#: What a column of an address holds; PostgreSQL has a limit for what an index holds.
LONGEST = 120
_DIGEST = 16

_KEYPAD = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
#: What carriers write for somebody who withholds the number; some of them dial it on a keypad.
_WITHHELD = (
    "anonymous", "blocked", "private", "restricted", "unavailable", "unknown", "withheld",
)  # fmt: skip
_DIALED = frozenset(word.translate(_KEYPAD) for word in _WITHHELD)
_SHORT_CODE = re.compile(r"\+?(\d{3,8})", re.ASCII)
_CHANNEL = re.compile(r"([a-z][a-z0-9]{1,20}):(.*)", re.ASCII | re.DOTALL | re.IGNORECASE)
_SIP = re.compile(r"sips?:.*|[^@\s]+@[^@\s]+", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Address:
    """``text`` is as it came; two with the same ``kind`` and ``canonical`` are one."""

    kind: AddressKind
    text: str
    canonical: str


def identify(text: str, country: str = "US") -> Address:
    """Whose text it is. ``country`` is assumed for a number without a country code."""
    kind, canonical = _identify(text, country)
    return Address(kind, text[:LONGEST], _within(canonical))


def _identify(text: str, country: str) -> tuple[AddressKind, str]:
    if E164.fullmatch(text) and text[1:] not in _DIALED:
        return AddressKind.PHONE, text
    plain = tidy(text)
    if not plain or fold(plain) in _WITHHELD or plain.lstrip("+") in _DIALED:
        return AddressKind.ANONYMOUS, ""
    if _SIP.fullmatch(plain):
        return AddressKind.SIP, plain.lower()
    if _CHANNEL.fullmatch(plain):
        return AddressKind.CHANNEL, plain.lower()
    if short := _SHORT_CODE.fullmatch(plain):
        return AddressKind.SHORT_CODE, short[1]
    try:
        return AddressKind.PHONE, parse(plain, country)
    except ValueError:
        return AddressKind.ALPHANUMERIC, fold(plain)


def _within(text: str) -> str:
    """``text`` as a column holds it; a longer one ends in a digest, so that it stays itself."""
    if len(text) <= LONGEST:
        return text
    return text[: LONGEST - _DIGEST] + sha256(text.encode()).hexdigest()[:_DIGEST]
