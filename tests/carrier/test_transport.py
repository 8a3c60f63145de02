"""How Twilio is asked, whatever it is asked about: against the stand-in over real HTTP."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from pytest_django import Settings

from carrier import (
    AccountInactive,
    Carrier,
    CarrierAuthFailed,
    CarrierConfused,
    CarrierRefused,
    CarrierUnavailable,
    NotFound,
)
from carrier.bodies import Body, form, json_body, multipart
from carrier.http import ForbiddenHost
from carrier.transport import Transport
from tests.carrier.requests_made import asked
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.process

WEBHOOK = "/v1/Porting/Configuration/Webhook"
BILL = multipart(
    {"document_type": "utility_bill", "friendly_name": "April bill"},
    {"File": ("bill.pdf", b"%PDF-1.7\r\n\x00\xff" * 1000, "application/pdf")},
)


@pytest.fixture
def parent(sandbox: SandboxProcess) -> Transport:
    """Twilio as the main account reaches it."""
    return Transport(sandbox.main_sid, sandbox.main_token)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that are waited before asking again; they pass at once."""
    waited: list[float] = []
    monotonic = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: monotonic() + sum(waited))
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


# --- Trouble ---------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_burst_of_errors_is_waited_out(
    carrier: Carrier, sandbox: SandboxProcess, status: int
) -> None:
    sandbox.fault("status", status=status, times=3)

    assert len(carrier.numbers.page().records) == 27
    assert asked(sandbox) == 4


def test_twilios_wish_for_a_pause_is_honored(
    carrier: Carrier, sandbox: SandboxProcess, pauses: list[float]
) -> None:
    sandbox.fault("status", status=429, times=1, retry_after=3)

    carrier.numbers.page()

    assert pauses == [3]


def test_a_pause_longer_than_we_may_wait_ends_the_call_at_once(
    carrier: Carrier, sandbox: SandboxProcess, pauses: list[float]
) -> None:
    sandbox.fault("status", status=429, retry_after=600)

    with pytest.raises(CarrierUnavailable, match="too much at once") as error:
        carrier.numbers.page()

    assert pauses == []
    assert asked(sandbox) == 1
    assert (error.value.twilio_code, error.value.twilio_status) == (20429, 429)


def test_errors_without_end_are_given_up_in_time(
    carrier: Carrier, sandbox: SandboxProcess, settings: Settings, pauses: list[float]
) -> None:
    settings.TWILIO_RETRY_SECONDS = 20
    sandbox.fault("status", status=503)

    with pytest.raises(CarrierUnavailable, match="problem of its own"):
        carrier.numbers.page()

    assert 1 < sum(pauses) < 20
    assert asked(sandbox) == len(pauses) + 1


def test_a_hang_ends_at_the_time_limit(sandbox: SandboxProcess, settings: Settings) -> None:
    settings.TWILIO_TIMEOUT_SECONDS, settings.TWILIO_RETRY_SECONDS = 0.3, 1
    sandbox.fault("slow", seconds=30)

    with pytest.raises(CarrierUnavailable, match="no answer in time"):
        Carrier(sandbox.acme_sid, sandbox.acme_token).numbers.page()


def test_one_slow_answer_is_asked_for_again(sandbox: SandboxProcess, settings: Settings) -> None:
    settings.TWILIO_TIMEOUT_SECONDS = 2
    sandbox.fault("slow", seconds=5, times=1)

    assert len(Carrier(sandbox.acme_sid, sandbox.acme_token).numbers.page().records) == 27


def test_a_connection_cut_in_the_middle_is_asked_for_again(
    carrier: Carrier, sandbox: SandboxProcess
) -> None:
    sandbox.fault("reset", times=2)

    assert len(carrier.numbers.page().records) == 27


def test_a_twilio_that_is_not_there_is_unavailable(
    sandbox: SandboxProcess, settings: Settings
) -> None:
    settings.TWILIO_BASE_URL = "http://127.0.0.1:9"
    settings.TWILIO_RETRY_SECONDS = 0.5

    with pytest.raises(CarrierUnavailable, match="could not be reached"):
        Carrier(sandbox.acme_sid, sandbox.acme_token).numbers.page()


