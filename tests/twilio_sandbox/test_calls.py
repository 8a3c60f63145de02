"""Calls that come in: the program that is asked, and what becomes of the call (facts 5.5, 6)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess, SandboxRefused
from tests.twilio_sandbox.callers import (
    CALLER,
    NUMBER,
    answering,
    call,
    codes,
    last,
    lines,
    pass_time,
    shown,
    twiml,
)
from tests.twilio_sandbox.receiver import Receiver, Reply

APOLOGY = "We are sorry, an application error has occurred. Goodbye."


@pytest.fixture
def program() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def test_a_call_follows_what_its_program_says(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    # S4-14
    answering(
        sandbox,
        program,
        twiml(
            '<Gather input="speech dtmf" action="/turn" timeout="5">',
            "<Say>Hello, how can I help?</Say></Gather>",
        ),
        status_callback=program.on("/status", ""),
    )
    program.on("/turn", twiml("<Say>Goodbye</Say>", "<Hangup/>"))

    made = call(sandbox, script=[{"say": "I want to book a table"}])
    pass_time(sandbox, minutes=1)

    first, turn, status = program.received
    assert first.params["CallStatus"] == "ringing"
    assert first.params["From"] == first.params["Caller"] == CALLER
    assert (first.params["To"], first.params["Direction"]) == (NUMBER, "inbound")
    assert (first.params["ToCity"], first.params["CallerState"]) == ("BOSTON", "CA")
    assert first.params["StirVerstat"] == "TN-Validation-Passed-A"
    assert turn.params["SpeechResult"] == "I want to book a table"
    assert 0 < float(turn.params["Confidence"]) <= 1
    assert turn.params["CallStatus"] == "in-progress"
    assert status.params["CallStatus"] == "completed"
    assert all(each.is_signed_with(sandbox.acme_token) for each in program.received)
    assert lines(sandbox, made["sid"]) == [
        ("program", "say", "Hello, how can I help?"),
        ("person", "speech", "I want to book a table"),
        ("program", "say", "Goodbye"),
    ]
    fetched = acme_client.calls(made["sid"]).fetch()
    assert (fetched.status, fetched.direction) == ("completed", "inbound")
    assert fetched.duration == status.params["CallDuration"]
    assert int(fetched.duration) > 5
    assert float(fetched.price) < 0
    assert last(program, "/status").params["Duration"] == "1"
    assert shown(sandbox, made["sid"])["waits_for"] is None


def jwt(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a JSON Web Token."""
    head, claims, signature = (
        base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split(".")
    )
    assert len(signature) == 64  # as ES256 makes them
    return json.loads(head), json.loads(claims)


def told_of_the_caller(
    sandbox: SandboxProcess, program: Receiver, stir_verstat: str
) -> tuple[str, dict[str, str]]:
    """A call's SID, and what the request for its document said."""
    answering(sandbox, program, twiml("<Hangup/>"))
    made = call(sandbox, stir_verstat=stir_verstat)
    return made["sid"], last(program, "/voice").params


def test_a_call_brings_a_token_to_pass_it_on_with(
    sandbox: SandboxProcess, program: Receiver
) -> None:
    sid, told = told_of_the_caller(sandbox, program, "TN-Validation-Failed-A")

    proof = json.loads(unquote(told["CallToken"]))
    head, claims = jwt(proof["parentCallInfoToken"])
    assert head == {"alg": "ES256"}
    assert (claims["callSid"], claims["from"], claims["to"]) == (sid, CALLER, NUMBER)
    assert claims["iat"].isdigit()
    assert "StirPassportToken" not in told


def test_a_caller_who_was_validated_has_a_passport(
    sandbox: SandboxProcess, program: Receiver
) -> None:
    _, told = told_of_the_caller(sandbox, program, "TN-Validation-Passed-B")

    head, claims = jwt(told["StirPassportToken"])
    assert (head["alg"], head["ppt"], head["typ"]) == ("ES256", "shaken", "passport")
    assert claims["attest"] == "B"
    assert (claims["orig"], claims["dest"]) == ({"tn": CALLER[1:]}, {"tn": [NUMBER[1:]]})
    proof = json.loads(unquote(told["CallToken"]))
    assert proof["identityHeaderTokens"] == [told["StirPassportToken"]]


