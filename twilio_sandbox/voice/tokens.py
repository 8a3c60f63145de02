"""What a call that comes in proves about its caller: `CallToken`, `StirPassportToken` (facts C 5).

Both have the shape of Twilio's; the signatures are made up, because nobody's key is here.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from uuid import UUID

from twilio_sandbox.voice.rows import Call
from twilio_sandbox.world import World

_PASSED = "TN-Validation-Passed-"


def of(world: World, call: Call, stir_verstat: str | None) -> dict[str, str]:
    """The options of an incoming call that its webhooks carry."""
    claims = {
        "callSid": call.sid,
        "from": call.from_number,
        "to": call.to_number,
        "iat": str(int(call.created)),
    }
    proof: dict[str, Any] = {"parentCallInfoToken": _token(world, call, {"alg": "ES256"}, claims)}
    if stir_verstat is None or not stir_verstat.startswith(_PASSED):
        return {"call_token": _written(proof)}
    passport = _passport(world, call, stir_verstat.removeprefix(_PASSED))
    proof["identityHeaderTokens"] = [passport]
    return {"call_token": _written(proof), "stir_passport_token": passport}


def _written(proof: Mapping[str, Any]) -> str:
    return quote(json.dumps(proof, separators=(",", ":")), safe="")


def _passport(world: World, call: Call, attestation: str) -> str:
    """What the carrier that vouches for the caller's number says (RFC 8588)."""
    head = {
        "alg": "ES256",
        "ppt": "shaken",
        "typ": "passport",
        "x5u": "https://carrier.example/shaken.pem",
    }
    claims = {
        "attest": attestation,
        "dest": {"tn": [call.to_number.lstrip("+")]},
        "iat": int(call.created),
        "orig": {"tn": call.from_number.lstrip("+")},
        "origid": str(UUID(world.named_sid("", f"origin:{call.sid}"), version=4)),
    }
    return _token(world, call, head, claims)


def _token(world: World, call: Call, head: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    parts = [_encoded(json.dumps(part, separators=(",", ":")).encode()) for part in (head, claims)]
    made_up = "".join(world.named_sid("", f"{half}:{call.sid}") for half in "abcd")
    return ".".join([*parts, _encoded(bytes.fromhex(made_up))])


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
