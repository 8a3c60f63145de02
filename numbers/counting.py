"""The counts of an account's numbers and their history, kept by triggers.

Whatever inserts, moves or removes rows of numbers, one by one or by the thousand, changes the
counts in the same statement, so they cannot differ from what they count. PostgreSQL sums up a
statement and writes once; SQLite counts row by row, which costs it microseconds
(`docs/decisions/0019`).

What that changes about how many are held is noted by the quarter of an hour of ``state_changed_at``
(`docs/decisions/0026`). Numbers that are removed, which our code never does, change nothing there:
the past is told as if they had never been.

``install`` runs after every ``migrate``: SQLite drops triggers with a table that a migration makes
anew.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.db import connection as default_connection
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, Count, ExpressionWrapper, Q

from .models import HeldChange, NumberCount, PhoneNumber
from .states import TAKES_LICENSE

NUMBERS = PhoneNumber._meta.db_table
COUNTS = NumberCount._meta.db_table
HISTORY = HeldChange._meta.db_table
#: Event -> which sides of a changed row exist.
_SIDES = {"insert": ("new",), "update": ("old", "new"), "delete": ("old",)}
_SIGN = {"new": 1, "old": -1}
_NOTED = ("insert", "update")
_ADD = (
    "ON CONFLICT (account_id, state, assigned, enabled, country) DO UPDATE SET amount = "
    f"{COUNTS}.amount + excluded.amount"
)
_INTO = f"INSERT INTO {COUNTS} (account_id, state, assigned, enabled, country, amount)"
_NOTE = f"INSERT INTO {HISTORY} (account_id, quarter, amount)"
_NOTE_ADDS = (
    f"ON CONFLICT (account_id, quarter) DO UPDATE SET amount = {HISTORY}.amount + excluded.amount"
)
_TAKING = "({})".format(", ".join(f"'{state}'" for state in TAKES_LICENSE))
#: The beginning of the quarter of an hour in which a time lies. SQLite would round its last
#: millisecond up, so it is not shown the fractions.
_QUARTER = {
    "postgresql": "date_bin('15 minutes', {}, TIMESTAMPTZ 'epoch')",
    "sqlite": "datetime(strftime('%s', substr({}, 1, 19)) / 900 * 900, 'unixepoch')",
}

#: (account, state, has an agent, is enabled, country) -> how many.
Counts = Counter[tuple[int, str, bool, bool, str]]


def install(connection: BaseDatabaseWrapper = default_connection) -> bool:
    """Make the triggers that are missing or old, and count anew then; True when there were any."""
    wanted = _wanted(connection.vendor)
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        if not {NUMBERS, COUNTS, HISTORY} <= tables or not _has_all_columns(connection, cursor):
            return False  # a migration back: the older program makes its own
        if _installed(connection, cursor) == wanted:
            return False
        for event in _SIDES:
            cursor.execute(f"DROP TRIGGER IF EXISTS {_name(event)}{_on(connection.vendor)}")
            for statement in _statements(connection.vendor, event):
                cursor.execute(statement)
        cursor.execute(f"DELETE FROM {COUNTS}")  # noqa: S608 - here and below: our own names
        cursor.execute(f"{_INTO} {_COUNTED} GROUP BY 1, 2, 3, 4, 5")
        cursor.execute(_history_of_what_is_held(connection.vendor))
        return True


def _has_all_columns(connection: BaseDatabaseWrapper, cursor: Any) -> bool:
    there = {
        column.name for column in connection.introspection.get_table_description(cursor, COUNTS)
    }
    return there >= {field.column for field in NumberCount._meta.concrete_fields}


def after_migrate(using: str, **facts: Any) -> None:
    """Receives ``post_migrate``."""
    from django.db import connections

    install(connections[using])


_COUNTED = (
    "SELECT account_id, state, agent_id IS NOT NULL, enabled_at IS NOT NULL, country, count(*) "  # noqa: S608
    f"FROM {NUMBERS}"
)


def _quarter(vendor: str, moment: str) -> str:
    return _QUARTER[vendor].format(moment)


def _history_of_what_is_held(vendor: str) -> str:
    """For accounts that have no history yet: since when they hold what they hold."""
    return (
        f"{_NOTE} SELECT account_id, {_quarter(vendor, 'state_changed_at')}, count(*) "  # noqa: S608
        f"FROM {NUMBERS} WHERE state IN {_TAKING} "
        f"AND account_id NOT IN (SELECT account_id FROM {HISTORY}) GROUP BY 1, 2"
    )


def _name(event: str) -> str:
    return f"number_counted_on_{event}"


def _on(vendor: str) -> str:
    return f" ON {NUMBERS}" if vendor == "postgresql" else ""


def _statements(vendor: str, event: str) -> list[str]:
    if vendor == "postgresql":
        return [_function(event), _postgres_trigger(event)]
    return [_sqlite_trigger(event)]


def _body(event: str) -> str:
    """What PostgreSQL does after a statement, with the rows before it and after it."""
    sides = " UNION ALL ".join(
        "SELECT account_id, state, agent_id IS NOT NULL AS assigned, "  # noqa: S608
        f"enabled_at IS NOT NULL AS enabled, country, {_SIGN[side]} AS one FROM {side}_rows"
        for side in _SIDES[event]
    )
    columns = "account_id, state, assigned, enabled, country"
    moved = f"SELECT {columns}, sum(one) FROM ({sides}) AS moved"  # noqa: S608
    grouped = f"GROUP BY {columns} HAVING sum(one) <> 0 ORDER BY {columns}"
    many = f"{_INTO} {moved} {grouped} {_ADD}"
    steps = [many, _postgres_note(event)] if event in _NOTED else [many]
    return f"BEGIN {'; '.join(steps)}; RETURN NULL; END"


def _postgres_note(event: str) -> str:
    """The same for the history: both sides of a row that moved did so when it says.

    Sides meet by a window and not by a join: a function keeps the plan of its first call, which
    was about one row, and a join that is planned for one row takes minutes for 50,000.
    """
    sides = " UNION ALL ".join(
        f"SELECT id, account_id, {moment} AS moved_at, "  # noqa: S608
        f"CASE WHEN state IN {_TAKING} THEN {_SIGN[side]} ELSE 0 END AS one FROM {side}_rows"
        for side, moment in (("new", "state_changed_at"), ("old", "NULL"))
        if side in _SIDES[event]
    )
    moved = (
        "SELECT account_id, max(moved_at) OVER (PARTITION BY id) AS moved_at, one "  # noqa: S608
        f"FROM ({sides}) AS sides"
    )
    quarter = _quarter("postgresql", "moved_at")
    return (
        f"{_NOTE} SELECT account_id, {quarter}, sum(one) FROM ({moved}) AS moved "  # noqa: S608
        f"GROUP BY 1, 2 HAVING sum(one) <> 0 ORDER BY 1, 2 {_NOTE_ADDS}"
    )


def _function(event: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {_name(event)}() RETURNS trigger LANGUAGE plpgsql "
        f"AS $${_body(event)}$$"
    )


def _postgres_trigger(event: str) -> str:
    rows = " ".join(f"{side.upper()} TABLE AS {side}_rows" for side in _SIDES[event])
    return (
        f"CREATE TRIGGER {_name(event)} AFTER {event.upper()} ON {NUMBERS} "
        f"REFERENCING {rows} FOR EACH STATEMENT EXECUTE FUNCTION {_name(event)}()"
    )


_STEP_OF_SQLITE = {
    "new": (
        f"{_INTO} VALUES (new.account_id, new.state, new.agent_id IS NOT NULL, "
        f"new.enabled_at IS NOT NULL, new.country, 1) {_ADD};"
    ),
    # A count that is not there is not made: whoever empties all tables has emptied it already.
    "old": (
        f"UPDATE {COUNTS} SET amount = amount - 1 WHERE account_id = old.account_id "  # noqa: S608
        "AND state = old.state AND assigned = (old.agent_id IS NOT NULL) "
        "AND enabled = (old.enabled_at IS NOT NULL) AND country = old.country;"
    ),
}


def _sqlite_trigger(event: str) -> str:
    when = ""
    if event == "update":
        counted = ("account_id", "state", "agent_id IS NULL", "enabled_at IS NULL", "country")
        old, new = (", ".join(f"{side}.{each}" for each in counted) for side in ("old", "new"))
        when = f" WHEN ({old}) <> ({new})"
    steps = " ".join(_STEP_OF_SQLITE[side] for side in _SIDES[event])
    if event in _NOTED:
        steps += "".join(_sqlite_note(event, side) for side in _SIDES[event])
    watched = " UPDATE OF account_id, state, agent_id, enabled_at, country"
    moved = watched if event == "update" else f" {event.upper()}"
    return (
        f"CREATE TRIGGER {_name(event)} AFTER{moved} ON {NUMBERS} FOR EACH ROW{when} "
        f"BEGIN {steps} END"
    )


def _sqlite_note(event: str, side: str) -> str:
    takes = f"{side}.state IN {_TAKING}"
    moved = (
        f" AND (old.account_id, old.state IN {_TAKING}) <> (new.account_id, new.state IN {_TAKING})"
        if event == "update"
        else ""
    )
    quarter = _quarter("sqlite", "new.state_changed_at")
    return (
        f" {_NOTE} SELECT {side}.account_id, {quarter}, {_SIGN[side]} "
        f"WHERE {takes}{moved} {_NOTE_ADDS};"
    )


def _wanted(vendor: str) -> dict[str, str]:
    make = _body if vendor == "postgresql" else _sqlite_trigger
    return {_name(event): make(event) for event in _SIDES}


def _installed(connection: BaseDatabaseWrapper, cursor: Any) -> dict[str, str]:
    """Name and text of the triggers that the database has."""
    if connection.vendor == "postgresql":
        cursor.execute(
            "SELECT tgname, prosrc FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid "
            "WHERE tgrelid = %s::regclass AND tgname LIKE 'number_counted_on_%%'",
            [NUMBERS],
        )
    else:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s "
            "AND name LIKE 'number_counted_on_%%'",
            [NUMBERS],
        )
    return dict(cursor.fetchall())


def kept(account_id: int | None = None) -> Counts:
    """What the counts say, of one account or of all."""
    rows = NumberCount.objects.filter(_of(account_id)).exclude(amount=0)
    return Counter(
        {
            (each.account_id, each.state, each.assigned, each.enabled, each.country): each.amount
            for each in rows.iterator()
        }
    )


def counted(account_id: int | None = None) -> Counts:
    """What the numbers themselves say: reads every one of them."""
    rows = (
        PhoneNumber.objects.filter(_of(account_id))
        .order_by()
        .annotate(
            assigned=ExpressionWrapper(Q(agent_id__isnull=False), BooleanField()),
            enabled=ExpressionWrapper(Q(enabled_at__isnull=False), BooleanField()),
        )
        .values_list("account_id", "state", "assigned", "enabled", "country")
        .annotate(amount=Count("pk"))
    )
    return Counter(
        {
            (account, state, bool(assigned), bool(enabled), country): amount
            for account, state, assigned, enabled, country, amount in rows.iterator()
        }
    )


def recount(account_id: int) -> None:
    """Write an account's counts anew. The caller holds the account's entitlement."""
    NumberCount.objects.filter(account_id=account_id).delete()
    NumberCount.objects.bulk_create(
        NumberCount(
            account_id=account,
            state=state,
            assigned=assigned,
            enabled=enabled,
            country=country,
            amount=amount,
        )
        for (account, state, assigned, enabled, country), amount in counted(account_id).items()
    )


def _of(account_id: int | None) -> Q:
    return Q() if account_id is None else Q(account_id=account_id)
