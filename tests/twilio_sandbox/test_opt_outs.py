"""STOP, START and HELP: who answers them, and whom one cannot write to afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess, SandboxRefused
from tests.twilio_sandbox.receiver import Receiver
from tests.twilio_sandbox.texting import (
    OTHER_PHONE,
    PHONE,
    alerts,
    conversation,
    messaging_service,
    switch,
    texting_number,
    toll_free_number,
    write,
)

pytestmark = pytest.mark.process

STOPS = ("STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL")
STARTS = ("START", "YES", "UNSTOP")
HELPS = ("HELP", "INFO")
OTHERS = ("STOP.", "please stop", "STOP NOW", "UNSTOP IT", "NO", "HELP ME")
NETWORK = "NETWORK MSG:"


@pytest.fixture
def program() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def said(sandbox: SandboxProcess, phone: str = PHONE) -> list[str]:
    """What Twilio itself, or the network, said to the phone."""
    return [line["body"] for line in conversation(sandbox, phone) if line["automatic"]]


def is_refused(client: Client, sender: str, to: str = PHONE, **more: Any) -> bool:
    """Whether a text is refused with 21610; one that is sent returns False."""
    through = "messaging_service_sid" if sender.startswith("MG") else "from_"
    message = {"to": to, through: sender, "body": "Hello", **more}
    try:
        client.messages.create(**message)
    except TwilioRestException as error:
        if (error.status, error.code) != (400, 21610):
            raise
        return True
    return False


# What Twilio does by itself


@pytest.mark.parametrize("word", [*STOPS, "stop", " Stop \n", "StopAll"])
def test_a_phone_opts_out(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver, word: str
) -> None:
    number = texting_number(sandbox, f"{program.url}/sms").phone_number
    assert not is_refused(acme_client, number)

    write(sandbox, number, word)

    assert is_refused(acme_client, number)
    assert len(said(sandbox)) == 1
    assert "successfully been unsubscribed" in said(sandbox)[0]
    # The webhook is called all the same, and says nothing of what Twilio did.
    assert program.received[0].form["Body"] == word
    assert "OptOutType" not in program.received[0].form
    assert program.received[0].is_signed_with(sandbox.acme_token)


@pytest.mark.parametrize("word", [*OTHERS, *STARTS, *HELPS])
def test_other_words_opt_nobody_out(
    sandbox: SandboxProcess, acme_client: Client, word: str
) -> None:
    number = texting_number(sandbox).phone_number

    write(sandbox, number, word)

    assert not is_refused(acme_client, number)


@pytest.mark.parametrize("word", [*STARTS, "start"])
def test_a_phone_opts_in_again(sandbox: SandboxProcess, acme_client: Client, word: str) -> None:
    number = texting_number(sandbox).phone_number
    write(sandbox, number, "STOP")

    write(sandbox, number, word)

    assert not is_refused(acme_client, number)
    assert "successfully been re-subscribed" in said(sandbox)[-1]


@pytest.mark.parametrize("word", [*OTHERS, *HELPS, *STOPS])
def test_other_words_opt_nobody_in(sandbox: SandboxProcess, acme_client: Client, word: str) -> None:
    number = texting_number(sandbox).phone_number
    write(sandbox, number, "STOP")

    write(sandbox, number, word)

    assert is_refused(acme_client, number)


@pytest.mark.parametrize("word", HELPS)
def test_help_is_answered_each_time(sandbox: SandboxProcess, word: str) -> None:
    number = texting_number(sandbox).phone_number

    for _ in range(2):
        write(sandbox, number, word)

    assert said(sandbox) == ["Reply STOP to unsubscribe. Msg&Data Rates May Apply."] * 2


def test_what_changes_nothing_is_not_answered(sandbox: SandboxProcess) -> None:
    number = texting_number(sandbox).phone_number

    write(sandbox, number, "START")
    assert said(sandbox) == []
    for word in ("STOP", "QUIT", "STOP"):
        write(sandbox, number, word)
    assert len(said(sandbox)) == 1


def test_answers_of_twilio_are_in_no_list(sandbox: SandboxProcess, acme_client: Client) -> None:
    write(sandbox, texting_number(sandbox).phone_number, "STOP")

    assert [row.body for row in acme_client.messages.list()] == ["STOP"]


def test_an_opt_out_is_of_one_phone_and_one_number(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    number, other = (texting_number(sandbox).phone_number for _ in range(2))

    write(sandbox, number, "STOP")

    assert is_refused(acme_client, number)
    assert not is_refused(acme_client, other)
    assert not is_refused(acme_client, number, OTHER_PHONE)


def test_the_program_s_answer_to_stop_is_not_sent(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    url = program.on("/sms", "<Response><Message>Sorry to see you go</Message></Response>")
    number = texting_number(sandbox, url).phone_number

    write(sandbox, number, "STOP")

    assert alerts(sandbox) == ["21610"]
    assert [row.body for row in acme_client.messages.list()] == ["STOP"]


def test_a_scheduled_text_does_not_reach_who_opts_out_meanwhile(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    number = texting_number(sandbox)
    service = messaging_service(sandbox, number)
    scheduled = acme_client.messages.create(
        to=PHONE,
        messaging_service_sid=service.sid,
        body="Hello",
        schedule_type="fixed",
        send_at=sandbox.forward(minutes=1) + timedelta(days=1),
    )
    write(sandbox, number.phone_number, "STOP")
    sandbox.forward(days=2)

    assert (scheduled.fetch().status, scheduled.fetch().error_code) == ("failed", 21610)


def test_an_opt_out_survives_a_power_cut(tmp_path: Path) -> None:
    with SandboxProcess(state=tmp_path / "state.sqlite3") as sandbox:
        number = texting_number(sandbox).phone_number
        write(sandbox, number, "STOP")
        sandbox.save()
        sandbox.kill()

        sandbox.start()
        assert is_refused(sandbox.client(), number)
        write(sandbox, number, "START")
        assert not is_refused(sandbox.client(), number)


# Pools


def test_an_opt_out_of_a_pool_is_of_the_whole_service(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    one, two, outside = (texting_number(sandbox) for _ in range(3))
    service = messaging_service(sandbox, one, two)

    write(sandbox, one.phone_number, "STOP")

    assert is_refused(acme_client, service.sid)
    assert is_refused(acme_client, one.phone_number)
    assert is_refused(acme_client, two.phone_number)
    assert is_refused(acme_client, service.sid, from_=two.phone_number)
    assert not is_refused(acme_client, outside.phone_number)
    write(sandbox, two.phone_number, "START")
    assert not is_refused(acme_client, service.sid)


def test_start_lifts_what_was_before_the_pool(sandbox: SandboxProcess, acme_client: Client) -> None:
    number = texting_number(sandbox)
    write(sandbox, number.phone_number, "STOP")
    messaging_service(sandbox, number)
    assert is_refused(acme_client, number.phone_number)

    write(sandbox, number.phone_number, "START")

    assert not is_refused(acme_client, number.phone_number)
    assert "re-subscribed" in said(sandbox)[-1]


def test_the_list_of_a_service_ends_with_it(sandbox: SandboxProcess, acme_client: Client) -> None:
    number = texting_number(sandbox)
    service = messaging_service(sandbox, number)
    write(sandbox, number.phone_number, "STOP")

    service.delete()

    assert not is_refused(acme_client, number.phone_number)
    assert sandbox.control("GET", f"phones/{PHONE}")["opted_out_of"] == []


# Advanced Opt-Out


def advanced(sandbox: SandboxProcess, program: Receiver, **settings: Any) -> Any:
    """A number in the pool of a service with Advanced Opt-Out."""
    number = texting_number(sandbox)
    service = messaging_service(sandbox, number, inbound_request_url=f"{program.url}/sms")
    sandbox.control("POST", f"services/{service.sid}/advanced-opt-out", settings)
    return number.phone_number


@pytest.mark.parametrize(
    ("word", "kind"),
    [*((word, "STOP") for word in STOPS), *((word, "HELP") for word in HELPS), ("start", "START")],
)
def test_advanced_opt_out_tells_the_program(
    sandbox: SandboxProcess, program: Receiver, word: str, kind: str
) -> None:
    number = advanced(sandbox, program)

    write(sandbox, number, word)
    write(sandbox, number, "Hello")

    assert program.received[0].form["OptOutType"] == kind
    assert program.received[0].is_signed_with(sandbox.acme_token)
    assert "OptOutType" not in program.received[1].form


def test_advanced_opt_out_has_words_and_answers_of_its_own(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    number = advanced(
        sandbox,
        program,
        keywords={"STOP": ["basta"], "HELP": ["aiuto"]},
        replies={"STOP": "Ciao.", "HELP": "Scrivi BASTA."},
    )

    write(sandbox, number, "QUIT")  # not one of theirs any more
    assert not is_refused(acme_client, number)
    write(sandbox, number, "Aiuto")
    write(sandbox, number, "Basta")

    assert said(sandbox) == ["Scrivi BASTA.", "Ciao."]
    assert is_refused(acme_client, number)
    write(sandbox, number, "START")
    write(sandbox, number, "STOP")  # can never be taken away
    assert is_refused(acme_client, number)


def test_advanced_opt_out_can_be_switched_off(sandbox: SandboxProcess, program: Receiver) -> None:
    number = texting_number(sandbox)
    service = messaging_service(sandbox, number, inbound_request_url=f"{program.url}/sms")
    path = f"services/{service.sid}/advanced-opt-out"
    sandbox.control("POST", path, {"replies": {"HELP": "Our own words"}})
    sandbox.control("POST", path, {"enabled": False})

    write(sandbox, number.phone_number, "HELP")

    assert "OptOutType" not in program.received[0].form
    assert said(sandbox) == ["Reply STOP to unsubscribe. Msg&Data Rates May Apply."]


@pytest.mark.parametrize(
    ("sid", "settings", "status"),
    [(None, {"keywords": {"PAUSE": []}}, 400), ("MG" + "0" * 32, {}, 404)],
)
def test_advanced_opt_out_that_makes_no_sense_is_refused(
    sandbox: SandboxProcess, sid: str | None, settings: dict[str, Any], status: int
) -> None:
    sid = sid or messaging_service(sandbox).sid

    with pytest.raises(SandboxRefused) as caught:
        sandbox.control("POST", f"services/{sid}/advanced-opt-out", settings)
    assert caught.value.status == status


# Toll-free


def test_the_network_of_toll_free_numbers_answers_itself(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    number = toll_free_number(sandbox, f"{program.url}/sms").phone_number

    write(sandbox, number, "Stop")
    assert is_refused(acme_client, number)
    write(sandbox, number, "UNSTOP")
    assert not is_refused(acme_client, number)

    assert len(said(sandbox)) == 2
    assert all(text.startswith(NETWORK) for text in said(sandbox))
    assert [each.form["Body"] for each in program.received] == ["Stop", "UNSTOP"]


@pytest.mark.parametrize("word", ["YES", "HELP", "Hello", "STOP"])
def test_only_start_and_unstop_lift_what_the_network_keeps(
    sandbox: SandboxProcess, acme_client: Client, word: str
) -> None:
    number = toll_free_number(sandbox).phone_number
    write(sandbox, number, "STOP")

    write(sandbox, number, word)

    assert is_refused(acme_client, number)


@pytest.mark.parametrize("word", ["QUIT", "UNSUBSCRIBE"])
def test_other_words_to_a_toll_free_number_are_twilio_s(
    sandbox: SandboxProcess, acme_client: Client, word: str
) -> None:
    number = toll_free_number(sandbox).phone_number

    write(sandbox, number, word)

    assert is_refused(acme_client, number)
    assert "successfully been unsubscribed" in said(sandbox)[0]
    write(sandbox, number, "YES")
    assert not is_refused(acme_client, number)


def test_help_is_not_answered_where_the_network_stops_everything(sandbox: SandboxProcess) -> None:
    number = toll_free_number(sandbox).phone_number

    write(sandbox, number, "HELP")
    write(sandbox, number, "STOP")
    write(sandbox, number, "HELP")

    assert [text.startswith(NETWORK) for text in said(sandbox)] == [False, True]


def test_one_start_lifts_all_that_stood_against_a_toll_free_number(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    number = toll_free_number(sandbox)
    service = messaging_service(sandbox, number)
    write(sandbox, number.phone_number, "QUIT")  # of the service
    write(sandbox, number.phone_number, "STOP")  # of the number, by the network

    write(sandbox, number.phone_number, "START")

    assert not is_refused(acme_client, service.sid)
    assert not is_refused(acme_client, number.phone_number)
    assert said(sandbox)[-1].startswith(NETWORK)


def test_the_network_may_stop_texts_only_on_their_way(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    switch(sandbox, toll_free_opt_out="blocked")
    number = toll_free_number(sandbox).phone_number
    local = texting_number(sandbox).phone_number
    for each in (number, local):
        write(sandbox, each, "STOP")

    sent = acme_client.messages.create(to=PHONE, from_=number, body="Hello")
    sandbox.forward(minutes=1)

    assert (sent.fetch().status, sent.fetch().error_code) == ("undelivered", 30004)
    assert is_refused(acme_client, local)
    write(sandbox, number, "START")
    again = acme_client.messages.create(to=PHONE, from_=number, body="Hello")
    sandbox.forward(minutes=1)
    assert again.fetch().status == "delivered"
