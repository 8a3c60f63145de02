"""What every answer carries, and what people see when something goes wrong."""

from __future__ import annotations

from typing import NoReturn

import pytest
from django.http import HttpRequest
from django.test import Client, override_settings
from django.urls import include, path, reverse

from accounts.models import Account, User
from config.logs import identify
from licensing.models import Subscription
from tests.api.conftest import Program, program
from tests.test_doors import PAGES, address

__all__ = ["program"]

pytestmark = pytest.mark.django_db


def explode(request: HttpRequest) -> NoReturn:
    raise RuntimeError("token 5ecret")


urlpatterns = [path("explode/", explode), path("", include("config.urls"))]


def test_every_answer_has_a_request_id(client: Client) -> None:
    first, second = (client.get("/healthz").headers["X-Request-Id"] for _ in range(2))

    assert first.startswith("req_")
    assert first != second


@pytest.mark.parametrize(
    ("offered", "taken"), [("trace-123.abc_d", True), ("short", False), ("x y\nz" * 5, False)]
)
def test_a_request_id_of_the_proxy_is_taken_over_when_it_is_a_plain_word(
    client: Client, offered: str, taken: bool
) -> None:
    response = client.get("/healthz", headers={"X-Request-Id": offered})

    assert (response.headers["X-Request-Id"] == offered) == taken


def test_pages_allow_no_inline_script_or_style_and_no_frames(member_client: Client) -> None:
    headers = member_client.get(reverse("accounts:settings", args=["acme"])).headers

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("who", ["client", "member_client"])
def test_an_address_that_does_not_exist_is_explained(
    who: str, request: pytest.FixtureRequest
) -> None:
    response = request.getfixturevalue(who).get("/nothing/here/")

    assert response.status_code == 404
    assert "This page does not exist" in response.content.decode()


def test_a_page_that_a_role_does_not_open_says_who_may(member_client: Client) -> None:
    response = member_client.post(reverse("accounts:invite", args=["acme"]))

    assert response.status_code == 403
    assert "Ask an owner or admin" in response.content.decode()


@override_settings(ROOT_URLCONF=__name__)
def test_a_fault_of_ours_shows_no_inner_things() -> None:
    client = Client(raise_request_exception=False)

    response = client.get("/explode/")

    assert response.status_code == 500
    assert "5ecret" not in response.content.decode()
    assert "<h1>" in response.content.decode()


def test_a_form_without_its_token_is_refused_with_an_explanation(owner_client: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = owner_client.cookies

    response = strict.post(reverse("accounts:read_all_notices", args=["acme"]))

    assert response.status_code == 403
    assert "<h1>" in response.content.decode()


def test_the_log_line_of_a_refusal_names_the_request(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    response = client.get("/nothing/here/")

    [line] = [record for record in caplog.records if record.name == "django.request"]
    event = identify(None, "warning", {"event": line.getMessage(), "_record": line})
    assert event["request_id"] == response.headers["X-Request-Id"]


def test_no_cache_keeps_what_an_account_sees(
    acme: Account, owner: User, owner_client: Client, support_client: Client, program: Program
) -> None:
    Subscription.objects.filter(account=acme).update(licenses=100)
    looks = [(owner_client, address(page, acme, owner)) for page in PAGES]
    looks += [(owner_client, f"{where}?x=1") for _, where in looks[:3]]
    looks += [
        (support_client, "/admin/"),
        (support_client, "/admin/numbers/phonenumber/"),
        (program, "/api/v1/numbers/"),
        (program, "/api/v1/nowhere/"),
        (program, "/api/v1/schema/"),
        (Client(), "/accounts/login/"),
        (Client(), "/nothing/"),
        (Client(), "/?%00"),
    ]
    for visitor, where in looks:
        for extra in ({}, {"hx-request": "true"}):
            answer = visitor.get(where, headers=extra)

            assert "no-store" in answer.headers["Cache-Control"], where


def test_static_files_are_kept_by_caches(client: Client) -> None:
    answer = client.get("/static/css/base.css")

    assert answer.getvalue()  # closes the file
    assert answer.status_code == 200
    assert "no-store" not in answer.headers.get("Cache-Control", "")
