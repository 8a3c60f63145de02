"""Secrets that we hand out and store as a digest only."""

from __future__ import annotations

import hashlib
import secrets
import string

_ALPHABET = string.ascii_letters + string.digits


def make(length: int) -> str:
    """``length`` random letters and digits; 43 of them carry 256 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def digest(secret: str) -> str:
    """What is stored: SHA-256 in hex. A random secret of 256 bits needs no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
