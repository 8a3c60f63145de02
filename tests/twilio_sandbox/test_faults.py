"""What can be made to go wrong, and for whom (docs/sandbox.md)."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess, SandboxRefused

pytestmark = pytest.mark.process


def status_of(error: pytest.ExceptionInfo[TwilioException]) -> int:
    status: int = error.value.args[1].status_code
    return status


def numbers_url(sandbox: SandboxProcess, query: str = "") -> str:
    return (
        f"{sandbox.url}/api/2010-04-01/Accounts/{sandbox.acme_sid}/IncomingPhoneNumbers.json{query}"
    )


def get(sandbox: SandboxProcess, query: str = "") -> requests.Response:
    auth = (sandbox.acme_sid, sandbox.acme_token)
    return requests.get(numbers_url(sandbox, query), auth=auth, timeout=10)


@pytest.mark.parametrize(("status", "code"), [(429, 20429), (500, 20500), (503, 20503)])
def test_a_status_is_answered_so_many_times(
    sandbox: SandboxProcess, acme_client: Client, status: int, code: int
) -> None:
    sandbox.fault("status", status=status, times=3, path="IncomingPhoneNumbers", method="GET")

    for _ in range(3):
        with pytest.raises(TwilioException) as error:
            acme_client.incoming_phone_numbers.list()
        assert status_of(error) == status
        assert json.loads(error.value.args[1].text)["code"] == code
    assert len(acme_client.incoming_phone_numbers.list()) == 27


def test_an_error_can_say_when_to_come_back(sandbox: SandboxProcess) -> None:
    sandbox.fault("status", status=429, retry_after=7, message="Slow down")

    answer = get(sandbox)

    assert answer.headers["Retry-After"] == "7"
    assert answer.json()["message"] == "Slow down"


def test_any_code_can_be_answered(sandbox: SandboxProcess) -> None:
    sandbox.fault("status", status=403, code=20005)

    assert (get(sandbox).status_code, get(sandbox).json()["code"]) == (403, 20005)


def test_a_fault_keeps_to_its_route_method_account_and_page(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    sandbox.fault(
        "status",
        status=500,
        path="IncomingPhoneNumbers",
        method="GET",
        account=sandbox.acme_sid,
        page=1,
    )
    stranger = sandbox.client(sandbox.stranger_sid, sandbox.stranger_token)

    assert len(acme_client.incoming_phone_numbers.list(page_size=1000)) == 27
    assert acme_client.api.v2010.accounts(sandbox.acme_sid).fetch().status == "active"
    assert len(stranger.incoming_phone_numbers.list(page_size=1)) == 3
    with pytest.raises(TwilioException) as error:
        acme_client.incoming_phone_numbers.list(page_size=10)
    assert status_of(error) == 500


def test_a_fault_can_wait_for_its_turn(sandbox: SandboxProcess) -> None:
    sandbox.fault("status", status=503, skip=2, times=1)

    assert [get(sandbox).status_code for _ in range(4)] == [200, 200, 503, 200]


def test_a_fault_can_strike_at_a_rate_that_repeats(sandbox: SandboxProcess) -> None:
    def round_of_twenty() -> list[int]:
        sandbox.reset()
        sandbox.fault("status", status=429, rate=0.5)
        return [get(sandbox).status_code for _ in range(20)]

    first = round_of_twenty()

    assert set(first) == {200, 429}
    assert round_of_twenty() == first


def test_a_refused_post_did_nothing(sandbox: SandboxProcess, acme_client: Client) -> None:
    sandbox.fault("status", status=503, method="POST", times=1)

    with pytest.raises(TwilioRestException):
        acme_client.incoming_phone_numbers.create(area_code="415")

    assert sandbox.account(sandbox.acme_sid)["numbers"] == 27


def test_a_post_can_take_effect_although_an_error_is_answered(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    sandbox.fault("status", status=503, method="POST", times=1, processed=True)

    with pytest.raises(TwilioRestException):
        acme_client.incoming_phone_numbers.create(area_code="415")

    assert sandbox.account(sandbox.acme_sid)["numbers"] == 28


def test_a_slow_answer_outlasts_the_client_but_the_request_counts(
    sandbox: SandboxProcess,
) -> None:
    sandbox.fault("slow", seconds=5, times=1, method="POST")
    impatient = sandbox.client(timeout=0.3)

    with pytest.raises(requests.exceptions.Timeout):
        impatient.incoming_phone_numbers.create(area_code="415")

    assert sandbox.account(sandbox.acme_sid)["numbers"] == 28


def test_a_slow_answer_arrives_and_holds_nobody_else_up(sandbox: SandboxProcess) -> None:
    sandbox.fault("slow", seconds=0.5, times=1)
    arrived: list[str] = []

    def ask(name: str) -> None:
        assert get(sandbox).status_code == 200
        arrived.append(name)

    thread = threading.Thread(target=ask, args=("slow",))
    thread.start()
    while not sandbox.requests():
        time.sleep(0.01)
    ask("quick")
    thread.join()

    assert arrived == ["quick", "slow"]


def test_a_connection_breaks_in_the_middle_of_the_body(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    sandbox.fault("reset", times=1)

    with pytest.raises(requests.exceptions.RequestException):
        get(sandbox)

    assert len(acme_client.incoming_phone_numbers.list()) == 27


def test_a_broken_connection_is_a_reset_and_no_clean_end(sandbox: SandboxProcess) -> None:
    sandbox.fault("reset", times=1)
    host, port = sandbox.url.removeprefix("http://").split(":")

    def read_all() -> bytes:
        received = b""
        with socket.create_connection((host, int(port)), timeout=5) as raw:
            raw.sendall(b"GET /api/2010-04-01/Accounts.json HTTP/1.1\r\nHost: x\r\n\r\n")
            while part := raw.recv(65536):
                received += part
        return received

    with pytest.raises(ConnectionResetError):
        read_all()


def test_a_body_can_be_malformed(sandbox: SandboxProcess) -> None:
    sandbox.fault("malformed", times=1)
    sandbox.fault("malformed", times=1, body="<html>Bad gateway</html>")

    half, other = get(sandbox), get(sandbox)

    assert half.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        half.json()
    assert other.text == "<html>Bad gateway</html>"
    assert get(sandbox).json()["page"] == 0


def test_a_page_link_can_lead_back_to_the_first_page(sandbox: SandboxProcess) -> None:
    sandbox.fault("loop", page=1)

    first = get(sandbox, "?PageSize=10").json()
    second = get(sandbox, "?" + first["next_page_uri"].partition("?")[2]).json()

    assert first["next_page_uri"] != first["first_page_uri"]
    assert second["page"] == 1
    assert second["next_page_uri"] == first["first_page_uri"]


def test_page_tokens_expire(sandbox: SandboxProcess) -> None:
    link = get(sandbox, "?PageSize=10").json()["next_page_uri"].partition("?")[2]
    sandbox.fault("expired_tokens", times=1)

    expired, good = get(sandbox, f"?{link}"), get(sandbox, f"?{link}")
    sandbox.expire_page_tokens()
    gone = get(sandbox, f"?{link}")

    assert (expired.status_code, expired.json()["code"]) == (400, 21481)
    assert good.status_code == 200
    assert gone.json()["code"] == 21481


def test_too_many_requests_at_a_time_are_refused(sandbox: SandboxProcess) -> None:
    sandbox.fault("concurrency", limit=2, seconds=2)
    answers: list[requests.Response] = []

    threads = [threading.Thread(target=lambda: answers.append(get(sandbox))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answer.status_code for answer in answers) == [200, 200, 429, 429, 429]
    concurrent = sorted(int(answer.headers["Twilio-Concurrent-Requests"]) for answer in answers)
    assert concurrent[:2] == [1, 2]
    assert get(sandbox).status_code == 200


def test_faults_are_listed_and_cleared(sandbox: SandboxProcess) -> None:
    sandbox.fault("status", status=500)
    get(sandbox)

    listed = sandbox.control("GET", "faults")["faults"]
    sandbox.clear_faults()

    assert [(f["kind"], f["status"], f["hits"]) for f in listed] == [("status", 500, 1)]
    assert get(sandbox).status_code == 200
    assert sandbox.control("GET", "faults") == {"faults": []}


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "explosion"},
        {"kind": "status", "whatever": 1},
        {"kind": "status", "times": 0},
        {"kind": "status", "times": "3"},
        {"kind": "slow", "seconds": "long"},
    ],
)
def test_a_fault_nobody_understands_is_refused(
    sandbox: SandboxProcess, fault: dict[str, Any]
) -> None:
    with pytest.raises(SandboxRefused) as error:
        sandbox.control("POST", "faults", fault)

    assert error.value.status == 400
