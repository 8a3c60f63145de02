"""Edits by CSV (B10): what a file would change, and the job that does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from accounts.models import Account, Event, Job
from accounts.services import job_items
from accounts.states import ItemState
from config import csv_files
from config.errors import Forbidden, Invalid, NotDue
from licensing.models import Subscription
from numbers.models import CsvEdit, PhoneNumber
from numbers.services import csv_edits, descriptions
from numbers.services.columns import COLUMNS
from numbers.services.comparison import Comparison, compare
from numbers.states import NumberState
from numbers.views.export import CSV_HEADER
from tests.factories import (
    NOON,
    AgentFactory,
    GracePeriodFactory,
    PhoneNumberFactory,
    TagFactory,
)
from tests.pasted import E164, PASTED

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

EXPORT = "/a/acme/numbers/export.csv"
DESK, HALL = "+14155550123", "+14155550124"


@pytest.fixture
def desk(acme: Account) -> PhoneNumber:
    return PhoneNumberFactory.create(account=acme, e164=DESK, label="Desk")


@pytest.fixture
def hall(acme: Account) -> PhoneNumber:
    return PhoneNumberFactory.create(account=acme, e164=HALL, label="Hall")


def compared(acme: Account, text: str, *, blanks_clear: bool = False) -> Comparison:
    table = csv_files.read(text)
    entries = csv_edits.entries_of(table, csv_edits.recognized(table.header))
    return compare(acme, entries, blanks_clear=blanks_clear, at=NOON)


def changes(found: Comparison) -> dict[str, dict[str, tuple[str, str]]]:
    """What changes, by number and column."""
    return {
        str(row.number and row.number.e164): {
            change.column.name: change.shown for change in row.changes
        }
        for row in found.changing
    }


def problems(found: Comparison) -> list[tuple[int, str, str]]:
    """Line, column and code of everything that is in the way."""
    return [
        (row.entry.line, problem.column.name if problem.column else "", problem.code)
        for row in found.skipping
        for problem in row.problems
    ]


def done(acme: Account, text: str, actor: Actor, *, blanks_clear: bool = False) -> Job:
    job = csv_edits.start(
        acme, compared(acme, text, blanks_clear=blanks_clear), actor=actor, at=NOON
    )
    return worked(job)


def waiting(acme: Account, actor: Actor) -> CsvEdit:
    """A file that would give ``DESK`` another name."""
    raw = f"number,name\n{DESK},Front desk\n".encode()
    return csv_edits.bring(acme.pk, name="", raw=raw, actor=actor, at=NOON)


def confirmed(edit: CsvEdit, actor: Actor) -> Job:
    return csv_edits.confirm(
        edit.pk, places={"number": 0, "label": 1}, blanks_clear=False, actor=actor, at=NOON
    )


def worked(job: Job) -> Job:
    job_items.work(job.pk)
    job.refresh_from_db()
    return job


# --- From a file to numbers ----------------------------------------------------------------------


def test_a_file_is_brought_compared_confirmed_and_done(
    acme: Account, desk: PhoneNumber, hall: PhoneNumber, by_admin: Actor
) -> None:  # B10
    agent = AgentFactory.create(account=acme, name="Zoë")
    head = "number;name;notes;tags;protected;agent"
    raw = f"{head}\n(415) 555-0123;Empfang;Tür links;vip, Büro;yes;zoë\n"

    edit = csv_edits.bring(acme.pk, name="n.csv", raw=raw.encode("cp1252"), actor=by_admin, at=NOON)
    table = csv_files.read(edit.text)
    job = csv_edits.confirm(
        edit.pk,
        places=csv_edits.recognized(table.header),
        blanks_clear=False,
        actor=by_admin,
        at=NOON,
    )
    worked(job)

    desk.refresh_from_db()
    assert (desk.label, desk.notes, desk.protected) == ("Empfang", "Tür links", True)
    assert desk.agent == agent
    assert [tag.name for tag in desk.tags.all()] == ["büro", "vip"]
    assert job.title == "Edit 1 number by CSV"
    assert job.result == {"done": 1, "skipped": 0, "failed": 0}
    (item,) = job.items.all()
    assert (item.key, item.subject_id, item.state) == (DESK, desk.pk, ItemState.DONE)
    hall.refresh_from_db()
    assert hall.label == "Hall"
    edit.refresh_from_db()
    assert (edit.job, edit.text) == (job, "")


def test_what_a_job_changes_stands_on_the_timeline_of_who_asked(
    acme: Account, desk: PhoneNumber, by_admin: Actor
) -> None:
    job = done(acme, f"number,name,notes\n{DESK},Front desk,Ring twice\n", by_admin)

    event = Event.objects.get(type="number.described")
    assert (event.actor_id, event.job_id) == (by_admin.id, job.pk)
    assert event.data["before"] == {"label": "Desk", "notes": ""}
    assert event.data["after"] == {"label": "Front desk", "notes": "Ring twice"}
    begun = Event.objects.get(type="csv_edit.started")
    assert begun.data == {"skipped": 0, "unchanged": 0}


def test_run_twice_it_changes_nothing(acme: Account, desk: PhoneNumber, by_admin: Actor) -> None:
    found = compared(acme, f"number,name,tags\n{DESK},Front desk,b\n")
    worked(csv_edits.start(acme, found, actor=by_admin, at=NOON))
    events = Event.objects.exclude(type="csv_edit.started").count()

    again = worked(csv_edits.start(acme, found, actor=by_admin, at=NOON))

    assert again.items.get().code == "no_change"
    assert Event.objects.exclude(type="csv_edit.started").count() == events
    assert compared(acme, f"number,name,tags\n{DESK},Front desk,b\n").unchanged == 1


def test_confirmed_twice_it_is_one_job(acme: Account, desk: PhoneNumber, by_admin: Actor) -> None:
    edit = waiting(acme, by_admin)

    assert confirmed(edit, by_admin) == confirmed(edit, by_admin)
    assert Job.objects.count() == 1


def test_confirmed_while_it_is_being_compared_it_is_one_job(
    acme: Account, desk: PhoneNumber, by_admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit = waiting(acme, by_admin)
    first: list[Job] = []

    def compare_slowly(*args: Any, **kwargs: Any) -> Comparison:
        monkeypatch.undo()
        first.append(confirmed(edit, by_admin))
        return compare(*args, **kwargs)

    monkeypatch.setattr(csv_edits, "compare", compare_slowly)

    assert confirmed(edit, by_admin) == first[0]
    assert Job.objects.count() == 1


def test_one_that_newer_files_push_out_while_it_is_being_compared_is_to_be_brought_again(
    acme: Account, desk: PhoneNumber, by_admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit = waiting(acme, by_admin)

    def compare_slowly(*args: Any, **kwargs: Any) -> Comparison:
        for _ in range(csv_edits.MOST_KEPT):
            waiting(acme, by_admin)
        return compare(*args, **kwargs)

    monkeypatch.setattr(csv_edits, "compare", compare_slowly)

    with pytest.raises(Invalid, match="Newer files have taken the place of this one"):
        confirmed(edit, by_admin)

    assert not Job.objects.exists()


def test_the_service_decides_again_when_the_turn_of_a_number_comes(
    acme: Account, desk: PhoneNumber, hall: PhoneNumber, by_admin: Actor
) -> None:
    agent = AgentFactory.create(account=acme, name="Zoe")
    text = f"number,name,agent\n{DESK},New,Zoe\n{HALL},Newer,Zoe\n"
    job = csv_edits.start(acme, compared(acme, text), actor=by_admin, at=NOON)
    PhoneNumber.objects.filter(pk=desk.pk).update(state=NumberState.EXCLUDED)

    worked(job)

    refused, changed = job.items.order_by("pk")
    assert (refused.state, refused.code) == (ItemState.SKIPPED, "wrong_state")
    assert changed.state == ItemState.DONE
    desk.refresh_from_db()
    assert (desk.label, desk.agent) == ("Desk", None)  # all of a row, or nothing
    assert agent.numbers.get() == hall


def test_what_was_refused_is_retried_with_what_was_wanted(
    acme: Account, desk: PhoneNumber, by_admin: Actor
) -> None:
    agent = AgentFactory.create(account=acme, name="Zoe")
    found = compared(acme, f"number,name,agent\n{DESK},New,Zoe\n")
    job = csv_edits.start(acme, found, actor=by_admin, at=NOON)
    type(agent).objects.update(state="paused")
    worked(job)
    type(agent).objects.update(state="live")

    again = worked(job_items.retry_failed(job.pk, actor=by_admin, at=NOON))

    assert job.items.get().code == "agent_not_live"
    assert again.items.get().state == ItemState.DONE
    desk.refresh_from_db()
    assert (desk.label, desk.agent) == ("New", agent)


def test_a_retry_writes_nothing_over_what_was_written_since(
    acme: Account, desk: PhoneNumber, by_admin: Actor
) -> None:
    agent = AgentFactory.create(account=acme, name="Zoe")
    found = compared(acme, f"number,name,agent\n{DESK},New,Zoe\n")
    job = csv_edits.start(acme, found, actor=by_admin, at=NOON)
    type(agent).objects.update(state="paused")
    worked(job)
    type(agent).objects.update(state="live")
    descriptions.describe(desk.pk, label="Newer", actor=by_admin, at=NOON)

    again = worked(job_items.retry_failed(job.pk, actor=by_admin, at=NOON))

    assert again.items.get().code == "decided_since"
    desk.refresh_from_db()
    assert desk.label == "Newer"


def test_an_agent_that_went_meanwhile_skips_the_row(
    acme: Account, desk: PhoneNumber, by_admin: Actor
) -> None:
    agent = AgentFactory.create(account=acme, name="Zoe")
    found = compared(acme, f"number,agent\n{DESK},Zoe\n")
    job = csv_edits.start(acme, found, actor=by_admin, at=NOON)
    agent.delete()

    worked(job)

    assert job.items.get().state == ItemState.SKIPPED
    assert "Choose an agent" in job.items.get().message


def test_a_file_that_changes_nothing_starts_no_job(
    acme: Account, desk: PhoneNumber, by_admin: Actor
) -> None:
    with pytest.raises(Invalid, match="changes nothing"):
        done(acme, f"number,name\n{DESK},Desk\n", by_admin)

    assert not Job.objects.exists()


def test_who_may_not_change_numbers_brings_confirms_and_starts_nothing(
    acme: Account, desk: PhoneNumber, by_admin: Actor, by_member: Actor
) -> None:
    with pytest.raises(Forbidden):
        csv_edits.bring(acme.pk, name="", raw=b"number,name\n1,2\n", actor=by_member, at=NOON)
    with pytest.raises(Forbidden):
        done(acme, f"number,name\n{DESK},New\n", by_member)
    assert not CsvEdit.objects.exists()

    edit = waiting(acme, by_admin)
    confirmed(edit, by_admin)
    with pytest.raises(Forbidden):
        confirmed(edit, by_member)


def test_the_job_of_a_file_can_be_retried_no_longer_than_its_items_are_kept(
    acme: Account, desk: PhoneNumber, by_admin: Actor
) -> None:
    job = done(acme, f"number,name\n{DESK},New\n", by_admin)

    with pytest.raises(NotDue, match="90 days"):
        job_items.retry_failed(job.pk, actor=by_admin, at=NOON + timedelta(days=91))


def test_only_the_last_files_of_an_account_wait(
    acme: Account, desk: PhoneNumber, by_admin: Actor
) -> None:
    confirmed(done_with := waiting(acme, by_admin), by_admin)
    brought = [
        csv_edits.bring(acme.pk, name=str(n), raw=b"number,name\n1,2\n", actor=by_admin, at=NOON)
        for n in range(csv_edits.MOST_KEPT + 2)
    ]

    assert set(CsvEdit.objects.all()) == {done_with, *brought[2:]}


# --- The export comes back in --------------------------------------------------------------------

ODD = [
    "=HYPERLINK(1)",
    "'=1",
    "''+1",
    "-5",
    "+14155550100",
    "+1 415 555 0100",
    '="x"',
    "@sum",
    "Zoë “Empfang” 🎈",
    "a;b,c\td",
    'say "hi"',
    "yes",
    "1E5",
    ";=1",
    "0012",
]


@pytest.mark.parametrize("form", ["", "plain"])
@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
def test_the_exported_file_comes_back_unchanged(
    acme: Account, owner_client: Client, form: str, line_end: str
) -> None:  # B10
    agents = [AgentFactory.create(account=acme, name=name) for name in ODD[:3]]
    for place, odd in enumerate(ODD):
        number = PhoneNumberFactory.create(
            account=acme, label=odd, notes=f"{odd}\nsecond line\n\n  =2", protected=place % 2 == 0,
            agent=agents[place % 3] if place % 4 else None,
        )  # fmt: skip
        tags = [odd.replace(",", "").lower(), "büro"]
        number.tags.set([TagFactory.create(account=acme, name=f"{tag}{place}") for tag in tags])
    PhoneNumberFactory.create(account=acme, released=True, label="=gone")

    answer: Any = owner_client.get(EXPORT, {"format": form})
    text, _ = csv_files.decode(b"".join(answer.streaming_content))
    found = compared(acme, text.replace("\r\n", line_end), blanks_clear=True)

    assert problems(found) == []
    assert changes(found) == {}
    assert found.unchanged == len(ODD)


def test_what_a_spreadsheet_has_no_letters_for_is_left_as_it_is(
    acme: Account, desk: PhoneNumber, owner_client: Client
) -> None:
    PhoneNumber.objects.update(label="東京 Büro", notes="受付\n=1+1")
    desk.tags.add(TagFactory.create(account=acme, name="東京"))
    response: Any = owner_client.get(EXPORT)
    text = response.getvalue().decode("utf-8-sig")

    spoiled, _ = csv_files.decode(text.encode("cp1252", "replace"))

    assert "?? Büro" in spoiled
    assert compared(acme, spoiled).unchanged == 1
    assert changes(compared(acme, f"number,name\n{DESK},?? Büro 2\n")) == {
        DESK: {"label": ("東京 Büro", "?? Büro 2")}
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_spreadsheet_may_save_it_in_its_own_way(
    acme: Account, desk: PhoneNumber, encoding: str, separator: str
) -> None:
    rows = ["number", "name", "notes"], ["'+1 415 555 0123", "Büro", '"eins\nzwei"']
    raw = "".join(separator.join(row) + "\r\n" for row in rows).encode(encoding)

    text, _ = csv_files.decode(raw)

    assert changes(compared(acme, text)) == {
        DESK: {"label": ("Desk", "Büro"), "notes": ("", "eins\nzwei")}
    }


def test_the_export_has_every_column_that_can_be_edited() -> None:
    assert CSV_HEADER[: 1 + len(COLUMNS)] == (
        "number",
        *(column.header for column in COLUMNS.values()),
    )


# --- Which number --------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [text for what, text in PASTED.items() if what != "last digits"])
def test_a_number_may_be_written_in_any_way(acme: Account, text: str) -> None:
    number = PhoneNumberFactory.create(account=acme, e164=E164)
    acme.country = "GB"
    quoted = text.replace('"', '""')

    found = compared(acme, f'number,name\n"{quoted}",New\n')

    assert [row.number for row in found.changing] == [number]


@pytest.mark.parametrize(
    "text", ["4155550123", "14155550123", '="+14155550123"', "'+14155550123", "tel:+14155550123"]
)
def test_a_number_survives_what_spreadsheets_do_to_it(
    acme: Account, desk: PhoneNumber, text: str
) -> None:
    assert changes(compared(acme, f"number,name\n{text},New\n")).keys() == {DESK}


def test_a_number_of_another_country_survives_the_loss_of_its_plus(acme: Account) -> None:
    PhoneNumberFactory.create(account=acme, e164=E164)

    assert changes(compared(acme, f"number,name\n{E164[1:]},New\n")).keys() == {E164}


def test_what_can_mean_two_numbers_is_skipped(acme: Account) -> None:
    for sheffield_or_abroad in ("+441144207183", "+44207183"):
        PhoneNumberFactory.create(account=acme, e164=sheffield_or_abroad)
    acme.country = "GB"

    found = compared(acme, "number,name\n0114 420 7183,New\n")

    assert problems(found) == [(2, "", "ambiguous_number")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "no_number"),
        ("+14155550199", "unknown_number"),
        ("Reception", "not_a_number"),
        ("4.15556E+09", "not_a_number"),
        ("0123", "not_a_number"),
        ("9" * 5_000, "not_a_number"),
    ],
)
def test_what_is_no_number_of_the_account_is_skipped(
    acme: Account, desk: PhoneNumber, text: str, code: str
) -> None:
    assert problems(compared(acme, f"name,number\nNew,{text}\n")) == [(2, "", code)]


def test_a_number_that_became_a_figure_is_told_from_words(acme: Account) -> None:
    found = compared(acme, "number,name\n4.15556E+09,New\n")

    assert "Format the column as text" in found.skipping[0].problems[0].message


def test_numbers_of_other_accounts_do_not_exist(acme: Account) -> None:
    PhoneNumberFactory.create(e164=DESK)

    assert problems(compared(acme, f"number,name\n{DESK},New\n")) == [(2, "", "unknown_number")]


def test_of_two_rows_about_one_number_neither_is_taken(
    acme: Account, desk: PhoneNumber, hall: PhoneNumber
) -> None:
    text = f"number,name\n{DESK},One\n{HALL},Other\n(415) 555-0123,Two\n"

    found = compared(acme, text)

    assert problems(found) == [(2, "", "double"), (4, "", "double")]
    assert "Lines 2, 4 are about the same number" in found.skipping[0].problems[0].message
    assert changes(found).keys() == {HALL}


# --- Which value ---------------------------------------------------------------------------------


def test_a_problem_names_line_and_column_and_rule(acme: Account, desk: PhoneNumber) -> None:
    AgentFactory.create(account=acme, name="Draft", draft=True)
    text = (
        "number,name,notes,tags,protected,agent\n"
        f'{DESK},{"x" * 101},"a\nb",{"t" * 41},perhaps,Nobody\n'
    )

    found = compared(acme, text)

    assert problems(found) == [
        (2, "label", "invalid"),
        (2, "tags", "invalid"),
        (2, "protected", "invalid"),
        (2, "agent", "unknown_agent"),
    ]
    assert [problem.message for problem in found.skipping[0].problems] == [
        "Use at most 100 characters.",
        "A tag has at most 40 characters and no comma.",
        "Write yes or no.",
        "There is no agent called “Nobody”.",
    ]
    assert problems(compared(acme, f"number,agent\n{DESK},draft\n")) == [
        (2, "agent", "agent_not_live")
    ]


def test_a_line_is_counted_where_its_row_begins(acme: Account, desk: PhoneNumber) -> None:
    text = f'number,notes\n\n{DESK},"one\ntwo"\nnonsense,x\n'

    (row,) = compared(acme, text).skipping

    assert (row.entry.row, row.entry.line) == (4, 5)


@pytest.mark.parametrize("blanks_clear", [False, True])
def test_a_blank_cell_stays_or_clears(acme: Account, by_admin: Actor, blanks_clear: bool) -> None:
    agent = AgentFactory.create(account=acme)
    number = PhoneNumberFactory.create(
        account=acme, e164=DESK, label="Desk", notes="Hi", protected=True, agent=agent
    )
    number.tags.add(TagFactory.create(account=acme, name="vip"))
    text = f"number,name,notes,tags,protected,agent\n{DESK}, ,,,,\n"

    found = compared(acme, text, blanks_clear=blanks_clear)

    if not blanks_clear:
        assert found.unchanged == 1
        return
    worked(csv_edits.start(acme, found, actor=by_admin, at=NOON))
    number.refresh_from_db()
    assert (number.label, number.notes, number.agent) == ("", "", None)
    assert not number.tags.exists()
    assert number.protected  # yes or no has no blank


def test_a_blank_cell_does_not_take_the_name_of_an_enabled_number(acme: Account) -> None:
    PhoneNumberFactory.create(account=acme, e164=DESK, enabled=True)  # S4-45

    found = compared(acme, f"number,name\n{DESK},\n", blanks_clear=True)

    assert problems(found) == [(2, "label", "enabled_needs_name")]


@pytest.mark.parametrize("head", ["number,name", "number,name,,"])
def test_a_row_with_cells_behind_the_head_is_skipped(
    acme: Account, desk: PhoneNumber, head: str
) -> None:
    text = f"{head}\n{DESK},Berlin, Mitte\n"

    assert problems(compared(acme, text)) == [(2, "", "too_many_cells")]


def test_a_row_may_end_before_the_head_does(acme: Account, desk: PhoneNumber) -> None:
    assert changes(compared(acme, f"number,name,notes\n{DESK},New\n")) == {
        DESK: {"label": ("Desk", "New")}
    }


def test_numbers_beyond_the_licenses_cannot_be_assigned_one_after_the_other(
    acme: Account, by_admin: Actor
) -> None:
    AgentFactory.create(account=acme, name="Zoe")
    Subscription.objects.filter(account=acme).update(licenses=1)
    GracePeriodFactory.create(account=acme, expired=True, opened_at=NOON - timedelta(days=3))
    first, second = PhoneNumberFactory.create_batch(2, account=acme)
    text = f"number,agent\n{first.e164},Zoe\n{second.e164},Zoe\n"

    found = compared(acme, text)

    assert changes(found).keys() == {first.e164}
    assert problems(found) == [(3, "agent", "beyond_licenses")]
    job = worked(csv_edits.start(acme, found, actor=by_admin, at=NOON))
    assert job.result["done"] == 1


def test_a_row_that_is_skipped_takes_no_license_from_the_next(acme: Account) -> None:
    AgentFactory.create(account=acme, name="Zoe")
    Subscription.objects.filter(account=acme).update(licenses=1)
    GracePeriodFactory.create(account=acme, expired=True, opened_at=NOON - timedelta(days=3))
    first, second = PhoneNumberFactory.create_batch(2, account=acme)
    text = f"number,agent,protected\n{first.e164},Zoe,perhaps\n{second.e164},Zoe,no\n"

    assert changes(compared(acme, text)).keys() == {second.e164}


def test_a_comparison_asks_the_database_as_often_for_many_as_for_few(acme: Account) -> None:
    AgentFactory.create(account=acme, name="Zoe")
    numbers = PhoneNumberFactory.create_batch(30, account=acme)

    def queries(count: int) -> int:
        lines = "".join(f"{number.e164},New,Zoe,a\n" for number in numbers[:count])
        with CaptureQueriesContext(database) as caught:
            assert len(compared(acme, f"number,name,agent,tags\n{lines}").changing) == count
        return len(caught)

    assert queries(30) == queries(2)


# --- Columns -------------------------------------------------------------------------------------


def test_columns_are_known_by_their_names_and_others_are_left_out() -> None:
    header = ["Phone Number", "LABEL", " Tags ", "state", "Agent name", ""]

    places = csv_edits.recognized(header)

    assert places == {"number": 0, "label": 1, "tags": 2, "agent": 4}
    assert csv_edits.ignored(header, places) == ["state"]


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("name,label,number", "two columns for “Name”"),
        ("name,tags", "no column of phone numbers"),
        ("number,state", "nothing to change"),
    ],
)
def test_a_file_whose_columns_cannot_be_used_says_why(
    acme: Account, header: str, sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence):
        compared(acme, f"{header}\n1,2,3\n")


def test_a_column_more_is_one_entry(
    acme: Account,
    desk: PhoneNumber,
    by_admin: Actor,
    owner_client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: list[tuple[int, str]] = []

    def limit(number_id: int, *, minutes: str, actor: Actor, at: Any) -> None:
        written.append((number_id, minutes))

    service: Callable[..., object] = limit
    column = type(COLUMNS["label"])(
        "limit", "limit", "Limit", service=service, argument="minutes", help="minutes a month",
        now=lambda row, tags: "60",
    )  # fmt: skip
    monkeypatch.setitem(COLUMNS, "limit", column)

    job = done(acme, f"number,limit\n{DESK},120\n", by_admin)

    assert job.result["done"] == 1
    assert written == [(desk.pk, "120")]
    assert "minutes a month" in owner_client.get("/a/acme/numbers/csv/").content.decode()


def test_what_locks_the_entitlement_is_done_before_what_locks_the_number(
    acme: Account, desk: PhoneNumber, by_admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    AgentFactory.create(account=acme, name="Zoe")
    called: list[list[str]] = []

    def note(number_id: int, *, actor: Actor, at: Any, **arguments: Any) -> None:
        called.append(sorted(arguments))

    def count(number_id: int, **arguments: Any) -> None:
        note(number_id, **arguments)

    for name, column in COLUMNS.items():
        service = count if column.is_counted else note
        monkeypatch.setitem(COLUMNS, name, replace(column, service=service))

    done(acme, f"number,name,notes,agent\n{DESK},New,Hi,Zoe\n", by_admin)

    assert called == [["agent_id"], ["label", "notes"]]
