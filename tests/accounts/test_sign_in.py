"""Signing in: rate-limited, with a second factor for those who set one up, staff included."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import Account, User
from accounts.services import invitations
from tests.factories import NOON, PASSWORD, InvitationFactory, UserFactory

pytestmark = pytest.mark.django_db

LOGIN = "account_login"


def sign_in(client: Client, email: str, password: str = PASSWORD, next: str = "") -> object:
    url = reverse(LOGIN) + (f"?next={next}" if next else "")
    return client.post(url, {"login": email, "password": password, "next": next})


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def code(secret: str) -> str:
    """What the app shows; one that is about to change is waited out."""
    if (left := 30 - time.time() % 30) < 4:
        time.sleep(left)
    counter = next(iter(yield_hotp_counters_from_time()))
    return str(format_hotp_value(hotp_value(secret, counter)))


def test_a_person_signs_in_with_the_email_in_any_case(client: Client) -> None:
    UserFactory.create(email="nell@example.com")

    sign_in(client, "NELL@Example.com")

    assert is_signed_in(client)


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(client: Client) -> None:
    UserFactory.create(email="nell@example.com")

    wrong = sign_in(client, "nell@example.com", "wrong password")
    unknown = sign_in(client, "nobody@example.com", "wrong password")

    assert not is_signed_in(client)
    first, second = (
        response.context["form"].errors.as_text()  # type: ignore[attr-defined]
        for response in (wrong, unknown)
    )
    assert first == second


def test_guessing_is_stopped_even_with_the_right_password_at_last(client: Client) -> None:
    UserFactory.create(email="nell@example.com")

    for _ in range(10):
        sign_in(client, "nell@example.com", "wrong password")
    sign_in(client, "nell@example.com")

    assert not is_signed_in(client)


def test_a_person_who_may_no_longer_sign_in_does_not(client: Client) -> None:
    UserFactory.create(email="nell@example.com", is_active=False)

    sign_in(client, "nell@example.com")

    assert not is_signed_in(client)


def test_nobody_signs_up_alone(client: Client) -> None:
    typed = {"email": "new@example.com", "password1": PASSWORD}

    response = client.post(reverse("account_signup"), typed)

    assert response.status_code == 200
    assert not User.objects.exists()


def test_a_second_factor_is_asked_for_before_anything_opens(client: Client) -> None:
    user = UserFactory.create(email="nell@example.com")
    secret = generate_totp_secret()
    TOTP.activate(user, secret)

    response = sign_in(client, user.email)
    assert response.headers["Location"].startswith(reverse("mfa_authenticate"))  # type: ignore[attr-defined]
    assert not is_signed_in(client)
    wrong = client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert (wrong.status_code, is_signed_in(client)) == (200, False)
    client.post(reverse("mfa_authenticate"), {"code": code(secret)})

    assert is_signed_in(client)


def test_a_recovery_code_opens_once(client: Client) -> None:
    user = UserFactory.create(email="nell@example.com")
    TOTP.activate(user, generate_totp_secret())
    recovery = RecoveryCodes.activate(user).get_unused_codes()[0]

    outcomes = []
    for _ in range(2):
        browser = Client()
        sign_in(browser, user.email)
        browser.post(reverse("mfa_authenticate"), {"code": recovery})
        outcomes.append(is_signed_in(browser))

    assert outcomes == [True, False]


def test_a_second_factor_is_set_up_after_typing_the_password_again(client: Client) -> None:
    client.force_login(UserFactory.create())
    setup = reverse("mfa_activate_totp")

    overview = client.get(reverse("mfa_index"))
    asked = client.get(setup)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD, "next": setup})
    secret = client.get(setup).context["form"].secret
    client.post(setup, {"code": code(secret)})

    assert setup in overview.content.decode()
    assert asked.headers["Location"].startswith(reverse("account_reauthenticate"))
    assert set(Authenticator.objects.values_list("type", flat=True)) == {"totp", "recovery_codes"}


def test_staff_reach_the_admin_through_the_same_sign_in(client: Client, support: User) -> None:
    secret = generate_totp_secret()
    TOTP.activate(support, secret)
    admin = reverse("admin:index")

    asked = client.get(admin, follow=True)
    sign_in(client, support.email, next=admin)
    assert client.get(admin).status_code == 302
    response = client.post(reverse("mfa_authenticate"), {"code": code(secret)}, follow=True)

    assert asked.redirect_chain[-1][0].startswith(reverse(LOGIN))
    assert response.redirect_chain[-1][0] == admin
    assert client.get(admin).status_code == 200


def test_a_customer_does_not_reach_the_admin(owner_client: Client) -> None:
    refused = owner_client.get(reverse("admin:index"), follow=True)

    assert refused.status_code == 403
    assert "This is where Numberdesk&#x27;s own staff works." in refused.content.decode()
    assert "Ask an owner" not in refused.content.decode()


def test_staff_without_a_right_is_told_who_gives_it(client: Client) -> None:
    clerk = UserFactory.create(is_staff=True)
    client.force_login(clerk)

    refused = client.get(reverse("admin:accounts_account_changelist"))

    assert refused.status_code == 403
    assert "Whoever manages Numberdesk&#x27;s staff" in refused.content.decode()


def test_sign_in_does_not_lead_to_other_sites(client: Client) -> None:
    UserFactory.create(email="nell@example.com")

    response = sign_in(client, "nell@example.com", next="https://evil.example/")

    assert response.headers["Location"] == "/"  # type: ignore[attr-defined]


def test_signing_out_needs_a_post(client: Client) -> None:
    client.force_login(UserFactory.create())

    client.get(reverse("account_logout"))
    assert is_signed_in(client)
    client.post(reverse("account_logout"))

    assert not is_signed_in(client)


def test_another_email_takes_over_only_when_its_mailbox_is_proven(
    acme: Account, client: Client
) -> None:
    InvitationFactory.create(account=acme, email="nell@example.com", token="abc")
    membership = invitations.accept_as_new("abc", name="Nell", password=PASSWORD, at=NOON)
    sign_in(client, "nell@example.com")
    page = reverse("account_email")
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD, "next": page})

    client.post(page, {"action_add": "", "email": "boss@example.com"})
    client.post(page, {"action_primary": "", "email": "boss@example.com"})
    membership.user.refresh_from_db()
    assert membership.user.email == "nell@example.com"

    proof = next(message for message in mail.outbox if message.to == ["boss@example.com"])
    link = re.search(r"http://\S+(/accounts/confirm-email/\S+)", str(proof.body))
    assert link
    client.post(link[1])
    client.post(page, {"action_primary": "", "email": "boss@example.com"})

    membership.user.refresh_from_db()
    assert membership.user.email == "boss@example.com"


@pytest.mark.parametrize("make", [User.objects.create_user, User.objects.create_superuser])
def test_somebody_whom_an_operator_made_cannot_take_an_unproven_email_either(
    make: Callable[..., User], client: Client
) -> None:
    user = make("mallory@example.com", PASSWORD)
    sign_in(client, user.email)
    page = reverse("account_email")
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD, "next": page})

    client.post(page, {"action_add": "", "email": "boss@example.com"})
    client.post(page, {"action_primary": "", "email": "boss@example.com"})

    user.refresh_from_db()
    assert user.email == "mallory@example.com"


def test_staff_change_passwords_where_everybody_does(client: Client, support: User) -> None:
    client.force_login(support)

    response = client.get("/admin/password_change/")

    assert response.headers["Location"] == reverse("account_change_password")
    assert reverse("admin:password_change") == "/admin/password_change/"
