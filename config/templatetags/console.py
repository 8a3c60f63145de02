"""Template tags and filters of every page (built in: no ``{% load %}`` needed)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.template import Context
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.errors import Blocker
from config.phone_numbers import for_people
from config.text import absolute, countdown, money, relative

register = template.Library()
register.filter("money", money)


@register.simple_tag(takes_context=True)
def to(context: Context, name: str, *args: Any) -> str:
    """The address of a page inside the current account: ``{% to 'numbers:detail' number.pk %}``."""
    return reverse(name, args=[context["account"].slug, *args])


@register.simple_tag(takes_context=True)
def fix_url(context: Context, blocker: Blocker) -> str:
    """The page that removes the reason of a refusal, inside the account or outside of any."""
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
