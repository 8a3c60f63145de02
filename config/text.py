"""Money, counts and times as people read them. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo


def plural(count: int, noun: str) -> str:
    """``1 number``, ``3 numbers``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def one_line(text: str) -> str:
    """``text`` without line breaks, as the header of a mail takes it."""
    return " ".join(text.split())


def money(amount: Decimal, currency: str = "USD") -> str:
    """``$85.00``, or ``85.00 EUR`` for currencies other than the dollar."""
    text = f"{amount:,.2f}"
    return f"${text}" if currency == "USD" else f"{text} {currency}"


def absolute(moment: datetime, zone: ZoneInfo) -> str:
    """``Mon, Nov 23, 2026, 2:05 PM PST``."""
    local = moment.astimezone(zone)
    clock = f"{local:%I:%M %p}".lstrip("0")
    return f"{local:%a, %b} {local.day}, {local.year}, {clock} {local.tzname()}"


def span(length: timedelta) -> str:
    """The two largest units of a length of time: ``31 h 12 min``, ``2 d``, ``45 s``."""
    seconds = int(length.total_seconds())
    days, hours, minutes = seconds // 86_400, seconds // 3_600, seconds // 60
    if seconds < 60:
        return f"{seconds} s"
    if minutes < 60:
        return f"{minutes} min"
    if hours < 48:
        rest = f" {minutes % 60} min" if minutes % 60 else ""
        return f"{hours} h{rest}"
    rest = f" {hours % 24} h" if hours % 24 else ""
    return f"{days} d{rest}"


def relative(age: timedelta) -> str:
    """``4 min ago``, ``17 h ago``; ``just now`` within half a minute."""
    if age < timedelta(seconds=30):
        return "just now"
    amount, unit, *_ = span(age).split()
    return f"{amount} {unit} ago"


def countdown(left: timedelta) -> str:
    """``in 31 h 12 min``, or ``over for 2 h`` once it has passed."""
    if left >= timedelta(0):
        return f"in {span(left)}"
    return f"{span(-left)} ago"
