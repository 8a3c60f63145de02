"""What apps tell the pages and rules of ``accounts`` about themselves.

Each app fills these tables in its ``catalog.py``. A name that nobody registered cannot be written
to the event log, and a name that two apps register stops the process when it starts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from config.registry import Registry

from .states import Permission

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import Choices, QuerySet

    from .actor import Actor
    from .models import Account

Tone = Literal["", "good", "warn", "bad"]


@dataclass(frozen=True)
class EventType:
    """What ``Event.type`` may be: ``noun.verb_in_past_tense``, such as ``number.released``.

    ``tone`` colors it on timelines. ``words`` is what filters call it, where its name does not
    read well.
    """

    tone: Tone = ""
    words: str = ""


def _as_it_is(label: str, account: Account) -> str:
    return label


@dataclass(frozen=True)
class Subject:
    """What an event can be about: the value of ``Event.subject_type``.

    ``page`` is the name of the page inside an account that shows it; it takes the subject's id,
    unless all of a kind share one (``has_own_page``). ``listed_on`` is the page that lists them.
    A subject that ``is_named`` is named on timelines by its label, as ``written`` writes it for
    people. ``find`` returns the ids of those in the account that people call by a text, and
    ``find_anywhere`` of those in whichever account, for support. ``choices`` are the words for
    those of its fields that events keep as codes.
    """

    page: str
    has_own_page: bool = True
    listed_on: str = ""
    is_named: bool = False
    written: Callable[[str, Account], str] = _as_it_is
    find: Callable[[Account, str], QuerySet[Any, int]] | None = None
    find_anywhere: Callable[[str], QuerySet[Any, int]] | None = None
    choices: Mapping[str, type[Choices]] = field(default_factory=dict)


@dataclass(frozen=True)
class NavigationEntry:
    """A link in the frame of every page, or a tab of the settings.

    Entries stand in the order of ``place``. ``views`` are what the names of the pages begin with
    that belong to it; those of a tab belong to the settings, whatever else they begin with.
    """

    label: str
    place: int
    views: tuple[str, ...]


@dataclass(frozen=True)
class NoticeKind:
    """What a notice is about, and the permission whose holders are told."""

    about: str
    permission: Permission


@dataclass(frozen=True)
class SupportLink:
    """A list in the Django admin for support staff: URL name and query.

    ``waiting`` are rows that wait for somebody, of a table that finds them without being read.
    Without it the link is a place to look at, such as what has failed once.
    """

    page: str
    query: str
    place: int
    waiting: Callable[[datetime], QuerySet[Any]] | None = None


@dataclass(frozen=True)
class Figure:
    """One of the figures at the top of the overview; ``place`` as for the navigation."""

    place: int
    label: str
    value: str
    note: str = ""
    tone: Tone = ""
    url: str = ""


@dataclass(frozen=True)
class Waiting:
    """What waits for somebody's decision: how many, of what, and the page where it is decided.

    What does not wait (``count`` 0) is left out.
    """

    place: int
    count: int
    noun: str
    text: str
    url: str
    tone: Tone = "warn"


@dataclass(frozen=True)
class Card:
    """A card of the overview, drawn by the app's own template, which gets ``content``.

    It stands in the wide column unless it is ``narrow``, and its head may link to a page.
    """

    place: int
    title: str
    template: str
    content: Any
    narrow: bool = False
    url: str = ""
    link: str = ""


@dataclass(frozen=True)
class OverviewPart:
    """What one app puts on the overview of an account.

    ``first`` is for an account that has yet to begin: it says the next act, and stands in the place
    of what waits.
    """

    figures: Sequence[Figure] = ()
    waiting: Sequence[Waiting] = ()
    cards: Sequence[Card] = ()
    first: Card | None = None


@dataclass(frozen=True)
class Rows:
    """What can be decided about on the page where an account that is over its licenses decides.

    The app's own ``template`` draws it with ``context``, which the page takes into its own.
    """

    template: str
    context: Mapping[str, Any]


@dataclass(frozen=True)
class EventSet:
    """Events of one type in one account that a transaction has just written."""

    account_id: int
    type: str
    ids: Sequence[int]


@dataclass(frozen=True)
class Follower:
    """Who is owed something for events, such as the deliveries of a webhook.

    ``wants`` says whether it concerns itself with a type (account, type); it is asked for every
    set, so it must be cheap. ``owed`` inserts what is owed in the transaction that wrote the
    events: both are there or neither is. It is called with the ids of one event, or of many.
    """

    wants: Callable[[int, str], bool]
    owed: Callable[[EventSet], None]


EVENT_TYPES: Registry[EventType] = Registry("type of event")
SUBJECTS: Registry[Subject] = Registry("subject of events")
FOLLOWERS: Registry[Follower] = Registry("follower of events")
#: Names of changed fields that do not read well as they are.
FIELD_LABELS: Registry[str] = Registry("label of a field")
#: What else an event may tell, beside before and after.
DETAIL_LABELS: Registry[str] = Registry("detail of events")
#: Those of them that are lists of the names of fields, and the label of the list.
FIELD_LISTS: Registry[str] = Registry("list of fields in events")
#: By the name of the page that an entry opens. The first one is where an account begins.
NAVIGATION: Registry[NavigationEntry] = Registry("entry of the navigation")
#: By the name of the app: its part of the overview as of a moment, in a fixed number of queries.
OVERVIEW: Registry[Callable[[Account, Actor, datetime], OverviewPart]] = Registry(
    "part of the overview"
)
#: By the name of the app: the rows of the page where an account decides what to keep, for its
#: ``AccountRequest``.
TO_DECIDE: Registry[Callable[[Any], Rows]] = Registry("rows to decide about")
SETTINGS_TABS: Registry[NavigationEntry] = Registry("tab of the settings")
NOTICE_KINDS: Registry[NoticeKind] = Registry("kind of notice")
#: By what the support staff reads: what may need it, and where its daily work is.
SUPPORT_LINKS: Registry[SupportLink] = Registry("link for support staff")
SUPPORT_PLACES: Registry[SupportLink] = Registry("place of work of support staff")


def kinds_for(actor: Actor) -> dict[str, NoticeKind]:
    """The kinds of notices that concern somebody with these permissions."""
    return {
        name: kind for name, kind in NOTICE_KINDS.items() if kind.permission in actor.permissions
    }


def in_place(entries: Mapping[str, NavigationEntry]) -> list[tuple[str, NavigationEntry]]:
    """Page and entry, in the order in which they are shown."""
    return sorted(entries.items(), key=lambda each: each[1].place)


def front_page() -> str:
    """The name of the page inside an account where people arrive."""
    return in_place(NAVIGATION)[0][0]
