"""What the tags and filters of every page write."""

from __future__ import annotations

import pytest
from django.template import Context, Template

from config.phone_numbers import for_people


@pytest.mark.parametrize(
    ("e164", "home"),
    [
        ("+14155550123", "US"),
        ("+442079460013", "US"),
        ("+447700900129", "US"),
        ("+442079460013", "GB"),
        ("+33142685300", "FR"),
        ("+4930123456", "DE"),
        ("+4930123456", "US"),
    ],
)
def test_a_number_inside_a_sentence_is_kept_whole(e164: str, home: str) -> None:
    number = for_people(e164, home)

    html = _written(f"Twilio refused the release of {number}: gone.")

    assert html == (f'Twilio refused the release of <span class="whole">{number}</span>: gone.')


@pytest.mark.parametrize(
    "text",
    ["27 new, 0 unchanged", "2026-11-30 05:41", "Twilio error 20003", "$1,250.00 for 250 licenses"],
)
def test_other_figures_are_left_as_they_are(text: str) -> None:
    assert _written(text) == text


def test_what_people_wrote_is_no_html() -> None:
    assert _written("<b>(415) 555-0123") == ('&lt;b&gt;<span class="whole">(415) 555-0123</span>')


def _written(text: str) -> str:
    return Template("{{ text|whole_numbers }}").render(Context({"text": text}))
