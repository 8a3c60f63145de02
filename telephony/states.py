"""The life of an agent. Pure: no database, no clock."""

from __future__ import annotations

from django.db import models

from config.moves import Moves


class AgentState(models.TextChoices):
    DRAFT = "draft", "Draft"
    LIVE = "live", "Live"
    PAUSED = "paused", "Paused"


AGENT_MOVES = Moves(
    "An agent",
    {
        AgentState.DRAFT: frozenset({AgentState.LIVE}),
        AgentState.LIVE: frozenset({AgentState.PAUSED}),
        AgentState.PAUSED: frozenset({AgentState.LIVE}),
    },
)


class AddressKind(models.TextChoices):
    """What the other end of a thread is. Only a phone is sure to be somebody's own."""

    PHONE = "phone", "Phone number"
    SHORT_CODE = "short_code", "Short code"
    ALPHANUMERIC = "alphanumeric", "Sender name"
    ANONYMOUS = "anonymous", "Withheld"
    SIP = "sip", "SIP address"
    CHANNEL = "channel", "Other channel"  # whatsapp:+1…, messenger:…, rcs:…


class ConversationState(models.TextChoices):
    """Who speaks for us in a thread."""

    AGENT = "agent", "Agent"
    HUMAN = "human", "Person"
    CLOSED = "closed", "Closed"


class MessageKind(models.TextChoices):
    TEXT = "text", "Text"


class Author(models.TextChoices):
    """Who wrote a message; all but the contact are on our side."""

    CONTACT = "contact", "Contact"
    AGENT = "agent", "Agent"
    PERSON = "person", "Person"


class MessageStatus(models.TextChoices):
    """Twilio's words for where a message is on its way."""

    RECEIVED = "received", "Received"


class Keyword(models.TextChoices):
    """What a text can be instead of words to us. Twilio answers these by itself."""

    STOP = "stop", "Stop"
    START = "start", "Start"
    HELP = "help", "Help"


class MediaState(models.TextChoices):
    """Where an attachment is."""

    AT_TWILIO = "at_twilio", "At Twilio"


class NotAnswered(models.TextChoices):
    """Why a text stays without an answer; ``WHY_NOT_ANSWERED`` has the sentences."""

    DISABLED = "disabled", "disabled"
    TEXTS_OFF = "texts_off", "texts off"
    AGENT_NOT_LIVE = "agent_not_live", "agent not live"
    MISSING = "missing", "missing"
    RELEASED = "released", "released"
    EXCLUDED = "excluded", "excluded"


#: What each reason means, for people.
WHY_NOT_ANSWERED: dict[str, str] = {
    NotAnswered.DISABLED: "The number was disabled when the text came.",
    NotAnswered.TEXTS_OFF: "Texts were switched off for the number when the text came.",
    NotAnswered.AGENT_NOT_LIVE: "The number's agent was not live when the text came.",
    NotAnswered.MISSING: "The number was missing at Twilio when the text came.",
    NotAnswered.RELEASED: "The number was given back, or about to be, when the text came.",
    NotAnswered.EXCLUDED: "The number was excluded when the text came.",
}
