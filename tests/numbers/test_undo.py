"""Taking things back: the button beside what has happened, and what comes back from where."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_q.models import OrmQ

from accounts.actor import Actor
from accounts.models import Account, Event, Job
from accounts.overview import latest
from accounts.services import job_items, jobs
from accounts.states import ItemState, JobState, Permission
from accounts.undone import undo_of
from config import clock
from config.errors import Blocked, NotDue
from config.undo import undo_button
from licensing.states import GraceState
from numbers import tasks
from numbers.models import CarrierTask, PhoneNumber
from numbers.services import assignment, bulk, descriptions, exclusion, previews, release
from numbers.services.bulk import Selection
from numbers.states import NumberState, TaskState
from numbers.views import actions
from tests.api.conftest import program_of
from tests.factories import (
    NOON,
    AgentFactory,
    ConnectionFactory,
    GracePeriodFactory,
    PhoneNumberFactory,
    TagFactory,
)
from tests.races import while_open

pytestmark = pytest.mark.django_db


@pytest.fixture
def number(noon: time_machine.Traveller, acme: Account) -> PhoneNumber:
    return PhoneNumberFactory.create(account=acme, e164="+14155550123", label="Harbor")


def page(number: PhoneNumber, action: str) -> str:
    return f"/a/acme/numbers/{number.pk}/{action}/"


def undo(client: Client, response: Any) -> Any:
    """Press Undo in the message of a page."""
    (message,) = response.context["messages"]
    button = undo_button(message)
    assert button is not None
    assert f'action="{button.url}"'.replace("&", "&amp;") in response.content.decode()
    return client.post(button.url, button.fields, follow=True)


def state(number: PhoneNumber) -> dict[str, Any]:
    fresh = PhoneNumber.objects.get(pk=number.pk)
    return {
        "state": fresh.state,
        "agent": fresh.agent_id,
        "kept": fresh.keep_decided_at,
        "protected": fresh.protected,
        "tags": sorted(fresh.tags.values_list("name", flat=True)),
    }


# --- Undo in messages ------------------------------------------------------------------------


# B20
@pytest.mark.parametrize(
    ("action", "typed"),
    [
        ("assign", {"agent": "first"}),
        ("keep", {}),
        ("exclude", {}),
        ("release", {"last_four": "0123"}),
        ("protect", {"protected": "yes"}),
        ("tag", {"add": "berlin, new", "remove": "sales"}),
    ],
)
def test_undo_beside_what_has_happened_takes_it_back(
    action: str, typed: dict[str, Any], number: PhoneNumber, acme: Account, owner_client: Client
) -> None:
    agent = AgentFactory.create(account=acme)
    number.tags.set(TagFactory.create(account=acme, name=name) for name in ("berlin", "sales"))
    typed = {name: agent.pk if value == "first" else value for name, value in typed.items()}
    before = state(number)

    done = owner_client.post(page(number, action), typed, follow=True)
    changed = state(number)
    undo(owner_client, done)

    assert changed != before
    assert state(number) == before


def test_undo_of_an_assignment_gives_the_agent_back_that_was_there(
    number: PhoneNumber, acme: Account, owner_client: Client
) -> None:
    ada, bob = (AgentFactory.create(account=acme, name=name) for name in ("Ada", "Bob"))
    PhoneNumber.objects.update(agent=ada)

    undo(owner_client, owner_client.post(page(number, "assign"), {"agent": bob.pk}, follow=True))
    after_assign = state(number)["agent"]
    undo(owner_client, owner_client.post(page(number, "unassign"), follow=True))

    assert after_assign == state(number)["agent"] == ada.pk


@pytest.mark.parametrize("action", ["assign", "unassign"])
def test_an_undo_leaves_alone_what_somebody_has_changed_since(
    action: str, number: PhoneNumber, acme: Account, owner_client: Client, by_admin: Actor
) -> None:
    ada, bob = (AgentFactory.create(account=acme, name=name) for name in ("Ada", "Bob"))
    PhoneNumber.objects.update(agent=None if action == "assign" else ada)
    done = owner_client.post(page(number, action), {"agent": ada.pk}, follow=True)
    assignment.assign(number.pk, agent_id=bob.pk, actor=by_admin, at=NOON)

    undone = undo(owner_client, done)

    assert state(number)["agent"] == bob.pk
    assert "was changed since, so nothing was undone." in undone.content.decode()


@pytest.mark.parametrize(
    ("action", "typed"),
    [("tag", {"add": "sales"}), ("protect", {"protected": "no"}), ("mark-gone", {})],
)
def test_what_changed_nothing_or_is_for_good_has_no_undo(
    action: str, typed: dict[str, str], number: PhoneNumber, acme: Account, owner_client: Client
) -> None:
    number.tags.add(TagFactory.create(account=acme, name="sales"))
    if action == "mark-gone":
        PhoneNumber.objects.update(state=NumberState.MISSING)

    done = owner_client.post(page(number, action), typed, follow=True)

    assert ">Undo<" not in done.content.decode()


def test_undo_comes_back_to_the_list_one_came_from(
    number: PhoneNumber, owner_client: Client
) -> None:
    back = "/a/acme/numbers/?tab=unassigned"

    done = owner_client.post(f"{page(number, 'keep')}?next={back}", follow=True)
    undone = undo(owner_client, done)

    assert undone.redirect_chain[-1][0] == back


def test_a_decision_to_keep_can_be_taken_back_where_it_was_made(
    number: PhoneNumber, owner_client: Client
) -> None:
    owner_client.post(page(number, "keep"))

    listed = owner_client.get("/a/acme/numbers/", {"tab": "unassigned"}).content.decode()
    owner_client.post(page(number, "unkeep"))
    again = owner_client.post(page(number, "unkeep"), follow=True)

    assert f'form="unkeep-{number.pk}"' in listed
    assert state(number)["kept"] is None
    assert "Nobody has decided to keep this number." in again.content.decode()
    assert [*Event.objects.order_by("pk").values_list("type", flat=True)][-2:] == [
        "number.kept", "number.unkept",
    ]  # fmt: skip


# B20
@pytest.mark.parametrize("held", [12, 13])
@pytest.mark.parametrize("way", ["exclude", "release"])
def test_an_undo_in_a_grace_period_is_promised_only_as_far_as_its_places_go(
    way: str, held: int, acme: Account, number: PhoneNumber, owner_client: Client
) -> None:
    """More were added in the same period: of 13 held, one that leaves finds no place for it."""
    PhoneNumberFactory.create_batch(held - 1, account=acme)
    GracePeriodFactory.create(account=acme, held_at_open=12)
    typed = {"last_four": "0123"} if way == "release" else {}

    asked = owner_client.get(page(number, way)).content.decode()
    done = owner_client.post(page(number, way), typed, follow=True)

    offered = held == 12
    assert ("it needs no free license for that." in asked) is offered
    assert ("That needs a free license." in asked) is not offered
    assert (">Undo<" in done.content.decode()) is offered
    if offered:
        undo(owner_client, done)
        assert state(number)["state"] == NumberState.HELD
    else:
        (message,) = done.context["messages"]
        assert "“Bring back” undoes it" not in str(message)
        if way == "release":
            assert "“Restore” undoes it within 10 days. That needs a free license." in str(message)


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (12, "the end of the grace period, they need no free license for that."),
        (13, "2 of them need no free license for that; each other needs one."),
        (15, "Each needs a free license."),
    ],
)
@pytest.mark.parametrize("way", ["exclude", "release"])
def test_a_dry_run_says_how_many_can_come_back_in_the_grace_period(
    way: str, held: int, said: str, noon: time_machine.Traveller, acme: Account,
    owner_client: Client, by_admin: Actor,
) -> None:  # fmt: skip
    numbers = PhoneNumberFactory.create_batch(held, account=acme)
    GracePeriodFactory.create(account=acme, held_at_open=12)
    ids = [each.pk for each in numbers[:3]]
    form = {"action": way, "ids": ",".join(map(str, ids)), "step": "preview"}

    html = owner_client.post("/a/acme/numbers/bulk/", form).content.decode()
    for pk in ids:
        exclusion.exclude(pk, actor=by_admin, at=NOON)
    back = previews.preview(
        acme.pk, action="bring_back", selection=Selection(ids=ids), params={},
        actor=by_admin, at=NOON,
    )  # fmt: skip

    assert said in html
    assert back.will_change == {12: 3, 13: 2, 15: 0}[held]


def test_an_undo_to_an_agent_that_is_not_live_any_more_is_not_offered(
    number: PhoneNumber, acme: Account, owner_client: Client
) -> None:
    paused = AgentFactory.create(account=acme, state="paused")
    PhoneNumber.objects.update(agent=paused)

    done = owner_client.post(page(number, "unassign"), follow=True)

    assert ">Undo<" not in done.content.decode()


def test_a_release_that_cannot_be_undone_says_so_where_it_is_done(
    number: PhoneNumber, owner_client: Client
) -> None:
    PhoneNumber.objects.update(twilio={"origin": "hosted"})

    done = owner_client.post(page(number, "release"), {"last_four": "0123"}, follow=True)

    (message,) = done.context["messages"]
    assert str(message).endswith("It cannot be bought back.")


@pytest.mark.parametrize("has_agent", [True, False])
def test_excluding_speaks_of_an_agent_only_where_there_is_one(
    has_agent: bool, number: PhoneNumber, acme: Account, owner_client: Client
) -> None:
    if has_agent:
        PhoneNumber.objects.update(agent=AgentFactory.create(account=acme))

    html = owner_client.get(page(number, "exclude")).content.decode()

    assert "Bring it back at any time" in html
    assert ("its agent comes back with it" in html) is has_agent


# --- Undo of a whole job ---------------------------------------------------------------------


def work(acme: Account, by: Actor, action: str, numbers: list[PhoneNumber], **params: Any) -> Job:
    job = bulk.start(
        acme.pk, action=action, selection=Selection(ids=[each.pk for each in numbers]),
        params=params, actor=by, at=NOON,
    )  # fmt: skip
    job_items.work(job.pk)
    return Job.objects.get(pk=job.pk)


def undo_address(client: Client, job: Job) -> str | None:
    """Where the button on the job's page leads, if there is one."""
    html = client.get(f"/a/acme/jobs/{job.pk}/").content.decode()
    address = f"/a/acme/numbers/bulk/undo/{job.pk}/"
    return address if f'href="{address}">Undo</a>' in html else None


