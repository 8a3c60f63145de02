"""Every address of the API as everybody: who gets in, who may write, who sees nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Account, ApiKey, Membership, User
from accounts.states import Permission
from config import openapi
from tests.factories import (
    AgentFactory,
    CarrierTaskFactory,
    ConnectionFactory,
    EventFactory,
    GracePeriodFactory,
    ImportFactory,
    JobFactory,
    JobItemFactory,
    LicenseChangeFactory,
    MembershipFactory,
    MessageFactory,
    PaymentAttemptFactory,
    PhoneNumberFactory,
)

from .conftest import Answer, Program, path_of, program_of

Problem = Callable[[Answer], tuple[int, str]]

pytestmark = pytest.mark.django_db

ROUTES = [
    (method, path) for path, methods in openapi.document()["paths"].items() for method in methods
]
WRITES = [(method, path) for method, path in ROUTES if method != "get"]
READS = [path for method, path in ROUTES if method == "get"]
#: What the id in an address belongs to, by the address's first word.
OWNED: dict[str, Callable[[Account], int]] = {
    "agents": lambda account: AgentFactory.create(account=account).pk,
    "connections": lambda account: ConnectionFactory.create(account=account).pk,
    "grace-periods": lambda account: GracePeriodFactory.create(account=account, resolved=True).pk,
    "imports": lambda account: ImportFactory.create(connection__account=account, finished=True).pk,
    "jobs": lambda account: (
        JobFactory.create(
            account=account, finished=True, params={"action": "unassign", "params": {}}
        ).pk
    ),
    "messages": lambda account: MessageFactory.create(account=account).pk,
    "payments": lambda account: (
        PaymentAttemptFactory.create(account=account, state="refused", next_ask_at=None).pk
    ),
    "numbers": lambda account: PhoneNumberFactory.create(account=account).pk,
    "tasks": lambda account: CarrierTaskFactory.create(number__account=account).pk,
}


def filled(path: str, account: Account) -> str:
    """The address with the id of something that belongs to ``account``."""
    if "{id}" not in path:
        return path
    return path.replace("{id}", str(OWNED[path.split("/")[3]](account)))


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nobody_gets_in_without_a_valid_key(
    acme: Account,
    anonymous: Program,
    revoked: Program,
    problem: Problem,
    method: str,
    path: str,
) -> None:
    address = filled(path, acme)

    answer = anonymous.send(method, address)
    assert problem(answer) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert problem(revoked.send(method, address)) == (401, "authentication_failed")


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_read_only_key_and_a_member_write_nothing(  # B11
    acme: Account, reader: Program, member_client: Client, problem: Problem, method: str, path: str
) -> None:
    address = filled(path, acme)

    assert problem(reader.send(method, address, {})) == (403, "forbidden")
    answer = getattr(member_client, method)(address, "{}", content_type="application/json")
    assert problem(answer) == (403, "forbidden")


@pytest.mark.parametrize("path", READS)
def test_a_read_only_key_and_a_member_read_everything(
    acme: Account, reader: Program, member_client: Client, path: str
) -> None:
    address = filled(path, acme)

    assert reader.send("get", address).status_code == 200
    assert member_client.get(address).status_code == 200


@pytest.mark.parametrize(("method", "path"), [each for each in ROUTES if "{id}" in each[1]])
def test_a_stranger_cannot_tell_that_a_thing_exists(
    acme: Account,
    outsider: Program,
    stranger_client: Client,
    problem: Problem,
    method: str,
    path: str,
) -> None:
    address = filled(path, acme)
    nowhere = path.replace("{id}", "987654321")

    theirs, none = outsider.send(method, address, {}), outsider.send(method, nowhere, {})

    assert problem(theirs) == problem(none) == (404, "not_found")
    assert theirs.json()["detail"] == none.json()["detail"]
    assert problem(getattr(stranger_client, method)(address)) == (404, "not_found")


@pytest.mark.parametrize("path", [path for path in READS if "{id}" not in path])
def test_a_stranger_lists_nothing_of_ours(acme: Account, outsider: Program, path: str) -> None:
    for make in OWNED.values():
        make(acme)
    EventFactory.create(account=acme)
    LicenseChangeFactory.create(account=acme)
    JobItemFactory.create(job__account=acme)

    body = outsider.send("get", path).json()

    assert body.get("results", []) == []
    assert body.get("held", 0) == 0


def test_every_address_of_the_document_has_an_owner_in_this_test() -> None:
    words = {path.split("/")[3] for _, path in ROUTES if "{id}" in path}

    assert words == set(OWNED)


@pytest.mark.parametrize(
    "text", ["Basic bmQ6bmQ=", "Bearer", "Bearer nd_", "Bearer nd_unknown_" + "s" * 43, "nd_x_y"]
)
def test_what_is_no_key_of_ours_is_refused(anonymous: Program, problem: Problem, text: str) -> None:
    answer = anonymous.send("get", "numbers/", authorization=text)

    assert problem(answer) == (401, "authentication_failed")


def test_a_key_with_another_secret_is_refused(
    acme: Account, program: Program, anonymous: Program, problem: Problem
) -> None:
    key = ApiKey.objects.get()

    answer = anonymous.send("get", "numbers/", authorization=f"Bearer nd_{key.prefix}_{'t' * 43}")

    assert problem(answer) == (401, "authentication_failed")


def test_a_browser_session_needs_its_csrf_token_to_write(owner: User, problem: Problem) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)
    browser.get("/api/v1/agents/")
    browser.cookies["csrftoken"] = "a" * 32

    def create(**headers: str) -> Answer:
        body = '{"name": "Reception"}'
        return browser.post(
            path_of("agents/"), body, content_type="application/json", headers=headers
        )

    refused, allowed = create(), create(**{"x-csrftoken": "a" * 32})

    assert problem(refused) == (403, "csrf_failed")
    assert allowed.status_code == 201


def test_a_member_of_several_accounts_names_one(
    acme: Account, owner: User, owner_client: Client, problem: Problem
) -> None:
    second = MembershipFactory.create(user=owner).account
    AgentFactory.create(account=second, name="There")

    def names(answer: Answer) -> list[str]:
        return [agent["name"] for agent in answer.json()["results"]]

    address = path_of("agents/")
    assert problem(owner_client.get(address)) == (400, "account_required")
    assert names(owner_client.get(address, headers={"x-account": second.slug})) == ["There"]
    assert names(owner_client.get(f"{address}?account={second.slug}")) == ["There"]
    assert names(owner_client.get(f"{address}?account=acme")) == []
    for slug in ("elsewhere", "a b"):
        assert problem(owner_client.get(f"{address}?account={slug}")) == (404, "not_found")


def test_a_key_that_is_sent_for_another_account_does_nothing_in_its_own(
    acme: Account, problem: Problem
) -> None:
    """A program had the key of one account and named another: it bought for the one of the key."""
    program = program_of(acme, Permission.LICENSES)

    def buy(address: str = "license-changes/", **headers: str) -> Answer:
        return program.send("post", address, {"to": 11}, **headers)

    assert problem(buy(x_account="elsewhere")) == (404, "not_found")
    assert problem(buy("license-changes/?account=elsewhere")) == (404, "not_found")
    acme.subscription.refresh_from_db()
    assert acme.subscription.licenses == 10

    assert buy("license-changes/?account=acme", x_account="acme").status_code == 201


def test_a_request_that_names_two_accounts_is_about_neither(
    owner: User, owner_client: Client, problem: Problem
) -> None:
    second = MembershipFactory.create(user=owner).account
    address = path_of("agents/")

    for asked in (
        owner_client.get(f"{address}?account=acme", headers={"x-account": second.slug}),
        owner_client.get(f"{address}?account=acme&account={second.slug}"),
    ):
        assert problem(asked) == (400, "parse_error")


def test_a_user_of_no_account_is_told_so(
    owner: User, owner_client: Client, problem: Problem
) -> None:
    Membership.objects.all().delete()

    assert problem(owner_client.get(path_of("agents/"))) == (403, "no_account")


def test_a_key_with_one_scope_may_do_that_and_no_more(acme: Account, problem: Problem) -> None:
    numbers = program_of(acme, Permission.NUMBERS)

    assert numbers.send("post", "agents/", {"name": "Reception"}).status_code == 201
    assert problem(numbers.send("post", "license-changes/", {"to": 11})) == (403, "forbidden")
    assert problem(numbers.send("post", "connections/", {})) == (403, "forbidden")
