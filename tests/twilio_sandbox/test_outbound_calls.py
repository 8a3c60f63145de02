"""Calls that the API makes, and what it does to calls that go on (facts 6.5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess, SandboxRefused
from tests.twilio_sandbox.callers import NUMBER, lines, pass_time, shown, twiml
from tests.twilio_sandbox.receiver import Receiver, Reply
from tests.twilio_sandbox.refusals import refusal

PHONE = "+14155550188"
EVENTS = ["initiated", "ringing", "answered", "completed"]


@pytest.fixture
def program(sandbox: SandboxProcess) -> Iterator[Receiver]:
    """Acme has a number to call from."""
    sandbox.add_numbers(numbers=[{"phone_number": NUMBER}])
    with Receiver() as receiver:
        yield receiver


def make(client: Client, program: Receiver, **options: Any) -> str:
    """A call to a phone that says hello, told of in every status; returns its SID."""
    given = {"url": program.on("/voice", twiml("<Say>Hello there</Say>")), **options}
    made = client.calls.create(
        to=PHONE,
        from_=NUMBER,
        status_callback=program.url + "/status",
        status_callback_event=EVENTS,
        **given,
    )
    assert (made.status, made.direction) == ("queued", "outbound-api")
    return str(made.sid)


def told(program: Receiver) -> list[dict[str, str]]:
    """The status callbacks in the order they were sent; they may arrive in another one."""
    params = [each.params for each in program.at("/status")]
    return sorted(params, key=lambda each: int(each["SequenceNumber"]))


def statuses(program: Receiver) -> list[str]:
    return [each["CallStatus"] for each in told(program)]


def test_a_call_is_answered_and_follows_its_url(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    sid = make(acme_client, program)
    pass_time(sandbox, minutes=1)

    assert statuses(program) == ["initiated", "ringing", "in-progress", "completed"]
    assert [each["SequenceNumber"] for each in told(program)] == ["0", "1", "2", "3"]
    assert {each["CallbackSource"] for each in told(program)} == {"call-progress-events"}
    assert all(each.is_signed_with(sandbox.acme_token) for each in program.received)
    (asked,) = program.at("/voice")
    assert (asked.params["CallStatus"], asked.params["Direction"]) == (
        "in-progress",
        "outbound-api",
    )
    call = acme_client.calls(sid).fetch()
    assert call.status == "completed"
    assert call.end_time >= call.start_time
    assert float(call.price) < 0
    assert lines(sandbox, sid) == [("program", "say", "Hello there")]


def test_the_first_callback_can_have_the_status_of_the_call(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    sandbox.control("POST", "switches", {"initiated_call_status": "queued"})
    make(acme_client, program)
    pass_time(sandbox, minutes=1)

    assert statuses(program) == ["queued", "ringing", "in-progress", "completed"]


@pytest.mark.parametrize(
    ("behavior", "final"), [("busy", "busy"), ("no-answer", "no-answer"), ("failed", "failed")]
)
def test_a_phone_that_does_not_answer(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client, behavior: str, final: str
) -> None:
    sandbox.control("POST", f"phones/{PHONE}", {"calls": behavior})
    sid = make(acme_client, program, timeout=20)
    pass_time(sandbox, minutes=1)

    call = acme_client.calls(sid).fetch()
    assert (call.status, call.duration, call.price) == (final, "0", None)
    assert statuses(program)[-1] == final
    assert program.at("/voice") == []


@pytest.mark.parametrize(
    "wrong",
    [{"calls": "sometimes"}, {"script": "Hello"}, {"hang_up_after": -1}, {"ring_seconds": True}],
)
def test_a_phone_keeps_what_it_was_told(sandbox: SandboxProcess, wrong: dict[str, Any]) -> None:
    told = {"calls": "answers", "script": [{"say": "Hi"}], "ring_seconds": 2, "hang_up_after": 9}
    sandbox.control("POST", f"phones/{PHONE}", told)

    with pytest.raises(SandboxRefused, match="400"):
        sandbox.control("POST", f"phones/{PHONE}", wrong)
    assert sandbox.control("GET", f"phones/{PHONE}").items() >= told.items()
    shown_now = sandbox.control("POST", f"phones/{PHONE}", {"script": None, "texts": "landline"})
    assert (shown_now["script"], shown_now["ring_seconds"]) == (None, 2)


def test_a_script_of_the_phone_answers_the_program(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    sandbox.control("POST", f"phones/{PHONE}", {"script": [{"press": "1"}, {"hang_up": True}]})
    program.on("/keys", twiml("<Gather><Say>More?</Say></Gather>"))
    sid = make(
        acme_client, program, url=program.on("/v", twiml('<Gather numDigits="1" action="/keys"/>'))
    )
    pass_time(sandbox, minutes=1)

    assert program.at("/keys")[0].params["Digits"] == "1"
    assert acme_client.calls(sid).fetch().status == "completed"


@pytest.mark.parametrize(
    ("behavior", "mode", "found"),
    [
        ("answers", "Enable", "human"),
        ("machine", "Enable", "machine_start"),
        ("machine", "DetectMessageEnd", "machine_end_beep"),
    ],
)
def test_it_is_found_out_who_answered(
    sandbox: SandboxProcess,
    program: Receiver,
    acme_client: Client,
    behavior: str,
    mode: str,
    found: str,
) -> None:
    sandbox.control("POST", f"phones/{PHONE}", {"calls": behavior})
    sid = make(acme_client, program, machine_detection=mode)
    pass_time(sandbox, minutes=1)

    assert program.at("/voice")[0].params["AnsweredBy"] == found
    assert acme_client.calls(sid).fetch().answered_by == found


def test_detection_in_the_background_has_a_callback(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    make(
        acme_client,
        program,
        twiml=twiml('<Pause length="9"/>'),
        url="",
        machine_detection="Enable",
        async_amd="true",
        async_amd_status_callback=program.url + "/amd",
    )
    pass_time(sandbox, minutes=1)

    assert program.at("/amd")[0].params["AnsweredBy"] == "human"


def test_calls_begin_one_a_second(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    sids = [make(acme_client, program) for _ in range(3)]

    assert int(acme_client.calls(sids[2]).fetch().queue_time) > 1000
    pass_time(sandbox, minutes=1)
    assert {acme_client.calls(sid).fetch().status for sid in sids} == {"completed"}


def test_a_machine_is_no_live_person(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    sandbox.control("POST", f"phones/{PHONE}", {"calls": "machine"})
    sid = make(acme_client, program, url=program.on("/keys", twiml("<Gather/>")))
    pass_time(sandbox, minutes=1)

    assert acme_client.calls(sid).fetch().status == "completed"


def test_a_number_of_another_account_cannot_be_shown(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    stranger = sandbox.client(sandbox.stranger_sid, sandbox.stranger_token)
    theirs = str(stranger.incoming_phone_numbers.list()[0].phone_number)

    given = {"to": PHONE, "from_": theirs, "twiml": twiml()}
    assert refusal(acme_client.calls.create, **given) == (400, 21210)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"to": ""}, 21201),
        ({"to": "12"}, 21211),
        ({"from_": ""}, 21213),
        ({"from_": "12"}, 21212),
        ({"from_": "+14155550000"}, 21210),
        ({"url": ""}, 21205),
        ({"url": "ftp://example.com"}, 21402),
        ({"method": "PUT"}, 21403),
        ({"timeout": 601}, 20001),
        ({"status_callback_event": ["answered", "begun"]}, 20001),
        ({"application_sid": "AP" + "0" * 32}, 21218),
        ({"machine_detection": "Maybe"}, 20001),
        ({"send_digits": "12x"}, 20001),
    ],
)
def test_what_is_wrong_with_a_call_is_refused(
    program: Receiver, acme_client: Client, given: dict[str, Any], code: int
) -> None:
    right = {"to": PHONE, "from_": NUMBER, "url": program.url}

    assert refusal(acme_client.calls.create, **right | given) == (400, code)
    assert acme_client.calls.list() == []
    assert acme_client.calls.create(**right).status == "queued"


def test_an_application_says_where_the_call_begins(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    application = acme_client.applications.create(
        friendly_name="Voice",
        voice_url=program.on("/application", twiml("<Hangup/>")),
        status_callback=program.url + "/told",
    )
    acme_client.calls.create(
        to=PHONE, from_=NUMBER, application_sid=application.sid, url=program.url + "/never"
    )
    pass_time(sandbox, minutes=1)

    assert [each.path for each in program.received] == ["/application", "/told"]


# Calls that go on


def running(sandbox: SandboxProcess, client: Client, program: Receiver) -> str:
    """A call in the middle of a long pause."""
    sid = make(client, program, twiml=twiml('<Pause length="600"/>'), url="")
    pass_time(sandbox, seconds=20)
    assert client.calls(sid).fetch().status == "in-progress"
    return sid


def test_a_call_is_led_to_another_url(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    sid = running(sandbox, acme_client, program)

    acme_client.calls(sid).update(url=program.on("/other", twiml("<Say>Elsewhere</Say>")))
    pass_time(sandbox, seconds=20)

    assert program.at("/other")[0].params["CallSid"] == sid
    assert lines(sandbox, sid)[-1] == ("program", "say", "Elsewhere")
    assert acme_client.calls(sid).fetch().status == "completed"


def test_a_call_is_led_to_other_twiml(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    sid = running(sandbox, acme_client, program)

    acme_client.calls(sid).update(twiml=twiml("<Say>Here</Say>"))
    pass_time(sandbox, seconds=20)

    assert lines(sandbox, sid)[-1] == ("program", "say", "Here")


def test_a_document_that_comes_too_late_is_not_followed(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    late = program.on("/late", Reply(body=twiml("<Say>Too late</Say>"), seconds=0.5))
    sid = running(sandbox, acme_client, program)

    acme_client.calls(sid).update(url=late)
    program.wait_for(1, "/late")
    acme_client.calls(sid).update(twiml=twiml("<Say>Here</Say>"))
    pass_time(sandbox, seconds=20)

    assert ("program", "say", "Too late") not in lines(sandbox, sid)


def test_a_call_is_ended(sandbox: SandboxProcess, program: Receiver, acme_client: Client) -> None:
    sid = running(sandbox, acme_client, program)

    assert acme_client.calls(sid).update(status="canceled").status == "in-progress"
    assert acme_client.calls(sid).update(status="completed").status == "completed"
    sandbox.control("POST", "settle")
    assert statuses(program)[-1] == "completed"
    assert refusal(acme_client.calls(sid).update, status="completed") == (400, 21220)
    assert refusal(acme_client.calls(sid).update, url=program.url) == (400, 21220)


def test_a_call_that_waits_is_canceled_and_not_led_elsewhere(
    program: Receiver, acme_client: Client
) -> None:
    sid = make(acme_client, program)

    assert refusal(acme_client.calls(sid).update, url=program.url) == (400, 21220)
    assert acme_client.calls(sid).update(status="canceled").status == "canceled"


def test_a_call_lasts_as_long_as_its_limit(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    sid = make(acme_client, program, twiml=twiml('<Pause length="600"/>'), url="", time_limit=60)
    pass_time(sandbox, minutes=3)

    assert acme_client.calls(sid).fetch().duration == "60"
    sid = running(sandbox, acme_client, program)
    acme_client.calls(sid).update(time_limit=100)
    pass_time(sandbox, minutes=3)
    assert acme_client.calls(sid).fetch().duration == "100"


def test_only_a_call_that_is_over_can_be_deleted(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    sid = running(sandbox, acme_client, program)

    assert refusal(acme_client.calls(sid).delete)[0] == 409
    acme_client.calls(sid).update(status="completed")
    assert acme_client.calls(sid).delete() is True
    assert refusal(acme_client.calls(sid).fetch) == (404, 20404)


def test_a_live_person_answers(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    program.on("/turn", twiml("<Hangup/>"))
    url = program.on("/live", twiml('<Gather input="speech" action="/turn"/>'))
    sid = make(acme_client, program, url=url)
    pass_time(sandbox, hours=1)  # nobody hurries

    assert shown(sandbox, sid)["waits_for"] == "gather"
    sandbox.control("POST", f"calls/{sid}/say", {"text": "Yes please"})
    pass_time(sandbox, minutes=1)
    assert program.at("/turn")[0].params["SpeechResult"] == "Yes please"
