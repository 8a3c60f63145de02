"""Edits by CSV over REST: a file or rows, a dry run, a job, and the same key twice (B10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Account, Job
from accounts.services import job_items
from numbers.api import csv_edits as api
from numbers.models import PhoneNumber
from tests.factories import AgentFactory, PhoneNumberFactory, TagFactory

from .conftest import Answer, Program, path_of

Problem = Callable[[Answer], tuple[int, str]]

pytestmark = pytest.mark.django_db

PATH = "/api/v1/csv-edits/"
DESK, HALL = "+14155550123", "+14155550124"


@pytest.fixture
def desk(acme: Account) -> PhoneNumber:
    return PhoneNumberFactory.create(account=acme, e164=DESK, label="Desk")


def send(program: Program, file: str | bytes, query: str = "", **headers: Any) -> Answer:
    return program.post(f"{PATH}{query}", file, content_type="text/csv", headers=headers)


def work(answer: Answer) -> Job:
    assert answer.status_code == 202, answer.content
    job = Job.objects.get(pk=answer.json()["id"])
    assert answer["Location"] == path_of(f"jobs/{job.pk}/")
    job_items.work(job.pk)
    return job


def errors(answer: Answer) -> list[tuple[str, str]]:
    return [(error["field"], error["code"]) for error in answer.json()["errors"]]


def test_a_file_becomes_a_job(program: Program, desk: PhoneNumber) -> None:  # B10
    job = work(send(program, "number;name\r\n(415) 555-0123;Büro\r\n".encode("cp1252")))

    desk.refresh_from_db()
    assert desk.label == "Büro"
    (item,) = program.send("get", f"jobs/{job.pk}/items/").json()["results"]
    assert (item["key"], item["state"]) == (DESK, "done")
    assert item["result"] == {"changed": ["label"]}
    assert program.send("get", "csv-edits/").json()["results"][0]["id"] == job.pk


def test_rows_become_a_job(program: Program, acme: Account, desk: PhoneNumber) -> None:
    agent = AgentFactory.create(account=acme)
    desk.tags.add(TagFactory.create(account=acme, name="old"))
    row = {"number": DESK, "label": "", "tags": ["New"], "protected": True, "agent": agent.pk}

    work(program.send("post", "csv-edits/", {"rows": [row]}))

    desk.refresh_from_db()
    assert (desk.label, desk.protected, desk.agent) == ("", True, agent)
    assert [tag.name for tag in desk.tags.all()] == ["new"]
    work(program.send("post", "csv-edits/", {"rows": [{"number": DESK, "agent": None}]}))
    desk.refresh_from_db()
    assert desk.agent is None


def test_a_dry_run_says_what_would_change_and_changes_nothing(
    program: Program, desk: PhoneNumber
) -> None:
    file = f"number,name,SID\n{DESK},Front desk,x\nnonsense,x,x\n"

    for answer in (
        send(program, file, "?dry_run=true"),
        send(program, file, "?dry_run=true&skip_wrong=true"),
    ):
        assert answer.status_code == 200
        assert answer.json() == {
            "will_change": 1,
            "unchanged": 0,
            "will_skip": 1,
            "reasons": [
                {
                    "code": "not_a_number",
                    "message": "This is not a complete phone number.",
                    "count": 1,
                }
            ],
            "changing": [
                {
                    "row": 2,
                    "line": 2,
                    "number": DESK,
                    "changes": [{"field": "label", "before": "Desk", "after": "Front desk"}],
                }
            ],
            "skipping": [
                {
                    "row": 3,
                    "line": 3,
                    "number": "nonsense",
                    "problems": [
                        {
                            "field": "number",
                            "code": "not_a_number",
                            "message": "This is not a complete phone number.",
                        }
                    ],
                }
            ],
            "ignored_columns": ["SID"],
        }
    assert not Job.objects.exists()


@pytest.mark.parametrize("where", ["body", "query"])
def test_a_dry_run_of_rows_may_be_asked_for_in_either_place(
    program: Program, desk: PhoneNumber, where: str
) -> None:
    body: dict[str, Any] = {"rows": [{"number": DESK, "label": "New"}]}
    if where == "body":
        body["dry_run"] = True

    answer = program.send("post", "csv-edits/" + "?dry_run=true" * (where == "query"), body)

    assert answer.status_code == 200
    assert not Job.objects.exists()


def test_a_wrong_row_refuses_all_and_is_named(
    program: Program, problem: Problem, desk: PhoneNumber
) -> None:
    file = f"number,name,agent\n{DESK},New,Nobody\n{HALL},x,\n"
    rows = [{"number": DESK, "label": "New"}, {"number": HALL}, {"number": DESK, "agent": 999}]

    of_file = send(program, file)
    of_rows = program.send("post", "csv-edits/", {"rows": rows[1:]})

    assert problem(of_file) == problem(of_rows) == (422, "invalid")
    assert errors(of_file) == [
        ("lines.2.agent", "unknown_agent"),
        ("lines.3.number", "unknown_number"),
    ]
    assert errors(of_rows) == [
        ("rows.0.number", "unknown_number"),
        ("rows.1.agent", "unknown_agent"),
    ]
    assert of_file.json()["errors"][1]["message"] == "Line 3: This account has no such number."
    assert not Job.objects.exists()


def test_wrong_rows_are_skipped_when_asked_to(program: Program, desk: PhoneNumber) -> None:
    job = work(send(program, f"number,name\n{DESK},New\n{HALL},x\n", "?skip_wrong=true"))

    assert job.params == {"skipped": 1, "unchanged": 0}
    desk.refresh_from_db()
    assert desk.label == "New"


def test_nothing_to_change_is_no_job_and_no_error(program: Program, desk: PhoneNumber) -> None:
    answer = send(program, f"number,name\n{DESK},Desk\n")

    assert answer.status_code == 200
    assert (answer.json()["unchanged"], answer.json()["will_change"]) == (1, 0)
    assert not Job.objects.exists()


def test_blank_cells_clear_when_asked_to(program: Program, desk: PhoneNumber) -> None:
    work(send(program, f"number,name\n{DESK},\n", "?blanks_clear=true"))

    desk.refresh_from_db()
    assert desk.label == ""


def test_the_same_key_starts_one_job(program: Program, problem: Problem, desk: PhoneNumber) -> None:
    key = {"idempotency-key": "one"}
    file = f"number,name\n{DESK},New\n"

    first, again = send(program, file, **key), send(program, file, **key)
    other = send(program, file.replace("New", "Other"), **key)

    assert first.status_code == again.status_code == 202
    assert again["Idempotency-Replayed"] == "true"
    assert first.json()["id"] == again.json()["id"]
    assert problem(other) == (422, "idempotency_key_reused")
    assert Job.objects.count() == 1


@pytest.mark.parametrize(
    ("file", "code", "sentence"),
    [
        (b"PK\x03\x04[Content_Types].xml", "not_csv", "is an Excel workbook"),
        (b" ", "empty", "is empty"),
        (b"number,name\n1,\0", "not_text", "NUL"),
        (b"name,tags\n1,2\n", "no_numbers", "no column of phone numbers"),
        (b"number,state\n1,2\n", "nothing_to_change", "nothing to change"),
        (b'number,name\n1,"open', "broken_csv", "ends inside of quotes"),
    ],
)
def test_what_is_no_file_of_numbers_is_refused_in_words(
    program: Program, problem: Problem, file: bytes, code: str, sentence: str
) -> None:
    answer = send(program, file)

    assert problem(answer) == (422, "invalid")
    assert errors(answer) == [("file", code)]
    assert sentence in answer.json()["detail"]


def test_a_file_may_be_larger_than_other_bodies_and_has_a_limit(
    program: Program, problem: Problem, desk: PhoneNumber, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = f"number,notes,x\n{DESK},Hi,\n" + f"{DESK},Hi,{'x' * 9_000}\n" * 400

    assert problem(send(program, file)) == (422, "invalid")  # read: one number stands there often
    monkeypatch.setattr(api, "LARGEST_FILE", 1_000_000)
    assert problem(send(program, file)) == (413, "too_large")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"rows": []},
        {"rows": [{}]},
        {"rows": [{"number": 14155550123}]},
        {"rows": [{"number": DESK, "protected": "yes"}]},
        {"rows": [{"number": DESK, "tags": "a,b"}]},
        {"rows": [{"number": DESK, "agent": "Zoe"}]},
        {"rows": [{"number": DESK, "label": "x" * 101}]},
        {"rows": [{"number": DESK, "state": "held"}]},
        {"rows": [{"number": DESK}], "file": "x"},
    ],
)
def test_rows_have_a_shape(
    program: Program, problem: Problem, desk: PhoneNumber, body: dict[str, Any]
) -> None:
    assert problem(program.send("post", "csv-edits/", body)) == (422, "invalid")


def test_a_flag_that_is_none_is_refused(program: Program, problem: Problem) -> None:
    assert problem(send(program, "number,name\n1,2\n", "?dry_run=1")) == (422, "invalid")
    assert problem(send(program, "number,name\n1,2\n", "?dryrun=true")) == (422, "invalid")


def test_who_may_not_write_sends_no_file(
    reader: Program, member_client: Client, outsider: Program, problem: Problem, desk: PhoneNumber
) -> None:
    file = f"number,name\n{DESK},New\n"

    assert problem(send(reader, file)) == (403, "forbidden")
    theirs = send(outsider, file)
    assert errors(theirs) == [("lines.2.number", "unknown_number")]
    desk.refresh_from_db()
    assert desk.label == "Desk"