def test_a_wrong_token_is_not_tried_twice(sandbox: SandboxProcess) -> None:
    with pytest.raises(CarrierAuthFailed) as error:
        Carrier(sandbox.acme_sid, "0" * 32).numbers.page()

    assert error.value.twilio_code == 20003
    assert asked(sandbox) == 1


def test_a_suspended_account_is_a_refusal_of_its_own(
    carrier: Carrier, sandbox: SandboxProcess
) -> None:
    sandbox.suspend()

    with pytest.raises(AccountInactive, match="suspended or closed"):
        carrier.numbers.page()
    assert carrier.accounts.fetch().status == "suspended"


@pytest.mark.parametrize("code", [10001, 20005, 20403])
def test_every_code_for_an_inactive_account_is_known(
    carrier: Carrier, sandbox: SandboxProcess, code: int
) -> None:
    sandbox.fault("status", status=403, code=code)

    with pytest.raises(AccountInactive):
        carrier.numbers.page()


def test_an_unknown_refusal_carries_twilios_own_words(
    carrier: Carrier, sandbox: SandboxProcess
) -> None:
    sandbox.fault("status", status=400, code=29999, message="The moon is in the wrong house.")

    with pytest.raises(CarrierRefused, match=r"The moon is in the wrong house\. \(.*29999\)"):
        carrier.numbers.page()


def test_an_unknown_account_is_not_found(carrier: Carrier, sandbox: SandboxProcess) -> None:
    sandbox.fault("status", status=404)

    with pytest.raises(NotFound):
        carrier.accounts.fetch()


def test_a_redirect_is_not_followed(carrier: Carrier, sandbox: SandboxProcess) -> None:
    sandbox.fault("status", status=302)

    with pytest.raises(CarrierConfused, match="302"):
        carrier.numbers.page()
    assert asked(sandbox) == 1


# --- Where requests may lead -----------------------------------------------------------------


def test_tests_reach_this_machine_only(settings: Settings) -> None:
    for base in ("", "http://192.0.2.1:8001", "https://twilio.example"):
        settings.TWILIO_BASE_URL = base

        with pytest.raises(ForbiddenHost):
            Carrier("AC" + "0" * 32, "0" * 32).accounts.fetch()


def test_a_stand_in_on_this_machine_is_not_asked_through_a_proxy(
    sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    assert len(Carrier(sandbox.acme_sid, sandbox.acme_token).numbers.page().records) == 27


def test_no_host_but_twilios_is_asked(transport: Transport) -> None:
    with pytest.raises(ForbiddenHost):
        transport._client.request("GET", "https://api.twilio.com.evil.example/x")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "v1/Numbers",
        "//evil.example/v1",
        "/v1/../2010-04-01/Accounts.json",
        "/v1/..",
        "/v1/./x",
        "/v1/%2e%2e/x",
        "/v1/%2F",
        "/v1//x",
        "/v1/x?y=1",
        "/v1/x#y",
        "/v1/x\\y",
        "/v1/x y",
        "/v1/x\r\nX-Evil: 1",
        "/v1/x\n",
        "@evil.example/v1",
    ],
)
def test_a_path_that_leads_elsewhere_is_not_asked_for(
    transport: Transport, sandbox: SandboxProcess, path: str
) -> None:
    with pytest.raises(ValueError, match="path"):
        transport.fetch(path, host="numbers")

    assert asked(sandbox) == 0


# --- Other hosts, other bodies ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("messaging", "/v1/Services"),
        ("monitor", "/v1/Alerts"),
        ("numbers", "/v1/Porting/PortIn/PortInRequests"),
    ],
)
def test_each_of_twilios_hosts_is_reached(
    transport: Transport, sandbox: SandboxProcess, host: Any, path: str
) -> None:
    found = transport.fetch(path, host=host, params={"PageSize": 20})

    assert isinstance(found["meta"], dict)
    (request,) = sandbox.recent_requests()
    assert (request["path"], request["query"]) == (f"/{host}{path}", {"PageSize": "20"})


