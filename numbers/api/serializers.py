"""How numbers and what belongs to them look in JSON. Numbers are E.164, times are UTC."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rest_framework import serializers

from accounts.api.serializers import JobSerializer
from carrier.types import NumberType
from config.api.bodies import (
    BlockerSerializer,
    Choice,
    Day,
    Flag,
    RowSerializer,
    Text,
    Wanted,
    id_field,
)
from config.csv_files import MOST_ROWS
from config.text import SHOWS
from numbers.actions import ACTIONS, Kind, Param
from numbers.filters import LONGEST_SEARCH, Capability, Tab
from numbers.models import PhoneNumber
from numbers.services.bulk import BULK_ACTIONS
from numbers.states import (
    MOST_TAGS,
    ConnectionState,
    Fate,
    NumberState,
    Outcome,
    RefreshEvery,
    TaskKind,
    TaskState,
)

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


def _tag() -> Text:
    """A word without commas, as tags are typed with commas between them."""
    return Text(max_length=40, pattern=SHOWS.replace("[^", "[^,"))


class NumberChangesSerializer(Wanted):
    """What people write on a number. What is left out stays as it is."""

    label = Text(required=False, allow_blank=True, max_length=100)  # type: ignore[assignment]
    notes = Text(required=False, allow_blank=True, max_length=5000)
    tags = serializers.ListField(child=_tag(), required=False, max_length=MOST_TAGS)
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


# --- What is done to one number ----------------------------------------------------------------


def param_fields(params: Iterable[Param], *, required: bool = True) -> dict[str, Any]:
    """A field for each parameter; none is ``required`` where one body serves several actions."""
    return {each.name: _FIELDS[each.kind](each.required and required) for each in params}


_FIELDS: dict[Kind, Callable[[bool], Any]] = {
    Kind.AGENT: lambda required: id_field(
        required=required, help_text="A live agent of the account."
    ),
    Kind.TAGS: lambda required: serializers.ListField(
        child=_tag(), required=required, max_length=MOST_TAGS
    ),
    Kind.YES_NO: lambda required: Flag(required=required),
    Kind.DAY: lambda required: Day(
        required=required, allow_null=True, help_text="A day that is still to come."
    ),
}


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


def _with_params(actions: list[str], params: dict[str, Any]) -> dict[str, Any]:
    """JSON Schema: these actions need such parameters."""
    return {"required": ["params"], "properties": {"action": _one_of(actions), "params": params}}


def _one_of(actions: list[str]) -> dict[str, Any]:
    """JSON Schema. Wrapped, or drf-spectacular takes it for the whole enumeration of actions."""
    return {"allOf": [{"enum": actions}]}


def _must_be_told(params: Iterable[Param]) -> bool:
    """Whether an action cannot do without parameters; of tags, one list is enough."""
    return any(each.required or each.kind == Kind.TAGS for each in params)


def _needs(params: Iterable[Param]) -> dict[str, Any]:
    """JSON Schema: what an action must be told, or at least one of what it may do without."""
    if must := [each.name for each in params if each.required]:
        return {"required": must}
    return {
        "anyOf": [
            {"required": [each.name], "properties": {each.name: {"minItems": 1}}} for each in params
        ]
    }


class BulkParamsSerializer(Wanted):
    """What the action needs. Each field says whose it is; the other actions need nothing."""

    def get_fields(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in BULK_ACTIONS:
            for field_name, field in param_fields(ACTIONS[name].params, required=False).items():
                field.help_text = f"For `{name}`. {field.help_text or ''}".strip()
                found[field_name] = field
        return found


class NumberFilterSerializer(Wanted):
    """The filters of the list of numbers. Each one that is named narrows: what is left out of a
    list by a blank one would be acted on here."""

    @classmethod
    def rules(cls) -> dict[str, Any]:
        return {"anyOf": [{"required": ["imported_in"]}, {"not": {"required": ["outcome"]}}]}

    tab = Choice(Tab.choices, required=False)
    q = Text(required=False, max_length=LONGEST_SEARCH)
    state = Choice(NumberState.choices, required=False)
    agent = id_field(required=False)
    tag = Text(required=False, max_length=40)
    country = Text(required=False, max_length=2)
    type = Choice(NumberType.choices, required=False)
    capability = serializers.ListField(
        child=Choice(Capability.choices), required=False, min_length=1
    )
    protected = Flag(required=False)
    enabled = Flag(required=False)
    elsewhere = Flag(required=False)
    differs = Flag(required=False)
    connection = id_field(required=False)
    kept = Flag(required=False)
    imported_in = id_field(required=False)
    outcome = Choice(Outcome.choices, required=False)

    def validate(self, wishes: dict[str, Any]) -> dict[str, Any]:
        if "outcome" in wishes and "imported_in" not in wishes:
            raise serializers.ValidationError({"outcome": ["Name the import in imported_in, too."]})
        return wishes


class WantedBulkJobSerializer(DryRunSerializer):
    """An action on many numbers: those of `numbers`, or all that `filter` finds."""

    @classmethod
    def rules(cls) -> dict[str, Any]:
        params = {name: ACTIONS[name].params for name in BULK_ACTIONS}
        plain = sorted(name for name, each in params.items() if not _must_be_told(each))
        told = [
            _with_params([name], _needs(each))
            for name, each in params.items()
            if _must_be_told(each)
        ]
        return {
            "allOf": [
                {"oneOf": [{"required": ["numbers"]}, {"required": ["filter"]}]},
                {"anyOf": [*told, {"properties": {"action": _one_of(plain)}}]},
            ]
        }

    action = Choice([])
    params = BulkParamsSerializer(required=False)
    numbers = serializers.ListField(
        child=id_field(), required=False, min_length=1, max_length=10_000, help_text="Ids."
    )
    filter = NumberFilterSerializer(
        required=False,
        help_text='The filters of the list of numbers, such as `{"tab": "unassigned"}`. '
        "Without `tab` and `state`, numbers that are held.",
    )

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        fields["action"] = Choice([(name, bulk.label) for name, bulk in BULK_ACTIONS.items()])
        return fields


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
    licenses = serializers.IntegerField(
        help_text="How many more are in use afterwards; fewer when negative."
    )
    said_of_licenses = serializers.CharField(
        help_text="What that means for the licenses and the grace period; empty for no change."
    )


class CsvEditRowSerializer(NumberChangesSerializer):
    """What is wanted of one number. What is left out stays as it is."""

    number = Text(max_length=100, help_text="In any common format.")
    agent = id_field(required=False, allow_null=True, help_text="Null takes the agent off.")


class WantedCsvEditSerializer(DryRunSerializer):
    """What to write on numbers, row by row."""

    rows = serializers.ListField(child=CsvEditRowSerializer(), min_length=1, max_length=MOST_ROWS)
    skip_wrong = Flag(
        default=False, help_text="Do the other rows when some are wrong; else none is done."
    )


class CsvEditChangeSerializer(RowSerializer):
    """A value before and after, as in `rows`."""

    field = serializers.CharField()
    before = serializers.JSONField()
    after = serializers.JSONField()


class CsvEditProblemSerializer(RowSerializer):
    """Why a row would be skipped; `number` is the field of what is about the whole row."""

    field = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class CsvEditPlaceSerializer(RowSerializer):
    row = serializers.IntegerField(help_text="As a spreadsheet counts; of `rows` from 1.")
    line = serializers.IntegerField(help_text="Where the row begins in the file.")
    number = serializers.CharField(help_text="E.164; as it was written where it is not ours.")


class CsvEditChangingSerializer(CsvEditPlaceSerializer):
    """A row that would change its number."""

    changes = CsvEditChangeSerializer(many=True)


class CsvEditSkippingSerializer(CsvEditPlaceSerializer):
    """A row that would be skipped."""

    problems = CsvEditProblemSerializer(many=True)


class CsvEditPreviewSerializer(RowSerializer):
    """What an edit would do; the lists show at most 100 rows each."""

    will_change = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    will_skip = serializers.IntegerField()
    reasons = SkipReasonSerializer(many=True)
    changing = CsvEditChangingSerializer(many=True)
    skipping = CsvEditSkippingSerializer(many=True)
    ignored_columns = serializers.ListField(
        child=serializers.CharField(), help_text="Columns of the file that nothing is read from."
    )


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


#: Printable signs of ASCII without spaces.
_PRINTABLE = "^[!-~]+$"


class WantedConnectionSerializer(Wanted):
    """The credentials of a Twilio subaccount."""

    sid = Text(
        pattern=r"^AC[0-9a-fA-F]{32}$",
        max_length=34,
        error_messages={"invalid": "AC and 32 digits or letters a to f."},
    )
    token = Text(pattern=_PRINTABLE, max_length=100, help_text="Its auth token; stored encrypted.")


class WantedRefreshSerializer(Wanted):
    """How often to refresh without being asked."""

    refresh_every = Choice(RefreshEvery.choices)


class WantedTokenSerializer(Wanted):
    """The auth token in place of the stored one."""

    token = Text(pattern=_PRINTABLE, max_length=100)


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


class OddRowSerializer(RowSerializer):
    """A row of Twilio's list that cannot be used."""

    sid = serializers.CharField()
    number = serializers.CharField(help_text="What stands in place of a phone number.")


class ImportDetailSerializer(ImportSerializer):
    """An import with its counts, and where to list exactly those numbers."""

    counts = ImportCountsSerializer()
    numbers = ImportLinksSerializer()
    odd_rows = serializers.IntegerField(
        help_text="Rows of Twilio's list that cannot be used. With any, nothing is called missing."
    )
    odd = OddRowSerializer(many=True, help_text="The first of these rows.")
    asked_again_at = serializers.DateTimeField(
        source="again_at",
        allow_null=True,
        help_text="Much was absent, so everything is read once more from then on.",
    )
