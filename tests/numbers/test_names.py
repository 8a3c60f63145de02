"""Labels, tags and names (B10): what looks the same is the same, and is found, whoever wrote it."""

from __future__ import annotations

import unicodedata
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection as database
from django.test import Client

from accounts.actor import SYSTEM, Actor
from accounts.models import Account, Event
from accounts.services import api_keys, people
from config.errors import Invalid
from config.fields import LONGEST, folded
from numbers.filters import search
from numbers.forms.connections import ConnectForm, TokenForm
from numbers.models import PhoneNumber, SavedFilter, Tag
from numbers.services import descriptions, swaps
from numbers.services.saved import save_filter
from telephony.models import Agent
from telephony.services import agents
from tests.api.conftest import Program, program
from tests.factories import NOON, AgentFactory, PhoneNumberFactory, SavedFilterFactory, TagFactory

__all__ = ["program"]

pytestmark = pytest.mark.django_db

TYPED = " \u202aBu\u0308ro\u00a0 Mu\u0308nchen\u200b "
STORED = "Büro München"


def stays_searchable() -> None:
    """Every number, agent and account is searched by what it is called."""
    for number in PhoneNumber.objects.all():
        assert number.search_name == folded(number.label, number.friendly_name)
    for row in (*Agent.objects.all(), *Account.objects.all()):
        assert row.search_name == folded(row.name)


# --- At the services --------------------------------------------------------------------------


def test_a_label_is_stored_as_it_looks_and_found(acme: Account, by_owner: Actor) -> None:
    number = PhoneNumberFactory.create(account=acme, label="Old")

    descriptions.describe(number.pk, label=TYPED, notes=f"{TYPED}\r\nx", actor=by_owner, at=NOON)
    again = descriptions.describe(number.pk, label=STORED, actor=by_owner, at=NOON)

    assert again.label == STORED
    assert again.notes == "Bu\u0308ro\u00a0 Mu\u0308nchen\nx".replace("u\u0308", "ü")
    assert Event.objects.filter(type="number.described").count() == 1  # the second changed nothing
    assert list(search(acme.numbers.all(), "buro munchen")) == [number]
    assert not search(acme.numbers.all(), "old").exists()
    stays_searchable()


def test_tags_that_look_the_same_are_one(acme: Account, by_owner: Actor) -> None:
    number = PhoneNumberFactory.create(account=acme)

    descriptions.describe(
        number.pk, tags=[TYPED, STORED, STORED.upper(), "\u200b"], actor=by_owner, at=NOON
    )

    assert list(Tag.objects.values_list("name", flat=True)) == [STORED.lower()]


def test_a_swap_takes_the_name_along_and_both_stay_searchable(
    acme: Account, by_owner: Actor
) -> None:
    leaving = PhoneNumberFactory.create(account=acme, assigned=True, label="Émile")
    taking = PhoneNumberFactory.create(account=acme, label="")

    swaps.swap(leaving.pk, taking_id=taking.pk, fate="keep", actor=by_owner, at=NOON)

    assert list(search(acme.numbers.all(), "emile")) == [taking]
    stays_searchable()


def test_agents_that_look_the_same_have_one_name(acme: Account, by_owner: Actor) -> None:
    agent = agents.create_agent(acme.pk, name=TYPED, actor=by_owner, at=NOON)
    assert agent.name == STORED

    for name in (STORED, STORED.upper(), unicodedata.normalize("NFD", STORED), f"{STORED}\u200f"):
        with pytest.raises(Invalid):
            agents.create_agent(acme.pk, name=name, actor=by_owner, at=NOON)
    agents.create_agent(acme.pk, name="Buro Munchen", actor=by_owner, at=NOON)  # looks different
    agents.rename(agent.pk, name="Ærø", actor=by_owner, at=NOON)
    with pytest.raises(Invalid):
        agents.create_agent(acme.pk, name="\u200b\u2800", actor=by_owner, at=NOON)

    stays_searchable()


def test_accounts_keys_and_views_are_stored_as_they_look(acme: Account, by_owner: Actor) -> None:
    people.update_account(
        acme.pk, name=TYPED, time_zone=acme.time_zone, country="US", actor=by_owner, at=NOON
    )
    key, _ = api_keys.create(acme.pk, name=TYPED, scopes=[], actor=by_owner, at=NOON)
    view = save_filter(acme.pk, name=TYPED, query="q=1", actor=by_owner)
    save_filter(acme.pk, name=STORED, query="q=2", actor=by_owner)

    acme.refresh_from_db()
    assert {acme.name, key.name, view.name} == {STORED}
    assert SavedFilter.objects.get().query == "q=2"
    with pytest.raises(Invalid):
        save_filter(acme.pk, name="\u200b", query="q=3", actor=by_owner)
    stays_searchable()