def undo_job(client: Client, job: Job) -> Job:
    """Follow the button, confirm what its page shows, and let the worker do it."""
    address = undo_address(client, job)
    assert address is not None
    seal = dict(client.get(address).context["hidden"])["seal"]
    started = client.post(address, {"step": "confirm", "seal": seal})
    newest = Job.objects.latest("pk")
    assert started["Location"] == f"/a/acme/jobs/{newest.pk}/"
    job_items.work(newest.pk)
    return newest


def everything(number: PhoneNumber) -> dict[str, Any]:
    fresh = PhoneNumber.objects.get(pk=number.pk)
    kept = fresh.keep_decided_at is not None
    return state(number) | {"kept": kept, "texts": fresh.texts, "enabled": fresh.is_enabled}


# B20
@pytest.mark.parametrize(
    ("action", "had", "params"),
    [
        ("keep", {}, {}),
        ("unkeep", {"keep_decided_at": NOON}, {}),
        ("exclude", {}, {}),
        ("bring_back", {"state": "excluded", "state_changed_at": NOON}, {}),
        ("protect", {}, {"protected": True}),
        ("protect", {"protected": True}, {"protected": False}),
        ("tag", {}, {"add": ["berlin"]}),
        ("services", {"assigned": True}, {"texts": True}),
        ("disable", {"enabled": True}, {}),
    ],
)
def test_a_job_is_undone_by_the_opposite_act_on_what_it_has_changed(
    action: str, had: dict[str, Any], params: dict[str, Any], noon: time_machine.Traveller,
    acme: Account, by_admin: Actor, owner_client: Client,
) -> None:  # fmt: skip
    connection = ConnectionFactory.create(account=acme)
    one, two, so_already = (
        PhoneNumberFactory.create(account=acme, connection=connection, label="Desk", **had)
        for _ in range(3)
    )
    work(acme, by_admin, action, [so_already], **params)
    before = everything(one), everything(two)

    job = work(acme, by_admin, action, [one, two, so_already], **params)
    changed, other = everything(one), everything(so_already)
    undone = undo_job(owner_client, job)

    assert changed != before[0]
    assert (everything(one), everything(two)) == before
    assert everything(so_already) == other  # it was so before the job
    assert undone.items.count() == 2
    assert undo_address(owner_client, job) is None


