"""How a text is encoded, how many segments it takes, and what they cost.

GSM-7 has 160 septets in a single segment and 153 in each of several; the characters of its
extension table take two. Anything else makes the whole text UCS-2: 70 and 67 UTF-16 units.
"""

from __future__ import annotations

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")

# What Smart Encoding replaces: typographic characters by their plain ones.
_PLAIN = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201a": ",",
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
        "\u00ab": '"',
        "\u00bb": '"',
        "\u2010": "-",
        "\u2011": "-",
        "\u2012": "-",
        "\u2013": "-",
        "\u2014": "-",
        "\u2026": "...",
        "\u00a0": " ",
        "\u2009": " ",
        "\u200b": "",
        "\u00b4": "'",
        "`": "'",
    }
)

# US dollars for a segment of a text, or for a whole MMS; one list price for every country.
_SMS, _MMS_OUT, _MMS_IN = 0.0079, 0.02, 0.01


def encoding(text: str) -> str:
    """`GSM-7` or `UCS-2`."""
    return "GSM-7" if all(c in _BASIC or c in _EXTENSION for c in text) else "UCS-2"


def count(text: str) -> int:
    """The segments of a text; no character is split between two of them."""
    if encoding(text) == "GSM-7":
        return _filled([2 if c in _EXTENSION else 1 for c in text], 160, 153)
    return _filled([2 if ord(c) > 0xFFFF else 1 for c in text], 70, 67)


def _filled(sizes: list[int], alone: int, each: int) -> int:
    if sum(sizes) <= alone:
        return 1
    segments, room = 1, each
    for size in sizes:
        if size > room:
            segments, room = segments + 1, each
        room -= size
    return segments


def units(text: str) -> int:
    """UTF-16 units: what the limit of 1,600 counts (21617)."""
    return len(text.encode("utf-16-le")) // 2


def plain(text: str) -> str:
    """The text after Smart Encoding."""
    return text.translate(_PLAIN)


def price(segments: int, *, is_mms: bool, inbound: bool) -> str:
    """As `price` of the resource: negative, US dollars, five decimals."""
    dollars = (_MMS_IN if inbound else _MMS_OUT) if is_mms else _SMS * segments
    return f"{-dollars:.5f}"
