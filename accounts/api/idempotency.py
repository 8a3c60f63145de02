"""``Idempotency-Key``: a POST that is sent again gets the first one's answer and does nothing.

Whatever a request changes marks its key in the same transaction (``marking``), so a process may be
killed anywhere: a key without a mark has changed nothing and may be taken up by a repeat, a key
with one never acts again, whether its answer could be stored or not. A request whose key was taken
up by a repeat finds its claim gone before its first write, and writes nothing.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from rest_framework.exceptions import APIException, ParseError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actor import Actor
from accounts.models import IdempotencyKey
from config.api.problems import CONTENT_TYPE

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST_KEY = 255
#: A request that was not answered in this time has lost its process.
ABANDONED_AFTER = timedelta(minutes=1)
_KEPT_HEADERS = ("Location",)


class KeyInUse(APIException):
    """The first request runs, or its process died a moment ago."""

    status_code = 409
    default_code = "idempotency_key_in_use"
    default_detail = (
        "The first request with this Idempotency-Key has not been answered yet. Try again shortly."
    )


class OutcomeUnknown(APIException):
    """The first request changed something, and its answer was lost with its process."""

    status_code = 409
    default_code = "idempotency_outcome_unknown"

    def __init__(self, row: IdempotencyKey) -> None:
        super().__init__(
            "The first request with this Idempotency-Key changed something and then broke off, so "
            "its answer is not known. It is not done again. Look at what it was about, or in the "
            f"activity for what request {row.request_id} did, before you use a new key."
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
    ``KeyReused``, ``KeyInUse`` or ``OutcomeUnknown`` when the key was seen before, unless that
    request was abandoned before it changed anything.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return None
    plain = key.isascii() and key.isprintable() and key == key.strip()
    if not (plain and 0 < len(key) <= LONGEST_KEY):
        raise ParseError(
            f"{HEADER} takes 1 to {LONGEST_KEY} plain characters, for instance a UUID.",
            code="idempotency_key_invalid",
        )
    fingerprint = _fingerprint(request)
    claim = secrets.token_hex(16)
    mine: dict[str, Any] = {"claim": claim, "claimed_at": at, "request_id": actor.request_id}
    whose: dict[str, Any] = {
        "account_id": actor.account_id,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
    }
    row, is_first = IdempotencyKey.objects.get_or_create(
        **whose,
        key=key,
        defaults={"fingerprint": fingerprint, "created_at": at, **mine},
    )
    if is_first:
        return row
    if row.fingerprint != fingerprint:
        raise KeyReused()
    if row.status is not None:
        raise OutcomeUnknown(row) if row.status >= 500 else Replayed(_answer(row))
    if row.claimed_at > at - ABANDONED_AFTER:
        raise KeyInUse()
    if row.acted_at is not None:
        raise OutcomeUnknown(row)
    if not _claimed(row).filter(status=None, acted_at=None).update(**mine):
        raise KeyInUse()  # answered, acted or taken up by somebody else since it was read
    row.claim = claim
    return row


def _claimed(row: IdempotencyKey) -> Any:
    """The row, as long as nobody else has taken it up."""
    return IdempotencyKey.objects.filter(pk=row.pk, claim=row.claim)


def marking(row: IdempotencyKey, *, at: datetime) -> AbstractContextManager[None]:
    """While this is open, what the thread writes to the database marks the key first.

    In the same transaction: both are committed, or neither. A write outside of a transaction is
    marked by a commit of its own, before it. Raises ``KeyInUse`` in the place of a write when the
    key has been taken up by a repeat.
    """
    table = IdempotencyKey._meta.db_table

    def mark(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        verb = sql.lstrip()[:6].upper()
        is_write = verb in ("INSERT", "UPDATE", "DELETE") and table not in sql
        if is_write and not _claimed(row).update(acted_at=at):
            raise KeyInUse()
        return execute(sql, params, many, context)

    return connection.execute_wrapper(mark)


def conclude(row: IdempotencyKey, response: Response) -> None:
    """Store the answer. The key of a failure (5xx) that changed nothing is free again."""
    if response.status_code >= 500:
        unmarked = _claimed(row).filter(acted_at=None)
        if not unmarked.delete()[0]:
            _claimed(row).update(status=response.status_code)
        return
    body = json.loads(JSONRenderer().render(response.data)) if response.data is not None else None
    headers = {name: response[name] for name in _KEPT_HEADERS if name in response}
    _claimed(row).update(status=response.status_code, body=body, headers=headers)


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