def test_json_arrives_with_its_nulls(parent: Transport, sandbox: SandboxProcess) -> None:
    sandbox.control("POST", "switches", {"porting_webhook_configuration_post": "keeps"})
    urls = {"port_in_target_url": "https://a.example", "port_out_target_url": "https://b.example"}
    parent.ask("POST", WEBHOOK, host="numbers", body=json_body(urls), repeat=True)

    # What is left out is kept here, and what is null is taken away.
    body = json_body({"port_out_target_url": None})
    answer = parent.ask("POST", WEBHOOK, host="numbers", body=body, repeat=True)

    assert answer.status == 201
    assert answer.json()["port_in_target_url"] == "https://a.example"
    assert answer.json()["port_out_target_url"] is None


def test_what_json_cannot_say_is_not_sent() -> None:
    with pytest.raises(ValueError, match="JSON"):
        json_body({"price": float("nan")})


def test_a_file_arrives_whole(transport: Transport) -> None:
    path = "/v1/Documents"
    answer = transport.ask("POST", path, host="numbers-upload", body=BILL, repeat=False)

    assert answer.json()["mime_type"] == "application/pdf"
    assert answer.json()["friendly_name"] == "April bill"


def test_a_file_arrives_whole_after_it_was_refused_for_a_moment(
    transport: Transport, sandbox: SandboxProcess
) -> None:
    sandbox.fault("status", status=429, times=2)

    path = "/v1/Documents"
    answer = transport.ask("POST", path, host="numbers-upload", body=BILL, repeat=False)

    assert answer.json()["mime_type"] == "application/pdf"
    assert asked(sandbox, "POST") == 3


def test_the_name_of_a_file_writes_no_headers() -> None:
    body = multipart({}, {"File": ('a"\r\nX-Evil: 1\r\n\r\n.pdf', b"x", "application/pdf")})

    assert b"\r\nX-Evil" not in body.content


def test_a_form_says_yes_no_nothing_and_several() -> None:
    body = form({"Yes": True, "No": False, "Nothing": None, "Several": ["+1 a", "b&c"]})

    assert body.content == b"Yes=true&No=false&Nothing=&Several=%2B1+a&Several=b%26c"


# --- Refusals that are answers ---------------------------------------------------------------

PORTABILITY = "/v1/Porting/Portability/PhoneNumber/%2B18885551234"


@pytest.mark.parametrize("status", [200, 400])
def test_a_number_that_cannot_be_ported_says_why_in_either_status(
    transport: Transport, sandbox: SandboxProcess, status: int
) -> None:
    sandbox.control("POST", "switches", {"not_portable_status": str(status)})

    answer = transport.ask("GET", PORTABILITY, host="numbers", repeat=True, accept=frozenset({400}))

    assert answer.status == status
    assert answer.json()["portable"] is False
    assert answer.json()["not_portable_reason_code"] == 22133


def test_a_refusal_that_nobody_asked_for_is_raised(
    transport: Transport, sandbox: SandboxProcess
) -> None:
    sandbox.control("POST", "switches", {"not_portable_status": "400"})

    with pytest.raises(CarrierRefused) as refused:
        transport.fetch(PORTABILITY, host="numbers")
    assert refused.value.twilio_status == 400

    sandbox.fault("status", status=404)
    with pytest.raises(NotFound):
        transport.ask("GET", PORTABILITY, host="numbers", repeat=True, accept=frozenset({400}))


def test_an_accepted_refusal_can_still_be_raised_by_who_understands_it(
    transport: Transport, sandbox: SandboxProcess
) -> None:
    sandbox.fault("status", status=400, code=20001, message="Invalid address")

    answer = transport.ask("GET", PORTABILITY, host="numbers", repeat=True, accept=frozenset({400}))

    assert answer.said() == (20001, "Invalid address")
    error = answer.refusal()
    assert isinstance(error, CarrierRefused)
    assert (error.twilio_code, error.twilio_status) == (20001, 400)
    assert error.request_id.startswith("RQ")


