"""Whether Twilio sent a webhook: what Twilio documents, what the stand-in signs, what forgers try.

The first vectors are those of twilio-facts 5.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from carrier.bodies import json_body
from carrier.signatures import FORM, is_signed
from carrier.transport import Transport
from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox import ports
from tests.twilio_sandbox.receiver import Received, Receiver

TOKEN = "12345"
JSON = "application/json"
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
CALL = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+12349013030",
    "Digits": "1234",
    "From": "+12349013030",
    "To": "+18005551212",
}


def signed(url: str, fields: Any = None, token: str = TOKEN) -> str:
    """What Twilio's own client says the signature is."""
    return str(RequestValidator(token).compute_signature(url, fields or {}))


def passes(
    url: str,
    signature: str,
    *,
    body: bytes = b"",
    content_type: str = FORM,
    tokens: tuple[str, ...] = (TOKEN,),
) -> bool:
    return is_signed(
        url=url, body=body, content_type=content_type, signature=signature, tokens=tokens
    )


def with_hash(url: str, body: bytes) -> str:
    return f"{url}{'&' if '?' in url else '?'}bodySHA256={sha256(body).hexdigest()}"


# --- What Twilio documents -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "signature"),
    [
        ({}, "0/KCTR6DLpKmkAf8muzZqo1nDgQ="),
        ({"Caller": "+14158675310", "From": "+14158675310"}, "GvWf1cFY/Q7PnoempGyD5oXAezc="),
    ],
)
def test_a_form_is_signed_with_its_address_and_fields(
    changes: dict[str, str], signature: str
) -> None:
    body = urlencode({**CALL, **changes}).encode()

    assert passes(URL, signature, body=body)
    assert passes(URL, signature, body=body, content_type=f"{FORM}; charset=UTF-8")
    assert not passes(URL, signature, body=body.replace(b"1234", b"1235"))
    assert not passes(URL, signature, body=body + b"&More=1")
    assert not passes(URL.replace("foo=1", "foo=2"), signature, body=body)
    assert not passes(URL, signature, body=body, tokens=("54321",))


def test_json_is_signed_by_its_hash_in_the_address() -> None:
    body = b'{"port_in_request_sid":"KWaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","status":"Completed"}'
    url = with_hash("https://ops.example.com/hooks/porting", body)
    signature = "cV2iuTJADrLYaT3PcZgiQRQVWCA="

    assert passes(url, signature, body=body, content_type=JSON)
    assert passes(url, signature, body=body, content_type="Application/JSON; charset=utf-8")
    assert not passes(url, signature, body=body + b" ", content_type=JSON)


def test_a_get_is_signed_with_its_query() -> None:
    url = "https://example.com/voice?CallSid=CA1&From=%2B14155550123"

    assert passes(url, signed(url), content_type="")
    assert not passes(url + "&More=1", signed(url), content_type="")


def test_empty_repeated_and_foreign_fields_count() -> None:
    fields = {"Body": ["é 😀 +&="], "Empty": [""], "MediaUrl": ["b", "a", "b"]}
    body = urlencode(fields, doseq=True).encode()

    class Several(dict[str, list[str]]):
        def getlist(self, name: str) -> list[str]:
            return self[name]

    assert passes(
        "https://example.com/", signed("https://example.com/", Several(fields)), body=body
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    fields=st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=8), max_size=5),
    token=st.text("0123456789abcdef", min_size=32, max_size=32),
    query=st.text("ab=&%+1", max_size=8),
)
def test_whatever_twilio_signs_is_accepted(fields: dict[str, str], token: str, query: str) -> None:
    url = f"https://example.com/hooks?{query}x"

    signature = signed(url, fields, token)

    assert passes(url, signature, body=urlencode(fields).encode(), tokens=(token,))
    assert not passes(url, signature, body=urlencode(fields).encode(), tokens=(token[::-1] + "0",))


