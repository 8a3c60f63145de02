"""A refresh of several connections: one page for all of them, live, that ends on a result."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from accounts.models import Account
from accounts.states import JobState
from numbers.models import Import
from tests.factories import (
    NOON,
    ConnectionFactory,
    EventFactory,
    ImportFactory,
    JobFactory,
    PhoneNumberFactory,
)

pytestmark = pytest.mark.django_db

LIST = "/a/acme/numbers/"
START = "/a/acme/imports/start/"


def ended(account: Account, state: str = JobState.DONE, **found: int) -> Import:
    """An import that was asked for at noon and has ended."""
    why = "Twilio is down." if state == JobState.FAILED else ""
    job = JobFactory.create(
        account=account, kind="import", state=state, created_at=NOON, finished_at=NOON,
        done=sum(found.values()), result=found, error=why,
    )  # fmt: skip
    connection = ConnectionFactory.create(account=account)
    return ImportFactory.create(connection=connection, job=job, is_open=False)


def together(*runs: Import) -> str:
    query = "&".join(f"run={run.pk}" for run in runs)
    return f"/a/acme/imports/together/?{query}"


def test_a_refresh_of_several_connections_leads_to_all_of_them(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    ConnectionFactory.create(account=acme, name="Berlin")
    ConnectionFactory.create(account=acme, name="Boston")

    page = owner_client.post(START, follow=True)

    runs = list(Import.objects.order_by("pk"))
    html = page.content.decode()
    assert page.redirect_chain[-1][0] == together(*runs)
    assert "Berlin" in html
    assert "Boston" in html
    assert 'hx-trigger="every 1s"' in html
    assert len({run.job.created_at for run in runs}) == 1


def test_one_connection_keeps_its_own_page(acme: Account, owner_client: Client, noon: Any) -> None:
    ConnectionFactory.create(account=acme)

    page = owner_client.post(START)

    assert page["Location"] == f"/a/acme/imports/{Import.objects.get().pk}/"


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ({"new": 2, "unchanged": 3}, {"new": 1, "changed": 4}, ["3", "4", "0", "0", "3"]),
        ({"unchanged": 3}, {"unchanged": 4}, ["0", "0", "0", "0", "7"]),
    ],
)
def test_it_ends_on_what_all_of_them_found(
    first: dict[str, Any],
    second: dict[str, Any],
    said: list[str],
    acme: Account,
    owner_client: Client,
) -> None:
    runs = ended(acme, **first), ended(acme, **second)

    page = owner_client.get(together(*runs)).content.decode()
    fragment = owner_client.get(together(*runs), headers={"HX-Request": "true"})

    assert re.findall(r"<b>([\d,]+)</b>", page) == said
    assert "numbers read from Twilio." in page
    assert "Every connection was read" in page
    assert "hx-trigger" not in page.partition("<main")[2]
    assert fragment["HX-Refresh"] == "true"


def test_a_total_of_several_leads_nowhere_and_their_own_figures_do(
    acme: Account, owner_client: Client
) -> None:
    runs = ended(acme, new=1), ended(acme, new=2)

    page = owner_client.get(together(*runs)).content.decode()

    assert 'class="stat" href' not in page
    assert page.count("outcome=new") == 2


def test_each_count_leads_to_exactly_its_numbers(acme: Account, owner_client: Client) -> None:
    first, second = ended(acme, new=1, missing=1, unchanged=2), ended(acme, came_back=1)
    number = PhoneNumberFactory.create(account=acme, label="The new one")
    PhoneNumberFactory.create(account=acme, label="Another one")
    EventFactory.create(
        account=acme, type="number.imported", subject_type="number", subject_id=number.pk,
        job=first.job,
    )  # fmt: skip

    page = owner_client.get(together(first, second)).content.decode()

    links = dict(re.findall(r'<a href="([^"]+imported_in=[^"]+)">([^<]+)</a>', page))
    address = f"{LIST}?imported_in={first.job_id}&amp;outcome="
    assert links == {
        f"{address}new": "1 new",
        f"{address}missing": "1 no longer found",
        f"{LIST}?imported_in={second.job_id}&amp;outcome=came_back": "1 came back",
    }
    assert "2 unchanged." in page
    figures = dict(
        re.findall(
            r'<a class="stat[^"]*" href="([^"]+)">\s*<span[^>]*>[^<]+</span><b>([^<]+)', page
        )
    )
    assert figures == dict.fromkeys(links, "1")  # the total's, as only one has added to each
    found = owner_client.get(unescape(f"{address}new")).content.decode()
    assert "The new one" in found
    assert "Another one" not in found


def test_one_that_failed_is_named_and_the_others_count(acme: Account, owner_client: Client) -> None:
    runs = ended(acme, new=2), ended(acme, JobState.FAILED)

    page = owner_client.get(together(*runs)).content.decode()

    assert "1 of 2 stopped before the end" in page
    assert "Twilio is down." in page
    assert "2 new" in page


def test_the_fragment_goes_on_while_one_of_them_runs(acme: Account, owner_client: Client) -> None:
    running = ImportFactory.create(connection__account=acme, is_open=True)
    done = ended(acme, new=1)

    fragment = owner_client.get(together(done, running), headers={"HX-Request": "true"})

    assert "HX-Refresh" not in fragment
    assert "<html" not in fragment.content.decode()
    assert 'hx-trigger="every 1s"' in fragment.content.decode()


def test_strangers_and_imports_of_others_are_not_found(
    acme: Account, owner_client: Client, member_client: Client, stranger_client: Client
) -> None:
    mine, other = ended(acme, new=1), ImportFactory.create()

    assert member_client.get(together(mine)).status_code == 200
    assert stranger_client.get(together(mine)).status_code == 404
    for query in (f"run={other.pk}", "run=x", "run=" + "9" * 30):
        assert owner_client.get(f"/a/acme/imports/together/?{query}").status_code == 404
    assert owner_client.get("/a/acme/imports/together/")["Location"] == "/a/acme/imports/"
    both = owner_client.get(together(mine, other))
    assert [row[0] for row in both.context["rows"]] == [mine]


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ([{"new": 2}, {"changed": 1}], "2 new, 1 changed"),
        ([{"unchanged": 2}, {"unchanged": 1}], "nothing has changed"),
        ([{"new": 2}, {"state": "failed"}], "1 of 2 connections could not be read"),
        ([{"state": "failed"}, {"state": "failed"}], "The last refresh failed"),
    ],
)
def test_the_list_says_what_the_whole_refresh_found(
    runs: list[Any], said: str, acme: Account, owner_client: Client
) -> None:
    PhoneNumberFactory.create(account=acme)
    made = [ended(acme, **run) for run in runs]

    html = owner_client.get(LIST).content.decode()

    assert said in html
    assert "0 changed" not in html
    assert together(*made).replace("&", "&amp;") in html
