"""Each member chooses what the list of numbers shows of each (S0-21)."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from accounts.actor import SYSTEM, Actor
from accounts.models import Account
from config.errors import Forbidden, Invalid
from numbers.models import ColumnChoice
from numbers.services import saved
from numbers.states import ListColumn
from numbers.views.export import CSV_HEADER
from tests.factories import ConnectionFactory, PhoneNumberFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

LIST = "/a/acme/numbers/"
CHOOSE = "/a/acme/numbers/columns/"
HEAD = re.compile(r"<th\b[^>]*>(.*?)</th>", re.DOTALL)


def heads(client: Client, **query: str) -> list[str]:
    """The heads of the table, as they are read, without the check boxes."""
    html = client.get(LIST, query).content.decode()
    texts = [re.sub(r"<[^>]+>", "", each).strip() for each in HEAD.findall(html)]
    return [unescape(text) for text in texts if text]


# --- The service -----------------------------------------------------------------------------


def test_a_choice_is_kept_in_the_order_of_the_table_and_replaced(
    acme: Account, by_owner: Actor
) -> None:
    saved.choose_columns(acme.pk, columns=["sid", "agent", "agent"], actor=by_owner)
    assert ColumnChoice.objects.get().columns == ["agent", "sid"]
    saved.choose_columns(acme.pk, columns=[], actor=by_owner)
    assert ColumnChoice.objects.get().columns == []
    saved.forget_columns(acme.pk, actor=by_owner)
    assert not ColumnChoice.objects.exists()


def test_a_column_that_there_is_not_is_refused(acme: Account, by_owner: Actor) -> None:
    with pytest.raises(Invalid, match="no column"):
        saved.choose_columns(acme.pk, columns=["agent", "shoe size"], actor=by_owner)

    assert not ColumnChoice.objects.exists()


def test_only_a_member_chooses(acme: Account) -> None:
    with pytest.raises(Forbidden):
        saved.choose_columns(acme.pk, columns=["agent"], actor=SYSTEM)


# --- The page --------------------------------------------------------------------------------


def test_the_usual_columns_depend_on_what_there_is_to_say(
    acme: Account, owner_client: Client
) -> None:
    number = PhoneNumberFactory.create(account=acme)

    usual = ["Number", "State", "Agent", "Capabilities", "Tags", "Imported"]
    assert heads(owner_client) == usual
    undecided = ["Number", "State", "Capabilities", "Tags", "Imported", "Decide"]
    assert heads(owner_client, tab="unassigned") == undecided
    ConnectionFactory.create(account=acme)
    assert heads(owner_client) == [*usual[:5], "Connection", "Imported"]
    assert number.connection.name in owner_client.get(LIST).content.decode()


def test_a_member_chooses_for_themselves_alone_without_a_script(
    acme: Account, owner_client: Client, member_client: Client
) -> None:
    number = PhoneNumberFactory.create(account=acme)
    before = heads(owner_client)

    response = member_client.post(
        CHOOSE, {"column": ["sid", "capabilities", "country"], "query": "q=707&after=xyz"}
    )

    assert response["Location"] == f"{LIST}?q=707"
    chosen = ["Number", "State", "Capabilities", "Country", "SID"]
    assert heads(member_client, q="707") == chosen
    html = member_client.get(LIST).content.decode()
    assert number.sid in html
    assert "gone-s" not in html  # what was chosen shows on a phone as well
    assert heads(owner_client) == before
    member_client.post(CHOOSE, {"usual": "1", "query": ""})
    assert heads(member_client) == before


@pytest.mark.parametrize("column", ListColumn)
def test_each_column_can_be_the_only_one(
    acme: Account, owner_client: Client, column: ListColumn
) -> None:
    number = PhoneNumberFactory.create(account=acme, assigned=True)
    ConnectionFactory.create(account=acme)
    number.tags.create(account=acme, name="harbor")

    owner_client.post(CHOOSE, {"column": column.value})

    html = owner_client.get(LIST).content.decode()
    cells = re.findall(rf'(?s)<td data-label="{column.label}"[^>]*>(.*?)</td>', html)
    assert heads(owner_client) == ["Number", "State", column.label]
    assert len(cells) == 1
    assert re.sub(r"<[^>]+>", "", cells[0]).strip()


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ({}, ["off: Calls: possible, not offered", "off: Texts: possible, not offered"]),
        (
            {"ready": True, "voice": False},
            [
                "unable: Calls: not possible with this number",
                "on: Texts: offered once it is enabled",
            ],
        ),
        ({"enabled": True}, ["off: Calls: possible, not offered", "on: Texts: answered"]),
    ],
)
def test_services_are_pictures_that_say_what_they_show(
    acme: Account, owner_client: Client, number: dict[str, Any], said: list[str]
) -> None:
    PhoneNumberFactory.create(account=acme, **number)
    owner_client.post(CHOOSE, {"column": "services"})

    html = owner_client.get(LIST).content.decode()

    shown = re.findall(
        r'<svg class="(\w+)"[^>]*role="img" aria-label="([^"]*)"><title>([^<]*)', html
    )
    assert [f"{look}: {words}" for look, words, _ in shown[-2:]] == said
    assert all(words == title for _, words, title in shown[-2:])


def test_all_can_be_taken_away(acme: Account, owner_client: Client) -> None:
    PhoneNumberFactory.create(account=acme)

    owner_client.post(CHOOSE, {"query": ""})

    assert heads(owner_client) == ["Number", "State"]
    assert heads(owner_client, tab="unassigned") == ["Number", "State", "Decide"]


def test_what_is_not_a_column_is_told(acme: Account, owner_client: Client) -> None:
    PhoneNumberFactory.create(account=acme)

    response = owner_client.post(CHOOSE, {"column": "twilio"}, follow=True)

    (message,) = response.context["messages"]
    assert str(message).startswith("There is no column “twilio”.")
    assert not ColumnChoice.objects.exists()


def test_a_stranger_chooses_nothing(acme: Account, stranger_client: Client) -> None:
    assert stranger_client.post(CHOOSE, {"column": "agent"}).status_code == 404
    assert not ColumnChoice.objects.exists()


def test_the_csv_has_every_column_whatever_is_chosen(acme: Account, owner_client: Client) -> None:
    PhoneNumberFactory.create(account=acme)
    owner_client.post(CHOOSE, {"column": "sid"})

    response: Any = owner_client.get(f"{LIST}export.csv")

    text = b"".join(response.streaming_content).decode("utf-8-sig")
    assert tuple(next(csv.reader(io.StringIO(text)))) == CSV_HEADER
