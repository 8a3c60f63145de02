"""Answers have exactly the fields of Twilio's own examples, and Twilio's headers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.sandbox_process import ROOT, SandboxProcess

pytestmark = pytest.mark.process

SPECIFICATION = ROOT.parent / "shared" / "twilio-openapi" / "twilio_api_v2010.json"
ACCOUNTS = "/2010-04-01/Accounts"
NUMBERS = ACCOUNTS + "/{AccountSid}/IncomingPhoneNumbers"
AVAILABLE = ACCOUNTS + "/{AccountSid}/AvailablePhoneNumbers"


@pytest.fixture(scope="module")
def specification() -> dict[str, Any]:
    if not Path(SPECIFICATION).exists():
        pytest.skip(f"Twilio's OpenAPI document is not at {SPECIFICATION}")
    document: dict[str, Any] = json.loads(SPECIFICATION.read_text("utf-8"))
    return document


def example(specification: dict[str, Any], path: str, method: str, name: str) -> Any:
    """Twilio's example of an answer."""
    responses = specification["paths"][path][method]["responses"].values()
    for response in responses:
        for content in response.get("content", {}).values():
            if name in content.get("examples", {}):
                return content["examples"][name]["value"]
    raise AssertionError(f"no example {name} of {method} {path}")


def shape(value: Any) -> Any:
    """Field names at every depth; of a list, its first element."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return None


def call(sandbox: SandboxProcess, method: str, path: str, **options: Any) -> requests.Response:
    return requests.request(
        method,
        f"{sandbox.url}/api{path}",
        auth=(sandbox.main_sid, sandbox.main_token),
        timeout=10,
        **options,
    )


def test_accounts_have_twilios_fields(
    sandbox: SandboxProcess, specification: dict[str, Any]
) -> None:
    one = f"{ACCOUNTS}/{sandbox.acme_sid}.json"

    def same(name: str, path: str, method: str, answer: requests.Response) -> None:
        assert shape(answer.json()) == shape(example(specification, path, method, name))

    same("readFull", f"{ACCOUNTS}.json", "get", call(sandbox, "GET", f"{ACCOUNTS}.json"))
    same("create", f"{ACCOUNTS}.json", "post", call(sandbox, "POST", f"{ACCOUNTS}.json"))
    same("fetch", ACCOUNTS + "/{Sid}.json", "get", call(sandbox, "GET", one))
    renamed = call(sandbox, "POST", one, data={"FriendlyName": "Acme Inc"})
    same("update", ACCOUNTS + "/{Sid}.json", "post", renamed)


def test_numbers_have_twilios_fields(
    sandbox: SandboxProcess, specification: dict[str, Any]
) -> None:
    numbers = NUMBERS.format(AccountSid=sandbox.acme_sid)
    page = call(sandbox, "GET", f"{numbers}.json")
    bought = call(sandbox, "POST", f"{numbers}.json", data={"AreaCode": "415"})
    one = f"{numbers}/{bought.json()['sid']}.json"
    fetched = call(sandbox, "GET", one)
    updated = call(sandbox, "POST", one, data={"VoiceUrl": "https://example.com/"})

    def expected(path: str, method: str, name: str) -> Any:
        return shape(example(specification, path, method, name))

    assert shape(page.json()) == expected(NUMBERS + ".json", "get", "readFull")
    assert shape(bought.json()) == expected(NUMBERS + ".json", "post", "create")
    assert shape(fetched.json()) == expected(NUMBERS + "/{Sid}.json", "get", "fetch")
    assert shape(updated.json()) == expected(NUMBERS + "/{Sid}.json", "post", "update")
    every = {frozenset(number) for number in page.json()["incoming_phone_numbers"]}
    assert every == {frozenset(fetched.json())}


def test_an_empty_page_has_twilios_fields(
    sandbox: SandboxProcess, specification: dict[str, Any]
) -> None:
    path = NUMBERS.format(AccountSid=sandbox.main_sid)

    page = call(sandbox, "GET", f"{path}.json")

    assert shape(page.json()) == shape(
        example(specification, NUMBERS + ".json", "get", "readEmpty")
    )


def test_offers_have_twilios_fields(sandbox: SandboxProcess, specification: dict[str, Any]) -> None:
    base = AVAILABLE.format(AccountSid=sandbox.main_sid)
    country = AVAILABLE + "/{CountryCode}"

    def expected(path: str, name: str) -> Any:
        return shape(example(specification, path, "get", name))

    one = call(sandbox, "GET", f"{base}/US.json")
    assert shape(one.json()) == expected(f"{country}.json", "fetch")
    every = call(sandbox, "GET", f"{base}.json")
    assert set(every.json()) == set(expected(f"{AVAILABLE}.json", "readFull"))
    for kind in ("Local", "TollFree"):
        offers = call(sandbox, "GET", f"{base}/US/{kind}.json")
        assert shape(offers.json()) == expected(f"{country}/{kind}.json", "readFull")
    british = call(sandbox, "GET", f"{base}/GB/Mobile.json")
    assert shape(british.json()) == expected(f"{country}/Mobile.json", "readFull")


def test_dates_are_those_of_the_2010_api(sandbox: SandboxProcess) -> None:
    account = call(sandbox, "GET", f"{ACCOUNTS}/{sandbox.acme_sid}.json").json()

    assert account["date_created"] == "Mon, 04 Mar 2024 10:00:00 +0000"


def test_every_answer_carries_twilios_headers(sandbox: SandboxProcess) -> None:
    numbers = NUMBERS.format(AccountSid=sandbox.acme_sid)
    sid = call(sandbox, "GET", f"{numbers}.json").json()["incoming_phone_numbers"][0]["sid"]

    answers = [
        call(sandbox, "GET", f"{numbers}.json"),
        call(sandbox, "DELETE", f"{numbers}/{sid}.json"),
        call(sandbox, "GET", f"{numbers}/{sid}.json"),
        requests.get(f"{sandbox.url}/api{numbers}.json", timeout=5),
    ]

    assert [answer.status_code for answer in answers] == [200, 204, 404, 401]
    for answer in answers:
        assert re.fullmatch("RQ[0-9a-f]{32}", answer.headers["Twilio-Request-Id"])
        assert answer.headers["Twilio-Concurrent-Requests"] == "1"
        if answer.status_code != 204:
            assert answer.headers["Content-Type"] == "application/json"
    assert answers[1].content == b""
    assert len({answer.headers["Twilio-Request-Id"] for answer in answers}) == 4


def test_errors_have_twilios_shape(sandbox: SandboxProcess) -> None:
    path = f"{ACCOUNTS}/{sandbox.acme_sid}/IncomingPhoneNumbers/PN{'0' * 32}.json"

    answer = call(sandbox, "GET", path)

    assert answer.json() == {
        "code": 20404,
        "message": f"The requested resource {path} was not found",
        "more_info": "https://www.twilio.com/docs/errors/20404",
        "status": 404,
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("PUT", f"{ACCOUNTS}.json", 405, 20004),
        ("DELETE", f"{ACCOUNTS}.json", 405, 20004),
        ("GET", f"{ACCOUNTS}/nonsense", 404, 20404),
        ("GET", "/2008-08-01/Accounts.json", 404, 20404),
    ],
)
def test_unknown_paths_and_methods_are_refused(
    sandbox: SandboxProcess, method: str, path: str, status: int, code: int
) -> None:
    answer = call(sandbox, method, path)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
