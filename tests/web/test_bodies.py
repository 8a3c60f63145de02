"""A body is read whole or refused, and never taken for an empty one: over real sockets (B11).

What the server does, then what Django does under a server that is less careful.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from waitress.adjustments import Adjustments

from config.server import LARGEST_BODY, LARGEST_HEADERS, StrictParser
from tests.api.conftest import Program, program
from tests.over_wsgi import ask

from .conftest import Site, Wire

__all__ = ["program"]

pytestmark = [pytest.mark.process, pytest.mark.sqlite]

JSON = "application/json"


@dataclass(frozen=True)
class Desk:
    """What the tests find at the site: a key, and something to act on."""

    key: str
    number: int
    agent: int

    def headers(self, **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}", "Content_Type": JSON, **more}


@pytest.fixture(scope="session")
def desk(house: Site) -> Desk:
    made = house.run(
        "from tests.factories import *\n"
        "from accounts.states import Permission\n"
        "account = subscribed(slug='wire')\n"
        "key = ApiKeyFactory.create(account=account, secret='s' * 43, scopes=list(Permission))\n"
        "number = PhoneNumberFactory.create(account=account)\n"
        "agent = AgentFactory.create(account=account, name='Before')\n"
        "print(json.dumps({'key': f'nd_{key.prefix}_' + 's' * 43, 'number': number.pk,"
        " 'agent': agent.pk}))"
    )
    return Desk(**made)


def chunked(body: bytes, size: int = 7) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def as_chunks(wire: Wire, line: str, body: Any, **headers: str) -> Any:
    """The answer to a body whose length is not announced, as streaming clients send it."""
    wire.say(wire.head(line, Transfer_Encoding="chunked", **headers))
    wire.say(chunked(json.dumps(body).encode()))
    return wire.hear()


def test_a_chunked_dry_run_releases_nothing(site: Site, desk: Desk) -> None:
    wire = site.wire()

    answer = as_chunks(
        wire, f"POST /api/v1/numbers/{desk.number}/releases/", {"dry_run": True}, **desk.headers()
    )
    number = wire.ask(f"GET /api/v1/numbers/{desk.number}/", **desk.headers()).json

    assert (answer.status, number["state"]) == (200, "held")
    assert "blockers" in answer.json


def test_a_chunked_change_is_made(site: Site, desk: Desk) -> None:
    answer = as_chunks(
        site.wire(), f"PATCH /api/v1/agents/{desk.agent}/", {"name": "After"}, **desk.headers()
    )

    assert (answer.status, answer.json["name"]) == (200, "After")


def test_two_chunked_bodies_under_one_key_are_told_apart(site: Site, desk: Desk) -> None:
    wire, headers = site.wire(), desk.headers(Idempotency_Key="one-key")

    first = as_chunks(wire, "POST /api/v1/agents/", {"name": "First"}, **headers)
    again = as_chunks(wire, "POST /api/v1/agents/", {"name": "First"}, **headers)
    other = as_chunks(wire, "POST /api/v1/agents/", {"name": "Other"}, **headers)

    assert (first.status, again.status, other.status) == (201, 201, 422)
    assert again.headers["idempotency-replayed"] == "true"
    assert other.json["code"] == "idempotency_key_reused"


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Content_Length": "2", "Transfer_Encoding": "chunked"}, b"2\r\n{}\r\n0\r\n\r\n", 400),
        ({"Content_Length": "2, 30"}, b"{}", 400),
        ({"Content_Length": "-2"}, b"{}", 400),
        ({"Content_Length": "+2"}, b"{}", 400),
        ({"Content_Length": "9" * 5000}, b"{}", 400),
        ({"Content_Length": str(LARGEST_BODY + 1)}, b"{}", 413),
        ({"Transfer_Encoding": "chunked"}, b"zz\r\n{}\r\n0\r\n\r\n", 400),
        ({"Transfer_Encoding": "chunked"}, b"2\r\n{}{}\r\n0\r\n\r\n", 400),
        ({"Transfer_Encoding": "chunked"}, b"1" * 2000, 400),
        ({"Transfer_Encoding": "chunked, chunked"}, b"2\r\n{}\r\n0\r\n\r\n", 400),
        ({"Transfer_Encoding": "chunked\r\nTransfer-Encoding: chunked"}, b"0\r\n\r\n", 400),
        ({"Transfer_Encoding": "gzip, chunked"}, b"2\r\n{}\r\n0\r\n\r\n", 501),
        ({"Transfer_Encoding": "chunked, gzip"}, b"2\r\n{}\r\n0\r\n\r\n", 501),
    ],
)
def test_a_length_that_can_be_taken_in_two_ways_is_refused(
    site: Site, desk: Desk, headers: dict[str, str], body: bytes, status: int
) -> None:
    wire = site.wire()

    wire.say(wire.head("POST /api/v1/agents/", **desk.headers(), **headers), body)
    answer = wire.hear()

    assert answer.status == status
    assert wire.ended()
    assert answer.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ("", 411),
        ("Content_Length: 17\r\n", 400),
        ("CONTENT_length: 17\r\n", 400),
        ("Transfer_Encoding: chunked\r\n", 400),
    ],
)
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_dry_run_whose_length_is_not_said_releases_nothing(
    site: Site, desk: Desk, headers: str, status: int, version: str
) -> None:
    address, body = f"/api/v1/numbers/{desk.number}/", b'{"dry_run": true}'
    wire = site.wire()
    head = wire.head(f"POST {address}releases/ HTTP/{version}", **desk.headers())

    wire.say(head.removesuffix("\r\n"), headers, "\r\n", body)
    answer = wire.hear()

    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert wire.ended()
    assert site.wire().ask(f"GET {address}", **desk.headers()).json["state"] == "held"


@pytest.mark.parametrize(
    ("length", "status"),
    [
        ({}, 411),
        ({"Content_Length": str(LARGEST_BODY + 1)}, 413),
        ({"Content_Length": "2", "Transfer_Encoding": "chunked"}, 400),
        ({"Content_Length": "0"}, 422),
    ],
)
def test_who_asks_first_is_told_at_once_what_needs_no_body(
    site: Site, desk: Desk, length: dict[str, str], status: int
) -> None:
    wire = site.wire()

    wire.say(wire.head("POST /api/v1/agents/", **desk.headers(), Expect="100-continue", **length))

    assert wire.hear().status == status


def test_a_post_without_a_body_needs_no_length(site: Site, desk: Desk) -> None:
    headers = {"Authorization": f"Bearer {desk.key}"}

    answer = site.wire().ask(f"POST /api/v1/agents/{desk.agent}/pauses/", **headers)

    assert answer.status == 201


def test_chunks_belong_to_a_version_that_has_them(site: Site, desk: Desk) -> None:
    wire = site.wire()
    line = f"POST /api/v1/numbers/{desk.number}/releases/ HTTP/1.0"

    wire.say(wire.head(line, Transfer_Encoding="chunked", **desk.headers()), chunked(b"{}"))

    assert wire.hear().status == 400


@pytest.mark.parametrize("kind", ["counted", "chunked"])
def test_a_body_that_is_cut_off_acts_on_nothing(site: Site, desk: Desk, kind: str) -> None:
    wire, address = site.wire(), f"/api/v1/numbers/{desk.number}/"
    length = {"Content_Length": "20"} if kind == "counted" else {"Transfer_Encoding": "chunked"}

    wire.say(wire.head(f"POST {address}releases/", **desk.headers(), **length))
    wire.say(b"{}" if kind == "counted" else b"2\r\n{}\r\n")
    wire.close()
    site.wires.remove(wire)

    assert site.wire().ask(f"GET {address}", **desk.headers()).json["state"] == "held"


def test_headers_without_end_are_refused(site: Site) -> None:
    wire = site.wire()

    wire.say("GET / HTTP/1.1\r\nX-Long: ", b"a" * (LARGEST_HEADERS + 10))

    assert wire.hear().status == 431
    assert wire.ended()


def test_who_is_refused_unread_reads_why_although_it_sends_on(site: Site) -> None:
    wire = site.wire()

    wire.say(wire.head("POST /", Content_Length=str(2 * LARGEST_BODY)), b"a" * LARGEST_BODY)

    assert wire.hear().status == 413


def test_a_body_that_nobody_reads_gets_its_answer_and_the_connection_stays(site: Site) -> None:
    wire, body = site.wire(), json.dumps({"name": "a" * 50_000}).encode()

    answers = [wire.ask("POST /api/v1/agents/", body, Content_Type=JSON) for _ in range(30)]

    assert {answer.status for answer in answers} == {401}


def test_a_client_that_asks_first_is_told_to_go_on(site: Site, desk: Desk) -> None:
    wire, body = site.wire(), b'{"name": "Asked first"}'
    told = desk.headers(Expect="100-continue", Content_Length=str(len(body)))

    wire.say(wire.head("POST /api/v1/agents/", **told))
    first = wire.hear()
    wire.say(body)

    assert (first.status, wire.hear().status) == (100, 201)


# --- Django, whatever server stands in front -----------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}, 411),
        ({"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "2"}, 400),
        ({"CONTENT_LENGTH": ""}, 411),
        ({"CONTENT_LENGTH": "", "wsgi.input_terminated": True}, 411),
        ({"CONTENT_LENGTH": "two"}, 400),
        ({"CONTENT_LENGTH": "-2"}, 400),
        ({"CONTENT_LENGTH": "1_0"}, 400),
        ({"CONTENT_LENGTH": "9" * 5000}, 400),
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/agents/", "/accounts/login/"])
@pytest.mark.django_db
@pytest.mark.usefixtures("one_database_connection")
def test_an_unclear_length_is_refused_under_any_server(
    environ: dict[str, str], status: int, path: str
) -> None:
    assert ask(Client(), "POST", path, b"{}", JSON, **environ).status == status


@pytest.mark.django_db
@pytest.mark.usefixtures("one_database_connection")
@pytest.mark.parametrize(
    ("method", "kind", "length"),
    [("GET", "", ""), ("GET", JSON, ""), ("DELETE", "", ""), ("POST", "", ""), ("POST", JSON, "0")],
)
def test_what_has_no_body_needs_no_length_under_any_server(
    method: str, kind: str, length: str
) -> None:
    answer = ask(Client(), method, "/api/v1/agents/", kind=kind, CONTENT_LENGTH=length)

    assert answer.status == 401


@pytest.mark.django_db
@pytest.mark.usefixtures("one_database_connection")
def test_a_body_shorter_than_announced_is_refused_under_any_server(program: Program) -> None:
    answer = ask(program, "POST", "/api/v1/agents/", b'{"name": "A"}', JSON, CONTENT_LENGTH="400")

    assert (answer.status, answer.json()["detail"]) == (400, "The body did not arrive whole.")


@pytest.mark.django_db
@pytest.mark.usefixtures("one_database_connection")
def test_a_form_shorter_than_announced_is_refused_under_any_server() -> None:
    kind = "application/x-www-form-urlencoded"

    answer = ask(Client(), "POST", "/accounts/login/", b"login=a", kind, CONTENT_LENGTH="400")

    assert answer.status == 400


def test_a_request_that_cannot_be_read_has_a_path_for_the_log() -> None:
    """waitress names it there when the sender has gone before the refusal."""
    parser = StrictParser(Adjustments(listen="127.0.0.1:0"))

    parser.received(b"no request at all\r\n\r\n")

    assert parser.error is not None
    assert parser.path == ""
