"""Alerts and audit events, as Twilio Monitor shows them."""

from __future__ import annotations
