"""Whom a provider's word signs in: a user with the verified address, or somebody invited."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.test import Client
from django.urls import path, reverse

from accounts import actors
from accounts.actor import Actor
from accounts.adapter import _identity
from accounts.models import Account, Event, Membership, User
from accounts.services import single_sign_on
from accounts.services.single_sign_on import Identity, NotSignedIn
from accounts.services.support import forget_logins
from accounts.views import single_sign_on as pages
from config.errors import Forbidden
from config.urls import urlpatterns as product
from tests.factories import NOON, InvitationFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

#: Nobody answers there.
ISSUER = "http://127.0.0.1:9"
NELL = Identity(
    issuer=ISSUER,
    subject="248289761001",
    email="nell@example.com",
    is_verified=True,
    name="Nell",
    provider="Acme ID",
)


def refusal(identity: Identity) -> str:
    with pytest.raises(NotSignedIn) as refused:
        single_sign_on.recognize(identity, at=NOON)
    assert not SocialAccount.objects.filter(uid=identity.subject).exists()
    return refused.value.code


# --- Who it is -----------------------------------------------------------------------------------


# B30
def test_a_user_with_the_verified_address_is_recognized_and_stays_so() -> None:
    nell = UserFactory.create(email="nell@example.com")

    assert single_sign_on.recognize(NELL, at=NOON) == (nell, True)
    moved = replace(NELL, email="nell@other.example", is_verified=False)
    assert single_sign_on.recognize(moved, at=NOON) == (nell, False)
    assert single_sign_on.recognize(replace(NELL, email=""), at=NOON) == (nell, False)


def test_an_address_in_another_case_is_the_same() -> None:
    nell = UserFactory.create(email="nell@example.com")

    assert single_sign_on.recognize(replace(NELL, email="Nell@Example.com"), at=NOON)[0] == nell


@pytest.mark.parametrize("said", ["mi\u212ae@example.com", "m\u0131ke@example.com"])
def test_letters_that_look_alike_are_others(acme: Account, said: str) -> None:
    UserFactory.create(email="mike@example.com")
    mallory = UserFactory.create(email="mallory@example.com")
    EmailAddress.objects.create(user=mallory, email="mike@example.com", verified=True)
    InvitationFactory.create(account=acme, email="mike@example.com")

    assert refusal(replace(NELL, email=said)) == "not_invited"


def test_a_second_address_counts_once_it_is_proven() -> None:
    nell = UserFactory.create(email="other@example.com")
    second = EmailAddress.objects.create(user=nell, email="nell@example.com", verified=False)
    assert refusal(NELL) == "not_invited"

    second.verified = True
    second.save()

    assert single_sign_on.recognize(NELL, at=NOON) == (nell, True)


@pytest.mark.parametrize("changed", [{"is_verified": False}, {"email": ""}])
def test_an_address_that_the_provider_does_not_confirm_is_nobody_s(
    acme: Account, changed: dict[str, object]
) -> None:
    UserFactory.create(email="nell@example.com")
    InvitationFactory.create(account=acme, email="nell@example.com")

    assert refusal(replace(NELL, **changed)) == "email_not_verified"  # type: ignore[arg-type]


def test_a_person_without_an_invitation_gets_no_user(acme: Account) -> None:
    late = InvitationFactory.create(account=acme, email="nell@example.com")
    late.expires_at = NOON
    late.save()

    assert refusal(NELL) == "not_invited"
    assert not User.objects.exists()


@pytest.mark.parametrize("state", [{"revoked_at": NOON}, {"accepted_at": NOON}])
def test_an_invitation_that_was_answered_makes_no_user(
    acme: Account, state: dict[str, object]
) -> None:
    InvitationFactory.create(account=acme, email="nell@example.com", **state)

    assert refusal(NELL) == "not_invited"


def test_a_person_with_an_invitation_becomes_a_user_and_joins_by_accepting(acme: Account) -> None:
    InvitationFactory.create(account=acme, email="nell@example.com")
    said = replace(NELL, email="Nell@example.com")

    user, is_new = single_sign_on.recognize(said, at=NOON + timedelta(days=1))

    assert (user.email, user.name, is_new) == ("nell@example.com", "Nell", True)
    assert not user.has_usable_password()
    assert EmailAddress.objects.get(user=user).verified
    assert not Membership.objects.exists()


def test_the_same_subject_of_another_issuer_is_somebody_else() -> None:
    UserFactory.create(email="nell@example.com")
    single_sign_on.recognize(NELL, at=NOON)
    elsewhere = replace(NELL, issuer="https://other.example", email="bob@example.com")

    with pytest.raises(NotSignedIn):
        single_sign_on.recognize(elsewhere, at=NOON)


def test_an_address_that_was_given_to_somebody_else_there_does_not_open_the_old_login() -> None:
    UserFactory.create(email="nell@example.com")
    single_sign_on.recognize(NELL, at=NOON)

    assert refusal(replace(NELL, subject="successor")) == "other_login"


@pytest.mark.parametrize("subject", ["s" * 255, "a\0b", "sha256:" + "0" * 64])
def test_a_subject_that_no_column_takes_signs_in_like_others(subject: str) -> None:
    nell = UserFactory.create(email="nell@example.com")
    long = replace(NELL, subject=subject)

    assert single_sign_on.recognize(long, at=NOON) == (nell, True)
    assert single_sign_on.recognize(replace(long, email=""), at=NOON) == (nell, False)
    kept = SocialAccount.objects.get().uid
    with pytest.raises(NotSignedIn):
        single_sign_on.recognize(replace(NELL, subject=kept), at=NOON)


def test_support_makes_room_for_a_new_login(
    acme: Account, owner: User, support_client: Client
) -> None:
    theirs = replace(NELL, email=owner.email)
    single_sign_on.recognize(theirs, at=NOON)
    act = reverse("admin:accounts_user_act", args=[owner.pk, "forget"])

    assert support_client.post(act, {"reason": " "}).status_code == 422
    assert SocialAccount.objects.exists()
    support_client.post(act, {"reason": "New login after a move"})

    assert single_sign_on.recognize(replace(theirs, subject="new"), at=NOON) == (owner, True)
    event = Event.objects.get(type="support.acted")
    assert event.summary == "The single sign-on of owner@example.com was forgotten."
    assert (event.account, event.reason) == (acme, "New login after a move")


def test_of_staff_only_superusers_forget_it(by_owner: Actor, support: User) -> None:
    clerk = actors.support(UserFactory.create(is_staff=True), reason="x")

    for actor in (by_owner, clerk):
        with pytest.raises(Forbidden):
            forget_logins(support.pk, actor=actor, at=NOON)


# --- What is believed ----------------------------------------------------------------------------


def said(
    token: dict[str, object] | None, profile: dict[str, object] | None, process: str = "login"
) -> SocialLogin:
    data = {"id_token": token, "userinfo": profile}
    login = SocialLogin(account=SocialAccount(extra_data=data))
    login.state = {"process": process}
    return login


@pytest.fixture
def _configured(settings: object) -> None:
    settings.OIDC_ISSUER, settings.OIDC_NAME = ISSUER, "Acme ID"  # type: ignore[attr-defined]


TOKEN: dict[str, object] = {"iss": f"{ISSUER}/", "sub": "1"}


@pytest.mark.usefixtures("_configured")
@pytest.mark.parametrize(
    ("verified", "counts"),
    [
        (True, True),
        ("true", True),
        (False, False),
        ("false", False),
        (None, False),
        ("yes", False),
        (1, False),
        (1.0, False),
        ("True", False),
    ],
)
def test_only_true_is_true(verified: object, counts: bool) -> None:
    profile = {"sub": "1", "email": " Nell@Example.com", "email_verified": verified}

    identity = _identity(said(TOKEN, profile))

    assert (identity.email, identity.is_verified) == ("nell@example.com", counts)


@pytest.mark.usefixtures("_configured")
def test_an_address_is_read_without_changing_its_letters() -> None:
    profile = {"sub": "1", "email": "mi\u212ae@example.com", "email_verified": True}

    assert _identity(said(TOKEN, profile)).email == "mi\u212ae@example.com"


@pytest.mark.usefixtures("_configured")
def test_a_provider_without_a_profile_says_it_in_the_token() -> None:
    token = {**TOKEN, "email": "nell@example.com", "email_verified": True}

    assert _identity(said(token, {"sub": "1"})).is_verified


@pytest.mark.usefixtures("_configured")
@pytest.mark.parametrize(
    ("token", "profile", "process"),
    [
        (None, {"sub": "1"}, "login"),
        ({"iss": ISSUER}, {"sub": "1"}, "login"),
        (TOKEN, {"sub": "2"}, "login"),
        ({"iss": "https://other.example", "sub": "1"}, {"sub": "1"}, "login"),
        (TOKEN, {"sub": "1"}, "connect"),
    ],
)
def test_what_does_not_agree_signs_nobody_in(
    token: dict[str, object] | None, profile: dict[str, object], process: str
) -> None:
    with pytest.raises(NotSignedIn) as refused:
        _identity(said(token, profile, process))

    assert refused.value.code == "contradiction"


# --- Off, and when nobody answers ----------------------------------------------------------------

WHERE = {"provider_id": ISSUER}
urlpatterns = [
    path("accounts/oidc/login/", pages.sign_in_with, WHERE, name="sign_in_with"),
    path("accounts/oidc/callback/", pages.signed_in_with, WHERE, name="openid_connect_callback"),
    *product,
]


@pytest.mark.parametrize(
    "url",
    [
        "/accounts/oidc/login/",
        "/accounts/oidc/callback/",
        "/accounts/oidc/openid_connect/login/",
        "/accounts/3rdparty/",
        "/accounts/3rdparty/signup/",
        "/accounts/social/connections/",
    ],
)
def test_nothing_of_it_can_be_reached_until_it_is_configured(
    url: str, client: Client, owner_client: Client
) -> None:
    assert client.get(url).status_code == owner_client.get(url).status_code == 404


def test_no_page_speaks_of_it_until_it_is_configured(client: Client, acme: Account) -> None:
    InvitationFactory.create(account=acme, email="nell@example.com", token="abc")
    UserFactory.create(email="olga@example.com")

    for url in (reverse("account_login"), reverse("invitation", args=["abc"])):
        response = client.get(url)
        assert response.status_code == 200
        assert "Sign in with" not in response.content.decode()


@pytest.fixture
def with_a_provider(settings: object, _configured: None) -> None:
    """Configured, and the provider does not answer."""
    settings.ROOT_URLCONF = __name__  # type: ignore[attr-defined]
    settings.SOCIALACCOUNT_PROVIDERS = {  # type: ignore[attr-defined]
        "openid_connect": {
            "APPS": [
                {
                    "provider_id": ISSUER,
                    "name": "Acme ID",
                    "client_id": "us",
                    "secret": "x",
                    "settings": {"server_url": ISSUER},
                }
            ]
        }
    }


@pytest.mark.usefixtures("with_a_provider")
def test_a_provider_that_does_not_answer_is_told_in_words(client: Client) -> None:
    response = client.get("/accounts/oidc/login/")

    assert response.status_code == 502
    assert "Acme ID does not answer as it should." in response.content.decode()


@pytest.mark.usefixtures("with_a_provider")
@pytest.mark.parametrize("query", ["", "?code=1", "?code=1&state=made-up", "?error=server_error"])
def test_who_comes_back_without_having_left_is_not_signed_in(client: Client, query: str) -> None:
    response = client.get(f"/accounts/oidc/callback/{query}")

    assert response.status_code == 401
    assert "did not confirm who you are" in response.content.decode()


@pytest.mark.usefixtures("with_a_provider")
def test_the_button_keeps_where_somebody_wanted_to_go(client: Client, acme: Account) -> None:
    InvitationFactory.create(account=acme, email="nell@example.com", token="abc")

    login = client.get(reverse("account_login"), {"next": "/a/acme/numbers/?q=1&tab=all"})
    invited = client.get(reverse("invitation", args=["abc"]))

    assert (
        'href="/accounts/oidc/login/?next=%2Fa%2Facme%2Fnumbers%2F%3Fq%3D1%26tab%3Dall"'
        in login.content.decode()
    )
    assert 'href="/accounts/oidc/login/?next=%2Finvitations%2Fabc%2F"' in invited.content.decode()
    assert "Sign in with Acme ID" in invited.content.decode()
