"""How webhooks travel: signatures, limits, retries, redirects (twilio-facts 5.1, 5.2)."""

from __future__ import annotations

import ast
import hashlib
import re
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from twilio.rest import Client

from tests.sandbox_process import ROOT, SandboxProcess
from tests.twilio_sandbox.callers import answering, call, pass_time, twiml
from tests.twilio_sandbox.hooks import send_webhook
from tests.twilio_sandbox.ports import post
from tests.twilio_sandbox.receiver import Received, Receiver, Reply
from twilio_sandbox import control, seed
from twilio_sandbox.engine import Engine, Room
from twilio_sandbox.faults import Fault
from twilio_sandbox.timers import ACTIONS
from twilio_sandbox.webhooks.courier import Allowed, Overrides, signature
from twilio_sandbox.webhooks.sending import send

pytestmark = pytest.mark.process

PHONE = "+14155550123"
NOBODY = "http://127.0.0.1:9/nobody"
TOKEN = "I-Twilio-Idempotency-Token"


def attempts(sandbox: SandboxProcess) -> list[dict[str, Any]]:
    """What was tried for the last webhook."""
    found: list[dict[str, Any]] = sandbox.control("GET", "webhooks")["webhooks"][0]["attempts"]
    return found


def tokens(received: list[Received]) -> set[str]:
    return {each.headers[TOKEN] for each in received}


def texted(sandbox: SandboxProcess, url: str, *, method: str = "POST") -> str:
    """A number of Acme whose texts are told to `url`."""
    number = sandbox.client().incoming_phone_numbers.create(
        area_code="415", sms_url=url, sms_method=method
    )
    return str(number.phone_number)


def write(sandbox: SandboxProcess, number: str, body: str = "Hello") -> None:
    sandbox.control("POST", "messages", {"from": PHONE, "to": number, "body": body})


# Signatures: one of each kind


def make_inbound_text(sandbox: SandboxProcess, program: Receiver) -> None:
    write(sandbox, texted(sandbox, program.url + "/sms"))


def make_inbound_text_by_get(sandbox: SandboxProcess, program: Receiver) -> None:
    write(sandbox, texted(sandbox, program.url + "/sms?line=1", method="GET"))


def make_status_of_a_text(sandbox: SandboxProcess, program: Receiver) -> None:
    client, callback = sandbox.client(), program.url + "/status"
    sender = texted(sandbox, "")
    client.messages.create(to=PHONE, from_=sender, body="é & Ü", status_callback=callback)
    sandbox.forward(minutes=1)


def make_port(sandbox: SandboxProcess, program: Receiver) -> None:
    wanted = SimpleNamespace(to_dict=lambda: {"port_in_target_url": program.url + "/port"})
    parent = sandbox.client(sandbox.main_sid, sandbox.main_token)
    parent.numbers.v1.porting_webhook_configurations.create(wanted)
    sid = post(sandbox)["port_in_request_sid"]
    sandbox.control("POST", f"ports/{sid}/state", {"state": "completed"})


def make_port_as_form(sandbox: SandboxProcess, program: Receiver) -> None:
    sandbox.control("POST", "switches", {"porting_webhook_encoding": "form"})
    make_port(sandbox, program)


def make_call(sandbox: SandboxProcess, program: Receiver) -> None:
    """A caller who says something, and is told of meanwhile and afterwards."""
    partial = 'partialResultCallback="/partial"'
    gather = f'<Gather input="speech" action="/turn?n=1" {partial}/>'
    answering(sandbox, program, twiml(gather), status_callback=program.url + "/status")
    call(sandbox, script=[{"say": "I'd like a café & more"}])
    pass_time(sandbox, minutes=1)


def make_call_by_get(sandbox: SandboxProcess, program: Receiver) -> None:
    gather = '<Gather numDigits="1" action="/turn?n=1" method="GET"/>'
    answering(sandbox, program, twiml(gather), voice_method="GET")
    call(sandbox, script=[{"press": "1"}])
    pass_time(sandbox, minutes=1)


def make_recording(sandbox: SandboxProcess, program: Receiver) -> None:
    record = '<Record recordingStatusCallback="/kept" transcribeCallback="/text"/>'
    answering(sandbox, program, twiml(record, "<Hangup/>"))
    call(sandbox, script=[{"say": "Call me back"}, {"hang_up": True}])
    pass_time(sandbox, minutes=1)


