"""When two e-mail addresses are the same. Pure.

Only A to Z have a small letter here. Unicode gives the Kelvin sign the small letter ``k``, and
PostgreSQL gives the dotless i the capital letter ``I``; each is a letter of its own in an address,
and who holds the one mailbox must not be taken for who holds the other.
"""

from __future__ import annotations

from string import ascii_lowercase, ascii_uppercase

from django.db.models import Q

_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)


def as_kept(address: str) -> str:
    """``address`` as every row holds it."""
    return address.strip().translate(_SMALL)


def is_plain(address: str) -> bool:
    """Whether allauth, which knows the small letters of all of Unicode, keeps it as we do."""
    return as_kept(address) == as_kept(address).lower()


def is_same(one: str, other: str) -> bool:
    """Whether both name one mailbox."""
    return as_kept(one) == as_kept(other)


def same_as(address: str, *, field: str = "email") -> Q:
    """Rows whose ``field`` is this address; the database compares it sign by sign."""
    return Q(**{field: as_kept(address)})
