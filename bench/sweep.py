"""The grace sweep: many accounts, few that are due."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account
from licensing import tasks
from licensing.models import GracePeriod, Subscription
from licensing.states import GRACE_PERIOD, GraceState, NoticeStage
from numbers.models import Connection, PhoneNumber
from numbers.states import NumberState

from .measuring import Row

ACCOUNTS = 10_000
DUE = 100


def rows() -> list[Row]:
    accounts = _accounts(ACCOUNTS)
    _open_periods(accounts[DUE:], ended=False)
    idle = _queries()
    _open_periods(accounts[:DUE], ended=True)
    many = _queries()
    # What one account that is due needs: the same sweep over one of them, less the idle sweep.
    GracePeriod.objects.filter(account__in=accounts[:1]).delete()
    _open_periods(accounts[:1], ended=True)
    one = _queries() - idle
    return [
        Row(
            work=f"grace sweep: {ACCOUNTS:,} accounts, {DUE} due",
            compared_with="what the due ones need",
            value=many - DUE * one,
            limit=3,
            unit="queries more",
            details={"queries": many, "per_due_account": one, "idle": idle},
        )
    ]


def _queries() -> int:
    with CaptureQueriesContext(database) as captured:
        tasks.sweep_grace()
    return len(captured)


def _accounts(count: int) -> list[Account]:
    at = timezone.now()
    accounts = Account.objects.bulk_create(
        [Account(slug=f"sweep-{n}", name=f"Sweep {n}") for n in range(count)]
    )
    Subscription.objects.bulk_create(
        Subscription(
            account=account,
            licenses=0,
            price=5,
            currency="USD",
            period_started_at=at,
            period_ends_at=at + timedelta(days=30),
        )
        for account in accounts
    )
    connections = Connection.objects.bulk_create(
        Connection(
            account=account,
            sid=f"AC{account.pk:032x}",
            owner_sid="AC" + "0" * 32,
            name=account.slug,
            auth_token="t",  # noqa: S106 - of nobody
            checked_at=at,
        )
        for account in accounts
    )
    PhoneNumber.objects.bulk_create(
        PhoneNumber(
            account_id=connection.account_id,
            connection=connection,
            e164=f"+1415{n:07d}",
            sid=f"PN{n:032x}",
            state=NumberState.HELD,
            state_changed_at=at,
            imported_at=at,
            fingerprint="0" * 32,
        )
        for n, connection in enumerate(connections)
    )
    return accounts


def _open_periods(accounts: list[Account], *, ended: bool) -> None:
    now = timezone.now()
    opened_at = now - GRACE_PERIOD - timedelta(minutes=1) if ended else now
    GracePeriod.objects.bulk_create(
        GracePeriod(
            account=account,
            state=GraceState.OPEN,
            opened_at=opened_at,
            ends_at=opened_at + GRACE_PERIOD,
            held_at_open=1,
            licenses_at_open=0,
            notice_stage=NoticeStage.HOUR_LEFT if ended else NoticeStage.START,
            next_notice_at=opened_at + GRACE_PERIOD - timedelta(hours=0 if ended else 24),
        )
        for account in accounts
    )
