"""Numbers over REST: list, detail, what people write on them, actions, timeline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Account, Event
from numbers.models import PhoneNumber
from numbers.states import NumberState
from tests.factories import (
    NOON,
    AgentFactory,
    CarrierTaskFactory,
    ConnectionFactory,
    EventFactory,
    PhoneNumberFactory,
    TagFactory,
    subscribed,
)

from .conftest import Answer, Program

Problem = Callable[[Answer], tuple[int, str]]

pytestmark = pytest.mark.django_db


def listed(program: Program, query: str = "") -> list[str]:
    return [row["number"] for row in program.send("get", f"numbers/?{query}").json()["results"]]


def blockers(answer: Answer) -> list[str]:
    return [blocker["code"] for blocker in answer.json()["blockers"]]


def test_a_number_says_everything_a_client_needs(
    acme: Account, program: Program, noon: object
) -> None:
    agent = AgentFactory.create(account=acme)
    number = PhoneNumberFactory.create(
        account=acme, e164="+14155550123", agent=agent, label="Front desk", friendly_name="Line"
    )
    number.tags.add(TagFactory.create(account=acme, name="b"), TagFactory.create(name="a"))

    (row,) = program.send("get", "numbers/").json()["results"]

    assert row == {
        "id": number.pk,
        "number": "+14155550123",
        "sid": number.sid,
        "state": "held",
        "state_changed_at": "2026-03-01T12:00:00Z",
        "country": "US",
        "type": "local",
        "capabilities": {"voice": True, "sms": True, "mms": False},
        "friendly_name": "Line",
        "label": "Front desk",
        "tags": ["a", "b"],
        "protected": False,
        "agent": {"id": agent.pk, "name": agent.name},
        "kept_at": None,
        "kept_until": None,
        "texts": False,
        "enabled_at": None,
        "in_service_at": None,
        "connection": number.connection_id,
        "imported_at": "2026-03-01T12:00:00Z",
        "released_at": None,
        "restorable_until": None,
        "unlisted_at": None,
        "differs_since": None,
    }


def test_the_list_takes_the_filters_of_the_page(acme: Account, program: Program) -> None:
    tagged = PhoneNumberFactory.create(account=acme, e164="+14155550001", protected=True)
    tagged.tags.add(TagFactory.create(account=acme, name="berlin"))
    assigned = PhoneNumberFactory.create(account=acme, e164="+14155550002", assigned=True)
    released = PhoneNumberFactory.create(account=acme, e164="+14155550003", released=True)
    german = PhoneNumberFactory.create(account=acme, e164="+493012345678", country="DE")
    by_query: dict[str, list[PhoneNumber]] = {
        "": [tagged, assigned, released, german],
        "tab=all": [tagged, assigned, german],
        "tab=unassigned": [tagged, german],
        "state=released": [released],
        "q=555-0002": [assigned],
        "tag=berlin": [tagged],
        "country=de": [german],
        "protected=true": [tagged],
        f"agent={assigned.agent_id}": [assigned],
        f"connection={german.connection_id}": [german],
        "capability=voice&capability=mms": [],
        "kept=true": [],
    }

    found = {query: listed(program, query) for query in by_query}

    assert found == {
        query: [number.e164 for number in numbers] for query, numbers in by_query.items()
    }


def test_twilio_s_record_comes_only_when_asked_for(
    acme: Account, program: Program, problem: Problem
) -> None:
    number = PhoneNumberFactory.create(account=acme, twilio={"voice_url": "https://a.example/"})
    address = f"numbers/{number.pk}/"

    assert "twilio" not in program.send("get", address).json()
    expanded = program.send("get", f"{address}?expand=twilio").json()
    assert expanded["twilio"] == {"voice_url": "https://a.example/"}
    assert problem(program.send("get", f"{address}?expand=token")) == (422, "invalid")


def test_what_people_write_is_patched_and_nothing_else(
    acme: Account, program: Program, problem: Problem
) -> None:
    number = PhoneNumberFactory.create(account=acme)
    address = f"numbers/{number.pk}/"
    changes = {"label": "Desk", "notes": "Call first", "tags": ["B", "a"], "protected": True}

    body = program.send("patch", address, changes).json()

    assert {name: body[name] for name in changes} == {**changes, "tags": ["a", "b"]}
    assert program.send("patch", address, {"label": ""}).json()["notes"] == "Call first"
    for wrong in ({"state": "released"}, {"tags": "a"}, {"label": "a" * 101}, {"tags": ["a,b"]}):
        assert problem(program.send("patch", address, wrong)) == (422, "invalid"), wrong
    assert Event.objects.filter(type="number.described", actor_kind="api_key").count() == 2


def test_every_action_is_listed_with_the_reasons_against_it(  # B3
    acme: Account, program: Program, reader: Program
) -> None:
    number = PhoneNumberFactory.create(account=acme, protected=True)

    def states(who: Program) -> dict[str, Any]:
        body = who.send("get", f"numbers/{number.pk}/actions/").json()
        return {state["action"]: state for state in body}

    ours, theirs = states(program), states(reader)

    assert ours["assign"]["allowed"] is True
    assert [each["code"] for each in ours["release"]["blockers"]] == ["protected"]
    assert ours["release"]["blockers"][0]["fix"].endswith(
        f"/a/acme/numbers/{number.pk}/#protection"
    )
    assert ours["restore"]["relevant"] is False
    assert theirs["assign"]["allowed"] is False
    assert [each["code"] for each in theirs["assign"]["blockers"]] == ["forbidden"]


def test_a_number_is_assigned_and_unassigned(
    acme: Account, program: Program, problem: Problem
) -> None:
    number, agent = PhoneNumberFactory.create(account=acme), AgentFactory.create(account=acme)
    draft = AgentFactory.create(account=acme, draft=True)
    foreign = AgentFactory.create(account=subscribed(slug="other"))
    address = f"numbers/{number.pk}/assignments/"

    assigned = program.send("post", address, {"agent": agent.pk})

    assert assigned.status_code == 201
    assert assigned.json()["agent"] == {"id": agent.pk, "name": agent.name}
    refused = program.send("post", address, {"agent": draft.pk})
    assert problem(refused) == (409, "blocked")
    assert blockers(refused) == ["agent_not_live"]
    assert problem(program.send("post", address, {"agent": foreign.pk})) == (422, "invalid")
    assert problem(program.send("post", address, {})) == (422, "invalid")
    assert program.send("delete", address).json()["agent"] is None
    assert problem(program.send("delete", address)) == (409, "blocked")


def test_a_release_can_be_tried_and_then_made(acme: Account, program: Program) -> None:  # B4
    number = PhoneNumberFactory.create(account=acme)
    address = f"numbers/{number.pk}/releases/"

    plan = program.send("post", address, {"dry_run": True})
    assert plan.status_code == 200
    assert plan.json()["blockers"] == []
    assert plan.json()["undo"]
    assert listed(program, "state=held") == [number.e164]

    made = program.send("post", address)
    assert made.status_code == 202
    assert made["Location"] == f"/api/v1/numbers/{number.pk}/"
    assert made.json()["state"] == "releasing"


def test_a_refused_release_names_every_reason(
    acme: Account, program: Program, problem: Problem
) -> None:
    broken = ConnectionFactory.create(account=acme, state="auth_failed")
    number = PhoneNumberFactory.create(account=acme, connection=broken, protected=True)

    answer = program.send("post", f"numbers/{number.pk}/releases/", {})

    assert problem(answer) == (409, "blocked")
    assert blockers(answer) == ["protected", "connection_broken"]
    plan = program.send("post", f"numbers/{number.pk}/releases/", {"dry_run": True}).json()
    assert [each["code"] for each in plan["blockers"]] == blockers(answer)


@pytest.mark.parametrize("noun", ["releases", "exclusions"])
def test_a_dry_run_says_what_going_does_to_the_licenses(
    acme: Account, program: Program, noun: str
) -> None:
    number = PhoneNumberFactory.create(account=acme)
    PhoneNumberFactory.create_batch(11, account=acme)

    plan = program.send("post", f"numbers/{number.pk}/{noun}/", {"dry_run": True}).json()

    assert "Afterwards 11 held with 10 licenses: 1 still over." in plan["cost"]


def test_a_release_that_twilio_refused_is_taken_back(
    acme: Account, program: Program, problem: Problem
) -> None:
    number = PhoneNumberFactory.create(account=acme, releasing=True)
    task = CarrierTaskFactory.create(number=number, claimed_until=NOON)
    address = f"numbers/{number.pk}/releases/"

    assert problem(program.send("delete", address)) == (409, "blocked")
    task.state = "needs_person"
    task.save(update_fields=["state"])
    assert program.send("delete", address).json()["state"] == "held"


ONE_BY_ONE: dict[str, tuple[str, dict[str, Any], str, int]] = {
    "restorations": (NumberState.RELEASED, {"released": True}, "restoring", 202),
    "exclusions": (NumberState.HELD, {}, "excluded", 201),
    "inclusions": (NumberState.EXCLUDED, {"excluded": True}, "held", 201),
    "spares": (NumberState.HELD, {}, "held", 201),
    "closures": (NumberState.MISSING, {"missing": True}, "gone", 201),
}


@pytest.mark.parametrize("noun", ONE_BY_ONE)
def test_an_action_works_in_its_state_and_is_refused_in_another(
    acme: Account, program: Program, problem: Problem, noon: object, noun: str
) -> None:
    _, traits, after, status = ONE_BY_ONE[noun]
    number = PhoneNumberFactory.create(account=acme, **traits)
    other = PhoneNumberFactory.create(account=acme, gone=True)

    done = program.send("post", f"numbers/{number.pk}/{noun}/")

    assert (done.status_code, done.json()["state"]) == (status, after)
    refused = program.send("post", f"numbers/{other.pk}/{noun}/")
    assert problem(refused) == (409, "blocked")
    assert blockers(refused) == ["wrong_state"]


@pytest.mark.parametrize("noun", ["restorations", "exclusions", "inclusions"])
def test_a_dry_run_changes_nothing(
    acme: Account, program: Program, noon: object, noun: str
) -> None:
    state, traits, _, _ = ONE_BY_ONE[noun]
    number = PhoneNumberFactory.create(account=acme, **traits)

    plan = program.send("post", f"numbers/{number.pk}/{noun}/", {"dry_run": True})

    assert plan.status_code == 200
    assert plan.json()["blockers"] == []
    assert plan.json()["changes"][0]["label"] == "State"
    number.refresh_from_db()
    assert number.state == state
    assert not Event.objects.exists()


def test_one_number_takes_another_s_place(  # S0-10
    acme: Account, program: Program, problem: Problem
) -> None:
    leaving = PhoneNumberFactory.create(account=acme, assigned=True, label="Front desk")
    taking = PhoneNumberFactory.create(account=acme)
    foreign = PhoneNumberFactory.create(account=subscribed(slug="other"))
    body = {"leaving": leaving.pk, "taking": taking.pk, "fate": "release"}

    plan = program.send("post", "swaps/", {**body, "dry_run": True})
    swapped = program.send("post", "swaps/", body)

    assert plan.status_code == 200
    assert swapped.status_code == 201
    assert swapped.json()["leaving"]["state"] == "releasing"
    assert swapped.json()["taking"]["label"] == "Front desk"
    assert swapped.json()["taking"]["agent"]["id"] == leaving.agent_id
    again = program.send("post", "swaps/", body)
    assert problem(again) == (409, "blocked")
    answer = program.send("post", "swaps/", {**body, "taking": foreign.pk})
    assert problem(answer) == (422, "invalid")
    assert answer.json()["errors"][0]["field"] == "taking"


def test_the_timeline_is_the_number_s_own(acme: Account, program: Program) -> None:  # B1
    number, other = PhoneNumberFactory.create_batch(2, account=acme)
    EventFactory.create(account=acme, subject_id=number.pk, summary="First")
    EventFactory.create(account=acme, subject_id=number.pk, summary="Second")
    EventFactory.create(account=acme, subject_id=other.pk)
    EventFactory.create(account=acme, subject_type="agent", subject_id=number.pk)

    rows = program.send("get", f"numbers/{number.pk}/timeline/").json()["results"]

    assert [row["summary"] for row in rows] == ["Second", "First"]


def test_what_a_program_does_stands_in_the_log_under_its_name(
    acme: Account, program: Program
) -> None:
    number = PhoneNumberFactory.create(account=acme)

    answer = program.send("patch", f"numbers/{number.pk}/", {"label": "Desk"})

    (row,) = program.send("get", "events/").json()["results"]
    assert program.key is not None
    assert row["actor"] == {
        "kind": "api_key", "id": program.key.pk, "label": program.key.name
    }  # fmt: skip
    assert row["request_id"] == answer["X-Request-Id"]
    assert row["subject"] == {"type": "number", "id": number.pk, "label": number.e164}
