"""The mails around signing in: a forgotten password, and a change somebody should know of."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from tests.factories import PASSWORD, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db

RESET = "account_reset_password"
NEW = "a better horse battery"


def test_the_link_of_a_reset_mail_leads_to_a_new_password(client: Client) -> None:
    user = UserFactory.create(email="nell@example.com")

    client.post(reverse(RESET), {"email": "nell@example.com"})
    (message,) = mail.outbox
    link = re.search(r"http://\S+?(/accounts/\S+)", str(message.body))
    assert link
    page = client.get(link[1], follow=True)
    form = page.redirect_chain[-1][0]
    client.post(form, {"password1": NEW, "password2": NEW})

    user.refresh_from_db()
    assert message.subject == "[Numberdesk] Reset your password"
    assert user.check_password(NEW)


def test_a_reset_link_works_once(client: Client) -> None:
    UserFactory.create(email="nell@example.com")
    client.post(reverse(RESET), {"email": "nell@example.com"})
    link = re.search(r"http://\S+?(/accounts/\S+)", str(mail.outbox[0].body))
    assert link
    form = client.get(link[1], follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": NEW, "password2": NEW})

    response = Client().get(link[1], follow=True)

    assert "This link no longer works" in response.content.decode()


def test_the_page_does_not_tell_whether_an_address_is_known(client: Client) -> None:
    UserFactory.create(email="nell@example.com")

    known = client.post(reverse(RESET), {"email": "nell@example.com"}, follow=True)
    unknown = client.post(reverse(RESET), {"email": "nobody@example.com"}, follow=True)

    assert known.redirect_chain == unknown.redirect_chain
    told = next(message for message in mail.outbox if message.to == ["nobody@example.com"])
    assert "There is no login with nobody@example.com." in str(told.body)
    assert "http" not in str(told.body)


def test_a_changed_password_is_told_by_mail(client: Client) -> None:
    user = UserFactory.create(email="nell@example.com")
    client.force_login(user)

    typed = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    client.post(reverse("account_change_password"), typed)

    (message,) = mail.outbox
    assert message.to == ["nell@example.com"]
    assert "Your password has been changed." in str(message.body)
    assert "If that was not you, reset your password" in str(message.body)


@pytest.mark.usefixtures("noon")
@pytest.mark.parametrize(
    ("zones", "when"),
    [
        (["America/Los_Angeles"], "Sun,\u00a0Mar\u00a01,\u00a02026, 4:00\u00a0AM\u00a0PST"),
        ([], "Sun,\u00a0Mar\u00a01,\u00a02026, 12:00\u00a0PM\u00a0UTC"),
        (
            ["America/Los_Angeles", "Europe/Berlin"],
            "Sun,\u00a0Mar\u00a01,\u00a02026, 12:00\u00a0PM\u00a0UTC",
        ),
    ],
)
def test_times_in_mails_are_written_as_on_pages(
    client: Client, zones: list[str], when: str
) -> None:
    user = UserFactory.create(email="nell@example.com")
    for zone in zones:
        MembershipFactory.create(user=user, account__time_zone=zone)
    client.force_login(user)

    typed = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    client.post(reverse("account_change_password"), typed)

    assert f"When: {when}\n" in str(mail.outbox[0].body)
