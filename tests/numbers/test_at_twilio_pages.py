"""What pages say of numbers, tasks, imports and connections whose state at Twilio needs words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from accounts.models import Account
from numbers.models import CarrierTask, Connection, PhoneNumber
from numbers.states import ConnectionState, NumberState, TaskKind, TaskState
from tests.factories import (
    NOON,
    CarrierTaskFactory,
    ConnectionFactory,
    EventFactory,
    GracePeriodFactory,
    ImportFactory,
    PhoneNumberFactory,
)

pytestmark = pytest.mark.django_db

OLD, NEW = "https://example.com/old", "https://example.com/new"


def page(number: PhoneNumber, action: str = "") -> str:
    return f"/a/acme/numbers/{number.pk}/{action + '/' if action else ''}"


def read(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


@pytest.fixture
def back(acme: Account) -> PhoneNumber:
    """A number that came back with another voice URL than it had."""
    return PhoneNumberFactory.create(
        account=acme,
        twilio={"voice_url": NEW},
        before_release={"settings": {"voice_url": OLD}, "found": {"voice_url": NEW}},
    )


# --- Settings from before ------------------------------------------------------------------------


def test_a_number_that_came_back_shows_both_versions_of_its_settings(
    back: PhoneNumber, owner_client: Client
) -> None:
    shown = read(owner_client, page(back))
    asked = read(owner_client, page(back, "put-settings-back"))

    for html in (shown, asked):
        assert OLD in html
        assert NEW in html
        assert "Voice URL</dt>" in html
    assert "Nothing was written at Twilio from here" in shown
    assert f"<del>{NEW}</del>" in asked
    assert f"<ins>{OLD}</ins>" in asked


def test_pressing_the_button_has_them_put_back(back: PhoneNumber, owner_client: Client) -> None:
    response = owner_client.post(page(back, "put-settings-back"))

    assert response.status_code == 302
    task = CarrierTask.objects.get()
    assert (task.kind, task.settings) == (TaskKind.PUT_BACK, {"voice_url": OLD})
    assert OLD not in read(owner_client, page(back)).split("Timeline")[0]


def test_the_page_that_has_waited_says_what_twilio_has_done(
    back: PhoneNumber, owner_client: Client
) -> None:
    owner_client.post(page(back, "put-settings-back"))
    known = owner_client.get(page(back)).context["known"]
    CarrierTask.objects.update(state=TaskState.DONE, finished_at=NOON)

    then = owner_client.get(page(back), {"known": known}).content.decode()
    anew = read(owner_client, page(back))

    assert 'unassigned. Twilio has its settings as they are to be."' in then
    assert "Twilio has its settings" not in anew


def test_leaving_them_takes_the_question_away(back: PhoneNumber, owner_client: Client) -> None:
    owner_client.post(page(back, "leave-settings"))

    assert "came back with other settings" not in read(owner_client, page(back))
    assert not CarrierTask.objects.exists()


def test_a_number_without_a_question_says_why_nothing_is_put_back(
    acme: Account, owner_client: Client
) -> None:
    number = PhoneNumberFactory.create(account=acme)

    response = owner_client.post(page(number, "put-settings-back"))

    assert response.status_code == 422
    assert "no other settings" in response.content.decode()


# --- What waits ----------------------------------------------------------------------------------


def test_a_task_that_waits_says_when_it_runs_next_and_can_be_tried_now(
    acme: Account, owner_client: Client
) -> None:
    number = PhoneNumberFactory.create(account=acme, releasing=True)
    due = timezone.now() + timedelta(minutes=50)
    task = CarrierTaskFactory.create(number=number, due_at=due, attempts=6)

    html = read(owner_client, page(number))
    owner_client.post(page(number, f"tasks/{task.pk}"))

    assert "The next attempt is due" in html
    assert "Try now" in html
    task.refresh_from_db()
    assert task.due_at <= timezone.now()


def test_a_setting_that_is_not_set_now_is_said_to_be_so(
    acme: Account, owner_client: Client
) -> None:
    number = PhoneNumberFactory.create(
        account=acme,
        twilio={"sms_url": ""},
        before_release={"settings": {"sms_url": OLD}, "found": {"sms_url": ""}},
    )

    asked = read(owner_client, page(number, "put-settings-back"))

    assert "<dt>SMS URL</dt><dd><del>not set</del>" in asked


@pytest.mark.parametrize("detail", ["offered", "putting_back"])
def test_the_timeline_names_settings_in_words(
    back: PhoneNumber, owner_client: Client, detail: str
) -> None:
    EventFactory.create(
        account=back.account,
        type="number.came_back",
        subject_type="number",
        subject_id=back.pk,
        data={detail: ["friendly_name", "sms_fallback_url"]},
    )

    html = read(owner_client, page(back))

    assert "Name at Twilio, SMS fallback URL" in html


def test_a_task_whose_time_has_come_runs_next(acme: Account, owner_client: Client) -> None:
    number = PhoneNumberFactory.create(account=acme, releasing=True)
    CarrierTaskFactory.create(number=number, due_at=timezone.now() - timedelta(seconds=1))

    html = read(owner_client, page(number))

    assert "It runs next." in html
    assert "The next attempt is due" not in html


def test_a_task_of_a_broken_connection_leads_there_instead(
    acme: Account, owner_client: Client
) -> None:
    number = PhoneNumberFactory.create(account=acme, releasing=True)
    Connection.objects.update(state=ConnectionState.AUTH_FAILED)
    CarrierTaskFactory.create(number=number)

    html = read(owner_client, page(number))

    assert "Try now" not in html
    assert f"/a/acme/connections/{number.connection_id}/" in html
    assert "as soon as the connection works again" in html


def test_who_only_reads_sees_when_and_no_button(acme: Account, member_client: Client) -> None:
    number = PhoneNumberFactory.create(account=acme, releasing=True)
    CarrierTaskFactory.create(number=number, due_at=timezone.now() + timedelta(minutes=5))

    html = read(member_client, page(number))

    assert "The next attempt is due" in html
    assert "Try now" not in html


def test_a_number_bought_again_is_a_question_and_no_refusal(
    acme: Account, owner_client: Client
) -> None:
    number = PhoneNumberFactory.create(account=acme, releasing=True)
    CarrierTaskFactory.create(
        number=number, state=TaskState.NEEDS_PERSON, error_code="bought_again", error="Again."
    )

    html = read(owner_client, page(number))
    listed = read(owner_client, "/a/acme/numbers/?tab=released")

    assert "Left for you to decide" in html
    assert "Twilio refused" not in html + listed
    assert "Needs a person" in listed


# --- Where the number is not ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (ConnectionState.ACTIVE, "last complete refresh no longer found it"),
        (ConnectionState.CLOSED, "closed at Twilio"),
        (ConnectionState.DETACHED, "detached its subaccount"),
    ],
)
def test_a_missing_number_says_why_and_the_ways_out(
    acme: Account, owner_client: Client, state: ConnectionState, why: str
) -> None:
    number = PhoneNumberFactory.create(account=acme, missing=True)
    Connection.objects.update(state=state)

    html = read(owner_client, page(number))

    assert why in html
    assert "Mark it as gone" in html
    assert "comes back by itself" in html


def test_an_excluded_number_that_is_gone_says_so_in_the_list_and_on_its_page(
    acme: Account, owner_client: Client
) -> None:
    number = PhoneNumberFactory.create(account=acme, excluded=True, unlisted_at=NOON)

    listed = read(owner_client, "/a/acme/numbers/?tab=excluded")
    html = read(owner_client, page(number))
    refused = owner_client.post(page(number, "bring-back"))
    owner_client.post(page(number, "mark-gone"))

    assert "Excluded, gone at Twilio" in listed
    assert "neither released nor brought back" in html
    assert refused.status_code == 422
    number.refresh_from_db()
    assert number.state == NumberState.GONE


@pytest.mark.parametrize("state", [ConnectionState.CLOSED, ConnectionState.DETACHED])
def test_an_ended_connection_leads_to_its_missing_numbers(
    acme: Account, owner_client: Client, state: ConnectionState
) -> None:
    connection = ConnectionFactory.create(account=acme, state=state, state_detail="Ended.")

    html = read(owner_client, f"/a/acme/connections/{connection.pk}/")

    assert f"tab=missing&amp;connection={connection.pk}" in html
    assert "Replace the token" not in html
    assert "Until then" not in html


def test_what_cannot_be_done_with_a_detached_connection_says_so(
    acme: Account, owner_client: Client
) -> None:
    connection = ConnectionFactory.create(account=acme, state=ConnectionState.DETACHED)

    for act in ("check", "schedule"):
        response = owner_client.post(
            f"/a/acme/connections/{connection.pk}/{act}/", {"every": "hourly"}, follow=True
        )
        (message,) = response.context["messages"]
        assert "detached" in str(message)


# --- Imports -------------------------------------------------------------------------------------


def finished(account: Account, **result: Any) -> str:
    run = ImportFactory.create(connection__account=account, finished=True)
    run.job.result = {"unchanged": 0, **result}
    run.job.done = 1
    run.job.save()
    return f"/a/acme/imports/{run.pk}/"


def test_an_import_names_the_rows_it_could_not_read(acme: Account, owner_client: Client) -> None:
    odd = [{"sid": "PN1", "number": "1415<b>"}, {"sid": "", "number": ""}]

    html = read(owner_client, finished(acme, odd_rows=60, odd=odd))

    assert "60 rows of Twilio" in html
    assert escape("1415<b>") in html
    assert "no SID" in html
    assert "These are the first 2" in html
    assert "Nothing was called missing" in html


@pytest.mark.parametrize(
    ("missing", "title"), [(1, "A number is missing"), (2, "Numbers are missing")]
)
def test_an_import_says_of_one_number_what_it_says_of_many(
    acme: Account, owner_client: Client, missing: int, title: str
) -> None:
    period = GracePeriodFactory.create(account=acme, held_at_open=missing, licenses_at_open=0)
    path = finished(acme, missing=missing, grace_period=period.pk)

    html = read(owner_client, path)

    assert title in html
    assert f"It left {missing} number{'' if missing == 1 else 's'} held with 0 licenses." in html


def test_an_import_that_runs_counts_one_number_as_one(acme: Account, owner_client: Client) -> None:
    ImportFactory.create(connection__account=acme, job__state="running", job__done=1)

    assert "1 number so far" in read(owner_client, "/a/acme/imports/")


def test_an_import_that_asked_twice_says_why(acme: Account, owner_client: Client) -> None:
    html = read(owner_client, finished(acme, asked_again={"known": 2555, "absent": 2555}))

    assert "did not list 2,555 of 2,555 known numbers" in html


def test_an_import_that_pauses_says_until_when(acme: Account, owner_client: Client) -> None:
    run = ImportFactory.create(
        connection__account=acme, round=2, again_at=timezone.now() + timedelta(seconds=50)
    )
    run.job.result = {"asked_again": {"known": 27, "absent": 27}}
    run.job.state = "running"
    run.job.save()

    html = read(owner_client, f"/a/acme/imports/{run.pk}/")

    assert "Twilio did not list 27 of 27 known numbers. It is asked again in" in html


@pytest.mark.parametrize("tab", ["all", "assigned", "unassigned"])
@pytest.mark.parametrize("state", [ConnectionState.CLOSED, ConnectionState.DETACHED])
def test_where_no_subaccount_is_left_the_list_offers_no_refresh(
    acme: Account, owner_client: Client, member_client: Client, tab: str, state: ConnectionState
) -> None:
    ended = ConnectionFactory.create(account=acme, state=state)
    PhoneNumberFactory.create(account=acme, connection=ended, state=NumberState.MISSING)

    html = read(owner_client, f"/a/acme/numbers/?tab={tab}")
    of_member = read(member_client, f"/a/acme/numbers/?tab={tab}")

    for each in (html, of_member):
        assert "No subaccount is connected any more." in each
        assert "Refresh" not in each
    assert "Connect Twilio" in html
    assert "Connect Twilio" not in of_member


def test_with_a_connection_that_can_be_mended_a_refresh_is_offered_to_who_may(
    acme: Account, owner_client: Client, member_client: Client
) -> None:
    broken = ConnectionFactory.create(account=acme, state=ConnectionState.AUTH_FAILED)
    PhoneNumberFactory.create(account=acme, connection=broken, state=NumberState.MISSING)

    html = read(owner_client, "/a/acme/numbers/?tab=unassigned")
    of_member = read(member_client, "/a/acme/numbers/?tab=unassigned")

    assert "Refresh to bring in" in html
    assert "Refresh" not in of_member
    assert "Those who manage numbers here can bring in" in of_member


@pytest.mark.parametrize(
    ("state", "title"),
    [
        (ConnectionState.CLOSED, "It is not at Twilio any more"),
        (ConnectionState.DETACHED, "Its subaccount is not connected any more"),
    ],
)
def test_what_support_detached_is_not_said_to_have_left_twilio(
    acme: Account, owner_client: Client, state: ConnectionState, title: str
) -> None:
    ended = ConnectionFactory.create(account=acme, state=state)
    number = PhoneNumberFactory.create(account=acme, connection=ended, state=NumberState.MISSING)

    assert f"<strong>{title}</strong>" in read(owner_client, page(number))


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (ConnectionState.AUTH_FAILED, "No number was marked as missing"),
        (ConnectionState.CLOSED, "all that came from it are missing here"),
        (ConnectionState.DETACHED, "nothing is imported from it any more"),
    ],
)
def test_an_import_that_failed_says_what_became_of_the_numbers(
    acme: Account, owner_client: Client, state: ConnectionState, said: str
) -> None:
    connection = ConnectionFactory.create(account=acme, state=state)
    run = ImportFactory.create(connection=connection, job__failed=True)

    assert said in read(owner_client, f"/a/acme/imports/{run.pk}/")
