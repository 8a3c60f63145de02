"""A browser in which support looks: every page can be read, and nothing changed, at any door."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account, Event, Look, Membership, Notice, User
from accounts.services import looks
from accounts.states import Role
from numbers.models import PhoneNumber
from tests.factories import (
    AgentFactory,
    ApiKeyFactory,
    CarrierTaskFactory,
    ConnectionFactory,
    GracePeriodFactory,
    ImportFactory,
    InvitationFactory,
    JobFactory,
    MembershipFactory,
    NoticeFactory,
    PhoneNumberFactory,
    SavedFilterFactory,
    UserFactory,
    subscribed,
)
from tests.test_doors import Page, address, every_page

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.sqlite,
    pytest.mark.usefixtures("noon"),
]

REASON = "They called: a number is missing"
BAR = "You are looking at Acme as its members see it."
STOP = "/stop-looking/"


def begin(client: Client, account: Account, reason: str = REASON) -> object:
    url = reverse("admin:accounts_account_act", args=[account.pk, "look"])
    return client.post(url, {"reason": reason})


@pytest.fixture
def looker(support_client: Client, acme: Account) -> Client:
    """The browser of support, which looks at Acme."""
    begin(support_client, acme)
    return support_client


def page(client: Client, url: str, **headers: str) -> str:
    return client.get(url, headers=headers).content.decode()


def told(account: Account) -> list[str]:
    events = Event.objects.filter(account=account, type__startswith="support.").order_by("pk")
    return list(events.values_list("summary", flat=True))


# --- In ----------------------------------------------------------------------------------------


# B29
def test_support_begins_on_the_account_s_page_and_arrives_where_members_do(
    support_client: Client, acme: Account
) -> None:
    row = page(support_client, reverse("admin:accounts_account_change", args=[acme.pk]))
    assert "Look as its members do" in row

    response = begin(support_client, acme)

    assert response.headers["Location"] == "/a/acme/overview/"  # type: ignore[attr-defined]
    overview = page(support_client, "/a/acme/overview/")
    assert BAR in overview
    assert "Nothing can be changed." in overview
    assert "Stop looking" in overview
    assert "Support, looking" in overview


def test_without_a_reason_nobody_looks(support_client: Client, acme: Account) -> None:
    response = begin(support_client, acme, reason=" ")

    assert response.status_code == 422  # type: ignore[attr-defined]
    assert support_client.get("/a/acme/overview/").status_code == 404
    assert not Look.objects.exists()


def test_staff_without_the_permission_is_neither_offered_it_nor_let_in(
    acme: Account, sign_in: Callable[[User], Client]
) -> None:
    clerk = UserFactory.create(is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_account"))
    client = sign_in(clerk)

    row = page(client, reverse("admin:accounts_account_change", args=[acme.pk]))

    assert "Look as its members do" not in row
    assert begin(client, acme).status_code == 403  # type: ignore[attr-defined]
    assert not Look.objects.exists()


def test_customers_do_not_look(
    acme: Account, owner_client: Client, stranger_client: Client
) -> None:
    for client in (owner_client, stranger_client):
        begin(client, acme)

    assert not Look.objects.exists()
    assert stranger_client.get("/a/acme/overview/").status_code == 404


def test_staff_that_does_not_look_is_a_stranger(acme: Account, support_client: Client) -> None:
    assert support_client.get("/a/acme/overview/").status_code == 404


def test_members_read_of_it(acme: Account, looker: Client, member_client: Client) -> None:
    shown = page(member_client, "/a/acme/activity/")

    assert "Began to look at the account as its members see it" in shown
    assert "Support (support@example.com)" in shown
    assert REASON in shown


# --- While it goes on --------------------------------------------------------------------------

WRITES = re.compile(r"^\W*(INSERT|UPDATE|DELETE|REPLACE)", re.IGNORECASE)
FORM = re.compile(r"<form([^>]*method=\"post\"[^>]*)>(.*?)</form>", re.IGNORECASE | re.DOTALL)
#: What one may do while looking.
OFFERED = (STOP, "/accounts/logout/")


def changes_offered(text: str) -> list[str]:
    """The forms of a page that would change something and have a button, inside or elsewhere."""
    forms = [
        (head, body)
        for head, body in FORM.findall(text)
        if not any(f'action="{each}"' in head for each in OFFERED)
    ]
    return [
        head
        for head, body in forms
        if "<button" in body
        or ((id := re.search(r' id="([^"]+)"', head)) and f'form="{id[1]}"' in text)
    ]


def furnish(account: Account) -> None:
    """What members would find buttons at."""
    connection = ConnectionFactory.create(account=account)
    agent = AgentFactory.create(account=account)
    for who in (agent, None):
        PhoneNumberFactory.create(account=account, connection=connection, agent=who)
    CarrierTaskFactory.create(number__account=account, number__connection=connection)
    ImportFactory.create(connection=connection, job__failed=True, is_open=False)
    JobFactory.create(account=account, failed=True)
    InvitationFactory.create(account=account)
    GracePeriodFactory.create(account=account)


@every_page
def test_every_page_opens_under_the_bar_and_offers_no_change(
    door: Page, acme: Account, support: User, looker: Client
) -> None:
    furnish(acme)
    url = address(door, acme, support)

    with CaptureQueriesContext(connection) as queries:
        response = looker.get(url)

    assert response.status_code in (200, 302, 403, 404, 405, 422)
    assert [query["sql"] for query in queries if WRITES.match(query["sql"])] == []
    text = "" if response.streaming else response.content.decode()
    assert BAR in text or "<html" not in text
    assert "Opening this would change" not in text
    assert changes_offered(text) == []


@every_page
@pytest.mark.parametrize("way", ["form", "htmx"])
def test_no_page_takes_a_change(
    door: Page, way: str, acme: Account, support: User, looker: Client
) -> None:
    url = address(door, acme, support)
    headers = {"HX-Request": "true"} if way == "htmx" else {}

    with CaptureQueriesContext(connection) as queries:
        response = looker.post(url, headers=headers)

    assert response.status_code == 403
    assert "nothing can be changed" in response.content.decode()
    assert [query["sql"] for query in queries if WRITES.match(query["sql"])] == []


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_unsafe_methods_are_refused_as_well(method: str, looker: Client) -> None:
    assert getattr(looker, method)("/a/acme/overview/").status_code == 403


@pytest.mark.django_db(transaction=True)
def test_what_a_page_would_write_by_being_opened_does_not_reach_the_database(
    acme: Account, looker: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = PhoneNumberFactory.create(account=acme)

    def seen(*args: object, **kwargs: object) -> object:
        return PhoneNumber.objects.update(notes="seen")

    monkeypatch.setattr("accounts.timeline.entries", seen)
    response = looker.get("/a/acme/activity/")

    assert response.status_code == 403
    assert "Opening this would change something" in response.content.decode()
    number.refresh_from_db()
    assert number.notes == ""


def test_the_admin_is_read_only_too(acme: Account, owner: User, looker: Client) -> None:
    row = reverse("admin:accounts_user_change", args=[owner.pk])
    act = reverse("admin:accounts_user_act", args=[owner.pk, "lock"])

    assert BAR in page(looker, row)
    response = looker.post(act, {"reason": REASON})

    owner.refresh_from_db()
    assert (response.status_code, owner.is_active) == (403, True)
    assert BAR in response.content.decode()


def test_a_second_look_waits_for_the_end_of_the_first(looker: Client) -> None:
    response = begin(looker, subscribed(slug="elsewhere"))

    assert response.status_code == 403  # type: ignore[attr-defined]
    assert Look.objects.count() == 1


def test_rest_shows_and_changes_nothing(acme: Account, looker: Client) -> None:
    read = looker.get("/api/v1/numbers/?account=acme")
    changed = looker.post("/api/v1/numbers/", content_type="application/json")

    assert (read.status_code, changed.status_code) == (403, 403)
    assert read.json()["code"] == changed.json()["code"] == "forbidden"
    assert "only its pages are shown" in read.json()["detail"]
    assert "nothing can be changed" in changed.json()["detail"]


@pytest.mark.parametrize("name", ["mfa_index", "account_email", "account_change_password"])
def test_pages_about_one_s_own_sign_in_wait(name: str, looker: Client) -> None:
    response = looker.get(reverse(name))

    assert response.status_code == 403
    assert "about your own sign-in" in response.content.decode()


def test_keys_are_listed_without_secrets_and_none_is_made(acme: Account, looker: Client) -> None:
    key = ApiKeyFactory.create(account=acme, name="Nightly export")

    keys = page(looker, "/a/acme/settings/api-keys/")
    made = looker.post("/a/acme/settings/api-keys/create/", {"name": "Mine"})

    assert "Nightly export" in keys
    assert key.secret_hash not in keys
    assert (made.status_code, acme.api_keys.count()) == (403, 1)


def test_what_is_a_person_s_own_is_not_mixed_in(
    acme: Account, member: User, support: User, looker: Client
) -> None:
    PhoneNumberFactory.create(account=acme)
    own = subscribed(slug="own", name="Own")
    MembershipFactory.create(account=own, user=support, role=Role.OWNER)
    for user in (member, support):
        NoticeFactory.create(account=acme, user=user, title=f"For {user.email}")
        SavedFilterFactory.create(account=acme, user=user, name=f"View of {user.email}")

    notices, numbers = page(looker, "/a/acme/notices/"), page(looker, "/a/acme/numbers/")

    assert "For support@" not in notices
    assert "For member@" not in notices
    assert "View of" not in numbers
    assert "Own" not in numbers
    assert looker.get("/a/own/overview/").status_code == 404
    assert looker.get("/").headers["Location"] == "/a/acme/overview/"
    assert Notice.objects.filter(read_at=None).count() == 2


def test_things_of_another_account_stay_out_of_sight(looker: Client) -> None:
    theirs = PhoneNumberFactory.create(account=subscribed(slug="elsewhere"))

    assert looker.get("/a/elsewhere/overview/").status_code == 404
    assert looker.get(f"/a/acme/numbers/{theirs.pk}/").status_code == 404


def test_members_are_shown_as_they_are(acme: Account, owner: User, looker: Client) -> None:
    members = page(looker, "/a/acme/settings/members/")

    assert owner.email in members
    assert "(you)" not in members
    assert "Invite somebody" not in members
    assert not Membership.objects.filter(user__email="support@example.com").exists()


def test_other_browsers_of_the_same_person_do_not_look(
    support: User, looker: Client, sign_in: Callable[[User], Client]
) -> None:
    assert sign_in(support).get("/a/acme/overview/").status_code == 404


# --- Out ---------------------------------------------------------------------------------------


def test_the_button_leads_back_to_the_support_console(acme: Account, looker: Client) -> None:
    response = looker.post(STOP, follow=True)

    assert response.redirect_chain[-1][0] == f"/admin/accounts/account/{acme.pk}/change/"
    assert "You no longer look at Acme." in response.content.decode()
    assert BAR not in response.content.decode()
    assert told(acme)[-1] == "Stopped looking at the account"
    assert looker.get("/a/acme/overview/").status_code == 404


def test_the_button_is_pressed_not_followed(looker: Client) -> None:
    assert looker.get(STOP).status_code == 405
    assert BAR in page(looker, "/a/acme/overview/")


@pytest.mark.parametrize("door", ["account_logout", "admin:logout"])
def test_signing_out_ends_it(door: str, acme: Account, support: User, looker: Client) -> None:
    looker.post(reverse(door))
    looker.force_login(support)

    assert told(acme)[-1] == "Stopped looking at the account by signing out"
    assert looker.get("/a/acme/overview/").status_code == 404


def test_after_thirty_minutes_it_is_over_and_says_so(
    noon: time_machine.Traveller, acme: Account, looker: Client
) -> None:
    noon.shift(looks.LONGEST)

    read = looker.get("/a/acme/overview/")
    changed = looker.post("/a/acme/settings/change/", {"name": "Evil"})

    assert (read.status_code, changed.status_code) == (403, 403)
    assert "You no longer look at this account" in read.content.decode()
    assert BAR not in read.content.decode()
    assert len(told(acme)) == 2
    assert looker.get(reverse("admin:index")).status_code == 200
    begin(looker, acme)
    assert BAR in page(looker, "/a/acme/overview/")


def test_who_may_not_any_more_sees_nothing_from_then_on(
    acme: Account, support: User, looker: Client
) -> None:
    support.is_superuser = False
    support.save()

    assert looker.get("/a/acme/overview/").status_code == 403
    assert told(acme)[-1].endswith("may not look at accounts any more")


def test_who_is_locked_out_is_signed_out_of_the_look(
    acme: Account, support: User, looker: Client
) -> None:
    support.is_active = False
    support.save()

    response = looker.get("/a/acme/overview/")

    assert response.headers["Location"].startswith(reverse("account_login"))


def test_a_visitor_has_nothing_to_stop(client: Client, acme: Account) -> None:
    assert client.post(STOP).headers["Location"] == "/"
    assert told(acme) == []


def test_a_look_ends_with_the_browser_s_time_in_view(
    noon: time_machine.Traveller, looker: Client
) -> None:
    noon.shift(timedelta(minutes=29))

    assert "in 1\u00a0min" in page(looker, "/a/acme/overview/")


def test_support_that_looks_is_not_sent_to_an_owner(looker: Client, acme: Account) -> None:
    key = ApiKeyFactory.create(account=acme)

    response = looker.get(reverse("accounts:revoke_api_key", args=["acme", key.pk]))

    assert response.status_code == 403
    assert "You look at this account as its members see it" in response.content.decode()
    assert "Ask an owner" not in response.content.decode()
