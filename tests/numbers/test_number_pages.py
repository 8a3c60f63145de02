"""The page of a number and its actions: allowed, refused, member, stranger."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from accounts.models import Account, Event
from config.undo import undo_button
from licensing.models import Subscription
from numbers.forms.actions import ActionForm
from numbers.models import CarrierTask, PhoneNumber
from numbers.services.lifecycle import lock_number
from numbers.services.release import come_back
from numbers.states import NumberState, TaskKind, TaskState
from tests.factories import (
    NOON,
    AgentFactory,
    CarrierTaskFactory,
    PhoneNumberFactory,
    TagFactory,
)

pytestmark = pytest.mark.django_db

#: Every door of one number that changes something, with what it takes to be let in.
DOORS = {
    "describe": {"label": "New"},
    "assign": {"agent": "1"},
    "unassign": {},
    "keep": {},
    "protect": {},
    "exclude": {},
    "bring-back": {},
    "release": {"last_four": "0123"},
    "take-back": {},
    "restore": {},
    "mark-gone": {},
    "put-settings-back": {},
    "leave-settings": {},
    "tasks/1": {},
}


def page(number: PhoneNumber, action: str = "") -> str:
    return f"/a/acme/numbers/{number.pk}/{action + '/' if action else ''}"


def told(response: Any) -> str:
    return " ".join(str(message) for message in response.context["messages"])


@pytest.fixture
def number(acme: Account) -> PhoneNumber:
    return PhoneNumberFactory.create(account=acme, e164="+14155550123", label="Harbor office")


# --- The page --------------------------------------------------------------------------------


def test_a_number_that_was_given_back_says_when_whatever_was_tried_since(
    noon: time_machine.Traveller, number: PhoneNumber, member_client: Client
) -> None:
    PhoneNumber.objects.update(
        state=NumberState.RELEASED,
        released_at=NOON - timedelta(minutes=20),
        state_changed_at=NOON,  # a restore was refused
    )

    text = member_client.get(page(number)).content.decode()
    tab = member_client.get("/a/acme/numbers/?tab=released").content.decode()

    assert "<dt>Given back</dt>" in text
    assert "Released since" not in text
    assert "<th>Released</th>" in tab.partition("<thead>")[2].partition("</thead>")[0]
    assert "20\u00a0min\u00a0ago" in tab
    assert 'data-label="Imported"' not in tab


@pytest.mark.parametrize(
    ("action", "said"),
    [("release", "Afterwards 11 held with 10 licenses: 1 still over."),
     ("exclude", "Afterwards 11 held with 10 licenses: 1 still over.")],
)  # fmt: skip
def test_what_going_does_to_the_licenses_is_said_before(
    number: PhoneNumber, acme: Account, owner_client: Client, action: str, said: str
) -> None:
    PhoneNumberFactory.create_batch(11, account=acme)

    assert said in owner_client.get(page(number, action)).content.decode()


@pytest.mark.parametrize(
    ("state", "offered"),
    [("held", True), ("excluded", True), ("released", False), ("gone", False), ("missing", False)],
)
def test_only_what_is_here_can_be_protected(
    number: PhoneNumber, owner_client: Client, state: str, offered: bool
) -> None:
    PhoneNumber.objects.update(state=state, released_at=NOON if state == "released" else None)

    text = owner_client.get(page(number)).content.decode()

    assert (">Protection</h2>" in text) is offered


def test_what_takes_no_license_says_nothing_of_licenses(
    number: PhoneNumber, owner_client: Client
) -> None:
    PhoneNumber.objects.update(state=NumberState.EXCLUDED)

    assert "Afterwards" not in owner_client.get(page(number, "release")).content.decode()


def test_while_twilio_is_asked_the_page_asks_for_itself_and_then_no_more(
    number: PhoneNumber, acme: Account, owner_client: Client
) -> None:
    def polled(text: str) -> str:
        found = re.search(r'hx-get="([^"]+)" hx-trigger="every 3s"', text)
        return found[1] if found else ""

    owner_client.post(page(number, "release"), {"last_four": "0123"}, follow=True)
    asks = polled(owner_client.get(page(number)).content.decode())
    same = owner_client.get(asks, headers={"HX-Request": "true"})
    CarrierTask.objects.update(state=TaskState.DONE)
    PhoneNumber.objects.update(state=NumberState.RELEASED, released_at=NOON)
    other = owner_client.get(asks, headers={"HX-Request": "true"})

    assert same.status_code == 204
    assert other.status_code == 200
    assert 'id="number-tasks"' in other.content.decode()
    assert polled(other.content.decode()) == ""


def test_a_name_that_was_saved_can_be_undone(
    number: PhoneNumber, acme: Account, owner_client: Client
) -> None:
    number.tags.add(TagFactory.create(account=acme, name="sales"))

    def save(**typed: str) -> Any:
        return owner_client.post(page(number, "describe"), typed, follow=True)

    def button(response: Any) -> Any:
        return undo_button([*response.context["messages"]][-1])

    saved = button(save(label="Shop", notes="Rings twice.", tags="shop, sales"))
    owner_client.post(saved.url, saved.fields)
    undone = PhoneNumber.objects.get()
    same = button(save(label="Harbor office", notes="", tags="sales"))
    later = button(save(label="Shop", notes="", tags="sales"))
    PhoneNumber.objects.update(notes="Somebody else's.")
    refused = owner_client.post(later.url, later.fields, follow=True)

    assert (undone.label, undone.notes) == ("Harbor office", "")
    assert [tag.name for tag in undone.tags.all()] == ["sales"]
    assert same is None
    assert told(refused) == "(415) 555-0123 was changed since, so nothing was undone."
    assert PhoneNumber.objects.get().label == "Shop"


def test_the_page_shows_facts_and_everything_twilio_says(
    number: PhoneNumber, member_client: Client
) -> None:
    number.twilio = {
        "voice_url": "https://example.com/voice",
        "voice_application_sid": None,
        "sms_fallback_url": "",
        "emergency_status": "Active",
        "something_new": {"deep": [1]},
        "beta": False,
    }
    number.save()

    response = member_client.get(page(number))
    groups = {
        group.title: {each.label: each.text for each in group.settings}
        for group in response.context["configuration"]
    }

    html = response.content.decode()
    assert "(415) 555-0123" in html
    assert number.sid in html
    assert groups["Voice"]["Voice URL"] == "https://example.com/voice"
    assert groups["Messaging"]["SMS fallback URL"] == ""  # both read "not set"
    assert groups["Application, trunk and service"]["Voice application SID"] == ""
    assert groups["Emergency"]["Emergency status"] == "Active"
    assert groups["Other fields"] == {"Beta": "no", "Something new": '{"deep": [1]}'}
    assert "not set" in html


# B1, S4-57
def test_the_page_shows_the_timeline(number: PhoneNumber, owner_client: Client, noon: Any) -> None:
    owner_client.post(page(number, "describe"), {"label": "Pier 39", "tags": "", "notes": ""})

    html = owner_client.get(page(number)).content.decode()

    assert "Named “Pier 39”." in html
    assert "owner@example.com" in html


def test_the_page_reads_the_database_a_fixed_number_of_times(
    acme: Account, number: PhoneNumber, owner_client: Client
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            assert owner_client.get(page(number)).status_code == 200
        return len(caught)

    before = queries()
    for tag in TagFactory.create_batch(5, account=acme):
        number.tags.add(tag)
    CarrierTaskFactory.create(number=number, kind=TaskKind.PUT_BACK)
    for label in ("a", "b", "c"):
        owner_client.post(page(number, "describe"), {"label": label})

    assert queries() == before
    assert before <= 18


def test_an_action_that_is_refused_says_why_and_where_to_mend_it(
    number: PhoneNumber, owner_client: Client
) -> None:
    number.protected = True
    number.save()
    number.connection.state = "auth_failed"
    number.connection.save()

    buttons = {
        button.state.action: button for button in owner_client.get(page(number)).context["buttons"]
    }
    html = owner_client.get(page(number)).content.decode()

    assert [each.code for each in buttons["release"].state.blockers] == [
        "protected",
        "connection_broken",
    ]
    assert buttons["assign"].state.allowed
    assert "restore" not in buttons  # makes no sense for a held number
    assert f"/a/acme/connections/{number.connection_id}/" in html
    assert 'aria-describedby="why-release"' in html


def test_a_released_number_counts_down(acme: Account, owner_client: Client, noon: Any) -> None:
    number = PhoneNumberFactory.create(account=acme, released=True)

    html = owner_client.get(page(number)).content.decode()

    assert "Can come back until" in html
    assert ">in 10\u00a0d" in html
    noon.shift(timedelta(days=10, seconds=1))
    assert "Can come back until" not in owner_client.get(page(number)).content.decode()


def test_a_refusal_of_twilio_stands_on_the_page_with_a_button_to_try_again(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    task = CarrierTaskFactory.create(
        number__account=acme,
        state=TaskState.NEEDS_PERSON,
        error="In use by a messaging service.",
        error_code="21422",
        twilio_request_id="RQ1",
    )

    html = owner_client.get(page(task.number)).content.decode()
    owner_client.post(page(task.number, f"tasks/{task.pk}"))

    for words in ("In use by a messaging service.", "21422", "RQ1", "Try again"):
        assert words in html
    task.refresh_from_db()
    assert task.state == TaskState.PENDING


def test_a_refused_restore_shows_the_steps_and_starts_anew_by_restore(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    number = PhoneNumberFactory.create(account=acme, released=True)
    task = CarrierTaskFactory.create(
        number=number,
        kind=TaskKind.RESTORE,
        state=TaskState.NEEDS_PERSON,
        error="Twilio does not sell it. In the Twilio Console open Released Numbers.",
    )

    html = owner_client.get(page(number)).content.decode()
    response = owner_client.post(page(number, f"tasks/{task.pk}"), follow=True)

    assert "In the Twilio Console open Released Numbers." in html
    assert "Try again" not in html
    assert "Use Restore on the number" in told(response)


def test_the_task_of_another_number_is_not_found(
    acme: Account, number: PhoneNumber, owner_client: Client
) -> None:
    other = CarrierTaskFactory.create(number__account=acme)

    assert owner_client.post(page(number, f"tasks/{other.pk}")).status_code == 404


# --- Who may ---------------------------------------------------------------------------------


@pytest.mark.parametrize("action", DOORS)
def test_a_member_may_not_and_is_told_who_may(
    number: PhoneNumber, member_client: Client, action: str
) -> None:
    response = member_client.post(page(number, action), DOORS[action])

    assert response.status_code == 403
    assert "Ask an owner, billing admin or admin." in response.content.decode()
    assert not Event.objects.exists()


@pytest.mark.parametrize("action", ["", *DOORS])
def test_a_stranger_finds_nothing_in_either_account(
    number: PhoneNumber, stranger_client: Client, action: str
) -> None:
    own = page(number, action).replace("/a/acme/", "/a/elsewhere/")

    for address in (page(number, action), own):
        response = (
            stranger_client.post(address, DOORS[action]) if action else stranger_client.get(address)
        )
        assert response.status_code == 404, address
    assert not Event.objects.exists()


def test_a_member_sees_the_page_without_buttons(
    acme: Account, number: PhoneNumber, member_client: Client
) -> None:
    CarrierTaskFactory.create(number=number, kind=TaskKind.PUT_BACK, state=TaskState.NEEDS_PERSON)

    html = member_client.get(page(number)).content.decode()

    assert "Harbor office" in html
    assert page(number) in html or "Facts" in html
    for word in ("/release/", "/describe/", "/protect/", "Try again", "<textarea"):
        assert word not in html, word
    assert '<div id="number-actions"></div>' in html  # which the page then does without


# --- Name, tags, notes, protection -----------------------------------------------------------


def test_name_tags_and_notes_are_saved(number: PhoneNumber, owner_client: Client) -> None:
    owner_client.post(
        page(number, "describe"),
        {"label": "Pier 39", "tags": "Sales, vip ,sales", "notes": "Ask first."},
    )

    number.refresh_from_db()
    assert (number.label, number.notes) == ("Pier 39", "Ask first.")
    assert sorted(tag.name for tag in number.tags.all()) == ["sales", "vip"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("label", "x" * 101), ("notes", "x" * 5001), ("tags", "x" * 41), ("tags", "a,b," * 20 + "y")],
)
def test_what_was_typed_stays_after_an_error(
    number: PhoneNumber, owner_client: Client, field: str, value: str
) -> None:
    if field == "tags" and "," in value:
        value = ",".join(f"tag{index}" for index in range(21))
    typed = {"label": "Pier 39", "tags": "sales", "notes": "Kept", field: value}

    response = owner_client.post(page(number, "describe"), typed)

    assert response.status_code == 422
    assert field in response.context["form"].errors
    html = response.content.decode()
    assert all(text in html for text in typed.values())
    number.refresh_from_db()
    assert number.label == "Harbor office"


def test_protection_goes_on_and_off(number: PhoneNumber, owner_client: Client) -> None:
    owner_client.post(page(number, "protect"), {"protected": "yes"})
    number.refresh_from_db()
    assert number.protected

    owner_client.post(page(number, "protect"), {"protected": "no"})
    number.refresh_from_db()
    assert not number.protected


# --- Release and restore ---------------------------------------------------------------------


def test_the_page_before_a_release_says_what_it_means(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    number = PhoneNumberFactory.create(
        account=acme, assigned=True, twilio={"voice_url": "https://example.com/v"}
    )

    html = owner_client.get(page(number, "release")).content.decode()

    assert f"{number.agent} is no longer its agent." in html
    assert "Releasing is free." in html  # S1-17
    assert (
        "It can come back until about Wed,\u00a0Mar\u00a011,\u00a02026, 5:00\u00a0AM\u00a0PDT"
        in html
    )  # S1-18
    assert "Type the last four digits of" in html  # S4-55


def test_a_page_that_asked_for_no_digits_says_why_they_are_asked_for_now(
    acme: Account, number: PhoneNumber, owner_client: Client
) -> None:
    page_before = owner_client.get(page(number, "release")).content.decode()
    PhoneNumber.objects.update(agent=AgentFactory.create(account=acme))

    response = owner_client.post(page(number, "release"), {})

    html = response.content.decode()
    assert "last_four" not in page_before
    assert response.status_code == 422
    assert "It has an agent: it is in use. This was not so when the page was opened." in html
    assert "This field is required" not in html
    number.refresh_from_db()
    assert number.state == NumberState.HELD


def test_a_number_that_gets_an_agent_while_its_release_is_decided_stays(
    acme: Account, number: PhoneNumber, owner_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = AgentFactory.create(account=acme)
    is_valid = ActionForm.is_valid

    def assigned_after_that(form: ActionForm) -> bool:
        valid = is_valid(form)
        PhoneNumber.objects.filter(pk=number.pk).update(agent=agent)
        return valid

    monkeypatch.setattr(ActionForm, "is_valid", assigned_after_that)
    response = owner_client.post(page(number, "release"), {})

    html = response.content.decode()
    assert response.status_code == 422
    assert "This was not so when the page was opened." in html
    assert 'name="last_four"' in html
    number.refresh_from_db()
    assert number.state == NumberState.HELD


@pytest.mark.parametrize("typed", ["0123", "(415) 555-0123", "+1 415 555 0123"])
def test_the_release_of_a_number_in_use_is_confirmed_by_the_last_four_digits(
    number: PhoneNumber, owner_client: Client, typed: str
) -> None:
    PhoneNumber.objects.update(agent=AgentFactory.create(account=number.account))

    response = owner_client.post(page(number, "release"), {"last_four": typed}, follow=True)

    number.refresh_from_db()
    assert number.state == NumberState.RELEASING
    assert CarrierTask.objects.get(number=number).kind == TaskKind.RELEASE
    assert "takes no license from now on" in told(response)


@pytest.mark.parametrize("typed", ["", "0124", "123", "55", "none"])
def test_other_digits_release_nothing(
    number: PhoneNumber, owner_client: Client, typed: str
) -> None:
    PhoneNumber.objects.update(agent=AgentFactory.create(account=number.account))

    response = owner_client.post(page(number, "release"), {"last_four": typed})

    assert response.status_code == 422
    number.refresh_from_db()
    assert number.state == NumberState.HELD


def test_a_number_that_cannot_be_bought_back_is_released_by_its_digits_alone(
    number: PhoneNumber, owner_client: Client
) -> None:
    PhoneNumber.objects.update(twilio={"origin": "hosted"})

    asked = owner_client.get(page(number, "release")).content.decode()
    response = owner_client.post(page(number, "release"))

    assert "It cannot be bought back. Type the last four digits" in asked
    assert response.status_code == 422


def test_a_spare_that_can_come_back_is_released_by_a_button(
    number: PhoneNumber, owner_client: Client
) -> None:
    asked = owner_client.get(page(number, "release")).content.decode()
    owner_client.post(page(number, "release"))

    assert "last_four" not in asked
    number.refresh_from_db()
    assert number.state == NumberState.RELEASING


def test_a_protected_number_is_not_released_whatever_is_posted(
    number: PhoneNumber, owner_client: Client
) -> None:
    number.protected = True
    number.save()

    response = owner_client.post(page(number, "release"), {"last_four": "0123"})

    assert response.status_code == 422
    assert "This number is protected." in response.content.decode()
    assert "<button" not in response.content.decode().split('class="confirm"')[1]
    number.refresh_from_db()
    assert number.state == NumberState.HELD


def test_a_restore_reserves_its_license(acme: Account, owner_client: Client, noon: Any) -> None:
    number = PhoneNumberFactory.create(account=acme, released=True, before_release={"agent": "Bo"})

    html = owner_client.get(page(number, "restore")).content.decode()
    owner_client.post(page(number, "restore"))

    assert "Bo is its agent again, if live, and answers it once the number is enabled." in html
    assert "the number is bought again" in html
    number.refresh_from_db()
    assert number.state == NumberState.RESTORING


def test_the_timeline_says_what_came_back_and_what_did_not(
    acme: Account, owner_client: Client, by_owner: Actor, noon: Any
) -> None:
    gone = AgentFactory.create(account=acme, name="Night shift", paused=True)
    number = PhoneNumberFactory.create(
        account=acme,
        restoring=True,
        friendly_name="",
        before_release={
            "agent_id": gone.pk,
            "agent": "Night shift",
            "settings": {"sms_url": "https://example.com/sms"},
        },
    )
    with transaction.atomic():
        locked, _ = lock_number(number.pk)
        come_back(
            locked,
            actor=by_owner,
            at=NOON,
            type="number.restored",
            summary="Restored.",
            put_back_for=by_owner,
        )

    (entry,) = owner_client.get(page(number)).context["timeline"]
    details = {label: after for label, _, after in entry.details}

    assert details["Came back"] == "name, notes and tags"
    assert details["Did not come back"] == "agent Night shift: it is paused"
    assert details["Being put back at Twilio"] == "SMS URL"  # B14


def test_without_a_free_license_a_restore_says_where_to_get_one(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    Subscription.objects.update(licenses=0)
    number = PhoneNumberFactory.create(account=acme, released=True)

    response = owner_client.post(page(number, "restore"))

    assert response.status_code == 422
    assert "/a/acme/licenses/" in response.content.decode()
    number.refresh_from_db()
    assert number.state == NumberState.RELEASED


# --- The other actions -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trait", "action", "state"),
    [
        ({}, "exclude", NumberState.EXCLUDED),
        ({"excluded": True}, "bring-back", NumberState.HELD),
        ({"missing": True}, "mark-gone", NumberState.GONE),
    ],
)
def test_an_action_shows_its_meaning_and_then_happens(
    acme: Account,
    owner_client: Client,
    noon: Any,
    trait: dict[str, bool],
    action: str,
    state: NumberState,
) -> None:
    number = PhoneNumberFactory.create(account=acme, **trait)

    before = owner_client.get(page(number, action))
    owner_client.post(page(number, action))

    assert "Can it be undone" in before.content.decode()
    number.refresh_from_db()
    assert number.state == state
    assert Event.objects.about("number", number.pk).count() == 1


@pytest.mark.parametrize("action", ["bring-back", "mark-gone", "restore", "take-back", "unassign"])
def test_an_action_that_does_not_fit_is_refused_on_its_page(
    number: PhoneNumber, owner_client: Client, noon: Any, action: str
) -> None:
    assert "This cannot be done now" in owner_client.get(page(number, action)).content.decode()

    response = owner_client.post(page(number, action))

    assert response.status_code == 422
    assert not Event.objects.exists()


def test_a_number_whose_release_twilio_refused_is_kept_after_all(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    task = CarrierTaskFactory.create(number__account=acme, state=TaskState.NEEDS_PERSON)

    owner_client.post(page(task.number, "take-back"))

    task.number.refresh_from_db()
    assert task.number.state == NumberState.HELD


def test_unassign_takes_the_agent_off(acme: Account, owner_client: Client, noon: Any) -> None:
    number = PhoneNumberFactory.create(account=acme, assigned=True)

    owner_client.post(page(number, "unassign"))

    number.refresh_from_db()
    assert number.agent is None


def test_assign_gives_the_number_a_live_agent(
    acme: Account, number: PhoneNumber, owner_client: Client, noon: Any
) -> None:
    agent = AgentFactory.create(account=acme)

    response = owner_client.post(page(number, "assign"), {"agent": agent.pk}, follow=True)

    number.refresh_from_db()
    assert number.agent == agent  # S4-9
    assert f"is assigned to {agent}" in told(response)


def test_a_draft_agent_is_greyed_with_the_reason_and_refused(
    acme: Account, number: PhoneNumber, owner_client: Client, noon: Any
) -> None:
    draft = AgentFactory.create(account=acme, name="Night shift", draft=True)

    html = owner_client.get(page(number, "assign")).content.decode()
    response = owner_client.post(page(number, "assign"), {"agent": draft.pk})

    assert f'<option value="{draft.pk}" disabled>Night shift (draft, not live)</option>' in html
    assert response.status_code == 422
    assert "only a live agent can be assigned" in response.content.decode()  # S4-10
    number.refresh_from_db()
    assert number.agent is None


def test_the_agent_of_another_account_is_no_choice(
    number: PhoneNumber, owner_client: Client, noon: Any
) -> None:
    AgentFactory.create(account=number.account)
    foreign = AgentFactory.create()

    response = owner_client.post(page(number, "assign"), {"agent": foreign.pk})

    assert response.status_code == 422
    assert foreign.name not in owner_client.get(page(number, "assign")).content.decode()


def test_without_any_agent_the_page_leads_to_making_one(
    number: PhoneNumber, owner_client: Client
) -> None:
    assert "/a/acme/agents/" in owner_client.get(page(number, "assign")).content.decode()


def test_keeping_is_a_decision_that_moves_the_number_to_the_end(
    number: PhoneNumber, owner_client: Client, noon: Any
) -> None:
    owner_client.post(page(number, "keep"))
    again = owner_client.post(page(number, "keep"), follow=True)

    number.refresh_from_db()
    assert number.keep_decided_at == NOON
    assert "Nothing has changed." in told(again)


# --- Back to where one was -------------------------------------------------------------------


def test_after_a_decision_one_is_back_on_the_list(
    number: PhoneNumber, owner_client: Client
) -> None:
    back = "/a/acme/numbers/?tab=unassigned&q=555"

    response = owner_client.post(f"{page(number, 'keep')}?next={back.replace('&', '%26')}")

    assert response["Location"] == back


@pytest.mark.parametrize(
    "next", ["https://evil.example/", "//evil.example", "/a/elsewhere/", "javascript:1", "/admin/"]
)
def test_the_way_back_never_leads_out_of_the_account(
    number: PhoneNumber, owner_client: Client, next: str
) -> None:
    response = owner_client.post(f"{page(number, 'keep')}?next={next}")

    assert response["Location"] == page(number)
