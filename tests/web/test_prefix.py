"""A site below a path: ``PUBLIC_URL=https://example.com/desk``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.factories import PASSWORD
from tests.installation import Migrated

from .conftest import Answer, Site, Wire

pytestmark = [pytest.mark.process, pytest.mark.sqlite]

FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="session")
def house(
    tmp_path_factory: pytest.TempPathFactory, migrated: Migrated, django_db_blocker: Any
) -> Iterator[Site]:
    with django_db_blocker.unblock():
        site = Site(tmp_path_factory.mktemp("prefix"), migrated, prefix="/desk")
    site.run(
        "from tests.factories import *\n"
        "from accounts.states import Role, Permission\n"
        "account = subscribed(slug='acme')\n"
        "user = UserFactory.create(email='olivia@acme.example')\n"
        "MembershipFactory.create(account=account, user=user, role=Role.OWNER)\n"
        "PhoneNumberFactory.create_batch(2, account=account)\n"
        "ApiKeyFactory.create(account=account, prefix='prefix00', secret='s' * 43)\n"
        "print('0')"
    )
    yield site
    site.installation.end()


class Visitor:
    """Keeps cookies and sends forms with their token, as a browser does."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.cookies: dict[str, str] = {}

    def get(self, path: str) -> Answer:
        return self._keep(self.wire.ask(f"GET {path}", **self._headers()))

    def post(self, path: str, **fields: str) -> Answer:
        fields["csrfmiddlewaretoken"] = self.cookies["csrftoken"]
        body = urlencode(fields).encode()
        return self._keep(self.wire.ask(f"POST {path}", body, Content_Type=FORM, **self._headers()))

    def _headers(self) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Cookie": cookies} if cookies else {}

    def _keep(self, answer: Answer) -> Answer:
        for line in answer.cookies:
            assert "Path=/desk/" in line or "messages=" in line
            name, _, value = line.strip().partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer


def test_a_site_below_a_path_works(site: Site) -> None:
    visitor = Visitor(site.wire())
    visitor.get("/desk/accounts/login/")

    typed = {"login": "olivia@acme.example", "password": PASSWORD}
    signed_in = visitor.post("/desk/accounts/login/", **typed)
    numbers = visitor.get("/desk/a/acme/numbers/")
    page = numbers.body.decode()

    assert (signed_in.status, signed_in.headers["location"]) == (302, "/desk/")
    assert numbers.status == 200
    inner = re.findall(r"""(?:href|src|action|hx-get|hx-post)="(/[^"]*)\"""", page)
    assert len(inner) > 20
    assert [path for path in inner if not path.startswith("/desk/")] == []
    (style,) = re.findall(r'href="(/desk/static/[^"]*base[^"]*)"', page)
    assert visitor.get(style).status == 200


def test_a_proxy_may_take_the_path_away(site: Site) -> None:
    """As ``location /desk/ { proxy_pass http://127.0.0.1:8000/; }`` does."""
    answer = site.wire().ask("GET /accounts/login/")

    assert answer.status == 200
    assert b'action="/desk/accounts/login/"' in answer.body


def test_programs_are_led_below_the_path(site: Site) -> None:
    key = "nd_prefix00_" + "s" * 43
    headers = {"Authorization": f"Bearer {key}"}

    first = site.wire().ask("GET /desk/api/v1/numbers/?limit=1", **headers)
    following = first.json["next"]
    path = following.removeprefix(f"http://127.0.0.1:{site.port}")

    assert path.startswith("/desk/api/v1/numbers/?")
    assert len(site.wire().ask(f"GET {path}", **headers).json["results"]) == 1


def test_a_link_in_a_mail_leads_below_the_path(site: Site) -> None:
    visitor = Visitor(site.wire())
    visitor.get("/desk/accounts/password/reset/")
    visitor.post("/desk/accounts/password/reset/", email="olivia@acme.example")

    text = "".join(each.read_text() for each in site.mails.glob("*.log"))
    (link,) = re.findall(r"http://\S+", text)
    assert link.startswith(f"http://127.0.0.1:{site.port}/desk/accounts/password/reset/key/")
    assert site.wire().ask(f"GET {link.partition(str(site.port))[2]}").status == 302
