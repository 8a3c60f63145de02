"""Bulk actions in the browser: a dry run first, then a job (B2)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.test import Client
from django.utils.html import escape

from accounts.actor import SYSTEM
from accounts.models import Account, Job
from accounts.services import job_items
from accounts.states import JobState
from numbers.models import CarrierTask, PhoneNumber
from numbers.services import assignment, bulk
from numbers.states import NumberState
from tests.factories import NOON, AgentFactory, PhoneNumberFactory, TagFactory

pytestmark = pytest.mark.django_db

BULK = "/a/acme/numbers/bulk/"


def post(client: Client, **fields: Any) -> Any:
    return client.post(BULK, fields)


def hidden(response: Any) -> dict[str, str]:
    """What the page's form carries to the next step."""
    return dict(response.context["hidden"])


def test_a_dry_run_counts_what_changes_and_what_is_skipped_and_why(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    free = PhoneNumberFactory.create_batch(2, account=acme)
    protected = PhoneNumberFactory.create(account=acme, protected=True)
    excluded = PhoneNumberFactory.create(account=acme, excluded=True)
    ids = [number.pk for number in (*free, protected, excluded)]

    response = post(owner_client, action="exclude", ids=ids)
    preview = response.context["preview"]

    assert (preview.will_change, preview.will_skip) == (2, 2)
    assert {code: count for code, _, count in preview.reasons} == {"protected": 1, "wrong_state": 1}
    html = response.content.decode()
    assert "This number is protected." in html
    assert f"/a/acme/numbers/{protected.pk}/" in html
    assert "Bring them back at any time" in html
    assert PhoneNumber.objects.filter(state=NumberState.HELD).count() == 3
    assert not Job.objects.exists()


def test_confirming_starts_a_job_that_does_it(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    numbers = PhoneNumberFactory.create_batch(3, account=acme)
    preview = post(owner_client, action="exclude", ids=[number.pk for number in numbers])

    response = post(owner_client, **hidden(preview), step="confirm")

    job = Job.objects.get()
    assert response["Location"] == f"/a/acme/jobs/{job.pk}/"
    job_items.work(job.pk)
    assert PhoneNumber.objects.filter(state=NumberState.EXCLUDED).count() == 3


def test_all_that_match_are_meant_on_every_page_of_the_list(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    tag = TagFactory.create(account=acme, name="legacy")
    for number in PhoneNumberFactory.create_batch(60, account=acme):
        number.tags.add(tag)
    PhoneNumberFactory.create(account=acme)

    preview = post(owner_client, action="exclude", everything="1", query="tag=legacy&after=x")
    post(owner_client, **hidden(preview), step="confirm")

    assert preview.context["preview"].will_change == 60
    assert Job.objects.get().total == 60


def test_only_what_was_shown_is_confirmed(acme: Account, owner_client: Client, noon: Any) -> None:
    shown = PhoneNumberFactory.create_batch(2, account=acme)
    preview = post(owner_client, action="release", everything="1", query="tab=unassigned")
    # As many match later, but others: one has got an agent, one is new.
    PhoneNumber.objects.filter(pk=shown[0].pk).update(agent=AgentFactory.create(account=acme))
    PhoneNumberFactory.create(account=acme)

    changed = post(owner_client, **hidden(preview), step="confirm")
    none = post(
        owner_client, action="release", everything="1", query="tab=unassigned", step="confirm"
    )
    begun = Job.objects.count()
    post(owner_client, **hidden(changed), step="confirm")

    assert (changed.status_code, none.status_code, begun) == (422, 422, 0)
    assert "has changed since it was shown. Look at it again." in changed.content.decode()
    assert Job.objects.get().total == 2


def test_other_numbers_are_not_those_that_were_shown_though_their_ids_add_up_to_the_same(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    first, second, third, fourth = PhoneNumberFactory.create_batch(4, account=acme)
    tag = TagFactory.create(account=acme, name="old")
    tag.numbers.set([first, fourth])
    preview = post(owner_client, action="release", everything="1", query="tag=old")
    tag.numbers.set([second, third])

    changed = post(owner_client, **hidden(preview), step="confirm")

    assert first.pk + fourth.pk == second.pk + third.pk
    assert changed.status_code == 422
    assert changed.context["preview"].changing == [second, third]
    assert not Job.objects.exists()


def test_a_ticked_number_that_was_to_be_skipped_is_shown_before_it_is_released(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    spare = PhoneNumberFactory.create(account=acme)
    safe = PhoneNumberFactory.create(account=acme, protected=True)
    preview = post(owner_client, action="release", ids=[spare.pk, safe.pk])
    PhoneNumber.objects.update(protected=False)

    changed = post(owner_client, **hidden(preview), step="confirm")

    assert preview.context["preview"].will_change == 1
    assert (changed.status_code, changed.context["preview"].will_change) == (422, 2)
    assert not Job.objects.exists()


def test_a_spare_that_got_an_agent_since_is_shown_as_in_use_and_not_as_an_empty_field(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    spare = PhoneNumberFactory.create(account=acme)
    preview = post(owner_client, action="release", ids=[spare.pk])
    PhoneNumber.objects.update(agent=AgentFactory.create(account=acme))

    changed = post(owner_client, **hidden(preview), step="confirm")

    html = changed.content.decode()
    assert changed.status_code == 422
    assert "1 number of them is in use" in html
    assert "This field is required" not in html
    assert not Job.objects.exists()


@pytest.mark.parametrize("comes", [True, False])
def test_what_comes_or_goes_while_the_job_is_made_is_shown_first(
    acme: Account, owner_client: Client, noon: Any, monkeypatch: pytest.MonkeyPatch, comes: bool
) -> None:
    spares = PhoneNumberFactory.create_batch(2, account=acme)
    preview = post(owner_client, action="release", everything="1", query="tab=unassigned")
    start = bulk.start

    def another_meanwhile(*args: Any, **order: Any) -> Job:
        if comes:
            PhoneNumberFactory.create(account=acme)
        else:
            PhoneNumber.objects.filter(pk=spares[0].pk).update(state=NumberState.EXCLUDED)
        return start(*args, **order)

    monkeypatch.setattr(bulk, "start", another_meanwhile)
    changed = post(owner_client, **hidden(preview), step="confirm")

    assert changed.status_code == 422
    assert "has changed since it was shown. Look at it again." in changed.content.decode()
    assert not Job.objects.exists()


def test_a_job_is_named_after_what_will_change_and_says_beside_it_what_is_skipped(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    numbers = PhoneNumberFactory.create_batch(2, account=acme)
    safe = PhoneNumberFactory.create(account=acme, protected=True)
    preview = post(owner_client, action="release", ids=[each.pk for each in (*numbers, safe)])
    post(owner_client, **hidden(preview), step="confirm")

    job = Job.objects.get()
    job_items.work(job.pk)
    CarrierTask.objects.all().delete()
    Job.objects.update(state=JobState.DONE, finished_at=NOON)
    again = job_items.retry_failed(job.pk, actor=SYSTEM, at=NOON)

    assert "Release 2 numbers?" in preview.content.decode()
    assert job.title == "Release 2 numbers, 1 skipped"
    assert again.title == "Release 1 number"


def test_a_spare_that_is_in_use_when_its_turn_comes_is_not_released(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    spare, assigned = PhoneNumberFactory.create_batch(2, account=acme)
    preview = post(owner_client, action="release", ids=[spare.pk, assigned.pk])
    post(owner_client, **hidden(preview), step="confirm")
    PhoneNumber.objects.filter(pk=assigned.pk).update(agent=AgentFactory.create(account=acme))

    job = Job.objects.get()
    job_items.work(job.pk)
    CarrierTask.objects.all().delete()
    Job.objects.update(state=JobState.DONE, finished_at=NOON)
    owner_client.post(f"/a/acme/jobs/{job.pk}/retry/")
    job_items.work(Job.objects.latest("pk").pk)

    assert job.items.get(subject_id=assigned.pk).code == "in_use"
    states = dict(PhoneNumber.objects.values_list("pk", "state"))
    assert states == {spare.pk: NumberState.RELEASING, assigned.pk: NumberState.HELD}


def test_a_filter_that_cannot_be_read_selects_nothing(acme: Account, owner_client: Client) -> None:
    PhoneNumberFactory.create(account=acme)

    response = post(owner_client, action="release", everything="1", query="agent=x")

    assert response.status_code == 302
    assert not Job.objects.exists()


def test_ticks_of_other_pages_arrive_in_one_field(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    numbers = PhoneNumberFactory.create_batch(3, account=acme)
    first, *others = (str(number.pk) for number in numbers)

    response = post(owner_client, action="exclude", ids=[first, ",".join(others)])

    assert response.context["preview"].will_change == 3


def test_nothing_ticked_is_said_on_the_list(acme: Account, owner_client: Client) -> None:
    PhoneNumberFactory.create(account=acme)

    response = owner_client.post(BULK, {"action": "release"}, follow=True)

    assert response.redirect_chain[0][0] == "/a/acme/numbers/"
    assert "Select at least one number." in response.content.decode()


@pytest.mark.parametrize(
    "place", ["licenses/decide/?after=abc", "numbers/?tab=unassigned&before=x"]
)
def test_cancel_leads_back_to_where_the_numbers_were_ticked(
    acme: Account, owner_client: Client, noon: Any, place: str
) -> None:
    number = PhoneNumberFactory.create(account=acme)
    address = f"{BULK}?{urlencode({'next': f'/a/acme/{place}'})}"

    for action in ("release", "tag"):  # one asks before its dry run
        page = owner_client.post(address, {"action": action, "ids": number.pk})
        text = page.content.decode()
        assert text.count(f'href="/a/acme/{escape(place)}"') == 2
        name = "Back" if "decide" in place else "Numbers"
        assert f">{name}</a></div>" in text
    for refused in (owner_client.post(address, {"action": "release"}), owner_client.get(address)):
        assert refused["Location"] == f"/a/acme/{place}"
    elsewhere = owner_client.get(f"{BULK}?next=/a/other/numbers/")
    assert elsewhere["Location"] == "/a/acme/numbers/"


@pytest.mark.parametrize("place", ["licenses/decide/", "numbers/?tab=released"])
def test_a_list_says_where_its_ticks_are(owner_client: Client, acme: Account, place: str) -> None:
    PhoneNumberFactory.create(account=acme, released=True)
    PhoneNumberFactory.create(account=acme)
    acme.subscription.licenses = 0
    acme.subscription.save()

    text = owner_client.get(f"/a/acme/{place}").content.decode()

    assert f'action="{BULK}?next={quote(f"/a/acme/{place}", safe="")}"' in text


def test_an_unknown_action_is_refused(acme: Account, owner_client: Client) -> None:
    number = PhoneNumberFactory.create(account=acme)

    response = owner_client.post(BULK, {"action": "delete", "ids": number.pk}, follow=True)

    assert "delete is not one of the available choices" in response.content.decode()


def test_assigning_asks_for_a_live_agent_first(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    numbers = PhoneNumberFactory.create_batch(2, account=acme)
    live = AgentFactory.create(account=acme)
    draft = AgentFactory.create(account=acme, draft=True)

    asked = post(owner_client, action="assign", ids=[number.pk for number in numbers])
    refused = post(owner_client, **hidden(asked), step="preview", agent=draft.pk)
    preview = post(owner_client, **hidden(asked), step="preview", agent=live.pk)
    post(owner_client, **hidden(preview), step="confirm", agent=live.pk)
    job_items.work(Job.objects.get().pk)

    assert "preview" not in asked.context
    assert refused.status_code == 422
    assert "only a live agent can be assigned" in refused.content.decode()
    assert preview.context["preview"].will_change == 2
    assert f'name="agent" value="{live.pk}"' in preview.content.decode()
    assert live.numbers.count() == 2


def test_tagging_asks_which_and_keeps_what_was_typed(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    number = PhoneNumberFactory.create(account=acme)
    number.tags.add(TagFactory.create(account=acme, name="old"))

    asked = post(owner_client, action="tag", ids=[number.pk])
    empty = post(owner_client, **hidden(asked), step="preview", add="", remove="")
    long = post(owner_client, **hidden(asked), step="preview", add="x" * 41, remove="old")
    preview = post(owner_client, **hidden(asked), step="preview", add="New, vip", remove="old")
    fields = {field.name: field.value() for field in preview.context["form"]}
    post(owner_client, **hidden(preview), step="confirm", **fields)
    job_items.work(Job.objects.get().pk)

    assert empty.status_code == 422
    assert "Name at least one tag" in empty.content.decode()
    assert long.status_code == 422
    assert "x" * 41 in long.content.decode()
    assert sorted(tag.name for tag in number.tags.all()) == ["new", "vip"]


def test_protecting_asks_which_way(acme: Account, owner_client: Client, noon: Any) -> None:
    number = PhoneNumberFactory.create(account=acme, protected=True)

    asked = post(owner_client, action="protect", ids=[number.pk])
    preview = post(owner_client, **hidden(asked), step="preview", protected="no")
    post(owner_client, **hidden(preview), step="confirm", protected="no")
    job_items.work(Job.objects.get().pk)

    assert preview.context["preview"].will_change == 1
    number.refresh_from_db()
    assert not number.protected


def test_when_nothing_would_change_there_is_no_button(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    number = PhoneNumberFactory.create(account=acme, protected=True)

    response = post(owner_client, action="release", ids=[number.pk])

    assert response.context["preview"].will_change == 0
    assert ">Release 0<" not in response.content.decode()
    assert "None of them would change</h1>" in response.content.decode()


def test_numbers_of_another_account_are_never_touched(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    foreign = PhoneNumberFactory.create()

    response = post(owner_client, action="exclude", ids=[foreign.pk])

    assert response.context["preview"].will_change == 0
    assert response.context["preview"].will_skip == 0


def test_only_those_who_may_get_in(
    acme: Account, member_client: Client, stranger_client: Client, owner_client: Client
) -> None:
    number = PhoneNumberFactory.create(account=acme)

    assert post(member_client, action="exclude", ids=[number.pk]).status_code == 403
    assert post(stranger_client, action="exclude", ids=[number.pk]).status_code == 404
    assert owner_client.get(BULK)["Location"] == "/a/acme/numbers/"


@pytest.mark.parametrize(("typed", "starts"), [("", False), ("1", False), ("2", True)])
def test_releasing_numbers_in_use_is_confirmed_by_how_many_they_are(
    acme: Account, owner_client: Client, noon: Any, typed: str, starts: bool
) -> None:
    agent = AgentFactory.create(account=acme)
    in_use = PhoneNumberFactory.create(account=acme, agent=agent)
    spare = PhoneNumberFactory.create(account=acme)
    order = {"action": "release", "ids": f"{in_use.pk},{spare.pk}"}

    asked = owner_client.post("/a/acme/numbers/bulk/", {**order, "step": "preview"})
    done = post(owner_client, **hidden(asked), step="confirm", count=typed)

    assert "1 number of them is in use or cannot be bought back." in asked.content.decode()
    assert done.status_code == (302 if starts else 422)
    assert Job.objects.exists() is starts


def test_releasing_spares_takes_a_button(acme: Account, owner_client: Client, noon: Any) -> None:
    spare = PhoneNumberFactory.create(account=acme)
    order = {"action": "release", "ids": str(spare.pk)}

    asked = owner_client.post("/a/acme/numbers/bulk/", {**order, "step": "preview"})
    done = post(owner_client, **hidden(asked), step="confirm")

    assert 'name="count"' not in asked.content.decode()
    assert done.status_code == 302


# --- Words -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "one", "several"),
    [
        ("assign", "Assign 1 number", "Assign 3 numbers"),
        ("services", "Choose services for 1 number", "Choose services for 3 numbers"),
        ("keep", "Keep 1 number as a spare", "Keep 3 numbers as spares"),
        ("unkeep", "Decide again about 1 number", "Decide again about 3 numbers"),
        ("tag", "Change the tags of 1 number", "Change the tags of 3 numbers"),
        ("protect", "Change the protection of 1 number", "Change the protection of 3 numbers"),
        ("mark_gone", "Mark 1 number as gone", "Mark 3 numbers as gone"),
        ("release", "Release 1 number", "Release 3 numbers"),
    ],
)
def test_an_order_reads_as_english(action: str, one: str, several: str) -> None:
    assert bulk.BULK_ACTIONS[action].about_numbers(1) == one
    assert bulk.BULK_ACTIONS[action].about_numbers(3) == several


def test_an_order_reads_as_english_on_its_pages_its_job_and_in_the_activity(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    ids = [number.pk for number in PhoneNumberFactory.create_batch(3, account=acme)]

    asked = post(owner_client, action="services", ids=ids).content.decode()
    of_all = post(owner_client, action="services", everything="1").content.decode()
    preview = post(owner_client, action="keep", ids=ids, step="preview")
    shown = preview.content.decode()
    post(owner_client, **hidden(preview), step="confirm")
    job = Job.objects.get()
    job_items.work(job.pk)
    activity = owner_client.get("/a/acme/activity/").content.decode()
    overview = owner_client.get("/a/acme/overview/").content.decode()

    assert "Choose services for 3 numbers</h1>" in asked
    assert "Choose services for all numbers of the view</h1>" in of_all
    assert "Keep 3 numbers as spares?</h1>" in shown
    assert ">Keep 3 as spares</button>" in shown
    assert job.title == "Keep 3 numbers as spares"
    assert ">Keep 3 numbers as spares.</a>" in activity
    assert "Keep 3 numbers as spares (3 changed)." in overview


# --- Another try -----------------------------------------------------------------------------


def skipped_job(account: Account, action: str, params: dict[str, Any] | None = None) -> Job:
    """A job that has skipped the one number of the account."""
    job = bulk.start(
        account.pk,
        action=action,
        selection=bulk.Selection(ids=[account.numbers.get().pk]),
        params=params or {},
        actor=SYSTEM,
        at=NOON,
        risk_confirmed=False,
    )
    job_items.work(job.pk)
    assert job.items.get().state == "skipped"
    return job


@pytest.mark.parametrize("case", ["protected", "in use", "so already"])
def test_another_try_is_offered_once_it_can_help(
    acme: Account, owner_client: Client, noon: Any, case: str
) -> None:
    agent = AgentFactory.create(account=acme)
    number = PhoneNumberFactory.create(
        account=acme, protected=case == "protected", agent=agent if case == "in use" else None
    )
    if case == "so already":
        job = skipped_job(acme, "protect", {"protected": False})
    else:
        job = skipped_job(acme, "release")
    page = f"/a/acme/jobs/{job.pk}/"

    in_vain = owner_client.get(page).content.decode()
    PhoneNumber.objects.filter(pk=number.pk).update(protected=case == "so already", agent=None)
    helps = owner_client.get(page).content.decode()

    assert ">Retry" not in in_vain
    assert "would be skipped again now" in in_vain
    assert ">Retry" in helps
    assert "would be skipped again now" not in helps


def test_another_try_is_offered_where_one_of_the_rest_can_change(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    protected = PhoneNumberFactory.create(account=acme, protected=True)
    job = skipped_job(acme, "exclude")
    other = PhoneNumberFactory.create(account=acme)
    job.items.create(key=other.e164, subject_type="number", subject_id=other.pk, state="skipped")
    page = f"/a/acme/jobs/{job.pk}/"

    assert ">Retry" in owner_client.get(page).content.decode()
    other.protected = True
    other.save()
    assert ">Retry" not in owner_client.get(page).content.decode()
    job.items.filter(subject_id=protected.pk).update(state="failed")
    assert ">Retry" in owner_client.get(page).content.decode()


def test_another_try_is_not_offered_where_something_else_was_decided_since(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    number = PhoneNumberFactory.create(account=acme, protected=True)
    job = skipped_job(acme, "exclude")
    PhoneNumber.objects.filter(pk=number.pk).update(protected=False)
    page = f"/a/acme/jobs/{job.pk}/"
    assert ">Retry" in owner_client.get(page).content.decode()

    assignment.keep(number.pk, actor=SYSTEM, at=NOON)

    assert ">Retry" not in owner_client.get(page).content.decode()


# --- The way back ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("back", "label"),
    [("/a/acme/licenses/decide/", "Back"), ("/a/acme/numbers/?tab=unassigned", "Numbers")],
)
def test_a_job_leads_back_to_where_it_was_begun(
    back: str, label: str, acme: Account, owner_client: Client, noon: Any
) -> None:
    PhoneNumberFactory.create(account=acme)
    PhoneNumberFactory.create(account=acme, protected=True)
    ids = ",".join(str(each.pk) for each in acme.numbers.all())
    address = f"/a/acme/numbers/bulk/?next={quote(back, safe='')}"
    form = {"action": "exclude", "ids": ids, "step": "preview"}
    seal = dict(owner_client.post(address, form).context["hidden"])["seal"]

    page = owner_client.post(address, {**form, "step": "confirm", "seal": seal})["Location"]
    job = Job.objects.get()
    job_items.work(job.pk)
    shown = owner_client.get(page)
    undo = f"/a/acme/numbers/bulk/undo/{job.pk}/?{urlencode({'next': back})}"
    asked = owner_client.get(undo)
    seal = dict(asked.context["hidden"])["seal"]
    undone = owner_client.post(undo, {"step": "confirm", "seal": seal})
    elsewhere = owner_client.get(f"/a/acme/jobs/{job.pk}/?next=//elsewhere.example.com/")

    assert page == f"/a/acme/jobs/{job.pk}/?{urlencode({'next': back})}"
    html = shown.content.decode()
    assert f'<a class="button" href="{back}">{label}</a>' in html
    assert f'href="{undo}">Undo</a>' in html
    assert all(urlencode({"next": back}) in tab["url"] for tab in shown.context["tabs"])
    assert asked.context["cancel_url"] == page
    assert undone["Location"].endswith(f"/?{urlencode({'next': back})}")
    assert '<a class="button" href="/a/acme/numbers/">Numbers</a>' in elsewhere.content.decode()


def test_another_try_of_a_job_leads_back_as_the_job_does(
    acme: Account, owner_client: Client, noon: Any
) -> None:
    number = PhoneNumberFactory.create(account=acme, protected=True)
    job = skipped_job(acme, "exclude")
    PhoneNumber.objects.filter(pk=number.pk).update(protected=False)
    kept = f"?{urlencode({'next': '/a/acme/licenses/decide/'})}"

    html = owner_client.get(f"/a/acme/jobs/{job.pk}/{kept}").content.decode()
    again = owner_client.post(f"/a/acme/jobs/{job.pk}/retry/{kept}")

    assert f'action="/a/acme/jobs/{job.pk}/retry/{kept}"' in html
    assert again["Location"] == f"/a/acme/jobs/{job.retries.get().pk}/{kept}"