# --- Ways to write one address ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("https://example.com/a?b=1", "https://example.com:443/a?b=1"),
        ("https://example.com:443/a", "https://example.com/a"),
        ("https://example.com:8443/a", "https://example.com/a"),
        ("https://example.com:8443/a", "https://example.com:8443/a"),
        ("http://example.com/a", "http://example.com:80/a"),
        ("wss://example.com/relay", "wss://example.com:443/relay"),
        ("https://[2001:db8::1]:8443/a", "https://[2001:db8::1]/a"),
        ("https://[2001:db8::1]/a", "https://[2001:db8::1]:443/a"),
        ("https://user:pa:ss@example.com:8443/a", "https://user:pa:ss@example.com:8443/a"),
        ("https://user:pa:ss@example.com:8443/a", "https://example.com/a"),
        ("https://user:pass@example.com/a", "https://user:pass@example.com:443/a"),
        ("https://example.com/a?", "https://example.com/a?"),
        ("https://example.com", "https://example.com"),
        ("https://example.com/a#rc=2&rp=5xx", "https://example.com/a"),
    ],
)
def test_port_and_login_may_be_left_out_or_named(ours: str, theirs: str) -> None:
    assert passes(ours, signed(theirs, CALL), body=urlencode(CALL).encode())


@pytest.mark.parametrize(
    "theirs",
    [
        "https://example.com:8443/a",
        "http://example.com/a",
        "https://example.com/A",
        "https://example.com/a/",
        "https://example.org/a",
        "https://other@example.com/a",
    ],
)
def test_another_address_is_another_address(theirs: str) -> None:
    assert not passes("https://example.com/a", signed(theirs))


# --- Tokens ----------------------------------------------------------------------------------


def test_both_tokens_count_while_they_are_rotated() -> None:
    old = signed(URL, token="old")

    assert passes(URL, old, tokens=("new", "old"))
    assert not passes(URL, old, tokens=("new",))
    assert not passes(URL, old, tokens=())


def test_an_empty_token_signs_nothing() -> None:
    assert not passes(URL, signed(URL, token=""), tokens=("",))
    assert not passes(URL, signed(URL, token=""), tokens=("", TOKEN))


# --- What forgers try ------------------------------------------------------------------------


@pytest.mark.parametrize("signature", ["", "x", "é", "\ud800", "0/KCTR6DLpKmkAf8muzZqo1nDgQ", " "])
def test_a_missing_or_odd_signature_is_none(signature: str) -> None:
    assert not passes(URL, signature, body=urlencode(CALL).encode())


def test_json_whose_hash_is_missing_is_nobodys() -> None:
    # Twilio's own client takes it: the address is signed, and nothing says anything of the body.
    body = b'{"amount": 1}'
    assert RequestValidator(TOKEN).validate(URL, "", signed(URL))

    assert not passes(URL, signed(URL), body=body, content_type=JSON)
    assert not passes(URL, signed(URL), body=b"", content_type=JSON)
    assert not passes(URL, signed(URL), body=body, content_type="")
    assert not passes(URL, signed(URL), body=body, content_type="text/plain")
    assert not passes(URL, signed(URL), body=body, content_type="multipart/form-data; boundary=b")


def test_a_signed_address_of_json_does_not_carry_a_form() -> None:
    body = b'{"status": "completed"}'
    url = with_hash(URL, body)
    signature = signed(url)
    assert passes(url, signature, body=body, content_type=JSON)

    assert not passes(url, signature, body=b"", content_type=FORM)
    assert not passes(url, signature, body=b"status=failed", content_type=FORM)


def test_the_last_hash_is_twilios() -> None:
    body = b"{}"
    url = with_hash(f"{URL}&bodySHA256={'0' * 64}", body)

    assert passes(url, signed(url), body=body, content_type=JSON)
    assert not passes(
        f"{with_hash(URL, body)}&bodySHA256=",
        signed(f"{with_hash(URL, body)}&bodySHA256="),
        body=body,
        content_type=JSON,
    )


@pytest.mark.parametrize("name", ["xbodySHA256", "bodySHA256x", "bodysha256"])
def test_a_parameter_of_another_name_is_no_hash(name: str) -> None:
    url = f"https://example.com/a?{name}={sha256(b'{}').hexdigest()}"

    assert not passes(url, signed(url), body=b"{}", content_type=JSON)


