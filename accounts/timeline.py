"""Events as people read them: on timelines, on the activity page and in its CSV."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

from django.urls import reverse

from accounts.models import Account, Event
from accounts.registries import (
    DETAIL_LABELS,
    EVENT_TYPES,
    FIELD_LABELS,
    FIELD_LISTS,
    SUBJECTS,
    Tone,
)
from accounts.states import ActorKind
from config.text import absolute, name_as_label, on_day

#: A day, as events store it.
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
Change = tuple[str, str, str]


class Entry(NamedTuple):
    """One line of ``templates/components/timeline.html``.

    ``job`` is one whose other events are inside of the line, and ``how_far`` says so in words.
    """

    tone: Tone
    subject: str
    sentence: str
    url: str
    actor_text: str
    at: datetime
    details: list[Change]
    job: int | None = None
    how_far: str = ""


def entries(
    events: Iterable[Event], *, account: Account, subject: tuple[str, int] | None = None
) -> list[Entry]:
    """``events`` as entries of a timeline, in the order given.

    On the page of ``subject`` (type, id) its own events do not say again what they are about.
    """
    return [_entry(event, account, elsewhere=_subject(event) != subject) for event in events]


def _entry(event: Event, account: Account, *, elsewhere: bool) -> Entry:
    return Entry(
        tone=_tone(event.type),
        subject=called(event, account) if elsewhere else "",
        sentence=event.summary,
        url=address(event, account) if elsewhere else "",
        actor_text=who(event),
        at=event.at,
        details=changes(event, account),
    )


def _tone(type: str) -> Tone:
    """Of a type that has been given up since, none."""
    known = EVENT_TYPES.get(type)
    return known.tone if known else ""


def _subject(event: Event) -> tuple[str, int | None]:
    return (event.subject_type, event.subject_id)


def called(event: Event, account: Account) -> str:
    """What the event is about, where its sentence does not say so."""
    label, kind = event.subject_label, SUBJECTS.get(event.subject_type)
    if kind is None or not kind.is_named or label in event.summary:
        return ""
    return kind.written(label, account)


def address(event: Event, account: Account) -> str:
    """The page that shows what the event is about; empty when there is none."""
    kind = SUBJECTS.get(event.subject_type)
    if kind is None or (kind.has_own_page and event.subject_id is None):
        return ""
    which = [event.subject_id] if kind.has_own_page else []
    return reverse(kind.page, args=[account.slug, *which])


def who(event: Event) -> str:
    """Who did it, with the kind where it is no person of the account."""
    if event.actor_kind == ActorKind.API_KEY:
        return f"API key “{event.actor_label}”"
    return event.actor_label


def type_label(type: str) -> str:
    """``number.released`` as ``Number released``, unless its app has better words."""
    known = EVENT_TYPES.get(type)
    if known and known.words:
        return known.words
    return type.replace(".", " ").replace("_", " ").capitalize()


def changes(event: Event, account: Account) -> list[Change]:
    """What changed: label, before and after as text; then what else the event tells, and why."""
    before: dict[str, Any] = event.data.get("before") or {}
    after: dict[str, Any] = event.data.get("after") or {}
    rows = [
        (
            field_label(name),
            _value(event, name, before, account),
            _value(event, name, after, account),
        )
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    ]
    rows += [
        (label, "", _text(event.data[name], account))
        for name, label in DETAIL_LABELS.items()
        if event.data.get(name)
    ]
    rows += [
        (label, "", ", ".join(field_label(field) for field in event.data[name]))
        for name, label in FIELD_LISTS.items()
        if event.data.get(name)
    ]
    if event.reason:
        rows.append(("Reason", "", event.reason))
    return rows


def field_label(name: str) -> str:
    """``voice_url`` as ``Voice URL``, unless an app has better words."""
    return FIELD_LABELS.get(name) or name_as_label(name)


def _value(event: Event, name: str, values: dict[str, Any], account: Account) -> str:
    """A value as people read it; what events keep as a code, by its label."""
    value, kind = values.get(name), SUBJECTS.get(event.subject_type)
    choices = kind.choices.get(name) if kind else None
    if choices is not None and value in choices.values:
        return str(choices(value).label)
    return _text(value, account)


def _text(value: Any, account: Account) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_text(each, account) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_text(each, account)}" for name, each in value.items())
    text = str(value)
    if (day := _day(text)) is not None:
        return on_day(day)
    moment = _moment(text)
    return absolute(moment, account.zone) if moment else text


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    """The time that ``text`` is in ISO format with its zone, as events store it."""
    if len(text) < 20 or text[10:11] != "T":
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
