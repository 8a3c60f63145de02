"""TwiML for calls: a document as a list of verbs, plain JSON (twilio-facts 5.2, 6).

A verb is `{"name", "attributes", "text", "children"}`. What the document may not hold is a warning
and left out; Twilio does the same (12200).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from twilio_sandbox.webhooks.courier import Outcome

XML_TYPES = ("text/xml", "application/xml", "text/html")
PARSE_FAILURE, SCHEMA_WARNING, BAD_TYPE = 12100, 12200, 12300

Verb = dict[str, Any]


class TwimlError(Exception):
    """A document that cannot be followed; `code` is Twilio's."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Document:
    """The verbs to carry out, and what was left out of them."""

    verbs: list[Verb]
    warnings: list[str]


_CALLBACK = "recordingStatusCallback recordingStatusCallbackMethod recordingStatusCallbackEvent"
_STATUS = "statusCallback statusCallbackMethod statusCallbackEvent"
# What each verb and noun may have: attributes, and what may be inside it.
_SCHEMA: dict[str, tuple[str, str]] = {
    "Response": ("", "Say Play Pause Gather Record Redirect Reject Hangup Dial Start Stop"),
    "Say": ("voice language loop", "*"),  # "*": SSML
    "Play": ("loop digits", ""),
    "Pause": ("length", ""),
    "Gather": (
        "input action method actionOnEmptyResult timeout speechTimeout speechModel language hints"
        " profanityFilter partialResultCallback partialResultCallbackMethod finishOnKey numDigits"
        " maxSpeechTime bargeIn debug enhanced",
        "Say Play Pause",
    ),
    "Record": (
        "action method timeout finishOnKey maxLength playBeep trim transcribe transcribeCallback"
        f" {_CALLBACK}",
        "",
    ),
    "Redirect": ("method", ""),
    "Reject": ("reason", "Parameter"),
    "Hangup": ("", "Parameter"),
    "Dial": (
        "action method timeout hangupOnStar timeLimit callerId record trim answerOnBridge ringTone"
        f" recordingTrack sequential passports events referUrl referMethod {_CALLBACK}",
        "Number",
    ),
    "Number": (f"sendDigits url method byoc {_STATUS} startConferenceOnEnter", ""),
    "Start": ("action method", "Recording Transcription Stream"),
    "Stop": ("", "Recording Transcription Stream"),
    "Recording": (f"trim track channels {_CALLBACK}", ""),
    "Transcription": (
        "name track statusCallbackUrl statusCallbackMethod inboundTrackLabel outboundTrackLabel"
        " partialResults languageCode transcriptionEngine profanityFilter speechModel hints"
        " enableAutomaticPunctuation intelligenceService conversationConfiguration conversationId"
        " configurationId enableProviderData",
        "",
    ),
    "Stream": ("url name track connectorName statusCallback statusCallbackMethod", "Parameter"),
    "Parameter": ("name value", ""),
}


def answer(outcome: Outcome) -> Document:
    """The document a program answered with; raises `TwimlError` (12300 for another content)."""
    if outcome.content_type not in XML_TYPES:
        raise TwimlError(BAD_TYPE, f"{outcome.content_type or 'No content type'} is no TwiML")
    return read(outcome.body)


def read(text: str) -> Document:
    """The verbs of a document; raises `TwimlError` (12100) for what is no TwiML."""
    try:
        root = ElementTree.fromstring(text.strip())  # noqa: S314 - expat limits entities
    except (ElementTree.ParseError, ValueError) as error:
        raise TwimlError(PARSE_FAILURE, f"The answer is not XML: {error}") from None
    if root.tag != "Response":
        message = f"The answer begins with <{root.tag}>, not <Response>"
        raise TwimlError(PARSE_FAILURE, message)
    warnings: list[str] = []
    return Document(_inside(root, warnings), warnings)


def _inside(element: ElementTree.Element, warnings: list[str]) -> list[Verb]:
    allowed = _SCHEMA[element.tag][1].split()
    if allowed == ["*"]:
        return []
    verbs = []
    for child in element:
        if child.tag in allowed:
            verbs.append(_verb(child, warnings))
        else:
            warnings.append(f"<{child.tag}> in <{element.tag}> is ignored")
    return verbs


def _verb(element: ElementTree.Element, warnings: list[str]) -> Verb:
    name = str(element.tag)
    known = _SCHEMA[name][0].split()
    warnings += [
        f"The attribute {attribute} of <{name}> is ignored"
        for attribute in element.attrib
        if attribute not in known
    ]
    return {
        "name": name,
        "attributes": {key: value for key, value in element.attrib.items() if key in known},
        "text": " ".join("".join(element.itertext()).split()),
        "children": _inside(element, warnings),
    }


def text(verb: Verb, name: str, default: str = "") -> str:
    """An attribute; the default where it is not given."""
    return str(verb["attributes"].get(name, default))


def number(verb: Verb, name: str, default: int) -> int:
    """An attribute that is a whole number from 0; the default for anything else."""
    value = verb["attributes"].get(name, "")
    return int(value) if value.isascii() and value.isdigit() else default


def flag(verb: Verb, name: str, *, default: bool = False) -> bool:
    return bool({"true": True, "false": False}.get(text(verb, name).lower(), default))
