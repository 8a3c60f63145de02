"""How a number or a connection is shown: its state in words and color, with what is behind it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from config.text import absolute, name_as_label, on_day
from numbers.models import CarrierTask, Connection, PhoneNumber
from numbers.routes import TEXT_ROUTES, addresses, missing, routes_of
from numbers.states import ConnectionState, NumberState, TaskState


@dataclass(frozen=True)
class Badge:
    """A word, its tone (good, warn, bad, plain) and the sentence on hover."""

    text: str
    tone: str
    title: str


def state_badge(number: PhoneNumber, zone: ZoneInfo, *, at: datetime) -> Badge:
    """Where the number stands, and since when."""
    since = absolute(number.state_changed_at, zone)
    if number.state == NumberState.HELD:
        return _held_badge(number, zone)
    if number.state == NumberState.RELEASED:
        until = restorable_until(number, at)
        if until is None:
            return Badge("Released", "plain", "Released for good: the 10 days are over.")
        return Badge("Released", "plain", f"Can come back until {absolute(until, zone)}.")
    if number.state == NumberState.EXCLUDED and number.unlisted_at is not None:
        unlisted = absolute(number.unlisted_at, zone)
        rule = "Excluded, and no longer listed by Twilio; can be marked as gone."
        return Badge("Excluded, gone at Twilio", "warn", f"{rule} Since {unlisted}.")
    tone, rule = _RULES[NumberState(number.state)]
    return Badge(number.get_state_display(), tone, f"{rule} Since {since}.")


def restorable_until(number: PhoneNumber, at: datetime) -> datetime | None:
    """The end of the ten days while they run."""
    until = number.restorable_until
    return until if number.state == NumberState.RELEASED and until and until > at else None


def kept_until(number: PhoneNumber, zone: ZoneInfo) -> datetime | None:
    """The instant from which a spare waits for a decision again."""
    day = number.kept_until
    return datetime.combine(day, time.min, zone) if day is not None else None


_RULES: dict[NumberState, tuple[str, str]] = {
    NumberState.EXCLUDED: ("plain", "Stays at Twilio, not managed here; takes no license."),
    NumberState.RELEASING: ("warn", "Twilio has not confirmed the release yet."),
    NumberState.RESTORING: ("warn", "Asked Twilio for it; its license is reserved."),
    NumberState.MISSING: ("bad", "No longer at Twilio, and nobody has decided about it."),
    NumberState.GONE: ("plain", "Marked as gone; its history stays."),
}


def held_word(number: Any) -> str:
    """What a held number is called, by its columns alone."""
    if number.in_service_at is not None:
        return "In service"
    if number.enabled_at is not None:
        return "Enabled"
    if number.agent_id is not None:
        return "Assigned"
    return "Kept" if number.keep_decided_at is not None else "Unassigned"


def _held_badge(number: PhoneNumber, zone: ZoneInfo) -> Badge:
    word = held_word(number)
    if number.in_service_at is not None:
        since = absolute(number.in_service_at, zone)
        return Badge(word, "good", f"{number.agent} answers it since {since}.")
    if number.is_enabled:
        return Badge(word, "warn", "Twilio has not confirmed that it sends its texts here.")
    if number.agent is not None:
        rule = f"{number.agent.name} is its agent; it is disabled, so nobody answers it."
        return Badge(word, "good", f"{rule} Takes a license.")
    if number.keep_decided_at is not None:
        decided = absolute(number.keep_decided_at, zone)
        end = f" until {on_day(number.kept_until)}" if number.kept_until else ""
        return Badge(word, "plain", f"Kept as a spare{end}, since {decided}. Takes a license.")
    return Badge(word, "warn", "Nobody has decided about it yet. Takes a license.")


def flags(number: PhoneNumber, tasks: Iterable[CarrierTask]) -> list[Badge]:
    """What else to know at a glance: protection, and what Twilio has not done or refused."""
    found = []
    if number.protected:
        found.append(Badge("Protected", "plain", "Cannot be released, excluded or swapped out."))
    tasks = list(tasks)
    if number.goes_elsewhere(tasks):
        found.append(Badge("Goes elsewhere", "bad", "Twilio sends its texts elsewhere. Open it."))
    if number.state == NumberState.HELD and number.differs_since is not None:
        rule = (
            "Its settings at Twilio are other than before: put them back, or leave them. Open it."
        )
        found.append(Badge("Changed at Twilio", "warn", rule))
    for task in tasks:
        what = task.get_kind_display()
        if task.state == TaskState.NEEDS_PERSON and task.error_code == "bought_again":
            found.append(Badge("Needs a person", "bad", f"{what}: bought again. Open it."))
        elif task.is_unanswered:
            found.append(Badge("Needs a person", "bad", f"{what}: no answer. Open it."))
        elif task.state == TaskState.NEEDS_PERSON:
            found.append(Badge("Twilio refused", "bad", f"{what}: Twilio refused. Open it."))
        elif number.state not in (NumberState.RELEASING, NumberState.RESTORING):
            found.append(Badge("Waiting for Twilio", "warn", f"{what}: under way."))
    return found


def why_settings_differ(number: PhoneNumber) -> str:
    """What has happened to a number whose settings at Twilio are other than before."""
    if number.before_release.get("settings"):
        return "It came back with other settings at Twilio"
    return "Somebody has changed its settings at Twilio"


def shown_routes(number: PhoneNumber) -> list[tuple[str, str, str]]:
    """Where its texts go: the setting, what Twilio has, and what it had before it was taken over.

    As the last refresh found it; only what is set now or was set then.
    """
    now, before = addresses(number.twilio), addresses(number.before_service)
    return [
        (name_as_label(name), now.get(name, ""), before.get(name, ""))
        for name in TEXT_ROUTES
        if name in now or name in before
    ]


def not_as_told(number: PhoneNumber) -> list[tuple[str, str, str]]:
    """What Twilio was told about an enabled number's texts, and has otherwise: the setting, as it
    was told, and as the last refresh found it."""
    if not number.is_enabled:
        return []
    there = routes_of(number.twilio)
    return [
        (name_as_label(name), told, there[name])
        for name, told in missing(number, number.twilio).items()
        for name, told in missing(number, number.twilio).items()
    ]


_CONNECTION_TONES = {ConnectionState.ACTIVE: "good", ConnectionState.SUSPENDED: "warn"}


def connection_badge(connection: Connection) -> Badge:
    """The connection's state in a word, with the way out on hover."""
    state = ConnectionState(connection.state)
    title = connection.state_detail or "Twilio accepts the stored token."
    return Badge(state.label, _CONNECTION_TONES.get(state, "bad"), title)


@dataclass(frozen=True)
class Service:
    """One thing that a number can offer: its picture, how that is drawn, and what it says."""

    name: str
    look: str
    words: str


def services(number: PhoneNumber) -> list[Service]:
    """What Twilio can do with the number, and what of that it offers here."""
    return [
        _service("Calls", can=number.voice, offers=False, answers=False),
        _service("Texts", can=number.sms, offers=number.texts, answers=number.is_enabled),
    ]


def _service(name: str, *, can: bool, offers: bool, answers: bool) -> Service:
    if not can:
        return Service(name, "unable", f"{name}: not possible with this number")
    if not offers:
        return Service(name, "off", f"{name}: possible, not offered")
    return Service(name, "on", f"{name}: {'answered' if answers else 'offered once it is enabled'}")


def capabilities(number: PhoneNumber) -> str:
    """``Voice, SMS, MMS``, as far as the number can."""
    able = {"Voice": number.voice, "SMS": number.sms, "MMS": number.mms}
    return ", ".join(name for name, can in able.items() if can)
