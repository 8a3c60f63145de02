"""A number, its tags, what can be done to it, and its tasks at Twilio."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers

from carrier.types import NumberType
from config.api.bodies import BlockerSerializer, Flag, RowSerializer, Text, Wanted
from config.text import SHOWS
from numbers.models import PhoneNumber
from numbers.states import MOST_TAGS, NumberState, TaskKind, TaskState


class CapabilitiesSerializer(RowSerializer):
    """What the number can do at Twilio."""

    voice = serializers.BooleanField()
    sms = serializers.BooleanField()
    mms = serializers.BooleanField()


def with_tags(numbers: Iterable[PhoneNumber]) -> list[PhoneNumber]:
    """The numbers, each with the names of its tags as ``tag_names``, by one query for all."""
    rows = list(numbers)
    names: dict[int, list[str]] = {number.pk: [] for number in rows}
    tagged = PhoneNumber.tags.through.objects.filter(phonenumber_id__in=names)
    for pk, name in tagged.order_by("tag__name").values_list("phonenumber_id", "tag__name"):
        names[pk].append(name)
    for number in rows:
        number.tag_names = names[number.pk]  # type: ignore[attr-defined]
    return rows


def with_its_tags(number: PhoneNumber) -> PhoneNumber:
    return with_tags([number])[0]


class NumberAgentSerializer(RowSerializer):
    """Who answers the number."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class NumberSerializer(RowSerializer):
    """A number as lists show it. Give it numbers that are ``with_tags``."""

    id = serializers.IntegerField()
    number = serializers.CharField(source="e164", help_text="E.164, such as `+14155550123`.")
    sid = serializers.CharField(help_text="Its SID at Twilio.")
    state = serializers.ChoiceField(NumberState.choices)
    state_changed_at = serializers.DateTimeField()
    country = serializers.CharField(help_text="ISO 3166 alpha-2; empty when there is none.")
    type = serializers.ChoiceField(NumberType.choices)
    capabilities = CapabilitiesSerializer(source="*")
    friendly_name = serializers.CharField(help_text="Its name at Twilio.")
    label = serializers.CharField(help_text="Its name here.")  # type: ignore[assignment]
    tags = serializers.ListField(source="tag_names", child=serializers.CharField())
    protected = serializers.BooleanField()
    agent = NumberAgentSerializer(allow_null=True)
    kept_at = serializers.DateTimeField(
        source="keep_decided_at", allow_null=True, help_text="When it was kept as a spare."
    )
    kept_until = serializers.DateField(
        allow_null=True,
        help_text="The day on which it waits for a decision again, in the account's time zone.",
    )
    texts = serializers.BooleanField(help_text="Whether it offers texts while it is enabled.")
    enabled_at = serializers.DateTimeField(
        allow_null=True, help_text="Since when it is answered; null while it is disabled."
    )
    in_service_at = serializers.DateTimeField(
        allow_null=True, help_text="When Twilio confirmed that it sends its texts here."
    )
    connection = serializers.IntegerField(source="connection_id")
    imported_at = serializers.DateTimeField()
    released_at = serializers.DateTimeField(allow_null=True)
    restorable_until = serializers.DateTimeField(allow_null=True)
    unlisted_at = serializers.DateTimeField(
        allow_null=True,
        help_text="Of an excluded number: since when Twilio no longer lists it.",
    )
    differs_since = serializers.DateTimeField(
        allow_null=True,
        help_text="Since when its settings at Twilio are other than before and nobody has decided "
        "about that: `previous-settings` puts them back, or leaves them.",
    )


class NumberDetailSerializer(NumberSerializer):
    """A number with its notes and, on request, everything Twilio says about it."""

    notes = serializers.CharField()
    twilio = serializers.DictField(
        required=False, help_text="Twilio's record as it came; only with `expand=twilio`."
    )

    def to_representation(self, instance: PhoneNumber) -> dict[str, Any]:
        row = super().to_representation(instance)
        if not self.context.get("expand_twilio"):
            del row["twilio"]
        return row


def tag_field() -> Text:
    """A word without commas, as tags are typed with commas between them."""
    return Text(max_length=40, pattern=SHOWS.replace("[^", "[^,"))


class NumberChangesSerializer(Wanted):
    """What people write on a number. What is left out stays as it is."""

    label = Text(required=False, allow_blank=True, max_length=100)  # type: ignore[assignment]
    notes = Text(required=False, allow_blank=True, max_length=5000)
    tags = serializers.ListField(child=tag_field(), required=False, max_length=MOST_TAGS)
    protected = Flag(required=False)


class ActionStateSerializer(RowSerializer):
    """An action, and the reasons against it before anyone tries."""

    action = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    allowed = serializers.BooleanField()
    relevant = serializers.BooleanField(help_text="Makes sense in the number's state.")
    blockers = BlockerSerializer(many=True)


class TaskSerializer(RowSerializer):
    """What remains to be done at Twilio after a decision was made here."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(TaskKind.choices)
    state = serializers.ChoiceField(
        TaskState.choices,
        help_text="`needs_person`: Twilio refused for good, or gave no answer many times.",
    )
    next_attempt_at = serializers.DateTimeField(source="due_at")
    attempts = serializers.IntegerField()
    error_code = serializers.CharField()
    error = serializers.CharField(help_text="What Twilio answered last; empty so far without.")
    twilio_request_id = serializers.CharField()
    created_at = serializers.DateTimeField()
