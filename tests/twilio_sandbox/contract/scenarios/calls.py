"""Calls."""

from __future__ import annotations

from tests.twilio_sandbox.contract.scenes import Scene, drives
from twilio_sandbox.operations import ACCOUNT

PHONE = "+14155550123"


@drives("api", f"{ACCOUNT}/Calls.json", "GET", "POST")
@drives("api", f"{ACCOUNT}/Calls/{{Sid}}.json", "GET", "POST", "DELETE")
def make_a_call(scene: Scene) -> None:
    calls = scene.client.calls
    number = scene.client.incoming_phone_numbers.create(area_code="415").phone_number
    made = calls.create(
        to=PHONE, from_=str(number), twiml='<Response><Pause length="600"/></Response>'
    )
    call = calls(str(made.sid))
    scene.sandbox.forward(seconds=30)

    assert call.fetch().status == "in-progress"
    assert [each.sid for each in calls.list(to=PHONE)] == [made.sid]
    assert call.update(status="completed").status == "completed"
    assert call.delete() is True
