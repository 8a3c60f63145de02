"""Bulk actions in the browser: a dry run first, then a job (B2)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import Account, Job
from numbers.models import PhoneNumber
from numbers.services import bulk as bulk_service
from numbers.states import NumberState
from tests.factories import AgentFactory, PhoneNumberFactory, TagFactory

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
    bulk_service.work(job.pk)
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

    response = owner_client.post(BULK, {"action": "release", "query": "tab=all"}, follow=True)

    assert response.redirect_chain[0][0] == "/a/acme/numbers/?tab=all"
    assert "Select at least one number." in response.content.decode()


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
    bulk_service.work(Job.objects.get().pk)

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
    bulk_service.work(Job.objects.get().pk)

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
    bulk_service.work(Job.objects.get().pk)

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
