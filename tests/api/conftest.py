"""Programs that hold keys of Acme, and of somebody else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Account, ApiKey
from accounts.states import Permission
from tests.factories import NOON, ApiKeyFactory, subscribed
from tests.numbers.conftest import connection

__all__ = ["connection"]

SECRET = "s" * 43
#: What a client sees of any answer.
Answer = Any


class Program(Client):
    """A REST client: sends a key, writes JSON."""

    def __init__(self, key: ApiKey | None = None, **options: Any) -> None:
        headers = {"authorization": f"Bearer nd_{key.prefix}_{SECRET}"} if key else {}
        super().__init__(headers=headers, **options)
        self.key = key

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """``send("post", "swaps/", {…}, idempotency_key="a")``; ``path`` is below the version."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        text, kind = ("", "") if body is None else (json.dumps(body), "application/json")
        return self.generic(method.upper(), path_of(path), text, kind, headers=named)


def path_of(path: str) -> str:
    return path if path.startswith("/") else f"/api/v1/{path}"


def program_of(account: Account, *scopes: Permission) -> Program:
    """A program with a key that was used just now, so that its use is not written again."""
    key = ApiKeyFactory.create(account=account, secret=SECRET, scopes=["read", *scopes])
    return Program(key)


@pytest.fixture
def program(acme: Account) -> Program:
    """A program of Acme that may do everything."""
    return program_of(acme, *Permission)


@pytest.fixture
def reader(acme: Account) -> Program:
    """A program of Acme with a read-only key."""
    return program_of(acme)


@pytest.fixture
def outsider(db: None) -> Program:
    """A program of another account that may do everything there."""
    return program_of(subscribed(slug="elsewhere-inc"), *Permission)


@pytest.fixture
def revoked(acme: Account) -> Program:
    return Program(ApiKeyFactory.create(account=acme, secret=SECRET, revoked_at=NOON))


@pytest.fixture
def anonymous() -> Program:
    return Program()


@pytest.fixture
def problem() -> Callable[[Answer], tuple[int, str]]:
    """The status and code of an answer, after a look whether it is a whole problem."""

    def read(answer: Answer) -> tuple[int, str]:
        assert answer["Content-Type"] == "application/problem+json", answer.content
        body = answer.json()
        assert set(body) == {
            "type", "title", "status", "detail", "code", "errors", "blockers", "request_id"
        }  # fmt: skip
        assert body["status"] == answer.status_code
        assert body["request_id"] == answer["X-Request-Id"]
        assert body["detail"]
        return answer.status_code, body["code"]

    return read
