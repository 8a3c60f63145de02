"""Template tags and filters of every page (built in: no ``{% load %}`` needed)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.template import Context
from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from config import clock
from config.countries import has_flag, name_of
from config.errors import Blocker
from config.phone_numbers import for_people
from config.refusals import refusal_code
from config.text import absolute, countdown, inside, money, monthly, on_day, relative
from config.undo import undo_button

register = template.Library()
register.filter("country", name_of)
register.filter("money", money)
register.filter("monthly", monthly)
register.filter("inside", inside)
register.filter("on_day", on_day)
register.filter("refusal_code", refusal_code)
register.filter("undo_button", undo_button)


@register.simple_tag(takes_context=True)
def to(context: Context, name: str, *args: Any) -> str:
    """The address of a page inside the current account: ``{% to 'app:page' row.pk %}``."""
    return reverse(name, args=[context["account"].slug, *args])


@register.simple_tag(takes_context=True)
def fix_url(context: Context, blocker: Blocker) -> str:
    """The page that removes the reason of a refusal."""
    return blocker.fix_path(context["account"].slug)


def _zone(context: Context) -> ZoneInfo:
    account = context.get("account")
    return account.zone if account else ZoneInfo("UTC")


@register.simple_tag(takes_context=True)
def phone(context: Context, e164: str) -> str:
    """A number as people in the account's home country write it."""
    account = context.get("account")
    return for_people(e164, account.country if account else "US")


@register.simple_tag(takes_context=True)
def flag(context: Context, country: str) -> str:
    """The flag of a country that is not the account's own; its name is heard, and shows on hover.

    Nothing for the home country, for none, and for what has no name.
    """
    account = context.get("account")
    if not has_flag(country) or (account and country == account.country):
        return ""
    code = country.lower()
    return format_html(
        '<span class="flag-sprite flag-{1} flag-_{2}" role="img" aria-label="{0}" title="{0}">'
        "</span>",
        name_of(country),
        code[0],
        code[1],
    )


@register.simple_tag
def server_time() -> str:
    """Now, as scripts read it, so that a countdown goes by our clock and not by the visitor's."""
    return clock.now().isoformat()


#: A number as ``for_people`` writes it, inside a sentence.
_PHONE_NUMBER = re.compile(r"(?:\+\d{1,3}|\(\d{2,5}\)|\b0\d*)(?:[ /-]\d{2,})+")


@register.filter
def whole_numbers(text: object) -> SafeString:
    """Text in which no phone number is broken at the end of a line."""
    html = conditional_escape(str(text))
    return mark_safe(_PHONE_NUMBER.sub(r'<span class="whole">\g<0></span>', html))  # noqa: S308


@register.simple_tag(takes_context=True)
def when(context: Context, moment: datetime | None) -> str:
    """A past moment: relative in text, absolute (account's zone) on hover."""
    if moment is None:
        return "never"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        absolute(moment, _zone(context)),
        relative(clock.now() - moment),
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
        countdown(moment - clock.now()),
    )
