"""The operators' commands: open an account, import, fill the demo."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from accounts.models import Account, ApiKey, Event, Membership, User
from accounts.services import api_keys
from accounts.states import Permission, Role
from licensing.models import GracePeriod
from numbers.models import Connection, PhoneNumber
from telephony.models import Agent
from telephony.states import AgentState
from tests.factories import NOON, AgentFactory, UserFactory
from tests.sandbox_process import SandboxProcess


def run(command: str, /, *args: str, **options: Any) -> tuple[Any, str]:
    """The command's JSON on stdout, and what it says on stderr."""
    out, err = StringIO(), StringIO()
    call_command(command, *args, stdout=out, stderr=err, **options)
    return json.loads(out.getvalue()), err.getvalue()


# --- create_account ---------------------------------------------------------------------------


def test_create_account_opens_an_account_with_a_working_key_and_connection(
    db: None, sandbox: SandboxProcess
) -> None:
    result, _ = run(
        "create_account",
        "shop",
        name="The Shop",
        owner="olga@shop.example",
        licenses=12,
        connection_sid=sandbox.acme_sid,
        connection_token=sandbox.acme_token,
    )

    account = Account.objects.get(slug="shop")
    assert account.subscription.licenses == 12
    assert account.connections.get().sid == result["connection"]["sid"] == sandbox.acme_sid
    assert Membership.objects.get(account=account).role == Role.OWNER
    key = api_keys.authenticate(result["api_key"], at=NOON)
    assert key is not None
    assert set(key.scopes) == set(Permission.values)
    assert not PhoneNumber.objects.exists()


def test_the_owner_sets_a_password_with_the_link(db: None, client: Client) -> None:
    result, _ = run("create_account", "shop", name="The Shop", owner="olga@shop.example")

    path = urlsplit(result["owner"]["set_password_url"]).path
    form = client.get(path, follow=True)
    words = {"password1": "a long way to say it", "password2": "a long way to say it"}
    client.post(form.request["PATH_INFO"], words)

    assert User.objects.get(email="olga@shop.example").check_password("a long way to say it")


def test_an_owner_who_can_sign_in_gets_no_link(db: None) -> None:
    UserFactory.create(email="olga@shop.example")

    result, _ = run("create_account", "shop", name="The Shop", owner="Olga@shop.example")

    assert result["owner"] == {"email": "olga@shop.example", "set_password_url": None}
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("slug", "options", "sentence"),
    [
        ("acme", {}, "already exists"),
        ("No Slug!", {}, "valid"),
        ("shop", {"owner": "nobody"}, "is not an email address"),
        ("shop", {"licenses": -1}, "0 or more"),
        ("shop", {"connection_sid": "AC1"}, "together"),
        ("shop", {"time_zone": "Mars/Olympus"}, "time zone"),
    ],
)
def test_what_cannot_be_opened_leaves_nothing_behind(
    slug: str, options: dict[str, Any], sentence: str, acme: Account
) -> None:
    with pytest.raises(CommandError, match=sentence):
        run("create_account", slug, **{"name": "Shop", "owner": "olga@shop.example", **options})

    assert list(Account.objects.all()) == [acme]
    assert not User.objects.exists()


# S0-29
def test_a_main_account_is_refused_and_the_key_is_not_lost(
    db: None, sandbox: SandboxProcess
) -> None:
    out = StringIO()

    with pytest.raises(CommandError, match="This is a main account"):
        call_command(
            "create_account",
            "shop",
            name="Shop",
            owner="olga@shop.example",
            connection_sid=sandbox.main_sid,
            connection_token=sandbox.main_token,
            stdout=out,
        )

    result = json.loads(out.getvalue())
    assert result["connection"] is None
    assert api_keys.authenticate(result["api_key"], at=NOON) is not None


# --- import_numbers ---------------------------------------------------------------------------


