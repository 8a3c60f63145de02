"""Errors, pages, limits: what holds for every address."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from rest_framework.settings import api_settings

from accounts.models import Account
from tests.factories import (
    AgentFactory,
    ConnectionFactory,
    EventFactory,
    ImportFactory,
    LicenseChangeFactory,
    PhoneNumberFactory,
)

from .conftest import Answer, Program

Problem = Callable[[Answer], tuple[int, str]]

pytestmark = pytest.mark.django_db


def test_an_unknown_address_is_a_problem_like_any_other(program: Program, problem: Problem) -> None:
    for path in ("nonsense/", "numbers/x/", f"numbers/{10**30}/", "../v2/"):
        assert problem(program.send("get", path)) == (404, "not_found"), path
    assert problem(program.send("post", "nonsense/", {})) == (404, "not_found")


def test_an_address_without_its_slash_says_so(program: Program, problem: Problem) -> None:
    answer = program.send("post", "agents", {"name": "Reception"})

    assert problem(answer) == (404, "not_found")
    assert "slash" in answer.json()["detail"]


def test_a_method_that_an_address_does_not_take_names_those_it_does(
    program: Program, problem: Problem
) -> None:
    answer = program.send("delete", "agents/")

    assert problem(answer) == (405, "method_not_allowed")
    assert answer["Allow"] == "GET, HEAD, POST"


def test_a_body_that_is_no_json_is_refused(program: Program, problem: Problem) -> None:
    def post(data: Any, content_type: str = "application/json") -> Answer:
        return program.post("/api/v1/agents/", data, content_type=content_type)

    assert problem(post("{")) == (400, "parse_error")
    assert problem(post(b"\xff\xfe")) == (400, "parse_error")
    assert problem(post('{"name": "\\u0000"}')) == (400, "parse_error")
    assert problem(post('{"name": "\\ud800"}')) == (400, "parse_error")
    assert problem(post('{"name": NaN}')) == (400, "parse_error")
    assert problem(post("[" * 5_000)) == (400, "parse_error")
    assert problem(post("name=A", "text/plain")) == (415, "unsupported_media_type")


def test_a_body_beyond_the_limit_is_not_read(program: Program, problem: Problem) -> None:
    body = json.dumps({"name": "a" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE})

    answer = program.post("/api/v1/agents/", body, content_type="application/json")

    assert problem(answer) == (413, "too_large")


def test_what_is_wrong_is_named_by_field(program: Program, problem: Problem) -> None:
    answer = program.send("post", "swaps/", {"leaving": 0, "fate": "burn", "speed": "fast"})

    assert problem(answer) == (422, "invalid")
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [
        ("speed", "unknown_field")
    ]
    answer = program.send("post", "swaps/", {"leaving": 0, "fate": "burn"})
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [
        ("leaving", "min_value"),
        ("taking", "required"),
        ("fate", "invalid_choice"),
    ]


def test_a_body_that_is_no_object_is_refused_as_a_whole(program: Program, problem: Problem) -> None:
    answer = program.send("post", "agents/", [1])

    assert problem(answer) == (422, "invalid")
    assert answer.json()["errors"][0]["field"] == ""


def test_an_entry_of_a_list_is_named_by_its_place(program: Program) -> None:
    body = {"action": "unassign", "numbers": [1, "x"]}

    answer = program.send("post", "bulk-jobs/", body)

    assert answer.json()["errors"][0]["field"] == "numbers.1"


def test_an_unknown_or_unreadable_parameter_is_an_error(program: Program, problem: Problem) -> None:
    for query in ("stat=held", "limit=0", "limit=101", "limit=ten", "protected=yes", "state=lost",
                  "limit=", "limit=010", "limit=0000000509999999", "limit=%D9%A5", "limit=5.0",
                  "agent=0"):  # fmt: skip
        answer = program.send("get", f"numbers/?{query}")
        assert problem(answer) == (422, "invalid"), query
        assert answer.json()["errors"][0]["field"] == query.partition("=")[0]


@pytest.mark.parametrize("path", ["numbers", "events", "agents", "jobs", "imports"])
def test_a_cursor_that_no_page_gave_is_refused(
    program: Program, problem: Problem, path: str
) -> None:
    deep = base64.urlsafe_b64encode(b"[" * 3_000).decode()
    odd = ("", "n", "n0", "n01", "n-1", "x5", "n5%0A", "n%D9%A5", "n1e3", "PmFiYw",
           "n" + "9" * 30, "n9999-12-31T23:59:59-12:00", "%ED%A0%80", deep)  # fmt: skip
    for cursor in odd:
        answer = program.send("get", f"{path}/?cursor={cursor}")
        assert problem(answer) == (400, "invalid_cursor"), cursor
    assert problem(program.send("get", f"{path}/?cursor=n%00")) == (400, "parse_error")


def test_our_own_mistake_is_a_problem_too(
    acme: Account, program: Program, problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **facts: Any) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr("telephony.services.agents.create_agent", fail)
    program.raise_request_exception = False

    answer = program.send("post", "agents/", {"name": "Reception"})

    assert problem(answer) == (500, "server_error")
    assert "secret" not in answer.content.decode()


def test_answers_are_json_whatever_is_accepted(program: Program) -> None:
    answer = program.send("get", "agents/", accept="text/html")

    assert answer["Content-Type"] == "application/json"
    assert answer["Cache-Control"] == "no-store"


def walk(program: Program, path: str, link: str = "next") -> list[list[Any]]:
    """The pages from ``path`` on, following ``link``."""
    pages = []
    address: str | None = path
    while address is not None:
        body = program.send("get", address.removeprefix(settings.PUBLIC_URL)).json()
        pages.append(body["results"])
        address = body[link]
    return pages


def test_pages_hold_every_row_once_in_one_order(acme: Account, program: Program) -> None:
    numbers = PhoneNumberFactory.create_batch(7, account=acme)

    pages = walk(program, "numbers/?limit=3")

    assert [len(page) for page in pages] == [3, 3, 1]
    listed = [row["number"] for page in pages for row in page]
    assert listed == sorted(number.e164 for number in numbers)


def test_pages_lead_back_the_same_way(acme: Account, program: Program) -> None:
    EventFactory.create_batch(7, account=acme)
    forth = []
    address: str | None = "events/?limit=3"
    while address is not None:
        last = address.removeprefix(settings.PUBLIC_URL)
        body = program.send("get", last).json()
        forth.append(body["results"])
        address = body["next"]

    back = walk(program, last, "previous")

    assert back[::-1] == forth


def test_rows_that_come_in_meanwhile_shift_nothing(acme: Account, program: Program) -> None:
    EventFactory.create_batch(4, account=acme)
    first = program.send("get", "events/?limit=2").json()

    EventFactory.create_batch(3, account=acme)
    second = program.send("get", first["next"].removeprefix(settings.PUBLIC_URL)).json()

    ids = [row["id"] for row in first["results"] + second["results"]]
    assert ids == sorted(ids, reverse=True)
    assert ids[0] - ids[-1] == 3


def test_a_page_keeps_the_filter(acme: Account, program: Program) -> None:
    AgentFactory.create(account=acme)
    PhoneNumberFactory.create_batch(3, account=acme, country="DE")
    PhoneNumberFactory.create_batch(3, account=acme)

    pages = walk(program, "numbers/?country=DE&limit=2")

    assert [row["country"] for page in pages for row in page] == ["DE"] * 3


def test_a_list_is_never_counted(
    acme: Account, program: Program, django_assert_num_queries: Any
) -> None:
    PhoneNumberFactory.create_batch(3, account=acme, assigned=True)
    program.send("get", "numbers/")  # notes the use of the key

    with django_assert_num_queries(3) as seen:  # key, numbers with agents, tags
        program.send("get", "numbers/")

    assert not any("COUNT(" in query["sql"] for query in seen.captured_queries)


def test_too_many_requests_are_told_when_to_come_back(
    program: Program,
    reader: Program,
    problem: Problem,
    monkeypatch: pytest.MonkeyPatch,
    noon: object,
) -> None:
    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "actor", "2/min")

    answers = [program.send("get", "agents/") for _ in range(3)]

    assert [answer["RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert answers[0]["RateLimit-Limit"] == "2"
    assert answers[0]["RateLimit-Reset"] == "60"
    assert problem(answers[2]) == (429, "throttled")
    assert answers[2]["Retry-After"] == "60"
    assert reader.send("get", "agents/").status_code == 200  # each key has its own


@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("agents/", 2),
        ("connections/", 2),
        ("events/", 2),
        ("grace-periods/", 2),
        ("imports/", 2),
        ("jobs/", 2),
        ("license-changes/", 2),
        ("numbers/", 3),
    ],
)
def test_every_list_reads_the_database_a_fixed_number_of_times(
    acme: Account, program: Program, django_assert_num_queries: Any, path: str, queries: int
) -> None:
    program.send("get", path)  # notes the use of the key
    for connection in ConnectionFactory.create_batch(3, account=acme):
        PhoneNumberFactory.create_batch(3, account=acme, connection=connection, assigned=True)
        ImportFactory.create(connection=connection)
    LicenseChangeFactory.create_batch(3, account=acme)
    EventFactory.create_batch(3, account=acme)

    with django_assert_num_queries(queries):  # the key first
        program.send("get", path)
