"""Reading and writing phone numbers; properties over whatever people may type."""

from __future__ import annotations

from unittest import mock

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.phone_numbers import E164, country_of, for_people, parse, read, whole

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
STYLES = [
    phonenumbers.PhoneNumberFormat.E164,
    phonenumbers.PhoneNumberFormat.INTERNATIONAL,
    phonenumbers.PhoneNumberFormat.NATIONAL,
    phonenumbers.PhoneNumberFormat.RFC3966,
]


@st.composite
def written_numbers(draw: st.DrawFn) -> tuple[str, str, str]:
    """A valid number of some country in some usual format: (text, country, E.164)."""
    region = draw(st.sampled_from(REGIONS))
    number = phonenumbers.example_number(region)
    assert number is not None
    text = phonenumbers.format_number(number, draw(st.sampled_from(STYLES)))
    return text, region, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@given(written=written_numbers())
def test_every_usual_way_to_write_a_number_is_read_as_the_same_number(
    written: tuple[str, str, str],
) -> None:
    text, country, e164 = written

    assert parse(text, country) == e164


def attempt(text: str, country: str) -> tuple[str, str]:
    """The number, or what is said instead."""
    try:
        return parse(text, country), ""
    except ValueError as refused:
        return "", str(refused)


@given(text=st.text(max_size=40), country=st.sampled_from(REGIONS))
def test_whatever_is_typed_becomes_e164_or_a_sentence(text: str, country: str) -> None:
    number, said = attempt(text, country)

    assert bool(E164.match(number)) or "phone number" in said
    assert not number or parse(number) == number


@given(written=written_numbers())
def test_how_people_see_a_number_can_be_typed_back(written: tuple[str, str, str]) -> None:
    _, country, e164 = written

    assert parse(for_people(e164, country), country) == e164
    typed = read(for_people(e164, country))
    assert typed
    assert any(part in e164 for part in typed.parts)


@pytest.mark.parametrize(
    ("e164", "home", "shown"),
    [
        ("+14155550123", "US", "(415) 555-0123"),
        ("+14155550123", "GB", "+1 415-555-0123"),
        ("+442079460939", "US", "+44 20 7946 0939"),
        ("+442079460939", "GB", "020 7946 0939"),
        ("nonsense", "US", "nonsense"),
    ],
)
def test_the_home_country_needs_no_country_code(e164: str, home: str, shown: str) -> None:
    assert for_people(e164, home) == shown


@pytest.mark.parametrize(
    ("e164", "country"),
    [
        ("+14155550123", "US"),
        ("+14165550120", "CA"),
        ("+18765550100", "JM"),
        ("+442079460939", "GB"),
        ("+77012345678", "KZ"),
        ("+79161234567", "RU"),
        ("+8816112345678", ""),  # satellite: no country
    ],
)
def test_shared_country_codes_are_told_apart(e164: str, country: str) -> None:
    assert country_of(e164) == country


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("tel:" * 2_000 + "+14155550123", id="links in links"),
        pytest.param("+14155550123" + "," * 9_000 + "x", id="pauses"),
        pytest.param("1" + " " * 9_000 + "(0", id="a gap"),
    ],
)
def test_what_is_longer_than_any_number_is_not_looked_into(text: str) -> None:
    """Support searched for such text: a 500 by recursion, or ten seconds of a processor."""
    with mock.patch("config.phone_numbers.unicodedata.normalize") as looked_into:
        assert read(text) is None
        assert whole(text) == ()
        with pytest.raises(ValueError, match="not a phone number"):
            parse(text)

    looked_into.assert_not_called()
