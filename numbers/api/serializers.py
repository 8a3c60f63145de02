"""How numbers and what belongs to them look in JSON. Numbers are E.164, times are UTC."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers

from accounts.api.serializers import JobSerializer
from config.api.bodies import BlockerSerializer, Choice, Flag, RowSerializer, Text, Wanted, id_field
from numbers.models import PhoneNumber
from numbers.services.bulk import BULK_ACTIONS
from numbers.states import MOST_TAGS, ConnectionState, Fate, NumberState, NumberType, RefreshEvery

# --- Numbers -----------------------------------------------------------------------------------


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
    connection = serializers.IntegerField(source="connection_id")
    imported_at = serializers.DateTimeField()
    released_at = serializers.DateTimeField(allow_null=True)
    restorable_until = serializers.DateTimeField(allow_null=True)


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


class NumberChangesSerializer(Wanted):
    """What people write on a number. What is left out stays as it is."""

    label = Text(required=False, allow_blank=True, max_length=100)  # type: ignore[assignment]
    notes = Text(required=False, allow_blank=True, max_length=5000)
    tags = serializers.ListField(child=Text(max_length=40), required=False, max_length=MOST_TAGS)
    protected = Flag(required=False)


class ActionStateSerializer(RowSerializer):
    """An action, and the reasons against it before anyone tries."""

    action = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    allowed = serializers.BooleanField()
    relevant = serializers.BooleanField(help_text="Makes sense in the number's state.")
    blockers = BlockerSerializer(many=True)


# --- What is done to one number ----------------------------------------------------------------


class WantedAssignmentSerializer(Wanted):
    """Which agent shall answer the number."""

    agent = id_field(help_text="A live agent of the account.")


class DryRunSerializer(Wanted):
    """Whether to do it, or only to say what it would do."""

    dry_run = Flag(required=False, default=False)


class WantedSwapSerializer(DryRunSerializer):
    """Which number takes whose place, and what becomes of the one that leaves."""

    leaving = id_field(help_text="The number that leaves.")
    taking = id_field(help_text="A held, unassigned number that takes its place.")
    fate = Choice(Fate.choices)


class PlanChangeSerializer(RowSerializer):
    """One thing that would be different."""

    label = serializers.CharField()  # type: ignore[assignment]
    number = serializers.CharField(help_text="As people write it.")
    before = serializers.CharField()
    after = serializers.CharField()


class PlanSerializer(RowSerializer):
    """What an action would do. Empty `blockers` mean that it is allowed."""

    changes = PlanChangeSerializer(many=True)
    touches = serializers.ListField(child=serializers.CharField())
    cost = serializers.CharField()
    undo = serializers.CharField()
    blockers = BlockerSerializer(many=True)


class SwapSerializer(RowSerializer):
    """Both numbers after a swap."""

    leaving = NumberSerializer()
    taking = NumberSerializer()


# --- Many numbers ------------------------------------------------------------------------------


class BulkParamsSerializer(Wanted):
    """What the action needs: `assign` an `agent`, `tag` tags to `add` or `remove`, `protect`
    whether to be `protected`; the others nothing."""

    agent = id_field(required=False)
    add = serializers.ListField(child=Text(max_length=40), required=False)
    remove = serializers.ListField(child=Text(max_length=40), required=False)
    protected = Flag(required=False)


class WantedBulkJobSerializer(DryRunSerializer):
    """An action on many numbers: those of `numbers`, or all that `filter` finds."""

    action = Choice([(name, bulk.label) for name, bulk in BULK_ACTIONS.items()])
    params = BulkParamsSerializer(required=False)
    numbers = serializers.ListField(
        child=id_field(), required=False, min_length=1, max_length=10_000, help_text="Ids."
    )
    filter = serializers.DictField(
        required=False,
        help_text='The filters of the list of numbers, such as `{"tab": "unassigned"}`. '
        "Without `tab` and `state`, numbers that are held.",
    )


class SkipReasonSerializer(RowSerializer):
    """Why some numbers would be skipped."""

    code = serializers.CharField()
    message = serializers.CharField()
    count = serializers.IntegerField()


class BulkSkipSerializer(RowSerializer):
    """A number that would be skipped."""

    number = NumberSerializer()
    message = serializers.CharField()


class BulkPreviewSerializer(RowSerializer):
    """What a bulk job would do; the lists show at most 20 numbers each."""

    will_change = serializers.IntegerField()
    will_skip = serializers.IntegerField()
    reasons = SkipReasonSerializer(many=True)
    changing = NumberSerializer(many=True)
    skipping = BulkSkipSerializer(many=True)


# --- Connections and imports -------------------------------------------------------------------


class ConnectionSerializer(RowSerializer):
    """The link to a Twilio subaccount. Its token is never shown."""

    id = serializers.IntegerField()
    sid = serializers.CharField(help_text="The subaccount's SID.")
    owner_sid = serializers.CharField(help_text="The main account's SID.")
    name = serializers.CharField()
    state = serializers.ChoiceField(ConnectionState.choices)
    state_detail = serializers.CharField(help_text="What is wrong and what helps, or empty.")
    checked_at = serializers.DateTimeField()
    refresh_every = serializers.ChoiceField(RefreshEvery.choices)
    next_refresh_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class WantedConnectionSerializer(Wanted):
    """The credentials of a Twilio subaccount."""

    sid = serializers.RegexField(
        r"^AC[0-9a-fA-F]{32}$", error_messages={"invalid": "AC and 32 digits or letters a to f."}
    )
    token = Text(max_length=100, help_text="Its auth token; stored encrypted.")


class WantedRefreshSerializer(Wanted):
    """How often to refresh without being asked."""

    refresh_every = Choice(RefreshEvery.choices)


class WantedTokenSerializer(Wanted):
    """The auth token in place of the stored one."""

    token = Text(max_length=100)


class WantedImportSerializer(Wanted):
    """Which connection to read."""

    connection = id_field()


class ImportLinksSerializer(RowSerializer):
    """The numbers that an import found, as lists of this API."""

    new = serializers.CharField()
    changed = serializers.CharField()
    missing = serializers.CharField()
    came_back = serializers.CharField()


class ImportSerializer(RowSerializer):
    """One import or refresh (the same thing) with what it found so far."""

    id = serializers.IntegerField()
    connection = serializers.IntegerField(source="connection_id")
    scheduled = serializers.BooleanField(source="is_scheduled")
    pages = serializers.IntegerField(help_text="Pages of Twilio's list that were read.")
    job = JobSerializer()


class ImportCountsSerializer(RowSerializer):
    """How many numbers an import found in which condition, so far."""

    seen = serializers.IntegerField()
    new = serializers.IntegerField()
    changed = serializers.IntegerField()
    missing = serializers.IntegerField()
    came_back = serializers.IntegerField()
    unchanged = serializers.IntegerField()


class ImportDetailSerializer(ImportSerializer):
    """An import with its counts, and where to list exactly those numbers."""

    counts = ImportCountsSerializer()
    numbers = ImportLinksSerializer()
