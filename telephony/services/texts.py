"""Texts that come in: stored with whom they are from, whatever the number can do with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from accounts.actor import Actor
from accounts.services.events import tell
from config.text import fold, plural
from numbers.models import PhoneNumber
from telephony import gates
from telephony.addresses import Address
from telephony.models import Consent, Contact, ContactAddress, Conversation, Media, Message
from telephony.states import Author, Keyword, MessageKind, MessageStatus, NotAnswered

#: What Twilio takes for a keyword when it is the whole text (twilio-facts 5.6).
KEYWORDS: dict[str, Keyword] = {
    **dict.fromkeys(
        ("STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"),
        Keyword.STOP,
    ),
    **dict.fromkeys(("START", "YES", "UNSTOP"), Keyword.START),
    **dict.fromkeys(("HELP", "INFO"), Keyword.HELP),
}
#: Also an answer to a question, so it is a keyword only to whoever has opted out.
AMBIGUOUS = "YES"


@dataclass(frozen=True)
class Attachment:
    url: str
    content_type: str


@dataclass(frozen=True)
class Text:
    """A text as Twilio told it, in values that a database stores.

    ``said_at`` is when it came. ``sid`` is empty when it came without one that can be Twilio's.
    ``service_sid`` is the messaging service it came through, ``opt_out`` what that took it for.
    """

    sender: Address
    body: str
    said_at: datetime
    sid: str = ""
    service_sid: str = ""
    opt_out: Keyword | None = None
    segments: int | None = None
    media: tuple[Attachment, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict)


def receive_text(number: PhoneNumber, text: Text, *, actor: Actor, at: datetime) -> Message | None:
    """Store a text to ``number``, and note what it says about consent (S4-19).

    It is stored whatever state the number is in; what keeps it from being answered is marked. A
    text that is stored already changes nothing: None.
    """
    try:
        with transaction.atomic():
            return _receive(number, text, actor=actor, at=at)
    except IntegrityError:
        mine = Message.objects.filter(account_id=number.account_id)
        if not text.sid or not mine.filter(provider_sid=text.sid).exists():
            raise
        return None


def _receive(number: PhoneNumber, text: Text, *, actor: Actor, at: datetime) -> Message:
    """The same; the unique constraint on SIDs decides whether it is stored already."""
    conversation = _conversation(number, text)
    sender = text.service_sid or conversation.number_e164
    keyword = _keyword(text, sender, conversation)
    message = _store(conversation, text, keyword, number=number, at=at)
    if text.media:
        Media.objects.bulk_create(
            Media(message=message, url=each.url, content_type=each.content_type)
            for each in text.media
        )
    _note_consent(keyword, sender, conversation, at=text.said_at)
    tell(
        message,
        "message.received",
        _summary(message),
        actor=actor,
        at=at,
        data={
            "number": number.pk,
            "conversation": conversation.pk,
            "kind": message.kind,
            "from": text.sender.kind,
            "not_answered": message.not_answered,
        },
    )
    return message


def _conversation(number: PhoneNumber, text: Text) -> Conversation:
    """The thread of the number and the sender, held until commit; begun if there is none."""
    known = Conversation.objects.take_up(number.pk, text.sender, at=text.said_at)
    if known is not None:
        return known
    begun, _ = Conversation.objects.get_or_create(
        number=number,
        address=_address(number.account_id, text.sender),
        defaults={
            "account_id": number.account_id,
            "number_e164": number.e164,
            "last_message_at": text.said_at,
            "last_inbound_at": text.said_at,
        },
    )
    return begun


def _address(account_id: int, sender: Address) -> ContactAddress:
    """The address, and a contact of its own for one that is new; the unique constraint decides
    between texts at the same instant."""
    mine = ContactAddress.objects.filter(
        account_id=account_id, kind=sender.kind, canonical=sender.canonical
    )
    known = mine.first()
    if known is not None:
        return known
    try:
        with transaction.atomic():
            return ContactAddress.objects.create(
                account_id=account_id,
                contact=Contact.objects.create(account_id=account_id),
                kind=sender.kind,
                address=sender.text,
                canonical=sender.canonical,
            )
    except IntegrityError:
        return mine.get()


def _store(
    conversation: Conversation,
    text: Text,
    keyword: Keyword | None,
    *,
    number: PhoneNumber,
    at: datetime,
) -> Message:
    message = Message(
        account_id=conversation.account_id,
        number_id=conversation.number_id,
        conversation=conversation,
        kind=MessageKind.TEXT,
        author=Author.CONTACT,
        body=text.body,
        search_words=fold(text.body),
        provider_sid=text.sid,
        status=MessageStatus.RECEIVED,
        keyword=keyword or "",
        not_answered=gates.answer_text(number) or "",
        media_count=len(text.media),
        segments=text.segments,
        occurred_at=text.said_at,
        received_at=at,
        raw=dict(text.raw),
    )
    message.save(force_insert=True)
    return message


# --- Consent -------------------------------------------------------------------------------------


def _keyword(text: Text, sender: str, conversation: Conversation) -> Keyword | None:
    """What the text is to Twilio, which answers it by itself."""
    if text.opt_out:
        return text.opt_out
    word = text.body.strip().upper()
    if word == AMBIGUOUS and not _is_opted_out(sender, conversation):
        return None
    return KEYWORDS.get(word)


def _is_opted_out(sender: str, conversation: Conversation) -> bool:
    consent = Consent.objects.filter(
        account_id=conversation.account_id, sender=sender, address_id=conversation.address_id
    ).first()
    return consent is not None and consent.is_opted_out


def _note_consent(
    keyword: Keyword | None, sender: str, conversation: Conversation, *, at: datetime
) -> None:
    changed = {Keyword.STOP: "opted_out_at", Keyword.START: "opted_in_at"}.get(
        keyword or Keyword.HELP
    )
    if not changed:
        return
    consent, _ = Consent.objects.get_or_create(
        account_id=conversation.account_id, sender=sender, address_id=conversation.address_id
    )
    known = getattr(consent, changed)
    if known is None or known < at:  # an old one that is handled late takes nothing back
        setattr(consent, changed, at)
        consent.save(update_fields=[changed])


def _summary(message: Message) -> str:
    """Says nothing of what was written, nor by whom: that can be erased, and this stays."""
    more = f" with {plural(message.media_count, 'attachment')}" if message.media_count else ""
    why = (
        f", not answered: {NotAnswered(message.not_answered).label}" if message.not_answered else ""
    )
    return f"Text received{more}{why}."
