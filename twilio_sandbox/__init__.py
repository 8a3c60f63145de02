"""A stand-in for Twilio over real HTTP, in a process of its own; see `docs/sandbox.md`.

Imports nothing but the standard library and itself.
"""

from __future__ import annotations
