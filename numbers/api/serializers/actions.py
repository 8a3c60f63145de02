"""What is done to one number: what is wanted, and its plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rest_framework import serializers

from config.api.bodies import BlockerSerializer, Choice, Day, Flag, RowSerializer, Wanted, id_field
from numbers.actions import Kind, Param
from numbers.states import MOST_TAGS, Fate

from .numbers import NumberSerializer, tag_field


def param_fields(params: Iterable[Param], *, required: bool = True) -> dict[str, Any]:
    """A field for each parameter; none is ``required`` where one body serves several actions."""
    return {each.name: _FIELDS[each.kind](each.required and required) for each in params}


_FIELDS: dict[Kind, Callable[[bool], Any]] = {
    Kind.AGENT: lambda required: id_field(
        required=required, help_text="A live agent of the account."
    ),
    Kind.TAGS: lambda required: serializers.ListField(
        child=tag_field(), required=required, max_length=MOST_TAGS
    ),
    Kind.YES_NO: lambda required: Flag(required=required),
    Kind.DAY: lambda required: Day(
        required=required, allow_null=True, help_text="A day that is still to come."
    ),
}


class DryRunSerializer(Wanted):
    """Whether to do it, or only to say what it would do."""

    dry_run = Flag(required=False, default=False)


class SealedSerializer(DryRunSerializer):
    """The same, only as a dry run has shown it."""

    seal = serializers.CharField(required=False, allow_blank=True, max_length=64)


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
    seal = serializers.CharField(
        help_text="What was shown, for actions that take it; empty for others."
    )


class SwapSerializer(RowSerializer):
    """Both numbers after a swap."""

    leaving = NumberSerializer()
    taking = NumberSerializer()