def make_live_transcription(sandbox: SandboxProcess, program: Receiver) -> None:
    start = '<Start><Transcription statusCallbackUrl="/live"/></Start>'
    answering(sandbox, program, twiml(start, "<Say>Good morning &amp; welcome</Say>"))
    call(sandbox)
    pass_time(sandbox, minutes=1)


def make_live_transcription_by_get(sandbox: SandboxProcess, program: Receiver) -> None:
    """One that works, and one whose engine does not exist."""
    told = 'statusCallbackUrl="/live?n=1" statusCallbackMethod="GET"'
    nouns = (f"<Transcription {told} {engine}/>" for engine in ("", 'transcriptionEngine="none"'))
    starts = (f"<Start>{noun}</Start>" for noun in nouns)
    answering(sandbox, program, twiml(*starts, "<Say>Good morning</Say>"))
    call(sandbox)
    pass_time(sandbox, minutes=1)


def make_detection(sandbox: SandboxProcess, program: Receiver) -> None:
    sandbox.client().calls.create(
        to=PHONE,
        from_=texted(sandbox, ""),
        twiml=twiml('<Pause length="9"/>'),
        machine_detection="Enable",
        async_amd="true",
        async_amd_status_callback=program.url + "/found",
    )
    pass_time(sandbox, minutes=1)


MAKERS: dict[str, list[Callable[[SandboxProcess, Receiver], None]]] = {
    "sms.inbound": [make_inbound_text, make_inbound_text_by_get],
    "sms.status": [make_status_of_a_text],
    "call.answer": [make_call, make_call_by_get],
    "call.action": [make_call, make_call_by_get],
    "call.partial": [make_call],
    "call.status": [make_call],
    "call.detection": [make_detection],
    "recording.status": [make_recording],
    "transcription.status": [make_recording],
    "transcription.started": [make_live_transcription, make_live_transcription_by_get],
    "transcription.content": [make_live_transcription, make_live_transcription_by_get],
    "transcription.stopped": [make_live_transcription, make_live_transcription_by_get],
    "transcription.error": [make_live_transcription_by_get],
    "port.number": [make_port, make_port_as_form],
    "port.request": [make_port, make_port_as_form],
}


def kinds_in_the_source() -> set[str]:
    """The names that modules which send webhooks have for them, and for no action of theirs."""
    assert control.CALLS  # everything is imported, so that every action is known
    named: set[str] = set()
    for file in (ROOT / "twilio_sandbox").rglob("*.py"):
        source = file.read_text("utf-8")
        if "webhooks.sending" in source or "webhooks import sending" in source:
            texts = {n.value for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Constant)}
            named.update(text for text in texts if isinstance(text, str))
    return {name for name in named - set(ACTIONS) if re.fullmatch(r"[a-z]+\.[a-z_]+", name)}


def test_every_kind_is_made_here() -> None:
    assert kinds_in_the_source() == set(MAKERS)


