"""A visitor of the demo lets time pass, and reads the mails that came of it."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from pytest_django import Settings

from accounts import actors
from accounts.actor import SYSTEM
from accounts.models import Account, Membership
from accounts.services import invitations
from accounts.states import Role
from config import clock
from demo import mails
from demo.rehearsal import next_deadline
from licensing.models import GracePeriod
from numbers.models import Connection, PhoneNumber
from numbers.services import imports, release
from tests.sandbox_process import SandboxProcess

pytestmark = [pytest.mark.django_db, pytest.mark.process, pytest.mark.sqlite]

HOUR = timedelta(hours=1)


@pytest.fixture
def acme(demo: SandboxProcess) -> Account:
    """The demo as a visitor finds it, with Acme's 27 numbers imported: 17 over its licenses."""
    call_command("setup_demo", verbosity=0)
    account = Account.objects.get(slug="acme")
    connection = Connection.objects.get(account=account)
    run = imports.request_import(connection.pk, actor=SYSTEM, at=clock.now(), queue=False)
    imports.work(run.job_id)
    return account


@pytest.fixture
def visitor(acme: Account) -> Client:
    browser = Client()
    assert browser.login(email="olivia@acme.example", password="numbers-for-everyone")
    return browser


def forward(visitor: Client, by: str, back: str = "/a/acme/numbers/") -> str:
    answer = visitor.post(reverse("demo:clock"), {"by": by, "next": back}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def told_to(email: str) -> list[str]:
    """The subjects of the mails to this person, the first one first."""
    return [mail.subject for mail in reversed(mails.sent()) if mail.to == email]


# B18
def test_the_grace_period_ends_in_two_clicks_and_every_mail_of_it_came_in_its_hour(
    acme: Account, visitor: Client
) -> None:
    period = GracePeriod.objects.get()

    forward(visitor, "day")
    page = forward(visitor, "deadline")

    period.refresh_from_db()
    assert period.state == "expired"
    assert "The grace period is over" in page
    subjects = told_to("olivia@acme.example")
    left = [subject.partition(": ")[2] for subject in subjects]
    assert left[1:4] == ["24 h left to decide", "6 h left to decide",
                         "1 h left to decide"]  # fmt: skip
    assert "The grace period is over" in subjects[-1]
    ahead = [period.ends_at - mail.at for mail in reversed(mails.sent())
             if mail.to == "olivia@acme.example"]  # fmt: skip
    rounded = [round(each / HOUR) for each in ahead]
    assert rounded == [48, 24, 6, 1, 0]


# B9, B18
def test_who_waits_until_a_released_number_can_come_back_no_more_gets_a_mail_a_day_before(
    acme: Account, visitor: Client
) -> None:
    number = acme.numbers.earliest("pk")
    GracePeriod.objects.all().delete()  # nothing else to wait for
    by = actors.member(Membership.objects.get(account=acme, role=Role.OWNER))
    release.release(number.pk, actor=by, at=clock.now())
    forward(visitor, "hour")
    until = PhoneNumber.objects.get(pk=number.pk).restorable_until

    assert "Until a released number can come back no more" in forward(visitor, "hour")
    page = forward(visitor, "deadline")

    (mail,) = [
        each for each in mails.sent()
        if each.to == "olivia@acme.example" and "left to restore" in each.subject
    ]  # fmt: skip
    assert until is not None
    assert mail.subject.startswith("[Acme] 1 released number: ")
    assert round((until - mail.at) / HOUR) == 24
    assert "came meanwhile" in page


def test_the_stand_in_and_numberdesk_have_one_clock(acme: Account, demo: SandboxProcess) -> None:
    demo.control("POST", "clock", {"forward": {"days": 3}})

    assert timedelta(days=3) - HOUR < clock.now() - timezone.now() < timedelta(days=3) + HOUR


def test_a_visitor_who_lets_a_month_pass_stays_signed_in(
    visitor: Client, demo: SandboxProcess
) -> None:
    demo.control("POST", "clock", {"forward": {"days": 30}})

    page = forward(visitor, "day")

    assert "Time has passed." in page
    assert visitor.get("/a/acme/numbers/").status_code == 200


def test_the_nearest_deadline_is_named_with_what_happens_then(visitor: Client) -> None:
    page = visitor.get("/a/acme/numbers/").content.decode()

    deadline = next_deadline()
    assert deadline is not None
    assert deadline.words == "the grace period ends"
    assert "Until the grace period ends, in 1\u00a0d 23\u00a0h" in page or "in 47\u00a0h" in page


def test_a_stand_in_that_does_not_answer_leaves_everything_as_it_was(
    visitor: Client, demo: SandboxProcess
) -> None:
    demo.stop()

    page = forward(visitor, "day")

    assert "did not move its clock" in page
    assert GracePeriod.objects.get().state == "open"
    assert clock.now() - timezone.now() < HOUR


@pytest.mark.parametrize("by", ["", "year", "day; drop"])
def test_the_clock_knows_its_steps_only(visitor: Client, by: str) -> None:
    assert visitor.post(reverse("demo:clock"), {"by": by}).status_code == 404


def test_the_way_back_stays_in_the_house(visitor: Client) -> None:
    answer = visitor.post(reverse("demo:clock"), {"by": "hour", "next": "https://evil.example/"})

    assert answer.headers["Location"] == "/"


def test_who_is_not_signed_in_moves_nothing_but_may_read_the_mails(acme: Account) -> None:
    answer = Client().post(reverse("demo:clock"), {"by": "day"})

    assert answer.headers["Location"].startswith(reverse("account_login"))
    assert clock.now() - timezone.now() < HOUR
    assert Client().get(reverse("demo:mails")).status_code == 200
    assert Client().get(reverse("demo:mail", args=["nothing"])).status_code == 404


def test_the_link_of_a_mail_works(acme: Account, settings: Settings) -> None:
    invitation = invitations.invite(
        acme.pk, email="new@acme.example", role=Role.MEMBER, actor=SYSTEM, at=clock.now()
    )
    invitations.mail(invitation.pk, at=clock.now())
    (mail,) = [each for each in mails.sent() if each.to == "new@acme.example"]

    page = Client().get(reverse("demo:mail", args=[mail.key])).content.decode()
    (link,) = re.findall(rf'href="{settings.PUBLIC_URL}(/invitations/[^"]+)"', page)

    assert Client().get(link).status_code == 200


def test_the_sign_in_page_offers_the_logins(acme: Account) -> None:
    page = Client().get(reverse("account_login")).content.decode()

    for words in ("olivia@acme.example", "billing admin of acme", "owner of another account"):
        assert words in page
    answer = Client().post(
        reverse("account_login"),
        {"login": "max@acme.example", "password": "numbers-for-everyone"},
    )
    assert answer.status_code == 302


def test_without_a_demo_there_is_no_other_clock_and_none_of_its_pages(client: Client) -> None:
    assert abs(clock.now() - timezone.now()) < HOUR
    with pytest.raises(NoReverseMatch):
        reverse("demo:clock")
    assert "demo" not in client.get(reverse("account_login")).content.decode().lower()


def test_the_time_is_real_until_the_stand_in_has_told_its_own(tmp_path: Path) -> None:
    file = tmp_path / "clock.json"

    assert clock.ahead(file) == timedelta(0)
    file.write_text(json.dumps({"ahead_seconds": 90.0}))
    assert clock.ahead(file) == timedelta(seconds=90)
