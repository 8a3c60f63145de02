"""What people type to find something, at every door: numbers as pasted, names in any case (B10)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from accounts.models import Account
from numbers.actions import ACTIONS
from numbers.forms.actions import ActionForm
from numbers.models import PhoneNumber
from tests.api.conftest import Program, program
from tests.factories import (
    AgentFactory,
    ApiKeyFactory,
    CarrierTaskFactory,
    ConnectionFactory,
    EventFactory,
    PhoneNumberFactory,
    subscribed,
)
from tests.pasted import E164, OTHERS, PASTED

__all__ = ["program"]

pytestmark = pytest.mark.django_db

#: What a door finds for a text: the numbers in E.164.
Door = Callable[[str], list[str]]


@pytest.fixture
def wanted(acme: Account) -> PhoneNumber:
    """The number that is looked for, among others, each with an event and a task."""
    for other in OTHERS:
        PhoneNumberFactory.create(account=acme, e164=other, friendly_name="")
    PhoneNumberFactory.create(e164=E164)  # of another account
    number: PhoneNumber = PhoneNumberFactory.create(
        account=acme, e164=E164, label="Büro Ærø, Straße", friendly_name="ÉLYSÉE"
    )
    for each in acme.numbers.all():
        EventFactory.create(account=acme, subject_id=each.pk, subject_label=each.e164)
        CarrierTaskFactory.create(number=each)
    return number


@pytest.fixture(
    params=[
        "page", "csv", "rest", "bulk over REST", "swap", "swap-in", "admin", "admin tasks",
        "activity page", "activity over REST", "admin events",
    ]
)  # fmt: skip
def door(
    request: pytest.FixtureRequest,
    acme: Account,
    wanted: PhoneNumber,
    owner_client: Client,
    support_client: Client,
    program: Program,
) -> Door:
    return {
        "page": lambda text: _page(owner_client, text),
        "csv": lambda text: _csv(owner_client, text),
        "rest": lambda text: _rest(program, text),
        "bulk over REST": lambda text: _bulk(program, text),
        "swap": lambda text: _swap(owner_client, "swap", acme, text),
        "swap-in": lambda text: _swap(owner_client, "swap-in", acme, text),
        "admin": lambda text: _admin(support_client, acme, text),
        "admin tasks": lambda text: _admin_tasks(support_client, text),
        "activity page": lambda text: _activity(owner_client, text),
        "activity over REST": lambda text: _events(program, text),
        "admin events": lambda text: _admin_events(support_client, text),
    }[request.param]


def _page(client: Client, text: str) -> list[str]:
    answer = client.get("/a/acme/numbers/", {"q": text})
    assert answer.status_code == 200
    return [row.number.e164 for row in answer.context["rows"]]


def _csv(client: Client, text: str) -> list[str]:
    answer: Any = client.get("/a/acme/numbers/export.csv", {"q": text, "format": "plain"})
    return [line.split(",")[0] for line in answer.getvalue().decode().splitlines()[1:]]


def _rest(program: Program, text: str) -> list[str]:
    answer = program.get(f"/api/v1/numbers/?q={quote(text)}")
    assert answer.status_code == 200, answer.content
    return [row["number"] for row in answer.json()["results"]]


def _bulk(program: Program, text: str) -> list[str]:
    body = {"action": "tag", "params": {"add": ["x"]}, "filter": {"q": text}, "dry_run": True}
    answer = program.send("post", "bulk-jobs/", body)
    assert answer.status_code == 200, answer.content
    return [row["number"] for row in answer.json()["changing"]]


def _swap(client: Client, page: str, acme: Account, text: str) -> list[str]:
    other = acme.numbers.filter(e164="+14155559999").first()
    if other is None:
        if page == "swap-in":
            acme.numbers.update(agent=AgentFactory.create(account=acme))
        other = PhoneNumberFactory.create(
            account=acme, e164="+14155559999", assigned=page == "swap"
        )
    answer = client.get(f"/a/acme/numbers/{other.pk}/{page}/", {"q": text})
    return [number.e164 for number, *_ in answer.context["candidates"]]


def _admin(client: Client, acme: Account, text: str) -> list[str]:
    answer = client.get("/admin/numbers/phonenumber/", {"q": text})
    return [row.e164 for row in answer.context["cl"].result_list if row.account == acme]


def _admin_tasks(client: Client, text: str) -> list[str]:
    answer = client.get("/admin/numbers/carriertask/", {"q": text})
    return [row.number.e164 for row in answer.context["cl"].result_list]


def _activity(client: Client, text: str) -> list[str]:
    answer = client.get("/a/acme/activity/", {"subject": text})
    return [event.subject_label for event in answer.context["page"].rows]


def _events(program: Program, text: str) -> list[str]:
    answer = program.get(f"/api/v1/events/?subject={quote(text)}")
    assert answer.status_code == 200, answer.content
    return [row["subject"]["label"] for row in answer.json()["results"]]


def _admin_events(client: Client, text: str) -> list[str]:
    answer = client.get("/admin/accounts/event/", {"q": text})
    return [event.subject_label for event in answer.context["cl"].result_list]


def test_a_number_is_found_however_it_was_pasted(door: Door) -> None:
    found = {name: door(text) for name, text in PASTED.items()}

    assert {name: each for name, each in found.items() if set(each) != {E164}} == {}


def confirms(typed: str, number: PhoneNumber) -> bool:
    number.twilio = {"origin": "hosted"}  # cannot be bought back, so it is confirmed by its digits
    form = ActionForm(ACTIONS["release"], {"last_four": typed}, number=number, agents=[])
    return bool(form.is_valid())


@pytest.mark.parametrize("typed", list(PASTED.values()), ids=list(PASTED))
def test_a_release_is_confirmed_by_a_number_however_it_was_pasted(
    wanted: PhoneNumber, typed: str
) -> None:
    assert confirms(typed, wanted)


@pytest.mark.parametrize(
    "typed", ["123", "0124", "+442079460124", "tel:0124", "+1 415 555 0123", "\u200e", "four"]
)
def test_a_release_is_not_confirmed_by_another_number(wanted: PhoneNumber, typed: str) -> None:
    assert not confirms(typed, wanted)


NAMES = [
    "büro",
    "BÜRO",
    "buro",
    "Bu\u0308ro",
    "b\u200bür\u00ado",
    "ærø",
    "AERO",
    "strasse",
    "STRASSE",
    "straße",
    "élysée",
    "elysee",
    "\uff42üro",  # full-width b
]


def test_a_name_is_found_without_regard_to_case_and_accents(
    door: Door, request: pytest.FixtureRequest
) -> None:
    if request.node.callspec.params["door"] in (
        "admin tasks", "activity page", "activity over REST", "admin events"
    ):  # fmt: skip
        pytest.skip("knows numbers, not their names")

    found = {typed: door(typed) for typed in NAMES}

    assert {typed: each for typed, each in found.items() if each != [E164]} == {}


@pytest.mark.parametrize("typed", ["\u200e", "\u2800", "\u0301"])
def test_a_search_that_shows_nothing_finds_nothing(
    wanted: PhoneNumber, owner_client: Client, typed: str
) -> None:
    assert _page(owner_client, typed) == []


@pytest.mark.parametrize(
    "typed", ["ÉMILE & ZOË", "émile & zoë", "emile & zoe", "E\u0301mile & Zoë"]
)
@pytest.mark.parametrize("kind", ["agent", "api_key", "connection"])
def test_activity_is_found_by_a_name_in_any_case(
    acme: Account, owner_client: Client, kind: str, typed: str
) -> None:
    factory: Any = {
        "agent": AgentFactory,
        "api_key": ApiKeyFactory,
        "connection": ConnectionFactory,
    }[kind]
    row = factory.create(account=acme, name="Émile & Zoë")
    factory.create(account=acme, name="Emil & Zoë")
    EventFactory.create(account=acme, subject_type=kind, subject_id=row.pk, summary="theirs")
    EventFactory.create(account=acme, subject_type=kind, subject_id=row.pk + 1)

    answer = owner_client.get("/a/acme/activity/", {"subject": typed})

    assert [event.summary for event in answer.context["page"].rows] == ["theirs"]


@pytest.mark.parametrize(
    "address",
    ["accounts/account", "telephony/agent", "licensing/subscription", "accounts/membership"],
)
def test_support_finds_accounts_and_agents_by_a_name_in_any_case(
    support_client: Client, address: str
) -> None:
    account = subscribed(name="Élan Vœux")
    AgentFactory.create(account=account, name="Élan Vœux")
    subscribed(name="Elsewhere")

    for typed in ("élan", "ELAN", "E\u0301LAN", "voeux", "\u200eélan  vœux"):
        answer = support_client.get(f"/admin/{address}/", {"q": typed})
        found = answer.context["cl"].result_list
        names = {str(getattr(row, "account", row)) for row in found}
        assert names <= {"Élan Vœux"}, typed
        assert found or address == "accounts/membership"


def test_support_finds_the_account_of_a_pasted_number(
    wanted: PhoneNumber, support_client: Client
) -> None:
    for name, typed in PASTED.items():
        answer = support_client.get("/admin/accounts/account/", {"q": typed})
        assert wanted.account in answer.context["cl"].result_list, name


def test_a_tag_is_filtered_by_in_any_case_and_composition(
    acme: Account, wanted: PhoneNumber, owner_client: Client
) -> None:
    wanted.tags.create(account=acme, name="münchen")

    for typed in ("münchen", "MÜNCHEN", unicodedata.normalize("NFD", "münchen"), " \u200bmünchen "):
        answer = owner_client.get("/a/acme/numbers/", {"tag": typed})
        assert [row.number for row in answer.context["rows"]] == [wanted], typed
