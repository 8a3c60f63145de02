"""The cache that counts rate limits: rows of the database that nobody else's rows can push out.

Or Redis or Valkey where one is configured, and those rows for as long as it does not answer.
"""

from __future__ import annotations

import base64
import logging
import pickle
import time
from collections.abc import Callable
from typing import Any, ClassVar

from django.core.cache import caches
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.redis import RedisCache
from django.db import connections, router, transaction
from django.utils import timezone

logger = logging.getLogger(__name__)

#: The name in ``CACHES`` of what counts while Redis does not answer.
SPARE = "spare"
#: Seconds that Redis is left alone after it did not answer.
PATIENCE = 10


class PatientDatabaseCache(DatabaseCache):
    """Django's database cache, which forgets a row when it has expired and never before.

    Django's own keeps 300 rows and then deletes by the order of their keys, so that a few hundred
    API keys make it forget who has guessed passwords. Here a row lives as long as it was stored
    for: with ``MAX_ENTRIES`` rows or more, those that have expired go, and only those.
    ``incr`` counts each of several requests at the same instant.
    """

    _table: str

    def _cull(self, db: str, cursor: Any, now: Any, num: int) -> None:
        connection = connections[db]
        table = connection.ops.quote_name(self._table)
        cursor.execute(
            f"DELETE FROM {table} WHERE expires < %s",  # noqa: S608 - the table's own name
            [connection.ops.adapt_datetimefield_value(now)],
        )

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Add ``delta`` to a counter. Raises ``ValueError`` where there is none, or no more."""
        key = self.make_and_validate_key(key, version=version)
        db = router.db_for_write(self.cache_model_class)
        connection = connections[db]
        table = connection.ops.quote_name(self._table)
        now = connection.ops.adapt_datetimefield_value(timezone.now().replace(microsecond=0))
        held = "FOR UPDATE" if connection.features.has_select_for_update else ""
        with transaction.atomic(using=db), connection.cursor() as cursor:
            cursor.execute(
                f"SELECT value FROM {table} WHERE cache_key = %s AND expires > %s {held}",  # noqa: S608
                [key, now],
            )
            row = cursor.fetchone()
            if row is None:
                raise ValueError(f"Key {key!r} not found")
            counted: int = pickle.loads(base64.b64decode(row[0])) + delta  # noqa: S301 - our own
            value = base64.b64encode(pickle.dumps(counted, self.pickle_protocol)).decode("latin1")
            cursor.execute(
                f"UPDATE {table} SET value = %s WHERE cache_key = %s",  # noqa: S608
                [value, key],
            )
        return counted


def _spared(name: str) -> Callable[..., Any]:
    """The method of Redis's cache, or the spare's when Redis does not answer."""
    ask_redis = getattr(RedisCache, name)

    def either(self: SparedRedisCache, *args: Any, **options: Any) -> Any:
        if time.monotonic() >= SparedRedisCache.down_until:
            try:
                return ask_redis(self, *args, **options)
            except self.failures as error:
                SparedRedisCache.down_until = time.monotonic() + PATIENCE
                logger.error("Redis does not count rate limits; the database does: %r", error)
        return getattr(caches[SPARE], name)(*args, **options)

    return either


class SparedRedisCache(RedisCache):
    """Redis or Valkey. While it does not answer, or refuses, the database counts in its place.

    So its end neither stops sign-ins nor lets anybody guess without limit; what one of the two has
    counted the other does not know (docs/decisions/0031).
    """

    #: By ``time.monotonic()``, for all threads of the process.
    down_until: ClassVar[float] = 0.0

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """What the client raises for a server that does not answer, or says no."""
        return (self._cache._lib.RedisError, OSError)  # type: ignore[attr-defined]

    def prepare(self) -> None:
        """Make the client, without a word to the server. Raises what is wrong with settings."""
        self._cache.get_client().connection_pool.make_connection()

    add = _spared("add")
    clear = _spared("clear")
    delete = _spared("delete")
    delete_many = _spared("delete_many")
    get = _spared("get")
    get_many = _spared("get_many")
    has_key = _spared("has_key")
    incr = _spared("incr")
    set = _spared("set")
    set_many = _spared("set_many")
    touch = _spared("touch")
