"""What every answer of the room says of itself: no other site may frame, load or script it."""

from __future__ import annotations

_SELF = "'self'"
HEADERS = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            *(f"{kind}-src {_SELF}" for kind in ("style", "script", "img", "media", "connect")),
            f"form-action {_SELF}",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
