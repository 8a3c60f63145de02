"""`<Gather>`: what people say and press, and what they do not (facts 6.1)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.callers import (
    answering,
    call,
    codes,
    last,
    lines,
    pass_time,
    shown,
    twiml,
)
from tests.twilio_sandbox.receiver import Receiver


@pytest.fixture
def program() -> Iterator[Receiver]:
    with Receiver() as receiver:
        receiver.on("/turn", twiml("<Hangup/>"))
        yield receiver


@pytest.mark.parametrize(
    ("attributes", "script", "digits", "finished_on"),
    [
        ('numDigits="2"', [{"press": "123"}], "12", ""),
        ("", [{"press": "12#"}], "12", "#"),
        ('finishOnKey="*"', [{"press": "1#2*"}], "1#2", "*"),
        ('finishOnKey=""', [{"press": "1#"}], "1#", ""),
        ("", [{"press": "1"}, {"press": "2"}], "12", ""),
        ("", [{"press": "1"}, {"wait": 20}, {"press": "2"}], "1", ""),
        ('input="dtmf speech"', [{"press": "7#"}, {"say": "Hello"}], "7", "#"),
    ],
)
def test_keys(
    sandbox: SandboxProcess,
    program: Receiver,
    attributes: str,
    script: list[dict[str, Any]],
    digits: str,
    finished_on: str,
) -> None:
    answering(sandbox, program, twiml(f'<Gather action="/turn" {attributes}/>'))
    call(sandbox, script=script)
    pass_time(sandbox, minutes=1)

    (told,) = program.at("/turn")
    assert told.params["Digits"] == digits
    assert (told.params["FinishedOnKey"], told.params["msg"]) == (finished_on, "Gather End")
    assert "SpeechResult" not in told.params
    assert told.is_signed_with(sandbox.acme_token)


@pytest.mark.parametrize(
    ("attributes", "script"),
    [
        ('input="dtmf"', [{"say": "Hello"}]),
        ('input="speech"', [{"press": "1#"}]),
        ("", [{"press": "#"}]),
        ('timeout="3"', [{"wait": 4}, {"press": "1#"}]),
        ("", []),
    ],
)
def test_without_input_the_next_verb_follows(
    sandbox: SandboxProcess, program: Receiver, attributes: str, script: list[dict[str, Any]]
) -> None:
    answering(
        sandbox, program, twiml(f'<Gather action="/turn" {attributes}/>', "<Say>Nothing</Say>")
    )
    sid = call(sandbox, script=script)["sid"]
    pass_time(sandbox, minutes=1)

    assert program.at("/turn") == []
    assert lines(sandbox, sid)[-1] == ("program", "say", "Nothing")


@pytest.mark.parametrize(
    ("listens_to", "option", "sent"),
    [
        ("dtmf", "empty", {"Digits": "", "FinishedOnKey": "", "msg": "Gather End"}),
        ("speech", "empty", {"SpeechResult": ""}),
        ("dtmf speech", "absent", {}),
    ],
)
def test_the_action_can_be_told_of_nothing(
    sandbox: SandboxProcess,
    program: Receiver,
    listens_to: str,
    option: str,
    sent: dict[str, str],
) -> None:
    sandbox.control("POST", "switches", {"empty_gather": option})
    answering(
        sandbox,
        program,
        twiml(f'<Gather action="/turn" input="{listens_to}" actionOnEmptyResult="true"/>'),
    )
    call(sandbox)
    pass_time(sandbox, minutes=1)

    told = last(program, "/turn").params
    names = ("Digits", "FinishedOnKey", "msg", "SpeechResult")
    assert {name: told[name] for name in names if name in told} == sent


def test_without_an_action_the_document_is_asked_again(
    sandbox: SandboxProcess, program: Receiver
) -> None:
    answering(
        sandbox,
        program,
        lambda received: twiml("<Hangup/>" if "Digits" in received.params else "<Gather/>"),
        voice_method="GET",
    )
    call(sandbox, script=[{"press": "1#"}])
    pass_time(sandbox, minutes=1)

    assert [(each.method, each.path) for each in program.received] == [("GET", "/voice")] * 2


@pytest.mark.parametrize(
    ("attributes", "seconds"),
    [('speechTimeout="auto"', 5), ('speechTimeout="3"', 7), ('timeout="9"', 13)],
)
def test_how_long_silence_has_to_last(
    sandbox: SandboxProcess, program: Receiver, attributes: str, seconds: int
) -> None:
    answering(sandbox, program, twiml(f'<Gather input="speech" action="/turn" {attributes}/>'))
    words = "one two three four five six seven"  # 2.8 s, said a second after the program listens
    sid = call(sandbox, script=[{"say": words}])["sid"]
    pass_time(sandbox, minutes=1)

    assert last(program, "/turn").params["SpeechResult"] == words
    assert abs(int(shown(sandbox, sid)["duration"]) - seconds) <= 1


def test_what_is_said_was_finished_on_no_key(sandbox: SandboxProcess, program: Receiver) -> None:
    answering(sandbox, program, twiml('<Gather input="dtmf speech" action="/turn"/>'))
    call(sandbox, script=[{"say": "Hello"}])
    pass_time(sandbox, minutes=1)

    told = last(program, "/turn").params
    assert told["SpeechResult"] == "Hello"
    assert not {"FinishedOnKey", "msg"} & told.keys()


def test_keys_count_for_more_than_words(sandbox: SandboxProcess, program: Receiver) -> None:
    gather = twiml('<Gather input="speech dtmf" action="/turn"/>')
    answering(sandbox, program, gather)
    call(sandbox, script=[{"say": "Well, let me"}, {"press": "1#"}])
    pass_time(sandbox, minutes=1)

    told = last(program, "/turn").params
    assert told["Digits"] == "1"
    assert "SpeechResult" not in told


def test_one_thing_is_said_to_a_gather(sandbox: SandboxProcess, program: Receiver) -> None:
    answering(sandbox, program, twiml('<Gather input="speech" action="/turn"/>'))
    program.on("/turn", twiml('<Gather input="speech" action="/second"/>'))
    call(sandbox, script=[{"say": "A table"}, {"say": "For two"}])
    pass_time(sandbox, minutes=1)

    assert last(program, "/turn").params["SpeechResult"] == "A table"
    assert last(program, "/second").params["SpeechResult"] == "For two"


def test_what_is_recognized_meanwhile(sandbox: SandboxProcess, program: Receiver) -> None:
    partial = program.on("/partial", twiml("<Say>Ignored</Say>"))
    gather = f'<Gather input="speech" action="/turn" partialResultCallback="{partial}"/>'
    answering(sandbox, program, twiml(gather))
    sid = call(sandbox, script=[{"say": "I want to book"}])["sid"]
    pass_time(sandbox, minutes=1)

    told = [each.params for each in program.at("/partial")]
    assert sorted(each["UnstableSpeechResult"] for each in told) == ["I want", "I want to book"]
    assert lines(sandbox, sid) == [("person", "speech", "I want to book")]


@pytest.mark.parametrize("model", ["default", "deepgram_nova-2"])
def test_models_that_need_a_number_of_seconds(
    sandbox: SandboxProcess, program: Receiver, acme_client: Client, model: str
) -> None:
    gather = f'<Gather input="speech" speechTimeout="auto" speechModel="{model}" action="/turn"/>'
    answering(sandbox, program, twiml(gather))
    call(sandbox, script=[{"say": "Hello"}])
    pass_time(sandbox, minutes=1)

    assert codes(acme_client) == [13335]
    assert program.at("/turn") == []


def test_a_person_listens_to_what_is_nested(sandbox: SandboxProcess, program: Receiver) -> None:
    nested = "<Say>For sales</Say><Pause/><Play>/jingle.mp3</Play>"
    answering(sandbox, program, twiml(f'<Gather numDigits="1" action="/turn">{nested}</Gather>'))
    sid = call(sandbox, script=[{"press": "1"}])["sid"]
    pass_time(sandbox, minutes=1)

    kinds = [kind for _, kind, _ in lines(sandbox, sid)]
    assert kinds == ["say", "pause", "play", "digits"]


def test_a_script_interrupts_nobody(sandbox: SandboxProcess, program: Receiver) -> None:
    first = '<Gather input="speech" timeout="2"/>'
    second = f'<Gather input="speech" action="/turn"><Say>{"blah " * 20}</Say></Gather>'
    answering(sandbox, program, twiml(first, second))
    sid = call(sandbox, script=[{"wait": 3}, {"say": "Hello"}])["sid"]
    pass_time(sandbox, minutes=1)

    prompt, speech = shown(sandbox, sid)["heard"]
    begun = [datetime.fromisoformat(each["at"]) for each in (prompt, speech)]
    assert (begun[1] - begun[0]).total_seconds() >= prompt["seconds"]
    assert last(program, "/turn").params["SpeechResult"] == "Hello"


def test_a_script_waits_from_one_gather_to_the_next(
    sandbox: SandboxProcess, program: Receiver
) -> None:
    gathers = [f'<Gather input="speech" timeout="4" action="/{n}"/>' for n in (1, 2, 3)]
    answering(sandbox, program, twiml(*gathers))
    call(sandbox, script=[{"wait": 8}, {"say": "Hello"}])
    pass_time(sandbox, minutes=1)

    assert [each.path for each in program.received] == ["/voice", "/3"]


@pytest.mark.parametrize(("barge_in", "interrupts"), [("true", True), ("false", False)])
def test_a_live_person_interrupts(
    sandbox: SandboxProcess, program: Receiver, barge_in: str, interrupts: bool
) -> None:
    nested = f"<Say>{'blah ' * 200}</Say>"  # 80 s
    gather = f'<Gather input="speech" bargeIn="{barge_in}" action="/turn">{nested}</Gather>'
    answering(sandbox, program, twiml(gather))
    sid = call(sandbox, script=None)["sid"]

    assert shown(sandbox, sid)["waits_for"] == "prompt"
    sandbox.control("POST", f"calls/{sid}/say", {"text": "Enough"})
    pass_time(sandbox, seconds=20)
    assert bool(program.at("/turn")) is interrupts
