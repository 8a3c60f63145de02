"""Texts: messages, messaging services, registrations."""

from __future__ import annotations
