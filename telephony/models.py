"""Agents: who answers the numbers. Conversations: what is said on them, and with whom."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models import OwnedQuerySet
from config.fields import FoldedField
from config.phone_numbers import for_people

from .addresses import LONGEST, Address
from .states import (
    WHY_NOT_ANSWERED,
    AddressKind,
    AgentState,
    Author,
    ConversationState,
    Keyword,
    MediaState,
    MessageKind,
    MessageStatus,
)


class Agent(models.Model):
    """What answers calls and texts on the numbers assigned to it (S4-9 to S4-11)."""

    account = models.ForeignKey("accounts.Account", models.PROTECT, related_name="agents")
    name = models.CharField(max_length=80)
    search_name = FoldedField("name")
    state = models.CharField(max_length=6, choices=AgentState.choices, default=AgentState.DRAFT)
    created_at = models.DateTimeField(default=timezone.now)

    objects = OwnedQuerySet["Agent"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("account", Lower("name"), name="agent_name_is_unique"),
            models.CheckConstraint(
                name="agent_state_is_known", condition=Q(state__in=AgentState.values)
            ),
        ]
        indexes = [models.Index(name="agent_by_name", fields=["account", "search_name", "id"])]

    def __str__(self) -> str:
        return self.name

    @property
    def is_live(self) -> bool:
        return self.state == AgentState.LIVE

    @property
    def about(self) -> tuple[str, int, str]:
        return ("agent", self.pk, self.name)


class Contact(models.Model):
    """Somebody out there: a grouping of the addresses that they write and call from."""

    account = models.ForeignKey("accounts.Account", models.PROTECT, related_name="contacts")

    objects = OwnedQuerySet["Contact"].as_manager()

    def __str__(self) -> str:
        return f"Contact {self.pk}"


class ContactAddress(models.Model):
    """What stands at the other end of a text or a call.

    ``address`` is as it came, at most ``LONGEST`` signs of it; ``canonical`` is what two
    spellings of the same have in common (E.164 for a phone).
    """

    account = models.ForeignKey(
        "accounts.Account", models.PROTECT, related_name="+", db_index=False
    )
    contact = models.ForeignKey(Contact, models.PROTECT, related_name="addresses")
    kind = models.CharField(max_length=12, choices=AddressKind.choices)
    address = models.CharField(max_length=LONGEST, blank=True)
    canonical = models.CharField(max_length=LONGEST, blank=True)

    objects = OwnedQuerySet["ContactAddress"].as_manager()

    class Meta:
        verbose_name_plural = "contact addresses"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "kind", "canonical"], name="address_is_in_account_once"
            ),
            models.CheckConstraint(
                name="address_kind_is_known", condition=Q(kind__in=AddressKind.values)
            ),
        ]

    def __str__(self) -> str:
        return self.written()

    def written(self, home: str = "US") -> str:
        """As people in the country ``home`` read it."""
        if self.kind == AddressKind.PHONE:
            return for_people(self.canonical, home)
        return self.address if self.canonical else str(self.get_kind_display())


class ConversationQuerySet(OwnedQuerySet["Conversation"]):
    def take_up(self, number_id: int, address: Address, *, at: datetime) -> Conversation | None:
        """Hold the thread of a number and an address until commit, and note that something came.

        One statement, since every text and call begins with it: it takes a third of the time of
        reading the row under a lock and writing it. Only what it writes and its keys are read.
        """
        last = "CASE WHEN last_message_at < %s THEN %s ELSE last_message_at END"
        found = self.raw(
            f"""UPDATE telephony_conversation SET last_message_at = {last}, last_inbound_at = {last}
            WHERE number_id = %s AND address_id = (
                SELECT id FROM telephony_contactaddress
                WHERE account_id = telephony_conversation.account_id
                    AND kind = %s AND canonical = %s
            )
            RETURNING id, account_id, number_id, number_e164, address_id""",  # noqa: S608 - ours
            [at, at, at, at, number_id, str(address.kind), address.canonical],
        )
        return next(iter(found), None)


class Conversation(models.Model):
    """All that one of our numbers and one address ever said to each other.

    It stays when the number leaves; ``number_e164`` is what the number was.
    """

    account = models.ForeignKey("accounts.Account", models.PROTECT, related_name="conversations")
    number = models.ForeignKey(
        "numbers.PhoneNumber", models.PROTECT, related_name="conversations", db_index=False
    )
    number_e164 = models.CharField("our number", max_length=16)
    address = models.ForeignKey(ContactAddress, models.PROTECT, related_name="conversations")
    state = models.CharField(
        max_length=6, choices=ConversationState.choices, default=ConversationState.AGENT
    )
    last_message_at = models.DateTimeField()
    last_inbound_at = models.DateTimeField(null=True, blank=True)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["number", "address"], name="conversation_is_one_a_number_and_address"
            ),
            models.CheckConstraint(
                name="conversation_state_is_known",
                condition=Q(state__in=ConversationState.values),
            ),
        ]

    def __str__(self) -> str:
        return f"{for_people(self.number_e164)} and {self.address}"


class MessageQuerySet(OwnedQuerySet["Message"]):
    def unanswered(self) -> Self:
        """Those that came in and that nobody could answer (``NotAnswered``)."""
        return self.exclude(not_answered="")


class Message(models.Model):
    """One thing said in a conversation. They are in the order in which they were stored.

    ``occurred_at`` is when it was said, as far as we know; ``received_at`` when it was stored.
    ``provider_sid`` is Twilio's name for it. ``not_answered`` is a code of ``NotAnswered``.
    ``search_words`` is the folded body. ``raw`` is what else Twilio told, unknown names included.
    """

    account = models.ForeignKey(
        "accounts.Account", models.PROTECT, related_name="messages", db_index=False
    )
    number = models.ForeignKey(
        "numbers.PhoneNumber", models.PROTECT, related_name="messages", db_index=False
    )
    conversation = models.ForeignKey(
        Conversation, models.PROTECT, related_name="messages", db_index=False
    )
    kind = models.CharField(max_length=10, choices=MessageKind.choices)
    author = models.CharField(max_length=10, choices=Author.choices)
    body = models.TextField(blank=True)
    search_words = models.TextField(blank=True, editable=False)
    provider_sid = models.CharField("SID", max_length=34, blank=True)
    status = models.CharField(max_length=20, choices=MessageStatus.choices)
    keyword = models.CharField(max_length=5, choices=Keyword.choices, blank=True)
    not_answered = models.CharField(max_length=20, blank=True)
    media_count = models.PositiveSmallIntegerField(default=0)
    segments = models.PositiveSmallIntegerField(null=True, blank=True)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    raw = models.JSONField("what else Twilio told", default=dict)

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "provider_sid"],
                condition=~Q(provider_sid=""),
                name="message_is_stored_once",
            ),
            models.CheckConstraint(
                name="message_author_is_known", condition=Q(author__in=Author.values)
            ),
        ]
        indexes = [
            models.Index(name="message_list", fields=["account", "-id"]),
            models.Index(name="message_of_number", fields=["account", "number", "-id"]),
            models.Index(name="message_of_conversation", fields=["account", "conversation", "-id"]),
            models.Index(
                name="message_not_answered",
                fields=["account", "-id"],
                condition=~Q(not_answered=""),
            ),
            # Turns a time into an id, by which the list is ordered.
            models.Index(name="message_since", fields=["account", "received_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.provider_sid or self.pk}"

    @property
    def attachments(self) -> list[Media]:
        return list(self.media.all())

    @property
    def why_not_answered(self) -> str:
        """The sentence for ``not_answered``; empty for a text that could be answered."""
        return WHY_NOT_ANSWERED.get(self.not_answered, "")

    @property
    def about(self) -> tuple[str, int, str]:
        """Events name our own number only: theirs, and what was said, can be erased."""
        return ("message", self.pk, self.conversation.number_e164)


class Media(models.Model):
    """Something that came along with a message, and where it is."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="media")
    url = models.TextField()
    content_type = models.CharField(max_length=100, blank=True)
    state = models.CharField(
        max_length=10, choices=MediaState.choices, default=MediaState.AT_TWILIO
    )

    class Meta:
        verbose_name_plural = "media"

    def __str__(self) -> str:
        return self.content_type or "unknown"


class Consent(models.Model):
    """Whether an address wants texts of one sender; Twilio keeps the same and tells nobody.

    ``sender`` is what Twilio keeps it by: the SID of a messaging service, else our number.
    """

    account = models.ForeignKey(
        "accounts.Account", models.PROTECT, related_name="+", db_index=False
    )
    sender = models.CharField(max_length=34)
    address = models.ForeignKey(ContactAddress, models.PROTECT, related_name="consents")
    opted_out_at = models.DateTimeField(null=True, blank=True)
    opted_in_at = models.DateTimeField(null=True, blank=True)

    objects = OwnedQuerySet["Consent"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "sender", "address"], name="consent_is_one_a_sender_and_address"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.address} and {self.sender}"

    @property
    def is_opted_out(self) -> bool:
        if self.opted_out_at is None:
            return False
        return self.opted_in_at is None or self.opted_out_at > self.opted_in_at
