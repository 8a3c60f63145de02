"""How often one API key or one signed-in member may ask."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import SimpleRateThrottle


@dataclass(frozen=True)
class RateLimit:
    """What the ``RateLimit-*`` headers of an answer say. ``reset`` is in seconds."""

    limit: int
    remaining: int
    reset: int

    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }


class PerActorThrottle(SimpleRateThrottle):
    """Counts requests in windows of the rate's length, one small number in the cache for each."""

    scope = "actor"

    def __init__(self) -> None:
        rate = str(api_settings.DEFAULT_THROTTLE_RATES[self.scope])
        limit, seconds = self.parse_rate(rate)
        self.limit, self.seconds = limit or 0, seconds or 1

    def allow_request(self, request: Request, view: Any) -> bool:
        actor = request.actor  # type: ignore[attr-defined]
        now = time.time()
        window = int(now // self.seconds)
        self.reset = max(1, int((window + 1) * self.seconds - now + 0.999))
        key = f"api:{actor.kind}:{actor.id}:{actor.account_id}:{window}"
        try:
            used = cache.incr(key)
        except ValueError:  # the first request of this window
            used = 1 if cache.add(key, 1, timeout=self.seconds) else cache.incr(key)
        request.rate_limit = RateLimit(  # type: ignore[attr-defined]
            self.limit, max(0, self.limit - used), self.reset
        )
        return bool(used <= self.limit)

    def wait(self) -> float:
        return self.reset
