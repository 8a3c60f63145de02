"""Whatever a signed body says, Twilio gets an answer that is no error of ours."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from numbers.models import PhoneNumber
from telephony.addresses import LONGEST, identify
from telephony.models import Message

from .twilio import FORM, path_of, signature, told

NAMES = st.sampled_from(
    ["MessageSid", "From", "To", "Body", "NumMedia", "NumSegments", "MediaUrl0", "OptOutType",
     "MediaContentType0", "MessagingServiceSid", "FromCity"]
) | st.text(max_size=20)  # fmt: skip
VALUES = (
    st.text(max_size=200)
    | st.sampled_from(
        ["", "\0", "STOP", "yes", "+266696687", "whatsapp:+12065550199", "9" * 5_000, "-1", "1e9",
         "\u0663", "x" * 40_000, "SM" + "0" * 32, "MG" + "0" * 32, "stop", "\u202e", "\u200d"]
    )
)  # fmt: skip


@pytest.mark.django_db
@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(changes=st.dictionaries(NAMES, VALUES, max_size=8), get=st.booleans())
def test_no_signed_body_is_an_error_of_ours(
    number: PhoneNumber, changes: dict[str, str], get: bool
) -> None:
    client, path = Client(), path_of(number)
    said = {name: value for name, value in (told(number) | changes).items() if name}
    before = Message.objects.count()
    if get:
        path = f"{path}?{urlencode(said)}"
        signed = signature(path, {}, number.connection.auth_token)
        answer = client.get(path, headers={"X-Twilio-Signature": signed})
    else:
        signed = signature(path, said, number.connection.auth_token)
        answer = client.post(
            path, urlencode(said), content_type=FORM, headers={"X-Twilio-Signature": signed}
        )

    if get and any("\0" in text for text in [*said, *said.values()]):
        assert answer.status_code == 400  # no address of ours has NUL; what Twilio POSTs may
        return
    assert answer.status_code in (200, 403)
    if answer.status_code == 200:
        assert answer.content.endswith(b"<Response/>")
        assert Message.objects.count() in (before, before + 1)
    else:
        assert {"AccountSid", "To"} & changes.keys()
        assert Message.objects.count() == before


@pytest.mark.django_db
@pytest.mark.parametrize("body", [b"%ED%A0%80", b"Body=%FF", b"\xff\xfe", b"Body=a&Body=b"])
def test_a_body_that_is_no_text_is_no_error_of_ours(
    number: PhoneNumber, client: Client, body: bytes
) -> None:
    body = urlencode(told(number)).encode() + b"&" + body
    signed = signature(path_of(number), told(number), number.connection.auth_token)

    answer = client.generic(
        "POST", path_of(number), body, FORM, headers={"X-Twilio-Signature": signed}
    )

    assert answer.status_code == 403
    assert not Message.objects.exists()


@given(text=st.text(max_size=300) | st.from_regex(r"\+?[0-9 ()-]{1,25}", fullmatch=True))
def test_everybody_has_a_kind_and_one_spelling(text: str) -> None:
    found = identify(text)

    assert identify(text) == found
    assert len(found.text) <= LONGEST
    assert len(found.canonical) <= LONGEST


@pytest.mark.parametrize(
    ("text", "kind", "canonical"),
    [
        ("+14155550123", "phone", "+14155550123"),
        ("(415) 555-0123", "phone", "+14155550123"),
        ("+5511912345678", "phone", "+5511912345678"),  # a ninth digit is neither added nor taken
        ("+551112345678", "phone", "+551112345678"),
        ("72345", "short_code", "72345"),
        ("+72345", "short_code", "72345"),
        ("+86282452253", "anonymous", ""),
        ("+7378742833", "anonymous", ""),
        ("Restricted", "anonymous", ""),
        (" ", "anonymous", ""),
        ("ACME", "alphanumeric", "acme"),
        ("sip:Front@Example.com", "sip", "sip:front@example.com"),
        ("WhatsApp:+14155550123", "channel", "whatsapp:+14155550123"),
        ("★", "alphanumeric", "★"),
    ],
)
def test_kinds_of_senders(text: str, kind: str, canonical: str) -> None:
    found = identify(text)

    assert (found.kind, found.canonical) == (kind, canonical)


def test_long_names_that_begin_alike_are_two() -> None:
    one, other = identify("x" * 500 + "1"), identify("x" * 500 + "2")

    assert one.canonical != other.canonical
