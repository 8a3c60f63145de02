"""In which order a reader may take events, when several writers commit in another order.

PostgreSQL gives a row its id before its transaction commits, so an event may appear below one that
was read already, and whoever continues after the highest id has missed it. So each writer says
under which id it cannot write any more, with an advisory lock that ends with its transaction, and a
reader stops at the lowest such id. Nobody waits for anybody (`docs/decisions/0017`).

SQLite has one writer at a time: there ids are in the order of commits, and nothing is needed.
"""

from __future__ import annotations

from django.db import DEFAULT_DB_ALIAS, connections

#: Tells our advisory locks from others. A key is this, then 40 bits of a position in the log.
_MARK = 0x6E64
_BITS = 40
#: Positions are steps of so many ids, so that a transaction that writes one event after the other
#: holds a few locks and not one for each.
_STEP = 16
#: The highest id that has been given to a row, committed or not.
_GIVEN = "(last_value - CASE WHEN is_called THEN 0 ELSE 1 END)"

_LOCK = f"SELECT pg_advisory_xact_lock_shared(({_MARK}::bigint << {_BITS}) | ({_GIVEN} / {_STEP}))"
_OPEN = f"""
    SELECT min(((classid::bigint << 32) | objid::bigint) & ((1::bigint << {_BITS}) - 1)) * {_STEP}
    FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND classid::bigint >> {_BITS - 32} = {_MARK}
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND pid <> pg_backend_pid()
"""  # noqa: S608 - our own numbers


def about_to_write(table: str, *, using: str = DEFAULT_DB_ALIAS) -> None:
    """Tell readers that this transaction writes rows; before the first of them gets its id."""
    database = connections[using]
    if database.vendor != "postgresql":
        return
    with database.cursor() as cursor:
        cursor.execute(f"{_LOCK} FROM {_sequence(table)}")


def settled_until(table: str, *, using: str = DEFAULT_DB_ALIAS) -> int | None:
    """The id up to which no row can appear any more; None when every row that shows is settled.

    What the caller's own transaction has written is its own to see.
    """
    database = connections[using]
    if database.vendor != "postgresql":
        return None
    with database.cursor() as cursor:
        # In this order: whoever announces itself after the first question gets higher ids, and
        # whoever did so before and is not found by the second one has committed.
        cursor.execute(f"SELECT {_GIVEN} FROM {_sequence(table)}")  # noqa: S608 - our own names
        (given,) = cursor.fetchone()
        cursor.execute(_OPEN)
        (open_from,) = cursor.fetchone()
    return int(given if open_from is None else min(given, open_from))


def _sequence(table: str) -> str:
    return f"{table}_id_seq"
