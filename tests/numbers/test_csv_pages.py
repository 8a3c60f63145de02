"""Edit by CSV in the browser: a file, a preview, a job (B10)."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import Account, Job
from accounts.services import job_items
from config import csv_files
from config.refusals import refusal_code
from numbers.models import CsvEdit, PhoneNumber
from tests.factories import AgentFactory, CsvEditFactory, PhoneNumberFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

PAGE = "/a/acme/numbers/csv/"
DESK = "+14155550123"


@pytest.fixture
def desk(acme: Account) -> PhoneNumber:
    return PhoneNumberFactory.create(account=acme, e164=DESK, label="Desk")


def brought(client: Client, raw: bytes, name: str = "numbers.csv") -> Any:
    return client.post(PAGE, {"file": SimpleUploadedFile(name, raw)})


def preview_of(client: Client, text: str) -> Any:
    return client.get(brought(client, text.encode())["Location"])


def hidden(response: Any) -> dict[str, Any]:
    return dict(response.context["hidden"])


def test_a_file_is_previewed_confirmed_and_done(
    acme: Account, desk: PhoneNumber, owner_client: Client
) -> None:
    agent = AgentFactory.create(account=acme, name="Zoe")
    preview = preview_of(
        owner_client,
        f"number,name,agent,state\n{DESK},Front desk,Zoe,held\n+14155550199,x,,held\n",
    )
    html = preview.content.decode()

    assert preview.status_code == 200
    assert "Edit 1 number by CSV?" in html
    assert "Left out: state." in html
    assert "read as UTF-8 with commas between the cells" in html
    assert "This account has no such number." in html
    for text in ("Desk", "Front desk", "Zoe", "Blank cells leave things as they are."):
        assert text in html
    desk.refresh_from_db()
    assert desk.label == "Desk"
    assert not Job.objects.exists()

    answer = owner_client.post(preview.request["PATH_INFO"], hidden(preview))
    job = Job.objects.get()
    assert answer["Location"] == f"/a/acme/jobs/{job.pk}/"
    job_items.work(job.pk)
    desk.refresh_from_db()
    assert (desk.label, desk.agent) == ("Front desk", agent)
    page = owner_client.get(answer["Location"]).content.decode()
    assert "Name: Desk → Front desk" in page
    assert "Agent: none → Zoe" in page


def test_confirmed_again_it_leads_to_its_job(desk: PhoneNumber, owner_client: Client) -> None:
    preview = preview_of(owner_client, f"number,name\n{DESK},New\n")
    address = preview.request["PATH_INFO"]

    first = owner_client.post(address, hidden(preview))
    second = owner_client.post(address, hidden(preview))

    assert first["Location"] == second["Location"] == owner_client.get(address)["Location"]
    assert Job.objects.count() == 1


def test_rows_can_be_pasted(desk: PhoneNumber, owner_client: Client) -> None:
    answer = owner_client.post(PAGE, {"pasted": "number\tname\r\n(415) 555-0123\tNew\r\n"})

    preview = owner_client.get(answer["Location"])
    assert "tabs between the cells" in preview.content.decode()
    assert len(preview.context["changing"]) == 1


def test_what_was_pasted_is_still_there_after_an_error(owner_client: Client) -> None:
    answer = owner_client.post(PAGE, {"pasted": 'number,name\n1,"open'})

    assert answer.status_code == 422
    html = answer.content.decode()
    assert "ends inside of quotes" in html
    assert "1,&quot;open" in html
    assert not CsvEdit.objects.exists()


@pytest.mark.parametrize(
    "fields", [{}, {"pasted": "  "}, {"pasted": "number,name\n1,2", "file": "both"}]
)
def test_a_file_or_rows_and_not_both(owner_client: Client, fields: dict[str, Any]) -> None:
    if "file" in fields:
        fields = fields | {"file": SimpleUploadedFile("n.csv", b"number,name\n1,2")}

    answer = owner_client.post(PAGE, fields)

    assert answer.status_code == 422
    assert "Choose a file or paste rows" in answer.content.decode()


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"PK\x03\x04[Content_Types].xml", "is an Excel workbook"),
        (b"", "is empty"),
        (b"number,name\n", "a head and no rows"),
        (b"number,name\n1,a\0", "NUL"),
    ],
)
def test_what_is_no_csv_is_refused_and_not_stored(
    owner_client: Client, raw: bytes, sentence: str
) -> None:
    answer = brought(owner_client, raw)

    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not CsvEdit.objects.exists()


def test_a_file_that_is_too_large_is_not_read(
    owner_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("numbers.forms.csv_edits.LARGEST_FILE", 1 << 20)
    monkeypatch.setattr(csv_files, "decode", None)

    answer = brought(owner_client, b"x" * ((1 << 20) + 1))

    assert answer.status_code == 422
    assert "larger than 1 MB" in answer.content.decode()


def test_columns_with_other_names_are_chosen(desk: PhoneNumber, owner_client: Client) -> None:
    asked = preview_of(owner_client, f"Rufnummer;Bezeichnung\n{DESK};Empfang\n")
    address = asked.request["PATH_INFO"]

    chosen = owner_client.get(address, {"number": "0", "label": "1"})
    owner_client.post(address, hidden(chosen))

    assert asked.status_code == 422
    assert "Which columns?" in asked.content.decode()
    assert "Bezeichnung" in asked.content.decode()
    assert len(chosen.context["changing"]) == 1
    job_items.work(Job.objects.get().pk)
    desk.refresh_from_db()
    assert desk.label == "Empfang"


def test_columns_that_were_recognized_stay_chosen_when_only_the_number_is_not(
    desk: PhoneNumber, owner_client: Client
) -> None:
    asked = preview_of(owner_client, f"Rufnummer,name,tags\n{DESK},Empfang,vip\n")

    form = asked.context["form"]
    assert {name: form[name].value() for name in ("number", "label", "tags")} == {
        "number": None, "label": 1, "tags": 2
    }  # fmt: skip
    assert '<option value="1" selected>name</option>' in asked.content.decode()


def test_what_is_wrong_with_pasted_rows_stands_where_they_were_pasted(owner_client: Client) -> None:
    answer = owner_client.post(PAGE, {"pasted": f"{DESK},Front desk"})

    assert answer.status_code == 422
    told = f"This file has a head and no rows. {refusal_code('no_rows')}"
    assert answer.context["form"].errors == {"pasted": [told]}


def test_a_row_with_a_wrong_number_is_named_by_its_line_and_column(
    desk: PhoneNumber, owner_client: Client
) -> None:
    text = f'number,name,notes\n{DESK},A,"two\nlines"\nnope,B,\n(415) 555-0123,C,\n'

    html = preview_of(owner_client, text).content.decode()

    assert "Number: This is not a complete phone number." in html
    assert "Number: Lines 2, 5 are about the same number. Keep one." in html


def test_an_edit_that_would_do_more_than_was_shown_is_shown_again(
    acme: Account, desk: PhoneNumber, owner_client: Client
) -> None:
    hall = PhoneNumberFactory.create(account=acme, e164="+14155550124", label="Hall")
    text = f"number,name,protected\n{DESK},Front desk,no\n+14155550124,,no\n"
    preview = preview_of(owner_client, text)
    address = preview.request["PATH_INFO"]
    PhoneNumber.objects.filter(pk=hall.pk).update(protected=True)

    again = owner_client.post(address, hidden(preview))
    begun = Job.objects.count()
    unsealed = owner_client.post(address, hidden(preview) | {"seal": ""})
    owner_client.post(address, hidden(again))

    assert "Edit 1 number by CSV?" in preview.content.decode()
    assert (again.status_code, unsealed.status_code, begun) == (422, 422, 0)
    assert "Edit 2 numbers by CSV?" in again.content.decode()
    assert "has changed since it was shown" in again.content.decode()
    assert Job.objects.get().total == 2


def test_an_edit_is_named_after_what_changes_and_says_beside_it_what_is_skipped(
    desk: PhoneNumber, owner_client: Client
) -> None:
    preview = preview_of(owner_client, f"number,name\n{DESK},New\n+14155550199,x\n")

    owner_client.post(preview.request["PATH_INFO"], hidden(preview))

    assert Job.objects.get().title == "Edit 1 number by CSV, 1 row skipped"


def test_columns_named_twice_are_asked_about(desk: PhoneNumber, owner_client: Client) -> None:
    asked = preview_of(owner_client, f"number,name,label\n{DESK},One,Two\n")

    assert asked.status_code == 422
    assert "two columns for “Name”" in asked.content.decode()
    chosen = owner_client.get(asked.request["PATH_INFO"], {"number": "0", "label": "2"})
    assert chosen.context["changing"][0].changes[0].after == "Two"


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"number": "0", "label": "0"}, "used for Number already"),
        ({"number": "7"}, "is not one of the available choices"),
        ({"number": "x"}, "is not one of the available choices"),
        ({"number": ""}, "This field is required"),
        ({"number": "0"}, "nothing to change"),
    ],
)
def test_columns_that_make_no_sense_are_refused(
    desk: PhoneNumber, owner_client: Client, query: dict[str, str], sentence: str
) -> None:
    address = brought(owner_client, f"number,name\n{DESK},New\n".encode())["Location"]

    for method in (owner_client.get, owner_client.post):
        answer = method(address, query)
        assert answer.status_code == 422
        assert sentence in answer.content.decode()
    assert not Job.objects.exists()


def test_blank_cells_clear_when_that_is_ticked(desk: PhoneNumber, owner_client: Client) -> None:
    asked = preview_of(owner_client, f"number,name\n{DESK},\n")
    address = asked.request["PATH_INFO"]

    preview = owner_client.get(address, {"number": "0", "label": "1", "blanks_clear": "on"})
    owner_client.post(address, hidden(preview))

    assert asked.context["found"].unchanged == 1
    assert "Blank cells clear what is there" in preview.content.decode()
    job_items.work(Job.objects.get().pk)
    desk.refresh_from_db()
    assert desk.label == ""


def test_every_row_is_in_the_csv_of_the_preview(
    acme: Account, desk: PhoneNumber, owner_client: Client
) -> None:
    PhoneNumberFactory.create(account=acme, e164="+14155550124", label="Hall")
    text = f"number,name,protected\n{DESK},=1,yes\n+14155550124,Hall,\nnope,x,\n"
    address = preview_of(owner_client, text).request["PATH_INFO"]

    answer: Any = owner_client.get(f"{address}preview.csv", {"format": "plain"})
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))

    assert [(row["line"], row["result"], row["column"], row["after"]) for row in rows] == [
        ("2", "will change", "Name", "'=1"),
        ("2", "will change", "Protected", "yes"),
        ("3", "stays as it is", "", ""),
        ("4", "will be skipped", "Number", ""),
    ]
    assert rows[3]["why"] == "This is not a complete phone number."


def test_the_csv_of_a_preview_that_there_is_not_is_the_page(
    desk: PhoneNumber, owner_client: Client
) -> None:
    address = brought(owner_client, b"a,b\n1,2\n")["Location"]

    assert owner_client.get(f"{address}preview.csv")["Location"].startswith(address)


def test_a_large_preview_shows_some_rows_and_counts_all(
    acme: Account, owner_client: Client
) -> None:
    numbers = PhoneNumberFactory.create_batch(60, account=acme)
    lines = "".join(f"{number.e164},New\n" for number in numbers)

    preview = preview_of(owner_client, f"number,name\n{lines}")

    assert "the first 50 of 60" in preview.content.decode()
    assert "Edit 60" in preview.content.decode()


def test_who_may_change_numbers_finds_the_page_on_the_list(
    acme: Account, desk: PhoneNumber, owner_client: Client, member_client: Client
) -> None:
    assert PAGE in owner_client.get("/a/acme/numbers/").content.decode()
    assert PAGE not in member_client.get("/a/acme/numbers/").content.decode()
    assert brought(member_client, b"number,name\n1,2\n").status_code == 403
    assert not CsvEdit.objects.exists()


def test_a_file_of_another_account_does_not_exist(owner_client: Client, acme: Account) -> None:
    theirs = CsvEditFactory.create()

    for address in (f"{PAGE}{theirs.pk}/", f"{PAGE}{theirs.pk}/preview.csv"):
        assert owner_client.get(address).status_code == 404
    assert owner_client.post(f"{PAGE}{theirs.pk}/", {"number": "0"}).status_code == 404


def test_words_of_a_file_never_run_on_the_page(desk: PhoneNumber, owner_client: Client) -> None:
    preview = preview_of(owner_client, f"number,name,<script>\n{DESK},<script>alert(1)</script>,\n")

    assert "<script>alert" not in preview.content.decode()
    assert "Left out: &lt;script&gt;" in preview.content.decode()
