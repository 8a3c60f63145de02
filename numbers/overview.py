"""What this app puts on the overview: what is held, what waits at Twilio, and the connections."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, OuterRef
from django.urls import reverse

from accounts.actor import Actor
from accounts.models import Account
from accounts.registries import Card, Figure, OverviewPart, Waiting
from accounts.states import JobState
from config.charts import Chart, Table, steps
from config.text import NO_BREAK, absolute, plural
from licensing.models import Subscription

from .filters import Tab, tab_counts
from .history import Moment, by_day, history
from .models import CarrierTask, Connection, Import, PhoneNumber
from .states import ENDED, ConnectionState, TaskState
from .views.shown import Badge, connection_badge

#: How far back the chart goes, and how short it may be.
SHOWN, SHORTEST = timedelta(days=90), timedelta(days=1)
#: What the table of the chart knows and what it leaves out (docs/decisions/0026).
HOW_IT_IS_COUNTED = (
    "As it was at the end of each quarter of an hour; what came and went within one is not in it. "
    "Days on which nothing changed are left out."
)
#: Labels below the chart.
ALONG = 4
#: Connections that the card lists; one works with one or two.
CONNECTIONS_SHOWN = 5


@dataclass(frozen=True)
class Link:
    """A connection as its card shows it."""

    connection: Connection
    state: Badge
    run: Import | None

    @property
    def is_in_trouble(self) -> bool:
        """Whether it works no more, and that can be mended."""
        return self.connection.state not in (ConnectionState.ACTIVE, *ENDED)

    @property
    def could_not_be_read(self) -> bool:
        """Whether its last refresh failed, although it works by now."""
        failed = self.run is not None and self.run.job.state == JobState.FAILED
        return failed and self.connection.state == ConnectionState.ACTIVE


def part(account: Account, actor: Actor, at: datetime) -> OverviewPart:
    """In eleven queries, however many numbers, connections and events there are."""
    counts = tab_counts(account.number_counts.all())
    links = _links(account)
    listed = reverse("numbers:list", args=[account.slug])
    begun = any(counts.values())
    cards = [
        Card(
            place=40,
            title="Connections",
            template="numbers/overview_connections.html",
            content={
                "links": links[:CONNECTIONS_SHOWN],
                "has_source": begun and _has_source(links),
            },
            narrow=True,
            url=reverse("numbers:connections", args=[account.slug]),
            link="All connections",
        )
    ]
    if not begun:
        first = Card(0, "", "numbers/overview_first.html", {"has_source": _has_source(links)})
        return OverviewPart(cards=cards if links else [], first=first)
    chart = held_and_licensed(account, held=counts[Tab.ALL], at=at)
    cards.append(Card(10, "Held and licensed", "numbers/overview_held.html", chart))
    return OverviewPart(
        figures=[Figure(10, "Held", f"{counts[Tab.ALL]:,}", url=listed)],
        waiting=list(_waiting(account, counts, links, listed)),
        cards=cards,
    )


def _waiting(
    account: Account, counts: dict[str, int], links: list[Link], listed: str
) -> Iterator[Waiting]:
    kept = account.numbers.kept().count()
    troubled = [link.connection for link in links if link.is_in_trouble]
    unread = [link.connection for link in links if link.could_not_be_read]
    yield Waiting(
        place=20,
        count=counts[Tab.UNASSIGNED] - kept,
        noun="number",
        text="without an agent, not decided yet",
        url=f"{listed}?tab={Tab.UNASSIGNED}&kept=false",
    )
    yield Waiting(
        place=30,
        count=counts[Tab.MISSING],
        noun="number",
        text="missing at Twilio",
        url=f"{listed}?tab={Tab.MISSING}",
        tone="bad",
    )
    yield Waiting(
        place=35,
        count=_open_at_twilio(account, TaskState.NEEDS_PERSON),
        noun="number",
        text="about which Twilio refused what was asked",
        url=f"{listed}?task={TaskState.NEEDS_PERSON}",
        tone="bad",
    )
    yield Waiting(
        place=37,
        count=account.numbers.going_elsewhere().count(),
        noun="number",
        text="enabled, whose texts Twilio sends elsewhere",
        url=f"{listed}?elsewhere=true",
        tone="bad",
    )
    yield Waiting(
        place=38,
        count=account.numbers.differing().count(),
        noun="number",
        text="with other settings at Twilio than before",
        url=f"{listed}?differs=true",
    )
    yield Waiting(
        place=40,
        count=len(troubled),
        noun="connection",
        text="in trouble",
        url=_page_of(troubled, account),
        tone="bad",
    )
    yield Waiting(
        place=45,
        count=len(unread),
        noun="connection",
        text="working, of which the last refresh failed",
        url=_page_of(unread, account),
    )
    yield Waiting(
        place=70,
        count=_open_at_twilio(account, TaskState.PENDING),
        noun="number",
        text="waiting for Twilio to confirm",
        url=f"{listed}?task={TaskState.PENDING}",
        tone="",
    )


def _page_of(connections: list[Connection], account: Account) -> str:
    """The page of the one that it is, else of all."""
    if len(connections) == 1:
        return reverse("numbers:connection", args=[account.slug, connections[0].pk])
    return reverse("numbers:connections", args=[account.slug])


def _open_at_twilio(account: Account, state: TaskState) -> int:
    """How many numbers have a task in this state; each state has an index of its own.

    Not by a join: SQLite would begin with all numbers of the account.
    """
    mine = Exists(PhoneNumber.objects.filter(pk=OuterRef("number"), account=account))
    tasks = CarrierTask.objects.filter(mine, state=state)
    counted: int = tasks.aggregate(numbers=Count("number", distinct=True))["numbers"]
    return counted


def _links(account: Account) -> list[Link]:
    connections = list(
        account.connections.attached().defer(*Connection.SECRETS).order_by("name", "pk")
    )
    runs = Import.objects.latest_of(connections)
    return [Link(each, connection_badge(each), runs.get(each.pk)) for each in connections]


def _has_source(links: list[Link]) -> bool:
    return any(link.connection.state not in ENDED for link in links)


def held_and_licensed(account: Account, *, held: int, at: datetime) -> Chart:
    """The chart of what was held against what was licensed, up to ``at``."""
    licenses = Subscription.objects.filter(account=account).values_list("licenses", flat=True)
    since = max(at - SHOWN, min(account.created_at, at - SHORTEST))
    told = history(account, held=held, licenses=licenses.first() or 0, since=since)
    return steps(
        "Held and licensed",
        _in_words(told, account.zone, at=at),
        [
            ("Held", [(moment.at.timestamp(), moment.held) for moment in told]),
            ("Licensed", [(moment.at.timestamp(), moment.licenses) for moment in told]),
        ],
        until=at.timestamp(),
        along=_along(since, at, account.zone),
        table=_table(told, account.zone),
        marked="Over",
    )


def _in_words(told: list[Moment], zone: ZoneInfo, *, at: datetime) -> str:
    first, last = told[0], told[-1]
    most = max(told, key=lambda moment: moment.over)
    text = (
        f"From {absolute(first.at, zone)} to {absolute(at, zone)}: held from {first.held:,} to "
        f"{last.held:,}, licensed from {first.licenses:,} to {last.licenses:,}. The figures are "
        "those at the end of each quarter of an hour."
    )
    if most.over:
        text += f" At most {plural(most.over, 'number')} over, on {absolute(most.at, zone)}."
    return text


def _along(since: datetime, until: datetime, zone: ZoneInfo) -> list[str]:
    """Labels at even distances: days, within four days with the nearest hour; each said once."""
    step = (until - since) / (ALONG - 1)
    places = [since + place * step for place in range(ALONG)]
    if until - since > timedelta(days=4):
        return [_day(place.astimezone(zone).date()) for place in places]
    hours = [(place + timedelta(minutes=30)).astimezone(zone) for place in places]
    labels, before = [], None
    for hour in hours:
        day = f"{_day(hour.date())}, " if hour.date() != before else ""
        labels.append(f"{day}{hour.hour % 12 or 12}{NO_BREAK}{hour:%p}")
        before = hour.date()
    return labels


def _day(day: date) -> str:
    return f"{day:%b}{NO_BREAK}{day.day}"


def _table(told: list[Moment], zone: ZoneInfo) -> Table:
    rows = [
        (
            f"{_day(day.day)}, {day.day.year}",
            f"{day.last.held:,}",
            f"{day.most_held:,}",
            f"{day.last.licenses:,}",
            f"{day.last.over:,}",
        )
        for day in by_day(told, zone)
    ]
    head = ("Day", "Held at its end", "Most held", "Licensed", "Over")
    return Table(head, rows, note=HOW_IT_IS_COUNTED)
