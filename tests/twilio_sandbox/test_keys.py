"""API keys and the rotation of auth tokens (twilio-facts 1.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.hooks import send_webhook
from tests.twilio_sandbox.receiver import Receiver
from tests.twilio_sandbox.refusals import refusal

pytestmark = pytest.mark.process

ClientOf = Callable[..., Client]


@pytest.fixture
def keyed(sandbox: SandboxProcess) -> ClientOf:
    """A client with a new key of `owner` (Acme unless said otherwise), on paths of `account`."""

    def make(
        kind: str, *permissions: str, owner: str | None = None, account: str | None = None
    ) -> Client:
        owner = owner or sandbox.acme_sid
        body = {"kind": kind, "permissions": list(permissions)}
        key = sandbox.control("POST", f"accounts/{owner}/keys", body)
        return sandbox.client(key["sid"], key["secret"], account=account or owner)

    return make


def test_a_key_shows_its_secret_once(sandbox: SandboxProcess, acme_client: Client) -> None:
    created = acme_client.new_keys.create(friendly_name="Worker")

    fetched = acme_client.keys(str(created.sid)).fetch()

    assert str(created.sid).startswith("SK")
    assert created.secret
    assert fetched.friendly_name == "Worker"
    url = f"{sandbox.url}/api/2010-04-01/Accounts/{sandbox.acme_sid}/Keys/{created.sid}.json"
    shown = requests.get(url, auth=(sandbox.acme_sid, sandbox.acme_token), timeout=5).json()
    assert set(shown) == {"sid", "friendly_name", "date_created", "date_updated"}


def test_a_key_is_listed_renamed_and_deleted(acme_client: Client) -> None:
    sid = str(acme_client.new_keys.create(friendly_name="Worker").sid)

    acme_client.keys(sid).update(friendly_name="Night worker")

    assert [(k.sid, k.friendly_name) for k in acme_client.keys.list()] == [(sid, "Night worker")]
    assert acme_client.keys(sid).delete() is True
    assert acme_client.keys.list() == []
    assert refusal(acme_client.keys(sid).fetch) == (404, 20404)


def test_a_key_works_until_it_is_deleted(sandbox: SandboxProcess, acme_client: Client) -> None:
    created = acme_client.new_keys.create()
    client = sandbox.client(created.sid, created.secret, account=sandbox.acme_sid)
    wrong = sandbox.client(created.sid, "x" * 32, account=sandbox.acme_sid)

    assert len(client.incoming_phone_numbers.list(page_size=1000)) == 27
    assert refusal(wrong.incoming_phone_numbers.list) == (401, 20003)
    acme_client.keys(str(created.sid)).delete()
    assert refusal(client.incoming_phone_numbers.list) == (401, 20003)


def test_a_standard_key_manages_neither_accounts_nor_keys_nor_tokens(
    sandbox: SandboxProcess, keyed: ClientOf
) -> None:
    client = keyed("standard")

    assert refusal(client.api.v2010.accounts(sandbox.acme_sid).fetch) == (401, 20003)
    assert refusal(client.api.v2010.accounts.list) == (401, 20003)
    assert refusal(client.keys.list) == (401, 20003)
    assert refusal(client.new_keys.create) == (401, 20003)
    assert refusal(client.accounts.v1.secondary_auth_token().create) == (401, 20003)
    sandbox.control("POST", "switches", {"key_without_permission": "forbidden"})
    assert refusal(client.keys.list) == (403, 20006)
    assert client.monitor.v1.alerts.list() == []


def test_a_main_key_does_all_that_the_token_does(sandbox: SandboxProcess, keyed: ClientOf) -> None:
    client = keyed("main", owner=sandbox.main_sid, account=sandbox.acme_sid)

    assert client.api.v2010.accounts(sandbox.acme_sid).fetch().friendly_name == "Acme"
    assert len(client.incoming_phone_numbers.list(page_size=1000)) == 27
    assert client.new_keys.create(friendly_name="Another").secret


def test_whether_a_standard_key_reaches_subaccounts_is_a_switch(
    sandbox: SandboxProcess, keyed: ClientOf
) -> None:
    client = keyed("standard", owner=sandbox.main_sid, account=sandbox.acme_sid)

    assert refusal(client.incoming_phone_numbers.list) == (401, 20003)
    sandbox.control("POST", "switches", {"lesser_key_in_subaccount": "reached"})
    assert len(client.incoming_phone_numbers.list(page_size=1000)) == 27


def test_a_key_of_a_subaccount_reaches_nobody_else(
    sandbox: SandboxProcess, keyed: ClientOf
) -> None:
    client = keyed("main", account=sandbox.main_sid)

    assert refusal(client.incoming_phone_numbers.list) == (404, 20404)


def test_a_restricted_key_does_what_it_is_permitted(
    sandbox: SandboxProcess, keyed: ClientOf
) -> None:
    client = keyed("restricted", "IncomingPhoneNumbers/read", "monitor/Alerts/read")
    number = client.incoming_phone_numbers.list(limit=1, page_size=50)[0]

    assert client.monitor.v1.alerts.list() == []
    assert refusal(number.update, friendly_name="Mine") == (401, 20003)
    assert refusal(client.addresses.list) == (401, 20003)
    assert refusal(client.monitor.v1.events.list) == (401, 20003)
    assert refusal(client.api.v2010.accounts(sandbox.acme_sid).fetch) == (401, 20003)


@pytest.mark.parametrize("body", [{"kind": "golden"}, {"permissions": ["everything"]}])
def test_a_key_that_makes_no_sense_is_refused(
    sandbox: SandboxProcess, body: dict[str, Any]
) -> None:
    url = f"{sandbox.url}/_sandbox/accounts/{sandbox.acme_sid}/keys"

    assert requests.post(url, json=body, timeout=5).status_code == 400


# Auth tokens


def test_both_tokens_work_until_the_second_one_is_promoted(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    created = acme_client.accounts.v1.secondary_auth_token().create()
    second = sandbox.client(sandbox.acme_sid, created.secondary_auth_token)

    assert len(second.incoming_phone_numbers.list(page_size=1000)) == 27
    assert len(acme_client.incoming_phone_numbers.list(page_size=1000)) == 27
    promoted = acme_client.accounts.v1.auth_token_promotion().update()

    assert promoted.auth_token == created.secondary_auth_token
    assert refusal(acme_client.incoming_phone_numbers.list) == (401, 20003)
    account = second.api.v2010.accounts(sandbox.acme_sid).fetch()
    assert account.auth_token == created.secondary_auth_token


def test_a_secondary_token_can_be_given_up(sandbox: SandboxProcess, acme_client: Client) -> None:
    tokens = acme_client.accounts.v1.secondary_auth_token()
    second = sandbox.client(sandbox.acme_sid, tokens.create().secondary_auth_token)

    assert refusal(tokens.create) == (409, 20409)
    assert tokens.delete() is True
    assert refusal(second.incoming_phone_numbers.list) == (401, 20003)
    assert refusal(tokens.delete) == (404, 20404)
    assert refusal(acme_client.accounts.v1.auth_token_promotion().update) == (404, 20404)


def test_webhooks_are_signed_with_the_primary_token(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    secondary = str(acme_client.accounts.v1.secondary_auth_token().create().secondary_auth_token)
    with Receiver() as program:
        send_webhook(sandbox, program.url + "/text")
        acme_client.accounts.v1.auth_token_promotion().update()
        send_webhook(sandbox, program.url + "/text")

        before, after = program.at("/text")

    assert before.is_signed_with(sandbox.acme_token)
    assert not before.is_signed_with(secondary)
    assert after.is_signed_with(secondary)
    assert not after.is_signed_with(sandbox.acme_token)
