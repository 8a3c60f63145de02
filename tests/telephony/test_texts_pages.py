"""The list of calls and texts, its CSV, the card on a number's page, and REST."""

from __future__ import annotations

import csv
from datetime import timedelta
from io import StringIO
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account, Event
from accounts.states import Role
from numbers.models import PhoneNumber
from telephony.models import Message
from telephony.states import AddressKind, Keyword, NotAnswered
from tests.api.conftest import Program, program_of
from tests.cursors import NO_CURSORS
from tests.factories import (
    NOON,
    ContactAddressFactory,
    ConversationFactory,
    MembershipFactory,
    MessageFactory,
    PhoneNumberFactory,
)

from .twilio import deliver, sid

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

TEXTS = "/a/acme/texts/"
#: Session, user, membership with account; other accounts and unread notices; the grace banner.
FRAME = 6


def shown(client: Client, **query: str) -> list[str]:
    """The bodies on the page, in its order."""
    response = client.get(TEXTS, query)
    assert response.status_code == 200, response.context["form"].errors
    return [row.message.body for row in response.context["rows"]]


def a_text(acme: Account, body: str = "Hello", **fields: Any) -> Message:
    return MessageFactory.create(account=acme, body=body, **fields)


def from_address(acme: Account, kind: AddressKind, canonical: str, body: str) -> Message:
    address = ContactAddressFactory.create(
        account=acme, kind=kind, address=canonical, canonical=canonical
    )
    thread = ConversationFactory.create(account=acme, address=address)
    return a_text(acme, body, conversation=thread)


@pytest.fixture(params=[Role.VIEWER, Role.MEMBER])
def looker(acme: Account, request: Any, sign_in: Any) -> Client:
    client: Client = sign_in(MembershipFactory.create(account=acme, role=request.param).user)
    return client


# --- The page --------------------------------------------------------------------------------


def test_whoever_may_look_sees_texts_newest_first(acme: Account, looker: Client) -> None:  # S4-22
    a_text(acme, "First")
    a_text(acme, "Second")
    MessageFactory.create(body="Of a stranger")

    assert shown(looker) == ["Second", "First"]


def test_a_text_from_twilio_is_on_the_list_and_on_the_page_of_its_number(  # S4-19
    number: PhoneNumber, client: Client, member_client: Client
) -> None:
    deliver(client, number, Body="Do you <b>deliver</b>?", NumMedia="1", MediaUrl0="https://x/",
            MediaContentType0="image/png")  # fmt: skip

    for page in (TEXTS, f"/a/acme/numbers/{number.pk}/"):
        html = member_client.get(page).text
        assert "Do you &lt;b&gt;deliver&lt;/b&gt;?" in html
        assert "(206) 555-0199" in html
        assert "1 picture" in html


def test_what_was_not_answered_says_why_and_a_keyword_what_it_means(
    acme: Account, member_client: Client
) -> None:
    a_text(acme, "Anybody?", not_answered=NotAnswered.DISABLED)
    a_text(acme, "STOP", keyword=Keyword.STOP)

    html = member_client.get(TEXTS).text

    assert "Not answered: disabled" in html
    assert "The number was disabled when the text came." in html
    assert "They want no more texts of this sender." in html


def test_whoever_is_at_the_other_end_has_a_name(acme: Account, member_client: Client) -> None:
    from_address(acme, AddressKind.SHORT_CODE, "72345", "code")
    from_address(acme, AddressKind.ANONYMOUS, "", "nobody")

    html = member_client.get(TEXTS).text

    assert "72345" in html
    assert "Short code" in html
    assert "Withheld" in html
    assert shown(member_client, sender="Withheld") == ["nobody"]


@pytest.mark.parametrize(
    "text", ["+12065550199", "(206) 555-0199", "555-0199", "0199", "tel:+1-206-555-0199"]
)
def test_a_sender_is_found_by_any_form_of_its_number(
    acme: Account, member_client: Client, text: str
) -> None:
    from_address(acme, AddressKind.PHONE, "+12065550199", "this one")
    from_address(acme, AddressKind.PHONE, "+13105550188", "another")

    assert shown(member_client, sender=text) == shown(member_client, q=text) == ["this one"]


