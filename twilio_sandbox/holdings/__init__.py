"""What an account holds beside its numbers: addresses, applications, regulatory papers."""

from __future__ import annotations
