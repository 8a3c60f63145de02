"""What the stand-in sends to the programs it works for: signed, retried, with a fallback."""

from __future__ import annotations