def test_names_of_senders_are_found_without_case_and_accents(
    acme: Account, member_client: Client
) -> None:
    from_address(acme, AddressKind.ALPHANUMERIC, "acme bank", "this one")
    a_text(acme, "another")

    assert shown(member_client, sender="BÄNK") == ["this one"]
    assert shown(member_client, sender="%") == []


def test_words_are_found_without_case_and_accents_in_any_order(
    acme: Account, member_client: Client
) -> None:
    a_text(acme, "Öffnet ihr am Sonntag?")
    a_text(acme, "Am Montag")

    assert shown(member_client, q="SONNTAG offnet") == ["Öffnet ihr am Sonntag?"]
    assert shown(member_client, q="Dienstag") == []


def test_our_number_is_found_by_its_digits_or_its_name(
    acme: Account, member_client: Client
) -> None:
    ours = PhoneNumberFactory.create(account=acme, e164="+17075550111", label="Front desk")
    a_text(acme, "this one", conversation=ConversationFactory.create(account=acme, number=ours))
    a_text(acme, "another")

    for text in ("+17075550111", "(707) 555-0111", "front"):
        assert shown(member_client, number=text) == ["this one"]
    assert shown(member_client, q="707 555 0111") == ["this one"]
    assert shown(member_client, number="+14155550000") == []
    assert shown(member_client, number="+1707") == ["another", "this one"]


def test_what_was_not_answered_is_found_by_its_reason(acme: Account, member_client: Client) -> None:
    a_text(acme, "answered")
    a_text(acme, "disabled", not_answered=NotAnswered.DISABLED)
    a_text(acme, "missing", not_answered=NotAnswered.MISSING)

    assert shown(member_client, not_answered="any") == ["missing", "disabled"]
    assert shown(member_client, not_answered="disabled") == ["disabled"]


def test_days_are_those_of_the_accounts_zone(acme: Account, member_client: Client) -> None:
    acme.time_zone = "America/Los_Angeles"  # where NOON is 4 in the morning
    acme.save()
    for hours in range(-72, 73, 12):
        moment = NOON + timedelta(hours=hours)
        a_text(acme, f"{hours}", occurred_at=moment, received_at=moment)

    assert shown(member_client, since="2026-03-02") == ["72", "60", "48", "36", "24"]
    assert shown(member_client, until="2026-02-27") == ["-36", "-48", "-60", "-72"]
    assert shown(member_client, since="2026-03-01", until="2026-03-01") == ["12", "0"]


def test_filters_are_chips_that_can_be_taken_away(acme: Account, member_client: Client) -> None:
    a_text(acme, "Hello", not_answered=NotAnswered.DISABLED)
    query = {"q": "hello", "not_answered": "disabled", "after": ""}

    chips = member_client.get(TEXTS, query).context["chips"]

    assert [(chip["label"], chip["url"]) for chip in chips] == [
        ("Search: hello", f"{TEXTS}?not_answered=disabled"),
        ("Not answered: disabled", f"{TEXTS}?q=hello"),
    ]


def test_a_filter_that_cannot_be_read_shows_nothing_and_says_so(
    acme: Account, member_client: Client
) -> None:
    a_text(acme)
    wrong = {"not_answered": "because", "since": "yesterday", "q": "x" * 201}
    for name, value in wrong.items():
        response = member_client.get(TEXTS, {name: value})

        assert response.status_code == 422
        assert response.context["rows"] == []
        assert name in response.context["form"].errors
        assert member_client.get(f"{TEXTS}export/", {name: value}).status_code == 302


@pytest.mark.parametrize("cursor", NO_CURSORS)
def test_what_is_no_page_is_refused(acme: Account, member_client: Client, cursor: str) -> None:
    assert member_client.get(TEXTS, {"before": cursor}).status_code == 400


def test_nothing_yet_and_nothing_found_say_the_next_act(
    acme: Account, member_client: Client
) -> None:
    assert "Choose a number" in member_client.get(TEXTS).text
    assert "Show everything" in member_client.get(TEXTS, {"q": "word"}).text


