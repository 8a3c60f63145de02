"""Texts that come in: who is believed, what is stored, and that nothing is lost or doubled."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.test import Client
from django_q.models import OrmQ

from accounts import actors
from accounts.actor import SYSTEM
from accounts.models import Account, Event, HookDelivery, User
from accounts.services import hooks
from accounts.states import DeliveryState
from numbers.models import PhoneNumber
from telephony.addresses import identify
from telephony.models import Consent, Contact, ContactAddress, Conversation, Media, Message
from telephony.services import texts
from telephony.states import WHY_NOT_ANSWERED, AddressKind, AgentState, Keyword, NotAnswered
from tests.crashes import every_crash
from tests.factories import NOON, ConnectionFactory, PhoneNumberFactory, subscribed
from tests.races import at_once

from .twilio import THEM, deliver, path_of, sid, signature, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


def nothing_stored() -> bool:
    models = (HookDelivery, Message, Conversation, ContactAddress, Contact, Event)
    return not any(model.objects.exists() for model in models)


# --- What is stored --------------------------------------------------------------------------


def test_a_text_is_stored_with_whom_it_is_from_and_answered_without_words(  # S4-19
    number: PhoneNumber, client: Client
) -> None:
    answer = deliver(client, number, MessagingServiceSid=None)

    assert (answer.status_code, answer["Content-Type"]) == (200, "text/xml")
    assert answer.content.endswith(b"<Response/>")
    message = Message.objects.get()
    assert (message.body, message.provider_sid) == ("Are you open on Sunday?", sid(1))
    assert (message.author, message.status, message.segments) == ("contact", "received", 1)
    assert (message.occurred_at, message.received_at) == (NOON, NOON)
    assert (message.number, message.account, message.not_answered) == (number, number.account, "")
    assert message.raw["FromCity"] == "SEATTLE"
    assert not message.raw.keys() & {"Body", "From", "To", "MessageSid", "AccountSid"}
    thread = message.conversation
    assert (thread.number, thread.number_e164, thread.state) == (number, number.e164, "agent")
    assert (thread.last_message_at, thread.last_inbound_at) == (NOON, NOON)
    assert (thread.address.kind, thread.address.canonical) == ("phone", THEM)


def test_texts_of_one_address_to_one_number_are_one_thread(  # S4-22
    acme: Account, number: PhoneNumber, client: Client, noon: time_machine.Traveller
) -> None:
    other = PhoneNumberFactory.create(account=acme, hook_key="o" * 32)
    deliver(client, number)
    noon.shift(60)
    deliver(client, number, MessageSid=sid(2))
    deliver(client, other, MessageSid=sid(3))
    deliver(client, number, MessageSid=sid(4), From="+12065550100")

    assert (Conversation.objects.count(), Contact.objects.count()) == (3, 2)
    first = Conversation.objects.earliest("pk")
    assert first.messages.count() == 2
    assert first.last_inbound_at == NOON + timedelta(seconds=60)


def test_attachments_are_kept_by_their_address_and_type(
    number: PhoneNumber, client: Client
) -> None:
    url = "https://api.twilio.com/2010-04-01/Accounts/AC/Messages/MM/Media/ME"

    deliver(
        client,
        number,
        NumMedia="3",
        Body="",
        MediaUrl0=url,
        MediaContentType0="image/jpeg",
        MediaUrl1=f"{url}2",
        MediaContentType1="t" * 300,
    )

    message = Message.objects.get()
    assert message.media_count == Media.objects.count() == 2
    assert [(each.url, each.content_type) for each in message.media.order_by("pk")] == [
        (url, "image/jpeg"),
        (f"{url}2", "t" * 100),
    ]


def test_an_event_says_that_a_text_came_and_nothing_of_it(
    number: PhoneNumber, client: Client
) -> None:
    deliver(client, number, Body="secret words")

    event = Event.objects.get()
    message = Message.objects.get()
    assert (event.type, event.subject_type, event.subject_id) == (
        "message.received",
        "message",
        message.pk,
    )
    assert event.subject_label == number.e164
    assert event.data == {
        "number": number.pk,
        "conversation": message.conversation_id,
        "kind": "text",
        "from": "phone",
        "not_answered": "",
    }
    written = f"{event.summary}{event.data}{event.subject_label}"
    assert "secret" not in written
    assert THEM[2:] not in written


# --- Who is believed -------------------------------------------------------------------------


def test_what_is_not_signed_with_the_token_of_the_connection_is_refused(
    number: PhoneNumber, client: Client
) -> None:
    signed = signature(path_of(number), told(number), number.connection.auth_token)
    refused = [
        deliver(client, number, token="wrong"),
        deliver(client, number, headers={}),
        deliver(client, number, headers={"X-Twilio-Signature": ""}),
        deliver(client, number, headers={"X-Twilio-Signature": signed[:-2] + "A="}),
        deliver(client, number, headers={"X-Twilio-Signature": signed}, Body="other words"),
    ]

    assert [answer.status_code for answer in refused] == [403] * 5
    assert nothing_stored()


def test_the_token_before_is_believed_until_its_time_is_over(
    number: PhoneNumber, client: Client, noon: time_machine.Traveller
) -> None:
    connection = number.connection
    connection.previous_token, connection.previous_token_until = "before", NOON + timedelta(hours=1)
    connection.save()

    assert deliver(client, number, token="before").status_code == 200
    noon.shift(timedelta(hours=1))
    assert deliver(client, number, token="before", MessageSid=sid(2)).status_code == 403
    assert deliver(client, number, MessageSid=sid(2)).status_code == 200


def test_an_address_that_names_no_number_is_refused(number: PhoneNumber, client: Client) -> None:
    for key in ("x" * 32, "k" * 31, "%20", "/"):
        path = f"/hooks/texts/{key}"
        assert deliver(client, number, path=path).status_code == 403
    nameless = PhoneNumberFactory.create(account=number.account)
    assert deliver(client, nameless, path="/hooks/texts/%3F").status_code == 403

    assert nothing_stored()


def test_a_text_of_another_account_or_number_is_refused(
    number: PhoneNumber, client: Client
) -> None:
    other = ConnectionFactory.create(account=subscribed(slug="other"))

    assert deliver(client, number, AccountSid=None).status_code == 403
    assert deliver(client, number, To="+14155550111").status_code == 403
    assert deliver(client, number, AccountSid=other.sid).status_code == 403
    assert deliver(client, number, AccountSid=other.sid, token=other.auth_token).status_code == 403
    assert nothing_stored()


def test_a_detached_connection_believes_nobody(number: PhoneNumber, client: Client) -> None:
    connection = number.connection
    token, connection.auth_token = connection.auth_token, ""
    connection.save()

    assert deliver(client, number, token=token).status_code == 403


def test_a_get_is_signed_by_its_address(number: PhoneNumber, client: Client) -> None:
    path = f"{path_of(number)}?{urlencode(told(number))}"
    signed = signature(path, {}, number.connection.auth_token)

    assert client.get(path).status_code == 403
    answer = client.get(path, headers={"X-Twilio-Signature": signed})

    assert (answer.status_code, answer["Content-Type"]) == (200, "text/xml")
    assert Message.objects.get().body == "Are you open on Sunday?"
    assert client.head(path, headers={"X-Twilio-Signature": signed}).status_code == 405


# --- What keeps it from being answered -------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, ""),
        ({"enabled_at": None}, NotAnswered.DISABLED),
        ({"enabled_at": None, "agent": None, "state": "missing"}, NotAnswered.MISSING),
        ({"enabled_at": None, "agent": None, "state": "gone"}, NotAnswered.MISSING),
        ({"enabled_at": None, "agent": None, "state": "excluded"}, NotAnswered.EXCLUDED),
        ({"enabled_at": None, "agent": None, "state": "releasing"}, NotAnswered.RELEASED),
        (
            {"enabled_at": None, "agent": None, "state": "released", "released_at": NOON},
            NotAnswered.RELEASED,
        ),
    ],
)
def test_a_number_that_cannot_answer_still_stores_the_text_and_says_why(  # S4-40 S4-57
    number: PhoneNumber, client: Client, fields: dict[str, Any], code: str
) -> None:
    PhoneNumber.objects.filter(pk=number.pk).update(**fields)

    assert deliver(client, number).status_code == 200

    message = Message.objects.get()
    assert message.not_answered == code
    assert message.why_not_answered == WHY_NOT_ANSWERED.get(code, "")
    assert ("not answered" in Event.objects.get().summary) == bool(code)


def test_an_agent_that_is_not_live_answers_nothing(  # S4-46
    number: PhoneNumber, client: Client
) -> None:
    assert number.agent is not None
    number.agent.state = AgentState.PAUSED
    number.agent.save()

    deliver(client, number)

    assert Message.objects.get().not_answered == NotAnswered.AGENT_NOT_LIVE


def test_each_reason_has_one_sentence() -> None:
    assert set(WHY_NOT_ANSWERED) == set(NotAnswered)
    assert max(Counter(WHY_NOT_ANSWERED.values()).values()) == 1


# --- Consent ---------------------------------------------------------------------------------


def test_stop_and_start_are_kept_by_sender_and_address(
    number: PhoneNumber, client: Client, noon: time_machine.Traveller
) -> None:
    service = "MG" + "a" * 32
    deliver(client, number, Body=" Stop ")
    deliver(client, number, Body="STOP", MessageSid=sid(2), MessagingServiceSid=service)
    noon.shift(60)
    deliver(client, number, Body="unstop", MessageSid=sid(3))

    own, pooled = Consent.objects.order_by("pk")
    assert (own.sender, own.is_opted_out) == (number.e164, False)
    assert (own.opted_out_at, own.opted_in_at) == (NOON, NOON + timedelta(seconds=60))
    assert (pooled.sender, pooled.is_opted_out) == (service, True)
    assert list(Message.objects.order_by("pk").values_list("keyword", flat=True)) == [
        Keyword.STOP,
        Keyword.STOP,
        Keyword.START,
    ]


def test_yes_is_an_answer_unless_they_had_opted_out(number: PhoneNumber, client: Client) -> None:
    for count, body in enumerate(("Yes", "STOP", "Yes", "HELP"), 1):
        deliver(client, number, Body=body, MessageSid=sid(count))

    found = Message.objects.order_by("pk").values_list("keyword", flat=True)
    assert list(found) == ["", Keyword.STOP, Keyword.START, Keyword.HELP]


def test_what_the_messaging_service_took_it_for_counts(number: PhoneNumber, client: Client) -> None:
    deliver(client, number, Body="Arrêt", OptOutType="STOP")
    deliver(client, number, Body="Hi", OptOutType="NEVER", MessageSid=sid(2))

    assert Consent.objects.get().is_opted_out
    assert [each.keyword for each in Message.objects.order_by("pk")] == ["stop", ""]


# --- Once, and not lost ----------------------------------------------------------------------


def test_a_repeat_gets_the_same_answer_and_changes_nothing(
    number: PhoneNumber, client: Client
) -> None:
    first = deliver(client, number)
    stored = list(Message.objects.values()) + list(HookDelivery.objects.values())

    again = deliver(client, number, Body="other words")

    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert list(Message.objects.values()) + list(HookDelivery.objects.values()) == stored
    assert Event.objects.count() == 1


def test_a_repeat_after_the_delivery_was_cleared_away_changes_nothing(
    number: PhoneNumber, client: Client
) -> None:
    deliver(client, number)
    HookDelivery.objects.all().delete()

    assert deliver(client, number).status_code == 200

    assert (Message.objects.count(), Event.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_a_process_killed_at_any_step_loses_nothing_and_doubles_nothing(client: Client) -> None:
    # S4-19
    worlds = iter(range(1, 1_000))

    def begin() -> PhoneNumber:
        world = next(worlds)
        account = subscribed(slug=f"world-{world}")
        return PhoneNumberFactory.create(
            account=account, assigned=True, texts=True, enabled_at=NOON, hook_key=f"{world:032d}"
        )

    def act(number: PhoneNumber) -> None:
        deliver(client, number, Body="STOP", NumMedia="1", MediaUrl0="https://x.example/")

    def check(number: PhoneNumber, step: str) -> None:
        mine = {"account_id": number.account_id}
        kept = HookDelivery.objects.filter(**mine).count()
        whole = HookDelivery.objects.filter(**mine, state=DeliveryState.ANSWERED).count()
        assert Message.objects.filter(**mine).count() == whole <= kept, step

        act(number)  # Twilio's repeat, or support's

        assert HookDelivery.objects.get(**mine).state == DeliveryState.ANSWERED, step
        for model in (Message, Conversation, ContactAddress, Contact, Consent, Event):
            assert model.objects.filter(**mine).count() == 1, f"{step}: {model.__name__}"
        assert Media.objects.filter(message__account=number.account).count() == 1, step

    assert every_crash(begin, act, check) > 10


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_deliveries_at_the_same_instant_are_one_text(number: PhoneNumber) -> None:
    answers: list[tuple[int, bytes]] = []

    def act() -> None:
        answer = deliver(Client(), number)
        answers.append((answer.status_code, answer.content))

    at_once(act, act, act, act)

    assert len(set(answers)) == 1
    assert answers[0][0] == 200
    assert (Message.objects.count(), Event.objects.count()) == (1, 1)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_first_texts_of_an_address_at_the_same_instant_are_one_thread(
    number: PhoneNumber,
) -> None:
    codes: list[int] = []

    def act(count: int) -> None:
        codes.append(deliver(Client(), number, MessageSid=sid(count)).status_code)

    at_once(*(lambda count=count: act(count) for count in range(1, 6)))

    assert codes == [200] * 5
    assert Message.objects.count() == 5
    for model in (Conversation, ContactAddress, Contact):
        assert model.objects.count() == 1


def test_what_could_not_be_handled_can_be_run_again(
    number: PhoneNumber,
    client: Client,
    support: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*args: Any, **facts: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(texts, "_store", fails)
        assert deliver(client, number).status_code == 500
    later = NOON + timedelta(days=2)

    hooks.run_again(
        HookDelivery.objects.get().pk, actor=actors.support(support, reason="Mended"), at=later
    )

    message = Message.objects.get()
    assert (message.occurred_at, message.received_at) == (NOON, later)
    assert message.conversation.last_inbound_at == NOON


# --- Odd ones --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "kind"),
    [
        ("+266696687", AddressKind.ANONYMOUS),
        ("anonymous", AddressKind.ANONYMOUS),
        ("", AddressKind.ANONYMOUS),
        ("72345", AddressKind.SHORT_CODE),
        ("ACME Bank", AddressKind.ALPHANUMERIC),
        ("Ελλάς", AddressKind.ALPHANUMERIC),
        ("x" * 5_000, AddressKind.ALPHANUMERIC),
        ("whatsapp:+12065550199", AddressKind.CHANNEL),
        ("sip:front@example.com", AddressKind.SIP),
        ("\0\u202e", AddressKind.ALPHANUMERIC),
    ],
)
def test_whoever_it_is_from_the_text_is_stored(
    number: PhoneNumber, client: Client, sender: str, kind: AddressKind
) -> None:
    assert deliver(client, number, From=sender).status_code == 200
    assert deliver(client, number, From=sender, MessageSid=sid(2)).status_code == 200

    assert Message.objects.count() == 2
    assert ContactAddress.objects.get().kind == kind


def test_text_that_no_database_stores_is_made_storable(number: PhoneNumber, client: Client) -> None:
    assert deliver(client, number, Body="a\0b", FromCity="\0", Odd="\0").status_code == 200

    message = Message.objects.get()
    assert message.body == "a\ufffdb"
    assert message.raw["Odd"] == "\ufffd"


def test_an_old_stop_that_is_handled_late_takes_nothing_back(number: PhoneNumber) -> None:
    def say(word: str, minute: int) -> None:
        text = texts.Text(
            identify("+12065550199"), word, NOON + timedelta(minutes=minute),
            sid=f"SM{minute:032x}",
        )  # fmt: skip
        texts.receive_text(number, text, actor=SYSTEM, at=NOON + timedelta(hours=1))

    say("START", 2)
    say("STOP", 3)
    say("STOP", 1)

    assert Consent.objects.get().is_opted_out


def test_a_text_of_another_subaccount_that_the_number_has_moved_to_is_kept_and_it_is_looked_for(
    client: Client, number: PhoneNumber
) -> None:
    other = ConnectionFactory.create(account=number.account)
    strangers = ConnectionFactory.create()

    moved = deliver(client, number, token=other.auth_token, AccountSid=other.sid)
    refused = deliver(client, number, token=strangers.auth_token, AccountSid=strangers.sid)

    assert (moved.status_code, refused.status_code) == (200, 403)
    assert Message.objects.count() == 1
    assert [task.func() for task in OrmQ.objects.all()] == ["numbers.tasks.refresh"]
