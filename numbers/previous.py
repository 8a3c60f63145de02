"""Settings that a number had at Twilio before, against those it has now. Pure.

Two things make them differ: the number left and came back, or somebody has changed them there under
us. In both a person decides: what was there is put back, or what is there stays (decision 43).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from carrier import SETTINGS
from config.phone_numbers import read

from .models import PhoneNumber
from .routes import TEXT_ROUTES, addresses, foreign, left_from_here, set_from_here, whole
from .states import NumberState

Settings = Mapping[str, Any]

#: What is put back at Twilio. An emergency address is registered anew by a person.
PUT_BACK = tuple(name for name in SETTINGS if not name.startswith("emergency_"))
#: Settings that say where calls and texts go. Twilio sets none of them by itself, except for
#: addresses of its own that answer with a greeting.
ROUTES = (
    "voice_url",
    "voice_fallback_url",
    "voice_application_sid",
    "trunk_sid",
    "sms_url",
    "sms_fallback_url",
    "sms_application_sid",
    "status_callback",
)
GREETINGS = ("https://demo.twilio.com/", "http://demo.twilio.com/")
#: Setting one of the two clears the other.
_EITHER = frozenset({"voice_application_sid", "trunk_sid"})
#: In ``before_release``: what somebody has changed at Twilio, each setting with the value before
#: the first change that nobody has decided about yet; ``""`` for one that was not set.
CHANGED = "changed"


def settings_of(number: PhoneNumber) -> dict[str, Any]:
    """The settings at Twilio that are set; unset ones come as ``""`` or null (twilio-facts 1.2)."""
    record = {**number.twilio, "friendly_name": number.friendly_name}
    settings = {name: record[name] for name in PUT_BACK if record.get(name) not in (None, "")}
    if "voice_application_sid" in settings:
        settings.pop("trunk_sid", None)  # setting one of the two clears the other
    return settings


def differing(number: PhoneNumber, wanted: Settings) -> dict[str, Any]:
    """Those of the wanted settings that Twilio has otherwise; ``""`` wants one not to be set."""
    current = settings_of(number)
    return {name: value for name, value in wanted.items() if current.get(name, "") != value}


def chosen_anew(number: PhoneNumber, wanted: Settings) -> list[str]:
    """Settings that somebody gave the number since, so that the wanted ones must not overwrite it.

    A number that was just bought has none: no routes but Twilio's own greeting, and for a name its
    own digits.
    """
    current = settings_of(number)
    anew = [
        name
        for name in ROUTES
        if name in current
        and current[name] != wanted.get(name)
        and not str(current[name]).startswith(GREETINGS)
    ]
    name = current.get("friendly_name", "")
    if name != wanted.get("friendly_name") and not _is_own_digits(number, name):
        anew.append("friendly_name")
    return anew


def _is_own_digits(number: PhoneNumber, name: str) -> bool:
    if not name:
        return True
    written = read(name)
    return written is not None and written.ends(number.e164)


def offered(number: PhoneNumber) -> dict[str, Any]:
    """What a held number had before and has not now: a person decides about it."""
    if number.state != NumberState.HELD or not number.before_release:
        return {}
    before = _before(number)
    nobodys = {*_decided_here(number), *left_from_here(before)}
    return {name: value for name, value in differing(number, before).items() if name not in nobodys}


def _before(number: PhoneNumber) -> dict[str, Any]:
    left = number.before_release
    return {**left.get("settings", {}), **left.get(CHANGED, {})}


def written_back(number: PhoneNumber, on_their_way: Settings) -> dict[str, Any]:
    """What putting back writes at Twilio: what is offered.

    With what somebody has decided before that and Twilio has not got yet, as far as it says nothing
    else.
    """
    wanted = offered(number)
    if not wanted:
        return {}
    answered = {*_decided_here(number), *(() if _EITHER.isdisjoint(wanted) else _EITHER)}
    earlier = differing(number, on_their_way)
    return {name: value for name, value in earlier.items() if name not in answered} | wanted


def seal_of(number: PhoneNumber, on_their_way: Settings) -> str:
    """A digest of what putting back shows: what is written over what, and what is kept instead."""
    written, current = written_back(number, on_their_way), settings_of(number)
    replaced = {name: current.get(name, "") for name in written}
    said = json.dumps([written, replaced, kept_instead(number)], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def hidden(number: PhoneNumber) -> dict[str, Any]:
    """Of what somebody has changed at Twilio, what nobody is asked about as things are."""
    changed = number.before_release.get(CHANGED, {})
    return {name: value for name, value in changed.items() if name in _decided_here(number)}


def _decided_here(number: PhoneNumber) -> Collection[str]:
    """Settings that are ours: where the texts of an enabled number go, or what is left of that."""
    return TEXT_ROUTES if number.is_enabled else set_from_here(number, number.twilio)


def note_changed(
    number: PhoneNumber,
    differences: Mapping[str, tuple[Any, Any]],
    *,
    ours: Collection[str] = (),
    refused: Settings | None = None,
) -> None:
    """Remember in memory what somebody has changed at Twilio of a held number, to be decided about.

    ``differences`` has each field's value before and after, ``ours`` what was written from here or
    is about to be, ``refused`` what was to be and Twilio would not have: that somebody wants. Of
    several changes the value before the first one counts; a setting that has it again is no
    question any more, and what had stood there for us was nobody's.
    """
    if number.state != NumberState.HELD:
        return
    if not _EITHER.isdisjoint(ours):
        ours = {*ours, *_EITHER}
    left, changed = number.before_release, dict(number.before_release.get(CHANGED, {}))
    there = {**number.twilio, **{name: before for name, (before, _) in differences.items()}}
    known = {*left.get("settings", {}), *ours, *left_from_here(there)}
    known |= {*(TEXT_ROUTES if number.is_enabled else ())}
    for name, (before, _) in differences.items():
        wanted = (refused or {}).get(name, before)
        if name in PUT_BACK and name not in known and _can_be_written(name, wanted):
            changed.setdefault(name, "" if wanted is None else wanted)
    changed = differing(number, changed)
    number.before_release = {name: value for name, value in left.items() if name != CHANGED}
    if changed:
        number.before_release[CHANGED] = changed


def mark_differing(number: PhoneNumber, *, at: datetime) -> None:
    """Note in memory since when a person has something to decide about; the caller saves it.

    Whatever changes what is ``offered``, or would be ``kept_instead``, calls this.
    """
    is_open = offered(number) or kept_instead(number)
    number.differs_since = (number.differs_since or at) if is_open else None


def undecided(number: PhoneNumber) -> dict[str, Any]:
    """What a number that comes back keeps of ``before_release``: open questions."""
    changed = number.before_release.get(CHANGED)
    return {CHANGED: changed} if changed else {}


def open_questions(number: PhoneNumber, *, kept: Settings, refused: Settings) -> dict[str, Any]:
    """What a number that leaves keeps of them, beside the settings that are remembered of it.

    What Twilio has refused to write is a question again.
    """
    asked = {**_before(number), **refused}
    asked = {name: value for name, value in asked.items() if value != kept.get(name, "")}
    return {CHANGED: asked} if asked else {}


def _can_be_written(name: str, value: Any) -> bool:
    """Twilio lets addresses and what it knows by a SID be unset, and nothing else."""
    return value not in (None, "") or name in ROUTES or name.endswith("_sid")


def kept_instead(number: PhoneNumber) -> dict[str, str]:
    """Where the texts of an enabled number went before it left, as far as other is kept now.

    They go on coming here, so it is not written at Twilio, and put back when the number is excluded
    (decision 41). An address of ours is nobody's, and without any there is nothing to keep.
    """
    wanted = foreign(number, number.before_release.get("settings", {}))
    if not number.is_enabled or not addresses(wanted):
        return {}
    kept, wished = whole(number.before_service), whole(wanted)
    return {name: value for name, value in wished.items() if kept[name] != value}


def worth_keeping(number: PhoneNumber) -> dict[str, Any]:
    """The settings to remember of a number that leaves.

    While those from before are offered and nobody has touched what Twilio had in their place, it
    is the offered ones.
    """
    remembered = number.before_release
    if offered(number) and settings_of(number) == remembered.get("found"):
        return dict(remembered["settings"])
    return settings_of(number)
