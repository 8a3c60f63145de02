"""Accounts, subaccounts, and whose credentials reach what (twilio-facts 1.5)."""

from __future__ import annotations

import base64
import json

import pytest
import requests
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.process


def refusal(error: pytest.ExceptionInfo[TwilioRestException]) -> tuple[int, int | None]:
    return error.value.status, error.value.code


def test_a_subaccount_names_the_main_account_as_its_owner(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    # S0-13
    account = acme_client.api.v2010.accounts(sandbox.acme_sid).fetch()

    assert account.sid == sandbox.acme_sid
    assert account.owner_account_sid == sandbox.main_sid
    assert account.auth_token == sandbox.acme_token
    assert account.status == "active"
    assert account.type == "Full"
    assert account.date_created is not None
    assert account.subresource_uris["incoming_phone_numbers"] == (
        f"/2010-04-01/Accounts/{sandbox.acme_sid}/IncomingPhoneNumbers.json"
    )


def test_a_main_account_owns_itself(sandbox: SandboxProcess, parent_client: Client) -> None:
    # S0-29
    account = parent_client.api.v2010.accounts(sandbox.main_sid).fetch()

    assert account.owner_account_sid == account.sid


def test_the_parent_reaches_its_subaccount(sandbox: SandboxProcess) -> None:
    client = sandbox.client(sandbox.main_sid, sandbox.main_token, account=sandbox.acme_sid)

    assert len(client.incoming_phone_numbers.list(page_size=1000)) == 27
    assert client.api.v2010.accounts(sandbox.acme_sid).fetch().friendly_name == "Acme"


@pytest.mark.parametrize("whose", ["main", "sibling", "stranger", "stranger_main"])
def test_a_subaccount_reaches_nobody_else(sandbox: SandboxProcess, whose: str) -> None:
    sibling = sandbox.add_account("Sibling")["sid"]
    sid = sibling if whose == "sibling" else getattr(sandbox, f"{whose}_sid")
    client = sandbox.client(sandbox.acme_sid, sandbox.acme_token, account=sid)

    with pytest.raises(TwilioRestException) as account_refused:
        client.api.v2010.accounts(sid).fetch()
    with pytest.raises(TwilioException) as list_refused:
        client.incoming_phone_numbers.list()

    assert refusal(account_refused) == (404, 20404)
    assert list_refused.value.args[1].status_code == 404


def test_a_strangers_parent_does_not_reach_us(sandbox: SandboxProcess) -> None:
    client = sandbox.client(sandbox.stranger_main_sid, sandbox.stranger_main_token)

    with pytest.raises(TwilioRestException) as refused:
        client.api.v2010.accounts(sandbox.acme_sid).fetch()

    assert refusal(refused) == (404, 20404)


def test_wrong_credentials_are_refused_in_twilios_shape(sandbox: SandboxProcess) -> None:
    url = f"{sandbox.url}/api/2010-04-01/Accounts/{sandbox.acme_sid}.json"
    right = base64.b64encode(f"{sandbox.acme_sid}:{sandbox.acme_token}".encode()).decode()

    answers = [
        requests.get(url, auth=(sandbox.acme_sid, "0" * 32), timeout=5),
        requests.get(url, auth=("AC" + "0" * 32, sandbox.acme_token), timeout=5),
        requests.get(url, timeout=5),
        requests.get(url, headers={"Authorization": "Basic %%%"}, timeout=5),
        requests.get(url, headers={"Authorization": f"Bearer {right}"}, timeout=5),
    ]

    for answer in answers:
        assert answer.status_code == 401
        assert answer.json() == {
            "code": 20003,
            "message": "Authenticate",
            "more_info": "https://www.twilio.com/docs/errors/20003",
            "status": 401,
        }


def test_a_replaced_token_stops_working(sandbox: SandboxProcess, acme_client: Client) -> None:
    fresh = sandbox.revoke_token()

    with pytest.raises(TwilioRestException) as refused:
        acme_client.api.v2010.accounts(sandbox.acme_sid).fetch()
    renewed = sandbox.client(sandbox.acme_sid, fresh).api.v2010.accounts(sandbox.acme_sid).fetch()

    assert refusal(refused) == (401, 20003)
    assert renewed.auth_token == fresh


def test_a_parent_lists_itself_and_its_subaccounts(
    sandbox: SandboxProcess, parent_client: Client
) -> None:
    accounts = parent_client.api.v2010.accounts.list(page_size=1000)

    assert {account.sid for account in accounts} == {sandbox.main_sid, sandbox.acme_sid}


def test_a_subaccount_lists_itself(sandbox: SandboxProcess, acme_client: Client) -> None:
    accounts = acme_client.api.v2010.accounts.list(page_size=1000)

    assert [account.sid for account in accounts] == [sandbox.acme_sid]


def test_accounts_are_filtered_by_name_and_status(
    sandbox: SandboxProcess, parent_client: Client
) -> None:
    asleep = sandbox.add_account("Asleep")["sid"]
    sandbox.suspend(asleep)
    accounts = parent_client.api.v2010.accounts

    assert [a.sid for a in accounts.list(status="suspended")] == [asleep]
    assert [a.sid for a in accounts.list(friendly_name="Acme")] == [sandbox.acme_sid]
    assert accounts.list(friendly_name="Acm") == []
    assert accounts.list(friendly_name="Acme", status="closed") == []


def test_accounts_come_in_pages(sandbox: SandboxProcess, parent_client: Client) -> None:
    for number in range(5):
        sandbox.add_account(f"Team {number}")

    accounts = parent_client.api.v2010.accounts.list(page_size=2)

    assert len({account.sid for account in accounts}) == 7


def test_a_parent_creates_a_subaccount_that_works_at_once(
    sandbox: SandboxProcess, parent_client: Client
) -> None:
    created = parent_client.api.v2010.accounts.create(friendly_name="Fresh")

    assert created.owner_account_sid == sandbox.main_sid
    assert created.sid is not None
    assert sandbox.client(created.sid, created.auth_token).incoming_phone_numbers.list() == []


def test_a_subaccount_creates_no_accounts(acme_client: Client) -> None:
    with pytest.raises(TwilioRestException) as refused:
        acme_client.api.v2010.accounts.create(friendly_name="Fresh")

    assert refusal(refused) == (403, 20403)


def test_a_parent_has_at_most_a_thousand_subaccounts(
    sandbox: SandboxProcess, parent_client: Client
) -> None:
    for number in range(999):
        sandbox.add_account(f"Team {number}")

    with pytest.raises(TwilioRestException) as refused:
        parent_client.api.v2010.accounts.create(friendly_name="One more")

    assert refusal(refused) == (400, 21480)


def test_a_name_is_changed_and_has_at_most_64_characters(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    account = acme_client.api.v2010.accounts(sandbox.acme_sid)

    assert account.update(friendly_name="Acme Inc").friendly_name == "Acme Inc"
    with pytest.raises(TwilioRestException) as refused:
        account.update(friendly_name="x" * 65)

    assert refusal(refused) == (400, 20001)
    assert account.fetch().friendly_name == "Acme Inc"


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_an_account_out_of_use_answers_for_itself_and_refuses_the_rest(
    sandbox: SandboxProcess, acme_client: Client, parent_client: Client, status: str
) -> None:
    number = acme_client.incoming_phone_numbers.list(limit=1)[0]
    parent_client.api.v2010.accounts(sandbox.acme_sid).update(status=status)

    assert acme_client.api.v2010.accounts(sandbox.acme_sid).fetch().status == status
    with pytest.raises(TwilioException) as list_refused:
        acme_client.incoming_phone_numbers.list()
    with pytest.raises(TwilioRestException) as fetch_refused:
        acme_client.incoming_phone_numbers(number.sid).fetch()
    with pytest.raises(TwilioRestException) as rename_refused:
        acme_client.api.v2010.accounts(sandbox.acme_sid).update(friendly_name="Awake")

    assert json.loads(list_refused.value.args[1].text)["code"] == 20403
    assert refusal(fetch_refused) == (403, 20403)
    assert refusal(rename_refused) == (403, 20403)


def test_a_suspended_subaccount_keeps_its_numbers(
    sandbox: SandboxProcess, acme_client: Client, parent_client: Client
) -> None:
    parent_client.api.v2010.accounts(sandbox.acme_sid).update(status="suspended")
    parent_client.api.v2010.accounts(sandbox.acme_sid).update(status="active")

    assert len(acme_client.incoming_phone_numbers.list(page_size=1000)) == 27


def test_closing_releases_all_numbers_and_is_for_good(
    sandbox: SandboxProcess, parent_client: Client
) -> None:
    account = parent_client.api.v2010.accounts(sandbox.acme_sid)
    account.update(status="closed")

    with pytest.raises(TwilioRestException) as refused:
        account.update(status="active")

    assert refusal(refused) == (400, 21479)
    assert sandbox.account(sandbox.acme_sid)["numbers"] == 0
    assert len(sandbox.state()["released"]) == 27


@pytest.mark.parametrize(("switch", "left"), [("kept", 27), ("reclaimed", 0)])
def test_sixty_days_of_suspension_are_a_risk(
    sandbox: SandboxProcess, parent_client: Client, switch: str, left: int
) -> None:
    sandbox.control("POST", "switches", {"long_suspended_numbers": switch})
    acme = parent_client.api.v2010.accounts(sandbox.acme_sid)
    acme.update(status="suspended")
    sandbox.forward(days=59)
    acme.update(status="active")  # which ends the count
    acme.update(status="suspended")
    sandbox.forward(days=59)
    assert sandbox.account(sandbox.acme_sid)["numbers"] == 27

    sandbox.forward(days=2)

    assert sandbox.account(sandbox.acme_sid)["numbers"] == left


def test_a_closed_accounts_data_is_deleted_after_thirty_days(
    sandbox: SandboxProcess, acme_client: Client, parent_client: Client
) -> None:
    acme_client.new_keys.create()
    parent_client.api.v2010.accounts(sandbox.acme_sid).update(status="closed")

    def kept() -> set[str]:
        tables = sandbox.control("GET", "world")["tables"]
        return {
            kind
            for kind, rows in tables.items()
            if kind not in ("accounts", "released") and any(sandbox.acme_sid in r for r in rows)
        }

    sandbox.forward(days=29, hours=23)
    assert {"keys", "addresses", "events"} <= kept()
    sandbox.forward(hours=2)
    assert kept() == set()
    assert acme_client.api.v2010.accounts(sandbox.acme_sid).fetch().status == "closed"
    assert len(sandbox.state()["released"]) == 27


def test_status_changes_that_twilio_refuses(
    sandbox: SandboxProcess, acme_client: Client, parent_client: Client
) -> None:
    accounts = parent_client.api.v2010.accounts
    with pytest.raises(TwilioRestException) as unknown:
        accounts(sandbox.acme_sid).update(status="asleep")
    with pytest.raises(TwilioRestException) as of_parent:
        accounts(sandbox.main_sid).update(status="suspended")
    with pytest.raises(TwilioRestException) as of_itself:
        acme_client.api.v2010.accounts(sandbox.acme_sid).update(status="closed")
    sandbox.suspend(sandbox.acme_sid, by_twilio=True)
    with pytest.raises(TwilioRestException) as by_twilio:
        accounts(sandbox.acme_sid).update(status="active")

    assert refusal(unknown) == (400, 21475)
    assert refusal(of_parent) == (400, 21477)
    assert refusal(of_itself) == (403, 20006)
    assert refusal(by_twilio) == (400, 21478)


def test_a_suspended_parent_suspends_its_subaccounts(
    sandbox: SandboxProcess, acme_client: Client, parent_client: Client
) -> None:
    sandbox.suspend(sandbox.main_sid)

    assert acme_client.api.v2010.accounts(sandbox.acme_sid).fetch().status == "suspended"
    with pytest.raises(TwilioException):
        acme_client.incoming_phone_numbers.list()
    with pytest.raises(TwilioRestException) as refused:
        parent_client.api.v2010.accounts(sandbox.acme_sid).update(status="suspended")
    assert refusal(refused) == (400, 21476)
