"""Where Twilio tells us of texts: who calls is proven, and what it says is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from accounts.actor import Actor
from accounts.models import HookDelivery
from accounts.services.hooks import Answer, Caller, Hook, Incoming
from carrier.signatures import FORM, is_signed
from config import clock
from config.jobs import enqueue
from config.outside import UNSTORABLE, whole
from config.phone_numbers import E164
from numbers.models import Connection, PhoneNumber

from .addresses import identify
from .services.texts import Attachment, Text, receive_text
from .states import Keyword

_SID = re.compile(r"(?:SM|MM)[0-9a-f]{32}", re.ASCII)
_SERVICE = re.compile(r"MG[0-9a-f]{32}", re.ASCII)
_MOST_SEGMENTS = 1_000
#: Twilio sends ten at most; more than this are not looked for.
_MOST_MEDIA = 50
#: What comes before a number when a text did not come as one: ``whatsapp:``.
_CHANNEL = re.compile(r"[a-z]+:", re.ASCII)
#: What has a column, where it fits into it; all else is kept in ``Message.raw``.
_COLUMNS = frozenset({"AccountSid", "Body", "NumMedia", "NumSegments"})
_MEDIA = re.compile(r"Media(?:Url|ContentType)\d+", re.ASCII)
#: No words: Twilio has nothing to do.
NOTHING = Answer(200, '<?xml version="1.0" encoding="UTF-8"?><Response/>', "text/xml")

#: Numbers with what it takes to know who calls, and whether they can answer.
_NUMBERS = (
    PhoneNumber.objects.exclude(hook_key="")
    .select_related("connection", "agent")
    .only(
        "account_id", "e164", "country", "state", "texts", "enabled_at", "hook_key",
        "agent__state", "connection__sid", "connection__auth_token",
        "connection__previous_token", "connection__previous_token_until",
    )
)  # fmt: skip


def _number(address: str) -> PhoneNumber | None:
    """The number that the address of a hook names."""
    try:
        return _NUMBERS.get(hook_key=address.partition("?")[0])
    except PhoneNumber.DoesNotExist:
        return None


def _parameters(address: str, content_type: str, body: bytes) -> dict[str, str]:
    """What Twilio says, in its query (GET) or its form (POST), as a database stores it.

    Of a name that comes twice the last value counts; what was sent stays in the delivery.
    """
    pairs = parse_qsl(address.partition("?")[2], keep_blank_values=True)
    if content_type.partition(";")[0].strip().lower() == FORM:
        pairs += parse_qsl(body.decode(errors="replace"), keep_blank_values=True)
    return {_storable(name): _storable(value) for name, value in pairs}


def _storable(text: str) -> str:
    return UNSTORABLE.sub("\ufffd", text)


def _verify(incoming: Incoming) -> Caller | None:
    """Twilio, for the number that the address names: signed with a token of its connection."""
    number = _number(incoming.address)
    if number is None:
        return None
    told = _parameters(incoming.address, incoming.content_type, incoming.body)
    connection = _connection(number, told.get("AccountSid", ""))
    if connection is None or not is_signed(
        url=incoming.url,
        body=incoming.body,
        content_type=incoming.content_type,
        signature=incoming.headers.get("X-Twilio-Signature", ""),
        tokens=connection.tokens(clock.now()),
    ):
        return None
    if not _is_for(number, told.get("To", "")):
        return None
    return Caller(number.account_id, key=_sid(told), about=(number, told))


def _connection(number: PhoneNumber, sid: str) -> Connection | None:
    """The connection through which the number is at Twilio: as far as we know, or another one of
    its account that it has moved to since."""
    if number.connection.sid == sid:
        return number.connection
    return Connection.objects.attached().filter(account=number.account_id, sid=sid).first()


def _is_for(number: PhoneNumber, to: str) -> bool:
    """Whether the text can be one to the number: an address copied to another number's settings
    would mix up whom people wrote to. What is no phone number says nothing; the address does."""
    plain = _CHANNEL.sub("", to, count=1)
    return plain == number.e164 or not E164.fullmatch(plain)


def _sid(told: dict[str, str]) -> str:
    sid = told.get("MessageSid", "")
    return sid if _SID.fullmatch(sid) else ""


def _handle(delivery: HookDelivery, actor: Actor, at: datetime, about: Any) -> Answer:
    """Store the text. The agent's answer, if any, is sent later and not from here."""
    number, told = about or _read_again(delivery)
    text = _text(told, number, delivery.received_at)
    receive_text(number, text, actor=actor, at=at)
    moved_to = _connection(number, told.get("AccountSid", ""))
    if moved_to is not None and moved_to.pk != number.connection_id:
        enqueue("numbers.tasks.refresh", moved_to.pk)
    return NOTHING


def _read_again(delivery: HookDelivery) -> tuple[PhoneNumber, dict[str, str]]:
    """What proving the caller had read. Raises ``LookupError``."""
    number = _number(delivery.address)
    if number is None:
        raise LookupError("The number is not reached by this address any more.")
    return number, _parameters(delivery.address, delivery.content_type, bytes(delivery.body))


def _text(told: dict[str, str], number: PhoneNumber, said_at: datetime) -> Text:
    service, opt_out = told.get("MessagingServiceSid", ""), told.get("OptOutType", "").lower()
    sender = identify(told.get("From", ""), number.country or "US")
    stored = {"From": sender.text, "To": number.e164, "MessageSid": _sid(told)}
    return Text(
        sender=sender,
        body=told.get("Body", ""),
        said_at=said_at,
        sid=_sid(told),
        service_sid=service if _SERVICE.fullmatch(service) else "",
        opt_out=Keyword(opt_out) if opt_out in Keyword.values else None,
        segments=whole(told.get("NumSegments"), least=0, most=_MOST_SEGMENTS),
        media=tuple(_media(told)),
        raw={
            name: value
            for name, value in told.items()
            if name not in _COLUMNS and not _MEDIA.fullmatch(name) and stored.get(name) != value
        },
    )


def _media(told: dict[str, str]) -> Iterator[Attachment]:
    count = whole(told.get("NumMedia"), least=0, most=_MOST_MEDIA) or 0
    for position in range(count):
        if url := told.get(f"MediaUrl{position}"):
            yield Attachment(url, told.get(f"MediaContentType{position}", "")[:100])


TEXTS = Hook("texts", label="Twilio", verify=_verify, handle=_handle, methods=("GET", "POST"))