def test_a_page_and_its_csv_read_the_database_a_fixed_number_of_times(
    acme: Account, number: PhoneNumber, member_client: Client
) -> None:
    def reads(path: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            response = member_client.get(path)
            if response.streaming:
                b"".join(response)
        return len(queries)

    thread = ConversationFactory.create(account=acme, number=number)
    paths = [
        TEXTS,
        f"{TEXTS}?q=open&sender=206",
        f"{TEXTS}export/",
        f"/a/acme/numbers/{number.pk}/",
    ]
    MessageFactory.create(account=acme, conversation=thread)
    MessageFactory.create(account=acme)
    few = [reads(path) for path in paths]
    MessageFactory.create_batch(30, account=acme)
    MessageFactory.create_batch(30, account=acme, conversation=thread)

    assert [reads(path) for path in paths] == few
    assert few[0] == FRAME + 2  # the texts with whom they are from, and their attachments


def test_pages_hold_fifty_and_lead_on(acme: Account, member_client: Client) -> None:
    thread = ConversationFactory.create(account=acme)
    for count in range(51):
        a_text(acme, f"{count}", conversation=thread)

    first = member_client.get(f"{TEXTS}?number={thread.number_e164[1:]}")
    older = member_client.get(TEXTS + first.context["page"].older)

    assert len(first.context["rows"]) == 50
    assert [row.message.body for row in older.context["rows"]] == ["0"]
    assert [chip["label"] for chip in older.context["chips"]] != []


# --- CSV -------------------------------------------------------------------------------------


def test_the_csv_is_all_of_the_view_and_safe_to_open(acme: Account, member_client: Client) -> None:
    from_address(acme, AddressKind.PHONE, "+12065550199", "=1+1")
    from_address(acme, AddressKind.ALPHANUMERIC, "=cmd", "hidden")

    response = member_client.get(f"{TEXTS}export/", {"q": "1+1", "format": "plain"})
    rows = list(csv.DictReader(StringIO(b"".join(response).decode())))

    assert [(row["from"], row["text"]) for row in rows] == [("+12065550199", "'=1+1")]
    assert "attachment" in response["Content-Disposition"]


# --- The number's page, the timeline, the activity ---------------------------------------------


def test_the_page_of_a_number_shows_its_latest_and_leads_to_all(
    acme: Account, number: PhoneNumber, member_client: Client
) -> None:
    page = f"/a/acme/numbers/{number.pk}/"
    assert "No call or text has come to this number yet." in member_client.get(page).text
    thread = ConversationFactory.create(account=acme, number=number)
    for count in range(7):
        a_text(acme, f"Text {count}", conversation=thread)
    a_text(acme, "Elsewhere")

    response = member_client.get(page)
    (card,) = response.context["cards"]

    assert [row.message.body for row in card.content] == [f"Text {n}" for n in (6, 5, 4, 3, 2)]
    assert card.url == f"{TEXTS}?{urlencode({'number': number.e164})}"
    assert len(member_client.get(card.url).context["rows"]) == 7


def test_texts_do_not_bury_what_people_decided(
    number: PhoneNumber, client: Client, member_client: Client
) -> None:
    deliver(client, number)

    def told(path: str) -> bool:
        return "Text received" in " ".join(
            entry.sentence for entry in member_client.get(path).context["entries"]
        )

    assert not told("/a/acme/activity/")
    assert told("/a/acme/activity/?type=message.received")
    assert not Event.objects.about("number", number.pk)


# --- REST ------------------------------------------------------------------------------------


@pytest.fixture
def reader(acme: Account) -> Program:
    return program_of(acme)


def test_a_message_over_rest_says_all_that_is_known(
    number: PhoneNumber, client: Client, reader: Program
) -> None:
    deliver(client, number, NumMedia="1", MediaUrl0="https://x/", MediaContentType0="image/png")
    message = Message.objects.get()
    event = Event.objects.get()

    body = reader.send("get", f"messages/{event.subject_id}/").json()

    assert body == {
        "id": message.pk,
        "conversation": message.conversation_id,
        "kind": "text",
        "author": "contact",
        "number_id": number.pk,
        "number": number.e164,
        "address": "+12065550199",
        "address_kind": "phone",
        "body": "Are you open on Sunday?",
        "attachments": [{"content_type": "image/png"}],
        "segments": 1,
        "status": "received",
        "keyword": "",
        "not_answered": "",
        "sid": sid(1),
        "occurred_at": "2026-03-01T12:00:00Z",
        "received_at": "2026-03-01T12:00:00Z",
    }


def test_rest_filters_as_the_page_does_and_pages_by_cursor(acme: Account, reader: Program) -> None:
    thread = ConversationFactory.create(account=acme)
    for count in range(3):
        moment = NOON + timedelta(hours=count)
        a_text(acme, f"open {count}", conversation=thread, received_at=moment)
    a_text(acme, "closed", not_answered=NotAnswered.DISABLED)

    def bodies(query: str) -> list[str]:
        found = reader.send("get", f"messages/?{query}").json()["results"]
        return [row["body"] for row in found]

    assert bodies("q=open") == ["open 2", "open 1", "open 0"]
    assert bodies("not_answered=any") == ["closed"]
    assert bodies("since=2026-03-01T13:00:00Z&before=2026-03-01T14:00:00Z") == ["open 1"]
    assert bodies(urlencode({"number": thread.number_e164, "limit": "1"})) == ["open 2"]
    assert reader.send("get", "messages/?not_answered=because").status_code == 422
    first = reader.send("get", "messages/?q=open&limit=2").json()
    second = reader.send("get", first["next"].partition("/api/v1/")[2]).json()
    assert [row["body"] for row in second["results"]] == ["open 0"]


# --- The admin -------------------------------------------------------------------------------


@pytest.mark.parametrize("term", ["(206) 555-0199", "+17075550111", f"SM{7:032x}", "acme"])
def test_support_finds_a_text_and_does_not_read_it(
    acme: Account, support_client: Client, term: str
) -> None:
    ours = PhoneNumberFactory.create(account=acme, e164="+17075550111")
    address = ContactAddressFactory.create(
        account=acme, address="+12065550199", canonical="+12065550199"
    )
    thread = ConversationFactory.create(account=acme, number=ours, address=address)
    found = a_text(acme, "private words", conversation=thread, provider_sid=f"SM{7:032x}")
    MessageFactory.create()

    page = support_client.get(reverse("admin:telephony_message_changelist"), {"q": term})

    assert [row.pk for row in page.context["cl"].result_list] == [found.pk]
    detail = support_client.get(reverse("admin:telephony_message_change", args=[found.pk]))
    assert "(206) 555-0199" in detail.text
    assert "private words" not in page.text + detail.text


def test_support_lists_what_was_not_answered(acme: Account, support_client: Client) -> None:
    a_text(acme)
    missing = a_text(acme, not_answered=NotAnswered.MISSING)
    a_text(acme, not_answered=NotAnswered.DISABLED)

    url = reverse("admin:telephony_message_changelist")
    page = support_client.get(url, {"not_answered": "missing"})

    assert [row.pk for row in page.context["cl"].result_list] == [missing.pk]


def test_a_very_long_text_is_shown_by_its_beginning_and_whole_where_it_was_searched_for(
    acme: Account, owner_client: Client
) -> None:
    number = PhoneNumberFactory.create(account=acme)
    MessageFactory.create(account=acme, number=number, body="short")
    MessageFactory.create(account=acme, number=number, body="so " * 400 + "needle")
    MessageFactory.create(account=acme, number=number, body="line\n" * 30)
    address = reverse("telephony:texts", args=["acme"])

    rows = owner_client.get(address).context["rows"]
    found = owner_client.get(address, {"q": "needle"}).text

    lengths = [len(row.beginning) for row in rows]
    assert lengths == [30, 240, 0]
    assert '<details class="said-more" open>' in found
    assert "needle" in found


def test_the_list_has_the_keys_of_other_lists(acme: Account, owner_client: Client) -> None:
    MessageFactory.create(account=acme, number=PhoneNumberFactory.create(account=acme))

    page = owner_client.get(reverse("telephony:texts", args=["acme"])).text

    for part in ("data-rows", "data-shortcuts-dialog", "select.js", 'type="search"'):
        assert part in page
