"""Links in mails lead to ``PUBLIC_URL``, whatever host the request named that caused them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Account, User
from accounts.services import invitations, notices
from config.addresses import absolute
from tests.factories import (
    NOON,
    PASSWORD,
    InvitationFactory,
    NoticeFactory,
    PhoneNumberFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

PUBLIC = "https://numbers.example.com"
EVIL = {"host": "evil.example:8443", "x-forwarded-host": "evil.example"}


@pytest.fixture(autouse=True)
def _public(settings: Settings) -> None:
    settings.PUBLIC_URL = PUBLIC
    settings.ALLOWED_HOSTS = ["*"]


def links() -> list[str]:
    """Every address in every mail, in whatever part of it."""
    texts = [
        str(text)
        for message in mail.outbox
        for text in (message.body, message.subject, *message.extra_headers.values())
    ]
    return [link for text in texts for link in re.findall(r"\w+://\S+", text)]


def reset_password(user: User, browser: Client) -> None:
    Client(headers=EVIL).post(reverse("account_reset_password"), {"email": user.email})


def reset_of_an_unknown_address(user: User, browser: Client) -> None:
    Client(headers=EVIL).post(reverse("account_reset_password"), {"email": "no@example.com"})


def confirm_an_address(user: User, browser: Client) -> None:
    typed = {"action_add": "", "email": "new@example.com"}
    browser.post(reverse("account_email"), typed, headers=EVIL)


def confirm_again(user: User, browser: Client) -> None:
    EmailAddress.objects.create(user=user, email="next@example.com")
    typed = {"action_send": "", "email": "next@example.com"}
    browser.post(reverse("account_email"), typed, headers=EVIL)


def change_the_password(user: User, browser: Client) -> None:
    new = "a better horse battery"
    typed = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    browser.post(reverse("account_change_password"), typed, headers=EVIL)


def invite(user: User, browser: Client) -> None:
    invitations.mail(InvitationFactory.create(invited_by=user).pk, at=NOON)


def notify(user: User, browser: Client) -> None:
    notice = NoticeFactory.create(user=user, mail_due_at=NOON, url="/a/acme/numbers/")
    notices.mail(notice.pk, at=NOON)


#: What causes a mail -> how many links that mail has.
CAUSES: dict[Callable[[User, Client], None], int] = {
    reset_password: 1,
    reset_of_an_unknown_address: 0,
    confirm_an_address: 1,
    confirm_again: 1,
    change_the_password: 0,
    invite: 1,
    notify: 1,
}


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.__name__)
def test_a_link_in_a_mail_leads_to_us(
    cause: Callable[[User, Client], None], acme: Account, sign_in: Callable[[User], Client]
) -> None:
    user = UserFactory.create(email="nell@example.com")
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    browser = sign_in(user)
    browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})

    cause(user, browser)

    assert mail.outbox
    found = links()
    assert len(found) == CAUSES[cause]
    assert all(link.startswith(f"{PUBLIC}/") for link in found)
    assert "evil" not in "".join(str(message.message()) for message in mail.outbox)


def test_absolute_addresses_over_rest_lead_to_us(member_client: Client, acme: Account) -> None:
    PhoneNumberFactory.create_batch(2, account=acme)

    page = member_client.get("/api/v1/numbers/?limit=1", headers={"host": "evil.example"}).json()

    assert page["next"].startswith(f"{PUBLIC}/api/v1/numbers/?")


@pytest.mark.parametrize(
    ("public", "path", "address"),
    [
        ("https://a.example", "/a/acme/", "https://a.example/a/acme/"),
        ("https://a.example:8443/desk", "/desk/a/acme/", "https://a.example:8443/desk/a/acme/"),
    ],
)
def test_the_prefix_of_the_site_stands_once(
    settings: Settings, public: str, path: str, address: str
) -> None:
    settings.PUBLIC_URL = public

    assert absolute(path) == address
