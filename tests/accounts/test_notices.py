"""People are told each thing once, in the ways they chose (B9)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django_q.models import OrmQ

from accounts import tasks
from accounts.models import Account, Notice, NoticePreference, User
from accounts.services import inbox, notices
from accounts.services.inbox import Channels
from accounts.services.notices import MAIL_CLAIM, MAX_MAIL_ATTEMPTS, notify
from accounts.services.sweeps import LONGEST_WAIT
from config.errors import Invalid
from tests.factories import NOON, NoticeFactory, NoticePreferenceFactory

pytestmark = pytest.mark.django_db


class BrokenMail(EmailBackend):
    """A mail server that is down."""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        raise ConnectionRefusedError("no mail today")


def tell(account: Account, key: str = "grace:1:start", kind: str = "grace") -> list[Notice]:
    return notify(account, kind, key=key, title="17 over", body="Decide.", path="/a/acme/", at=NOON)


@pytest.mark.usefixtures("owner", "billing", "admin", "member", "stranger")
@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("grace", {"owner@example.com", "billing_admin@example.com", "admin@example.com"}),
        ("licenses", {"owner@example.com", "billing_admin@example.com"}),
        ("connection", {"owner@example.com", "admin@example.com"}),
    ],
)
def test_those_whom_it_concerns_are_told(acme: Account, kind: str, told: set[str]) -> None:
    tell(acme, kind=kind)

    assert set(Notice.objects.values_list("user__email", flat=True)) == told


@pytest.mark.usefixtures("owner", "admin")
def test_the_same_occasion_is_told_once(acme: Account) -> None:
    assert len(tell(acme)) == 2
    assert tell(acme) == []
    assert len(tell(acme, key="grace:1:6h")) == 2

    assert Notice.objects.count() == 4


def test_preferences_decide_the_ways(acme: Account, owner: User, admin: User) -> None:
    NoticePreferenceFactory.create(account=acme, user=owner, kind="grace", by_mail=False)
    NoticePreferenceFactory.create(
        account=acme, user=admin, kind="grace", by_mail=False, in_app=False
    )

    tell(acme)

    notice = Notice.objects.get()
    assert (notice.user, notice.in_app, notice.by_mail) == (owner, True, False)
    assert tasks.mail_notices() == 0


@pytest.mark.usefixtures("noon")
def test_a_notice_is_mailed_once_with_its_link(acme: Account, owner: User) -> None:
    tell(acme)

    assert [tasks.mail_notices(), tasks.mail_notices()] == [1, 0]

    (message,) = mail.outbox
    assert (message.subject, message.to) == ("[Acme] 17 over", [owner.email])
    assert "http://127.0.0.1:8000/a/acme/" in message.body
    assert (
        "You get this mail because in Acme you are told about this: Grace periods" in message.body
    )
    assert "Choose what you hear of: http://127.0.0.1:8000/a/acme/settings/notices/" in message.body
    notice = Notice.objects.get()
    assert (notice.mailed_at, notice.mail_due_at) == (NOON, None)


@pytest.mark.usefixtures("noon")
def test_who_asked_for_what_failed_is_told_why_they_get_the_mail(
    acme: Account, member: User
) -> None:
    notify(acme, "job", key="k", title="t", body="b", path="/", at=NOON, also=member.pk)

    tasks.mail_notices()

    (message,) = mail.outbox
    assert "You get this mail because you asked for it in Acme." in message.body
    assert "settings/notices" not in message.body


@pytest.mark.usefixtures("noon")
def test_who_was_told_of_it_in_other_words_is_not_told_again(
    acme: Account, owner: User, admin: User
) -> None:
    notify(acme, "job", key="k", title="t", body="b", path="/", at=NOON, besides=[owner.pk])

    assert Notice.objects.get().user == admin


def test_a_mail_that_another_worker_has_claimed_is_left_alone() -> None:
    notice = NoticeFactory.create(mail_due_at=NOON + MAIL_CLAIM, mail_attempts=1)

    notices.mail(notice.pk, at=NOON)

    assert mail.outbox == []


def test_a_mail_that_fails_is_tried_again_later_and_given_up_at_last(
    noon: time_machine.Traveller, settings: object
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.BrokenMail"  # type: ignore[attr-defined]
    notice = NoticeFactory.create()

    sent = []
    for _ in range(MAX_MAIL_ATTEMPTS + 2):
        sent.append(tasks.mail_notices())
        noon.shift(max(MAIL_CLAIM, LONGEST_WAIT))
    notice.refresh_from_db()

    assert sum(sent) == 0
    assert (notice.mail_attempts, notice.mailed_at) == (MAX_MAIL_ATTEMPTS, None)


def test_a_worker_that_died_while_mailing_costs_a_delay_and_not_the_mail(
    noon: time_machine.Traveller,
) -> None:
    NoticeFactory.create(mail_due_at=NOON + MAIL_CLAIM, mail_attempts=1)

    assert tasks.mail_notices() == 0
    noon.shift(MAIL_CLAIM + timedelta(seconds=1))

    assert tasks.mail_notices() == 1


def test_reading_marks_only_what_is_mine(acme: Account, owner: User, admin: User) -> None:
    mine, other = NoticeFactory.create_batch(2, account=acme, user=owner)
    foreign = NoticeFactory.create(account=acme, user=admin)

    one = inbox.mark_read(acme.pk, user_id=owner.pk, notice_id=mine.pk, at=NOON)
    not_mine = inbox.mark_read(acme.pk, user_id=owner.pk, notice_id=foreign.pk, at=NOON)
    rest = inbox.mark_read(acme.pk, user_id=owner.pk, at=NOON)

    assert (one, not_mine, rest) == (1, 0, 1)
    assert set(Notice.objects.exclude(read_at=None)) == {mine, other}


def test_preferences_are_stored_for_each_kind(acme: Account, owner: User) -> None:
    inbox.set_preferences(acme.pk, user_id=owner.pk, wishes={"grace": Channels(True, False)})
    inbox.set_preferences(acme.pk, user_id=owner.pk, wishes={"grace": Channels(False, True)})

    wish = NoticePreference.objects.get()
    assert (wish.kind, wish.in_app, wish.by_mail) == ("grace", False, True)


def test_an_unknown_kind_of_notice_is_refused(acme: Account, owner: User) -> None:
    with pytest.raises(Invalid):
        inbox.set_preferences(acme.pk, user_id=owner.pk, wishes={"gossip": Channels(True, True)})


@pytest.mark.usefixtures("noon")
def test_a_long_title_with_line_breaks_is_cut_to_its_column_and_mailed(
    acme: Account, owner: User
) -> None:
    notify(acme, "grace", key="x", title="Line\r\nbreak " * 20, body="B", path="/", at=NOON)

    assert tasks.mail_notices() == 1
    assert len(Notice.objects.get().title) == 150
    assert mail.outbox[0].subject.startswith("[Acme] Line break Line")


@pytest.mark.usefixtures("owner", "billing", "admin")
def test_telling_many_takes_no_more_queries_than_telling_one(
    acme: Account, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(6):  # wishes, who, the notices, the queue, and two savepoints
        tell(acme)


def test_who_cannot_sign_in_any_more_is_not_told(acme: Account, owner: User) -> None:
    owner.is_active = False
    owner.save()

    assert tell(acme) == []


def test_no_mail_is_queued_for_those_who_want_none(acme: Account, owner: User) -> None:
    NoticePreferenceFactory.create(account=acme, user=owner, kind="grace", by_mail=False)

    assert len(tell(acme)) == 1
    assert not OrmQ.objects.exists()
