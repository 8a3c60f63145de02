"""Two at the same instant, on PostgreSQL: one decision each, never two."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.actors import SYSTEM
from accounts.models import Account, Event, Notice
from licensing import tasks
from licensing.models import Charge, GracePeriod
from licensing.services import grace, licenses
from licensing.standing import standing
from licensing.states import GraceState
from numbers.models import CarrierTask, Import, PhoneNumber
from numbers.services import bulk, imports, inventory, release, swaps
from numbers.services.bulk import Selection
from tests.factories import (
    NOON,
    AgentFactory,
    ConnectionFactory,
    MembershipFactory,
    PhoneNumberFactory,
    subscribed,
)
from tests.races import at_once
from tests.sandbox_process import SandboxProcess

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def account() -> Account:
    account = subscribed(licenses=10)
    MembershipFactory.create(account=account, role="owner")
    return account


@pytest.fixture(params=range(5))
def again(request: pytest.FixtureRequest) -> int:
    """Races are tried several times."""
    return int(request.param)


def test_two_swaps_of_one_number_move_its_place_once(account: Account, again: int) -> None:
    connection = ConnectionFactory.create(account=account)
    agent = AgentFactory.create(account=account)
    leaving, one, two = PhoneNumberFactory.create_batch(3, account=account, connection=connection)
    PhoneNumber.objects.filter(pk=leaving.pk).update(agent=agent, label="Main line")

    outcomes = at_once(
        *(
            lambda pk=pk: swaps.swap(
                leaving.pk, taking_id=pk, fate="release", actor=SYSTEM, at=timezone.now()
            )
            for pk in (one.pk, two.pk)
        )
    )

    assert Counter(outcomes) == {"done": 1, "blocked": 1}
    assert PhoneNumber.objects.filter(label="Main line").count() == 1
    assert PhoneNumber.objects.filter(agent=agent).count() == 1


def test_one_number_cannot_take_two_places(account: Account, again: int) -> None:
    connection = ConnectionFactory.create(account=account)
    agent = AgentFactory.create(account=account)
    one, two, taking = PhoneNumberFactory.create_batch(3, account=account, connection=connection)
    PhoneNumber.objects.filter(pk__in=[one.pk, two.pk]).update(agent=agent)

    outcomes = at_once(
        *(
            lambda pk=pk: swaps.swap(
                pk, taking_id=taking.pk, fate="keep", actor=SYSTEM, at=timezone.now()
            )
            for pk in (one.pk, two.pk)
        )
    )

    assert Counter(outcomes) == {"done": 1, "blocked": 1}


def test_two_swaps_in_opposite_directions_do_not_deadlock(account: Account, again: int) -> None:
    connection = ConnectionFactory.create(account=account)
    one, two = PhoneNumberFactory.create_batch(2, account=account, connection=connection)

    outcomes = at_once(
        lambda: swaps.swap(one.pk, taking_id=two.pk, fate="keep", actor=SYSTEM, at=NOON),
        lambda: swaps.swap(two.pk, taking_id=one.pk, fate="keep", actor=SYSTEM, at=NOON),
    )

    assert outcomes == ["done", "done"]


def test_two_sweeps_end_a_grace_period_once_and_mail_once(account: Account, again: int) -> None:
    connection = ConnectionFactory.create(account=account)
    PhoneNumberFactory.create_batch(12, account=account, connection=connection)
    long_ago = timezone.now() - timedelta(hours=49)
    grace.import_completed(account.pk, job_id=None, actor=SYSTEM, at=long_ago)

    at_once(tasks.sweep_grace, tasks.sweep_grace)

    assert GracePeriod.objects.get().state == GraceState.EXPIRED
    assert Event.objects.filter(type="grace.expired").count() == 1
    assert Notice.objects.filter(key__endswith=":ended").count() == 1


def test_a_purchase_during_the_sweep_is_either_before_or_after_it(
    account: Account, again: int
) -> None:
    connection = ConnectionFactory.create(account=account)
    PhoneNumberFactory.create_batch(12, account=account, connection=connection)
    long_ago = timezone.now() - timedelta(hours=49)
    grace.import_completed(account.pk, job_id=None, actor=SYSTEM, at=long_ago)

    at_once(
        tasks.sweep_grace,
        lambda: licenses.change_licenses(account.pk, to=12, actor=SYSTEM, at=timezone.now()),
    )

    period = GracePeriod.objects.get()
    assert period.settled_at is not None
    assert not standing(account.pk, at=timezone.now()).restricted
    assert Charge.objects.count() == 1


def test_a_renewal_during_the_sweep_charges_the_month_once(account: Account, again: int) -> None:
    due = account.subscription.period_ends_at

    at_once(
        *(lambda: licenses.renew(account.subscription.pk, at=due) for _ in range(3)),
        lambda: licenses.change_licenses(account.pk, to=12, actor=SYSTEM, at=due),
    )

    assert Charge.objects.filter(kind="renewal").count() <= 1
    assert Charge.objects.filter(kind="renewal", period_started_at=due).count() == (
        1 if Charge.objects.filter(kind="renewal").exists() else 0
    )


def test_two_clicks_buy_once(account: Account, again: int) -> None:
    at_once(
        *(
            lambda: licenses.change_licenses(account.pk, to=27, actor=SYSTEM, at=NOON)
            for _ in range(3)
        )
    )

    account.subscription.refresh_from_db()
    assert account.subscription.licenses == 27
    assert Charge.objects.count() == 1


def test_the_last_free_license_is_taken_once(account: Account, again: int) -> None:
    connection = ConnectionFactory.create(account=account)
    PhoneNumberFactory.create_batch(9, account=account, connection=connection)
    excluded = PhoneNumberFactory.create_batch(
        2, account=account, connection=connection, excluded=True
    )

    outcomes = at_once(
        *(
            lambda pk=number.pk: inventory.bring_back(pk, actor=SYSTEM, at=NOON)
            for number in excluded
        )
    )

    assert Counter(outcomes) == {"done": 1, "blocked": 1}
    assert standing(account.pk, at=NOON).held == 10


def test_two_releases_of_one_number_make_one_task(account: Account, again: int) -> None:
    number = PhoneNumberFactory.create(account=account)

    outcomes = at_once(
        *(lambda: release.release(number.pk, actor=SYSTEM, at=NOON) for _ in range(2))
    )

    assert Counter(outcomes) == {"done": 1, "blocked": 1}
    assert CarrierTask.objects.count() == 1


def test_two_requests_at_once_start_one_import(account: Account, again: int) -> None:
    connection = ConnectionFactory.create(account=account)

    outcomes = at_once(
        *(
            lambda: imports.request_import(connection.pk, actor=SYSTEM, at=timezone.now())
            for _ in range(2)
        )
    )

    assert outcomes == ["done", "done"]
    assert Import.objects.count() == 1


def test_two_workers_on_one_import_store_every_number_once(
    account: Account, sandbox: SandboxProcess, settings: Any
) -> None:
    settings.CARRIER_IN_TRANSACTION_ALLOWED = False
    sandbox.add_numbers(1_500)
    connection = ConnectionFactory.create(
        account=account, sid=sandbox.acme_sid, auth_token=sandbox.acme_token
    )
    run = imports.request_import(connection.pk, actor=SYSTEM, at=timezone.now())

    at_once(lambda: imports.work(run.job_id), lambda: imports.work(run.job_id))

    run.job.refresh_from_db()
    assert (run.job.state, run.job.result["new"]) == ("done", 1_527)
    assert PhoneNumber.objects.filter(account=account).count() == 1_527
    assert Event.objects.filter(type="number.imported").count() == 1_527


def test_two_jobs_that_tag_one_number_at_once_both_do(account: Account, again: int) -> None:
    number = PhoneNumberFactory.create(account=account)
    chosen = Selection(ids=[number.pk])
    started = [
        bulk.start(
            account.pk,
            action="tag",
            selection=chosen,
            params={"add": [tag]},
            actor=SYSTEM,
            at=timezone.now(),
        )
        for tag in ("north", "south", "west")
    ]

    at_once(*(lambda pk=job.pk: bulk.work(pk) for job in started))

    assert set(number.tags.values_list("name", flat=True)) == {"north", "south", "west"}
