"""Notices in the browser: the log, what is unread, and how one wants to be told."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Notice, NoticePreference, User
from accounts.views.notices import PAGE_SIZE
from tests.factories import NOON, NoticeFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("acme", "noon")]

#: Session, user, membership with account; other accounts and unread notices; the grace banner.
FRAME = 6


def page(name: str, *args: object) -> str:
    return reverse(f"accounts:{name}", args=["acme", *args])


def text(client: Client, name: str = "notices") -> str:
    return client.get(page(name)).content.decode()


def test_the_log_says_what_was_sent_by_which_way_and_when(
    owner_client: Client, acme: Account, owner: User
) -> None:
    NoticeFactory.create(account=acme, user=owner, title="Fresh")
    NoticeFactory.create(account=acme, user=owner, title="Mailed", mailed_at=NOON, read_at=NOON)
    NoticeFactory.create(account=acme, user=owner, title="Undelivered", mail_attempts=8)
    NoticeFactory.create(account=acme, user=owner, title="Mail only", in_app=False)

    log = text(owner_client)

    for words in ("Unread", "being sent", "sent <time", "read <time", "Not delivered"):
        assert words in log
    assert log.count("not wanted") == 1


def test_a_number_in_a_notice_is_kept_whole(
    owner_client: Client, acme: Account, owner: User
) -> None:
    NoticeFactory.create(
        account=acme,
        user=owner,
        title="Twilio refused the release of (312) 555-0191",
        body="+44 20 7946 0013 was released.",
    )

    log = text(owner_client)

    assert 'release of <span class="whole">(312) 555-0191</span>' in log
    assert '<span class="whole">+44 20 7946 0013</span> was' in log


def test_notices_of_others_and_of_other_accounts_do_not_show(
    owner_client: Client, acme: Account, owner: User, admin: User
) -> None:
    NoticeFactory.create(account=acme, user=admin, title="For the admin")
    NoticeFactory.create(user=owner, title="For another account")

    log = text(owner_client)

    assert "For the admin" not in log
    assert "For another account" not in log


def test_opening_a_notice_marks_it_read_and_leads_to_its_page(
    owner_client: Client, acme: Account, owner: User
) -> None:
    notice, other = NoticeFactory.create_batch(2, account=acme, user=owner, url="/a/acme/licenses/")

    response = owner_client.post(page("notice", notice.pk))

    assert response.headers["Location"] == "/a/acme/licenses/"
    assert list(Notice.objects.unread()) == [other]


def test_somebody_elses_notice_does_not_exist(
    owner_client: Client, acme: Account, admin: User
) -> None:
    notice = NoticeFactory.create(account=acme, user=admin)

    assert owner_client.post(page("notice", notice.pk)).status_code == 404
    assert Notice.objects.unread().exists()


def test_the_bell_counts_what_is_unread_until_all_is_read(
    owner_client: Client, acme: Account, owner: User
) -> None:
    NoticeFactory.create_batch(3, account=acme, user=owner)
    NoticeFactory.create(account=acme, user=owner, in_app=False)

    before = text(owner_client, "settings")
    owner_client.post(page("read_all_notices"))
    after = text(owner_client, "settings")

    assert "Notices, 3 unread" in before
    assert "unread" not in after


def test_long_logs_are_paged(owner_client: Client, acme: Account, owner: User) -> None:
    NoticeFactory.create_batch(PAGE_SIZE + 1, account=acme, user=owner)

    first = owner_client.get(page("notices")).context["page"]
    second = owner_client.get(page("notices") + first.older).context["page"]

    assert (len(first.rows), len(second.rows), second.older) == (PAGE_SIZE, 1, "")


def test_the_log_reads_a_fixed_number_of_times(
    owner_client: Client, acme: Account, owner: User, django_assert_num_queries: object
) -> None:
    NoticeFactory.create_batch(PAGE_SIZE + 1, account=acme, user=owner)

    with django_assert_num_queries(FRAME + 1):  # type: ignore[operator]
        owner_client.get(page("notices"))


def test_preferences_are_kept_for_each_kind(owner_client: Client, owner: User) -> None:
    owner_client.post(page("notice_preferences"), {"grace_by_mail": "on", "import_in_app": "on"})

    stored = {
        wish.kind: (wish.in_app, wish.by_mail)
        for wish in NoticePreference.objects.filter(user=owner)
    }
    assert stored["grace"] == (False, True)
    assert stored["import"] == (True, False)
    assert stored["licenses"] == (False, False)
    form = owner_client.get(page("notice_preferences")).context["form"]
    assert (form["grace_in_app"].initial, form["grace_by_mail"].initial) == (False, True)


def test_only_kinds_that_concern_the_role_are_offered(
    admin_client: Client, member_client: Client
) -> None:
    offered = admin_client.get(page("notice_preferences")).context["form"].kinds

    kinds = {"grace", "import", "job", "connection", "carrier", "restore", "spare"}
    assert set(offered) == kinds
    assert "Your role gets no notices" in text(member_client, "notice_preferences")


def test_who_gets_no_notices_is_not_asked_to_choose_some(
    owner_client: Client, member_client: Client
) -> None:
    preferences = page("notice_preferences")

    assert "Choose what you hear of" in text(owner_client)
    main = text(member_client).partition("<main")[2]
    assert "Your role gets no notices." in main
    assert f'class="button" href="{preferences}"' not in main
    assert "Choose what you hear of" not in main
