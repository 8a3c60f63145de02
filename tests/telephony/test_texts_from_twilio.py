"""A phone texts a number at the stand-in, which tells a real server of ours."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import Account, HookDelivery
from accounts.states import DeliveryState
from numbers.models import Connection
from telephony.models import Consent, Message
from telephony.states import NotAnswered
from tests.factories import NOON, ConnectionFactory, PhoneNumberFactory
from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.texting import PHONE, alerts, conversation, texting_number, write

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def connected(acme: Account, sandbox: SandboxProcess) -> Connection:
    return ConnectionFactory.create(
        account=acme,
        sid=sandbox.acme_sid,
        owner_sid=sandbox.main_sid,
        auth_token=sandbox.acme_token,
    )


def test_a_text_of_a_phone_is_on_the_page(  # S4-19 S4-22 S4-40
    connected: Connection,
    sandbox: SandboxProcess,
    live_server: Any,
    settings: Settings,
    member_client: Client,
) -> None:
    settings.PUBLIC_URL = live_server.url
    theirs = texting_number(sandbox, f"{live_server.url}/hooks/texts/{'k' * 32}")
    number = PhoneNumberFactory.create(
        account=connected.account,
        connection=connected,
        assigned=True,
        e164=theirs.phone_number,
        texts=True,
        enabled_at=NOON,
        hook_key="k" * 32,
    )

    write(sandbox, theirs.phone_number, "Grüße & more 👋", media=["image/png"])
    write(sandbox, theirs.phone_number, "Stop")
    number.enabled_at = None
    number.save()
    write(sandbox, theirs.phone_number, "Start")

    first, stop, start = Message.objects.order_by("pk")
    assert (first.body, first.media_count, first.not_answered) == ("Grüße & more 👋", 1, "")
    assert first.conversation.address.canonical == PHONE
    assert (stop.keyword, start.keyword) == ("stop", "start")
    assert start.not_answered == NotAnswered.DISABLED
    consent = Consent.objects.get()
    assert (consent.sender, consent.is_opted_out) == (number.e164, False)
    assert not HookDelivery.objects.exclude(state=DeliveryState.ANSWERED).exists()
    assert alerts(sandbox) == []  # Twilio has nothing to complain about: not of our TwiML either
    assert [line["body"] for line in conversation(sandbox) if not line["from_phone"]] != []
    assert "Grüße &amp; more 👋" in member_client.get("/a/acme/texts/").text


def test_what_is_signed_with_another_token_is_an_alert_at_twilio_and_nothing_here(
    connected: Connection, sandbox: SandboxProcess, live_server: Any, settings: Settings
) -> None:
    settings.PUBLIC_URL = live_server.url
    theirs = texting_number(sandbox, f"{live_server.url}/hooks/texts/{'k' * 32}")
    connected.auth_token = "another"
    connected.save()
    PhoneNumberFactory.create(
        account=connected.account,
        connection=connected,
        e164=theirs.phone_number,
        hook_key="k" * 32,
    )

    write(sandbox, theirs.phone_number, "Hello")

    assert alerts(sandbox) == ["11200"]
    assert not HookDelivery.objects.exists()
    assert not Message.objects.exists()