def test_the_undo_of_a_job_leaves_alone_what_was_decided_otherwise_since(
    noon: time_machine.Traveller, acme: Account, by_admin: Actor, owner_client: Client
) -> None:
    numbers = PhoneNumberFactory.create_batch(3, account=acme)
    job = work(acme, by_admin, "exclude", numbers)
    exclusion.bring_back(numbers[0].pk, actor=by_admin, at=NOON)
    exclusion.exclude(numbers[0].pk, actor=by_admin, at=NOON)
    descriptions.describe(numbers[1].pk, label="Desk", actor=by_admin, at=NOON)

    undo_job(owner_client, job)

    states = [state(each)["state"] for each in numbers]
    assert states == [NumberState.EXCLUDED, NumberState.HELD, NumberState.HELD]


def queued_undo(client: Client, job: Job) -> Job:
    """Follow the button and confirm what its page shows; no worker has come yet."""
    address = undo_address(client, job)
    assert address is not None
    seal = dict(client.get(address).context["hidden"])["seal"]
    client.post(address, {"step": "confirm", "seal": seal})
    return Job.objects.latest("pk")


@pytest.mark.parametrize("again", [False, True])
def test_the_undo_of_a_job_leaves_alone_what_is_decided_before_its_turn_comes(
    again: bool, number: PhoneNumber, acme: Account, owner_client: Client, by_admin: Actor,
    noon: time_machine.Traveller,
) -> None:  # fmt: skip
    """Whoever decides after the click decides last; a retry of the undo finds the same."""
    ada, bob, cyd = (AgentFactory.create(account=acme, name=name) for name in ("A", "B", "C"))
    other = PhoneNumberFactory.create(account=acme, agent=ada)
    PhoneNumber.objects.filter(pk=number.pk).update(agent=ada)
    numbers = [number, other]
    job = queued_undo(owner_client, work(acme, by_admin, "assign", numbers, agent=bob.pk))
    noon.shift(60)
    assignment.assign(number.pk, agent_id=cyd.pk, actor=by_admin, at=clock.now())

    job_items.work(job.pk)
    if again:
        job = job_items.retry_failed(job.pk, actor=by_admin, at=clock.now())
        job_items.work(job.pk)

    assert [state(each)["agent"] for each in numbers] == [cyd.pk, ada.pk]
    assert job.items.get(subject_id=number.pk).code == "decided_since"


def test_what_a_person_excludes_anew_is_not_brought_back_by_an_undo(
    number: PhoneNumber, acme: Account, owner_client: Client, by_admin: Actor, noon: Any
) -> None:
    job = queued_undo(owner_client, work(acme, by_admin, "exclude", [number]))
    for act in (exclusion.bring_back, exclusion.exclude):
        noon.shift(60)
        act(number.pk, actor=by_admin, at=clock.now())

    job_items.work(job.pk)

    assert state(number)["state"] == NumberState.EXCLUDED
    assert job.items.get().code == "decided_since"
    assert job_items.would_skip_all(job, at=clock.now())


def test_only_the_field_that_a_job_changed_counts_when_the_turn_of_its_undo_comes(
    acme: Account, owner_client: Client, by_admin: Actor, noon: Any
) -> None:
    numbers = PhoneNumberFactory.create_batch(2, account=acme)
    agent = AgentFactory.create(account=acme)
    job = queued_undo(owner_client, work(acme, by_admin, "protect", numbers, protected=True))
    noon.shift(60)
    assignment.assign(numbers[0].pk, agent_id=agent.pk, actor=by_admin, at=clock.now())
    for protected in (False, True):
        descriptions.describe(numbers[1].pk, protected=protected, actor=by_admin, at=clock.now())

    job_items.work(job.pk)

    assert [state(each)["protected"] for each in numbers] == [False, True]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_whoever_decides_while_the_turn_of_an_undo_comes_decides_last(
    acme: Account, by_admin: Actor
) -> None:
    ada, bob, cyd = (AgentFactory.create(account=acme, name=name) for name in ("A", "B", "C"))
    number = PhoneNumberFactory.create(account=acme, agent=ada)
    at = clock.now()
    job = work(acme, by_admin, "assign", [number], agent=bob.pk)
    undoing = bulk.undoing_of(job)
    assert undoing is not None
    undone = bulk.start(
        acme.pk, action=undoing.action, selection=undoing.selection, params=undoing.params,
        actor=by_admin, at=at, undoes=job,
    )  # fmt: skip

    waited = while_open(
        lambda: assignment.assign(number.pk, agent_id=cyd.pk, actor=by_admin, at=at),
        lambda: job_items.work(undone.pk),
    )

    assert waited
    assert state(number)["agent"] == cyd.pk
    assert undone.items.get().code == "decided_since"


def test_the_undo_of_a_job_says_what_failed_in_it(
    noon: time_machine.Traveller, acme: Account, by_admin: Actor, owner_client: Client
) -> None:
    numbers = PhoneNumberFactory.create_batch(2, account=acme)
    job = work(acme, by_admin, "exclude", numbers)
    job.items.filter(subject_id=numbers[0].pk).update(state=ItemState.FAILED)

    address = undo_address(owner_client, job)
    assert address is not None
    asked = owner_client.get(address).content.decode()

    assert "What failed in it stays as it is: 1 number, shown in its list." in asked


def test_another_agent_is_no_word_about_a_tag(
    noon: time_machine.Traveller, acme: Account, by_admin: Actor, owner_client: Client
) -> None:
    one, two = PhoneNumberFactory.create_batch(2, account=acme)
    job = work(acme, by_admin, "tag", [one, two], add=["berlin"])
    agent = AgentFactory.create(account=acme)
    assignment.assign(one.pk, agent_id=agent.pk, actor=by_admin, at=NOON)
    descriptions.describe(two.pk, tags=["berlin", "vip"], actor=by_admin, at=NOON)

    undo_job(owner_client, job)

    assert state(one)["tags"] == []
    assert state(two)["tags"] == ["berlin", "vip"]


def test_the_undo_of_a_release_restores_what_twilio_has_taken(
    noon: time_machine.Traveller, acme: Account, by_admin: Actor, owner_client: Client
) -> None:
    numbers = PhoneNumberFactory.create_batch(2, account=acme)
    job = work(acme, by_admin, "release", numbers)
    waiting = undo_address(owner_client, job)
    PhoneNumber.objects.update(state="released", released_at=NOON)
    job.items.update(state=ItemState.DONE)
    Job.objects.update(state=JobState.DONE)

    asked = owner_client.get(undo_address(owner_client, job) or "")

    assert waiting is None
    assert asked.context["heading"] == "Restore 2 numbers?"
    assert "It undoes “Release 2 numbers”" in asked.content.decode()


