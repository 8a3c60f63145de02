"""Names and flags of countries, by ISO 3166 alpha-2. Pure: both come with django-countries."""

from __future__ import annotations

from django_countries import countries


def name_of(code: str) -> str:
    """``United Kingdom``; the code itself where it has no name, and nothing of nothing."""
    return countries.name(code) or code


def has_flag(code: str) -> bool:
    """Whether ``flags/sprite-hq.css`` draws one; it does for all that have a name."""
    return bool(countries.name(code))
