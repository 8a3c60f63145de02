"""Every page of an account, tried by those who may not (design section 6).

The pages are read from the URL configuration, so a new one is tried without being named here.
When its address carries the id of something, ``OBJECTS`` says of what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import Account, User
from accounts.states import Role
from tests.factories import (
    AgentFactory,
    ApiKeyFactory,
    CarrierTaskFactory,
    ConnectionFactory,
    CsvEditFactory,
    ImportFactory,
    InvitationFactory,
    JobFactory,
    MembershipFactory,
    NoticeFactory,
    PaymentAttemptFactory,
    PhoneNumberFactory,
    SavedFilterFactory,
    subscribed,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

#: What the id in the address of a page belongs to. Pages of ``numbers`` are about a number, and of
#: ``telephony`` about an agent, unless they are named here.
OBJECTS = {
    "accounts:change_role": "membership",
    "accounts:job": "job",
    "accounts:job_events": "job",
    "accounts:job_export": "job",
    "accounts:job_progress": "job",
    "accounts:job_retry": "job",
    "accounts:notice": "notice",
    "accounts:remove_member": "membership",
    "accounts:resend_invitation": "invitation",
    "accounts:revoke_api_key": "api_key",
    "accounts:revoke_invitation": "invitation",
    "licensing:ask_again": "payment",
    "numbers:bulk_undo": "job",
    "numbers:connection": "connection",
    "numbers:connection_check": "connection",
    "numbers:connection_import": "connection",
    "numbers:connection_remove": "connection",
    "numbers:connection_schedule": "connection",
    "numbers:connection_token": "connection",
    "numbers:csv_edit": "csv_edit",
    "numbers:csv_preview": "csv_edit",
    "numbers:delete_filter": "saved_filter",
    "numbers:import_detail": "import",
    "numbers:import_progress": "import",
    "numbers:try_again": "carrier_task",
}
#: What a person decides for themselves, whatever their role.
OWN_AFFAIRS = {
    "accounts:notice",
    "accounts:notice_preferences",
    "accounts:read_all_notices",
    "numbers:delete_filter",
    "numbers:export",
    "numbers:columns",
    "numbers:save_filter",
}
#: Addresses outside of accounts; each guards itself and has its own tests.
ELSEWHERE = {"accounts/", "accounts/2fa/", "admin/", "api/v1/"}
OPEN = {"healthz", "help", "home", "hook", "invitation", "readyz", "stop_looking", "styleguide"}


class Page(NamedTuple):
    name: str
    parameters: tuple[str, ...]


def pages() -> Iterator[Page]:
    """Every named address under ``/a/<slug>/``."""
    for entry in get_resolver().url_patterns:
        if str(entry.pattern).startswith("a/<slug:account>/"):
            yield from _below(entry, namespace="", parameters=())


def _below(
    entry: URLPattern | URLResolver, *, namespace: str, parameters: tuple[str, ...]
) -> Iterator[Page]:
    parameters += tuple(entry.pattern.converters)
    if isinstance(entry, URLResolver):
        inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
        for each in entry.url_patterns:
            yield from _below(each, namespace=inner, parameters=parameters)
    else:
        yield Page(f"{namespace}{entry.name}", parameters)


PAGES = sorted(set(pages()))
every_page = pytest.mark.parametrize("door", PAGES, ids=lambda door: door.name)


def address(page: Page, account: Account, user: User) -> str:
    """The page about a thing that exists in the account."""
    others = [name for name in page.parameters if name != "account"]
    if not others:
        return reverse(page.name, args=[account.slug])
    kind = OBJECTS.get(page.name) or DEFAULTS.get(page.name.partition(":")[0])
    assert kind, f"{page.name}: add to OBJECTS what its id belongs to"
    ids = MAKERS[kind](account, user)
    assert len(ids) == len(others), f"{page.name}: add to OBJECTS what {others} belong to"
    return reverse(page.name, args=[account.slug, *ids])


def _carrier_task(account: Account, user: User) -> tuple[int, ...]:
    task = CarrierTaskFactory.create(number__account=account)
    return (task.number_id, task.pk)


DEFAULTS = {"numbers": "number", "telephony": "agent"}
MAKERS: dict[str, Callable[[Account, User], tuple[int, ...]]] = {
    "agent": lambda account, user: (AgentFactory.create(account=account).pk,),
    "api_key": lambda account, user: (ApiKeyFactory.create(account=account).pk,),
    "connection": lambda account, user: (ConnectionFactory.create(account=account).pk,),
    "csv_edit": lambda account, user: (CsvEditFactory.create(account=account).pk,),
    "import": lambda account, user: (ImportFactory.create(connection__account=account).pk,),
    "invitation": lambda account, user: (InvitationFactory.create(account=account).pk,),
    "job": lambda account, user: (JobFactory.create(account=account).pk,),
    "membership": lambda account, user: (MembershipFactory.create(account=account).pk,),
    "notice": lambda account, user: (NoticeFactory.create(account=account, user=user).pk,),
    "number": lambda account, user: (PhoneNumberFactory.create(account=account).pk,),
    "payment": lambda account, user: (PaymentAttemptFactory.create(account=account).pk,),
    "saved_filter": lambda account, user: (
        SavedFilterFactory.create(account=account, user=user).pk,
    ),
    "carrier_task": _carrier_task,
}


@every_page
@pytest.mark.parametrize("method", ["get", "post"])
def test_the_signed_out_are_asked_to_sign_in(
    door: Page, method: str, acme: Account, member: User
) -> None:
    url = address(door, acme, member)

    response = getattr(Client(), method)(url)

    if response.status_code != 405:
        assert response.status_code == 302
        assert response.headers["Location"].startswith(reverse("account_login"))


@every_page
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_stranger_cannot_tell_that_the_page_exists(
    door: Page, method: str, acme: Account, member: User, stranger_client: Client
) -> None:
    url = address(door, acme, member)

    response = getattr(stranger_client, method)(url)

    assert response.status_code in (404, 405)


@every_page
@pytest.mark.parametrize("method", ["get", "post"])
def test_things_of_another_account_do_not_exist_in_ones_own(
    door: Page, method: str, acme: Account, owner: User, owner_client: Client
) -> None:
    if door.parameters == ("account",):
        return
    elsewhere = subscribed(slug="elsewhere")
    theirs = MembershipFactory.create(account=elsewhere, role=Role.OWNER).user
    url = address(door, elsewhere, theirs).replace("/a/elsewhere/", "/a/acme/")

    response = getattr(owner_client, method)(url)

    assert response.status_code in (404, 405)


@every_page
def test_a_member_may_look(door: Page, acme: Account, member: User, member_client: Client) -> None:
    response = member_client.get(address(door, acme, member))

    assert response.status_code in (200, 302, 403, 405)


@every_page
def test_a_member_changes_nothing(
    door: Page, acme: Account, member: User, member_client: Client
) -> None:
    response = member_client.post(address(door, acme, member))

    if door.name not in OWN_AFFAIRS:
        assert response.status_code in (403, 405)


@every_page
def test_an_owner_gets_in(door: Page, acme: Account, owner: User, owner_client: Client) -> None:
    response = owner_client.get(address(door, acme, owner))

    assert response.status_code in (200, 302, 405, 422)


def test_every_page_has_a_name() -> None:
    assert [page for page in PAGES if page.name.endswith(":None")] == []
    assert len(PAGES) > 20


def test_every_address_outside_of_accounts_is_known() -> None:
    entries = [
        entry
        for entry in get_resolver().url_patterns
        if not str(entry.pattern).startswith("a/<slug:account>/")
        and str(entry.pattern) not in ELSEWHERE
    ]
    names = {page.name for entry in entries for page in _below(entry, namespace="", parameters=())}

    assert names == OPEN


def test_the_table_names_only_pages_that_exist() -> None:
    assert set(OBJECTS) | OWN_AFFAIRS <= {page.name for page in PAGES}


def test_the_address_of_an_account_leads_to_its_overview(member_client: Client) -> None:
    response = member_client.get("/a/acme/")

    assert response.headers["Location"] == reverse("accounts:overview", args=["acme"])
