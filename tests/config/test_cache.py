"""Rate limits live in a cache that forgets what has expired and nothing else.

In Redis where that is configured, and in the database for as long as Redis does not answer.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.core.cache import cache, caches
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from config.cache import PATIENCE, PatientDatabaseCache, SparedRedisCache
from config.checks import limits_can_be_counted
from tests.factories import NOON, PASSWORD, ApiKeyFactory, UserFactory
from tests.races import at_once

pytestmark = pytest.mark.django_db

MOST = 10_000


ROWS = {
    "BACKEND": "config.cache.PatientDatabaseCache",
    "LOCATION": "cache",
    "OPTIONS": {"MAX_ENTRIES": MOST},
}


@pytest.fixture
def patient(settings: Any) -> Iterator[Any]:
    """The cache of an installation, in place of the one that tests use."""
    settings.CACHES = {"default": ROWS}
    call_command("createcachetable")
    yield caches["default"]
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE cache")


class RedisError(Exception):
    """What the package ``redis`` raises, which is not installed here."""


class Redis:
    """The client of a Redis with one dictionary; while it is ``down`` every call raises."""

    down = False
    kept: dict[str, Any] = {}

    def __init__(self, connection_pool: Any) -> None:
        self.connection_pool = connection_pool

    def _reach(self) -> dict[str, Any]:
        if Redis.down:
            raise RedisError("connection refused")
        return Redis.kept

    def get(self, key: str) -> Any:
        return self._reach().get(key)

    def exists(self, key: str) -> bool:
        return key in self._reach()

    def set(self, key: str, value: Any, *, ex: int, nx: bool = False) -> bool:
        if nx and self.exists(key):
            return False
        self._reach()[key] = value
        return True

    def incr(self, key: str, delta: int) -> int:
        self._reach()[key] += delta
        return int(Redis.kept[key])

    def delete(self, key: str) -> bool:
        return self._reach().pop(key, None) is not None


def pool_at(url: str, *, parser_class: object, **options: Any) -> Any:
    """What ``ConnectionPool.from_url`` makes, or says of an address or option it does not know."""
    if not url.startswith("redis://"):
        raise ValueError("Redis URL must specify one of the following schemes")

    def make_connection() -> None:
        if unknown := set(options) - {"socket_timeout", "socket_connect_timeout"}:
            raise TypeError(f"unexpected keyword argument {unknown}")

    return SimpleNamespace(make_connection=make_connection)


@pytest.fixture
def redis(patient: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> type[Redis]:
    """An installation that counts in Redis, and the Redis."""
    package = SimpleNamespace(
        Redis=Redis,
        RedisError=RedisError,
        ConnectionPool=SimpleNamespace(from_url=pool_at),
        connection=SimpleNamespace(DefaultParser=object),
    )
    monkeypatch.setitem(sys.modules, "redis", package)
    monkeypatch.setattr(Redis, "kept", {})
    monkeypatch.setattr(Redis, "down", False)
    monkeypatch.setattr(SparedRedisCache, "down_until", 0.0)
    settings.CACHES = {"default": in_redis(), "spare": ROWS}
    return Redis


def in_redis(url: str = "redis://127.0.0.1:6379/1", **options: Any) -> dict[str, Any]:
    return {"BACKEND": "config.cache.SparedRedisCache", "LOCATION": url, "OPTIONS": options}


def rows() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM cache")
        return int(cursor.fetchone()[0])


def busy(cache: Any, keys: int) -> None:
    """As many API keys as that were used in this minute."""
    cache.set("api:a", 1, 60)
    with connection.cursor() as cursor:
        cursor.execute("SELECT value, expires FROM cache")
        value, expires = cursor.fetchone()
        cursor.executemany(
            "INSERT INTO cache (cache_key, value, expires) VALUES (%s, %s, %s)",
            [(f":1:api:api_key:{number}", value, expires) for number in range(keys)],
        )


def test_ten_thousand_api_keys_do_not_make_the_sign_in_forget_who_guessed(
    patient: PatientDatabaseCache, client: Client
) -> None:
    UserFactory.create(email="nell@example.com")

    def guess(password: str) -> str:
        form = {"login": "nell@example.com", "password": password}
        return client.post(reverse("account_login"), form).content.decode()

    for _ in range(5):
        guess("wrong password")
    busy(patient, MOST + 1)

    assert "Too many failed login attempts" in guess(PASSWORD)
    assert "_auth_user_id" not in client.session


def test_beyond_the_most_rows_only_the_expired_go(patient: PatientDatabaseCache) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        busy(patient, MOST)
        patient.set("guesses", [1.0], 300)
        clock.shift(timedelta(minutes=2))
        patient.set("another", 1, 60)

        assert rows() == 2
        assert patient.get("guesses") == [1.0]


def test_a_counter_counts_and_ends_with_its_time(patient: PatientDatabaseCache) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        with pytest.raises(ValueError, match="not found"):
            patient.incr("window")
        assert patient.add("window", 1, 60)
        assert [patient.incr("window"), patient.incr("window", 3)] == [2, 5]
        assert patient.get("window") == 5

        clock.shift(timedelta(seconds=61))
        with pytest.raises(ValueError, match="not found"):
            patient.incr("window")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_each_of_several_requests_at_the_same_instant_is_counted(
    patient: PatientDatabaseCache,
) -> None:
    cache.add("window", 0, 60)

    at_once(*[lambda: cache.incr("window")] * 8)

    assert cache.get("window") == 8


# --- Counted in Redis ------------------------------------------------------------------------


def guess(client: Client, password: str) -> Any:
    form = {"login": "nell@example.com", "password": password}
    return client.post(reverse("account_login"), form)


def test_a_redis_that_answers_counts_and_the_database_does_not(
    redis: type[Redis], client: Client
) -> None:
    UserFactory.create(email="nell@example.com")

    for _ in range(5):
        guess(client, "wrong password")

    assert b"Too many failed login attempts" in guess(client, PASSWORD).content
    assert redis.kept
    assert rows() == 0


def test_a_redis_that_is_down_stops_neither_sign_in_nor_rest(
    redis: type[Redis], client: Client
) -> None:
    redis.down = True
    UserFactory.create(email="nell@example.com")
    key = ApiKeyFactory.create()

    bearer = f"Bearer nd_{key.prefix}_{'s' * 43}"
    answer = client.get("/api/v1/numbers/", headers={"authorization": bearer})

    assert (answer.status_code, answer["RateLimit-Remaining"]) == (200, "599")
    assert guess(client, PASSWORD).status_code == 302
    assert "_auth_user_id" in client.session


def test_a_redis_that_is_down_lets_nobody_guess_without_limit(
    redis: type[Redis], client: Client
) -> None:
    redis.down = True
    UserFactory.create(email="nell@example.com")

    for _ in range(5):
        guess(client, "wrong password")

    assert b"Too many failed login attempts" in guess(client, PASSWORD).content


def test_a_redis_that_is_down_is_asked_again_after_a_while_and_not_each_time(
    redis: type[Redis], monkeypatch: pytest.MonkeyPatch
) -> None:
    redis.down = True
    now = time.monotonic()
    cache.set("guesses", 1, 60)
    redis.down = False

    cache.incr("guesses")
    assert redis.kept == {}

    monkeypatch.setattr(time, "monotonic", lambda: now + PATIENCE + 1)
    cache.set("guesses", 5, 60)
    assert list(redis.kept.values()) == [5]


def test_a_counter_that_redis_does_not_have_is_no_failure_of_redis(redis: type[Redis]) -> None:
    with pytest.raises(ValueError, match="not found"):
        cache.incr("window")
    assert SparedRedisCache.down_until == 0.0


@pytest.mark.parametrize(
    ("url", "options", "wrong"),
    [
        ("redis://127.0.0.1:6379/1", {"socket_timeout": 1}, ""),
        ("valkey://127.0.0.1:6379/1", {}, "schemes"),
        ("redis://127.0.0.1:6379/1", {"socket_tmeout": 1}, "socket_tmeout"),
    ],
)
def test_a_redis_that_could_never_be_asked_stops_the_start(
    redis: type[Redis], settings: Any, url: str, options: Any, wrong: str
) -> None:
    redis.down = True  # whether it answers does not matter
    settings.CACHES = {"default": in_redis(url, **options), "spare": ROWS}

    found = limits_can_be_counted()

    assert [error.id for error in found] == (["numberdesk.E002"] if wrong else [])
    assert all(wrong in error.msg for error in found)


def test_redis_without_its_package_stops_the_start(settings: Any) -> None:
    settings.CACHES = {"default": in_redis()}

    (error,) = limits_can_be_counted()

    assert "No module named 'redis'" in error.msg
