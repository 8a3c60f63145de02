"""Which events of an account are meant: the filters of the activity page and of its CSV.

Every filter of events is answered by an index: a page costs the same among a million of them.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from django.db.models import Exists, OuterRef, Q, Subquery

from accounts.job_kinds import JOB_KINDS, JobKind
from accounts.models import Account, ApiKey, Event, Job, Membership
from accounts.models.events import EventQuerySet
from accounts.registries import SUBJECTS
from accounts.states import ActorKind
from config.outside import whole
from config.text import tidy

#: ``at`` is read from the clock a little before the row gets its id; never longer than this.
SKEW = timedelta(hours=1)
#: How the filter writes who acted: one person, one key, or whoever of ours.
ACTOR = re.compile(r"^((user|api_key):[0-9]{1,18}|support|carrier|system)\Z")
#: Several API keys or connections may share a name, several numbers their last digits.
SUBJECTS_CONSIDERED = 20


def choose(
    account: Account,
    *,
    type: str = "",
    actor: str = "",
    subject: str = "",
    job: int | None = None,
    since: date | None = None,
    until: date | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> EventQuerySet:
    """Events of the account.

    ``actor`` is written as in ``ACTOR``. ``subject`` is what people call it (a number in any
    format or by its last digits, an agent, an email) or ``type:id``. ``since`` and ``until`` are
    whole days in the account's zone, both included; ``start`` is included and ``end`` is not.
    """
    events = Event.objects.filter(account=account)
    if type:
        events = events.filter(type=type)
    if actor:
        events = events.filter(_by(account, actor))
    if subject:
        events = events.filter(_about(account, subject))
    if job:
        events = events.filter(job_id=job)
    if since:
        start = datetime.combine(since, time.min, account.zone)
    if until:
        end = datetime.combine(until + timedelta(days=1), time.min, account.zone)
    if start:
        events = _from(account, events, start)
    if end:
        events = _before(account, events, end)
    return events


def jobs_at_work(
    account: Account, *, actor: str = "", since: date | None = None, until: date | None = None
) -> EventQuerySet:
    """The lines of jobs that did something to numbers in these days, and have no line in them.

    What a job of Monday did on Tuesday is inside a line of Monday.
    """
    lines = Event.objects.filter(job=OuterRef("pk"), subject_type__in=_that_tell_of_jobs())
    within = choose(account, actor=actor, since=since, until=until).filter(job=OuterRef("pk"))
    jobs = Job.objects.filter(
        Exists(within.filter(subject_type="number")),
        ~Exists(within.filter(subject_type__in=_that_tell_of_jobs())),
        account=account,
    )
    newest = Subquery(lines.order_by("-pk").values("pk")[:1])
    ids = jobs.annotate(line=newest).values_list("line", flat=True)
    return Event.objects.filter(account=account, pk__in=[pk for pk in ids if pk is not None])


def _that_tell_of_jobs() -> set[str]:
    return {kind.subject_type for kind in JOB_KINDS.values()} | {JobKind.subject_type}


def actors(account: Account) -> list[tuple[str, str]]:
    """Who may have done something: value and label for the filter."""
    members = Membership.objects.filter(account=account).order_by("user__email")
    keys = ApiKey.objects.filter(account=account).order_by("name")
    people = [(f"user:{pk}", email) for pk, email in members.values_list("user", "user__email")]
    programs = [
        (f"api_key:{pk}", f"API key “{name}”") for pk, name in keys.values_list("pk", "name")
    ]
    ours = [
        (kind.value, str(kind.label))
        for kind in (ActorKind.SUPPORT, ActorKind.CARRIER, ActorKind.SYSTEM)
    ]
    return people + programs + ours


def _by(account: Account, actor: str) -> Q:
    kind, _, id = actor.partition(":")
    if id:
        return Q(actor_kind=kind, actor_id=whole(id, least=0))
    if kind in (ActorKind.CARRIER, ActorKind.SYSTEM):  # have no id
        return Q(actor_kind=kind, actor_id=None)
    # Whoever of our staff. Looked up apart: no index has them in the order of the page.
    ids = Event.objects.filter(account=account, actor_kind=kind).values("pk")
    return Q(pk__in=ids)


def _about(account: Account, text: str) -> Q:
    """The subjects that people mean by ``text``."""
    text = tidy(text)
    kind, _, id = text.partition(":")
    if (subject_id := whole(id)) is not None:
        return Q(subject_type=kind, subject_id=subject_id)
    found = Q()
    for subject_type, subject in SUBJECTS.items():
        if subject.find is None:
            continue
        if chosen := list(subject.find(account, text)[:SUBJECTS_CONSIDERED]):
            found |= Q(subject_type=subject_type, subject_id__in=chosen)
    return found or Q(pk__in=[])


def _from(account: Account, events: EventQuerySet, start: datetime) -> EventQuerySet:
    """Those at or after ``start``; ids bound the search, because pages are ordered by them."""
    earlier = Event.objects.filter(account=account, at__lt=start - SKEW).order_by("-at")
    bound = earlier.values_list("pk", flat=True).first()
    return events.filter(at__gte=start, **({} if bound is None else {"pk__gt": bound}))


def _before(account: Account, events: EventQuerySet, end: datetime) -> EventQuerySet:
    later = Event.objects.filter(account=account, at__gt=end + SKEW).order_by("at")
    bound = later.values_list("pk", flat=True).first()
    return events.filter(at__lt=end, **({} if bound is None else {"pk__lt": bound}))
