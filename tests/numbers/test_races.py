"""Two at the same instant, on PostgreSQL: one decision each, never two."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.actor import SYSTEM
from accounts.models import Account, Event, Job, Notice
from accounts.services import job_items
from carrier.numbers import Numbers
from config.errors import NotDue
from licensing import tasks
from licensing.models import Charge, GracePeriod
from licensing.services import entitlement, grace, licenses
from licensing.standing import standing
from licensing.states import GraceState
from numbers.models import CarrierTask, Import, PhoneNumber
from numbers.services import (
    assignment,
    bulk,
    carrier_tasks,
    csv_edits,
    descriptions,
    exclusion,
    imports,
    release,
    swaps,
)
from numbers.services.bulk import Selection
from numbers.states import NumberState, TaskState
from telephony.services import agents as telephony
from tests.factories import (
    NOON,
    AgentFactory,
    CarrierTaskFactory,
    ConnectionFactory,
    CsvEditFactory,
    MembershipFactory,
    PhoneNumberFactory,
    subscribed,
)
from tests.races import at_once, while_open
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
    grace.import_completed(account.pk, actor=SYSTEM, at=long_ago)

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
    grace.import_completed(account.pk, actor=SYSTEM, at=long_ago)

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
            lambda pk=number.pk: exclusion.bring_back(pk, actor=SYSTEM, at=NOON)
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


@pytest.fixture
def leaving(account: Account, sandbox: SandboxProcess, settings: Any) -> PhoneNumber:
    """A number at Twilio whose release is decided, and whose agent it remembers."""
    settings.CARRIER_IN_TRANSACTION_ALLOWED = False
    (there,) = sandbox.add_numbers(1)
    connection = ConnectionFactory.create(
        account=account, sid=sandbox.acme_sid, auth_token=sandbox.acme_token
    )
    number = PhoneNumberFactory.create(
        account=account,
        connection=connection,
        agent=AgentFactory.create(account=account),
        e164=there["phone_number"],
        sid=there["sid"],
    )
    return release.release(number.pk, actor=SYSTEM, at=NOON)


def work_on(number: PhoneNumber) -> None:
    carrier_tasks.work(number.carrier_tasks.get().pk, at=timezone.now())


def keep_after_all(number: PhoneNumber) -> None:
    release.take_back(number.pk, actor=SYSTEM, at=timezone.now())


def is_at_twilio(sandbox: SandboxProcess, number: PhoneNumber) -> bool:
    return bool(sandbox.client().incoming_phone_numbers.list(phone_number=number.e164))


@pytest.mark.parametrize("workers", [1, 3])
def test_a_release_that_is_called_off_while_a_worker_takes_it_up_is_kept_or_given_back(
    leaving: PhoneNumber, sandbox: SandboxProcess, workers: int, again: int
) -> None:
    kept, *worked = at_once(lambda: keep_after_all(leaving), *[lambda: work_on(leaving)] * workers)

    leaving.refresh_from_db()
    task = leaving.carrier_tasks.get()
    told = Event.objects.filter(type__in=["number.released", "number.kept_after_all"]).count()
    assert told == 1
    if kept == "done":
        assert worked == ["not_due"] * workers
        assert (leaving.state, task.state) == (NumberState.HELD, TaskState.DROPPED)
        assert leaving.agent is not None
        assert is_at_twilio(sandbox, leaving)
    else:
        assert Counter(worked) == Counter(["done"] + ["not_due"] * (workers - 1))
        assert (leaving.state, task.state) == (NumberState.RELEASED, TaskState.DONE)
        assert not is_at_twilio(sandbox, leaving)


def test_a_worker_waits_for_who_calls_the_release_off_and_then_asks_twilio_nothing(
    leaving: PhoneNumber, sandbox: SandboxProcess
) -> None:
    sandbox.clear_requests()

    def come_too_late() -> None:
        with pytest.raises(NotDue):
            work_on(leaving)

    waited = while_open(lambda: keep_after_all(leaving), come_too_late)

    leaving.refresh_from_db()
    assert waited
    assert leaving.state == NumberState.HELD
    assert sandbox.requests() == []


@pytest.mark.parametrize("moment", ["before", "after"])
def test_who_calls_a_release_off_while_twilio_is_asked_is_refused(
    leaving: PhoneNumber, sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    give_back, outcomes = Numbers.release, []

    def release_slowly(self: Numbers, sid: str) -> None:
        if moment == "after":
            give_back(self, sid)
        outcomes.extend(at_once(lambda: keep_after_all(leaving)))
        if moment == "before":
            give_back(self, sid)

    monkeypatch.setattr(Numbers, "release", release_slowly)

    work_on(leaving)

    leaving.refresh_from_db()
    assert outcomes == ["blocked"]
    assert leaving.state == NumberState.RELEASED
    assert not is_at_twilio(sandbox, leaving)


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

    at_once(*(lambda pk=job.pk: job_items.work(pk) for job in started))

    assert set(number.tags.values_list("name", flat=True)) == {"north", "south", "west"}


def test_an_agent_that_is_paused_meanwhile_does_not_get_the_number_that_comes_back(
    account: Account,
) -> None:
    agent = AgentFactory.create(account=account)
    number = PhoneNumberFactory.create(
        account=account,
        releasing=True,
        before_release={"agent_id": agent.pk, "agent": agent.name, "settings": {}},
    )
    CarrierTaskFactory.create(number=number, state=TaskState.NEEDS_PERSON)

    waited = while_open(
        lambda: telephony.pause(agent.pk, actor=SYSTEM, at=NOON),
        lambda: release.take_back(number.pk, actor=SYSTEM, at=NOON),
    )

    number.refresh_from_db()
    assert (number.state, number.agent) == (NumberState.HELD, None)
    assert waited


def test_what_does_not_touch_the_count_waits_for_nobody_s_decision_about_it(
    account: Account,
) -> None:
    number = PhoneNumberFactory.create(account=account)

    def describe_and_keep() -> None:
        descriptions.describe(
            number.pk, label="Sales", tags=["eu"], notes="x", protected=True, actor=SYSTEM, at=NOON
        )
        assignment.keep(number.pk, actor=SYSTEM, at=NOON)

    waited = while_open(lambda: entitlement.lock(account.pk), describe_and_keep)

    number.refresh_from_db()
    assert (number.label, number.keep_decided_at) == ("Sales", NOON)
    assert not waited


def test_a_csv_edit_confirmed_twice_at_once_is_one_job(account: Account, again: int) -> None:
    number = PhoneNumberFactory.create(account=account)
    edit = CsvEditFactory.create(account=account, text=f"number,name\n{number.e164},New\n")
    places = {"number": 0, "label": 1}

    outcomes = at_once(
        *(
            lambda: csv_edits.confirm(
                edit.pk, places=places, blanks_clear=False, actor=SYSTEM, at=NOON
            )
            for _ in range(2)
        )
    )

    assert outcomes == ["done", "done"]
    assert Job.objects.count() == 1


def test_a_csv_edit_and_an_assignment_of_one_number_wait_for_each_other(
    account: Account, again: int
) -> None:
    number = PhoneNumberFactory.create(account=account)
    agent = AgentFactory.create(account=account, name="Zoe")
    other = AgentFactory.create(account=account)
    text = f"number,name,agent\n{number.e164},New,Zoe\n"
    edit = CsvEditFactory.create(account=account, text=text)
    places = {"number": 0, "label": 1, "agent": 2}
    job = csv_edits.confirm(edit.pk, places=places, blanks_clear=False, actor=SYSTEM, at=NOON)

    outcomes = at_once(
        lambda: job_items.work(job.pk),
        lambda: assignment.assign(number.pk, agent_id=other.pk, actor=SYSTEM, at=NOON),
    )

    assert outcomes == ["done", "done"]
    number.refresh_from_db()
    assert number.label == "New"
    assert number.agent in (agent, other)
    assert job.items.get().state == "done"
