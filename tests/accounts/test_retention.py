"""Rows that only grow are kept as long as docs/operations.md says, and then go."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session

from accounts import tasks
from accounts.models import Account, Event, HookDelivery, Job, Notice, Postponed
from accounts.services import retention
from accounts.services.retention import RULES
from accounts.states import DeliveryState, JobState
from tests.factories import (
    NOON,
    CsvEditFactory,
    EventFactory,
    IdempotencyKeyFactory,
    JobFactory,
    JobItemFactory,
    LookFactory,
    NoticeFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

SECOND = timedelta(seconds=1)


def session(at: datetime) -> Session:
    return Session.objects.create(session_key=at.isoformat()[:40], expire_date=at)


def delivery(state: DeliveryState) -> Callable[[datetime], HookDelivery]:
    def create(at: datetime) -> HookDelivery:
        account = Account.objects.first() or JobFactory.create().account
        return HookDelivery.objects.create(
            account=account, source="x", key=at.isoformat(), body=b"", state=state, received_at=at
        )

    return create


def item(at: datetime) -> Any:
    return JobItemFactory.create(
        job=JobFactory.create(finished=True, created_at=at, finished_at=at)
    )


MAKERS: dict[str, Callable[[datetime], Any]] = {
    "sessions that have expired": session,
    "answers to REST requests with an Idempotency-Key": lambda at: IdempotencyKeyFactory.create(
        created_at=at
    ),
    "calls of hooks that were answered": delivery(DeliveryState.ANSWERED),
    "calls of hooks that could not be handled": delivery(DeliveryState.FAILED),
    "the rows of finished jobs": item,
    "looks of support that have ended": lambda at: LookFactory.create(ended_at=at),
    "rows that a sweep tried in vain and nobody has tried since": lambda at: (
        Postponed.objects.create(what="payment", row_id=at.timestamp(), until=at)
    ),
    "CSV files that were brought for an edit": lambda at: CsvEditFactory.create(created_at=at),
    "notices, read or not": lambda at: NoticeFactory.create(created_at=at),
}


@pytest.mark.parametrize("what", RULES)
def test_what_is_past_its_time_goes_and_nothing_else(what: str) -> None:
    make, rule = MAKERS[what], RULES[what]
    old = [make(NOON - rule.keep - days * timedelta(days=1) - SECOND) for days in (2, 1, 0)]
    young = [make(NOON - rule.keep + SECOND), make(NOON - rule.keep + timedelta(hours=1))]

    gone = tasks.prune()

    assert {what: count for what, count in gone.items() if count} == {what: len(old)}
    assert set(type(young[0])._default_manager.all()) == set(young)
    assert not any(tasks.prune().values())


def test_a_job_that_still_runs_keeps_its_rows(acme: Account) -> None:
    ages = NOON - timedelta(days=400)
    JobItemFactory.create(job=JobFactory.create(account=acme, running=True, created_at=ages))
    JobItemFactory.create(job=JobFactory.create(account=acme, created_at=NOON))

    assert tasks.prune()["the rows of finished jobs"] == 0


def test_the_job_and_the_events_stay(acme: Account) -> None:
    ages = NOON - timedelta(days=400)
    row = item(ages)
    event = EventFactory.create(account=acme, at=ages)

    tasks.prune()

    assert Job.objects.get(pk=row.job_id).state == JobState.DONE
    assert Event.objects.get() == event


def test_what_does_not_fit_into_the_time_is_left_for_the_next_run(
    acme: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for days in range(5):
        NoticeFactory.create(account=acme, created_at=NOON - timedelta(days=400 - days))

    assert not any(retention.prune(at=NOON, seconds=0).values())
    assert retention.prune(at=NOON)["notices, read or not"] == 5
    assert not Notice.objects.exists()


def test_the_table_of_the_documents_says_the_same() -> None:
    text = Path(settings.BASE_DIR / "docs" / "operations.md").read_text(encoding="utf-8")

    for what, rule in RULES.items():
        kept = (
            f"{rule.keep.days} day{'' if rule.keep.days == 1 else 's'}" if rule.keep else "at once"
        )
        assert f"| {what} | {kept} |" in text
    assert set(MAKERS) == set(RULES)


def test_the_documents_say_of_every_table_whether_it_stays() -> None:
    text = Path(settings.BASE_DIR / "docs" / "operations.md").read_text(encoding="utf-8")
    _, _, after = text.partition("Everything else stays")
    lines = re.findall(r"^- \w+: (.+)$", after.partition("\n## ")[0], re.MULTILINE)
    stays = {name for line in lines for name in line.split(", ")}
    pruned = {rule.rows(NOON).model for rule in RULES.values()}

    ours = {
        model
        for app in ("accounts", "licensing", "numbers", "telephony")
        for model in apps.get_app_config(app).get_models()
    }
    assert stays == {str(model._meta.verbose_name_plural) for model in ours - pruned}
