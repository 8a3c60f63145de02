"""Which events of an account are meant: the filters of the activity page and of its CSV.

Every filter of events is answered by an index: a page costs the same among a million of them.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import Account, ApiKey, Event, Membership, User
from accounts.states import ActorKind
from config.phone_numbers import digits_of, parse

#: ``at`` is read from the clock a little before the row gets its id; never longer than this.
SKEW = timedelta(hours=1)
#: How the filter writes who acted: one person, one key, or whoever of ours.
ACTOR = re.compile(r"^((user|api_key):[0-9]{1,18}|support|system)$")
#: The end of a number, as people quote it: ``0123``, ``555-0123``.
LAST_DIGITS = re.compile(r"^[0-9 .-]+$")
LAST_DIGITS_LENGTHS = range(4, 8)
#: Several API keys or connections may share a name, several numbers their last digits.
SUBJECTS_CONSIDERED = 20


def choose(
    account: Account,
    *,
    type: str = "",
    actor: str = "",
    subject: str = "",
    since: date | None = None,
    until: date | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> QuerySet[Event]:
    """Events of the account.

    ``actor`` is written as in ``ACTOR``. ``subject`` is what people call it (a number in any
    format or by its last digits, an agent, an email) or ``type:id``. ``since`` and ``until`` are
    whole days in the account's zone, both included; ``start`` is included and ``end`` is not.
    """
    events: QuerySet[Event] = Event.objects.filter(account=account)
    if type:
        events = events.filter(type=type)
    if actor:
        events = events.filter(_by(account, actor))
    if subject:
        events = events.filter(_about(account, subject))
    if since:
        start = datetime.combine(since, time.min, account.zone)
    if until:
        end = datetime.combine(until + timedelta(days=1), time.min, account.zone)
    if start:
        events = _from(account, events, start)
    if end:
        events = _before(account, events, end)
    return events


def actors(account: Account) -> list[tuple[str, str]]:
    """Who may have done something: value and label for the filter."""
    members = Membership.objects.filter(account=account).order_by("user__email")
    keys = ApiKey.objects.filter(account=account).order_by("name")
    people = [(f"user:{pk}", email) for pk, email in members.values_list("user", "user__email")]
    programs = [
        (f"api_key:{pk}", f"API key “{name}”") for pk, name in keys.values_list("pk", "name")
    ]
    ours = [(kind.value, str(kind.label)) for kind in (ActorKind.SUPPORT, ActorKind.SYSTEM)]
    return people + programs + ours


def _by(account: Account, actor: str) -> Q:
    kind, _, id = actor.partition(":")
    if id:
        return Q(actor_kind=kind, actor_id=int(id))
    if kind == ActorKind.SYSTEM:  # has no id
        return Q(actor_kind=kind, actor_id=None)
    # Whoever of our staff. Looked up apart: no index has them in the order of the page.
    ids = Event.objects.filter(account=account, actor_kind=kind).values("pk")
    return Q(pk__in=ids)


def _about(account: Account, text: str) -> Q:
    """The subjects that people mean by ``text``."""
    kind, _, id = text.partition(":")
    if id.isascii() and id.isdigit() and len(id) < 19:
        return Q(subject_type=kind, subject_id=int(id))
    found = Q()
    for subject_type, ids in _called(account, text).items():
        if chosen := list(ids[:SUBJECTS_CONSIDERED]):
            found |= Q(subject_type=subject_type, subject_id__in=chosen)
    return found or Q(pk__in=[])


def _called(account: Account, text: str) -> dict[str, QuerySet[Any, int]]:
    """Type of subject -> ids of what is called ``text`` in the account."""
    numbers = account.numbers.filter(_number_written(text, account.country))
    agents = account.agents.filter(name__iexact=text)
    connections = account.connections.filter(Q(name__iexact=text) | Q(sid=text))
    keys = account.api_keys.filter(name__iexact=text)
    invitations = account.invitations.filter(email__iexact=text)
    members = User.objects.filter(email__iexact=text)  # those who have left included
    return {
        "number": numbers.values_list("pk", flat=True),
        "agent": agents.values_list("pk", flat=True),
        "connection": connections.values_list("pk", flat=True),
        "api_key": keys.values_list("pk", flat=True),
        "invitation": invitations.values_list("pk", flat=True),
        "member": members.values_list("pk", flat=True),
    }


def _number_written(text: str, country: str) -> Q:
    """Numbers in full in any format, or by their last digits."""
    digits = digits_of(text)
    if LAST_DIGITS.match(text) and len(digits) in LAST_DIGITS_LENGTHS:
        return Q(e164__endswith=digits)
    try:
        return Q(e164=parse(text, country))
    except ValueError:
        return Q(pk__in=[])


def _from(account: Account, events: QuerySet[Event], start: datetime) -> QuerySet[Event]:
    """Those at or after ``start``; ids bound the search, because pages are ordered by them."""
    earlier = Event.objects.filter(account=account, at__lt=start - SKEW).order_by("-at")
    bound = earlier.values_list("pk", flat=True).first()
    return events.filter(at__gte=start, **({} if bound is None else {"pk__gt": bound}))


def _before(account: Account, events: QuerySet[Event], end: datetime) -> QuerySet[Event]:
    later = Event.objects.filter(account=account, at__gt=end + SKEW).order_by("at")
    bound = later.values_list("pk", flat=True).first()
    return events.filter(at__lt=end, **({} if bound is None else {"pk__lt": bound}))
