"""Words as they are stored and as they are searched."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.text import (
    countdown,
    fold,
    inside,
    left_by_mark,
    money,
    name_as_label,
    name_in_words,
    relative,
    span,
    tidy,
    tidy_lines,
)

#: Text as it can arrive: any sign that UTF-8 has.
TEXT = st.text(st.characters(codec="utf-8"), max_size=40)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("  Front \t desk\n", "Front desk"),
        ("Bu\u0308ro", "Büro"),
        ("Front\u00a0desk", "Front desk"),
        ("\u202aFront desk\u202c", "Front desk"),
        ("Fr\u200bont\u00ad\ufeff desk\u200f", "Front desk"),
        ("Front\0 desk\x07", "Front desk"),
        ("a\u200db", "ab"),  # a joiner that joins nothing
        ("\u3164\u2800", ""),  # letters and symbols that show nothing
        ("\U0001f469\u200d\U0001f4bb", "\U0001f469\u200d\U0001f4bb"),  # one picture of three signs
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),  # changes how its neighbors look
        ("\u2764\ufe0f", "\u2764\ufe0f"),
        ("\u212b", "Å"),  # the sign of a unit, which is the letter
        ("Ⅳ ﬁ", "Ⅳ ﬁ"),  # look different from IV and fi
    ],
)
def test_names_that_look_the_same_are_stored_the_same(typed: str, stored: str) -> None:
    assert tidy(typed) == stored


def test_notes_keep_their_lines() -> None:
    assert tidy_lines(" One \r\n\r\n  two\u200b\u00a0 \rthre\u0301e\n ") == "One\n\n  two\nthrée"


@given(TEXT)
def test_tidying_twice_changes_nothing_more(text: str) -> None:
    once = tidy(text)

    assert tidy(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert tidy(unicodedata.normalize("NFD", text)) == tidy(unicodedata.normalize("NFC", text))
    assert tidy_lines(tidy_lines(text)) == tidy_lines(text)


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Élysée", "ELYSEE"),
        ("Straße", "strasse"),
        ("İstanbul", "istanbul"),
        ("ΟΔΟΣ", "οδος"),
        ("Smørrebrød", "smorrebrod"),
        ("Łódź", "lodz"),
        ("O\u2019Brien", "o'brien"),
        ("A\u2013Z", "a-z"),
        ("ﬁrst \uff26loor", "first floor"),
        ("ЙОД", "йод"),
    ],
)
def test_a_name_is_searched_without_case_and_accents(name: str, typed: str) -> None:
    assert fold(name) == fold(typed)


def test_marks_that_make_another_letter_are_no_accents() -> None:
    assert fold("が") != fold("か")
    assert fold("\u0915\u093c") != fold("\u0915")


@given(TEXT)
def test_any_way_to_write_a_name_finds_it(text: str) -> None:
    folded = fold(text)

    assert fold(folded) == folded
    assert fold(tidy(text)) == folded
    assert fold(unicodedata.normalize("NFD", text)) == folded


def test_names_of_fields_are_read_as_words() -> None:
    assert name_in_words("sms_fallback_url") == "SMS fallback URL"
    assert name_in_words("friendly_name") == "friendly name"
    assert name_as_label("status_callback") == "Status callback"


def test_labels_keep_their_names_inside_of_sentences() -> None:
    assert inside("Closed at Twilio") == "closed at Twilio"


@pytest.mark.parametrize("seconds", [0, 45, 60, 3_600, 3_661, 172_740, 172_800, 180_000, 864_000])
def test_a_figure_is_never_parted_from_its_unit(seconds: int) -> None:
    length = timedelta(seconds=seconds)

    for text in (span(length), relative(length), countdown(length), countdown(-length)):
        assert not re.search(r"\d +[a-z]", text), text
    assert " " not in relative(length)
    assert money(Decimal(5), "EUR") == "5.00\u00a0EUR"


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(hours=23, minutes=59, seconds=58), "24\u00a0h"),
        (timedelta(hours=5, minutes=55), "6\u00a0h"),
        (timedelta(minutes=59), "1\u00a0h"),
        (timedelta(hours=5, minutes=54), "5\u00a0h 54\u00a0min"),
        (timedelta(hours=21), "21\u00a0h"),
    ],
)
def test_a_reminder_that_goes_out_a_little_late_says_its_mark(left: timedelta, said: str) -> None:
    assert left_by_mark(left) == said
