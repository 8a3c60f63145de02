"""What an account used and what it cost."""

from __future__ import annotations
