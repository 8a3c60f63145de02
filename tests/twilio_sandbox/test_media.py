"""Pictures of texts: in the webhook, in lists, as files, and on their way out."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.receiver import Receiver
from tests.twilio_sandbox.refusals import refusal
from tests.twilio_sandbox.texting import PHONE, switch, texting_number, write

pytestmark = pytest.mark.process

NOTHING = "ME" + "0" * 32


@pytest.fixture
def program() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def received(sandbox: SandboxProcess, *media: str, body: str = "") -> Any:
    """An inbound message with these pieces, as the official client shows it."""
    text = write(sandbox, texting_number(sandbox).phone_number, body, media=list(media))
    return sandbox.client().messages(text["sid"]).fetch()


def file_of(sandbox: SandboxProcess, message: Any, media: Any) -> requests.Response:
    path = media.uri.removesuffix(".json")
    with requests.Session() as session:
        session.trust_env = False
        return session.get(f"{sandbox.url}/api{path}", timeout=5)


def test_the_program_is_told_where_the_pictures_are(
    sandbox: SandboxProcess, program: Receiver
) -> None:
    switch(sandbox, absolute_links="here")
    number = texting_number(sandbox, f"{program.url}/sms").phone_number

    message = write(sandbox, number, "Look", media=["image/png", "https://a.example/b.gif?c=1"])

    told = program.received[0]
    assert told.is_signed_with(sandbox.acme_token)
    assert (told.form["NumMedia"], told.form["NumSegments"]) == ("2", "1")
    assert told.form["MessageSid"] == message["sid"]
    assert message["sid"].startswith("MM")
    types = [told.form["MediaContentType0"], told.form["MediaContentType1"]]
    assert types == ["image/png", "image/gif"]
    assert "MediaUrl2" not in told.form
    with requests.Session() as session:
        session.trust_env = False
        picture = session.get(told.form["MediaUrl0"], timeout=5)
    assert picture.content.startswith(b"\x89PNG")
    assert f"/Messages/{message['sid']}/Media/ME" in told.form["MediaUrl0"]


def test_links_are_twilio_s_unless_the_switch_says_otherwise(
    sandbox: SandboxProcess, program: Receiver
) -> None:
    number = texting_number(sandbox, f"{program.url}/sms").phone_number

    write(sandbox, number, "Look", media=["image/png"])

    assert program.received[0].form["MediaUrl0"].startswith("https://api.twilio.com/2010-04-01/")


def test_media_are_listed_and_fetched(sandbox: SandboxProcess) -> None:
    message = received(sandbox, "image/png", "video/mp4", body="Look")

    listed = message.media.list()
    assert message.num_media == "2"
    assert [each.content_type for each in listed] == ["video/mp4", "image/png"]  # newest first
    one = message.media(listed[0].sid).fetch()
    assert (one.sid, one.parent_sid) == (listed[0].sid, message.sid)
    assert refusal(message.media(NOTHING).fetch) == (404, 20404)


def test_media_are_listed_by_day(sandbox: SandboxProcess) -> None:
    sandbox.control("POST", "clock", {"set": "2027-05-02T12:00:00Z"})
    media = received(sandbox, "image/png").media

    def count(**filters: str) -> int:
        return len(media.list(**filters))

    assert count(date_created="2027-05-02") == 1
    assert count(date_created="2027-05-03") == 0
    assert (count(date_created_before="2027-05-02"), count(date_created_before="2027-05-01")) == (
        1,
        0,
    )
    assert (count(date_created_after="2027-05-02"), count(date_created_after="2027-05-03")) == (
        1,
        0,
    )


def test_a_piece_can_be_deleted(sandbox: SandboxProcess) -> None:
    message = received(sandbox, "image/png", "image/gif", body="Look")
    first, second = message.media.list()

    assert message.media(first.sid).delete() is True

    assert [each.sid for each in message.media.list()] == [second.sid]
    assert message.fetch().num_media == "1"
    assert refusal(message.media(first.sid).delete) == (404, 20404)
    assert file_of(sandbox, message, first).status_code == 404
    assert file_of(sandbox, message, second).status_code == 200


def test_media_go_with_their_message(sandbox: SandboxProcess) -> None:
    message = received(sandbox, "image/png", body="Look")
    picture = message.media.list()[0]
    message.delete()

    assert refusal(message.media(picture.sid).fetch) == (404, 20404)
    assert file_of(sandbox, message, picture).status_code == 404


@pytest.mark.parametrize(
    ("content_type", "start", "end"),
    [
        ("image/png", b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"),
        ("image/gif", b"GIF89a", b"\x3b"),
        ("image/jpeg", b"\xff\xd8\xff", b"\xff\xd9"),
        ("application/pdf", b"Media ME", b"\n"),
    ],
)
def test_a_file_can_be_had_without_credentials(
    sandbox: SandboxProcess, content_type: str, start: bytes, end: bytes
) -> None:
    message = received(sandbox, content_type)

    answer = file_of(sandbox, message, message.media.list()[0])

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == content_type
    assert answer.content.startswith(start)
    assert answer.content.endswith(end)


def test_pictures_are_pictures_and_differ(sandbox: SandboxProcess) -> None:
    message = received(sandbox, "image/png", "image/png")
    one, two = (file_of(sandbox, message, each).content for each in message.media.list())

    assert struct.unpack(">II", one[16:24]) == (64, 64)
    assert one != two


def test_other_accounts_see_no_media(sandbox: SandboxProcess) -> None:
    message = received(sandbox, "image/png")
    picture = message.media.list()[0].sid
    stranger = sandbox.client(sandbox.stranger_sid, sandbox.stranger_token)

    assert refusal(stranger.messages(message.sid).media(picture).fetch) == (404, 20404)
    assert refusal(stranger.messages(message.sid).media.list) == (404, 20404)


# On their way out


@pytest.mark.parametrize(
    ("url", "content_type"),
    [
        ("https://a.example/b.png", "image/png"),
        ("https://a.example/b.GIF", "image/gif"),
        ("https://a.example/b.pdf?c=.png", "application/pdf"),
        ("https://a.example/b.mp4", "video/mp4"),
        ("https://a.example/picture", "image/jpeg"),
    ],
)
def test_what_is_sent_is_told_by_its_address(
    sandbox: SandboxProcess, acme_client: Client, url: str, content_type: str
) -> None:
    number = texting_number(sandbox).phone_number

    sent = acme_client.messages.create(to=PHONE, from_=number, media_url=[url])

    assert [each.content_type for each in sent.media.list()] == [content_type]


def test_a_picture_makes_an_mms_at_its_price(sandbox: SandboxProcess, acme_client: Client) -> None:
    number = texting_number(sandbox).phone_number
    message = {"to": PHONE, "from_": number, "body": "x" * 400}

    mms = acme_client.messages.create(**message, media_url=["https://a.example/b.png"])
    as_mms = acme_client.messages.create(**message, send_as_mms=True)
    sms = acme_client.messages.create(**message)
    sandbox.forward(minutes=1)

    rows = [each.fetch() for each in (mms, as_mms, sms)]
    assert [(row.num_segments, row.num_media, row.price) for row in rows] == [
        ("1", "1", "-0.02000"),
        ("1", "0", "-0.02000"),
        ("3", "0", "-0.02370"),
    ]
    assert [str(row.sid)[:2] for row in rows] == ["MM", "SM", "SM"]


def test_an_inbound_picture_has_its_price(sandbox: SandboxProcess) -> None:
    assert received(sandbox, "image/png").price == "-0.01000"
