"""Made-up examples for the style guide, the page that shows every component in all its states.

Designers look at it, and the browser tests visit it with axe in both color schemes. Nothing here
reads the database: the account and its people are stand-ins.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from config import charts
from config.text import monthly

TONES = (("good", "Active"), ("warn", "Low, 1 of 3"), ("bad", "May be reclaimed"), ("", "Released"))


class ExampleForm(forms.Form):
    """Every kind of control a page may use."""

    label = forms.CharField(label="Name", required=False, help_text="What your team calls it.")
    number = forms.CharField(label="Number", help_text="Any way of writing it will do.")
    licenses = forms.IntegerField(label="Licenses", min_value=0)
    agent = forms.ChoiceField(choices=[("1", "Front desk"), ("2", "Night line (draft)")])
    leaving = forms.ChoiceField(
        label="The number that leaves",
        widget=forms.RadioSelect,
        choices=[("release", "is released"), ("exclude", "is excluded"), ("keep", "is kept")],
    )
    note = forms.CharField(widget=forms.Textarea, required=False)
    protected = forms.BooleanField(label="Protect from release", required=False)


def examples(now: datetime) -> dict[str, Any]:
    """The context of ``styleguide.html``, as of ``now``."""
    account = SimpleNamespace(
        name="Acme Corp.", slug="acme", country="US", zone=ZoneInfo("America/Los_Angeles")
    )
    return {
        "account": account,
        "other_accounts": [SimpleNamespace(name="Acme Europe", slug="acme-europe")],
        "actor": SimpleNamespace(can_numbers=True, can_licenses=True, can_admin=True),
        "reader": SimpleNamespace(can_numbers=False, can_licenses=False, can_admin=False),
        "unread_notices": 3,
        "open_grace": _grace("open", ends_at=now + timedelta(hours=31, minutes=12)),
        "expired_grace": _grace("expired", ends_at=now - timedelta(hours=3)),
        "tones": TONES,
        "tabs": [
            {"label": "All", "url": "#tabs", "count": 1240},
            {"label": "Unassigned", "url": "#tabs", "count": 21, "current": True},
            {"label": "Missing", "url": "#tabs", "count": 0},
            {"label": "Settings", "url": "#tabs"},
        ],
        "chips": [
            {"label": "No activity in 30 days", "url": "#filters", "on": True},
            {"label": "SMS", "url": "#filters"},
        ],
        "rows": [
            {"pk": 1, "e164": "+14155550123", "label": "San Francisco main line", "tone": "good"},
            {"pk": 2, "e164": "+12065550147", "label": "Old Seattle office", "tone": "bad"},
            {"pk": 3, "e164": "+442079460018", "label": "London", "tone": "warn"},
        ],
        "bulk_actions": [
            {"value": "assign", "label": "Assign"},
            {"value": "release", "label": "Release", "tone": "danger"},
        ],
        "entries": _entries(now),
        "facts": [("Number", "(415) 555-0123"), ("Agent", ""), ("Type", "Local, United States")],
        "blockers": [
            {
                "message": "This number is protected.",
                "code": "protected",
                "fix_label": "Unprotect",
                "fix_url": "#",
            },
            {"message": "A call is in progress.", "code": "call_in_progress"},
        ],
        "touches": [
            "(415) 555-0123 goes back to Twilio and stops ringing.",
            "Front desk answers one number less.",
        ],
        "undo_until": now + timedelta(days=10),
        **_charts(now),
        "blank_form": ExampleForm(initial={"licenses": 10}, prefix="blank"),
        "bound_form": ExampleForm({"bad-licenses": "-1", "bad-agent": "1"}, prefix="bad"),
    }


def _charts(now: datetime) -> dict[str, Any]:
    days = [f"Nov {day}" for day in range(1, 31)]
    calls = [(day * 7) % 23 + day % 3 for day in range(30)]
    texts = [(day * 11) % 31 + 4 for day in range(30)]
    months = ("Jun", "Jul", "Aug", "Sep", "Oct", "Nov")
    held = [(0, 8), (9, 12), (30, 27), (41, 22), (43, 12), (70, 19)]
    licensed = [(0, 10), (30, 12), (75, 20)]
    return {
        "steps_chart": charts.steps(
            "Held and licensed",
            "Held from 8 to 19, licensed from 10 to 20. At most 15 over, on Oct 2.",
            [("Held", held), ("Licensed", licensed)],
            until=90,
            along=("Sep 2", "Oct 2", "Nov 1", "Dec 1"),
            table=charts.Table(
                ("Day", "Held", "Licensed", "Over"),
                [
                    ("Nov 11", "19", "12", "7"),
                    ("Oct 2", "27", "12", "15"),
                    ("Sep 2", "8", "10", "0"),
                ],
            ),
            marked="Over",
        ),
        "lines_chart": charts.lines(
            "Calls and texts by day", "Of November.", days, [("Calls", calls), ("Texts", texts)]
        ),
        "bars_chart": charts.bars(
            "Minutes by month",
            "From June to November, free and charged.",
            months,
            [("Free", [60, 60, 48, 60, 60, 60]), ("Charged", [120, 88, 0, 12, 240, 305])],
        ),
        "empty_chart": charts.bars("Minutes by month", "None yet.", months, [("Minutes", [0] * 6)]),
        "spark": charts.sparkline("Calls in 30 days, at most 24 a day", calls),
    }


def _grace(state: str, *, ends_at: datetime) -> SimpleNamespace:
    return SimpleNamespace(
        state=state,
        over=17,
        held=27,
        licenses=10,
        ends_at=ends_at,
        percent_used=35,
        release_count=17,
        add_count=17,
        add_price_text=monthly(Decimal(85)),
    )


def _entries(now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "tone": "good",
            "sentence": "Assigned to Front desk",
            "actor_text": "olivia@acme.example",
            "at": now - timedelta(minutes=4),
            "details": [("Agent", "", "Front desk"), ("Name", "Line 7", "Main line")],
        },
        {
            "tone": "warn",
            "sentence": "The grace period opened: 17 over 10 licenses",
            "actor_text": "system",
            "at": now - timedelta(hours=17),
            "url": "#timeline",
        },
        {
            "sentence": "Imported from Twilio",
            "actor_text": "api key “nightly”",
            "at": now - timedelta(days=3),
        },
    ]