@pytest.mark.parametrize(
    ("kind", "make"),
    [(kind, make) for kind, makers in MAKERS.items() for make in makers],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_twilios_validator_accepts_every_webhook(
    sandbox: SandboxProcess, kind: str, make: Callable[[SandboxProcess, Receiver], None]
) -> None:
    for client in (sandbox.client(), sandbox.client(sandbox.main_sid, sandbox.main_token)):
        client.accounts.v1.secondary_auth_token().create()
        client.accounts.v1.auth_token_promotion().update()
    old = {sandbox.acme_token, sandbox.main_token}
    sandbox.refresh()

    with Receiver() as program:
        make(sandbox, program)
        sandbox.control("POST", "settle")

    assert kind in {hook["kind"] for hook in sandbox.control("GET", "webhooks")["webhooks"]}
    assert program.received
    for received in program.received:
        token = sandbox.main_token if kind.startswith("port.") else sandbox.acme_token
        assert received.is_signed_with(token)
        assert not any(received.is_signed_with(each) for each in old)
        if received.json is not None:
            digest = hashlib.sha256(received.body.encode()).hexdigest()
            assert parse_qs(urlsplit(received.url).query)["bodySHA256"] == [digest]


FORM = {"CallSid": "CA1234567890ABCDE", "Digits": "1234", "To": "+18005551212"}


@pytest.mark.parametrize(
    ("caller", "url", "form", "expected"),
    [
        (
            "+12349013030",
            "https://mycompany.com/myapp.php?foo=1&bar=2",
            FORM,
            "0/KCTR6DLpKmkAf8muzZqo1nDgQ=",
        ),
        (
            "+14158675310",
            "https://mycompany.com/myapp.php?foo=1&bar=2",
            FORM,
            "GvWf1cFY/Q7PnoempGyD5oXAezc=",
        ),
        (
            None,
            "https://ops.example.com/hooks/porting"
            "?bodySHA256=6ff92ba829f9b7445f54f91ffde68b03410a99fd80e5d9b9f415e139b47a60d0",
            {},
            "cV2iuTJADrLYaT3PcZgiQRQVWCA=",
        ),
    ],
)
def test_published_signatures_come_out(
    caller: str | None, url: str, form: dict[str, str], expected: str
) -> None:
    """The vectors of twilio-facts 5.1."""
    pairs = form | ({"Caller": caller, "From": caller} if caller else {})

    assert signature("12345", url, pairs.items()) == expected


# Limits and connection overrides


def test_the_limits_are_twilios() -> None:
    usual = Overrides.of("https://example.com/")

    assert (usual.connect, usual.read, usual.total) == (5, 15, 15)
    assert (usual.retries, set(usual.policy)) == (1, {"ct"})


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        ("ct=100&rt=100&tt=100&rc=0&rp=5xx", (0.1, 0.1, 0.1, 0, {"5xx"})),
        ("ct=10000&rt=15000&tt=15000&rc=5&rp=4xx,rt", (10, 15, 15, 5, {"4xx", "rt"})),
        ("ct=99&rt=99&tt=15001&rc=6&rp=2xx", (5, 15, 15, 1, {"ct"})),
        ("ct=10001&rt=x&tt=-1&rc=&e=ashburn", (5, 15, 15, 1, {"ct"})),
    ],
)
def test_what_is_out_of_range_does_not_count(
    fragment: str, expected: tuple[float, float, float, int, set[str]]
) -> None:
    given = Overrides.of(f"https://example.com/#{fragment}")

    assert (given.connect, given.read, given.total, given.retries, set(given.policy)) == expected


