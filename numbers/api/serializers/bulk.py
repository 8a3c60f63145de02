"""What is done to many numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers

from carrier.types import NumberType
from config.api.bodies import Choice, Flag, RowSerializer, Text, Wanted, id_field
from numbers.actions import ACTIONS, Kind, Param
from numbers.filters import LONGEST_SEARCH, Capability, Tab
from numbers.services.bulk import BULK_ACTIONS
from numbers.states import NumberState, Outcome

from .actions import DryRunSerializer, param_fields
from .numbers import NumberSerializer


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