@pytest.mark.parametrize("body", [b"\xff\xfe", b"Body=%ff", b"a=\x80"])
def test_a_form_that_is_not_utf8_is_nobodys(body: bytes) -> None:
    assert not passes(URL, signed(URL), body=body)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    url=st.text(max_size=40),
    body=st.binary(max_size=40),
    content_type=st.sampled_from([FORM, JSON, ""]) | st.text(max_size=10),
    signature=st.text(max_size=30),
    token=st.text(max_size=5),
)
def test_nothing_makes_it_raise(
    url: str, body: bytes, content_type: str, signature: str, token: str
) -> None:
    for address in (url, f"https://example.com/{url}"):
        assert not passes(address, signature, body=body, content_type=content_type, tokens=(token,))


# --- What the stand-in signs -----------------------------------------------------------------


@pytest.fixture
def program() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def came_from(received: Received, *tokens: str) -> bool:
    return is_signed(
        url=received.url,
        body=received.body.encode(),
        content_type=received.headers.get("Content-Type", ""),
        signature=received.headers.get("X-Twilio-Signature", ""),
        tokens=tokens,
    )


def text_in(sandbox: SandboxProcess, url: str, method: str = "POST") -> None:
    """A text with all that is hard to encode comes to a number of Acme's."""
    number = {"phone_number": "+16175550123", "sms_url": url, "sms_method": method}
    sandbox.add_numbers(numbers=[number])
    text = {"from": "+12025550177", "to": "+16175550123", "body": "Grüße & 50 % = 😀\n+1"}
    sandbox.control("POST", "messages?settle=1", text)


@pytest.mark.process
@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("path", ["/sms", "/sms?a=1&b=%20%2B&c="])
def test_a_text_proves_whose_number_it_came_to(
    sandbox: SandboxProcess, program: Receiver, method: str, path: str
) -> None:
    text_in(sandbox, program.url + path, method)

    (received,) = program.received
    assert received.method == method
    assert came_from(received, sandbox.acme_token)
    assert not came_from(received, sandbox.main_token)
    assert not came_from(received, sandbox.stranger_token)


def _changed_body(received: Received) -> None:
    received.body = received.body.replace("Gr", "gR")


def _dropped_field(received: Received) -> None:
    received.body = received.body.partition("&")[2]


def _other_path(received: Received) -> None:
    received.url = received.url.replace("/sms", "/voice")


def _more_query(received: Received) -> None:
    received.url += "?more=1"


@pytest.mark.process
@pytest.mark.parametrize("tamper", [_changed_body, _dropped_field, _other_path, _more_query])
def test_a_text_that_was_changed_on_the_way_proves_nothing(
    sandbox: SandboxProcess, program: Receiver, tamper: Callable[[Received], None]
) -> None:
    text_in(sandbox, f"{program.url}/sms")
    (received,) = program.received

    tamper(received)

    assert not came_from(received, sandbox.acme_token)


@pytest.mark.process
def test_a_text_after_the_token_was_replaced_is_signed_with_the_new_one(
    sandbox: SandboxProcess, program: Receiver
) -> None:
    old = sandbox.acme_token
    new = sandbox.revoke_token()
    text_in(sandbox, f"{program.url}/sms")

    (received,) = program.received
    assert not came_from(received, old)
    assert came_from(received, new)
    assert came_from(received, old, new)


@pytest.mark.process
def test_a_port_tells_in_json(sandbox: SandboxProcess, program: Receiver) -> None:
    parent = Transport(sandbox.main_sid, sandbox.main_token)
    url = f"{program.url}/ports?secret=a%2Fb"
    told = json_body({"port_in_target_url": url, "notifications_of": ["PortInCompleted"]})
    path = "/v1/Porting/Configuration/Webhook"
    parent.ask("POST", path, host="numbers", body=told, repeat=True)
    sid = ports.post(sandbox)["port_in_request_sid"]

    ports.move(sandbox, sid, "completed")
    sandbox.control("POST", "settle")

    (received,) = program.received
    assert received.json["port_in_request_sid"] == sid
    assert came_from(received, sandbox.main_token)
    assert not came_from(received, sandbox.acme_token)
    received.body = received.body.replace(sid, "KW" + "0" * 32)
    assert not came_from(received, sandbox.main_token)
