"""What comes from outside and cannot be read is refused with 400, whoever sends it, wherever."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import include, path, reverse

from accounts.models import Account
from config.outside import LARGEST_ID, opened, refuse_unstorable, whole
from tests.api.conftest import Answer, Program, problem, program
from tests.factories import PhoneNumberFactory
from tests.over_wsgi import ask

__all__ = ["problem", "program"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("one_database_connection")]

Problem = Callable[[Answer], tuple[int, str]]
FORM = "application/x-www-form-urlencoded"


def save(request: HttpRequest) -> HttpResponse:
    raise DataError("value out of range")


urlpatterns = [path("save/", save), path("", include("config.urls"))]


# --- Whole numbers and tokens ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("0000000007", 7), (str(LARGEST_ID), LARGEST_ID),
        ("0", None), ("", None), ("-1", None), ("+1", None), (" 1", None), ("1.0", None),
        ("1_0", None), ("\u0661", None), ("\u00b2", None), ("9" * 5000, None), ("0" * 5000, None),
        (str(LARGEST_ID + 1), None), (None, None), (7, None), (b"7", None),
    ],
)  # fmt: skip
def test_a_whole_number_is_read_or_it_is_none(text: Any, value: int | None) -> None:
    assert whole(text) == value


def test_leading_zeros_do_not_get_past_a_limit() -> None:
    assert whole("0000000509999999", most=100) is None
    assert whole("0000000000000050", most=100) == 50


def token(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_a_token_of_ours_is_opened() -> None:
    assert opened(token([1, "+1415", 7])) == [1, "+1415", 7]


DEEP = base64.urlsafe_b64encode(b"[" * 2900).decode().rstrip("=")
STRANGE_TOKENS = [
    DEEP, token("\0"), token(["\ud800"]), token({"\0": 1}), "%", "\u00e9", "A" * 5000, "W10=x",
]  # fmt: skip


@pytest.mark.parametrize("text", STRANGE_TOKENS)
def test_a_token_that_we_cannot_have_made_is_refused(text: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        opened(text)


@pytest.mark.parametrize("value", ["\0", {"a": ["\udfff"]}, {"\0": 1}, [[["a\0"]]]])
def test_text_that_no_database_stores_is_found_at_any_depth(value: Any) -> None:
    with pytest.raises(ValueError, match="NUL"):
        refuse_unstorable(value)


# --- At every door -------------------------------------------------------------------------------


@pytest.mark.parametrize("charset", ["zlib", "rot13", "iso-8859-1", "utf-16", "base64", "nonsense"])
@pytest.mark.parametrize("door", ["page", "form", "multipart", "sign in", "admin", "rest"])
def test_another_charset_than_ours_is_refused(
    door: str, charset: str, owner_client: Client, support_client: Client, acme: Account,
    program: Program,
) -> None:  # fmt: skip
    numbers = reverse("numbers:list", args=["acme"])
    notices = reverse("accounts:read_all_notices", args=["acme"])
    kind = f"{FORM}; charset={charset}"

    json_kind = f"application/json; charset={charset}"
    parts_kind = f"multipart/form-data; boundary=x; charset={charset}"
    part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n'
    browser, asked = {
        "page": (owner_client, ("GET", f"{numbers}?q=caf%C3%A9", b"", kind)),
        "form": (owner_client, ("POST", notices, b"a=%C3%A9", kind)),
        "multipart": (owner_client, ("POST", notices, part, parts_kind)),
        "sign in": (Client(), ("POST", reverse("account_login"), b"a=b", kind)),
        "admin": (support_client, ("GET", "/admin/?q=caf%C3%A9", b"", kind)),
        "rest": (program, ("POST", "/api/v1/agents/?x=1", b'{"name": "A"}', json_kind)),
    }[door]

    answer = ask(browser, *asked)

    assert answer.status == 400
    assert answer.headers["X-Request-Id"] in answer.text


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", "us-ascii", '"utf-8"'])
def test_our_charset_may_be_named(program: Program, charset: str) -> None:
    kind = f"application/json; charset={charset}"

    answer = ask(program, "POST", "/api/v1/agents/?", '{"name": "Zoë"}'.encode(), kind)

    assert (answer.status, answer.json()["name"]) == (201, "Zoë")


@pytest.mark.parametrize("kind", ["", FORM, f"{FORM}; charset=utf-8", f"{FORM}; charset=zlib"])
@pytest.mark.parametrize("path", ["/accounts/login/", "/api/v1/agents/", "/hooks/x/"])
def test_more_parameters_than_anybody_sends_are_refused(path: str, kind: str) -> None:
    address = f"{path}?{'&'.join(['a=1'] * 1_001)}"

    answer = ask(Client(), "GET", address, kind=kind)

    assert answer.status == 400
    assert answer.headers["X-Request-Id"] in answer.text


@pytest.mark.parametrize(
    ("kind", "status"), [("a/b; x*=nonsense''%41", 400), ("a/b; x*=zlib''%41", 200)]
)
def test_a_media_type_that_the_framework_cannot_read_is_no_fault_of_ours(
    kind: str, status: int
) -> None:
    assert ask(Client(), "GET", "/accounts/login/", kind=kind).status == status


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("/a/acme/numbers/?q=%00", {}),
        ("/a/acme/numbers/?%00=1", {}),
        ("/a/acme/%00/", {}),
        ("/admin/numbers/phonenumber/%00/", {}),
        ("/admin/numbers/phonenumber/?%00=1", {}),
        ("/api/v1/numbers/?q=%00", {}),
        ("/accounts/login/", {"cookie": r'sessionid="\000"'}),
        ("/api/v1/numbers/", {"cookie": r'sessionid="a\000b"'}),
        ("/?" + "&".join(f"a{n}=1" for n in range(1500)), {}),
        ("/api/v1/numbers/?" + "&".join(f"a{n}=1" for n in range(1500)), {}),
    ],
)
def test_what_no_database_takes_is_refused_in_addresses_and_cookies(
    address: str, headers: dict[str, str], owner_client: Client, problem: Problem
) -> None:
    answer = Client(headers=headers).get(address) if headers else owner_client.get(address)

    assert answer.status_code == 400
    if address.startswith("/api/"):
        assert problem(answer) == (400, "parse_error")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("ids=" + "&ids=".join(str(n) for n in range(20_000)), FORM),
        ("action=%00", FORM),
        ("%00=a", FORM),
        ("no multipart at all", "multipart/form-data"),
        ("no multipart at all", "multipart/form-data; boundary=x"),
        ('--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\0\r\n--x--\r\n',
         "multipart/form-data; boundary=x"),
        ("&&&", FORM),
    ],
)  # fmt: skip
def test_a_form_that_cannot_be_read_is_refused(
    body: str, kind: str, owner_client: Client, support_client: Client
) -> None:
    doors = [
        (owner_client, reverse("numbers:bulk", args=["acme"])),
        (support_client, "/admin/numbers/phonenumber/"),
        (Client(), reverse("account_login")),
    ]
    for browser, address in doors:
        answer = browser.generic("POST", address, body.encode(), kind)

        assert answer.status_code == 400, address


#: No moment that zones can be added to, for lists whose cursors hold moments.
LATE = token([1, "9999-12-31T23:59:59-12:00", 1])


@pytest.mark.parametrize(
    ("sort", "strange"),
    [
        *product(
            ["number", "-state", "imported", "name", "agent"],
            [*STRANGE_TOKENS, token([10**400, 1])],
        ),
        ("-state", LATE),
        ("imported", LATE),
    ],
)
def test_a_place_in_a_list_that_nobody_can_have_been_given_is_refused(
    acme: Account, owner_client: Client, sort: str, strange: str
) -> None:
    PhoneNumberFactory.create(account=acme)
    numbers = reverse("numbers:list", args=["acme"])

    for name in ("after", "before"):
        answer = owner_client.get(numbers, {name: strange, "sort": sort})

        assert answer.status_code == 400


@pytest.mark.parametrize("limit", ["0000000509999999", "9" * 5000, "0", "-1", "\u0665", "1e1", ""])
def test_a_page_limit_is_within_its_bounds_however_it_is_written(
    program: Program, problem: Problem, limit: str
) -> None:
    assert problem(program.get("/api/v1/numbers/", {"limit": limit})) == (422, "invalid")


@pytest.mark.parametrize("text", ["9" * 5000, "0", "-1", "x", str(2**63)])
def test_a_number_that_is_none_is_not_found(acme: Account, owner_client: Client, text: str) -> None:
    taking = PhoneNumberFactory.create(account=acme)
    address = reverse("numbers:swap_in", args=["acme", taking.pk])

    assert owner_client.get(address, {"leaving": text}).status_code == 404
    imports = reverse("numbers:imports", args=["acme"])
    assert owner_client.get(imports, {"connection": text}).status_code == 404


@pytest.mark.parametrize("address", ["/healthz", "/", "/a/acme/numbers/", "/api/v1/numbers/",
                                     "/admin/", "/accounts/login/"])  # fmt: skip
@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PROPFIND", "NONSENSE"])
def test_methods_that_nobody_needs_are_refused(
    owner_client: Client, address: str, method: str
) -> None:
    answer = owner_client.generic(method, address)

    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


@override_settings(ROOT_URLCONF=__name__)
def test_what_only_the_database_refuses_is_refused_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = Client().get("/save/")

    assert answer.status_code == 400
    assert "out of range" not in answer.content.decode()
    assert [record.levelname for record in caplog.records if record.exc_info] == ["ERROR"]


# --- A dry run never acts --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ('{"dry_run": true}', "text/plain", 415),
        ('{"dry_run": true}', "", 415),
        ("dry_run=true", FORM, 415),
        ('{"dry_run": true, "dry_run": false}', "application/json", 400),
        ('{"dry_run": "true"}', "application/json", 422),
        ('{"dryrun": true}', "application/json", 422),
        ('{"dry_run": null}', "application/json", 422),
        ("[]", "application/json", 422),
        (" ", "application/json", 400),
        ("\ufeff{}", "application/json", 400),
        ('{"dry_run": NaN}', "application/json", 400),
    ],
)
def test_a_release_whose_body_is_not_understood_releases_nothing(
    acme: Account, program: Program, body: str, kind: str, status: int
) -> None:
    number = PhoneNumberFactory.create(account=acme)
    before = number.state

    answer = program.generic("POST", f"/api/v1/numbers/{number.pk}/releases/", body, kind)

    number.refresh_from_db()
    assert (answer.status_code, number.state) == (status, before)


def test_a_delete_that_asks_for_a_dry_run_deletes_nothing(
    acme: Account, program: Program, problem: Problem
) -> None:
    number = PhoneNumberFactory.create(account=acme, assigned=True)

    answer = program.send("delete", f"numbers/{number.pk}/assignments/", {"dry_run": True})

    number.refresh_from_db()
    assert problem(answer) == (422, "invalid")
    assert number.agent_id is not None
