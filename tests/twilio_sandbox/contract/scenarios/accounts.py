"""Accounts, API keys, auth tokens."""

from __future__ import annotations

from tests.twilio_sandbox.contract.scenes import Scene, drives
from twilio_sandbox.operations import ACCOUNT

ACCOUNTS = "/2010-04-01/Accounts"


@drives("api", f"{ACCOUNTS}.json", "GET", "POST")
@drives("api", f"{ACCOUNTS}/{{Sid}}.json", "GET", "POST")
def manage_accounts(scene: Scene) -> None:
    accounts = scene.parent.api.v2010.accounts
    created = accounts.create(friendly_name="Branch office")
    account = accounts(str(created.sid))

    assert account.update(friendly_name="Closed branch", status="suspended").status == "suspended"
    assert account.fetch().friendly_name == "Closed branch"
    assert [each.sid for each in accounts.list(status="suspended")] == [created.sid]


@drives("api", f"{ACCOUNT}/Keys.json", "GET", "POST")
@drives("api", f"{ACCOUNT}/Keys/{{Sid}}.json", "GET", "POST", "DELETE")
def manage_keys(scene: Scene) -> None:
    created = scene.client.new_keys.create(friendly_name="Worker")
    key = scene.client.keys(str(created.sid))

    assert key.update(friendly_name="Night worker").friendly_name == "Night worker"
    assert key.fetch().sid == created.sid
    assert [each.sid for each in scene.client.keys.list()] == [created.sid]
    assert key.delete() is True


@drives("accounts", "/v1/AuthTokens/Secondary", "POST", "DELETE")
def change_the_mind_about_a_token(scene: Scene) -> None:
    tokens = scene.client.accounts.v1.secondary_auth_token()

    assert tokens.create().secondary_auth_token
    assert tokens.delete() is True


@drives("accounts", "/v1/AuthTokens/Promote", "POST")
def rotate_a_token(scene: Scene) -> None:
    created = scene.client.accounts.v1.secondary_auth_token().create()
    promoted = scene.client.accounts.v1.auth_token_promotion().update()

    assert promoted.auth_token == created.secondary_auth_token
