"""Names and flags of countries."""

from __future__ import annotations

import re

import phonenumbers
import pytest
from django.contrib.staticfiles import finders

from config.countries import has_flag, name_of

#: Two islands that ISO 3166 has no codes of their own for; nobody sells their numbers.
NAMELESS = {"AC", "TA"}


def test_every_country_that_has_phone_numbers_has_a_name_of_its_own() -> None:
    named = phonenumbers.SUPPORTED_REGIONS - NAMELESS

    assert all(has_flag(code) for code in named)
    assert len({name_of(code) for code in named}) == len(named)


@pytest.mark.parametrize(
    ("code", "name"), [("GB", "United Kingdom"), ("XK", "Kosovo"), ("ZZ", "ZZ"), ("", "")]
)
def test_what_has_no_name_is_called_by_its_code(code: str, name: str) -> None:
    assert name_of(code) == name


def test_the_flags_are_drawn_by_the_letters_of_their_codes() -> None:
    path = finders.find("flags/sprite-hq.css")
    assert isinstance(path, str)
    with open(path) as file:
        drawn = set(re.findall(r"^\.(flag-_?[a-z]) ", file.read(), re.MULTILINE))

    letters = "abcdefghijklmnopqrstuvwxyz"
    assert drawn == {f"flag-{sign}{letter}" for letter in letters for sign in ("", "_")}