@pytest.mark.parametrize(
    ("action", "had", "params"),
    [
        ("tag", {}, {"add": ["berlin", "vip"]}),
        ("mark_gone", {"state": "missing"}, {}),
    ],
)
def test_a_job_that_no_one_act_undoes_has_no_undo(
    action: str, had: dict[str, Any], params: dict[str, Any], noon: time_machine.Traveller,
    acme: Account, by_admin: Actor, owner_client: Client,
) -> None:  # fmt: skip
    number = PhoneNumberFactory.create(account=acme, **had)

    job = work(acme, by_admin, action, [number], **params)
    refused = owner_client.get(f"/a/acme/numbers/bulk/undo/{job.pk}/", follow=True)

    assert job.items.get().state == ItemState.DONE
    assert undo_address(owner_client, job) is None
    assert "There is nothing to undo." in refused.content.decode()


# B20
@pytest.mark.parametrize("action", ["assign", "unassign"])
def test_the_undo_of_a_job_gives_each_number_the_agent_that_it_had(
    action: str, noon: time_machine.Traveller, acme: Account, by_admin: Actor,
    owner_client: Client,
) -> None:  # fmt: skip
    ada, bob, eve = (AgentFactory.create(account=acme, name=name) for name in ("Ada", "Bob", "Eve"))
    had = [ada, bob, None, ada, eve, bob]
    numbers = [PhoneNumberFactory.create(account=acme, agent=agent) for agent in had]
    job = work(acme, by_admin, action, numbers, **({"agent": eve.pk} if action == "assign" else {}))
    assignment.assign(numbers[3].pk, agent_id=bob.pk, actor=by_admin, at=NOON)  # decided since
    type(bob).objects.filter(pk=bob.pk).update(state="paused")

    asked = owner_client.get(undo_address(owner_client, job) or "")
    noon.shift(60)
    undone = undo_job(owner_client, job)
    type(bob).objects.filter(pk=bob.pk).update(state="live")
    agents = [state(each)["agent"] for each in numbers]
    again = undo_job(owner_client, undone)

    left = eve.pk if action == "assign" else None
    assert agents == [ada.pk, left, None, bob.pk, eve.pk, left]
    assert [reason[0] for reason in asked.context["preview"].reasons] == ["agent_not_live"]
    assert "Each gets the agent again that it had before, or none." in asked.content.decode()
    mixed = ", or none" if action == "assign" else ""
    assert undone.title == f"Give 2 numbers their agents back{mixed}, 2 skipped"
    assert [state(each)["agent"] for each in numbers[:3]] == [left, left, left]
    assert again.undoes_id == undone.pk


def test_the_undo_of_a_job_that_gave_agents_says_that_it_takes_them_off(
    noon: time_machine.Traveller, acme: Account, by_admin: Actor, owner_client: Client
) -> None:
    agent = AgentFactory.create(account=acme)
    numbers = PhoneNumberFactory.create_batch(4, account=acme)
    job = work(acme, by_admin, "assign", numbers, agent=agent.pk)

    asked = owner_client.get(undo_address(owner_client, job) or "")
    undone = undo_job(owner_client, job)

    assert asked.context["heading"] == "Take the agent off 4 numbers?"
    assert asked.context["submit_label"] == "Take the agent off 4"
    assert undone.title == "Take the agent off 4 numbers"


def test_agents_come_back_as_far_as_licenses_let_them(
    noon: time_machine.Traveller, acme: Account, by_admin: Actor, owner_client: Client
) -> None:
    agent = AgentFactory.create(account=acme)
    numbers = PhoneNumberFactory.create_batch(12, account=acme, agent=agent)
    job = work(acme, by_admin, "unassign", numbers)
    GracePeriodFactory.create(account=acme, expired=True, opened_at=NOON - timedelta(days=3))

    asked = owner_client.get(undo_address(owner_client, job) or "")
    undone = undo_job(owner_client, job)

    assert asked.context["preview"].will_change == 10
    assert undone.items.filter(state=ItemState.DONE).count() == 10


def test_no_door_offers_what_only_undoes(acme: Account, owner_client: Client) -> None:
    number = PhoneNumberFactory.create(account=acme)
    program = program_of(acme, Permission.NUMBERS)
    order = {"action": "agents_back", "numbers": [number.pk], "params": {"job": 1}}

    refused = program.send("post", "bulk-jobs/", order)
    form = {"action": "agents_back", "ids": str(number.pk), "step": "preview"}
    owner_client.post("/a/acme/numbers/bulk/", form)

    assert refused.status_code == 422
    assert not Job.objects.exists()


def test_a_job_whose_items_noted_no_agent_has_no_undo(
    noon: time_machine.Traveller, acme: Account, by_admin: Actor, owner_client: Client
) -> None:
    number, agent = PhoneNumberFactory.create(account=acme), AgentFactory.create(account=acme)
    job = work(acme, by_admin, "assign", [number], agent=agent.pk)
    job.items.update(result={})  # as before this version

    assert undo_address(owner_client, job) is None


def test_an_undo_whose_job_is_forgotten_is_neither_offered_nor_tried_again(
    number: PhoneNumber, acme: Account, owner_client: Client, by_admin: Actor, noon: Any
) -> None:
    """The items of the first job say who had which agent, and are not kept for ever."""
    ada, bob = (AgentFactory.create(account=acme, name=name) for name in ("Ada", "Bob"))
    numbers = [number, PhoneNumberFactory.create(account=acme)]
    acme.numbers.update(agent=ada)
    first = work(acme, by_admin, "assign", numbers, agent=bob.pk)
    queued = queued_undo(owner_client, first)
    acme.agents.filter(pk=ada.pk).update(state="paused")
    job_items.work(queued.pk)
    acme.agents.update(state="live")
    offered = owner_client.get(f"/a/acme/jobs/{queued.pk}/").content.decode()
    first.items.filter(subject_id=number.pk).delete()
    again = job_items.retry_failed(queued.pk, actor=by_admin, at=clock.now())
    job_items.work(again.pk)
    first.items.all().delete()
    page_of_it = owner_client.get(f"/a/acme/jobs/{again.pk}/").content.decode()

    assert ">Retry" in offered
    assert again.items.get(subject_id=number.pk).code == "had_forgotten"
    assert state(numbers[1])["agent"] == ada.pk
    assert ">Retry" not in page_of_it
    assert "What another try needs to know is no longer kept" in page_of_it
    with pytest.raises(Blocked):
        job_items.retry_failed(again.pk, actor=by_admin, at=clock.now())


