"""What is the same on every host: who may ask, limits, faults and headers (twilio-facts 1.5, 8)."""

from __future__ import annotations

import base64
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import pytest
import requests
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.refusals import refusal

pytestmark = pytest.mark.process

PATHS = [
    "/api/2010-04-01/Accounts.json",
    "/monitor/v1/Events",
    "/accounts/v1/AuthTokens/Secondary",
    "/messaging/v1/Nothing",
    "/numbers/v1/Nothing",
    "/nohost/v1/Nothing",
]


def ask(sandbox: SandboxProcess, path: str, token: str | None = None) -> requests.Response:
    auth = (sandbox.main_sid, token or sandbox.main_token)
    return requests.get(f"{sandbox.url}{path}", auth=auth, timeout=5)


def test_a_parent_reaches_its_subaccount_on_the_2010_api_alone(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    parent = sandbox.client(sandbox.main_sid, sandbox.main_token, account=sandbox.acme_sid)
    bought = parent.incoming_phone_numbers.create(area_code="415")
    event = acme_client.monitor.v1.events.list(resource_sid=str(bought.sid))[0]

    assert bought.account_sid == sandbox.acme_sid
    assert parent.monitor.v1.events.list() == []
    assert refusal(parent.monitor.v1.events(str(event.sid)).fetch) == (404, 20404)
    rotated = parent.accounts.v1.secondary_auth_token().create()
    assert rotated.account_sid == sandbox.main_sid


@pytest.mark.parametrize("host", ["monitor", "accounts"])
def test_a_suspended_account_is_refused_on_other_hosts_too(
    sandbox: SandboxProcess, acme_client: Client, host: str
) -> None:
    sandbox.suspend()
    calls = {
        "monitor": acme_client.monitor.v1.alerts.list,
        "accounts": acme_client.accounts.v1.secondary_auth_token().create,
    }

    assert refusal(calls[host]) == (403, 20403)


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_names_its_request(sandbox: SandboxProcess, path: str) -> None:
    answers = [ask(sandbox, path), ask(sandbox, path, "wrong")]

    assert answers[1].status_code == 401
    for answer in answers:
        assert re.fullmatch("RQ[0-9a-f]{32}", answer.headers["Twilio-Request-Id"])
        assert answer.headers["Twilio-Concurrent-Requests"] == "1"


def test_an_answer_without_content_names_its_request_too(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    sid = acme_client.incoming_phone_numbers.list(limit=1)[0].sid
    path = f"/api/2010-04-01/Accounts/{sandbox.acme_sid}/IncomingPhoneNumbers/{sid}.json"

    answer = requests.delete(
        sandbox.url + path, auth=(sandbox.acme_sid, sandbox.acme_token), timeout=5
    )

    assert (answer.status_code, answer.content) == (204, b"")
    assert "Content-Type" not in answer.headers
    assert re.fullmatch("RQ[0-9a-f]{32}", answer.headers["Twilio-Request-Id"])


def test_errors_have_twilios_shape(sandbox: SandboxProcess) -> None:
    path = f"/2010-04-01/Accounts/{sandbox.acme_sid}/IncomingPhoneNumbers/PN{'0' * 32}.json"

    answer = ask(sandbox, f"/api{path}")

    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {
        "code": 20404,
        "message": f"The requested resource {path} was not found",
        "more_info": "https://www.twilio.com/docs/errors/20404",
        "status": 404,
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("PUT", "/api/2010-04-01/Accounts.json", 405, 20004),
        ("DELETE", "/api/2010-04-01/Accounts.json", 405, 20004),
        ("GET", "/api/2010-04-01/Accounts/nonsense", 404, 20404),
        ("GET", "/api/2008-08-01/Accounts.json", 404, 20404),
        ("GET", "/numbers/v1/Porting/PortIn", 405, 20004),
    ],
)
def test_unknown_paths_and_methods_are_refused(
    sandbox: SandboxProcess, method: str, path: str, status: int, code: int
) -> None:
    auth = (sandbox.main_sid, sandbox.main_token)

    answer = requests.request(method, sandbox.url + path, auth=auth, timeout=5)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("path", PATHS)
def test_a_fault_strikes_on_every_host_by_route_and_rate(
    sandbox: SandboxProcess, path: str
) -> None:
    host = path.split("/")[1]
    sandbox.fault("status", status=429, path=f"/{host}/", rate=0.5, retry_after=3)

    answers = [ask(sandbox, path) for _ in range(20)]
    elsewhere = ask(sandbox, "/elsewhere/v1/Nothing")

    refused = [answer for answer in answers if answer.status_code == 429]
    assert 0 < len(refused) < 20
    assert all(answer.json()["code"] == 20429 for answer in refused)
    assert all(answer.headers["Retry-After"] == "3" for answer in refused)
    assert elsewhere.status_code == 404


@pytest.mark.parametrize("kind", ["malformed", "reset"])
def test_answers_break_on_other_hosts_too(sandbox: SandboxProcess, kind: str) -> None:
    sandbox.fault(kind, path="/monitor/", times=1)

    with pytest.raises(requests.RequestException):
        ask(sandbox, "/monitor/v1/Events").json()

    assert ask(sandbox, "/monitor/v1/Events").json()["events"] == []


@contextmanager
def waiting(sandbox: SandboxProcess, count: int) -> Iterator[None]:
    """So many requests of the main account are in the house and get no answer."""
    sandbox.fault("slow", seconds=60, times=count)
    there = urlsplit(sandbox.url)
    login = base64.b64encode(f"{sandbox.main_sid}:{sandbox.main_token}".encode())
    request = b"GET /monitor/v1/Events HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %b\r\n\r\n"
    with ExitStack() as stack:
        for _ in range(count):
            raw = socket.create_connection((str(there.hostname), there.port or 80), timeout=5)
            stack.enter_context(raw).sendall(request % login)
        while sandbox.control("GET", "requests")["total"] < count:
            time.sleep(0.01)
        yield


def test_requests_at_a_time_are_limited_when_it_is_switched_on() -> None:
    with SandboxProcess() as sandbox, waiting(sandbox, 100):
        found = {}
        for limit in ("off", "100", "10"):
            sandbox.control("POST", "switches", {"concurrency_limit": limit})
            found[limit] = ask(sandbox, "/monitor/v1/Events").status_code
        another = sandbox.client(sandbox.stranger_sid, sandbox.stranger_token)

        assert found == {"off": 200, "100": 429, "10": 429}
        assert another.monitor.v1.events.list() == []


@pytest.mark.parametrize("limit", ["100", "10"])
def test_the_last_request_that_the_limit_allows_is_answered(limit: str) -> None:
    with SandboxProcess() as sandbox, waiting(sandbox, int(limit) - 1):
        sandbox.control("POST", "switches", {"concurrency_limit": limit})

        assert ask(sandbox, "/monitor/v1/Events").status_code == 200


def test_links_can_lead_back_here(sandbox: SandboxProcess) -> None:
    def link() -> str:
        return str(ask(sandbox, "/monitor/v1/Events").json()["meta"]["url"])

    assert link().startswith("https://monitor.twilio.com/v1/Events?")
    sandbox.control("POST", "switches", {"absolute_links": "here"})
    assert link().startswith(f"{sandbox.url}/monitor/v1/Events?")
