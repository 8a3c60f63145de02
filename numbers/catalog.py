"""What this app adds to the registries."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from accounts.job_kinds import JOB_KINDS
from accounts.models import Account
from accounts.registries import (
    DETAIL_LABELS,
    EVENT_TYPES,
    FIELD_LABELS,
    FIELD_LISTS,
    NAVIGATION,
    NOTICE_KINDS,
    OVERVIEW,
    SETTINGS_TABS,
    SUBJECTS,
    SUPPORT_LINKS,
    SUPPORT_PLACES,
    TO_DECIDE,
    EventType,
    NavigationEntry,
    NoticeKind,
    Subject,
    SupportLink,
)
from accounts.services.retention import RULES, Rule
from accounts.states import Permission
from carrier.types import NumberType
from config.filters import any_of, called
from config.jobs import SCHEDULES
from config.phone_numbers import for_people, read, whole
from licensing.models import GracePeriod

from . import overview
from .models import CarrierTask, Connection, CsvEdit, PhoneNumber
from .services import bulk, csv_edits, imports
from .states import ConnectionState, NumberState, RefreshEvery
from .views.numbers import to_decide

#: Fewer last digits than this mean no number: too many end like that.
FEWEST_DIGITS = 4


def fill() -> None:
    EVENT_TYPES.fill(
        {
            "bulk.started": EventType(words="Bulk change"),
            "connection.detached": EventType("bad"),
            "connection.made": EventType("good"),
            "connection.recovered": EventType("good"),
            "connection.refresh_scheduled": EventType(),
            "connection.removed": EventType("warn"),
            "connection.token_replaced": EventType(),
            "connection.trouble": EventType("bad"),
            "csv_edit.started": EventType(words="CSV edit"),
            "import.completed": EventType("good"),
            "import.failed": EventType("bad"),
            "number.assigned": EventType("good"),
            "number.brought_back": EventType("good"),
            "number.came_back": EventType("good"),
            "number.changed": EventType(words="Number changed at Twilio"),
            "number.asked_here_again": EventType(words="Number sent here again"),
            "number.described": EventType(words="Number name, notes, tags or protection changed"),
            "number.disabled": EventType("warn"),
            "number.enabled": EventType("good"),
            "number.excluded": EventType("warn"),
            "number.goes_elsewhere": EventType("bad"),
            "number.gone": EventType("warn"),
            "number.handed_back": EventType(words="Number goes where it went before"),
            "number.imported": EventType("good"),
            "number.in_service": EventType("good"),
            "number.kept": EventType(words="Number kept as spare"),
            "number.kept_after_all": EventType("warn"),
            "number.listed_again": EventType(words="Number listed by Twilio again"),
            "number.missing": EventType("bad"),
            "number.put_back_refused": EventType("bad", words="Number settings refused by Twilio"),
            "number.release_decided": EventType("warn"),
            "number.release_refused": EventType("bad", words="Number release refused by Twilio"),
            "number.released": EventType("warn"),
            "number.route_refused": EventType("bad", words="Number routing refused by Twilio"),
            "number.services_chosen": EventType(),
            "number.restore_asked": EventType(words="Number restore asked for"),
            "number.restore_dropped": EventType("bad", words="Number restore given up"),
            "number.restore_refused": EventType("bad", words="Number restore refused by Twilio"),
            "number.restored": EventType("good"),
            "number.settings_asked_back": EventType(
                words="Number settings from before wanted back"
            ),
            "number.settings_left": EventType(words="Number settings left as they are"),
            "number.settings_put_back": EventType(),
            "number.swapped_in": EventType("good"),
            "number.swapped_out": EventType("warn"),
            "number.unassigned": EventType(),
            "number.unkept": EventType(words="Number no longer kept as spare"),
            "number.unlisted": EventType("warn", words="Number no longer listed by Twilio"),
        }
    )
    SUBJECTS.fill(
        {
            "connection": Subject(
                "numbers:connection",
                listed_on="numbers:connections",
                is_named=True,
                find=_connections,
                choices={"state": ConnectionState, "refresh_every": RefreshEvery},
            ),
            "import": Subject("numbers:import_detail", listed_on="numbers:imports"),
            "number": Subject(
                "numbers:detail",
                listed_on="numbers:list",
                is_named=True,
                written=lambda label, account: for_people(label, account.country),
                find=_numbers,
                find_anywhere=_numbers_anywhere,
                choices={"state": NumberState, "type": NumberType},
            ),
        }
    )
    FIELD_LABELS.fill(
        {
            "e164": "Number",
            "friendly_name": "Name at Twilio",
            "kept_until": "Kept until",
            "label": "Name",
        }
    )
    DETAIL_LABELS.fill(
        {
            "came_back": "Came back",
            "did_not": "Did not come back",
            "kept_for_exclusion": "Put back when excluded",
        }
    )
    FIELD_LISTS.fill(
        {
            "offered": "Different at Twilio than before",
            "putting_back": "Being put back at Twilio",
        }
    )
    NAVIGATION.fill({"numbers:list": NavigationEntry("Numbers", 10, ("numbers",))})
    OVERVIEW.fill({"numbers": overview.part})
    TO_DECIDE.fill({"numbers": to_decide})
    # They stand among the settings, although they are about numbers.
    SETTINGS_TABS.fill(
        {"numbers:connections": NavigationEntry("Connections", 30, ("numbers:connect",))}
    )
    NOTICE_KINDS.fill(
        {
            "import": NoticeKind(
                "Imports that failed, and scheduled refreshes that changed something",
                Permission.NUMBERS,
            ),
            "connection": NoticeKind("A Twilio connection that stopped working", Permission.ADMIN),
            "carrier": NoticeKind(
                "Releases, restores and settings that Twilio refused", Permission.NUMBERS
            ),
            "restore": NoticeKind(
                "Released numbers that can come back for one more day", Permission.NUMBERS
            ),
            "spare": NoticeKind("Spares whose day to decide has come", Permission.NUMBERS),
        }
    )
    accounts = "admin:accounts_account_changelist"
    SUPPORT_LINKS.fill(
        {
            "Accounts over after their grace period": SupportLink(
                accounts,
                "grace=over",
                10,
                lambda at: GracePeriod.objects.unsettled().filter(ends_at__lte=at),
            ),
            "Accounts in grace": SupportLink(
                accounts,
                "grace=open",
                20,
                lambda at: GracePeriod.objects.unsettled().filter(ends_at__gt=at),
            ),
            "Connections that do not work": SupportLink(
                accounts,
                "connection=trouble",
                30,
                lambda at: (
                    Connection.objects.attached()
                    .exclude(state=ConnectionState.ACTIVE)
                    .order_by()
                    .values("account")
                    .distinct()
                ),
            ),
            "What Twilio refused": SupportLink(
                "admin:numbers_carriertask_changelist",
                "state__exact=needs_person",
                50,
                lambda at: CarrierTask.objects.needing_a_person(),
            ),
        }
    )
    numbers = "admin:numbers_phonenumber_changelist"
    SUPPORT_PLACES.fill(
        {
            "Numbers": SupportLink(numbers, "", 10),
            "Unassigned": SupportLink(numbers, "assigned=no", 20),
            "Manage Licenses": SupportLink(accounts, "", 30),
        }
    )
    JOB_KINDS.fill({kind.name: kind for kind in (bulk.KIND, csv_edits.KIND, imports.KIND)})
    RULES.fill(
        {
            "CSV files that were brought for an edit": Rule(
                csv_edits.KEPT, lambda before: CsvEdit.objects.filter(created_at__lt=before)
            )
        }
    )
    SCHEDULES.fill({"numbers.sweep": ("numbers.tasks.sweep", 1)})


def _connections(account: Account, text: str) -> QuerySet[Any, int]:
    mine = Connection.objects.filter(account=account)
    found: QuerySet[Connection] = mine.filter(sid=text) | called(mine, text)
    return found.values_list("pk", flat=True)


def _numbers(account: Account, text: str) -> QuerySet[Any, int]:
    return _numbers_anywhere(text, account.country).filter(account=account)


def _numbers_anywhere(text: str, country: str = "US") -> QuerySet[Any, int]:
    """Numbers in full in any format, or by their last digits."""
    found = PhoneNumber.objects.values_list("pk", flat=True)
    written = read(text)
    if written is None or len(written.digits) < FEWEST_DIGITS:
        return found.none()
    return found.filter(
        any_of("e164", "endswith", written.parts) | Q(e164__in=whole(text, country))
    )
