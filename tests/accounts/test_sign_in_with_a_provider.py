"""Signing in at a real OpenID Connect provider and coming back, over HTTP, as a browser does."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.installation import Installation, Migrated
from tests.sandbox_process import SandboxProcess

pytestmark = [pytest.mark.process, pytest.mark.sqlite]

START_SECONDS = 30.0
LOGIN, CALLBACK = "/accounts/oidc/login/", "/accounts/oidc/callback/"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def browser() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no proxy between processes of one machine
    return session


def wait_for(url: str) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            browser().get(url, timeout=5)
        except requests.ConnectionError:
            assert time.monotonic() < until, f"{url} does not answer"
            time.sleep(0.1)
        else:
            return


class Provider:
    """An OpenID Connect provider with one registered client: us."""

    def __init__(self, redirect_uri: str) -> None:
        port = free_port()
        # Its issuer is the host of the request; ours must be the same word.
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "oidc_provider_mock"),
                *("--port", str(port), "--require-registration"),
            ],
            env={**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"},
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(f"{self.url}/.well-known/openid-configuration")
        client = browser().post(
            f"{self.url}/oauth2/clients",
            json={
                "redirect_uris": [redirect_uri],
                "token_endpoint_auth_method": "client_secret_post",
            },
        )
        self.client_id = client.json()["client_id"]
        self.client_secret = client.json()["client_secret"]

    def knows(self, subject: str, **claims: Any) -> None:
        answer = browser().put(f"{self.url}/users/{subject}", json=claims)
        assert answer.status_code == 204, answer.text

    def end(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Desk:
    """A running Numberdesk that is configured for the provider."""

    def __init__(self, folder: Path, migrated: Migrated, sandbox: SandboxProcess) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.provider = Provider(f"{self.url}{CALLBACK}")
        self.mails = folder / "mails"
        self.log = folder / "web.log"
        self.installation = Installation(
            folder,
            migrated,
            sandbox,
            PUBLIC_URL=self.url,
            EMAIL_URL=f"filemail:///{self.mails}",
            OIDC_ISSUER=self.provider.url,
            OIDC_CLIENT_ID=self.provider.client_id,
            OIDC_CLIENT_SECRET=self.provider.client_secret,
            OIDC_NAME="Acme ID",
            LOG_LEVEL="INFO",
        )
        self.run(
            "from tests.factories import MembershipFactory, UserFactory, subscribed\n"
            "acme = subscribed(slug='acme', name='Acme')\n"
            "for name in ('olivia', 'max', 'nora', 'locked', 'careful'):\n"
            "    user = UserFactory.create(email=f'{name}@acme.example')\n"
            "    MembershipFactory.create(account=acme, user=user, role='owner')\n"
            "UserFactory.create(email='sam@support.example', support=True)\n"
            "from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret\n"
            "from accounts.models import User\n"
            "User.objects.filter(email='locked@acme.example').update(is_active=False)\n"
            "careful = User.objects.get(email='careful@acme.example')\n"
            "TOTP.activate(careful, generate_totp_secret())\n"
            "print('null')"
        )
        self.installation.start("manage.py", "run_web", "--port", str(port), log=self.log)
        wait_for(f"{self.url}/healthz")

    def run(self, code: str) -> Any:
        return self.installation.run(code)

    def users(self) -> set[str]:
        return set(
            self.run(
                "from accounts.models import User\n"
                "print(json.dumps(list(User.objects.values_list('email', flat=True))))"
            )
        )

    def sign_in(
        self, subject: str, *, next: str = "", session: requests.Session | None = None
    ) -> requests.Response:
        """Press our button, choose ``subject`` at the provider, and come back."""
        session = session or browser()
        asked = session.get(f"{self.url}{LOGIN}", params={"next": next} if next else {})
        assert asked.url.startswith(f"{self.provider.url}/oauth2/authorize"), asked.text
        return session.post(asked.url, data={"sub": subject})

    def end(self) -> None:
        self.installation.end()
        self.provider.end()


@pytest.fixture(scope="session")
def desk(
    tmp_path_factory: pytest.TempPathFactory,
    migrated: Migrated,
    sandbox_process: SandboxProcess,
    django_db_blocker: Any,
) -> Iterator[Desk]:
    with django_db_blocker.unblock():
        desk = Desk(tmp_path_factory.mktemp("desk"), migrated, sandbox_process)
    yield desk
    desk.end()


# B30
def test_a_user_with_the_verified_address_is_signed_in_where_they_wanted_to_go(desk: Desk) -> None:
    desk.provider.knows("1-olivia", email="olivia@acme.example", email_verified=True)
    session = browser()
    session.get(f"{desk.url}/a/acme/numbers/?tab=all")

    arrived = desk.sign_in("1-olivia", next="/a/acme/numbers/?tab=all", session=session)

    assert (arrived.status_code, arrived.url) == (200, f"{desk.url}/a/acme/numbers/?tab=all")
    assert "olivia@acme.example" in arrived.text
    mails = "".join(path.read_text() for path in desk.mails.iterdir())
    assert "you can sign in to Numberdesk with Acme ID" in mails


def test_the_login_stays_theirs_when_the_address_changes_at_the_provider(desk: Desk) -> None:
    desk.provider.knows("1-max", email="max@acme.example", email_verified=True)
    desk.sign_in("1-max")
    desk.provider.knows("1-max", email="maximilian@acme.example", email_verified=False)

    arrived = desk.sign_in("1-max")

    assert arrived.url == f"{desk.url}/a/acme/overview/"
    assert "max@acme.example" in arrived.text


@pytest.mark.parametrize("claims", [{}, {"email_verified": False}, {"email_verified": "false"}])
def test_an_address_that_is_not_verified_signs_nobody_in(
    desk: Desk, claims: dict[str, object]
) -> None:
    desk.provider.knows("mallory", email="nora@acme.example", **claims)
    session = browser()

    refused = desk.sign_in("mallory", session=session)

    assert refused.status_code == 403
    assert "does not confirm that nora@acme.example is yours" in refused.text
    assert "/accounts/login/" in session.get(f"{desk.url}/a/acme/overview/").url


def test_a_stranger_gets_no_user(desk: Desk) -> None:
    desk.provider.knows("stranger", email="stranger@elsewhere.example", email_verified=True)
    before = desk.users()

    refused = desk.sign_in("stranger")

    assert refused.status_code == 403
    assert "Nobody with the address stranger@elsewhere.example is known here." in refused.text
    assert desk.users() == before


def test_somebody_invited_comes_in_by_the_link_of_the_mail(desk: Desk) -> None:
    link = desk.run(
        "from tests.factories import InvitationFactory\n"
        "from accounts.models import Account\n"
        "from config import clock\n"
        "from datetime import timedelta\n"
        "InvitationFactory.create(account=Account.objects.get(slug='acme'), token='tok',\n"
        "    email='ina@acme.example', expires_at=clock.now() + timedelta(days=1))\n"
        "print(json.dumps('/invitations/tok/'))"
    )
    desk.provider.knows("1-ina", email="ina@acme.example", email_verified=True, name="Ina")
    session = browser()
    assert "Sign in with Acme ID" in session.get(f"{desk.url}{link}").text

    arrived = desk.sign_in("1-ina", next=link, session=session)
    assert arrived.url == f"{desk.url}{link}"
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', arrived.text)
    assert token
    accepted = session.post(arrived.url, data={"csrfmiddlewaretoken": token[1]})

    assert accepted.url == f"{desk.url}/a/acme/overview/"
    assert "Welcome to Acme." in accepted.text


def test_a_second_factor_that_was_set_up_here_is_asked_for(desk: Desk) -> None:
    desk.provider.knows("1-careful", email="careful@acme.example", email_verified=True)
    session = browser()

    asked = desk.sign_in("1-careful", session=session)

    assert asked.url.startswith(f"{desk.url}/accounts/2fa/authenticate/")
    assert "/accounts/2fa/authenticate/" in session.get(f"{desk.url}/a/acme/overview/").url


def test_who_was_locked_out_stays_out(desk: Desk) -> None:
    desk.provider.knows("1-locked", email="locked@acme.example", email_verified=True)

    assert "This login is switched off" in desk.sign_in("1-locked").text


def test_support_staff_comes_in_by_the_same_door(desk: Desk) -> None:
    desk.provider.knows("1-sam", email="sam@support.example", email_verified=True)

    assert desk.sign_in("1-sam", next="/admin/").url == f"{desk.url}/admin/"


def test_pressing_cancel_leads_back_to_the_sign_in_page(desk: Desk) -> None:
    session = browser()
    asked = session.get(f"{desk.url}{LOGIN}", params={"next": "/a/acme/numbers/"})
    went = session.post(asked.url, data={"action": "deny"}, allow_redirects=False)
    back = went.headers["Location"]
    if "state=" not in back:  # this provider forgets to send it back
        state = re.search(r"[?&]state=([^&]+)", asked.url)
        assert state
        back += f"&state={state[1]}"

    arrived = session.get(back)

    assert arrived.url == f"{desk.url}/accounts/login/?next=%2Fa%2Facme%2Fnumbers%2F"
    assert "You did not sign in with Acme ID." in arrived.text


@pytest.mark.parametrize(
    "next", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"]
)
def test_nobody_is_led_to_other_sites(desk: Desk, next: str) -> None:
    desk.provider.knows("1-nora", email="nora@acme.example", email_verified=True)

    assert desk.sign_in("1-nora", next=next).url == f"{desk.url}/a/acme/overview/"


def test_the_address_of_the_button_chooses_nothing_but_where_to_go(desk: Desk) -> None:
    odd = {
        "process": "connect",
        "scope": "phone",
        "auth_params": "redirect_uri=https://evil.example",
    }

    asked = browser().get(f"{desk.url}{LOGIN}", params=odd)

    assert "evil" not in asked.url
    assert "phone" not in asked.url
    assert "code_challenge_method=S256" in asked.url


def test_an_answer_opens_nothing_in_another_browser(desk: Desk) -> None:
    desk.provider.knows("1-eve", email="nora@acme.example", email_verified=True)
    session = browser()
    asked = session.get(f"{desk.url}{LOGIN}")
    answer = session.post(asked.url, data={"sub": "1-eve"}, allow_redirects=False)
    other = browser()

    refused = other.get(answer.headers["Location"])

    assert refused.status_code == 401
    assert "/accounts/login/" in other.get(f"{desk.url}/a/acme/overview/").url


def test_a_user_without_a_password_gets_one_by_mail(desk: Desk) -> None:
    desk.run(
        "from accounts.models import User\n"
        "User.objects.create_user('paul@acme.example')\n"
        "print('null')"
    )
    session = browser()
    page = session.get(f"{desk.url}/accounts/password/reset/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token

    session.post(page.url, data={"csrfmiddlewaretoken": token[1], "email": "paul@acme.example"})

    mails = [path.read_text() for path in desk.mails.iterdir()]
    (told,) = [mail for mail in mails if "To: paul@acme.example" in mail]
    assert "/accounts/password/reset/key/" in told


def test_no_claim_and_no_token_is_kept_or_logged(desk: Desk) -> None:
    desk.provider.knows("1-olivia", email="olivia@acme.example", email_verified=True)
    desk.sign_in("1-olivia")
    desk.sign_in("1-olivia")

    kept = desk.run(
        "from allauth.socialaccount.models import SocialAccount, SocialToken\n"
        "print(json.dumps([SocialToken.objects.count(),\n"
        "    list(SocialAccount.objects.exclude(extra_data={}).values_list('uid', flat=True))]))"
    )

    assert kept == [0, []]
    assert desk.provider.client_secret not in desk.log.read_text()
