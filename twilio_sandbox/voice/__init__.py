"""Calls: the TwiML they follow, what is recorded and transcribed."""

from __future__ import annotations
