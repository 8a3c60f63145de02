"""What an installation has already survives the migrations."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import StateApps

BEFORE, AFTER = ("accounts", "0006_tidy_names"), ("accounts", "0007_items_have_keys")


def migrate(target: tuple[str, str]) -> StateApps:
    executor = MigrationExecutor(connection)
    executor.migrate([target])
    return MigrationExecutor(connection).loader.project_state([target]).apps


@pytest.fixture
def _back_to_the_newest(transactional_db: None) -> Iterator[None]:
    yield
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


@pytest.mark.usefixtures("_back_to_the_newest")
def test_items_of_bulk_jobs_keep_their_numbers_and_go_back_as_they_were() -> None:
    old = migrate(BEFORE)
    account = old.get_model("accounts", "Account").objects.create(slug="acme", name="Acme")
    job = old.get_model("accounts", "Job").objects.create(
        account=account, kind="bulk", title="Tag", task="numbers.tasks.run_bulk",
        actor_kind="system", actor_label="Numberdesk",
    )  # fmt: skip
    old.get_model("accounts", "JobItem").objects.create(
        job=job, subject_id=7, label="+14155550100", state="skipped", code="protected", message="No"
    )

    item = migrate(AFTER).get_model("accounts", "JobItem").objects.get()
    kept = (item.key, item.subject_type, item.subject_id, item.state, item.code, item.result)
    back = migrate(BEFORE).get_model("accounts", "JobItem").objects.get()

    assert kept == ("+14155550100", "number", 7, "skipped", "protected", {})
    assert (back.label, back.subject_id, back.message) == ("+14155550100", 7, "No")
