"""What every REST endpoint shares: errors, pages, rate limits, and how a body is read."""

from __future__ import annotations

from .pages import CursorPages
from .problems import problem_details
from .throttles import PerActorThrottle

__all__ = ["CursorPages", "PerActorThrottle", "problem_details"]
