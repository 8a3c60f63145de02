"""Bulk actions: a preview of 50,000 numbers, and what one number of a job costs among many."""

from __future__ import annotations

import time
from typing import Any

from django.utils import timezone

from accounts.actor import SYSTEM
from accounts.models import Account, Job
from accounts.services import job_items
from numbers.actions import ACTIONS
from numbers.filters import shown_by
from numbers.services import bulk, previews
from numbers.services.bulk import Selection
from telephony.models import Agent
from telephony.states import AgentState

from .measuring import Row, ratio
from .pages import inventory

MANY, FEW = 50_000, 5_000
ROUNDS = 5
#: Items of a job that are timed, in an account of MANY numbers and in one of FEW.
ITEMS = 400
EVERYTHING = Selection(shown=shown_by("tab=all"))


def rows() -> list[Row]:
    many, few = (inventory(f"bulk-{amount}", amount)[0] for amount in (MANY, FEW))
    params = {account.pk: _params(account) for account in (many, few)}
    names = [name for name, action in ACTIONS.items() if action.many is not None]
    previewed = [_preview(name, many, few, params) for name in names]
    # `release` queues a task at Twilio for each, and `bring_back` needs excluded ones.
    done = [_items(name, many, few, params) for name in ("assign", "unassign", "tag", "exclude")]
    return [*previewed, *done]


def _params(account: Account) -> dict[str, dict[str, Any]]:
    agent = Agent.objects.create(
        account=account, name="Reception", state=AgentState.LIVE, created_at=timezone.now()
    )
    return {
        "assign": {"agent": agent.pk},
        "tag": {"add": ["berlin"], "remove": ["paris"]},
        "protect": {"protected": True},
    }


def _preview(name: str, many: Account, few: Account, params: Any) -> Row:
    def look(account: Account) -> None:
        previews.preview(
            account.pk,
            action=name,
            selection=EVERYTHING,
            params=params[account.pk].get(name, {}),
            actor=SYSTEM,
            at=timezone.now(),
        )

    def look_ten_times() -> None:
        for _ in range(MANY // FEW):
            look(few)

    return ratio(
        f"preview of {MANY:,} numbers: {name}",
        lambda: look(many),
        f"previews of {FEW:,}, as many as have the same numbers",
        look_ten_times,
        limit=3,
        rounds=ROUNDS,
    )


def _items(name: str, many: Account, few: Account, params: Any) -> Row:
    """Items of a job by turns in a big and in a small account: one may not cost more there."""
    in_many, in_few = (
        _seconds_an_item(account, name, params[account.pk].get(name, {})) for account in (many, few)
    )
    return Row(
        work=f"one number of a job among {MANY:,}: {name}",
        compared_with=f"the same among {FEW:,}",
        value=in_many / in_few,
        limit=1.3,
        details={"ours_seconds": in_many, "theirs_seconds": in_few, "items": ITEMS},
    )


def _seconds_an_item(account: Account, name: str, params: dict[str, Any]) -> float:
    ids = list(account.numbers.held().order_by("pk").values_list("pk", flat=True)[:ITEMS])
    job: Job = bulk.start(
        account.pk,
        action=name,
        selection=Selection(ids=ids),
        params=params,
        actor=SYSTEM,
        at=timezone.now(),
    )
    started = time.perf_counter()
    job_items.work(job.pk, seconds=float("inf"))
    took = time.perf_counter() - started
    job.refresh_from_db()
    if job.result.get("done") != ITEMS:
        raise RuntimeError(f"{name}: {job.result}")
    return took / ITEMS