def test_whether_something_has_changed_is_told_of_the_number_as_the_act_found_it(
    number: PhoneNumber, acme: Account, owner_client: Client, by_admin: Actor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Somebody else changes it between the look at it and the act."""
    ada, bob = (AgentFactory.create(account=acme, name=name) for name in ("Ada", "Bob"))
    PhoneNumber.objects.update(agent=ada)
    found = actions.find_number

    def meanwhile(request: Any, pk: int) -> PhoneNumber:
        before = found(request, pk)
        assignment.assign(pk, agent_id=bob.pk, actor=by_admin, at=NOON)
        return before

    monkeypatch.setattr(actions, "find_number", meanwhile)
    done = owner_client.post(page(number, "assign"), {"agent": ada.pk})
    monkeypatch.undo()
    told = owner_client.get(done["Location"])
    undo(owner_client, told)

    assert "Nothing has changed." not in told.content.decode()
    assert state(number)["agent"] == bob.pk


def test_the_undo_of_a_job_is_offered_where_the_opposite_act_is_allowed(
    noon: time_machine.Traveller, acme: Account, by_admin: Actor, owner_client: Client,
    member_client: Client,
) -> None:  # fmt: skip
    job = work(acme, by_admin, "exclude", PhoneNumberFactory.create_batch(2, account=acme))

    for_owner, for_member = undo_address(owner_client, job), undo_address(member_client, job)
    PhoneNumberFactory.create_batch(10, account=acme)  # no license is free

    assert (for_owner is not None, for_member) == (True, None)
    assert undo_address(owner_client, job) is None
    page = owner_client.get(f"/a/acme/jobs/{job.pk}/").content.decode()
    assert "It cannot be undone now. " in page
    assert "license" in page.partition("It cannot be undone now. ")[2].partition("</p>")[0]


# --- A job that was undone -------------------------------------------------------------------


@pytest.fixture
def undone(
    noon: time_machine.Traveller, acme: Account, by_admin: Actor, owner_client: Client
) -> tuple[Job, Job]:
    """A job, one of whose numbers was skipped, and the one that undoes it."""
    numbers = PhoneNumberFactory.create_batch(2, account=acme)
    numbers.append(PhoneNumberFactory.create(account=acme, protected=True))
    job = work(acme, by_admin, "exclude", numbers)
    noon.shift(60)
    by = undo_job(owner_client, job)
    noon.shift(60)
    acme.numbers.update(protected=False)  # another try could help
    job.refresh_from_db()
    return job, by


def test_a_job_that_was_undone_and_the_one_that_undoes_it_name_each_other(
    undone: tuple[Job, Job], acme: Account, owner_client: Client, client: Client
) -> None:
    job, by = undone
    program = program_of(acme)

    old = owner_client.get(f"/a/acme/jobs/{job.pk}/").content.decode()
    new = owner_client.get(f"/a/acme/jobs/{by.pk}/").content.decode()
    old_row, new_row = (program.send("get", f"jobs/{each.pk}/").json() for each in undone)
    activity = owner_client.get("/a/acme/activity/").content.decode()

    assert f'<a href="/a/acme/jobs/{by.pk}/">Undone by {by.actor_label}</a>, ' in old
    assert f'undoes <a href="/a/acme/jobs/{job.pk}/">{job.title}</a>' in new
    assert (old_row["undone_by"], old_row["undoes"]) == (by.pk, None)
    assert (new_row["undone_by"], new_row["undoes"]) == (None, job.pk)
    assert "2 changed, 1 skipped, undone<" in activity


def test_a_job_that_was_undone_is_neither_undone_nor_tried_again(
    undone: tuple[Job, Job], acme: Account, by_admin: Actor, owner_client: Client
) -> None:
    job, by = undone
    program = program_of(acme, Permission.NUMBERS)

    page = owner_client.get(f"/a/acme/jobs/{job.pk}/").content.decode()
    refused = program.send("post", f"jobs/{job.pk}/retries/", {})
    again = owner_client.get(f"/a/acme/numbers/bulk/undo/{job.pk}/", follow=True)
    with pytest.raises(NotDue) as not_due:
        bulk.start(
            acme.pk, action="keep", selection=Selection(ids=[acme.numbers.earliest("pk").pk]),
            params={}, actor=by_admin, at=NOON, undoes=job,
        )  # fmt: skip

    assert ">Retry" not in page
    assert ">Undo<" not in page
    assert "would be skipped again" not in page
    assert (refused.status_code, refused.json()["code"]) == (409, "undone")
    assert "There is nothing to undo." in again.content.decode()
    assert not_due.value.code == "undone"
    assert undo_address(owner_client, by) is not None


def test_what_failed_in_a_job_that_was_undone_waits_for_nobody(undone: tuple[Job, Job]) -> None:
    _, by = undone
    Job.objects.update(result={"failed": 1})

    assert list(Job.objects.failed_since(NOON)) == [by]


def ended(by: Job, *, done: int, failed: int) -> None:
    """As if the job that undoes had ended so."""
    items = [ItemState.DONE] * done + [ItemState.FAILED] * failed
    for item, became in zip(by.items.order_by("pk"), items, strict=True):
        by.items.filter(pk=item.pk).update(state=became)
    result = {"done": done, "skipped": 0, "failed": failed}
    Job.objects.filter(pk=by.pk).update(state=JobState.DONE, result=result)


def said_of_undo(job: Job, client: Client) -> tuple[str, str, str]:
    """What the page of the job, the list of jobs and the overview say became of its undo."""
    page = client.get(f"/a/acme/jobs/{job.pk}/").content.decode()
    rows = client.get("/a/acme/jobs/").context["rows"]
    (row,) = [row for row in rows if row["job"] == job]
    far = [line.sentence for line in latest(job.account) if f"{job.title} (" in line.sentence]
    link = re.search(r'">([^<]*[Uu]nd[^<]*)</a>, ', page)
    return (link[1] if link else "", row["undo"].words, far[-1].partition(" skipped")[2])


def code_of_undo(job: Job) -> str:
    """Why it cannot be undone once more, if so."""
    try:
        jobs.refuse_undone(job)
    except NotDue as error:
        return error.code
    return ""


@pytest.mark.parametrize(
    ("done", "page", "words"),
    [
        (2, "Undone by {}", "undone"),
        (1, "Partly undone (1 of 2) by {}", "partly undone (1 of 2)"),
        (0, "The undo by {} failed", "the undo failed"),
    ],
)
def test_a_job_counts_as_undone_as_far_as_what_undoes_it_went_through(
    done: int, page: str, words: str, undone: tuple[Job, Job], acme: Account, owner_client: Client
) -> None:
    job, by = undone
    ended(by, done=done, failed=2 - done)
    program = program_of(acme)

    said = said_of_undo(job, owner_client)
    row = program.send("get", f"jobs/{job.pk}/").json()
    listed = {each["id"]: each for each in program.send("get", "jobs/").json()["results"]}

    assert said == (page.format(by.actor_label), words, f", {words}).")
    assert row["undone_by"] == listed[job.pk]["undone_by"] == (by.pk if done else None)
    assert code_of_undo(job) == ("undone" if done else "")


def test_a_job_is_being_undone_until_the_other_has_ended(
    undone: tuple[Job, Job], owner_client: Client
) -> None:
    job, by = undone
    ended(by, done=0, failed=2)
    Job.objects.filter(pk=by.pk).update(state=JobState.SETTLING)

    said = said_of_undo(job, owner_client)

    assert said == (f"Being undone by {by.actor_label}", "being undone", ", being undone).")
    assert code_of_undo(job) == "undone"


def test_an_undo_that_failed_is_offered_again(
    noon: time_machine.Traveller, acme: Account, by_admin: Actor, owner_client: Client
) -> None:
    numbers = PhoneNumberFactory.create_batch(2, account=acme)
    job = work(acme, by_admin, "exclude", numbers)
    acme.numbers.update(unlisted_at=NOON)  # so that all would be skipped
    by = bulk.start(
        acme.pk, action="bring_back", selection=Selection(ids=[each.pk for each in numbers]),
        params={}, actor=by_admin, at=NOON, undoes=job,
    )  # fmt: skip
    job_items.work(by.pk)
    acme.numbers.update(unlisted_at=None)

    again = undo_job(owner_client, Job.objects.get(pk=job.pk))

    assert again.undoes_id == job.pk
    assert undo_address(owner_client, Job.objects.get(pk=job.pk)) is None
    assert [state(each)["state"] for each in numbers] == [NumberState.HELD] * 2


def test_another_try_of_an_undo_that_failed_belongs_to_it(
    undone: tuple[Job, Job], by_admin: Actor
) -> None:
    job, by = undone
    ended(by, done=0, failed=2)
    again = job_items.retry_failed(by.pk, actor=by_admin, at=NOON)
    trying = undo_of(job)
    ended(again, done=2, failed=0)
    then = undo_of(job)

    assert trying is not None
    assert then is not None
    assert (trying.words, then.words) == ("being undone", "undone")


def test_an_undo_that_was_given_up_has_done_what_it_has_done(undone: tuple[Job, Job]) -> None:
    job, by = undone
    ended(by, done=1, failed=1)
    Job.objects.filter(pk=by.pk).update(state=JobState.FAILED, result={})

    undo = undo_of(job)

    assert undo is not None
    assert undo.words == "partly undone (1 of 2)"


def test_support_finds_the_other_job(undone: tuple[Job, Job], support_client: Client) -> None:
    job, by = undone

    html = support_client.get(f"/admin/accounts/job/{job.pk}/change/").content.decode()

    assert f'href="/admin/accounts/job/{by.pk}/change/">Undone by job {by.pk}</a>' in html


# --- However many ----------------------------------------------------------------------------


@pytest.fixture
def _few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job of three is one of more than are looked at first."""
    monkeypatch.setattr("numbers.services.judging._FIRST", 2)
    monkeypatch.setattr("numbers.services.csv_edits._READ", 2)


@pytest.mark.usefixtures("_few_at_once")
def test_undo_is_offered_of_any_job_just_where_it_helps(
    noon: time_machine.Traveller, acme: Account, by_admin: Actor, owner_client: Client
) -> None:
    numbers = PhoneNumberFactory.create_batch(4, account=acme)
    job = work(acme, by_admin, "exclude", numbers)
    acme.numbers.update(unlisted_at=NOON)  # Twilio lists them no more

    in_vain = undo_address(owner_client, job)
    acme.numbers.filter(pk=numbers[-1].pk).update(unlisted_at=None)
    helps = undo_address(owner_client, job)

    assert in_vain is None
    assert helps is not None


@pytest.mark.usefixtures("_few_at_once")
def test_another_try_is_offered_of_any_job_just_where_it_helps(
    noon: time_machine.Traveller, acme: Account, by_admin: Actor, owner_client: Client
) -> None:
    numbers = PhoneNumberFactory.create_batch(4, account=acme, protected=True)
    job = work(acme, by_admin, "exclude", numbers)
    page = f"/a/acme/jobs/{job.pk}/"

    in_vain = owner_client.get(page).content.decode()
    acme.numbers.filter(pk=numbers[-1].pk).update(protected=False)
    helps = owner_client.get(page).content.decode()
    assignment.keep(numbers[-1].pk, actor=by_admin, at=NOON)
    decided = owner_client.get(page).content.decode()

    assert "would be skipped again now" in in_vain
    assert ">Retry" not in in_vain
    assert ">Retry" in helps
    assert ">Retry" not in decided


def test_asking_about_undo_and_another_try_costs_the_same_however_many(
    noon: time_machine.Traveller, acme: Account, by_admin: Actor, owner_client: Client
) -> None:
    counts = []
    for amount in (3, 120):
        numbers = PhoneNumberFactory.create_batch(amount, account=acme)
        wanted = {"agent": AgentFactory.create(account=acme)}
        acme.numbers.filter(pk=numbers[0].pk).update(**wanted)
        job = work(acme, by_admin, "keep", numbers)
        with CaptureQueriesContext(database) as asked:
            owner_client.get(f"/a/acme/jobs/{job.pk}/")
        counts.append(len(asked))

    assert counts[0] == counts[1]


# --- A release that waits --------------------------------------------------------------------


def test_a_release_that_twilio_was_not_asked_for_is_called_off(
    number: PhoneNumber, acme: Account, by_admin: Actor
) -> None:
    agent = AgentFactory.create(account=acme)
    assignment.assign(number.pk, agent_id=agent.pk, actor=by_admin, at=NOON)
    release.release(number.pk, actor=by_admin, at=NOON)

    release.take_back(number.pk, actor=by_admin, at=NOON)

    assert (state(number)["state"], state(number)["agent"]) == (NumberState.HELD, agent.pk)
    assert CarrierTask.objects.get().state == TaskState.DROPPED


def test_an_excluded_number_whose_release_is_undone_is_excluded_again(
    number: PhoneNumber, acme: Account, by_admin: Actor, owner_client: Client
) -> None:
    agent = AgentFactory.create(account=acme, name="Ada")
    PhoneNumber.objects.update(agent=agent)
    exclusion.exclude(number.pk, actor=by_admin, at=NOON)
    PhoneNumberFactory.create_batch(10, account=acme)  # no license is free
    done = owner_client.post(page(number, "release"), follow=True)

    asked = owner_client.get(page(number, "take-back")).content.decode()
    undone = undo(owner_client, done)

    assert "Takes no license." in asked
    assert "is excluded again." in undone.content.decode()
    assert state(number)["state"] == NumberState.EXCLUDED
    assert PhoneNumber.objects.get(pk=number.pk).before_release["agent"] == "Ada"
    assert CarrierTask.objects.get().state == TaskState.DROPPED


def test_an_excluded_number_that_is_kept_after_silence_is_looked_for_too(
    number: PhoneNumber, by_admin: Actor, owner_client: Client
) -> None:
    exclusion.exclude(number.pk, actor=by_admin, at=NOON)
    release.release(number.pk, actor=by_admin, at=NOON)
    CarrierTask.objects.update(state=TaskState.NEEDS_PERSON, error_code="twilio_unavailable")
    OrmQ.objects.all().delete()

    asked = owner_client.get(page(number, "take-back")).content.decode()
    release.take_back(number.pk, actor=by_admin, at=NOON)

    assert "may have taken the number" in asked
    assert state(number)["state"] == NumberState.EXCLUDED
    assert [each.func() for each in OrmQ.objects.all()] == ["numbers.tasks.refresh"]


@pytest.mark.parametrize(
    "touched",
    [{"claimed_until": NOON + timedelta(minutes=2)}, {"error_code": "twilio_unavailable"}],
)
def test_a_release_that_may_have_reached_twilio_is_not_called_off(
    touched: dict[str, Any], number: PhoneNumber, by_admin: Actor
) -> None:
    release.release(number.pk, actor=by_admin, at=NOON)
    CarrierTask.objects.update(**touched)

    with pytest.raises(Blocked) as refused:
        release.take_back(number.pk, actor=by_admin, at=NOON)

    assert [each.code for each in refused.value.blockers] == ["under_way"]
    assert state(number)["state"] == NumberState.RELEASING


def test_undo_of_a_release_that_twilio_has_taken_leads_to_the_restore(
    number: PhoneNumber, owner_client: Client
) -> None:
    done = owner_client.post(page(number, "release"), {"last_four": "0123"}, follow=True)
    PhoneNumber.objects.update(state=NumberState.RELEASED, released_at=NOON)
    CarrierTask.objects.update(state=TaskState.DONE)

    response = undo(owner_client, done)

    assert response.redirect_chain[-1][0] == page(number, "restore")
    assert (
        "already; restoring buys it back. Takes one license; 10 free." in response.content.decode()
    )
    assert "the steps for the Twilio Console" in response.content.decode()
    assert state(number)["state"] == NumberState.RELEASED


def test_the_job_of_a_release_that_was_called_off_ends(
    number: PhoneNumber, acme: Account, by_admin: Actor
) -> None:
    job = bulk.start(
        acme.pk, action="release", selection=Selection(ids=[number.pk]), params={},
        actor=by_admin, at=NOON,
    )  # fmt: skip
    job_items.work(job.pk)
    job.refresh_from_db()
    waiting = job.state

    release.take_back(number.pk, actor=by_admin, at=NOON)

    job.refresh_from_db()
    item = job.items.get()
    assert (waiting, job.state) == (JobState.SETTLING, JobState.DONE)
    assert (item.state, item.code) == (ItemState.SKIPPED, "kept_after_all")


# --- Excluded and back -----------------------------------------------------------------------


def test_an_excluded_number_comes_back_with_its_agent(
    number: PhoneNumber, acme: Account, by_admin: Actor
) -> None:
    agent = AgentFactory.create(account=acme)
    assignment.assign(number.pk, agent_id=agent.pk, actor=by_admin, at=NOON)
    exclusion.exclude(number.pk, actor=by_admin, at=NOON)

    exclusion.bring_back(number.pk, actor=by_admin, at=NOON)

    assert state(number)["agent"] == agent.pk
    assert PhoneNumber.objects.get().before_release == {}


def test_an_agent_that_is_not_live_any_more_does_not_come_back(
    number: PhoneNumber, acme: Account, by_admin: Actor
) -> None:
    agent = AgentFactory.create(account=acme, name="Ada")
    assignment.assign(number.pk, agent_id=agent.pk, actor=by_admin, at=NOON)
    exclusion.exclude(number.pk, actor=by_admin, at=NOON)
    type(agent).objects.update(state="paused")

    exclusion.bring_back(number.pk, actor=by_admin, at=NOON)

    assert state(number)["agent"] is None
    event = Event.objects.filter(type="number.brought_back").get()
    assert event.data["did_not"] == ["agent Ada: it is paused"]


# --- What comes back, by row and in bulk -----------------------------------------------------


def test_every_row_that_can_come_back_says_how(
    noon: time_machine.Traveller, acme: Account, owner_client: Client, member_client: Client
) -> None:
    made = {
        "restore": PhoneNumberFactory.create(account=acme, state="released", released_at=NOON),
        "take-back": PhoneNumberFactory.create(account=acme, state="releasing"),
        "bring-back": PhoneNumberFactory.create(account=acme, state="excluded"),
    }
    gone = PhoneNumberFactory.create(
        account=acme, state="released", released_at=NOON - timedelta(days=11)
    )

    lists = {tab: owner_client.get("/a/acme/numbers/", {"tab": tab}).content.decode()
             for tab in ("released", "excluded")}  # fmt: skip

    for name, number in made.items():
        shown = lists["excluded" if name == "bring-back" else "released"]
        assert f'href="{page(number, name)}?next=' in shown
    assert page(gone, "restore") not in lists["released"]
    assert "/restore/" not in member_client.get("/a/acme/numbers/?tab=released").content.decode()


def test_released_numbers_are_restored_by_one_job_that_ends_with_the_last_of_them(
    noon: time_machine.Traveller, acme: Account, by_admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = PhoneNumberFactory.create_batch(
        2, account=acme, state="released", released_at=NOON, state_changed_at=NOON
    )
    job = bulk.start(
        acme.pk, action="restore", selection=Selection(ids=[each.pk for each in numbers]),
        params={}, actor=by_admin, at=NOON,
    )  # fmt: skip
    job_items.work(job.pk)
    job.refresh_from_db()
    settling = job.state

    # An import finds both before the worker has asked for them.
    for each in numbers:
        number = PhoneNumber.objects.get(pk=each.pk)
        release.come_back(
            number, actor=by_admin, at=NOON, type="number.came_back", summary="Found."
        )
    monkeypatch.setattr("numbers.services.carrier_tasks.carrier_for", lambda connection: None)
    tasks.work_carrier_tasks()

    job.refresh_from_db()
    assert (settling, job.state) == (JobState.SETTLING, JobState.DONE)
    assert set(job.items.values_list("state", flat=True)) == {ItemState.DONE}
    assert acme.numbers.held().count() == 2


@pytest.mark.parametrize("way", ["exclude", "release"])
def test_until_the_end_of_a_period_that_is_resolved_every_door_offers_the_way_back(
    way: str,
    noon: time_machine.Traveller,
    acme: Account,
    by_admin: Actor,
    owner_client: Client,
) -> None:
    numbers = PhoneNumberFactory.create_batch(12, account=acme)
    period = GracePeriodFactory.create(account=acme, held_at_open=12)
    left = numbers[:2]
    for each in left:
        if way == "exclude":
            exclusion.exclude(each.pk, actor=by_admin, at=NOON)
        else:
            release.release(each.pk, actor=by_admin, at=NOON)
    acme.numbers.filter(state="releasing").update(state="released", released_at=NOON)
    CarrierTask.objects.update(state=TaskState.DONE)
    period.refresh_from_db()
    back = "bring_back" if way == "exclude" else "restore"
    order: dict[str, Any] = {
        "action": back, "selection": Selection(ids=[each.pk for each in left]), "params": {},
        "actor": by_admin, "at": NOON + timedelta(hours=47),
    }  # fmt: skip

    found = previews.preview(acme.pk, **order)
    late = previews.preview(acme.pk, **{**order, "at": NOON + timedelta(hours=49)})
    asked = owner_client.get(page(left[0], back.replace("_", "-"))).content.decode()
    listed = owner_client.get(f"/a/acme/numbers/{left[0].pk}/").content.decode()
    owner_client.post(page(left[0], back.replace("_", "-")))

    assert period.state == GraceState.RESOLVED
    assert (found.will_change, late.will_change) == (2, 0)
    assert "2 over: the grace period goes on" in found.said_of_licenses
    assert "This cannot be done now" not in asked
    assert page(left[0], back.replace("_", "-")) in listed
    period.refresh_from_db()
    assert (period.state, period.ends_at) == (GraceState.OPEN, NOON + timedelta(hours=48))


@pytest.mark.parametrize("way", ["bring-back", "restore"])
def test_after_the_end_of_a_period_nobody_is_told_that_it_goes_on(
    way: str, noon: time_machine.Traveller, acme: Account, owner_client: Client
) -> None:
    PhoneNumberFactory.create_batch(12, account=acme)
    GracePeriodFactory.create(account=acme, held_at_open=13)
    state = {"bring-back": {"state": "excluded"}, "restore": {"state": "released"}}[way]
    number = PhoneNumberFactory.create(
        account=acme, **state, released_at=NOON, state_changed_at=NOON
    )

    asked = {}
    for hours in (47, 49):
        noon.move_to(NOON + timedelta(hours=hours))
        asked[hours] = owner_client.get(page(number, way)).content.decode()

    assert "and the grace period goes on with the deadline it had." in asked[47]
    assert "Takes one license, and none is free." in asked[49]
    assert "goes on" not in asked[49]


# --- What a dry run says about licenses ------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (3, "3 chosen, 2 are enough. Afterwards 9 held with 10 licenses: 1 free."
            " The grace period closes."),
        (2, "Afterwards 10 held with 10 licenses: 0 free. The grace period closes."),
        (1, "Afterwards 11 held with 10 licenses: 1 still over."),
    ],
)  # fmt: skip
def test_a_dry_run_says_what_it_does_to_the_licenses(
    chosen: int, said: str, noon: time_machine.Traveller, acme: Account, owner_client: Client
) -> None:
    numbers = PhoneNumberFactory.create_batch(12, account=acme)
    protected = PhoneNumberFactory.create(account=acme, state="excluded")
    GracePeriodFactory.create(account=acme)
    ids = ",".join(str(each.pk) for each in [*numbers[:chosen], protected])

    html = owner_client.post(
        "/a/acme/numbers/bulk/", {"action": "exclude", "ids": ids, "step": "preview"}
    ).content.decode()

    assert said in html


def test_releasing_what_is_excluded_gives_no_license_back(
    noon: time_machine.Traveller, acme: Account, by_admin: Actor
) -> None:
    number = PhoneNumberFactory.create(account=acme, state="excluded")

    found = previews.preview(
        acme.pk, action="release", selection=Selection(ids=[number.pk]), params={},
        actor=by_admin, at=NOON,
    )  # fmt: skip

    assert (found.will_change, found.licenses, found.said_of_licenses) == (1, 0, "")


def test_many_are_kept_as_spares_by_one_job(
    noon: time_machine.Traveller, acme: Account, by_admin: Actor
) -> None:
    numbers = PhoneNumberFactory.create_batch(3, account=acme)
    numbers[0].agent = AgentFactory.create(account=acme)
    numbers[0].save()

    job = bulk.start(
        acme.pk, action="keep", selection=Selection(ids=[each.pk for each in numbers]), params={},
        actor=by_admin, at=NOON,
    )  # fmt: skip
    job_items.work(job.pk)

    assert acme.numbers.filter(keep_decided_at=NOON).count() == 2
    assert job.items.get(state=ItemState.SKIPPED).code == "assigned"
