"""Swapping in the browser: from either side, with a preview (S0-6, S0-10, S0-20, S0-27)."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import time_machine
from django.test import Client
from django.utils.html import escape

from accounts.models import Account
from config.undo import UndoButton, undo_button
from licensing.models import Subscription
from numbers import routes
from numbers.models import CarrierTask, PhoneNumber
from numbers.services.lifecycle import lock_rows
from numbers.states import Fate, NumberState, TaskState
from tests.factories import (
    NOON,
    AgentFactory,
    GracePeriodFactory,
    PhoneNumberFactory,
    TagFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def leaving(acme: Account) -> PhoneNumber:
    number = PhoneNumberFactory.create(
        account=acme, e164="+14155550001", assigned=True, label="Main line", notes="On the sign."
    )
    number.tags.add(TagFactory.create(account=acme, name="sales"))
    return number


@pytest.fixture
def taking(acme: Account) -> PhoneNumber:
    return PhoneNumberFactory.create(account=acme, e164="+12065550147", label="")


def swap(number: PhoneNumber) -> str:
    return f"/a/acme/numbers/{number.pk}/swap/"


def swap_in(number: PhoneNumber) -> str:
    return f"/a/acme/numbers/{number.pk}/swap-in/"


def candidates(response: Any) -> list[PhoneNumber]:
    return [number for number, *_ in response.context["candidates"]]


def test_a_number_that_cannot_text_is_shown_with_that_and_not_chosen(
    acme: Account, taking: PhoneNumber, owner_client: Client
) -> None:
    leaving = PhoneNumberFactory.create(account=acme, enabled=True, label="Desk")
    deaf = PhoneNumberFactory.create(account=acme, sms=False)
    reason = f"{leaving} offers texts, and Twilio says that {deaf} cannot receive them."

    out, into = owner_client.get(swap(leaving)), owner_client.get(swap_in(deaf))
    tried = owner_client.post(swap(leaving), {"taking": deaf.pk, "fate": Fate.KEEP})

    why_not = {
        number: [blocker.message for blocker in reasons]
        for number, _, reasons in out.context["candidates"]
    }
    assert why_not == {taking: [], deaf: [reason]}
    assert out.content.decode().count("disabled aria-describedby") == 1
    ((_, _, (only,)),) = into.context["candidates"]
    assert only.message == reason
    assert tried.status_code == 422
    assert "offers texts, and Twilio says that" in tried.content.decode()


def test_only_held_numbers_without_an_agent_can_take_the_place(
    acme: Account, leaving: PhoneNumber, taking: PhoneNumber, owner_client: Client
) -> None:
    PhoneNumberFactory.create(account=acme, assigned=True)
    PhoneNumberFactory.create(account=acme, excluded=True)
    PhoneNumberFactory.create()  # of another account

    assert candidates(owner_client.get(swap(leaving))) == [taking]


def test_a_large_inventory_is_searched_and_paged(
    acme: Account, leaving: PhoneNumber, taking: PhoneNumber, owner_client: Client
) -> None:
    PhoneNumberFactory.create_batch(25, account=acme)

    first = owner_client.get(swap(leaving))
    second = owner_client.get(swap(leaving), {"after": first.context["after"]})
    found = owner_client.get(swap(leaving), {"q": "(206) 555"})

    assert first.context["range"] == "1 to 20 of 26"
    assert second.context["range"] == "21 to 26 of 26"
    assert candidates(found) == [taking]
    assert "No number matches" in owner_client.get(swap(leaving), {"q": "zzz"}).content.decode()


def test_the_preview_shows_both_numbers_before_and_after(
    leaving: PhoneNumber, taking: PhoneNumber, owner_client: Client
) -> None:
    response = owner_client.get(
        swap(leaving), {"taking": str(taking.pk), "fate": Fate.EXCLUDE.value}
    )
    sides = {
        side["number"]: {each.label: (each.before, each.after) for each in side["changes"]}
        for side in response.context["sides"]
    }

    assert sides[leaving]["Name"] == ("Main line", "")
    assert sides[leaving]["State"] == ("Assigned", "Excluded")
    assert sides[taking]["Name"] == ("", "Main line")
    assert sides[taking]["Agent"] == ("", str(leaving.agent))
    assert sides[taking]["Tags"] == ("", "sales")
    assert sides[taking]["Notes"] == ("", "On the sign.")
    assert "The number of licenses does not change." in response.content.decode()
    taking.refresh_from_db()
    assert taking.agent is None  # a preview changes nothing


@pytest.mark.parametrize(
    ("fate", "state"),
    [
        (Fate.RELEASE, NumberState.RELEASING),
        (Fate.EXCLUDE, NumberState.EXCLUDED),
        (Fate.KEEP, NumberState.HELD),
    ],
)
def test_a_confirmed_swap_moves_everything_and_no_license(
    leaving: PhoneNumber,
    taking: PhoneNumber,
    owner_client: Client,
    noon: Any,
    fate: Fate,
    state: NumberState,
) -> None:
    agent = leaving.agent

    typed = {"last_four": leaving.e164[-4:]}

    response = owner_client.post(swap(leaving), {"taking": taking.pk, "fate": fate, **typed})

    assert response["Location"] == f"/a/acme/numbers/{taking.pk}/"
    leaving.refresh_from_db()
    taking.refresh_from_db()
    assert (leaving.state, leaving.agent, leaving.label) == (state, None, "")
    assert (taking.agent, taking.label, taking.notes) == (agent, "Main line", "On the sign.")
    assert Subscription.objects.get(account=taking.account).licenses == 10


def test_releasing_what_leaves_is_confirmed_like_any_release_of_a_number_in_use(
    leaving: PhoneNumber, taking: PhoneNumber, owner_client: Client
) -> None:
    chosen = {"taking": str(taking.pk), "fate": Fate.RELEASE.value}

    shown = owner_client.get(swap(leaving), chosen)
    refused = owner_client.post(swap(leaving), {**chosen, "last_four": "0000"})

    assert "It has an agent: it is in use. Type the last four digits" in shown.content.decode()
    assert refused.status_code == 422
    assert "These are not the last four digits" in refused.content.decode()
    leaving.refresh_from_db()
    assert leaving.state == NumberState.HELD


def test_what_leaves_is_kept_unless_something_else_is_chosen(
    leaving: PhoneNumber, taking: PhoneNumber, owner_client: Client
) -> None:
    picker = owner_client.get(swap(leaving))
    preview = owner_client.get(swap(leaving), {"taking": str(taking.pk), "fate": Fate.KEEP.value})

    assert picker.context["fate"] == Fate.KEEP.value
    assert "last_four" not in preview.content.decode()


def test_one_may_start_from_the_number_that_takes_the_place(
    acme: Account, leaving: PhoneNumber, taking: PhoneNumber, owner_client: Client
) -> None:
    PhoneNumberFactory.create(account=acme, assigned=True, protected=True)

    picker = owner_client.get(swap_in(taking))
    chosen = owner_client.get(swap_in(taking), {"leaving": leaving.pk})

    assert candidates(picker) == [leaving]
    assert chosen["Location"] == f"{swap(leaving)}?taking={taking.pk}&fate=keep"


def test_a_choice_that_is_missing_is_asked_for_again(
    leaving: PhoneNumber, taking: PhoneNumber, owner_client: Client
) -> None:
    response = owner_client.get(swap(leaving), {"preview": "1", "fate": Fate.KEEP})

    assert response.status_code == 422
    assert "Choose the number that takes its place." in response.content.decode()
    assert response.context["fate"] == Fate.KEEP  # what was chosen is kept


def test_what_gets_an_agent_while_a_swap_is_decided_is_not_released(
    acme: Account, owner_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaving, taking = PhoneNumberFactory.create_batch(2, account=acme)
    agent = AgentFactory.create(account=acme)

    def assigned_meanwhile(ids: list[int]) -> Any:
        PhoneNumber.objects.filter(pk=leaving.pk).update(agent=agent)
        return lock_rows(ids)

    monkeypatch.setattr("numbers.services.swaps.lock_rows", assigned_meanwhile)
    refused = owner_client.post(swap(leaving), {"taking": taking.pk, "fate": "release"})

    assert refused.status_code == 422
    assert "It is in use by now" in refused.content.decode()
    leaving.refresh_from_db()
    assert leaving.state == NumberState.HELD


def test_a_swap_that_became_impossible_is_refused_with_the_reason(
    acme: Account, leaving: PhoneNumber, taking: PhoneNumber, owner_client: Client, noon: Any
) -> None:
    PhoneNumber.objects.filter(pk=taking.pk).update(agent=leaving.agent)

    response = owner_client.post(swap(leaving), {"taking": taking.pk, "fate": Fate.KEEP})

    assert response.status_code == 422
    assert "Choose an unassigned one" in response.content.decode()
    leaving.refresh_from_db()
    assert leaving.label == "Main line"


def test_a_protected_number_is_not_swapped_out(
    leaving: PhoneNumber, taking: PhoneNumber, owner_client: Client
) -> None:
    PhoneNumber.objects.filter(pk=leaving.pk).update(protected=True)

    assert "This number is protected." in owner_client.get(swap(leaving)).content.decode()


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_number_of_another_account_cannot_take_the_place(
    leaving: PhoneNumber, owner_client: Client, noon: Any, method: str
) -> None:
    foreign = PhoneNumberFactory.create()

    response = getattr(owner_client, method)(
        swap(leaving), {"taking": foreign.pk, "fate": Fate.KEEP}
    )

    assert response.status_code == 404
    assert owner_client.get(swap_in(foreign)).status_code == 404


def test_a_number_does_not_take_its_own_place(
    taking: PhoneNumber, owner_client: Client, noon: Any
) -> None:
    order = {"taking": taking.pk, "fate": Fate.KEEP}

    response = owner_client.post(swap(taking), order)

    assert response.status_code == 422
    assert "Choose another number; this is the one that leaves." in response.content.decode()


def test_only_those_who_may_get_in(
    leaving: PhoneNumber,
    taking: PhoneNumber,
    member_client: Client,
    stranger_client: Client,
) -> None:
    order = {"taking": taking.pk, "fate": Fate.KEEP}

    for address in (swap(leaving), swap_in(taking)):
        assert member_client.get(address).status_code == 403
        assert stranger_client.get(address).status_code == 404
    assert member_client.post(swap(leaving), order).status_code == 403
    assert stranger_client.post(swap(leaving), order).status_code == 404


def test_a_search_for_what_no_database_takes_is_refused(
    leaving: PhoneNumber, owner_client: Client
) -> None:
    assert owner_client.get(swap(leaving), {"q": "206\0"}).status_code == 400


def test_searching_and_paging_keep_what_is_chosen(
    acme: Account, leaving: PhoneNumber, taking: PhoneNumber, owner_client: Client
) -> None:
    PhoneNumberFactory.create_batch(25, account=acme)
    chosen = {"taking": str(taking.pk), "fate": "exclude", "find": "1"}

    nothing = owner_client.get(swap(leaving), chosen | {"q": "99999999"})
    other = owner_client.get(swap(leaving), chosen | {"q": "7072"})
    paged = owner_client.get(
        swap(leaving),
        {"taking": str(taking.pk), "fate": "exclude", "after": other.context["after"]},
    )
    found = owner_client.get(
        swap_in(taking), {"leaving": str(leaving.pk), "find": "1", "q": "7072"}
    )

    for page in (nothing, other, paged):
        text = page.content.decode()
        assert page.status_code == 200
        assert f'value="{taking.pk}" required checked' in text
        assert 'value="exclude" checked' in text
    assert "No number matches." in nothing.content.decode()
    assert f'value="{leaving.pk}" required checked' in found.content.decode()


def test_a_search_that_finds_nothing_keeps_what_becomes_of_the_number(
    leaving: PhoneNumber, taking: PhoneNumber, owner_client: Client
) -> None:
    page = owner_client.get(swap(leaving), {"fate": "exclude", "find": "1", "q": "99999999"})

    assert '<input type="hidden" name="fate" value="exclude">' in page.content.decode()


def test_where_there_is_nothing_to_choose_from_nothing_is_searched(
    leaving: PhoneNumber, owner_client: Client
) -> None:
    assert "No number is free" in owner_client.get(swap(leaving)).content.decode()
    assert 'type="search"' not in owner_client.get(swap(leaving)).content.decode()


def state_of(number: PhoneNumber) -> tuple[Any, ...]:
    fresh = PhoneNumber.objects.get(pk=number.pk)
    tags = sorted(tag.name for tag in fresh.tags.all())
    return fresh.label, fresh.notes, fresh.agent_id, tags, fresh.keep_decided_at


# B20
def test_a_swap_that_keeps_both_is_undone_by_a_button(
    leaving: PhoneNumber, taking: PhoneNumber, owner_client: Client
) -> None:
    before = state_of(leaving), state_of(taking)

    done = owner_client.post(swap(leaving), {"taking": taking.pk, "fate": "keep"}, follow=True)
    (message,) = done.context["messages"]
    button = undo_button(message)
    assert button is not None
    between = state_of(taking)
    undone = owner_client.post(button.url, button.fields, follow=True)

    assert between[0] == "Main line"
    assert undone.status_code == 200
    assert (state_of(leaving), state_of(taking)) == before


def test_a_swap_is_not_undone_once_somebody_has_gone_on(
    acme: Account, leaving: PhoneNumber, taking: PhoneNumber, owner_client: Client
) -> None:
    done = owner_client.post(swap(leaving), {"taking": taking.pk, "fate": "keep"}, follow=True)
    (message,) = done.context["messages"]
    button = undo_button(message)
    assert button is not None
    PhoneNumber.objects.filter(pk=taking.pk).update(agent=AgentFactory.create(account=acme))

    refused = owner_client.post(button.url, button.fields, follow=True)

    assert "was changed since, so nothing was undone" in refused.content.decode()
    assert state_of(taking)[0] == "Main line"


@pytest.mark.parametrize(
    "since",
    [
        {"label": "Mine"},
        {"notes": "Important."},
        {"texts": True},
        {"keep_decided_at": None},
        {"kept_until": date(2026, 4, 1)},
    ],
)
@pytest.mark.parametrize("which", ["left", "took"])
def test_the_undo_of_a_swap_writes_over_nothing_that_was_typed_since(
    which: str, since: dict[str, Any], leaving: PhoneNumber, taking: PhoneNumber,
    owner_client: Client,
) -> None:  # fmt: skip
    PhoneNumber.objects.filter(pk=leaving.pk).update(agent=None)  # what takes over can be kept
    order = {"taking": taking.pk, "fate": "keep"}
    button = button_of(owner_client.post(swap(leaving), order, follow=True))
    changed = leaving if which == "left" else taking
    if which == "took" and "kept_until" in since:
        since = {"keep_decided_at": NOON, **since}
    elif which == "took" and "keep_decided_at" in since:
        since = {"keep_decided_at": NOON}
    PhoneNumber.objects.filter(pk=changed.pk).update(**since)
    before = all_of(leaving), all_of(taking)

    refused = owner_client.post(button.url, button.fields, follow=True)

    (message,) = refused.context["messages"]
    assert str(message).startswith(f"{changed} was changed since, so nothing was undone.")
    assert (all_of(leaving), all_of(taking)) == before


def test_who_says_to_undo_a_swap_that_was_none_changes_nothing(
    acme: Account, taking: PhoneNumber, owner_client: Client
) -> None:
    spare = PhoneNumberFactory.create(
        account=acme, keep_decided_at=NOON, kept_until=date(2026, 4, 1)
    )
    before = all_of(spare)

    order = {"taking": taking.pk, "fate": "keep", "undoes": "on"}
    refused = owner_client.post(swap(spare), order, follow=True)

    assert "were changed since, so nothing was undone." in refused.content.decode()
    assert all_of(spare) == before


def test_a_spare_that_is_swapped_out_is_kept_for_good_and_the_preview_says_so(
    acme: Account, taking: PhoneNumber, owner_client: Client
) -> None:
    spare = PhoneNumberFactory.create(
        account=acme, keep_decided_at=NOON, kept_until=date(2026, 4, 1)
    )
    order = {"taking": str(taking.pk), "fate": "keep"}

    asked = owner_client.get(swap(spare), order).context["plan"]
    owner_client.post(swap(spare), order)

    spare.refresh_from_db()
    assert ("Kept until", "Wed,\u00a0Apr\u00a01,\u00a02026", "") in [
        (each.label, each.before, each.after) for each in asked.changes
    ]
    assert spare.keep_decided_at is not None
    assert spare.keep_decided_at != NOON
    assert spare.kept_until is None


@pytest.mark.parametrize("told_before", [True, False])
def test_a_swap_of_an_enabled_number_is_undone_by_a_button(
    told_before: bool, acme: Account, noon: Any, owner_client: Client
) -> None:
    """Twilio is told nothing of a number whose texts come here already; else the preview says."""
    leaving, taking = (
        PhoneNumberFactory.create(
            account=acme, enabled=True, notes="On the sign.", in_service_at=NOON
        )
        for _ in range(2)
    )
    spare = {"label": "", "notes": "", "agent": None, "texts": False, "enabled_at": None}
    PhoneNumber.objects.filter(pk=taking.pk).update(**spare, in_service_at=None)
    for number in (leaving, *[taking] * told_before):
        PhoneNumber.objects.filter(pk=number.pk).update(
            twilio=routes.ours(number), before_service={"sms_url": "https://before.example.com"}
        )
    order = {"taking": str(taking.pk), "fate": "keep"}
    before = [*map(all_of, (leaving, taking))]

    asked = owner_client.get(swap(leaving), order).context["plan"].undo
    between = all_of(leaving)
    button = button_of(owner_client.post(swap(leaving), order, follow=True))
    waiting = CarrierTask.objects.get(number=taking).state
    owner_client.post(button.url, button.fields)

    still = f"After that the texts of {taking} still come here, and are kept and not answered;"
    assert (still in asked) is not told_before
    assert "Undo it right afterwards, or swap again at any time." in asked
    assert between == before[0]  # a preview changes nothing
    assert waiting == TaskState.PENDING
    for number, had in zip((leaving, taking), before, strict=True):
        has = all_of(number)
        assert {name: has[name] for name in has if has[name] != had[name]} == {}
    assert CarrierTask.objects.get(number=taking).state == TaskState.DROPPED
    assert PhoneNumber.objects.get(pk=leaving.pk).is_enabled


def all_of(number: PhoneNumber) -> dict[str, Any]:
    """Everything of a number but since when, and that Twilio has yet to say so again."""
    row: dict[str, Any] = {**PhoneNumber.objects.filter(pk=number.pk).values().get()}
    row["enabled"] = row.pop("enabled_at") is not None
    for name in ("in_service_at", "search_name") + ("before_service",) * (not row["twilio"]):
        row.pop(name)
    if "before_service" in row:
        row["before_service"] = routes.whole(row["before_service"])
    return row | {"tags": sorted(tag.name for tag in number.tags.all())}


def button_of(response: Any) -> UndoButton:
    (message,) = response.context["messages"]
    button = undo_button(message)
    assert button is not None
    return button


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"label": "Its own name"}, "the name of (206) 555-0147,"),
        ({"notes": "Its own.", "texts": True}, "the notes, setting of texts of (206) 555-0147,"),
        ({"tags": True}, "the tags of (206) 555-0147,"),
        ({"keep_decided_at": NOON}, "the decision to keep (206) 555-0147 as a spare,"),
        ({"leaves_kept": True}, "the decision to keep (415) 555-0001 as a spare,"),
    ],
)
def test_a_swap_that_another_swap_does_not_undo_has_no_button_and_says_so_before(
    own: dict[str, Any], said: str, acme: Account, leaving: PhoneNumber, taking: PhoneNumber,
    owner_client: Client,
) -> None:  # fmt: skip
    if own.pop("tags", False):
        taking.tags.add(TagFactory.create(account=acme, name="vip"))
    if own.pop("leaves_kept", False):
        PhoneNumber.objects.filter(pk=leaving.pk).update(agent=None, keep_decided_at=NOON)
    if own:
        PhoneNumber.objects.filter(pk=taking.pk).update(**own)
    order = {"taking": str(taking.pk), "fate": "keep"}

    asked = owner_client.get(swap(leaving), order).context["plan"].undo
    done = owner_client.post(swap(leaving), order, follow=True)

    assert f"That does not bring back {said} so there is no Undo." in asked
    assert ">Undo<" not in done.content.decode()


def test_a_swap_that_does_not_keep_the_number_has_no_button(
    leaving: PhoneNumber, taking: PhoneNumber, owner_client: Client
) -> None:
    done = owner_client.post(swap(leaving), {"taking": taking.pk, "fate": "exclude"}, follow=True)

    assert ">Undo<" not in done.content.decode()


def test_the_preview_says_that_undo_has_twilio_send_the_texts_here_again(
    acme: Account, taking: PhoneNumber, owner_client: Client
) -> None:
    leaving = PhoneNumberFactory.create(account=acme, enabled=True)  # and goes elsewhere

    asked = owner_client.get(swap(leaving), {"taking": str(taking.pk), "fate": "keep"})

    assert "by Undo Twilio is told to send them here again." in asked.content.decode()


def test_a_swap_whose_way_back_is_shut_offers_none(
    leaving: PhoneNumber, taking: PhoneNumber, owner_client: Client
) -> None:
    PhoneNumber.objects.filter(pk=taking.pk).update(protected=True)
    order = {"taking": str(taking.pk), "fate": "keep"}

    asked = owner_client.get(swap(leaving), order)
    done = owner_client.post(swap(leaving), order, follow=True)

    assert "No Undo as things are. This number is protected." in asked.content.decode()
    assert "has taken the place of" in done.content.decode()
    assert ">Undo<" not in done.content.decode()


# B4
@pytest.mark.parametrize(
    ("fate", "licenses", "back"),
    [
        (
            "keep",
            "Afterwards 12 held with 10 licenses: 2 still over.",
            "or swap again at any time.",
        ),
        (
            "exclude",
            "Afterwards 11 held with 10 licenses: 1 still over.",
            "the end of the grace period, it needs no free license for that.",
        ),
        (
            "release",
            "Afterwards 11 held with 10 licenses: 1 still over.",
            "it is bought again, and where Twilio refuses you get the steps for the Twilio Console."
            " Until ",
        ),
    ],
)
def test_the_preview_says_what_a_swap_does_to_the_licenses_and_how_it_is_undone(
    fate: str, licenses: str, back: str, noon: time_machine.Traveller, acme: Account,
    leaving: PhoneNumber, taking: PhoneNumber, owner_client: Client,
) -> None:  # fmt: skip
    PhoneNumberFactory.create_batch(10, account=acme)
    GracePeriodFactory.create(account=acme, held_at_open=12)

    html = owner_client.get(
        swap(leaving), {"taking": str(taking.pk), "fate": fate, "preview": "1"}
    ).content.decode()

    assert licenses in html
    assert back in html


def test_the_preview_of_a_swap_promises_no_way_back_for_a_hosted_number(
    leaving: PhoneNumber, taking: PhoneNumber, owner_client: Client
) -> None:
    PhoneNumber.objects.filter(pk=leaving.pk).update(twilio={"origin": "hosted"})

    html = owner_client.get(
        swap(leaving), {"taking": str(taking.pk), "fate": "release", "preview": "1"}
    ).content.decode()

    assert "cannot be bought back: it is hosted" in html
    assert "swap again" not in html


# --- The way back ----------------------------------------------------------------------------

BACKS = ("/a/acme/licenses/decide/", "/a/acme/numbers/?tab=unassigned&after=x")


@pytest.mark.parametrize("back", BACKS)
@pytest.mark.parametrize("begun", [swap, swap_in])
def test_a_swap_that_was_begun_on_a_row_leads_back_to_it(
    begun: Any, back: str, leaving: PhoneNumber, taking: PhoneNumber, owner_client: Client
) -> None:
    row, other = (leaving, taking) if begun is swap else (taking, leaving)
    then = f"{back}#number-{other.pk}"

    picker = owner_client.get(begun(row), {"next": then})
    choice = {"taking" if begun is swap else "leaving": str(other.pk)}
    preview = owner_client.get(begun(row), {**choice, "fate": "keep", "next": then}, follow=True)
    done = owner_client.post(preview.context["swap_url"], {"taking": taking.pk, "fate": "keep"})
    button = button_of(owner_client.get(f"/a/acme/numbers/{taking.pk}/"))
    undone = owner_client.post(button.url, button.fields)

    assert picker.context["cancel_url"] == f"{back}#number-{row.pk}"
    assert f'name="next" value="{escape(then)}"' in picker.content.decode()
    assert preview.context["cancel_url"] == f"{back}#number-{leaving.pk}"
    for url in (preview.context["other_url"], *[url for _, url in preview.context["fates"]]):
        assert parse_qs(urlsplit(url).query)["next"] == [then]
    assert done["Location"] == undone["Location"] == then


def test_the_way_back_from_a_swap_stays_inside_the_account(
    leaving: PhoneNumber, taking: PhoneNumber, owner_client: Client
) -> None:
    order = {"taking": taking.pk, "fate": "keep"}

    done = owner_client.post(f"{swap(leaving)}?next=https://elsewhere.example.com/", order)

    assert done["Location"] == f"/a/acme/numbers/{taking.pk}/"


@pytest.mark.parametrize(
    "next",
    [
        "/a/acme/../../admin/",
        "/a/acme/%2e%2e/%2E%2E/admin/logout/",
        "/a/acme/.%2e/globex/",
        "/a/acme/%252e%252e/globex/",
        "/a/acme/%25252525252e%25252525252e/globex/",
        "/a/acme/..;x/..;/admin/",
        "/a/acme/..?q=1",
        "/a/acme/x/%2e%2e%2f%2e%2e/admin/",
        "/a/acme/\\..\\..\\admin",
        "/a/acme/%5c..%5cadmin",
        "/a/acme/.\t./.\n./admin/",
        "/a/acme/%0d%0aX: y",
        "/a/acme/\u2028/",
    ],
)
def test_no_way_back_climbs_out_of_the_account_however_it_is_written(
    next: str, taking: PhoneNumber, owner_client: Client
) -> None:
    done = owner_client.post(f"/a/acme/numbers/{taking.pk}/keep/?{urlencode({'next': next})}")

    assert done["Location"] == f"/a/acme/numbers/{taking.pk}/"


@pytest.mark.parametrize(
    "next",
    ["/a/acme/numbers/?q=a..b&next=%2Fa%2Facme%2F%5C#number-7", "/a/acme/numbers/?q=%C3%A9+%25"],
)
def test_what_is_searched_for_is_no_way_out(
    next: str, taking: PhoneNumber, owner_client: Client
) -> None:
    done = owner_client.post(f"/a/acme/numbers/{taking.pk}/keep/?{urlencode({'next': next})}")

    assert done["Location"] == next


def test_rows_to_decide_about_begin_a_swap_that_leads_back(
    leaving: PhoneNumber, taking: PhoneNumber, owner_client: Client
) -> None:
    html = owner_client.get("/a/acme/numbers/", {"tab": "unassigned"}).content.decode()

    assert f'href="{swap_in(taking)}?next=%2Fa%2Facme%2Fnumbers%2F%3Ftab%3Dunassigned' in html


def test_where_no_number_has_a_place_there_are_a_way_on_and_a_way_back(
    taking: PhoneNumber, owner_client: Client
) -> None:
    back = "/a/acme/numbers/?tab=unassigned"
    query = urlencode({"next": back})

    html = owner_client.get(f"{swap_in(taking)}?{query}").content.decode()

    assert f'href="/a/acme/numbers/{taking.pk}/assign/?{query}">Assign it</a>' in html
    assert f'href="{back}">Cancel</a>' in html


def test_a_picker_that_is_blocked_or_empty_has_a_way_back(
    leaving: PhoneNumber, owner_client: Client
) -> None:
    back = "/a/acme/numbers/?q=415"
    query = urlencode({"next": back})

    empty = owner_client.get(f"{swap(leaving)}?{query}").content.decode()
    blocked = owner_client.get(f"{swap_in(leaving)}?{query}").content.decode()

    assert f'href="{back}">Cancel</a>' in empty
    assert f'href="{back}">Back</a>' in blocked
