"""Calls and texts as lists show them: a page of all, and the latest of one number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse

from accounts.actor import Actor
from accounts.models import Account
from accounts.registries import Card
from config.text import plural
from numbers.models import PhoneNumber

from .models import Media, Message, MessageQuerySet
from .states import AddressKind, Keyword, NotAnswered

#: Texts on the page of a number; the rest is on the list that it links to.
SHOWN = 5
#: Of a longer text, lists show the beginning, and the whole on opening it.
LONGEST_SHOWN, BEGINNING, MOST_LINES = 320, 240, 6
#: What a keyword means, for the tooltip of its badge.
KEYWORDS: dict[str, str] = {
    Keyword.STOP: "They want no more texts of this sender. Twilio confirmed it and blocks them.",
    Keyword.START: "They want texts of this sender again. Twilio confirmed it.",
    Keyword.HELP: "They asked who writes. Twilio answered.",
}
#: Kinds of files by the first part of their content type.
_MEDIA = {"image": "picture", "video": "video", "audio": "recording", "text": "document"}


@dataclass(frozen=True)
class Row:
    """A text as lists show it; ``sender_query`` finds what else came from there.

    ``beginning`` is that of a text which is too long to be shown whole.
    """

    message: Message
    sender: str
    sender_kind: str
    sender_query: str
    beginning: str
    attachments: str
    keyword: str
    why_not: str


def with_row_fields(messages: MessageQuerySet) -> MessageQuerySet:
    """Only what lists show, in two queries."""
    return (
        messages.select_related("number", "conversation__address")
        .only(
            "body", "provider_sid", "keyword", "not_answered", "media_count", "segments",
            "occurred_at", "number__e164", "number__label", "number__friendly_name",
            "conversation__number_e164", "conversation__address__kind",
            "conversation__address__address", "conversation__address__canonical",
        )
        .prefetch_related("media")
    )  # fmt: skip


def rows(messages: Iterable[Message], account: Account) -> list[Row]:
    return [_row(message, account) for message in messages]


def _row(message: Message, account: Account) -> Row:
    address = message.conversation.address
    return Row(
        message=message,
        sender=address.written(account.country),
        sender_kind="" if address.kind == AddressKind.PHONE else address.get_kind_display(),
        sender_query=address.canonical or str(address.get_kind_display()),
        beginning=_beginning(message.body),
        attachments=in_words(message.attachments),
        keyword=KEYWORDS.get(message.keyword, ""),
        why_not=str(NotAnswered(message.not_answered).label) if message.not_answered else "",
    )


def _beginning(body: str) -> str:
    if len(body) <= LONGEST_SHOWN and body.count("\n") < MOST_LINES:
        return ""
    return "\n".join(body.split("\n")[:MOST_LINES])[:BEGINNING].rstrip() + "…"


def in_words(media: Iterable[Media]) -> str:
    """``2 pictures, 1 video``."""
    kinds = Counter(_MEDIA.get(each.content_type.partition("/")[0], "file") for each in media)
    return ", ".join(plural(count, kind) for kind, count in kinds.items())


def card_of(number: PhoneNumber, actor: Actor, at: datetime) -> Card:
    """The latest calls and texts of a number, for its page (S4-22)."""
    mine = Message.objects.filter(account=number.account, number=number).order_by("-pk")
    query = urlencode({"number": number.e164})
    return Card(
        place=20,
        title="Calls and texts",
        template="telephony/number_card.html",
        content=rows(with_row_fields(mine)[:SHOWN], number.account),
        url=f"{reverse('telephony:texts', args=[number.account.slug])}?{query}",
        link="All of them",
    )
