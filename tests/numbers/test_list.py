"""The Numbers page: what it shows, in which order, how far it pages, and what it costs."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.db import connection as db_connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, User
from numbers import listing
from numbers.filters import matching
from numbers.models import PhoneNumber, SavedFilter
from numbers.states import NumberState, TaskState
from tests.cursors import NO_CURSORS
from tests.factories import (
    NOON,
    AgentFactory,
    CarrierTaskFactory,
    ConnectionFactory,
    GracePeriodFactory,
    ImportFactory,
    PhoneNumberFactory,
    SavedFilterFactory,
    TagFactory,
)

pytestmark = pytest.mark.django_db

LIST = "/a/acme/numbers/"
EXPORT = "/a/acme/numbers/export.csv"


def shown(response: Any) -> list[PhoneNumber]:
    """The numbers in the rows of the page."""
    return [row.number for row in response.context["rows"]]


# --- Pages -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(listing.SORTS))
@pytest.mark.parametrize("narrowed", [False, True])
def test_going_forth_and_back_shows_every_number_once_in_one_order(
    acme: Account, name: str, narrowed: bool
) -> None:
    agents = AgentFactory.create_batch(2, account=acme)
    for index in range(23):
        PhoneNumberFactory.create(
            account=acme,
            agent=[None, *agents][index % 3],
            label=["", "Same", "same"][index % 3],
            imported_at=NOON + timedelta(hours=index % 2),
            state_changed_at=NOON + timedelta(hours=index % 4),
            keep_decided_at=NOON if index % 4 == 0 else None,
        )
    numbers = PhoneNumber.objects.filter(account=acme)
    sort = listing.sort_by(name, narrowed=narrowed)

    def turn(**position: Any) -> listing.Page:
        return listing.page(numbers, sort, total=23, size=5, **position)

    forth = [turn()]
    while forth[-1].after:
        forth.append(turn(after=forth[-1].after))
    back = [turn(last=True)]
    while back[-1].before:
        back.append(turn(before=back[-1].before))

    expected = list(sort.prepare(numbers).order_by(*sort.order(backwards=False)))
    assert [row for page in forth for row in page.rows] == expected
    assert [row for page in reversed(back) for row in page.rows] == expected
    assert [page.first for page in forth] == [1, 6, 11, 16, 21]
    assert [page.first for page in reversed(back)] == [1, 6, 11, 16, 21]


@pytest.mark.parametrize("cursor", NO_CURSORS)
def test_a_cursor_that_no_page_gave_is_refused(owner_client: Client, cursor: str) -> None:
    for name in ("after", "before"):
        for sort in ("number", "imported", "decision"):
            response = owner_client.get(LIST, {name: cursor, "sort": sort})

            assert response.status_code == 400


def test_the_page_says_where_one_is_and_links_on(acme: Account, owner_client: Client) -> None:
    PhoneNumberFactory.create_batch(120, account=acme)

    first = owner_client.get(LIST, {"sort": "number"})
    second = owner_client.get(first.context["pages"]["next_url"])
    last = owner_client.get(second.context["pages"]["last_url"])

    assert first.context["pages"]["range"] == "1 to 50 of 120"
    assert second.context["pages"]["range"] == "51 to 100 of 120"
    assert last.context["pages"]["range"] == "101 to 120 of 120"
    assert len(last.context["rows"]) == 20
    assert not last.context["pages"]["next_url"]
    assert not first.context["pages"]["previous_url"]
    assert shown(owner_client.get(second.context["pages"]["previous_url"])) == shown(first)


def test_a_page_whose_last_number_was_decided_gives_way_to_the_first(
    acme: Account, owner_client: Client
) -> None:
    numbers = PhoneNumberFactory.create_batch(51, account=acme)
    second = owner_client.get(LIST, {"tab": "unassigned"}).context["pages"]["next_url"]
    PhoneNumber.objects.filter(pk=numbers[-1].pk).update(state="excluded")

    response = owner_client.get(second)

    assert response["Location"] == f"{LIST}?tab=unassigned"


# --- Rows ------------------------------------------------------------------------------------


def test_a_row_says_what_it_is_and_why(acme: Account, owner_client: Client, noon: Any) -> None:
    number = PhoneNumberFactory.create(
        account=acme, assigned=True, protected=True, label="Harbor", mms=True
    )
    number.tags.add(TagFactory.create(account=acme, name="sales"))

    html = owner_client.get(LIST).content.decode()

    assert "Harbor" in html
    assert f"{number.agent} is its agent; it is disabled, so nobody answers it." in html
    assert "Protected" in html
    assert "Voice, SMS, MMS" in html
    assert '<span class="tag">sales</span>' in html


def test_a_name_that_only_twilio_has_is_told_from_one_that_the_team_gave(
    acme: Account, owner_client: Client
) -> None:
    named = PhoneNumberFactory.create(account=acme, label="Harbor", friendly_name="Pier 9")
    theirs = PhoneNumberFactory.create(account=acme, label="", friendly_name="Front desk")
    digits = PhoneNumberFactory.create(account=acme, label="", friendly_name="")
    digits.friendly_name = str(digits)
    digits.save()

    html = owner_client.get(LIST).content.decode()

    assert "<small>Harbor</small>" in html
    assert "<small>At Twilio: Front desk</small>" in html
    assert (named.name, theirs.name, digits.name) == ("Harbor", "At Twilio: Front desk", "")


def test_a_released_number_says_until_when_it_can_come_back(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    PhoneNumberFactory.create(account=acme, released=True)

    html = owner_client.get(LIST, {"tab": "released"}).content.decode()

    assert (
        "Can come back until Wed,\u00a0Mar\u00a011,\u00a02026, 5:00\u00a0AM\u00a0PDT." in html
    )  # S1-18, account's zone
    assert re.search(
        r"restorable until <time [^>]+>"
        r"Wed,\u00a0Mar\u00a011,\u00a02026, 5:00\u00a0AM\u00a0PDT</time>",
        html,
    )
    noon.shift(timedelta(days=10))
    assert "Released for good" in owner_client.get(LIST, {"tab": "released"}).content.decode()


def test_a_refusal_of_twilio_shows_in_the_row(acme: Account, owner_client: Client) -> None:
    task = CarrierTaskFactory.create(number__account=acme, state=TaskState.NEEDS_PERSON)

    html = owner_client.get(LIST, {"tab": "released"}).content.decode()

    assert "Twilio refused" in html
    assert f"/numbers/{task.number_id}/" in html


def test_twilios_record_is_not_read_for_a_list(acme: Account, owner_client: Client) -> None:
    PhoneNumberFactory.create_batch(3, account=acme)

    with CaptureQueriesContext(connection) as queries:
        owner_client.get(LIST)

    assert not [query["sql"] for query in queries if '"twilio"' in query["sql"]]
    assert not [query["sql"] for query in queries if '"auth_token"' in query["sql"]]


@pytest.mark.parametrize("tab", ["all", "unassigned", "disabled", "released"])
def test_the_number_of_queries_does_not_grow_with_the_rows(
    acme: Account, owner_client: Client, tab: str
) -> None:
    tag = TagFactory.create(account=acme)

    def add(count: int) -> None:
        for _ in range(count):
            traits = {"released": True} if tab == "released" else {}
            PhoneNumberFactory.create(account=acme, **traits).tags.add(tag)

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            response = owner_client.get(LIST, {"tab": tab})
        assert response.status_code == 200
        return len(caught)

    add(5)
    at_five = queries()
    add(45)

    assert queries() == at_five
    # What can come back is asked of licenses, grace period and counts: 4 more where rows have left.
    # What waits for a decision says whence it came: 1 more.
    assert at_five <= 18 + {"released": 4, "unassigned": 1}.get(tab, 0)


def test_a_filter_costs_one_count_more_and_only_where_it_leaves_very_many(
    acme: Account, owner_client: Client
) -> None:
    one = PhoneNumberFactory.create(account=acme, e164="+12065550001")

    def queries(query: str) -> tuple[int, int]:
        with CaptureQueriesContext(connection) as caught:
            response = owner_client.get(LIST, {"q": query})
        return len(caught), response.context["total"]

    plain, _ = queries("")
    assert queries("206") == (plain, 1)

    PhoneNumber.objects.bulk_create(
        PhoneNumberFactory.build(
            account=acme, connection=one.connection, e164=f"+1206556{index:04d}"
        )
        for index in range(1_001)
    )

    assert queries("206556") == (plain + 1, 1_001)
    assert queries("2065560") == (plain, 1_000)


# --- Filters on the page ---------------------------------------------------------------------


def test_each_filter_in_force_is_a_chip_that_takes_it_away(
    acme: Account, owner_client: Client
) -> None:
    agent = AgentFactory.create(account=acme, name="Front desk")
    PhoneNumberFactory.create(account=acme, agent=agent, protected=True)

    response = owner_client.get(
        LIST, {"agent": str(agent.pk), "protected": "true", "sort": "-name"}
    )
    chips = {chip["label"]: chip["url"] for chip in response.context["chips"]}

    assert set(chips) == {"Agent: Front desk", "Protected"}
    assert chips["Protected"] == f"{LIST}?agent={agent.pk}&sort=-name"


def test_controls_that_were_left_empty_do_not_litter_the_address(
    acme: Account, owner_client: Client
) -> None:
    PhoneNumberFactory.create_batch(51, account=acme)

    response = owner_client.get(LIST, {"q": "", "tag": "", "country": "us", "agent": ""})

    assert response.context["query"] == "country=us"
    assert response.context["pages"]["next_url"].startswith(f"{LIST}?country=us&after=")


def test_a_filter_that_cannot_be_read_is_named(acme: Account, owner_client: Client) -> None:
    PhoneNumberFactory.create(account=acme)

    response = owner_client.get(LIST, {"agent": "front desk"})

    assert response.status_code == 422
    assert shown(response) == []
    assert "agent: Enter a whole number." in response.content.decode()


def test_an_empty_result_leads_back(acme: Account, owner_client: Client) -> None:
    PhoneNumberFactory.create(account=acme)

    html = owner_client.get(LIST, {"q": "999999"}).content.decode()

    assert "No number matches" in html
    assert f'href="{LIST}"' in html


def test_gone_numbers_have_a_tab_once_there_are_any(acme: Account, owner_client: Client) -> None:
    PhoneNumberFactory.create(account=acme)

    def tabs() -> list[str]:
        return [tab["label"] for tab in owner_client.get(LIST).context["tabs"]]

    assert tabs() == [
        "All",
        "Assigned",
        "Unassigned",
        "Disabled",
        "Released",
        "Excluded",
        "Missing",
    ]
    PhoneNumberFactory.create(account=acme, gone=True)
    assert tabs()[-1] == "Gone"


def test_an_empty_inventory_leads_to_the_next_act(
    acme: Account, owner_client: Client, member_client: Client
) -> None:
    assert "Connect a Twilio subaccount" in owner_client.get(LIST).content.decode()

    ConnectionFactory.create(account=acme)

    assert "Import Numbers" in owner_client.get(LIST).content.decode()  # S0-14
    assert "Import Numbers" not in member_client.get(LIST).content.decode()


def test_the_head_says_what_the_last_refresh_found(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    number = PhoneNumberFactory.create(account=acme)
    run = ImportFactory.create(connection=number.connection, finished=True)
    run.job.result = {"new": 1_200, "changed": 3, "missing": 1}
    run.job.save()

    html = owner_client.get(LIST).content.decode()

    assert f"/a/acme/imports/{run.pk}/" in html
    assert "1,200 new, 3 changed, 1 missing" in html


# --- Countries -------------------------------------------------------------------------------


def options(response: Any, name: str) -> list[tuple[str, str, bool]]:
    """What a drop-down of the filter panel offers: value, text, whether it is chosen."""
    (choice,) = [each for each in response.context["choices"] if each.name == name]
    return choice.options  # type: ignore[no-any-return]


def test_the_countries_to_choose_from_are_those_of_the_tab_with_their_counts(
    acme: Account, owner_client: Client
) -> None:
    PhoneNumberFactory.create_batch(2, account=acme)
    british = PhoneNumberFactory.create(account=acme, country="GB", e164="+442079460018")
    PhoneNumberFactory.create(account=acme, country="AX", excluded=True, e164="+358184570001")
    PhoneNumberFactory.create(account=acme, country="", e164="+881612345678")  # a satellite's
    PhoneNumberFactory.create(country="FR")

    response = owner_client.get(LIST, {"country": "gb"})

    assert options(response, "country") == [
        ("", "Any", False),
        ("GB", "United Kingdom (1)", True),
        ("US", "United States (2)", False),
    ]
    assert shown(response) == [british]
    assert [chip["label"] for chip in response.context["chips"]] == ["Country: United Kingdom"]
    excluded = options(owner_client.get(LIST, {"tab": "excluded"}), "country")
    assert excluded[1:] == [("AX", "Åland Islands (1)", False)]
    everywhere = options(owner_client.get(LIST, {"state": "held"}), "country")
    assert [value for value, _, _ in everywhere] == ["", "AX", "GB", "US"]


def test_a_country_that_this_tab_has_not_stays_chosen(acme: Account, owner_client: Client) -> None:
    PhoneNumberFactory.create(account=acme)

    response = owner_client.get(LIST, {"country": "GB"})

    assert ("GB", "United Kingdom (0)", True) in options(response, "country")
    assert response.context["total"] == 0


def test_a_tab_that_there_is_not_offers_all_countries(acme: Account, owner_client: Client) -> None:
    PhoneNumberFactory.create(account=acme)

    response = owner_client.get(LIST, {"tab": "everything"})

    assert response.status_code == 422
    assert ("US", "United States (1)", False) in options(response, "country")


def test_a_country_costs_no_query_and_no_count(acme: Account, owner_client: Client) -> None:
    one = PhoneNumberFactory.create(account=acme)
    PhoneNumber.objects.bulk_create(
        PhoneNumberFactory.build(
            account=acme, connection=one.connection, e164=f"+4420794{index:05d}", country="GB"
        )
        for index in range(1_001)
    )

    def queries(**query: str) -> tuple[int, int]:
        with CaptureQueriesContext(connection) as caught:
            response = owner_client.get(LIST, query)
        return len(caught), response.context["total"]

    plain, _ = queries()

    assert queries(country="GB") == (plain, 1_001)


def test_a_foreign_number_has_the_flag_of_its_country_by_name(
    acme: Account, owner_client: Client
) -> None:
    PhoneNumberFactory.create(account=acme)
    PhoneNumberFactory.create(account=acme, country="", e164="+881612345678")
    british = PhoneNumberFactory.create(account=acme, country="GB", e164="+442079460018")

    html = owner_client.get(LIST).content.decode()

    assert re.findall(r'<span class="flag-sprite[^>]*>', html) == [
        '<span class="flag-sprite flag-g flag-_b" role="img" aria-label="United Kingdom"'
        ' title="United Kingdom">'
    ]
    acme.country = "GB"
    acme.save()
    assert 'aria-label="United States"' in owner_client.get(LIST).content.decode()
    page = owner_client.get(british.get_absolute_url()).content.decode()
    assert "Local, United Kingdom" in page


# --- The Unassigned tab ----------------------------------------------------------------------


def test_what_needs_a_decision_comes_first(acme: Account, owner_client: Client) -> None:
    kept = PhoneNumberFactory.create(account=acme, e164="+14155550001", keep_decided_at=NOON)
    open_ = PhoneNumberFactory.create(account=acme, e164="+14155550002")

    assert shown(owner_client.get(LIST, {"tab": "unassigned"})) == [open_, kept]  # S0-22


def test_a_row_offers_every_decision_without_javascript(
    acme: Account, owner_client: Client
) -> None:  # S0-21, S0-22
    number = PhoneNumberFactory.create(account=acme)
    AgentFactory.create(account=acme, name="Front desk")
    AgentFactory.create(account=acme, name="Night shift", draft=True)

    html = owner_client.get(LIST, {"tab": "unassigned"}).content.decode()

    assert f'id="assign-{number.pk}"' in html
    assert f'id="keep-{number.pk}"' in html
    for action in ("swap-in", "exclude", "release"):
        assert f"/numbers/{number.pk}/{action}/" in html
    assert "disabled>Night shift (draft, not live)</option>" in html
    assert ">Front desk</option>" in html


def test_with_very_many_agents_a_row_links_to_the_page_that_assigns(
    acme: Account, owner_client: Client
) -> None:
    number = PhoneNumberFactory.create(account=acme)
    AgentFactory.create_batch(31, account=acme)

    html = owner_client.get(LIST, {"tab": "unassigned"}).content.decode()

    assert f'form="assign-{number.pk}"' not in html
    assert f"/numbers/{number.pk}/assign/" in html


def test_in_grace_the_tab_says_how_many_decisions_are_enough(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    PhoneNumberFactory.create_batch(12, account=acme)
    GracePeriodFactory.create(account=acme)

    html = owner_client.get(LIST, {"tab": "unassigned"}).content.decode()

    assert "It is enough to release or exclude 2 of these" in html


@pytest.mark.parametrize(
    ("hours", "said"), [(16, "2 over, 31 h 12 min left"), (50, "2 over, time is up")]
)
def test_the_meter_says_how_much_time_is_left(
    acme: Account, owner_client: Client, noon: Any, hours: int, said: str
) -> None:
    PhoneNumberFactory.create_batch(12, account=acme)
    GracePeriodFactory.create(account=acme)
    noon.move_to(NOON + timedelta(hours=hours, minutes=48))

    html = owner_client.get(LIST).content.decode()

    meter = html.partition('<div class="meter">')[2].partition("</div>")[0]
    words = " ".join(unescape(re.sub(r"<[^>]+>", "", meter)).split())
    assert words == f"12 of 10 licenses {said} Manage licenses"
    assert 'href="/a/acme/licenses/"' in meter


def test_disabled_are_those_with_an_agent_that_nobody_answers(
    acme: Account, owner_client: Client
) -> None:
    ready = PhoneNumberFactory.create(account=acme, ready=True)
    PhoneNumberFactory.create(account=acme, enabled=True)
    PhoneNumberFactory.create(account=acme)
    PhoneNumberFactory.create(account=acme, released=True)

    response = owner_client.get(LIST, {"tab": "disabled"})

    assert shown(response) == [ready]
    assert "nobody answers their calls and texts" in response.content.decode()
    tab = next(each for each in response.context["tabs"] if each["label"] == "Disabled")
    assert (tab["count"], tab["current"]) == (1, True)
    offered = [each["value"] for each in response.context["bulk_actions"]]
    assert "enable" in offered
    assert "disable" not in offered
    owner_client.post(f"/a/acme/numbers/{ready.pk}/enable/")
    assert "Nothing is disabled" in owner_client.get(LIST, {"tab": "disabled"}).content.decode()


def test_a_member_reads_without_buttons(acme: Account, member_client: Client) -> None:
    number = PhoneNumberFactory.create(account=acme)

    for tab in ("all", "unassigned"):
        html = member_client.get(LIST, {"tab": tab}).content.decode()

        assert f"/numbers/{number.pk}/" in html
        for word in (
            "data-select-page",
            'name="ids"',
            "assign-",
            "/release/",
            "data-bulk",
            ">Refresh<",
        ):
            assert word not in html, word


def test_a_stranger_finds_nothing(acme: Account, stranger_client: Client) -> None:
    assert stranger_client.get(LIST).status_code == 404
    assert stranger_client.get(EXPORT).status_code == 404
    assert Client().get(LIST).status_code == 302


# --- CSV -------------------------------------------------------------------------------------


def table(response: Any) -> list[dict[str, str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_csv_holds_all_pages_of_the_view_in_its_order(
    acme: Account, owner_client: Client
) -> None:
    PhoneNumberFactory.create_batch(60, account=acme)
    PhoneNumberFactory.create(account=acme, missing=True)

    rows = table(owner_client.get(EXPORT, {"sort": "-number"}))

    wanted = matching(PhoneNumber.objects.filter(account=acme), "").order_by("-e164")
    assert [row["number"].replace(" ", "") for row in rows] == [number.e164 for number in wanted]


def test_the_ticked_rows_are_exported_in_the_order_of_the_view(
    acme: Account, owner_client: Client
) -> None:
    one, two, three = PhoneNumberFactory.create_batch(3, account=acme)
    foreign = PhoneNumberFactory.create()
    here, elsewhere = str(one.pk), f"{three.pk},{foreign.pk}"  # those of other pages in one field

    response = owner_client.post(
        EXPORT, {"ids": [here, elsewhere], "query": "sort=-number&tab=unassigned", "everything": ""}
    )

    assert response["Content-Type"].startswith("text/csv")
    assert [row["SID"] for row in table(response)] == [three.sid, one.sid]
    assert two.sid not in response["Content-Disposition"]


def test_all_that_match_are_exported_as_the_link_exports_the_view(
    acme: Account, owner_client: Client
) -> None:
    PhoneNumberFactory.create_batch(3, account=acme)
    PhoneNumberFactory.create(account=acme, released=True)
    ticked = PhoneNumber.objects.filter(account=acme).first()

    posted = owner_client.post(
        EXPORT, {"ids": ticked.pk if ticked else "", "query": "tab=all", "everything": "1"}
    )

    of_view = owner_client.get(EXPORT, {"tab": "all"})
    assert b"".join(posted.streaming_content) == b"".join(of_view.streaming_content)  # type: ignore[attr-defined]


@pytest.mark.parametrize("data", [{}, {"ids": "x"}, {"ids": "", "query": "tab=all"}])
def test_exporting_nothing_goes_back_and_says_so(
    acme: Account, owner_client: Client, data: dict[str, str]
) -> None:
    PhoneNumberFactory.create(account=acme)

    response = owner_client.post(f"{EXPORT}?next={LIST}%3Ftab=all", data, follow=True)

    assert response.redirect_chain == [(f"{LIST}?tab=all", 302)]
    assert "Select at least one number." in response.content.decode()


def test_a_member_may_export_ticked_rows_and_a_stranger_may_not(
    acme: Account, member_client: Client, stranger_client: Client
) -> None:
    number = PhoneNumberFactory.create(account=acme)

    assert len(table(member_client.post(EXPORT, {"ids": number.pk}))) == 1
    assert stranger_client.post(EXPORT, {"ids": number.pk}).status_code == 404


def test_nothing_in_the_csv_runs_as_a_formula(acme: Account, member_client: Client) -> None:
    number = PhoneNumberFactory.create(account=acme, label="=HYPERLINK(1)", e164="+14155550123")
    number.tags.add(TagFactory.create(account=acme, name="@sum"))

    (row,) = table(member_client.get(EXPORT))

    assert row["name"] == "'=HYPERLINK(1)"
    assert row["tags"] == "'@sum"
    assert row["number"] == "+1 415 555 0123"  # in groups, or a spreadsheet drops the plus


def test_the_csv_reads_the_database_a_fixed_number_of_times(
    acme: Account, owner_client: Client
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            table(owner_client.get(EXPORT))
        return len(caught)

    PhoneNumberFactory.create_batch(5, account=acme)
    at_five = queries()
    PhoneNumberFactory.create_batch(45, account=acme)

    assert queries() == at_five


def test_the_csv_of_a_filter_that_cannot_be_read_is_the_page_that_says_so(
    acme: Account, owner_client: Client
) -> None:
    response = owner_client.get(EXPORT, {"agent": "x"})

    assert response.status_code == 302
    assert response["Location"] == f"{LIST}?agent=x"


# --- Saved views -----------------------------------------------------------------------------


def test_a_member_saves_a_view_and_opens_it_again(
    acme: Account, member: User, member_client: Client
) -> None:
    query = "tab=unassigned&tag=sales&after=xyz"

    member_client.post("/a/acme/numbers/saved/", {"name": "To decide", "query": query})

    saved = SavedFilter.objects.get(account=acme, user=member)
    assert (saved.name, saved.query) == ("To decide", "tab=unassigned&tag=sales")
    html = member_client.get(LIST).content.decode()
    assert "To decide" in html


def test_the_same_name_replaces_the_view(
    member: User, acme: Account, member_client: Client
) -> None:
    SavedFilterFactory.create(account=acme, user=member, name="Mine", query="tab=all")

    member_client.post("/a/acme/numbers/saved/", {"name": "Mine", "query": "tab=missing"})

    assert SavedFilter.objects.get().query == "tab=missing"


@pytest.mark.parametrize(
    ("name", "query"), [("", "tab=all"), ("x" * 61, "tab=all"), ("Long", "q=" + "x" * 600)]
)
def test_a_view_that_cannot_be_saved_says_why(
    acme: Account, member_client: Client, name: str, query: str
) -> None:
    PhoneNumberFactory.create(account=acme)
    response = member_client.post(
        "/a/acme/numbers/saved/", {"name": name, "query": query}, follow=True
    )

    assert not SavedFilter.objects.exists()
    assert [str(message) for message in response.context["messages"]]


def test_nobody_sees_or_deletes_the_views_of_another(
    acme: Account, member: User, owner_client: Client, member_client: Client
) -> None:
    PhoneNumberFactory.create(account=acme)
    theirs = SavedFilterFactory.create(account=acme, user=member, name="Of the member")
    delete = f"/a/acme/numbers/saved/{theirs.pk}/delete/"

    assert "Of the member" not in owner_client.get(LIST).content.decode()
    assert owner_client.post(delete).status_code == 404
    member_client.post(delete)
    assert not SavedFilter.objects.exists()


def test_what_cannot_come_back_now_is_greyed_with_the_reason(
    acme: Account, owner_client: Client, noon: time_machine.Traveller
) -> None:
    connection = ConnectionFactory.create(account=acme)
    released = {"account": acme, "connection": connection, "released": True}
    first = PhoneNumberFactory.create(**released)
    PhoneNumberFactory.create_batch(9, account=acme)

    def tab() -> tuple[str, int]:
        with CaptureQueriesContext(db_connection) as queries:
            text = owner_client.get(LIST, {"tab": "released"}).content.decode()
        return text, len(queries)

    tab()
    free, few = tab()
    PhoneNumberFactory.create_batch(5, **released)
    _, many = tab()
    PhoneNumberFactory.create(account=acme)
    full, _ = tab()
    found = owner_client.get(LIST, {"q": first.e164}).content.decode()

    assert 'aria-disabled="true"' not in free
    assert few == many
    assert full.count('aria-disabled="true" title="The 10 licenses are in use; this needs') == 6
    assert 'aria-disabled="true" title="The 10 licenses are in use; this needs' in found


def test_a_release_that_no_license_is_left_to_call_off_says_so_in_its_row(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    number = PhoneNumberFactory.create(account=acme, state=NumberState.RELEASING)
    CarrierTaskFactory.create(number=number, state=TaskState.NEEDS_PERSON)
    page = "/a/acme/numbers/?tab=released"
    free = owner_client.get(page).context["rows"][0].back
    PhoneNumberFactory.create_batch(10, account=acme)

    html = owner_client.get(page)

    assert (free.label, free.reason) == ("Keep after all", "")
    assert "license" in html.context["rows"][0].back.reason
    assert 'aria-disabled="true"' in html.content.decode()


def test_a_row_says_why_what_was_released_can_no_longer_be_restored(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    for days in (9, 11):
        PhoneNumberFactory.create(
            account=acme,
            state=NumberState.RELEASED,
            released_at=NOON - timedelta(days=days),
            state_changed_at=NOON - timedelta(days=days),
        )

    html = owner_client.get("/a/acme/numbers/?tab=released").content.decode()

    assert html.count("this one has left Twilio for good.") == 1
    assert len(re.findall(r"/numbers/\d+/restore/", html)) == 1


def test_the_csv_calls_a_held_number_as_the_page_does(acme: Account, owner_client: Client) -> None:
    kinds: list[dict[str, Any]] = [
        {}, {"assigned": True}, {"keep_decided_at": NOON}, {"enabled": True}, {"released": True},
    ]  # fmt: skip
    numbers = [PhoneNumberFactory.create(account=acme, **kind) for kind in kinds]
    numbers[3].in_service_at = NOON
    numbers[3].save()

    file = owner_client.get("/a/acme/numbers/export.csv?tab=all").getvalue().decode("utf-8-sig")
    states = {row["SID"]: row["state"] for row in csv.DictReader(io.StringIO(file))}
    pages = [owner_client.get(LIST, {"tab": tab}) for tab in ("all", "released")]
    said = {row.number.sid: row.state.text for page in pages for row in page.context["rows"]}

    assert {states[number.sid] for number in numbers[:4]} == {
        "Unassigned", "Assigned", "Kept", "In service",
    }  # fmt: skip
    assert all(said[sid] == state for sid, state in states.items())
