"""Secrets that we hand out once and store as a digest only."""

from __future__ import annotations

import hashlib
import secrets


def make() -> str:
    """A fresh secret of 256 random bits, 43 characters that are safe in a URL."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is stored: SHA-256 in hex. A secret of this size needs no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