def test_a_call_counts_in_the_usage(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    answering(sandbox, program, twiml('<Pause length="61"/>'))
    sid = call(sandbox)["sid"]
    pass_time(sandbox, minutes=2)

    (record,) = acme_client.usage.records.list(category="calls-inbound-local")
    assert (record.count, record.usage) == ("1", "2")
    assert float(record.price) == -float(acme_client.calls(sid).fetch().price)


# Which program is asked


def test_an_application_beats_the_urls_of_the_number(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    application = acme_client.applications.create(
        friendly_name="Voice",
        voice_url=program.on("/application", twiml("<Hangup/>")),
        voice_method="GET",
        status_callback=program.url + "/application/status",
    )
    answering(
        sandbox,
        program,
        twiml("<Hangup/>"),
        voice_application_sid=application.sid,
        status_callback=program.url + "/status",
    )
    call(sandbox)

    paths = [(each.method, each.path) for each in program.received]
    assert paths == [("GET", "/application"), ("POST", "/application/status")]


@pytest.mark.parametrize(
    ("option", "status", "heard"),
    [("rejected", "no-answer", []), ("apologized", "completed", [("program", "say", APOLOGY)])],
)
def test_a_number_without_a_program(
    sandbox: SandboxProcess, option: str, status: str, heard: list[Any]
) -> None:
    sandbox.control("POST", "switches", {"call_without_voice_url": option})
    sandbox.add_numbers(numbers=[{"phone_number": NUMBER}])
    sid = call(sandbox)["sid"]
    pass_time(sandbox, minutes=1)

    assert shown(sandbox, sid)["status"] == status
    assert lines(sandbox, sid) == heard


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"trunk_sid": "TK" + "1" * 32}, "trunk"),
        ({"capabilities": {"voice": False, "sms": True, "mms": True, "fax": False}}, "receive"),
    ],
)
def test_calls_that_reach_no_program(
    sandbox: SandboxProcess, program: Receiver, settings: dict[str, Any], reason: str
) -> None:
    answering(sandbox, program, twiml("<Hangup/>"), **settings)

    refused = call(sandbox)
    assert refused["sid"] is None
    assert reason in refused["reason"]
    assert program.received == []


def test_a_suspended_account_gets_no_calls(sandbox: SandboxProcess, program: Receiver) -> None:
    answering(sandbox, program, twiml("<Hangup/>"))
    sandbox.suspend()

    assert call(sandbox) == {"sid": None, "reason": "the account is suspended"}
    assert program.received == []


def test_what_is_told_of_the_caller(sandbox: SandboxProcess, program: Receiver) -> None:
    answering(sandbox, program, twiml("<Hangup/>"), voice_caller_id_lookup=True)
    call(
        sandbox,
        **{"from": "anonymous"},
        caller_name="JANE DOE",
        forwarded_from="+14155550111",
        stir_verstat="No-TN-Validation",
    )

    told = program.received[0].params
    assert (told["From"], told["CallerName"], told["ForwardedFrom"]) == (
        "anonymous",
        "JANE DOE",
        "+14155550111",
    )
    assert (told["StirVerstat"], told["FromCity"]) == ("No-TN-Validation", "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"from": "Jane"},
        {"script": [{"shout": "Hello"}]},
        {"script": [{"press": "E"}]},
        {"script": [{"wait": -1}]},
        {"hang_up_after": "soon"},
        {"stir_verstat": "fine"},
        {"caller_name": 7},
    ],
)
def test_a_caller_that_cannot_be(
    sandbox: SandboxProcess, program: Receiver, wrong: dict[str, Any]
) -> None:
    answering(sandbox, program, twiml("<Hangup/>"))

    with pytest.raises(SandboxRefused, match="400"):
        call(sandbox, **wrong)
    assert call(sandbox)["status"] == "ringing"
    with pytest.raises(SandboxRefused, match="404"):
        call(sandbox, to="+14155550000")


