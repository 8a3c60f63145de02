"""Texts and their media."""

from __future__ import annotations

from tests.twilio_sandbox.contract.scenes import Scene, drives
from twilio_sandbox.operations import ACCOUNT

MESSAGES = f"{ACCOUNT}/Messages"
MEDIA = f"{MESSAGES}/{{MessageSid}}/Media"
PHONE = "+14155550123"


def texting_number(scene: Scene) -> str:
    """A new number of Acme that can send texts and pictures."""
    return str(scene.client.incoming_phone_numbers.create(area_code="415").phone_number)


@drives("api", f"{MESSAGES}.json", "GET", "POST")
@drives("api", f"{MESSAGES}/{{Sid}}.json", "GET", "POST", "DELETE")
@drives("api", f"{MESSAGES}/{{MessageSid}}/Feedback.json", "POST")
def send_a_text(scene: Scene) -> None:
    messages = scene.client.messages
    sent = messages.create(
        to=PHONE, from_=texting_number(scene), body="Hello", provide_feedback=True
    )
    message = messages(str(sent.sid))
    scene.sandbox.forward(minutes=1)

    assert message.fetch().status == "delivered"
    assert message.feedback.create(outcome="confirmed").outcome == "confirmed"
    assert [each.sid for each in messages.list(to=PHONE)] == [sent.sid]
    assert message.update(body="").body == ""
    assert message.delete() is True


@drives("api", f"{MEDIA}.json", "GET")
@drives("api", f"{MEDIA}/{{Sid}}.json", "GET", "DELETE")
def receive_a_picture(scene: Scene) -> None:
    text = {"from": PHONE, "to": texting_number(scene), "media": ["image/png"]}
    sid = scene.sandbox.control("POST", "messages", text)["sid"]
    media = scene.client.messages(sid).media

    picture = media.list()[0]
    assert media(str(picture.sid)).fetch().content_type == "image/png"
    assert media(str(picture.sid)).delete() is True
