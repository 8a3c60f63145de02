"""Accounts at a glance, numbers, and what is at Twilio, for support staff."""

from __future__ import annotations

from . import accounts, inventory, twilio

__all__ = ["accounts", "inventory", "twilio"]