# Failures of the program


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Reply(500), 11200),
        (Reply(body="<Response>"), 12100),
        (Reply(body="<Answer/>"), 12100),
        (Reply(body=""), 12100),
        (Reply(body="{}", content_type="application/json"), 12300),
    ],
)
@pytest.mark.parametrize("has_fallback", [True, False])
def test_a_program_that_fails(
    sandbox: SandboxProcess,
    program: Receiver,
    acme_client: Client,
    answer: Reply,
    code: int,
    has_fallback: bool,
) -> None:
    fallback = program.on("/fallback", twiml("<Say>Try again later</Say>"))
    answering(sandbox, program, answer, voice_fallback_url=fallback if has_fallback else None)
    sid = call(sandbox)["sid"]
    pass_time(sandbox, minutes=1)

    assert codes(acme_client) == [code]
    said = "Try again later" if has_fallback else APOLOGY
    assert lines(sandbox, sid) == [("program", "say", said)]
    assert shown(sandbox, sid)["status"] == "completed"
    if has_fallback:
        told = last(program, "/fallback").params
        assert (told["ErrorCode"], told["ErrorUrl"]) == (str(code), program.url + "/voice")
        assert told["CallSid"] == sid


@pytest.mark.parametrize(
    ("answer", "errors"), [("nor this", [12100, 12100]), (Reply(500), [11200, 12100])]
)
def test_a_fallback_that_fails_too(
    sandbox: SandboxProcess,
    program: Receiver,
    acme_client: Client,
    answer: Reply | str,
    errors: list[int],
) -> None:
    fallback = program.on("/fallback", "no document")
    answering(sandbox, program, answer, voice_fallback_url=fallback)
    sid = call(sandbox)["sid"]

    assert sorted(codes(acme_client)) == errors
    assert len(program.at("/fallback")) == 1
    assert lines(sandbox, sid) == [("program", "say", APOLOGY)]


