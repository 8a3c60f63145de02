"""Calls, recordings and transcriptions. Times are Unix seconds of the sandbox's clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from twilio_sandbox.tables import Row


@dataclass(slots=True)
class Call(Row):
    """A call, in or out; the fields are those of Twilio's resource (twilio-facts 5.5, 7.1)."""

    from_number: str
    to_number: str
    direction: str  # inbound | outbound-api | outbound-dial
    status: str  # queued | ringing | in-progress | completed | busy | failed | no-answer | canceled
    phone_number_sid: str | None  # the number of ours that takes part
    start: float | None = None
    end: float | None = None
    parent_call_sid: str | None = None
    forwarded_from: str | None = None
    answered_by: str | None = None
    caller_name: str | None = None
    price: str | None = None  # negative, with a point: "-0.00850"
    flow: dict[str, Any] = field(default_factory=dict)  # where in its TwiML a running call is
    # What was to be heard: {"at", "seconds", "side": "person" | "program", "kind", "text"}
    heard: list[dict[str, Any]] = field(default_factory=list)

    @property
    def duration(self) -> int | None:
        """Whole seconds from answer to end; None as long as it has not ended."""
        if self.end is None:
            return None
        return int(self.end - self.start) if self.start is not None else 0


@dataclass(slots=True)
class Recording(Row):
    """A recording of a call; the fields are those of Twilio's resource (twilio-facts 6.2)."""

    call_sid: str
    source: str  # RecordVerb | StartCallRecordingTwiML | StartCallRecordingAPI | DialVerb | …
    channels: int  # 1 mono, 2 dual
    track: str  # both | inbound | outbound
    status: str  # in-progress | paused | processing | completed | absent | deleted
    start: float
    duration: int | None = None  # whole seconds; None as long as it goes on
    price: str | None = None
    error_code: int | None = None
    # The stretches of time that are in it, as [begin, end]; while it goes on the last is [begin].
    stretches: list[list[float]] = field(default_factory=list)
    callback: dict[str, Any] = field(default_factory=dict)  # "url", "method", "events"
    # "trim": bool; "silences": [begin, end] of pauses that are in it, as silence
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Transcription(Row):
    """The text of a recording, made afterwards (TR…)."""

    call_sid: str
    recording_sid: str
    status: str  # in-progress | completed | failed
    text: str
    duration: int
    price: str | None = None
    callback_url: str | None = None


@dataclass(slots=True)
class LiveTranscription(Row):
    """What is said in a call, told while it is said (GT…, twilio-facts 6.3)."""

    call_sid: str
    name: str | None
    status: str  # in-progress | stopped
    settings: dict[str, Any]  # attributes of the verb, under the names of the REST parameters
    sequence: int = 0  # SequenceId of the last callback
