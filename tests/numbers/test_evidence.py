"""Rows that people decide about say how the number came and which agent had it (S0-17, S0-22), and
any row may say how it came (S0-21)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from accounts.models import Account
from numbers.services import assignment
from tests.factories import NOON, AgentFactory, EventFactory, PhoneNumberFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

UNASSIGNED = "/a/acme/numbers/?tab=unassigned"


def imported(account: Account, by: str, **fields: Any) -> Any:
    number = PhoneNumberFactory.create(account=account, **fields)
    EventFactory.create(
        account=account, type="number.imported", subject_type="number", subject_id=number.pk,
        actor_label=by, at=NOON,
    )  # fmt: skip
    return number


@pytest.mark.parametrize("where", [UNASSIGNED, "/a/acme/licenses/decide/"])
def test_an_unassigned_row_says_who_imported_it_and_who_had_it_right_after_unassign(
    where: str, acme: Account, owner_client: Client, by_admin: Actor
) -> None:
    agent = AgentFactory.create(account=acme, name="Front desk")
    number = imported(acme, "nightly@acme.example", agent=agent)
    for _ in range(10):  # over its licenses, so that the page where one decides shows them
        PhoneNumberFactory.create(account=acme)
    assert "Last answered by" not in owner_client.get(where).content.decode()

    assignment.unassign(number.pk, actor=by_admin, at=NOON)

    page = owner_client.get(where).content.decode()
    assert page.count("Last answered by Front desk") == 1
    assert page.count("Imported by nightly") == 1


@pytest.mark.parametrize(
    ("events", "twilio", "said"),
    [
        ([], {}, "Imported"),
        (["number.imported"], {"origin": "twilio"}, "Imported"),
        (["number.imported", "number.released", "number.restored"], {}, "Restored"),
        (["number.imported", "number.came_back"], {"origin": "hosted"}, "Found again, hosted"),
    ],
)
def test_the_origin_is_how_a_number_came_last(
    acme: Account, owner_client: Client, events: list[str], twilio: dict[str, str], said: str
) -> None:
    number = PhoneNumberFactory.create(account=acme, twilio=twilio)
    for kind in events:
        EventFactory.create(
            account=acme, type=kind, subject_type="number", subject_id=number.pk, at=NOON
        )
    owner_client.post("/a/acme/numbers/columns/", {"column": "origin"})

    page = owner_client.get("/a/acme/numbers/").content.decode()

    assert f'<td data-label="Origin">{said}</td>' in page
    cell = f'"{said}"' if "," in said else said
    exported = b"".join(
        owner_client.get("/a/acme/numbers/export.csv").streaming_content  # type: ignore[attr-defined]
    )
    assert f",{number.connection.name},{cell}," in exported.decode("utf-8-sig")


def test_only_who_shows_the_origin_pays_for_it_and_not_by_the_row(
    acme: Account, owner_client: Client, django_assert_num_queries: Any
) -> None:
    imported(acme, "nightly")
    with CaptureQueriesContext(connection) as caught:
        owner_client.get("/a/acme/numbers/")
    usual = len(caught)
    owner_client.post("/a/acme/numbers/columns/", {"column": ["origin", "services", "tags"]})
    imported(acme, "nightly")

    with django_assert_num_queries(usual + 2):
        owner_client.get("/a/acme/numbers/")


def test_what_the_timeline_does_not_say_is_left_out(acme: Account, owner_client: Client) -> None:
    PhoneNumberFactory.create(account=acme)

    page = owner_client.get(UNASSIGNED).content.decode()

    assert "Imported by" not in page
    assert "Last answered by" not in page


def test_more_rows_cost_no_more_queries(
    acme: Account, owner_client: Client, django_assert_num_queries: Any
) -> None:
    imported(acme, "nightly")
    with CaptureQueriesContext(connection) as few:
        owner_client.get(UNASSIGNED)
    for _ in range(9):
        imported(acme, "nightly")
    with django_assert_num_queries(len(few)):
        owner_client.get(UNASSIGNED)
