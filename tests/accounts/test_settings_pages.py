"""Settings, members and API keys in the browser."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts import tasks
from accounts.actor import Actor
from accounts.models import Account, ApiKey, Invitation, Membership, User
from accounts.services import api_keys
from accounts.states import ROLE_WORDS, Role
from tests.factories import (
    NOON,
    PASSWORD,
    ApiKeyFactory,
    InvitationFactory,
    MembershipFactory,
    UserFactory,
    subscribed,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("acme", "noon")]

#: Session, user, membership with account; other accounts and unread notices; the grace banner.
FRAME = 6


def page(name: str, *args: object) -> str:
    return reverse(f"accounts:{name}", args=["acme", *args])


def text(response: object) -> str:
    return response.content.decode()  # type: ignore[attr-defined, no-any-return]


# --- The account -----------------------------------------------------------------------------


def test_an_admin_changes_name_zone_and_country(admin_client: Client, acme: Account) -> None:
    typed = {"name": "Acme Corp.", "time_zone": "Europe/Berlin", "country": "de"}

    response = admin_client.post(page("change_settings"), typed, follow=True)

    acme.refresh_from_db()
    assert (acme.name, acme.time_zone, acme.country) == ("Acme Corp.", "Europe/Berlin", "DE")
    assert "Saved." in text(response)


@pytest.mark.parametrize("wrong", [{"country": "XX"}, {"time_zone": "Mars/X"}, {"name": ""}])
def test_what_was_typed_stays_after_an_error(
    admin_client: Client, acme: Account, wrong: dict[str, str]
) -> None:
    typed = {"name": "Typed name", "time_zone": "Europe/Berlin", "country": "DE", **wrong}

    response = admin_client.post(page("change_settings"), typed)

    assert response.status_code == 422
    assert f'href="#id_{next(iter(wrong))}"' in text(response)
    assert ('value="Typed name"' in text(response)) == ("name" not in wrong)
    acme.refresh_from_db()
    assert acme.name == "Acme"


def test_a_member_reads_the_settings_and_gets_no_form(member_client: Client) -> None:
    response = member_client.get(page("settings"))

    assert response.status_code == 200
    assert page("change_settings") not in text(response)


# --- Members ---------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["members", "help"])
def test_every_role_is_explained_and_in_the_same_words(owner_client: Client, where: str) -> None:
    shown = text(owner_client.get(page(where))).lower()

    for role in Role:
        assert ROLE_WORDS[role].lower() in shown
        assert role.label.lower() in shown


def test_an_owner_invites_and_the_person_joins(owner_client: Client, acme: Account) -> None:
    typed = {"email": "Nell@Example.com", "role": "admin"}
    owner_client.post(page("invite"), typed)
    tasks.mail_invitation(Invitation.objects.get().pk)
    link = str(mail.outbox[0].body).split("http://127.0.0.1:8000")[1].split()[0]

    nell = Client()
    assert "Join Acme" in text(nell.get(link))
    weak = nell.post(link, {"name": "Nell", "password": "short"})
    response = nell.post(link, {"name": "Nell", "password": PASSWORD})

    assert weak.status_code == 422
    assert response.headers["Location"] == reverse("accounts:overview", args=["acme"])
    assert acme.memberships.get(user__email="nell@example.com").role == Role.ADMIN
    assert nell.get(page("members")).status_code == 200
    assert Client().get(link).status_code == 404


def test_a_person_with_a_login_signs_in_before_accepting(
    acme: Account, sign_in: object, stranger: User
) -> None:
    InvitationFactory.create(account=acme, email=stranger.email, token="abc")
    link = reverse("invitation", args=["abc"])
    signed_out = Client()

    asked = signed_out.get(link)
    unasked = signed_out.post(link, {"name": "", "password": PASSWORD})
    signed_out.post(reverse("account_login"), {"login": stranger.email, "password": PASSWORD})
    response = signed_out.post(link)

    assert f"{reverse('account_login')}?next=%2Finvitations%2Fabc%2F" in text(asked)
    assert "Sign in to accept" in text(unasked)
    assert response.status_code == 302
    assert acme.memberships.filter(user=stranger).exists()


def test_another_person_who_is_signed_in_cannot_accept(
    acme: Account, stranger_client: Client, stranger: User
) -> None:
    InvitationFactory.create(account=acme, token="abc")

    response = stranger_client.post(reverse("invitation", args=["abc"]))

    assert "You are signed in as stranger@example.com" in text(response)
    assert not acme.memberships.filter(user=stranger).exists()


def test_an_invitation_to_a_member_is_refused_where_it_was_typed(
    owner_client: Client, member: User
) -> None:
    response = owner_client.post(page("invite"), {"email": member.email, "role": "member"})

    assert response.status_code == 422
    assert "is a member already" in text(response)
    assert f'value="{member.email}"' in text(response)


def test_an_admin_is_offered_only_the_roles_they_may_give(
    admin_client: Client, owner: User, member: User
) -> None:
    response = admin_client.get(page("members"))

    assert 'value="owner"' not in text(response)
    assert 'value="billing_admin"' not in text(response)
    assert f"Role of {member.email}" in text(response)
    assert f"Role of {owner.email}" not in text(response)


def test_a_forged_role_changes_nothing(admin_client: Client, acme: Account, member: User) -> None:
    membership = acme.memberships.get(user=member)

    response = admin_client.post(page("change_role", membership.pk), {"role": "owner"}, follow=True)

    assert "Ask an owner" in text(response)
    membership.refresh_from_db()
    assert membership.role == Role.MEMBER


def test_a_role_is_changed_and_a_member_removed(
    owner_client: Client, acme: Account, member: User
) -> None:
    membership = acme.memberships.get(user=member)

    owner_client.post(page("change_role", membership.pk), {"role": "admin"})
    membership.refresh_from_db()
    asked = owner_client.get(page("remove_member", membership.pk))
    owner_client.post(page("remove_member", membership.pk))

    assert membership.role == Role.ADMIN
    assert "What it touches" in text(asked)
    assert not acme.memberships.filter(user=member).exists()


def test_the_last_owner_is_told_before_trying(
    owner_client: Client, acme: Account, owner: User
) -> None:
    mine = acme.memberships.get(user=owner)

    asked = owner_client.get(page("remove_member", mine.pk))
    tried = owner_client.post(page("remove_member", mine.pk), follow=True)

    for response in (asked, tried):
        assert "is the only owner" in text(response)
    assert acme.memberships.filter(user=owner).exists()


def test_a_member_may_leave_and_may_not_remove_others(
    member_client: Client, acme: Account, member: User, admin: User
) -> None:
    others = acme.memberships.get(user=admin)
    mine = acme.memberships.get(user=member)

    refused = member_client.post(page("remove_member", others.pk))
    left = member_client.post(page("remove_member", mine.pk))

    assert refused.status_code == 403
    assert left.headers["Location"] == "/"
    assert list(acme.memberships.all()) == [others]


def test_members_and_invitations_of_other_accounts_do_not_exist(owner_client: Client) -> None:
    membership = MembershipFactory.create()
    invitation = InvitationFactory.create()

    for name, pk in [
        ("change_role", membership.pk),
        ("remove_member", membership.pk),
        ("resend_invitation", invitation.pk),
        ("revoke_invitation", invitation.pk),
    ]:
        assert owner_client.post(page(name, pk), {"role": "member"}).status_code == 404

    assert Membership.objects.filter(pk=membership.pk).exists()


def test_an_admin_cannot_revoke_the_invitation_of_an_owner(
    admin_client: Client, acme: Account
) -> None:
    invitation = InvitationFactory.create(account=acme, role=Role.OWNER)
    revoke = page("revoke_invitation", invitation.pk)

    response = admin_client.post(revoke, follow=True)

    invitation.refresh_from_db()
    assert invitation.revoked_at is None
    assert "Ask an owner" in text(response)
    assert invitation.email in text(response)
    assert revoke not in text(admin_client.get(page("members")))


def test_invitations_are_sent_again_and_revoked(owner_client: Client, acme: Account) -> None:
    invitation = InvitationFactory.create(account=acme, expires_at=NOON)  # it has run out
    before = invitation.token_hash

    listed = text(owner_client.get(page("members")))
    owner_client.post(page("resend_invitation", invitation.pk), follow=True)
    invitation.refresh_from_db()
    sent_again = invitation.token_hash
    owner_client.post(page("revoke_invitation", invitation.pk), follow=True)
    invitation.refresh_from_db()

    assert "Run out" in listed
    assert sent_again != before
    assert invitation.revoked_at == NOON
    assert invitation.email not in text(owner_client.get(page("members")))


def test_the_members_page_reads_a_fixed_number_of_times(
    owner_client: Client, acme: Account, django_assert_num_queries: object
) -> None:
    MembershipFactory.create_batch(20, account=acme)
    InvitationFactory.create_batch(20, account=acme)

    with django_assert_num_queries(FRAME + 2):  # type: ignore[operator]
        owner_client.get(page("members"))


# --- API keys --------------------------------------------------------------------------------


def test_a_key_is_shown_once(owner_client: Client, acme: Account) -> None:
    response = owner_client.post(page("create_api_key"), {"name": "Export", "scopes": ["numbers"]})

    key = ApiKey.objects.get()
    shown = text(response).split(f"nd_{key.prefix}_")[1][:43]
    assert api_keys.authenticate(f"nd_{key.prefix}_{shown}", at=NOON) == key
    assert response.headers["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    assert shown not in text(owner_client.get(page("api_keys")))


def test_a_key_is_made_once_however_often_its_form_is_sent(owner_client: Client) -> None:
    sheet = re.search(r'name="sheet" value="(\w{32})"', text(owner_client.get(page("api_keys"))))
    assert sheet
    typed = {"name": "Export", "sheet": sheet[1]}

    shown = text(owner_client.post(page("create_api_key"), typed))
    again = owner_client.post(page("create_api_key"), typed, follow=True)
    another = text(owner_client.post(page("create_api_key"), {**typed, "sheet": "x" * 32}))

    assert ApiKey.objects.count() == 2
    assert "Your new API key" in shown
    assert "This key was made already" in text(again)
    assert "Your new API key" not in text(again)
    assert again.redirect_chain == [(page("api_keys"), 302)]
    assert "Your new API key" in another
    assert sheet[1] not in shown  # its form is another sheet


def test_a_refused_key_can_still_be_made_with_the_same_form(owner_client: Client) -> None:
    typed = {"name": "", "sheet": "x" * 32}

    refused = owner_client.post(page("create_api_key"), typed)
    owner_client.post(page("create_api_key"), {**typed, "name": "Export"})

    assert refused.status_code == 422
    assert "x" * 32 in text(refused)
    assert ApiKey.objects.count() == 1


def test_a_key_without_ticks_is_marked_read_only(owner_client: Client) -> None:
    owner_client.post(page("create_api_key"), {"name": "Export"})

    assert "Read-only" in text(owner_client.get(page("api_keys")))


def test_an_admin_is_not_offered_the_scope_they_lack(admin_client: Client) -> None:
    offered = text(admin_client.get(page("api_keys")))
    response = admin_client.post(page("create_api_key"), {"name": "X", "scopes": ["licenses"]})

    assert 'value="numbers"' in offered
    assert 'value="licenses"' not in offered
    assert response.status_code == 422
    assert 'value="X"' in text(response)
    assert not ApiKey.objects.exists()


def test_revoking_asks_first(owner_client: Client, acme: Account) -> None:
    key = ApiKeyFactory.create(account=acme)

    asked = owner_client.get(page("revoke_api_key", key.pk))
    key.refresh_from_db()
    assert key.revoked_at is None
    owner_client.post(page("revoke_api_key", key.pk))

    key.refresh_from_db()
    assert "Every program that uses this key is refused" in text(asked)
    assert key.revoked_at == NOON


def test_a_key_of_another_account_does_not_exist(owner_client: Client, by_owner: Actor) -> None:
    key = ApiKeyFactory.create(name="Not yours")

    assert owner_client.post(page("revoke_api_key", key.pk)).status_code == 404
    assert "Not yours" not in text(owner_client.get(page("api_keys")))


def test_the_key_page_reads_a_fixed_number_of_times(
    owner_client: Client, acme: Account, django_assert_num_queries: object
) -> None:
    ApiKeyFactory.create_batch(20, account=acme)

    with django_assert_num_queries(FRAME + 1):  # type: ignore[operator]
        owner_client.get(page("api_keys"))


# --- Several accounts ------------------------------------------------------------------------


def test_home_leads_to_the_only_account(member_client: Client) -> None:
    response = member_client.get("/")

    assert response.headers["Location"] == reverse("accounts:overview", args=["acme"])


def test_home_offers_several_accounts_and_pages_switch_between_them(
    member_client: Client, member: User
) -> None:
    MembershipFactory.create(user=member, account=subscribed(slug="second", name="Second"))

    chooser = text(member_client.get("/"))
    inside = text(member_client.get(page("settings")))

    for slug in ("acme", "second"):
        assert reverse("accounts:overview", args=[slug]) in chooser
    assert reverse("accounts:overview", args=["second"]) in inside


def test_home_explains_to_those_without_an_account() -> None:
    client = Client()
    client.force_login(UserFactory.create(email="nobody@example.com"))

    response = client.get("/")

    assert response.status_code == 200
    assert "invite nobody@example.com" in text(response)


def test_home_asks_the_signed_out_to_sign_in() -> None:
    assert Client().get("/").headers["Location"] == f"{reverse('account_login')}?next=/"


def test_help_is_open_to_all_and_names_the_ways_to_a_person(settings: object) -> None:  # S0-30
    settings.SUPPORT_CHAT_URL = "https://chat.example/numberdesk"  # type: ignore[attr-defined]

    response = Client().get(reverse("help"))

    assert response.status_code == 200
    assert "mailto:support@numberdesk.example" in text(response)
    assert "https://chat.example/numberdesk" in text(response)
    assert "48 hours" in text(response)


def test_help_inside_an_account_keeps_its_navigation(member_client: Client) -> None:
    inside = text(member_client.get(page("help")))

    assert 'aria-label="Main"' in inside
    assert "48 hours" in inside
    assert f'href="{page("help")}"' in text(member_client.get(page("settings")))


OF_NO_ACCOUNT = ["help", "account_change_password", "mfa_index", "account_email"]


@pytest.mark.parametrize("name", OF_NO_ACCOUNT)
def test_a_page_of_no_account_keeps_the_frame_of_the_only_one(
    member_client: Client, name: str
) -> None:
    shown = text(member_client.get(reverse(name)))

    assert f'href="{reverse("numbers:list", args=["acme"])}"' in shown
    assert f'href="{page("help")}"' in shown  # and from there as well


@pytest.mark.parametrize("name", OF_NO_ACCOUNT)
def test_of_several_it_keeps_the_one_that_the_browser_was_in_last(
    admin_client: Client, admin: User, name: str
) -> None:
    other = subscribed(slug="other")
    MembershipFactory.create(account=other, user=admin)
    undecided = text(admin_client.get(reverse(name)))
    assert '"Main"' in undecided
    assert f'<a href="{reverse("home")}">Back to the console</a>' in undecided
    assert 'href="/a/' not in undecided

    for slug in ("other", "acme", "other"):
        admin_client.get(reverse("accounts:settings", args=[slug]))
        shown = text(admin_client.get(reverse(name)))
        assert f'href="{reverse("numbers:list", args=[slug])}"' in shown


def test_an_account_that_one_is_no_member_of_any_more_is_forgotten(
    admin_client: Client, admin: User
) -> None:
    MembershipFactory.create(account=subscribed(slug="other"), user=admin)
    MembershipFactory.create(account=subscribed(slug="third"), user=admin)
    admin_client.get(page("settings"))
    Membership.objects.filter(user=admin, account__slug="acme").delete()

    shown = text(admin_client.get(reverse("help")))

    assert 'href="/a/' not in shown
    assert "Back to the console" in shown
    assert text(admin_client.get(reverse("home"))).count('href="/a/') == 2


def test_who_belongs_to_no_account_finds_the_way_back_from_help(stranger: User) -> None:
    nobody = Client()
    nobody.force_login(UserFactory.create())

    for name in ("help", "api-docs"):
        page = text(nobody.get(reverse(name)))
        assert f'<a href="{reverse("home")}">Back to the console</a>' in page


def test_programs_are_led_to_the_reference_of_the_api(admin_client: Client) -> None:
    reference = f'href="{reverse("api-docs")}"'

    assert reference in text(admin_client.get(page("api_keys")))
    assert reference in text(admin_client.get(page("help")))


def test_an_admin_invites_a_viewer(admin_client: Client, acme: Account) -> None:
    typed = {"email": "vera@example.com", "role": "viewer"}

    admin_client.post(page("invite"), typed)

    assert acme.invitations.get().role == "viewer"


def test_the_style_guide_shows() -> None:
    assert Client().get(reverse("styleguide")).status_code == 200