# --- What is asked twice ---------------------------------------------------------------------


@pytest.mark.parametrize("body", [form({"PhoneNumber": "+1"}), json_body({"a": 1}), BILL])
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 503},
        {"kind": "reset"},
        {"kind": "reset", "processed": True},
        {"kind": "slow", "seconds": 2},
    ],
    ids=lambda fault: "-".join(map(str, fault.values())),
)
def test_a_post_that_may_have_arrived_is_never_repeated_blindly(
    transport: Transport,
    sandbox: SandboxProcess,
    settings: Settings,
    body: Body,
    fault: dict[str, Any],
) -> None:
    settings.TWILIO_TIMEOUT_SECONDS = 0.3
    sandbox.fault(**fault, method="POST")

    with pytest.raises(CarrierUnavailable):
        transport.ask("POST", "/v1/Documents", host="numbers-upload", body=body, repeat=False)

    assert asked(sandbox, "POST") == 1


def test_a_post_that_says_that_it_does_no_harm_is_repeated(
    transport: Transport, sandbox: SandboxProcess
) -> None:
    sandbox.fault("reset", method="POST", times=2)

    transport.ask("POST", "/v1/Documents", host="numbers-upload", body=BILL, repeat=True)

    assert asked(sandbox, "POST") == 3


def test_a_refusal_is_never_asked_again(transport: Transport, sandbox: SandboxProcess) -> None:
    sandbox.fault("status", status=400)

    with pytest.raises(CarrierRefused):
        transport.fetch("/v1/Services", host="messaging")

    assert asked(sandbox) == 1


# --- Discretion ------------------------------------------------------------------------------


def test_the_token_shows_nowhere(carrier: Carrier, sandbox: SandboxProcess) -> None:
    assert sandbox.acme_token not in repr(carrier) + str(vars(carrier))


def test_logs_hold_no_number_and_no_token(
    carrier: Carrier, sandbox: SandboxProcess, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.fault("reset", times=1)
    caplog.set_level(logging.DEBUG, "carrier")
    caplog.set_level(logging.DEBUG, "twilio")

    carrier.numbers.find("+14155550123")

    assert "asking again" in caplog.text
    assert "4155550123" not in caplog.text
    assert sandbox.acme_token not in caplog.text


def test_an_error_carries_no_number_and_no_token(
    sandbox: SandboxProcess, settings: Settings
) -> None:
    settings.TWILIO_BASE_URL, settings.TWILIO_RETRY_SECONDS = "http://127.0.0.1:9", 0.1

    with pytest.raises(CarrierUnavailable) as error:
        Carrier(sandbox.acme_sid, sandbox.acme_token).numbers.find("+14155550123")

    assert error.value.__cause__ is None
    assert "4155550123" not in str(error.value)


# --- Transactions ----------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "body"),
    [("GET", None), ("DELETE", None), ("POST", form({"a": "b"})), ("POST", json_body({"a": "b"}))],
)
def test_twilio_is_not_asked_inside_a_transaction(
    transport: Transport, sandbox: SandboxProcess, method: str, body: Body | None
) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a database transaction"):
        transport.ask(method, "/v1/Services", host="messaging", body=body, repeat=True)

    assert sandbox.requests() == []


@pytest.mark.django_db
def test_no_topic_is_asked_inside_a_transaction(carrier: Carrier, sandbox: SandboxProcess) -> None:
    calls: list[Callable[[], object]] = [
        carrier.accounts.fetch,
        carrier.numbers.page,
        lambda: carrier.numbers.find("+14155550123"),
        lambda: carrier.numbers.buy("+14155550123"),
        lambda: carrier.numbers.update("PN" + "0" * 32, {"voice_url": ""}),
        lambda: carrier.numbers.release("PN" + "0" * 32),
    ]
    for call in calls:
        with transaction.atomic(), pytest.raises(RuntimeError, match="database transaction"):
            call()

    assert sandbox.requests() == []
