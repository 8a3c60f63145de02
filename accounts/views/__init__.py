"""The accounts app in the browser. One file a topic."""

from __future__ import annotations

from .front import help, home, styleguide

__all__ = ["help", "home", "styleguide"]
