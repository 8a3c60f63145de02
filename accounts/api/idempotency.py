"""``Idempotency-Key``: a POST that is sent again gets the first one's answer and does nothing."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from rest_framework.exceptions import APIException, ParseError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actors import Actor
from accounts.models import IdempotencyKey
from config.api.problems import CONTENT_TYPE

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST_KEY = 255
_KEPT_HEADERS = ("Location",)


class KeyInUse(APIException):
    """The first request runs, or its process died before it could answer."""

    status_code = 409
    default_code = "idempotency_key_in_use"
    default_detail = (
        "The first request with this Idempotency-Key has not been answered. Try again shortly; "
        "if this stays, look whether it had its effect and use a new key."
    )


class KeyReused(APIException):
    status_code = 422
    default_code = "idempotency_key_reused"
    default_detail = "This Idempotency-Key was used for another request. Use a new key."


class Replayed(Exception):
    """Carries the stored answer past the endpoint."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def begin(request: Request, actor: Actor, *, at: datetime) -> IdempotencyKey | None:
    """Claim the request's key; None without one.

    The unique constraint decides between requests at the same instant. Raises ``Replayed``,
    ``KeyReused`` or ``KeyInUse`` when the key was seen before.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise ParseError(
            f"{HEADER} takes 1 to {LONGEST_KEY} plain characters, for instance a UUID.",
            code="idempotency_key_invalid",
        )
    fingerprint = _fingerprint(request)
    whose: dict[str, Any] = {
        "account_id": actor.account_id,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
    }
    row, is_first = IdempotencyKey.objects.get_or_create(
        **whose,
        key=key,
        defaults={"fingerprint": fingerprint, "created_at": at},
    )
    if is_first:
        return row
    if row.fingerprint != fingerprint:
        raise KeyReused()
    if row.status is None:
        raise KeyInUse()
    raise Replayed(_answer(row))


def conclude(row: IdempotencyKey, response: Response) -> None:
    """Store the answer. One of 5xx is not stored, so that the request may be tried again."""
    if response.status_code >= 500:
        row.delete()
        return
    body = json.loads(JSONRenderer().render(response.data)) if response.data is not None else None
    row.status = response.status_code
    row.body = body
    row.headers = {name: response[name] for name in _KEPT_HEADERS if name in response}
    row.save(update_fields=["status", "body", "headers"])


def _fingerprint(request: Request) -> str:
    """A digest of method, address and body; how the JSON is spaced makes no difference."""
    parts: list[Any] = [request.method, request.get_full_path(), request.data]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _answer(row: IdempotencyKey) -> Response:
    status = row.status or 200
    return Response(
        row.body,
        status=status,
        headers={**row.headers, REPLAYED: "true"},
        content_type=CONTENT_TYPE if status >= 400 else None,
    )
