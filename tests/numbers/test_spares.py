"""A number is kept as a spare until a day; then somebody decides about it again (S0-22)."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts import timeline
from accounts.actor import Actor
from accounts.models import Account, Event, Job, Notice, User
from accounts.services import job_items
from accounts.states import ItemState, Role
from config.errors import Blocked, Invalid, NotDue
from config.undo import undo_button
from numbers import tasks
from numbers.models import PhoneNumber
from numbers.services import assignment, bulk, exclusion, missing, spares, swaps
from numbers.services.bulk import Selection
from numbers.states import Fate, NumberState
from tests.api.conftest import program_of
from tests.crashes import every_crash
from tests.factories import (
    NOON,
    AgentFactory,
    MembershipFactory,
    PhoneNumberFactory,
    subscribed,
)
from tests.races import at_once

pytestmark = pytest.mark.django_db

#: NOON is on the 1st of March, in every zone.
TODAY, DAY = date(2026, 3, 1), date(2026, 3, 10)
#: When that day begins in the time zone of ``acme``.
COMES = datetime(2026, 3, 10, 7, tzinfo=UTC)
LIST, EXPORT, BULK = "/a/acme/numbers/", "/a/acme/numbers/export.csv", "/a/acme/numbers/bulk/"


@pytest.fixture
def acme(acme: Account) -> Account:
    acme.time_zone = "America/Los_Angeles"
    acme.save(update_fields=["time_zone"])
    return acme


@pytest.fixture
def number(acme: Account) -> PhoneNumber:
    return PhoneNumberFactory.create(account=acme, e164="+14155550123")


def spare(account: Account, until: date | None = DAY, **fields: Any) -> PhoneNumber:
    return PhoneNumberFactory.create(
        account=account, keep_decided_at=NOON, kept_until=until, **fields
    )


def kept(number: PhoneNumber) -> tuple[bool, date | None]:
    number.refresh_from_db()
    return number.keep_decided_at is not None, number.kept_until


def page(number: PhoneNumber, action: str = "") -> str:
    return f"/a/acme/numbers/{number.pk}/{action + '/' if action else ''}"


def sweep(at: datetime) -> None:
    for account in spares.due(at):
        spares.end(account.pk, at=at)


def told(account: Account, user: User) -> list[Notice]:
    return list(account.notices.filter(user=user, kind="spare").order_by("pk"))


# --- The decision ----------------------------------------------------------------------------


def test_a_spare_is_kept_until_a_day(number: PhoneNumber, by_admin: Actor) -> None:
    assignment.keep(number.pk, until=DAY, actor=by_admin, at=NOON)

    assert kept(number) == (True, DAY)
    event = Event.objects.get(type="number.kept")
    assert event.summary == "Kept as a spare until Tue,\u00a0Mar\u00a010,\u00a02026."
    assert event.data["after"] == {"kept_until": "2026-03-10"}
    assert timeline.changes(event, number.account) == [
        ("Kept until", "", "Tue,\u00a0Mar\u00a010,\u00a02026")
    ]


@pytest.mark.parametrize("day", [date(2020, 1, 1), TODAY])
def test_a_day_that_has_come_is_refused(number: PhoneNumber, by_admin: Actor, day: date) -> None:
    with pytest.raises(Invalid) as refusal:
        assignment.keep(number.pk, until=day, actor=by_admin, at=NOON)

    assert refusal.value.errors == {"until": ["Choose a day that is still to come."]}
    assert kept(number) == (False, None)


def test_what_day_it_is_tells_the_accounts_own_calendar(
    number: PhoneNumber, by_admin: Actor
) -> None:
    still_the_first = datetime(2026, 3, 2, 7, 59, tzinfo=UTC)

    assignment.keep(number.pk, until=date(2026, 3, 2), actor=by_admin, at=still_the_first)

    assert kept(number)[0]


@pytest.mark.parametrize("how", ["unkept", "assigned", "excluded", "missing", "swapped in"])
def test_whatever_ends_the_decision_ends_its_day(acme: Account, by_admin: Actor, how: str) -> None:
    by: dict[str, Any] = {"actor": by_admin, "at": NOON}
    number = spare(acme)
    match how:
        case "unkept":
            assignment.unkeep(number.pk, **by)
        case "assigned":
            agent = AgentFactory.create(account=acme)
            assignment.assign(number.pk, agent_id=agent.pk, **by)
        case "excluded":
            exclusion.exclude(number.pk, **by)
        case "missing":
            missing.mark_held(PhoneNumber.objects.filter(pk=number.pk), "Gone.", **by)
        case "swapped in":
            leaving = PhoneNumberFactory.create(account=acme, assigned=True)
            swaps.swap(leaving.pk, taking_id=number.pk, fate=Fate.KEEP, **by)

    assert kept(number) == (False, None)


# --- The day comes ---------------------------------------------------------------------------


def test_when_the_day_begins_the_number_waits_for_a_decision_again(
    acme: Account, admin: User
) -> None:
    number = spare(acme)
    for_good = spare(acme, until=None)
    sweep(COMES - timedelta(seconds=1))
    assert kept(number) == (True, DAY)

    sweep(COMES)

    assert kept(number) == (False, None)
    assert kept(for_good) == (True, None)
    event = Event.objects.get(type="number.unkept")
    assert event.summary == "No longer kept as a spare: Tue,\u00a0Mar\u00a010,\u00a02026 has come."
    assert (event.actor_kind, event.subject_id) == ("system", number.pk)
    (notice,) = told(acme, admin)
    assert notice.title == "1 spare waits for a decision again"
    assert str(number) in notice.body
    assert notice.url == page(number)


@pytest.mark.parametrize(
    ("zone", "comes"),
    [
        ("Pacific/Kiritimati", datetime(2026, 3, 9, 10, tzinfo=UTC)),  # the first on earth
        ("Europe/Berlin", datetime(2026, 3, 9, 23, tzinfo=UTC)),
        ("Pacific/Pago_Pago", datetime(2026, 3, 10, 11, tzinfo=UTC)),  # the last one
    ],
)
def test_the_day_comes_where_the_account_is(acme: Account, zone: str, comes: datetime) -> None:
    Account.objects.update(time_zone=zone)
    number = spare(acme)
    other = spare(subscribed(slug="utc-inc", time_zone="UTC"))

    sweep(comes - timedelta(seconds=1))
    assert kept(number)[0]
    sweep(comes)

    assert not kept(number)[0]
    assert kept(other)[0] is (comes < datetime(2026, 3, 10, tzinfo=UTC))


def test_many_of_an_account_are_one_notice_that_leads_to_them(
    acme: Account, admin: User, member: User
) -> None:
    for _ in range(5):
        spare(acme)
    spare(acme, until=DAY + timedelta(days=1))

    sweep(COMES)

    (notice,) = told(acme, admin)
    assert notice.title == "5 spares wait for a decision again"
    assert "and 2 more" in notice.body
    assert notice.url == "/a/acme/numbers/?tab=unassigned&kept=false"
    assert told(acme, member) == []  # who may not decide
    sweep(COMES + timedelta(days=1))
    assert len(told(acme, admin)) == 2


def test_the_sweep_that_runs_twice_or_late_decides_once(
    acme: Account, admin: User, noon: time_machine.Traveller
) -> None:
    number = spare(acme)
    noon.move_to(COMES + timedelta(days=3))

    assert tasks.sweep()["spares"] == 1
    assert tasks.sweep()["spares"] == 0
    with pytest.raises(NotDue):
        spares.end(acme.pk, at=COMES)

    assert not kept(number)[0]
    assert len(told(acme, admin)) == 1
    assert Event.objects.filter(type="number.unkept").count() == 1


def test_many_cost_as_much_as_one(acme: Account, django_assert_max_num_queries: Any) -> None:
    for _ in range(60):
        spare(acme)

    with django_assert_max_num_queries(20):
        sweep(COMES)

    assert not PhoneNumber.objects.kept().exists()


@pytest.mark.django_db(transaction=True)
def test_a_sweep_that_is_killed_anywhere_decides_and_tells_once_in_the_end(
    noon: time_machine.Traveller,
) -> None:
    account = subscribed(time_zone="America/Los_Angeles")
    user = MembershipFactory.create(account=account, role=Role.OWNER).user
    noon.move_to(COMES)

    def begin() -> Account:
        Notice.objects.all().delete()
        PhoneNumber.objects.all().delete()
        for _ in range(2):
            spare(account)
        return account

    def check(account: Account, died: str) -> None:
        tasks.sweep()  # the next worker
        assert len(told(account, user)) == 1, died
        assert not PhoneNumber.objects.kept().exists(), died
        ids = PhoneNumber.objects.values("pk")
        assert Event.objects.filter(type="number.unkept", subject_id__in=ids).count() == 2, died

    assert every_crash(begin, lambda account: tasks.sweep(), check) > 4


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_machines_and_a_person_decide_once(acme: Account, admin: User, by_admin: Actor) -> None:
    numbers = [spare(acme) for _ in range(3)]

    def one() -> None:
        spares.end(acme.pk, at=COMES)

    def person() -> None:
        assignment.unkeep(numbers[0].pk, actor=by_admin, at=COMES)

    outcomes = at_once(one, one, person)

    assert outcomes[:2].count("done") == 1
    for number in numbers:
        assert kept(number) == (False, None)
        assert Event.objects.filter(type="number.unkept", subject_id=number.pk).count() == 1
    assert len(told(acme, admin)) == 1


# --- Pages -----------------------------------------------------------------------------------


def test_a_row_keeps_at_once_and_leads_to_the_page_that_asks_until_when(
    number: PhoneNumber, owner_client: Client, noon: Any
) -> None:
    row = owner_client.get(LIST, {"tab": "unassigned"}).content.decode()
    assert f'href="{page(number, "keep")}?next=' in row
    asked = owner_client.get(page(number, "keep"))

    done = owner_client.post(f"{page(number, 'keep')}?next={LIST}", {"until": "2026-03-10"})

    assert 'type="date" name="until"' in asked.content.decode()
    assert done["Location"] == LIST
    assert kept(number) == (True, DAY)
    html = owner_client.get(LIST).content.decode()
    assert "kept as a spare until Tue,\u00a0Mar\u00a010,\u00a02026." in html
    assert "until Tue,\u00a0Mar\u00a010,\u00a02026</small>" in html
    assert "Kept until Tue,\u00a0Mar\u00a010,\u00a02026</span>" in (
        owner_client.get(LIST, {"tab": "unassigned"}).content.decode()
    )
    html = owner_client.get(page(number)).content.decode()
    assert "<dt>Kept until</dt>" in html
    assert "Tue,\u00a0Mar\u00a010,\u00a02026, 12:00\u00a0AM\u00a0PDT" in html


@pytest.mark.parametrize(
    ("typed", "said"),
    [("2026-03-01", "still to come"), ("yesterday", "Write a day"), ("10.3.2026", "Write a day")],
)
def test_a_day_that_will_not_do_is_named_and_what_was_typed_stays(
    number: PhoneNumber, owner_client: Client, noon: Any, typed: str, said: str
) -> None:
    response = owner_client.post(page(number, "keep"), {"until": typed})

    html = response.content.decode()
    assert response.status_code == 422
    assert said in html
    assert f'value="{typed}"' in html
    assert kept(number) == (False, None)


def test_who_only_reads_is_not_let_in_and_a_stranger_finds_nothing(
    number: PhoneNumber, member_client: Client, stranger_client: Client
) -> None:
    for method in ("get", "post"):
        for client, status in ((member_client, 403), (stranger_client, 404)):
            response = getattr(client, method)(page(number, "keep"), {"until": "2026-03-10"})
            assert response.status_code == status

    assert kept(number) == (False, None)


def test_undo_of_deciding_again_gives_the_day_back_while_it_is_to_come(
    acme: Account, owner_client: Client, noon: time_machine.Traveller
) -> None:
    number = spare(acme)

    def decide_again() -> str:
        response = owner_client.post(page(number, "unkeep"), follow=True)
        assert kept(number) == (False, None)
        return response.content.decode()

    assert 'name="until" value="2026-03-10"' in decide_again()
    owner_client.post(page(number, "keep"), {"until": "2026-03-10"}, follow=True)
    assert kept(number) == (True, DAY)
    noon.move_to(COMES)  # the sweep has not run yet

    assert ">Undo<" not in decide_again()


def test_many_are_kept_until_a_day_by_one_job(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    numbers = PhoneNumberFactory.create_batch(2, account=acme)
    ids = {"action": "keep", "ids": ",".join(str(each.pk) for each in numbers)}

    asked = owner_client.post(BULK, ids)
    refused = owner_client.post(BULK, {**ids, "step": "preview", "until": "2026-03-01"})
    preview = owner_client.post(BULK, {**ids, "step": "preview", "until": "2026-03-10"})
    hidden = dict(preview.context["hidden"])
    owner_client.post(BULK, {**hidden, "step": "confirm", "until": "2026-03-10"})
    job = Job.objects.get()
    job_items.work(job.pk)

    assert 'name="until"' in asked.content.decode()
    assert (refused.status_code, "still to come" in refused.content.decode()) == (422, True)
    assert (
        "On Tue,\u00a0Mar\u00a010,\u00a02026 they wait for a decision again."
        in preview.content.decode()
    )
    assert [kept(each) for each in numbers] == [(True, DAY)] * 2
    assert [item.state for item in job.items.all()] == [ItemState.DONE] * 2


def test_the_csv_says_until_when_and_kept_ones_are_found(
    acme: Account, owner_client: Client
) -> None:
    number = spare(acme)
    PhoneNumberFactory.create(account=acme)

    response = owner_client.get(EXPORT, {"kept": "true"})

    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["SID"], row["kept until"]) == (number.sid, "2026-03-10")


# --- REST, support ---------------------------------------------------------------------------


def test_rest_keeps_until_a_day(acme: Account, number: PhoneNumber, noon: Any) -> None:
    program = program_of(acme, "numbers")  # type: ignore[arg-type]

    refused = program.send("post", f"numbers/{number.pk}/spares/", {"until": "2026-03-01"})
    odd = program.send("post", f"numbers/{number.pk}/spares/", {"until": "20260310"})
    answer = program.send("post", f"numbers/{number.pk}/spares/", {"until": "2026-03-10"})

    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "until")
    assert odd.status_code == 422
    assert (answer.status_code, answer.json()["kept_until"]) == (201, "2026-03-10")
    assert kept(number) == (True, DAY)
    assert program.send("delete", f"numbers/{number.pk}/spares/").json()["kept_until"] is None


@pytest.mark.parametrize("body", [None, {}, {"until": None}])
def test_rest_keeps_for_good(acme: Account, number: PhoneNumber, noon: Any, body: Any) -> None:
    program = program_of(acme, "numbers")  # type: ignore[arg-type]

    answer = program.send("post", f"numbers/{number.pk}/spares/", body)

    assert answer.status_code == 201
    assert kept(number) == (True, None)


def test_rest_lets_nobody_else_in(acme: Account, number: PhoneNumber) -> None:
    path, body = f"numbers/{number.pk}/spares/", {"until": "2026-03-10"}

    reader = program_of(acme).send("post", path, body)
    stranger = program_of(subscribed(slug="elsewhere-inc"), "numbers").send("post", path, body)  # type: ignore[arg-type]

    assert (reader.status_code, stranger.status_code) == (403, 404)
    assert kept(number) == (False, None)


@pytest.mark.parametrize("params", [{}, {"until": "2026-03-10"}])
def test_rest_keeps_many(
    acme: Account, number: PhoneNumber, noon: Any, params: dict[str, str]
) -> None:
    program = program_of(acme, "numbers")  # type: ignore[arg-type]
    order: dict[str, Any] = {"action": "keep", "numbers": [number.pk], "params": params}

    dry = program.send("post", "bulk-jobs/", {**order, "dry_run": True})
    answer = program.send("post", "bulk-jobs/", order)
    job_items.work(Job.objects.get().pk)

    assert (dry.json()["will_change"], answer.status_code) == (1, 202)
    assert kept(number) == (True, DAY if params else None)


def test_support_keeps_until_a_day_with_a_reason(
    number: PhoneNumber, support_client: Client, stranger_client: Client, noon: Any
) -> None:
    address = f"/admin/numbers/phonenumber/{number.pk}/act/keep/"
    data = {"reason": "Asked by phone.", "until": "2026-03-10"}
    assert 'name="until"' in support_client.get(address).content.decode()

    refused = support_client.post(address, {**data, "until": "2026-03-01"})
    stranger_client.post(address, data)
    assert "still to come" in refused.content.decode()
    assert kept(number) == (False, None)
    support_client.post(address, data)

    assert kept(number) == (True, DAY)
    assert Event.objects.get(type="number.kept").reason == "Asked by phone."


def test_a_spare_that_is_kept_is_not_kept_again(acme: Account, by_admin: Actor) -> None:
    number = spare(acme)

    with pytest.raises(Blocked):
        assignment.keep(number.pk, until=DAY + timedelta(days=9), actor=by_admin, at=NOON)

    assert kept(number) == (True, DAY)


# --- Given back by Undo ----------------------------------------------------------------------


def decided(number: PhoneNumber) -> tuple[Any, ...]:
    fields = ("agent", "state", "keep_decided_at", "kept_until")
    return tuple(PhoneNumber.objects.values_list(*fields).get(pk=number.pk))


def press_undo(client: Client, response: Any) -> None:
    (message,) = response.context["messages"]
    button = undo_button(message)
    assert button is not None
    client.post(button.url, button.fields)


@pytest.mark.parametrize("until", [DAY, None])
@pytest.mark.parametrize("way", ["assign", "exclude"])
def test_undo_gives_the_decision_and_its_day_back(
    way: str, until: date | None, acme: Account, owner_client: Client, noon: Any
) -> None:
    number = spare(acme, until)
    before = decided(number)
    typed = {"agent": AgentFactory.create(account=acme).pk} if way == "assign" else {}

    done = owner_client.post(page(number, way), typed, follow=True)
    between = decided(number)
    press_undo(owner_client, done)

    assert between[2:] == (None, None)
    assert decided(number) == before


@pytest.mark.parametrize("way", ["assign", "exclude"])
def test_undo_of_a_job_gives_the_decision_and_its_day_back(
    way: str, acme: Account, owner_client: Client, by_admin: Actor, noon: Any
) -> None:
    numbers = [spare(acme, until) for until in (DAY, None)]
    before = [decided(number) for number in numbers]
    params = {"agent": AgentFactory.create(account=acme).pk} if way == "assign" else {}
    ids = [number.pk for number in numbers]

    job = bulk.start(
        acme.pk, action=way, selection=Selection(ids=ids), params=params, actor=by_admin, at=NOON
    )
    job_items.work(job.pk)
    between = [decided(number)[2:] for number in numbers]
    undoing = bulk.undoing_of(Job.objects.get(pk=job.pk))
    assert undoing is not None
    undone = bulk.start(
        acme.pk, action=undoing.action, selection=undoing.selection, params=undoing.params,
        actor=by_admin, at=NOON, undoes=job,
    )  # fmt: skip
    job_items.work(undone.pk)

    assert between == [(None, None)] * 2
    assert [decided(number) for number in numbers] == before


@pytest.mark.parametrize("way", ["assign", "exclude"])
def test_a_day_that_has_come_meanwhile_is_not_given_back(
    way: str, acme: Account, owner_client: Client, noon: time_machine.Traveller
) -> None:
    number = spare(acme)
    typed = {"agent": AgentFactory.create(account=acme).pk} if way == "assign" else {}

    done = owner_client.post(page(number, way), typed, follow=True)
    noon.move_to(COMES)
    press_undo(owner_client, done)

    assert decided(number) == (None, NumberState.HELD, None, None)


def test_who_unassigns_without_undo_decides_anew(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    number = spare(acme)
    owner_client.post(page(number, "assign"), {"agent": AgentFactory.create(account=acme).pk})

    owner_client.post(page(number, "unassign"))

    assert decided(number)[2:] == (None, None)


@pytest.mark.parametrize("typed", [{"until": "2026-03-10"}, {"until": ""}])
def test_the_same_decision_twice_is_done_once_and_nothing_is_refused(
    typed: dict[str, str], number: PhoneNumber, owner_client: Client, noon: Any
) -> None:
    first, second = (owner_client.post(page(number, "keep"), typed) for _ in range(2))

    assert (first.status_code, second.status_code) == (302, 302)
    assert Event.objects.filter(type="number.kept").count() == 1
    assert "Nothing has changed." in owner_client.get(LIST).content.decode()


def test_another_day_for_a_spare_says_how(acme: Account, owner_client: Client, noon: Any) -> None:
    number = spare(acme)

    refused = owner_client.post(page(number, "keep"), {"until": "2026-03-11"})

    assert refused.status_code == 422
    assert "To change until when, decide again first." in refused.content.decode()
    assert kept(number) == (True, DAY)
