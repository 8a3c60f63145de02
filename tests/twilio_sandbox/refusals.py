"""What Twilio's client made of a refusal."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from twilio.base.exceptions import TwilioException, TwilioRestException


def refusal(call: Callable[..., Any], *args: Any, **options: Any) -> tuple[int, int]:
    """(HTTP status, Twilio's code) with which a call is refused; a call that works fails here."""
    with pytest.raises(TwilioException) as caught:
        call(*args, **options)
    error = caught.value
    if isinstance(error, TwilioRestException):
        return error.status, error.code
    response = error.args[1]  # lists raise the plain class (twilio-facts 9.4 e)
    return response.status_code, json.loads(response.text)["code"]
