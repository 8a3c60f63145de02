"""The table of actions: an action that is added to it is at every door, and no door knows it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import clear_url_caches, reverse

from accounts.actor import SYSTEM, Actor
from accounts.models import Account, ApiKey
from accounts.services import api_keys, job_items
from accounts.states import Permission
from config import openapi
from config.errors import Blocker, refuse
from numbers import actions
from numbers.actions import ACTIONS, Action, Kind, Many, Param, Route
from numbers.gates import Facts, facts_of
from numbers.models import PhoneNumber
from numbers.plans import Plan
from numbers.services import lifecycle
from numbers.services.bulk import BULK_ACTIONS
from numbers.states import NumberState
from tests.factories import NOON, AgentFactory, PhoneNumberFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

URLCONFS = ("numbers.urls", "numbers.api_urls", "config.api_urls", "config.urls")


def bless_gate(number: PhoneNumber, facts: Facts) -> list[Blocker]:
    if number.state == NumberState.HELD:
        return []
    return [Blocker("wrong_state", "Only a held number can be blessed.")]


@transaction.atomic
def bless_number(number_id: int, *, words: list[str], actor: Actor, at: datetime) -> PhoneNumber:
    actor.require(Permission.NUMBERS)
    number, _ = lifecycle.lock_number(number_id)
    refuse(bless_gate(number, facts_of(number.account, at=at)))
    number.notes = f"Blessed: {', '.join(words)}."
    number.save(update_fields=["notes"])
    return number


BLESS = Action(
    "bless_it",
    "Bless",
    gate=bless_gate,
    service=bless_number,
    done="{number} is blessed.",
    plan=lambda number, facts: Plan(touches=["Its soul."], blockers=bless_gate(number, facts)),
    params=(Param("words", Kind.TAGS, "Words", said=("Said: {}.",)),),
    rest=Route("blessings", "Bless the number.", dry_run=True),
    many=Many(
        "Their souls are touched.",
        "Never.",
        reads=lambda params, facts: {"state": None},
        check=lambda account_id, params: {"words": list(params["words"])},
    ),
)


def _load_again() -> None:
    for name in URLCONFS:
        importlib.reload(importlib.import_module(name))
    clear_url_caches()
    openapi._document.cache_clear()


@pytest.fixture
def bless() -> Iterator[Action]:
    """The table with one more action, as an app above would register it."""
    actions.register(BLESS)
    _load_again()
    yield BLESS
    del ACTIONS[BLESS.name], BULK_ACTIONS[BLESS.name]
    _load_again()


@pytest.fixture
def number(acme: Account) -> PhoneNumber:
    return PhoneNumberFactory.create(account=acme)


def blessed(number: PhoneNumber) -> bool:
    number.refresh_from_db()
    return number.notes == "Blessed: peace."


def key_of(account: Account, *scopes: Permission) -> dict[str, str]:
    _, secret = api_keys.create(account.pk, name="k", scopes=scopes, actor=SYSTEM, at=NOON)
    assert ApiKey.objects.exists()
    return {"HTTP_AUTHORIZATION": f"Bearer {secret}"}


def test_a_new_action_has_its_page_and_its_button(
    bless: Action,
    number: PhoneNumber,
    owner_client: Client,
    member_client: Client,
    stranger_client: Client,
) -> None:
    url = reverse("numbers:bless_it", args=["acme", number.pk])

    home = owner_client.get(number.get_absolute_url()).content.decode()
    page = owner_client.get(url).content.decode()
    assert url == f"/a/acme/numbers/{number.pk}/bless-it/"
    assert url in home
    assert "Its soul." in page
    assert 'name="words"' in page
    assert member_client.post(url, {"words": "peace"}).status_code == 403
    assert stranger_client.post(url, {"words": "peace"}).status_code == 404
    assert not blessed(number)

    answer = owner_client.post(url, {"words": "peace"}, follow=True)

    assert "is blessed." in answer.content.decode()
    assert blessed(number)


def test_a_new_action_is_refused_on_its_page_with_the_gate_s_words(
    bless: Action, acme: Account, owner_client: Client
) -> None:
    number = PhoneNumberFactory.create(account=acme, excluded=True)

    answer = owner_client.post(f"{number.get_absolute_url()}bless-it/", {"words": "peace"})

    assert answer.status_code == 422
    assert "Only a held number can be blessed." in answer.content.decode()
    assert not blessed(number)


def test_a_new_action_is_in_rest_and_in_its_document(
    bless: Action, acme: Account, number: PhoneNumber
) -> None:
    may, reads = key_of(acme, *Permission), key_of(acme, Permission.READ)
    address = f"/api/v1/numbers/{number.pk}/blessings/"
    client, body = Client(), {"words": ["peace"]}

    def post(headers: dict[str, str], **more: Any) -> Any:
        return client.post(
            address,
            {**body, **more},
            content_type="application/json",
            **headers,  # type: ignore[arg-type]
        )

    listed = client.get(f"/api/v1/numbers/{number.pk}/actions/", **may).json()  # type: ignore[arg-type]
    planned = post(may, dry_run=True)
    assert {"action": "bless_it", "label": "Bless", "allowed": True, "relevant": True,
            "blockers": []} in listed  # fmt: skip
    assert (planned.status_code, planned.json()["touches"]) == (200, ["Its soul."])
    assert post(reads).status_code == 403
    assert client.post(address, {}, content_type="application/json", **may).status_code == 422  # type: ignore[arg-type]
    assert not blessed(number)

    assert post(may).status_code == 201

    assert blessed(number)
    document = openapi.document()
    assert document["paths"]["/api/v1/numbers/{id}/blessings/"]["post"]["description"].startswith(
        "Bless the number."
    )
    assert "bless_it" in document["components"]["schemas"]["ActionEnum"]["enum"]


def test_a_new_action_is_done_to_many_by_page_and_by_rest(
    bless: Action, acme: Account, number: PhoneNumber, owner_client: Client
) -> None:
    other = PhoneNumberFactory.create(account=acme, excluded=True)
    url = reverse("numbers:bulk", args=["acme"])
    ticked = {"action": "bless_it", "ids": f"{number.pk},{other.pk}"}

    shown = owner_client.get(reverse("numbers:list", args=["acme"])).content.decode()
    asked = owner_client.post(url, ticked).content.decode()
    answer = owner_client.post(url, {**ticked, "step": "preview", "words": "peace"})
    seen, seal = answer.content.decode(), answer.context["preview"].seal
    previewed = Client().post(
        "/api/v1/bulk-jobs/",
        {"action": "bless_it", "params": {"words": ["peace"]}, "numbers": [number.pk, other.pk],
         "dry_run": True},
        content_type="application/json",
        **key_of(acme, *Permission),  # type: ignore[arg-type]
    ).json()  # fmt: skip
    assert 'value="bless_it"' in shown
    assert 'name="words"' in asked
    assert "Said: peace." in seen
    assert "Their souls are touched." in seen
    assert (previewed["will_change"], previewed["will_skip"]) == (1, 1)

    owner_client.post(url, {**ticked, "step": "confirm", "words": "peace", "seal": seal})
    job_items.work(acme.jobs.get().pk)

    assert blessed(number)
    assert not blessed(other)


def test_a_new_action_is_an_act_of_support(
    bless: Action, number: PhoneNumber, support_client: Client
) -> None:
    url = reverse("admin:numbers_phonenumber_act", args=[number.pk, "bless_it"])

    page = support_client.get(reverse("admin:numbers_phonenumber_change", args=[number.pk]))
    before = support_client.get(url).content.decode()
    assert url in page.content.decode()
    assert "Its soul." in before
    assert not blessed(number)

    support_client.post(url, {"words": "peace", "reason": "They asked"})

    assert blessed(number)


# --- The table itself ------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, each in ACTIONS.items() if each.undo])
def test_what_undoes_an_action_makes_sense_after_it(
    name: str, acme: Account, by_admin: Actor
) -> None:
    action = ACTIONS[name]
    agent = AgentFactory.create(account=acme)
    traits: tuple[dict[str, Any], ...] = (
        {"agent": agent}, {"excluded": True}, {}, {"keep_decided_at": NOON}, {"ready": True},
        {"enabled": True},
    )  # fmt: skip
    number = next(
        made
        for made in (PhoneNumberFactory.create(account=acme, **trait) for trait in traits)
        if not action.gate(made, facts_of(acme, at=NOON))
    )

    action.run(number.pk, {}, actor=by_admin, at=NOON)

    number = PhoneNumber.objects.get(pk=number.pk)
    if number.state == NumberState.RELEASING:
        number.state, number.released_at = NumberState.RELEASED, NOON
    assert actions.is_relevant(ACTIONS[action.undo].gate(number, facts_of(acme, at=NOON)))


def test_every_action_says_what_it_did_and_has_a_place(number: PhoneNumber) -> None:
    facts = facts_of(number.account, at=NOON)
    for action in ACTIONS.values():
        assert str(number) in action.title(number)
        assert action.service is None or str(number) in action.said(number, facts)
        assert bool(action.service) != bool(action.page)
        assert reverse(action.address, args=["acme", number.pk])


def test_no_door_and_no_template_of_the_doors_names_the_release() -> None:
    """Its words, danger and undo stand once; links to its page may name it."""
    doors = [
        "numbers/views/actions.py", "numbers/views/bulk.py", "numbers/views/detail.py",
        "numbers/api/actions.py", "numbers/api/bulk.py", "numbers/api_urls.py", "numbers/urls.py",
        "numbers/admin/inventory.py", "numbers/forms/bulk.py", "numbers/services/bulk.py",
    ]  # fmt: skip
    for door in doors:
        text = (Path(__file__).resolve().parents[2] / door).read_text(encoding="utf-8")
        assert '"release' not in text.replace('"fate": "release"', "").replace(
            '{"action": "release"', ""
        ), door


@pytest.mark.parametrize(
    ("name", "params"),
    [("keep", {}), ("tag", {"add": ["spring"], "remove": []}), ("protect", {"protected": True})],
)
def test_what_touches_no_count_holds_the_number_alone(
    acme: Account, by_owner: Actor, name: str, params: dict[str, Any]
) -> None:
    number = PhoneNumberFactory.create(account=acme)

    with CaptureQueriesContext(connection) as queries:
        done = ACTIONS[name].do(number.pk, params, actor=by_owner, at=NOON)

    assert done.changes
    assert not any('"licensing_subscription"' in query["sql"] for query in queries)
