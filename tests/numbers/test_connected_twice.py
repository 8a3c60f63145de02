"""An installation in which one subaccount was connected twice before that was refused."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.db.migrations.executor import MigrationExecutor

from tests.factories import NOON

BEFORE = [("numbers", "0006_what_is_at_twilio")]
AFTER = [("numbers", "0008_connection_is_made_once")]


@pytest.mark.django_db(transaction=True)
def test_the_older_connection_keeps_the_subaccount_and_the_later_ones_are_detached() -> None:
    executor = MigrationExecutor(database)
    latest = executor.loader.graph.leaf_nodes()
    executor.migrate(BEFORE)
    apps = executor.loader.project_state(BEFORE).apps
    Account, Connection = (
        apps.get_model("accounts", "Account"),
        apps.get_model("numbers", "Connection"),
    )
    accounts = [Account.objects.create(slug=slug, name=slug) for slug in ("one", "two", "three")]
    sid = "AC" + "a" * 32
    for account, other in zip(accounts, (sid, sid, "AC" + "b" * 32), strict=True):
        Connection.objects.create(
            account=account,
            sid=other,
            owner_sid="AC" + "0" * 32,
            name=account.name,
            auth_token="secret",
            checked_at=NOON,
            refresh_every="hourly",
            next_refresh_at=NOON,
        )

    try:
        MigrationExecutor(database).migrate(AFTER)

        rows = Connection.objects.order_by("pk").values_list("state", "next_refresh_at")
        assert list(rows) == [("active", NOON), ("detached", None), ("active", NOON)]
        second = Connection.objects.get(account=accounts[1])
        assert second.auth_token == ""
        assert "another account" in second.state_detail
        event = apps.get_model("accounts", "Event").objects.get(type="connection.detached")
        assert event.account_id == accounts[1].pk
    finally:
        MigrationExecutor(database).migrate(latest)
