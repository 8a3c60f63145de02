"""Words, money, counts and times as people write and read them. Pure."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

#: Signs that show nothing although Unicode files them under letters, marks or symbols.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u2800\u3164\uffa0")
#: These change how their neighbors look, in scripts without capitals and between symbols.
_JOINERS = frozenset("\u200c\u200d")
_JOINED = ("Lo", "Mn", "Mc", "So", "Sk")
_VARIATION = re.compile("[\ufe00-\ufe0f]")
#: Arabic signs that Unicode files under the invisible ones although they enclose what follows.
_SEEN = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2")
#: Text that a database stores.
ANYTHING = r"^[^\u0000]*$"
#: What text has to be to show something, for the document of the API: any sign but NUL, and at
#: least one that is not blank.
SHOWS = (
    r"^[^\u0000]*[^\u0000-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5"
    r"\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff"
    r"\uffa0\ufff9-\ufffb][^\u0000]*$"
)
#: Letters whose stroke or ligature is no accent to Unicode, and quotes and dashes of all kinds.
_ALIKE = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ŧ": "t", "\u0131": "i", "æ": "ae",
     "œ": "oe", "þ": "th"}
    | dict.fromkeys("\u2018\u2019\u201a\u02bc\u00b4", "'")
    | dict.fromkeys("\u201c\u201d\u201e", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
)  # fmt: skip


#: Parts of the names of fields that are written in capitals.
_WORDS = {word: word.upper() for word in ("api", "id", "mms", "sid", "sms", "url")}

#: How long after its mark a reminder may go out.
_LATE = timedelta(minutes=5)
#: Between a figure and its unit, which are never broken apart at the end of a line.
NO_BREAK = "\u00a0"


def visible(text: str) -> str:
    """``text`` without signs that show nothing: direction marks, zero widths, soft hyphens.

    Line breaks, tabs and the joiners of emoji and of Arabic and Indic scripts stay.
    """
    if text.isascii() and text.isprintable():
        return text
    kept: list[str] = []
    for sign in text:
        kind = unicodedata.category(sign)
        joins = sign in _JOINERS or _VARIATION.match(sign)
        if joins:
            if kept and unicodedata.category(kept[-1]) in _JOINED:
                kept.append(sign)
            continue
        hidden = sign in _BLANK or (kind in ("Cf", "Cs", "Cc") and not sign.isspace())
        if sign in _SEEN or not hidden:
            kept.append(sign)
    while kept and kept[-1] in _JOINERS:
        kept.pop()
    return "".join(kept)


def tidy(text: str) -> str:
    """A name as it is stored: what looks the same is the same.

    One line, single spaces, nothing invisible, composed (NFC).
    """
    return unicodedata.normalize("NFC", " ".join(visible(text).split()))


def tidy_lines(text: str) -> str:
    """The same for text of several lines, whose spaces inside lines stay."""
    lines = visible(text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return unicodedata.normalize("NFC", "\n".join(line.rstrip() for line in lines)).strip()


def fold(text: str) -> str:
    """``text`` as it is searched: without case, accents and kinds of quotes and dashes."""
    plain = " ".join(visible(text).split())
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain)
        plain = unicodedata.normalize("NFKD", plain.casefold())
        plain = "".join(sign for sign in plain if not _is_accent(sign)).translate(_ALIKE)
        plain = " ".join(unicodedata.normalize("NFC", plain).split())
    return plain.casefold()


def _is_accent(sign: str) -> bool:
    """Marks above and below letters, Hebrew and Arabic vowels; not those that make a letter."""
    place = unicodedata.combining(sign)
    return place >= 200 or 10 <= place <= 36


def name_in_words(name: str) -> str:
    """The name of a field in words: ``voice_fallback_url`` as ``voice fallback URL``."""
    return " ".join(_WORDS.get(word, word) for word in name.split("_"))


def name_as_label(name: str) -> str:
    """The name of a field as a label: ``voice_fallback_url`` as ``Voice fallback URL``."""
    text = name_in_words(name)
    return text[:1].upper() + text[1:]


def inside(text: str) -> str:
    """A label as it stands inside of a sentence: ``Closed at Twilio`` as ``closed at Twilio``."""
    return text[:1].lower() + text[1:]


def plural(count: int, noun: str) -> str:
    """``1 number``, ``3 numbers``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def counted(count: int, noun: str) -> str:
    """The same with its verb: ``1 number is``, ``3 numbers are``."""
    return f"{plural(count, noun)} {'is' if count == 1 else 'are'}"


def one_line(text: str) -> str:
    """``text`` without line breaks, as the header of a mail takes it."""
    return " ".join(text.split())


def cents(amount: Decimal) -> Decimal:
    """An amount as it is shown and charged: to the cent, half a cent up."""
    return Decimal(amount).quantize(Decimal("0.01"), ROUND_HALF_UP)


def money(amount: Decimal, currency: str = "USD") -> str:
    """``$85.00``, or ``85.00 EUR`` for currencies other than the dollar."""
    text = f"{cents(amount):,.2f}"
    return f"${text}" if currency == "USD" else f"{text}{NO_BREAK}{currency}"


def monthly(amount: Decimal, currency: str = "USD") -> str:
    """``$85.00 a month``, on one line."""
    return f"{money(amount, currency)} a month".replace(" ", NO_BREAK)


def absolute(moment: datetime, zone: ZoneInfo) -> str:
    """``Mon, Nov 23, 2026, 2:05 PM PST``. A line may end between the day and its time."""
    local = moment.astimezone(zone)
    clock = f"{local:%I:%M %p}".lstrip("0")
    time = f"{clock} {local.tzname()}".replace(" ", NO_BREAK)
    return f"{on_day(local)}, {time}"


def on_day(day: date) -> str:
    """``Thu, Dec 24, 2026``, on one line."""
    return f"{day:%a, %b} {day.day}, {day.year}".replace(" ", NO_BREAK)


def span(length: timedelta) -> str:
    """The two largest units of a length of time: ``31 h 12 min``, ``2 d``, ``45 s``.

    A line may end between the two, and nowhere else.
    """
    seconds = int(length.total_seconds())
    days, hours, minutes = seconds // 86_400, seconds // 3_600, seconds // 60
    if seconds < 60:
        return f"{seconds}{NO_BREAK}s"
    if minutes < 60:
        return f"{minutes}{NO_BREAK}min"
    if hours < 48:
        rest = f" {minutes % 60}{NO_BREAK}min" if minutes % 60 else ""
        return f"{hours}{NO_BREAK}h{rest}"
    rest = f" {hours % 24}{NO_BREAK}h" if hours % 24 else ""
    return f"{days}{NO_BREAK}d{rest}"


def left_by_mark(length: timedelta) -> str:
    """What a reminder says is left: its full hour, where it goes out some minutes after that."""
    full = -(-length // timedelta(hours=1)) * timedelta(hours=1)
    return span(full if full - length <= _LATE else length)


def relative(age: timedelta) -> str:
    """``4 min ago``, ``17 h ago``; ``just now`` within half a minute. On one line."""
    if age < timedelta(seconds=30):
        return f"just{NO_BREAK}now"
    largest, *_ = span(age).split(" ")
    return f"{largest}{NO_BREAK}ago"


def countdown(left: timedelta) -> str:
    """``in 31 h 12 min``, or ``over for 2 h`` once it has passed."""
    if left >= timedelta(0):
        return f"in {span(left)}"
    return f"{span(-left)}{NO_BREAK}ago"