# S0-1, S0-4
def test_import_numbers_prints_the_result_and_shows_progress(
    acme: Account, connection: Connection
) -> None:
    result, progress = run("import_numbers", "acme")

    assert result["imports"][0]["state"] == "done"
    assert (result["imports"][0]["new"], result["imports"][0]["missing"]) == (27, 0)
    licenses = result["licenses"]
    assert (licenses["owned"], licenses["held"], licenses["over"]) == (10, 27, 17)
    assert licenses["grace_ends_at"] == GracePeriod.objects.get().ends_at.isoformat()
    assert "27 numbers" in progress
    assert Event.objects.get(type="import.completed").actor_label == "Operator (command line)"


def test_a_failed_import_ends_with_an_error_and_its_sentence(
    acme: Account, connection: Connection, sandbox: SandboxProcess
) -> None:
    sandbox.revoke_token()
    out = StringIO()

    with pytest.raises(CommandError) as refused:
        call_command("import_numbers", "acme", stdout=out, stderr=StringIO())

    assert "Twilio" in str(refused.value)
    assert json.loads(out.getvalue())["imports"][0]["state"] == "failed"
    assert not PhoneNumber.objects.exists()


@pytest.mark.parametrize(("slug", "sentence"), [("nobody", "no account"), ("acme", "no Twilio")])
def test_without_account_or_connection_there_is_nothing_to_import(
    slug: str, sentence: str, acme: Account
) -> None:
    with pytest.raises(CommandError, match=sentence):
        run("import_numbers", slug)


# --- setup_demo -------------------------------------------------------------------------------


@pytest.fixture
def demo_file(db: None, sandbox: SandboxProcess, settings: Settings, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path
    return tmp_path / "demo.json"


def fill() -> None:
    call_command("setup_demo", stdout=StringIO())


def test_the_demo_has_what_a_visitor_needs_and_is_not_imported_yet(
    demo_file: Path, sandbox: SandboxProcess, client: Client
) -> None:
    fill()

    demo = json.loads(demo_file.read_text())
    acme = Account.objects.get(slug="acme")
    assert demo["sandbox_url"] == sandbox.url
    assert demo["rehearsal_room_url"] == f"{sandbox.url}/_sandbox/"
    roles = [login["role"] for login in demo["logins"]]
    assert roles == ["owner", "billing_admin", "admin", "member", "viewer", "stranger", "support"]
    for login in demo["logins"]:
        assert client.login(email=login["email"], password=login["password"])
    assert acme.subscription.licenses == 10
    assert Agent.objects.filter(account=acme, state=AgentState.LIVE).count() == 2
    assert Agent.objects.filter(account=acme, state=AgentState.DRAFT).count() == 1
    assert acme.connections.get().sid == sandbox.acme_sid
    assert Account.objects.get(slug="globex").connections.get().sid == sandbox.stranger_sid
    assert api_keys.authenticate(demo["api_key"], at=NOON) is not None
    assert not PhoneNumber.objects.exists()


def test_filling_the_demo_again_keeps_what_was_there(demo_file: Path) -> None:
    fill()
    acme = Account.objects.get(slug="acme")
    first = json.loads(demo_file.read_text())
    AgentFactory.create(account=acme, name="Mine")
    owner = User.objects.get(email="olivia@acme.example")
    owner.set_password("changed by the visitor")
    owner.save()
    counted = Event.objects.count()

    fill()

    owner.refresh_from_db()
    assert json.loads(demo_file.read_text()) == first
    assert owner.check_password("changed by the visitor")
    assert Agent.objects.filter(account=acme).count() == 4
    assert (Event.objects.count(), ApiKey.objects.count()) == (counted, 1)


def test_a_demo_key_that_was_revoked_is_replaced(demo_file: Path) -> None:
    fill()
    ApiKey.objects.update(revoked_at=NOON)

    fill()

    key = api_keys.authenticate(json.loads(demo_file.read_text())["api_key"], at=NOON)
    assert key is not None


@pytest.mark.parametrize("setting", [{"PRODUCTION": True}, {"TWILIO_BASE_URL": ""}])
def test_passwords_that_everybody_knows_stay_out_of_production(
    setting: dict[str, Any], demo_file: Path, settings: Settings
) -> None:
    for name, value in setting.items():
        setattr(settings, name, value)

    with pytest.raises(CommandError, match="make demo"):
        fill()

    assert not User.objects.exists()