def test_an_answer_that_comes_too_late_is_none(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    with Receiver() as program:
        url = program.on("/slow", Reply(seconds=2)) + "#rt=100"
        send_webhook(sandbox, url, program.url + "/fallback")

    assert [each["error"] for each in attempts(sandbox)] == ["no answer in time", None]
    fallback = program.at("/fallback")[0]
    assert (fallback.params["ErrorCode"], fallback.params["ErrorUrl"]) == ("11200", url)
    assert [each.error_code for each in acme_client.monitor.v1.alerts.list()] == ["11200"]


def test_the_total_time_ends_the_retries(sandbox: SandboxProcess) -> None:
    with Receiver() as program:
        url = program.on("/slow", Reply(seconds=3))
        send_webhook(sandbox, f"{url}#rt=1000&tt=1500&rc=5&rp=rt")

    assert 1 <= len(program.received) <= 2
    assert {each["error"] for each in attempts(sandbox)} == {"no answer in time"}


def test_a_fragment_is_neither_sent_nor_signed(sandbox: SandboxProcess) -> None:
    with Receiver() as program:
        send_webhook(sandbox, f"{program.url}/text?a=1#ct=2000&rc=0")

    assert program.received[0].url == f"{program.url}/text?a=1"
    assert program.received[0].is_signed_with(sandbox.acme_token)


# Retries


def test_without_a_connection_it_is_tried_twice_then_the_fallback(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    with Receiver() as program:
        send_webhook(sandbox, NOBODY, program.url + "/fallback")

    assert [each["url"] for each in attempts(sandbox)[:2]] == [NOBODY] * 2
    assert [each["is_fallback"] for each in attempts(sandbox)] == [False, False, True]
    assert program.received[0].params["ErrorCode"] == "11205"
    assert [each.error_code for each in acme_client.monitor.v1.alerts.list()] == ["11205"]


@pytest.mark.parametrize(
    ("status", "fragment", "count"),
    [
        (500, "", 1),
        (404, "", 1),
        (500, "#rp=5xx", 2),
        (500, "#rp=5xx&rc=4", 5),
        (500, "#rp=5xx&rc=0", 1),
        (500, "#rp=4xx&rc=4", 1),
        (404, "#rp=4xx&rc=2", 3),
        (404, "#rp=all&rc=2", 3),
        (200, "#rp=all&rc=2", 1),
    ],
)
def test_the_policy_says_what_is_tried_again(
    sandbox: SandboxProcess, status: int, fragment: str, count: int
) -> None:
    with Receiver() as program:
        send_webhook(sandbox, program.on("/text", Reply(status=status)) + fragment)

    assert len(program.received) == count
    assert len(tokens(program.received)) == 1
    assert len({each.body for each in program.received}) == 1


def test_a_retry_that_works_is_a_delivery(sandbox: SandboxProcess, acme_client: Client) -> None:
    answers = [Reply(status=503), Reply()]
    with Receiver() as program:
        url = program.on("/text", lambda received: answers.pop(0))
        send_webhook(sandbox, f"{url}#rp=5xx", program.url + "/fallback")

    assert program.at("/fallback") == []
    assert sandbox.control("GET", "webhooks")["webhooks"][0]["state"] == "delivered"
    assert acme_client.monitor.v1.alerts.list() == []


def test_the_fallback_has_overrides_of_its_own_and_the_same_token(sandbox: SandboxProcess) -> None:
    with Receiver() as program:
        first = program.on("/text", Reply(status=500))
        second = program.on("/fallback", Reply(status=502))
        send_webhook(sandbox, first, f"{second}#rp=5xx&rc=2")

    assert (len(program.at("/text")), len(program.at("/fallback"))) == (1, 3)
    assert len(tokens(program.received)) == 1
    assert all(each.is_signed_with(sandbox.acme_token) for each in program.received)


def test_another_webhook_has_another_token(sandbox: SandboxProcess) -> None:
    with Receiver() as program:
        number = texted(sandbox, program.url + "/sms")
        write(sandbox, number, "one")
        write(sandbox, number, "two")
        program.wait_for(2)

    assert len(tokens(program.received)) == 2


def test_a_webhook_sent_again_has_the_same_token(sandbox: SandboxProcess) -> None:
    with Receiver() as program:
        send_webhook(sandbox, program.url + "/text")
        sid = sandbox.control("GET", "webhooks")["webhooks"][0]["sid"]
        sandbox.control("POST", f"webhooks/{sid}/send-again")
        program.wait_for(2)

    assert len(tokens(program.received)) == 1


# Redirects, and answers that are no good


@pytest.mark.parametrize(
    ("status", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")]
)
def test_a_redirect_is_followed(sandbox: SandboxProcess, status: int, method: str) -> None:
    with Receiver() as program:
        url = program.on("/old", Reply(status=status, headers={"Location": "/new"}))
        send_webhook(sandbox, url)

    assert [each.method for each in program.at("/new")] == [method]
    assert program.at("/new")[0].is_signed_with(sandbox.acme_token)
    assert program.at("/new")[0].params["Body"] == "Hello"


def test_a_circle_of_redirects_ends(sandbox: SandboxProcess, acme_client: Client) -> None:
    with Receiver() as program:
        url = program.on("/round", Reply(status=307, headers={"Location": "/round"}))
        send_webhook(sandbox, url)

    assert len(program.received) == 11
    assert [each.error_code for each in acme_client.monitor.v1.alerts.list()] == ["11215"]


@pytest.mark.parametrize(("size", "codes"), [(64 * 1024, []), (64 * 1024 + 1, ["11750"])])
def test_an_answer_has_at_most_64_kilobytes(
    sandbox: SandboxProcess, acme_client: Client, size: int, codes: list[str]
) -> None:
    with Receiver() as program:
        send_webhook(sandbox, program.on("/text", "x" * size))

    assert [each.error_code for each in acme_client.monitor.v1.alerts.list()] == codes


def test_a_webhook_goes_nowhere_but_to_this_machine(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    send_webhook(sandbox, "http://192.0.2.1/text")

    assert "is not a host that webhooks may go to" in attempts(sandbox)[0]["error"]
    assert len(acme_client.monitor.v1.alerts.list()) == 1


# Duplicates, and another order


def test_a_port_that_is_none_gets_no_answer(sandbox: SandboxProcess) -> None:
    sandbox.control(
        "POST",
        f"accounts/{sandbox.acme_sid}/numbers",
        {"numbers": [{"phone_number": "+14155559900", "sms_url": "http://127.0.0.1:99999/"}]},
    )

    text = {"from": "+12025550177", "to": "+14155559900", "body": "Hello"}
    sandbox.control("POST", "messages?settle=1", text)

    (hook,) = sandbox.control("GET", "webhooks")["webhooks"]
    assert (hook["state"], hook["error_code"]) == ("failed", 11200)


def test_every_attempt_names_the_region_and_the_same_uuid(sandbox: SandboxProcess) -> None:
    with Receiver() as program:
        url = program.on("/sms", Reply(status=500)) + "#rc=1&rp=5xx"
        write(sandbox, texted(sandbox, url))
        write(sandbox, texted(sandbox, program.url + "/other"))
        program.wait_for(3)

    assert {each.headers["X-Home-Region"] for each in program.received} == {"us1"}
    (again,) = tokens(program.at("/sms"))
    (other,) = tokens(program.at("/other"))
    assert again != other
    for token in (again, other):
        assert (str(UUID(token)), UUID(token).version) == (token, 4)


def test_a_webhook_can_come_twice(sandbox: SandboxProcess) -> None:
    sandbox.fault("webhook_twice", path="sms.inbound", times=1)
    with Receiver() as program:
        number = texted(sandbox, program.url + "/sms")
        write(sandbox, number, "one")
        write(sandbox, number, "two")
        program.wait_for(3)
        sandbox.control("POST", "settle")

    assert sorted(each.params["Body"] for each in program.received) == ["one", "one", "two"]
    twice = [each for each in program.received if each.params["Body"] == "one"]
    assert len(tokens(twice)) == 1
    assert len(tokens(program.received)) == 2


def test_a_webhook_can_come_after_the_next_one(sandbox: SandboxProcess) -> None:
    sandbox.fault("webhook_late", times=1)
    with Receiver() as program:
        number = texted(sandbox, program.url + "/sms")
        write(sandbox, number, "one")
        write(sandbox, number, "two")
        program.wait_for(2)

    assert [each.params["Body"] for each in program.received] == ["two", "one"]


def test_a_late_webhook_comes_although_nothing_follows(sandbox: SandboxProcess) -> None:
    sandbox.fault("webhook_late", times=1)
    with Receiver() as program:
        write(sandbox, texted(sandbox, program.url + "/sms"))
        sandbox.forward(seconds=10)

    assert len(program.received) == 1


def test_what_nobody_has_begun_to_send_is_late_from_now_on_when_the_clock_moves() -> None:
    world = seed.build(numbers=0, seed=1)
    room = Room(world)
    room.faults.add(Fault("webhook_late", times=1))
    engine = Engine(room, Allowed(frozenset()))  # its thread has not come to it yet
    with Receiver() as program:
        send(world, world.roles["acme"], "sms.inbound", program.url)
        engine.pass_time(lambda now: now + timedelta(seconds=10))

    assert len(program.received) == 1


# A state that is saved or exchanged while a webhook is on its way


def held(program: Receiver, let_go: threading.Event) -> str:
    """A URL whose first caller waits until it is let go."""

    def answer(received: Received) -> Reply:
        if len(program.at("/sms")) == 1:
            let_go.wait(10)
        return Reply()

    return program.on("/sms", answer)


def test_a_webhook_on_its_way_survives_a_power_cut(tmp_path: Path) -> None:
    let_go = threading.Event()
    with Receiver() as program, SandboxProcess(state=tmp_path / "state.json") as sandbox:
        write(sandbox, texted(sandbox, held(program, let_go)))
        program.wait_for(1)
        sandbox.save()
        sandbox.kill()
        let_go.set()

        sandbox.start()
        program.wait_for(2)
        sandbox.control("POST", "settle")

        assert len(tokens(program.received)) == 1
        hook = sandbox.control("GET", "webhooks")["webhooks"][0]
        assert (hook["state"], len(hook["attempts"])) == ("delivered", 1)


def test_a_world_that_is_loaded_sends_what_it_had_not_sent(tmp_path: Path) -> None:
    let_go = threading.Event()
    with Receiver() as program, SandboxProcess(state=tmp_path / "state.json") as sandbox:
        write(sandbox, texted(sandbox, held(program, let_go)))
        program.wait_for(1)
        sandbox.save()
        sandbox.control("POST", "load")
        program.wait_for(2)
        let_go.set()
        sandbox.control("POST", "settle")

        assert len(tokens(program.received)) == 1
        assert len(attempts(sandbox)) == 1
