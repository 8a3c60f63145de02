"""Template tags and filters of every page (built in: no ``{% load %}`` needed)."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.template import Context
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.phone_numbers import for_people

register = template.Library()


@register.simple_tag(takes_context=True)
def to(context: Context, name: str, *args: Any) -> str:
    """The address of a page inside the current account: ``{% to 'numbers:detail' number.pk %}``."""
    return reverse(name, args=[context["account"].slug, *args])


def _zone(context: Context) -> ZoneInfo:
    account = context.get("account")
    return account.zone if account else ZoneInfo("UTC")


@register.simple_tag(takes_context=True)
def phone(context: Context, e164: str) -> str:
    """A number as people in the account's home country write it."""
    account = context.get("account")
    return for_people(e164, account.country if account else "US")


@register.simple_tag(takes_context=True)
def when(context: Context, moment: datetime | None) -> str:
    """A past moment: relative in text, absolute (account's zone) on hover."""
    if moment is None:
        return "never"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        absolute(moment, _zone(context)),
        relative(timezone.now() - moment),
    )


@register.simple_tag(takes_context=True)
def date_time(context: Context, moment: datetime) -> SafeString:
    """An absolute date and time with its zone."""
    return format_html(
        '<time datetime="{}">{}</time>', moment.isoformat(), absolute(moment, _zone(context))
    )


@register.simple_tag(takes_context=True)
def deadline(context: Context, moment: datetime) -> SafeString:
    """A deadline: date, time and zone, with a countdown that a script keeps current."""
    return format_html(
        '<time datetime="{0}">{1}</time>, <span data-countdown="{0}">{2}</span>',
        moment.isoformat(),
        absolute(moment, _zone(context)),
        countdown(moment - timezone.now()),
    )


@register.filter
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
    """The two largest units of a length of time: ``31 h 12 min``, ``2 d 3 h``, ``45 s``."""
    seconds = int(length.total_seconds())
    days, hours, minutes = seconds // 86_400, seconds // 3_600, seconds // 60
    if seconds < 60:
        return f"{seconds} s"
    if minutes < 60:
        return f"{minutes} min"
    if hours < 48:
        return f"{hours} h {minutes % 60} min"
    return f"{days} d {hours % 24} h"


def relative(age: timedelta) -> str:
    """``4 min ago``; ``just now`` within half a minute."""
    return "just now" if age < timedelta(seconds=30) else f"{span(age)} ago"


def countdown(left: timedelta) -> str:
    """``in 31 h 12 min``, or ``over for 2 h`` once it has passed."""
    if left >= timedelta(0):
        return f"in {span(left)}"
    return f"{span(-left)} ago"
