"""What a number is known by: its tags, its protection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numbers import gates
from numbers.models import PhoneNumber
from numbers.services import descriptions

from .action import Action, Kind, Many, Param, Undo
from .common import HELD_TABS

_ADD = Param(
    "add", Kind.TAGS, "Add", said=("Added: {}.",), help="Tags with commas between them.",
    required=False,
)  # fmt: skip
_REMOVE = Param(
    "remove", Kind.TAGS, "Remove", said=("Taken off: {}.",), help="Tags with commas between them.",
    required=False,
)  # fmt: skip
_PROTECTED = Param(
    "protected",
    Kind.YES_NO,
    "What to do",
    said=("They become protected.", "Their protection goes."),
    choices=(
        "Protect: cannot be released, excluded or swapped out",
        "Remove the protection",
    ),
)


def _other_tags(before: PhoneNumber, params: Mapping[str, Any]) -> Undo | None:
    """The other way round, of what has changed."""
    had = {tag.name for tag in before.tags.all()}
    wanted = descriptions.check_tags(before.account_id, params)
    has = (had | set(wanted["add"])) - set(wanted["remove"])
    if has == had:
        return None
    return Undo("tag", {"add": sorted(had - has), "remove": sorted(has - had)})


def _the_other_tag(params: Mapping[str, Any]) -> Undo | None:
    """The other way round where it is one tag; of several each number may have had some before."""
    if len(params["add"]) + len(params["remove"]) != 1:
        return None
    return Undo("tag", {"add": params["remove"], "remove": params["add"]})


TAG = Action(
    "tag",
    "Tag",
    alone=True,
    gate=lambda number, facts: [],
    service=descriptions.tag,
    done="{number}: tags changed.",
    params=(_ADD, _REMOVE),
    listed=False,
    undone_by=lambda before, params: _other_tags(before, params),
    many=Many(
        "Only tags change.",
        "Change them again at any time.",
        check=descriptions.check_tags,
        reads=lambda params, facts: gates.reads_of_tag(params),
        unchanged=descriptions.has_these_tags,
        undone_by=_the_other_tag,
        fields=("tags",),
        phrase=("Change the tags of {}",),
    ),
)
PROTECT = Action(
    "protect",
    "Protect",
    alone=True,
    gate=lambda number, facts: [],
    service=descriptions.describe,
    done=lambda number: (
        "{number} is protected." if number.protected else "{number} is no longer protected."
    ),
    params=(_PROTECTED,),
    at_once=True,
    listed=False,
    undone_by=lambda before, params: (
        Undo("protect", {"protected": before.protected})
        if before.protected is not params["protected"]
        else None
    ),
    many=Many(
        "Only the protection changes.",
        "Change it again at any time.",
        check=descriptions.check_protection,
        reads=lambda params, facts: {"protected": None},
        unchanged=lambda number, params: number.protected is params["protected"],
        undone_by=lambda params: Undo("protect", {"protected": not params["protected"]}),
        fields=("protected",),
        tabs=HELD_TABS,
        phrase=("Change the protection of {}",),
    ),
)
