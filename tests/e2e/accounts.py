"""What is in the installation that a browser visits: runs inside it, not in the tests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import models
from django.utils import timezone

from accounts.actor import OPERATOR
from accounts.models import Account, ApiKey, Invitation, Job, Membership, Notice, User
from accounts.services import people
from accounts.states import Role
from numbers.models import CarrierTask, CsvEdit, Import, SavedFilter
from numbers.services import connections
from numbers.services.opening import open_account
from telephony.services import agents
from tests.factories import CsvEditFactory, MessageFactory, PaymentAttemptFactory

SUPPORT = "sam@numberdesk.example"
LIVE, DRAFT = ("Front desk", "Night line"), "Holiday desk"


def open_accounts(
    wanted: list[dict[str, str]], *, password: str, licenses: int
) -> list[dict[str, str]]:
    """Accounts as the demo has them, each connected but without numbers, and somebody of support.

    Each of `wanted` names `slug`, `sid`, `token` and `owner`, who may own several; the result adds
    an API key.
    """
    at, hashed, opened = timezone.now(), make_password(password), []
    User.objects.create(
        email=SUPPORT, password=hashed, date_joined=at, is_staff=True, is_superuser=True
    )
    for each in wanted:
        slug = each["slug"]
        person = {"password": hashed, "date_joined": at}
        User.objects.get_or_create(email=each["owner"], defaults={**person, "name": "Olivia Owens"})
        member = User.objects.create(email=f"max@{slug}.example", name="Max Miller", **person)
        account = open_account(
            slug=slug,
            name=slug.title(),
            owner=each["owner"],
            licenses=licenses,
            time_zone="America/Los_Angeles",
            actor=OPERATOR,
            at=at,
        )
        pk = account.account.pk
        people.add_member(pk, user=member, role=Role.MEMBER, actor=OPERATOR, at=at)
        for name in LIVE:
            agents.go_live(
                agents.create_agent(pk, name=name, actor=OPERATOR, at=at).pk, actor=OPERATOR, at=at
            )
        agents.create_agent(pk, name=DRAFT, actor=OPERATOR, at=at)
        connections.connect(pk, sid=each["sid"], token=each["token"], actor=OPERATOR, at=at)
        opened.append({**each, "api_key": account.api_key})
    return opened


def a_payment(slug: str, state: str) -> int:
    """A payment that the account's owner asked for a while ago, and what became of it."""
    at = timezone.now()
    attempt = PaymentAttemptFactory.create(
        account=Account.objects.get(slug=slug),
        state=state,
        created_at=at - timedelta(minutes=9),
        next_ask_at=at + timedelta(minutes=6) if state == "unanswered" else None,
        actor_label="Olivia Owens",
        asks=4,
    )
    return int(attempt.pk)


def texting_number(slug: str) -> list[str]:
    """Put the first number that an agent serves in service for texts: SID, number, our address.

    What the stand-in's phones cannot be has written already: a short code, somebody withheld.
    """
    number = Account.objects.get(slug=slug).numbers.assigned().order_by("e164")[0]
    number.texts, number.enabled_at, number.hook_key = True, timezone.now(), "k" * 32
    number.save()
    for kind, address in (("short_code", "72345"), ("anonymous", "")):
        MessageFactory.create(
            account=number.account,
            conversation__number=number,
            conversation__address__kind=kind,
            conversation__address__address=address,
            body="Your code is 123456.",
            not_answered="disabled",
            occurred_at=timezone.now(),
            received_at=timezone.now(),
        )
    return [number.sid, number.e164, f"/hooks/texts/{number.hook_key}"]


def one_of_each(slug: str) -> dict[str, tuple[int, ...]]:
    """The ids in an address of one thing of each kind, by the names of ``tests.test_doors``."""
    account = Account.objects.get(slug=slug)
    task = CarrierTask.objects.unfinished().get(number__account=account)
    CsvEditFactory.create(account=account)
    found: dict[str, models.QuerySet[Any]] = {
        "agent": account.agents.filter(numbers__isnull=False),
        "api_key": ApiKey.objects.filter(account=account),
        "connection": account.connections.all(),
        "csv_edit": CsvEdit.objects.filter(account=account),
        "import": Import.objects.filter(connection__account=account),
        "invitation": Invitation.objects.filter(account=account),
        "job": Job.objects.filter(account=account, items__isnull=False),
        "membership": Membership.objects.filter(account=account, role=Role.MEMBER),
        "notice": Notice.objects.filter(account=account),
        "payment": account.payment_attempts.all(),
        "number": account.numbers.unassigned().filter(protected=False),
        "saved_filter": SavedFilter.objects.filter(account=account),
    }
    ids = {
        kind: (rows.order_by("-pk").values_list("pk", flat=True)[0],)
        for kind, rows in found.items()
    }
    return {**ids, "carrier_task": (task.number_id, task.pk)}