def test_a_name_of_any_length_and_script_can_be_stored(acme: Account, by_owner: Actor) -> None:
    number = PhoneNumberFactory.create(account=acme, friendly_name="\ufdfa" * 200)

    descriptions.describe(number.pk, label="\U0001f469" * 100, actor=by_owner, at=NOON)

    number.refresh_from_db()
    assert len(number.search_name) <= LONGEST


# --- At the doors -----------------------------------------------------------------------------


def test_every_door_stores_labels_and_tags_as_they_look(
    acme: Account, owner_client: Client, program: Program
) -> None:
    paged, sent = PhoneNumberFactory.create_batch(2, account=acme)
    bulk = PhoneNumberFactory.create(account=acme)

    owner_client.post(f"/a/acme/numbers/{paged.pk}/describe/", {"label": TYPED, "tags": TYPED})
    body = {"label": TYPED, "tags": [TYPED, STORED]}
    assert program.send("patch", f"numbers/{sent.pk}/", body).status_code == 200
    descriptions.describe(bulk.pk, tags=[TYPED], actor=SYSTEM, at=NOON)

    for number in (paged, sent):
        number.refresh_from_db()
        assert number.label == STORED
    (tag,) = Tag.objects.all()
    assert tag.name == STORED.lower()
    assert tag.numbers.count() == 3
    stays_searchable()


def test_credentials_are_read_without_what_a_copy_brings_along() -> None:
    sid, token = f"AC{'a' * 32}", "t" * 32
    pasted = {"sid": f"\u200e{sid}\u00a0\n", "token": f"\u2066{token}\u2069\ufeff"}

    connect, renew = ConnectForm(pasted), TokenForm(pasted)

    assert connect.is_valid()
    assert renew.is_valid()
    assert connect.cleaned_data == {"sid": sid, "token": token}
    assert renew.cleaned_data == {"token": token}


# --- Rows that were stored before -------------------------------------------------------------


def migration(app: str) -> Any:
    (path,) = Path(import_module(f"{app}.migrations").__path__[0]).glob("*_tidy_names.py")
    return import_module(f"{app}.migrations.{path.stem}")


EDITOR = SimpleNamespace(quote_name=database.ops.quote_name, connection=database)


def test_numbers_that_were_stored_before_become_tidy_and_searchable(acme: Account) -> None:
    numbers = PhoneNumberFactory.create_batch(3, account=acme, friendly_name="ÉLYSÉE")
    acme.numbers.update(label=TYPED, notes=TYPED, search_name="")

    migration("numbers").tidy_numbers(apps, EDITOR)

    assert set(acme.numbers.values_list("label", flat=True)) == {STORED}
    assert search(acme.numbers.all(), "buro").count() == len(numbers)
    assert search(acme.numbers.all(), "elysee").count() == len(numbers)
    stays_searchable()


def test_tags_that_were_two_become_one_on_every_number(acme: Account) -> None:
    first, second, both = PhoneNumberFactory.create_batch(3, account=acme)
    composed = TagFactory.create(account=acme, name="münchen")
    apart = TagFactory.create(account=acme, name=unicodedata.normalize("NFD", "münchen"))
    hidden = TagFactory.create(account=acme, name="m\u200bünchen")
    blank = TagFactory.create(account=acme, name="\u200b")
    theirs = TagFactory.create(name="münchen ")
    first.tags.set([apart, blank])
    second.tags.set([hidden])
    both.tags.set([composed, apart, hidden])

    migration("numbers").tidy_tags(apps, EDITOR)

    assert list(acme.tags.values_list("name", flat=True)) == ["münchen"]
    assert [list(number.tags.all()) for number in (first, second, both)] == [[composed]] * 3
    theirs.refresh_from_db()
    assert theirs.name == "münchen"


def test_views_and_agents_that_became_the_same_all_stay(acme: Account, by_owner: Actor) -> None:
    for name in ("Büro", "Bu\u0308ro"):
        SavedFilterFactory.create(account=acme, user_id=by_owner.id, name=name)
        AgentFactory.create(account=acme, name=name)
    Agent.objects.update(search_name="")

    migration("numbers").tidy_views(apps, EDITOR)
    migration("telephony").tidy_names(apps, EDITOR)
    migration("accounts").tidy_names(apps, EDITOR)

    assert sorted(SavedFilter.objects.values_list("name", flat=True)) == ["Büro", "Büro (2)"]
    assert sorted(Agent.objects.values_list("name", flat=True)) == ["Büro", "Büro (2)"]
    stays_searchable()
