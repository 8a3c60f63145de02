"""Accounts at a glance, numbers, what is at Twilio, and jobs, for support staff."""

from __future__ import annotations

from . import accounts, inventory, jobs, twilio

__all__ = ["accounts", "inventory", "jobs", "twilio"]
