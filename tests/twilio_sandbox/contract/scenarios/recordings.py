"""What is recorded and transcribed of calls."""

from __future__ import annotations

from twilio.rest.api.v2010.account.call import CallContext

from tests.twilio_sandbox.contract.scenes import Scene, drives
from twilio_sandbox.operations import ACCOUNT

PHONE = "+14155550123"
OF_CALL = f"{ACCOUNT}/Calls/{{CallSid}}"
RECORDING = f"{ACCOUNT}/Recordings/{{RecordingSid}}"


def calling(scene: Scene, twiml: str) -> CallContext:
    """A call of the API that was answered; its phone says a sentence when it is listened to."""
    scene.sandbox.control("POST", f"phones/{PHONE}", {"script": [{"say": "Please call me"}]})
    number = scene.client.incoming_phone_numbers.create(area_code="415").phone_number
    made = scene.client.calls.create(
        to=PHONE, from_=str(number), twiml=f"<Response>{twiml}</Response>"
    )
    scene.sandbox.forward(seconds=30)
    return scene.client.calls(str(made.sid))


@drives("api", f"{OF_CALL}/Recordings.json", "GET", "POST")
@drives("api", f"{OF_CALL}/Recordings/{{Sid}}.json", "GET", "POST", "DELETE")
@drives("api", f"{ACCOUNT}/Recordings.json", "GET")
@drives("api", f"{ACCOUNT}/Recordings/{{Sid}}.json", "GET", "DELETE")
def record_a_call(scene: Scene) -> None:
    call = calling(scene, '<Pause length="600"/>')
    first = call.recordings.create(recording_channels="dual")
    recording = call.recordings(str(first.sid))
    assert recording.update(status="paused").status == "paused"
    assert recording.update(status="in-progress").status == "in-progress"
    scene.sandbox.forward(seconds=30)
    assert recording.update(status="stopped").status == "processing"
    scene.sandbox.forward(seconds=30)

    assert recording.fetch().status == "completed"
    assert [each.sid for each in call.recordings.list()] == [first.sid]
    recordings = scene.client.recordings
    assert [each.sid for each in recordings.list()] == [first.sid]
    assert recordings(str(first.sid)).fetch().price == "-0.00250"
    second = call.recordings.create()
    assert call.recordings(str(second.sid)).delete() is True
    assert recordings(str(first.sid)).delete() is True
    gone = recordings(str(first.sid)).fetch(include_soft_deleted=True)
    assert gone.status == "deleted"


@drives("api", f"{RECORDING}/Transcriptions.json", "GET")
@drives("api", f"{RECORDING}/Transcriptions/{{Sid}}.json", "GET", "DELETE")
@drives("api", f"{ACCOUNT}/Transcriptions.json", "GET")
@drives("api", f"{ACCOUNT}/Transcriptions/{{Sid}}.json", "GET", "DELETE")
def have_recordings_written_down(scene: Scene) -> None:
    for _ in range(2):
        calling(scene, '<Record transcribe="true" timeout="2"/>')
    scene.sandbox.forward(minutes=2)
    client = scene.client

    written = client.transcriptions.list()
    first, second = (str(each.sid) for each in written)
    assert {each.transcription_text for each in written} == {"Please call me"}
    assert client.transcriptions(first).fetch().sid == first
    assert client.transcriptions(first).delete() is True
    of_recording = client.recordings(str(written[1].recording_sid)).transcriptions
    assert [each.sid for each in of_recording.list()] == [second]
    assert of_recording(second).fetch().sid == second
    assert of_recording(second).delete() is True


@drives("api", f"{OF_CALL}/Transcriptions.json", "POST")
@drives("api", f"{OF_CALL}/Transcriptions/{{Sid}}.json", "POST")
def transcribe_a_call(scene: Scene) -> None:
    call = calling(scene, '<Pause length="600"/>')
    first = call.transcriptions.create()
    call.transcriptions.create(name="mine", track="inbound_track", partial_results=True)

    assert call.transcriptions(str(first.sid)).update(status="stopped").status == "stopped"
    assert call.transcriptions("mine").update(status="stopped").name == "mine"