def test_what_a_document_may_not_have_is_left_out(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    answering(
        sandbox,
        program,
        twiml(
            "<Enqueue>support</Enqueue>",
            '<Say tone="warm">Hello <break/>again</Say>',
            '<Gather timeout="1"><Hangup/></Gather>',
        ),
    )
    sid = call(sandbox)["sid"]
    pass_time(sandbox, minutes=1)

    assert codes(acme_client) == [12200] * 3
    assert lines(sandbox, sid) == [("program", "say", "Hello again")]


def test_documents_that_lead_round_in_a_circle_end(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client
) -> None:
    answering(sandbox, program, twiml("<Redirect>/voice</Redirect>"))
    sid = call(sandbox)["sid"]

    assert codes(acme_client) == [11215]
    assert lines(sandbox, sid) == [("program", "say", APOLOGY)]


@pytest.mark.parametrize(
    ("answer", "warnings"),
    [
        (Reply(204), []),
        (Reply(200), []),
        (Reply(200, twiml()), []),
        (Reply(200, twiml("<Say>Hello</Say>")), [15003]),
        (Reply(200, "OK", "text/plain"), [15003]),
        (Reply(500), [11200]),
    ],
)
def test_what_a_status_callback_is_answered_with(
    sandbox: SandboxProcess,
    program: Receiver,
    acme_client: Client,
    answer: Reply,
    warnings: list[int],
) -> None:
    answering(sandbox, program, twiml("<Reject/>"), status_callback=program.on("/status", answer))
    call(sandbox)

    assert codes(acme_client) == warnings


# Verbs


def test_speaking_takes_time(sandbox: SandboxProcess, program: Receiver) -> None:
    answering(
        sandbox,
        program,
        twiml(
            "<Say>one two three four five six seven eight nine ten</Say>",
            '<Say loop="2">one two three four five</Say>',
            "<Play>/music.mp3</Play>",
            '<Play digits="12"/>',
            '<Pause length="7"/>',
        ),
    )
    sid = call(sandbox)["sid"]
    pass_time(sandbox, minutes=1)

    heard = shown(sandbox, sid)["heard"]
    assert [(each["kind"], each["seconds"]) for each in heard] == [
        ("say", 4.0),
        ("say", 4.0),
        ("play", 3.0),
        ("digits", 1.0),
        ("pause", 7.0),
    ]
    assert shown(sandbox, sid)["duration"] == "19"


@pytest.mark.parametrize(
    ("verb", "status"),
    [("<Reject/>", "no-answer"), ('<Reject reason="busy"/>', "busy")],
)
def test_a_call_is_rejected(
    sandbox: SandboxProcess, program: Receiver, verb: str, status: str
) -> None:
    answering(sandbox, program, twiml(verb, "<Say>Never heard</Say>"))
    made = shown(sandbox, call(sandbox)["sid"])

    assert (made["status"], made["price"], made["duration"]) == (status, None, "0")
    assert made["heard"] == []


def test_a_reject_that_comes_later_ends_the_call(
    sandbox: SandboxProcess, program: Receiver
) -> None:
    answering(sandbox, program, twiml("<Say>Hello</Say>", "<Reject/>"))
    sid = call(sandbox)["sid"]
    pass_time(sandbox, minutes=1)

    assert shown(sandbox, sid)["status"] == "completed"


def test_a_redirect_leads_to_another_document(sandbox: SandboxProcess, program: Receiver) -> None:
    answering(
        sandbox, program, twiml('<Redirect method="GET">there?x=1&amp;y=2</Redirect>', "<Hangup/>")
    )
    program.on("/there", twiml("<Say>There</Say>"))
    sid = call(sandbox)["sid"]

    redirected = last(program, "/there")
    assert (redirected.method, redirected.params["y"]) == ("GET", "2")
    assert redirected.is_signed_with(sandbox.acme_token)
    assert lines(sandbox, sid) == [("program", "say", "There")]


def test_an_empty_document_ends_the_call(sandbox: SandboxProcess, program: Receiver) -> None:
    answering(sandbox, program, twiml())
    made = shown(sandbox, call(sandbox)["sid"])

    assert (made["status"], made["duration"]) == ("completed", "0")


# People


def test_a_caller_hangs_up_when_they_said(sandbox: SandboxProcess, program: Receiver) -> None:
    answering(sandbox, program, twiml('<Pause length="600"/>'))
    sid = call(sandbox, hang_up_after=30)["sid"]
    pass_time(sandbox, minutes=1)

    assert shown(sandbox, sid)["status"] == "completed"
    assert shown(sandbox, sid)["duration"] in ("29", "30")


def test_a_caller_who_hangs_up_before_the_answer(
    sandbox: SandboxProcess, program: Receiver
) -> None:
    answering(sandbox, program, Reply(body=twiml("<Say>Too late</Say>"), seconds=0.5))
    sid = sandbox.control("POST", "calls", {"from": CALLER, "to": NUMBER})["sid"]
    program.wait_for(1)
    sandbox.control("POST", f"calls/{sid}/hang-up")
    sandbox.control("POST", "settle")

    made = shown(sandbox, sid)
    assert (made["status"], made["price"], made["heard"]) == ("no-answer", None, [])


def test_a_live_person_holds_the_conversation(sandbox: SandboxProcess, program: Receiver) -> None:
    turn = twiml(
        '<Gather input="speech dtmf" numDigits="2" action="/turn"><Say>And now?</Say></Gather>',
        "<Say>I cannot hear you</Say>",
    )
    answering(sandbox, program, turn)
    program.on("/turn", turn)
    sid = call(sandbox, script=None)["sid"]

    def told() -> dict[str, str]:
        pass_time(sandbox, hours=1)
        return last(program, "/turn").params

    pass_time(sandbox, minutes=1)
    assert (shown(sandbox, sid)["waits_for"], shown(sandbox, sid)["live"]) == ("gather", True)
    sandbox.control("POST", f"calls/{sid}/say", {"text": "Hello", "confidence": 0.5})
    assert (told()["SpeechResult"], told()["Confidence"]) == ("Hello", "0.5")
    sandbox.control("POST", f"calls/{sid}/press", {"digits": "42"})
    assert told()["Digits"] == "42"
    sandbox.control("POST", f"calls/{sid}/silent")
    pass_time(sandbox, minutes=1)
    assert lines(sandbox, sid)[-1] == ("program", "say", "I cannot hear you")
    assert shown(sandbox, sid)["status"] == "completed"
    for what in ("say", "press", "silent", "hang-up"):
        with pytest.raises(SandboxRefused, match="409"):
            sandbox.control("POST", f"calls/{sid}/{what}", {"text": "Hello?", "digits": "1"})


def test_a_live_person_hangs_up(sandbox: SandboxProcess, program: Receiver) -> None:
    answering(sandbox, program, twiml('<Gather action="/turn"/>'))
    sid = call(sandbox, script=None)["sid"]

    assert sandbox.control("POST", f"calls/{sid}/hang-up")["status"] == "completed"
    assert program.at("/turn") == []
    assert [each["sid"] for each in sandbox.control("GET", "calls")["calls"]] == [sid]
