"""What may stand in the path of a request: SIDs and phone numbers, known by their form.

Twilio's client puts into a path whatever it is given, `../` included (twilio-facts 9.3).
"""

from __future__ import annotations

import re
from functools import lru_cache

from config.phone_numbers import E164


@lru_cache
def pattern(prefix: str) -> re.Pattern[str]:
    """The SIDs of one kind: ``pattern("PN").fullmatch(text)``."""
    return re.compile(rf"{prefix}[0-9a-fA-F]{{32}}")


def sid(prefix: str, text: str) -> str:
    """``text``, which must be a SID of that kind. Raises ``ValueError``."""
    if not pattern(prefix).fullmatch(text):
        raise ValueError(f"not a SID that begins with {prefix}")
    return text


def e164(text: str) -> str:
    """``text``, which must be a phone number. Raises ``ValueError``."""
    if not E164.fullmatch(text):
        raise ValueError("not a phone number in E.164")
    return text
