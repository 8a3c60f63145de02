"""People are reminded of released numbers a day before these can come back no more (B9, S1-18)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.actor import SYSTEM, Actor
from accounts.models import Account, Notice, User
from accounts.services import notices
from accounts.states import Role
from carrier import Carrier
from numbers import tasks
from numbers.models import CarrierTask, Connection, PhoneNumber
from numbers.services import carrier_tasks, release, reminders
from numbers.states import RESTORE_WINDOW, ConnectionState
from tests.crashes import every_crash
from tests.factories import (
    NOON,
    ConnectionFactory,
    MembershipFactory,
    PhoneNumberFactory,
    subscribed,
)
from tests.races import at_once

pytestmark = pytest.mark.django_db

DUE = NOON + timedelta(days=9)
LAST = NOON + RESTORE_WINDOW


def released(
    account: Account, count: int = 1, *, after: timedelta = timedelta(0), **fields: Any
) -> list[PhoneNumber]:
    """Numbers that Twilio took so long after NOON."""
    at = NOON + after
    return PhoneNumberFactory.create_batch(
        count, account=account, released=True, released_at=at, remind_at=at + timedelta(days=9),
        **{"connection": ConnectionFactory.create(account=account), **fields},
    )  # fmt: skip


def told(account: Account, user: User) -> list[Notice]:
    return list(account.notices.filter(user=user, kind="restore").order_by("pk"))


def remind(account: Account, *, at: datetime) -> None:
    for each in reminders.due(at):
        reminders.remind(each.pk, at=at)


@pytest.mark.process
def test_a_release_that_twilio_took_is_due_a_day_before_its_ten_days_end(
    connection: Connection, acme: Account, admin: User, by_admin: Actor, carrier: Carrier
) -> None:
    record = carrier.numbers.page().records[0]
    number = PhoneNumberFactory.create(
        account=acme, connection=connection, sid=record.sid, e164=record.e164
    )
    release.release(number.pk, actor=by_admin, at=NOON)
    assert PhoneNumber.objects.get().remind_at is None  # Twilio has not taken it yet

    carrier_tasks.work(CarrierTask.objects.get().pk, at=NOON)

    number.refresh_from_db()
    assert number.released_at is not None
    due = number.released_at + timedelta(days=9)
    remind(acme, at=due - timedelta(seconds=1))
    assert told(acme, admin) == []
    remind(acme, at=due)
    (notice,) = told(acme, admin)
    assert notice.title == "1 released number: 24\u00a0h left to restore"
    assert str(number) in notice.body
    assert notice.url == number.get_absolute_url()


def test_many_that_end_within_a_day_are_one_notice(acme: Account, admin: User) -> None:
    released(acme, 30)
    released(acme, 20, after=timedelta(hours=23))
    released(acme, 1, after=timedelta(hours=25))

    remind(acme, at=DUE)
    remind(acme, at=DUE + timedelta(hours=24))

    (first,) = told(acme, admin)
    assert first.title == "50 released numbers: 24\u00a0h left to restore"
    assert "and 47 more can come back until" in first.body
    assert "(the first of them) to" in first.body
    assert first.url == "/a/acme/numbers/?tab=released&sort=state"
    remind(acme, at=DUE + timedelta(hours=25))
    assert len(told(acme, admin)) == 2


def test_who_may_not_restore_is_not_told_and_who_does_not_want_it_gets_no_mail(
    acme: Account, owner: User, member: User, owner_client: Client
) -> None:
    page = reverse("accounts:notice_preferences", args=["acme"])
    assert "Released numbers that can come back for one more day" in (
        owner_client.get(page).content.decode()
    )
    owner_client.post(page, {"restore_in_app": "on"})
    released(acme)

    remind(acme, at=DUE)

    (notice,) = told(acme, owner)
    assert (notice.in_app, notice.by_mail) == (True, False)
    assert told(acme, member) == []


def test_the_sweep_that_runs_twice_tells_once(
    acme: Account, admin: User, noon: time_machine.Traveller
) -> None:
    released(acme, 3)
    noon.move_to(DUE)

    assert tasks.sweep()["reminded"] == 1
    assert tasks.sweep()["reminded"] == 0

    (notice,) = told(acme, admin)
    assert notices.mail(notice.pk, at=DUE)
    assert not notices.mail(notice.pk, at=DUE)
    assert [sent.subject for sent in mail.outbox] == [
        "[Acme] 3 released numbers: 24 h left to restore"
    ]


def test_a_sweep_that_comes_late_says_what_is_left_and_nothing_after_the_end(
    acme: Account, admin: User
) -> None:
    released(acme)
    released(acme, after=timedelta(hours=5))

    remind(acme, at=LAST + timedelta(hours=1))

    (notice,) = told(acme, admin)
    assert notice.title == "1 released number: 4\u00a0h left to restore"
    assert not PhoneNumber.objects.exclude(remind_at=None).exists()
    released(acme)
    remind(acme, at=LAST + timedelta(days=2))
    assert len(told(acme, admin)) == 1


def test_what_cannot_come_back_from_here_is_not_spoken_of(acme: Account, admin: User) -> None:
    released(acme, connection=ConnectionFactory.create(account=acme, state=ConnectionState.REMOVED))
    released(acme, twilio={"origin": "hosted"})

    remind(acme, at=DUE)

    assert told(acme, admin) == []


def test_a_number_that_came_back_is_not_due_and_is_again_after_its_next_release(
    acme: Account, admin: User
) -> None:
    (number,) = released(acme)
    release.come_back(
        number, actor=SYSTEM, at=NOON + timedelta(days=1), type="number.came_back", summary="Back."
    )
    remind(acme, at=DUE)
    assert told(acme, admin) == []

    again = NOON + timedelta(days=20)
    PhoneNumber.objects.update(
        state="released", released_at=again, remind_at=again + timedelta(days=9)
    )
    remind(acme, at=again + timedelta(days=9))

    assert len(told(acme, admin)) == 1


def test_a_restore_that_is_refused_on_the_last_day_is_reminded_of(
    acme: Account, admin: User
) -> None:
    (number,) = released(acme)
    PhoneNumber.objects.update(state="restoring")
    remind(acme, at=DUE)
    assert told(acme, admin) == []

    PhoneNumber.objects.filter(pk=number.pk).update(state="released")
    remind(acme, at=DUE + timedelta(hours=3))

    assert told(acme, admin)[0].title == "1 released number: 21\u00a0h left to restore"


def test_reminding_of_many_costs_as_much_as_of_one(
    acme: Account, admin: User, django_assert_max_num_queries: Any
) -> None:
    released(acme, 200)

    with django_assert_max_num_queries(18):
        remind(acme, at=DUE)


@pytest.mark.django_db(transaction=True)
def test_a_sweep_that_is_killed_anywhere_tells_once_in_the_end(
    noon: time_machine.Traveller,
) -> None:
    account = subscribed()
    user = MembershipFactory.create(account=account, role=Role.OWNER).user
    noon.move_to(DUE)

    def begin() -> Account:
        Notice.objects.all().delete()
        PhoneNumber.objects.all().delete()
        released(account, 2)
        return account

    def check(account: Account, died: str) -> None:
        tasks.sweep()  # the next worker
        assert len(told(account, user)) == 1, died

    assert every_crash(begin, lambda account: tasks.sweep(), check) > 4


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_machines_tell_once(acme: Account, admin: User) -> None:
    released(acme, 5)

    def one() -> None:
        reminders.remind(acme.pk, at=DUE)

    assert sorted(at_once(one, one, one)) == ["done", "not_due", "not_due"]
    assert len(told(acme, admin)) == 1
