"""Who asks: auth tokens, API keys, and what each may do."""

from __future__ import annotations
