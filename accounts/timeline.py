"""Events as people read them: on timelines, on the activity page and in its CSV."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.urls import reverse

from accounts.models import Account, Event
from accounts.states import ActorKind
from config.phone_numbers import for_people
from config.text import absolute

Change = tuple[str, str, str]


class Entry(NamedTuple):
    """One line of ``templates/components/timeline.html``."""

    tone: str
    subject: str
    sentence: str
    url: str
    actor_text: str
    at: datetime
    details: list[Change]


#: Every type of event, with the tone in which timelines show it. A test compares it with the code.
TYPES: dict[str, str] = {
    "account.changed": "",
    "account.created": "good",
    "agent.created": "",
    "agent.deleted": "warn",
    "agent.paused": "warn",
    "agent.renamed": "",
    "agent.went_live": "good",
    "api_key.created": "warn",
    "api_key.revoked": "",
    "bulk.started": "",
    "connection.made": "good",
    "connection.recovered": "good",
    "connection.refresh_scheduled": "",
    "connection.token_replaced": "",
    "connection.trouble": "bad",
    "grace.expired": "bad",
    "grace.extended": "",
    "grace.opened": "warn",
    "grace.resolved": "good",
    "grace.settled": "good",
    "import.completed": "good",
    "import.failed": "bad",
    "license.changed": "",
    "license.payment_refused": "bad",
    "member.added": "good",
    "member.invitation_revoked": "",
    "member.invited": "",
    "member.joined": "good",
    "member.removed": "warn",
    "member.role_changed": "",
    "number.assigned": "good",
    "number.brought_back": "good",
    "number.came_back": "good",
    "number.changed": "",
    "number.described": "",
    "number.excluded": "warn",
    "number.gone": "warn",
    "number.imported": "good",
    "number.kept": "",
    "number.kept_after_all": "warn",
    "number.missing": "bad",
    "number.put_back_refused": "bad",
    "number.release_decided": "warn",
    "number.release_refused": "bad",
    "number.released": "warn",
    "number.restore_asked": "",
    "number.restore_dropped": "bad",
    "number.restore_refused": "bad",
    "number.restored": "good",
    "number.settings_put_back": "",
    "number.swapped_in": "good",
    "number.swapped_out": "warn",
    "number.unassigned": "",
    "subscription.changed": "",
    "subscription.payment_overdue": "bad",
    "subscription.renewed": "",
    "support.acted": "warn",
}

#: Type of subject -> the page that shows it, and whether its address takes the subject's id.
PAGES: dict[str, tuple[str, bool]] = {
    "account": ("accounts:settings", False),
    "agent": ("telephony:agent", True),
    "api_key": ("accounts:api_keys", False),
    "connection": ("numbers:connection", True),
    "grace_period": ("licensing:grace", False),
    "import": ("numbers:import_detail", True),
    "invitation": ("accounts:members", False),
    "job": ("numbers:job", True),
    "member": ("accounts:members", False),
    "number": ("numbers:detail", True),
    "subscription": ("licensing:manage", False),
}

#: Subjects whose name a sentence about them needs, unless it holds it already.
NAMED = {"agent", "connection", "number"}

#: Names of changed fields that do not read well as they are.
LABELS: dict[str, str] = {
    "country": "Home country",
    "e164": "Number",
    "mms": "MMS",
    "sid": "SID",
    "sms": "SMS",
    "friendly_name": "Name at Twilio",
}

#: What else an event may tell, beside before and after.
EXTRAS: dict[str, str] = {
    "came_back": "Came back",
    "did_not": "Did not come back",
    "putting_back": "Being put back at Twilio",
}


def entries(
    events: Iterable[Event], *, account: Account, subject: tuple[str, int] | None = None
) -> list[Entry]:
    """``events`` as entries of a timeline, in the order given.

    On the page of ``subject`` (type, id) its own events do not say again what they are about.
    """
    return [_entry(event, account, elsewhere=_subject(event) != subject) for event in events]


def _entry(event: Event, account: Account, *, elsewhere: bool) -> Entry:
    return Entry(
        tone=TYPES.get(event.type, ""),
        subject=called(event, account) if elsewhere else "",
        sentence=event.summary,
        url=address(event, account) if elsewhere else "",
        actor_text=who(event),
        at=event.at,
        details=changes(event, account),
    )


def _subject(event: Event) -> tuple[str, int | None]:
    return (event.subject_type, event.subject_id)


def called(event: Event, account: Account) -> str:
    """What the event is about, where its sentence does not say so."""
    label = event.subject_label
    if event.subject_type not in NAMED or label in event.summary:
        return ""
    return for_people(label, account.country) if event.subject_type == "number" else label


def address(event: Event, account: Account) -> str:
    """The page that shows what the event is about; empty when there is none."""
    name, takes_id = PAGES.get(event.subject_type, ("", False))
    if not name or (takes_id and event.subject_id is None):
        return ""
    return reverse(name, args=[account.slug, event.subject_id] if takes_id else [account.slug])


def who(event: Event) -> str:
    """Who did it, with the kind where it is no person of the account."""
    if event.actor_kind == ActorKind.API_KEY:
        return f"API key “{event.actor_label}”"
    return event.actor_label


def type_label(type: str) -> str:
    """``number.released`` as ``Number released``."""
    words = type.replace(".", " ").replace("_", " ").capitalize()
    return words.replace("Api key", "API key")


def changes(event: Event, account: Account) -> list[Change]:
    """What changed: label, before and after as text; then what else the event tells, and why."""
    before: dict[str, Any] = event.data.get("before") or {}
    after: dict[str, Any] = event.data.get("after") or {}
    rows = [
        (field_label(name), _text(before.get(name), account), _text(after.get(name), account))
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    ]
    rows += [
        (label, "", _text(event.data[name], account))
        for name, label in EXTRAS.items()
        if event.data.get(name)
    ]
    if event.reason:
        rows.append(("Reason", "", event.reason))
    return rows


def field_label(name: str) -> str:
    """``voice_url`` as ``Voice url``."""
    return LABELS.get(name) or name.replace("_", " ").capitalize()


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
    moment = _moment(text)
    return absolute(moment, account.zone) if moment else text


def _moment(text: str) -> datetime | None:
    """The time that ``text`` is in ISO format with its zone, as events store it."""
    if len(text) < 20 or text[10:11] != "T":
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
