"""What speaks for or against a number that somebody decides about: whence it came, who had it.

Read from its timeline, so it is there as soon as it happened. One query for a page of numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import cast

from accounts.models import Event

from .models import PhoneNumber

#: How a number came here last.
_CAME = {
    "number.imported": "Imported",
    "number.came_back": "Found again",
    "number.restored": "Restored",
    "number.brought_back": "Brought back",
    "number.kept_after_all": "Kept after all",
}
#: What takes the agent off a number, and says which.
_LEFT_AGENT = (
    "number.unassigned",
    "number.swapped_out",
    "number.excluded",
    "number.release_decided",
    "number.missing",
)


@dataclass
class Evidence:
    """How a number came, by whom, and its last agent; empty where nothing says so."""

    came: str = ""
    by: str = ""
    agent: str = ""


def origins_of(ids: Collection[int]) -> dict[int, str]:
    """How each of these numbers came here last, and that it is at another carrier where it is.

    By the number's id. Two queries, of the timeline and of Twilio's word for it. Every number here
    was imported once, so where nothing says more, that is how.
    """
    found = dict.fromkeys(ids, _CAME["number.imported"])
    events = Event.objects.filter(
        subject_type="number", subject_id__in=found, type__in=_CAME
    ).order_by("pk")
    for pk, kind in events.values_list("subject_id", "type"):
        found[cast(int, pk)] = _CAME[kind]
    hosted = PhoneNumber.objects.filter(pk__in=found, twilio__origin="hosted")
    for pk in hosted.values_list("pk", flat=True):
        found[pk] += ", hosted"
    return found


def evidence_of(numbers: Iterable[PhoneNumber]) -> dict[int, Evidence]:
    """By the number's id."""
    found = {number.pk: Evidence() for number in numbers}
    events = Event.objects.filter(
        subject_type="number", subject_id__in=found, type__in=[*_CAME, *_LEFT_AGENT]
    ).order_by("pk")
    for pk, kind, by, data in events.values_list("subject_id", "type", "actor_label", "data"):
        each = found[cast(int, pk)]
        if words := _CAME.get(kind):
            each.came, each.by = words, by.partition("@")[0]  # a row has no room for an address
        else:
            each.agent = data.get("before", {}).get("agent") or each.agent
    return found
