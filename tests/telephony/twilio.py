"""Twilio, as our hooks meet it: requests signed with the token of the number's connection."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.test import Client
from twilio.request_validator import RequestValidator

from numbers.models import PhoneNumber

FORM = "application/x-www-form-urlencoded"
THEM = "+12065550199"


def sid(count: int, kind: str = "SM") -> str:
    return f"{kind}{count:032x}"


def told(number: PhoneNumber, **changes: str | None) -> dict[str, str]:
    """What Twilio says of a text to ``number``; None takes a parameter away."""
    parameters: dict[str, str | None] = {
        "MessageSid": sid(1),
        "SmsSid": sid(1),
        "AccountSid": number.connection.sid,
        "From": THEM,
        "To": number.e164,
        "Body": "Are you open on Sunday?",
        "NumMedia": "0",
        "NumSegments": "1",
        "FromCity": "SEATTLE",
        "SmsStatus": "received",
        "ApiVersion": "2010-04-01",
        **changes,
    }
    return {name: value for name, value in parameters.items() if value is not None}


def path_of(number: PhoneNumber) -> str:
    return f"/hooks/texts/{number.hook_key}"


def signature(path: str, parameters: dict[str, str], token: str) -> str:
    validator = RequestValidator(token)
    return str(validator.compute_signature(f"{settings.PUBLIC_URL}{path}", parameters))


def deliver(
    client: Client,
    number: PhoneNumber,
    *,
    path: str = "",
    token: str = "",
    headers: dict[str, str] | None = None,
    **changes: str | None,
) -> Any:
    """A POST of Twilio's; ``token`` signs it unless ``headers`` say otherwise."""
    path, parameters = path or path_of(number), told(number, **changes)
    signed = signature(path, parameters, token or number.connection.auth_token)
    return client.post(
        path,
        urlencode(parameters, errors="surrogatepass"),
        content_type=FORM,
        headers={"X-Twilio-Signature": signed} if headers is None else headers,
    )
