"""`manage.py setup_demo`: what a visitor of the demo finds. A second run keeps what is there."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.actor import OPERATOR
from accounts.models import Account, Membership, User
from accounts.services import api_keys, people
from accounts.states import Permission, Role
from config import clock
from licensing.models import Subscription
from licensing.services.licenses import open_subscription
from numbers.models import Connection
from numbers.services import connections
from telephony.models import Agent
from telephony.services import agents

DEMO_FILE = "demo.json"
PASSWORD = "numbers-for-everyone"  # noqa: S105 -- everybody may know it; the demo is local
#: Seconds to wait for the Twilio stand-in.
PATIENCE = 30


@dataclass(frozen=True)
class DemoAccount:
    """One account of the demo.

    ``sandbox_role`` names its subaccount at the stand-in; ``told_as`` is what the list of logins
    calls its people when their roles alone would mislead.
    """

    slug: str
    name: str
    licenses: int
    people: tuple[tuple[str, str, Role], ...]
    live_agents: tuple[str, ...]
    draft_agents: tuple[str, ...]
    sandbox_role: str
    told_as: str = ""


ACME = DemoAccount(
    slug="acme",
    name="Acme",
    licenses=10,
    people=(
        ("olivia@acme.example", "Olivia Owens", Role.OWNER),
        ("bill@acme.example", "Bill Booker", Role.BILLING_ADMIN),
        ("ada@acme.example", "Ada Adams", Role.ADMIN),
        ("max@acme.example", "Max Miller", Role.MEMBER),
        ("vera@acme.example", "Vera Vance", Role.VIEWER),
    ),
    live_agents=("Front desk", "Night line"),
    draft_agents=("Holiday desk",),
    sandbox_role="acme",
)
GLOBEX = DemoAccount(
    slug="globex",
    name="Globex",
    licenses=5,
    people=(("gina@globex.example", "Gina Grant", Role.OWNER),),
    live_agents=("Reception",),
    draft_agents=(),
    sandbox_role="stranger",
    told_as="stranger",
)
SUPPORT = ("sam@numberdesk.example", "Sam Support")


class Command(BaseCommand):
    help = "Fill the demo: accounts, logins, agents, connections; writes var/demo.json."

    def handle(self, **options: Any) -> None:
        if settings.PRODUCTION or not settings.TWILIO_BASE_URL:
            raise CommandError(
                "The demo has passwords that everybody knows and needs the Twilio stand-in; "
                "start it with `make demo`."
            )
        subaccounts = _subaccounts()
        at = clock.now()
        logins: list[dict[str, str]] = []
        for demo in (ACME, GLOBEX):
            account = _account(demo, at=at)
            logins += _logins(account, demo)
            _agents(account, demo, at=at)
            _connect(account, subaccounts[demo.sandbox_role], at=at)
        _user(*SUPPORT, at=at, is_staff=True, is_superuser=True)
        logins.append(_login(SUPPORT[0], "support"))
        path = settings.VAR_DIR / DEMO_FILE
        _write(
            path,
            {
                "url": settings.PUBLIC_URL,
                "sandbox_url": settings.TWILIO_BASE_URL,
                "rehearsal_room_url": f"{settings.TWILIO_BASE_URL}/_sandbox/",
                "logins": logins,
                "api_key": _api_key(Account.objects.get(slug=ACME.slug), path, at=at),
            },
        )
        self.stdout.write(f"{len(logins)} logins and an API key are in {path}")


def _subaccounts() -> dict[str, dict[str, Any]]:
    """Role at the stand-in -> its subaccount; waits until the stand-in answers."""
    until = time.monotonic() + PATIENCE
    session = requests.Session()
    session.trust_env = False  # no proxy between processes of one machine
    while True:
        try:
            answer = session.get(f"{settings.TWILIO_BASE_URL}/_sandbox/state", timeout=5)
            answer.raise_for_status()
        except requests.RequestException as error:
            if time.monotonic() >= until:
                raise CommandError(
                    f"The Twilio stand-in does not answer at {settings.TWILIO_BASE_URL}."
                ) from error
            time.sleep(0.2)
        else:
            state = answer.json()
            by_sid = {account["sid"]: account for account in state["accounts"]}
            return {role: by_sid[sid] for role, sid in state["roles"].items()}


def _account(demo: DemoAccount, *, at: datetime) -> Account:
    users = [(_user(email, name, at=at), role) for email, name, role in demo.people]
    account = Account.objects.filter(slug=demo.slug).first()
    if account is None:
        account = people.create_account(
            slug=demo.slug,
            name=demo.name,
            owner=users[0][0],
            time_zone="America/Los_Angeles",
            actor=OPERATOR,
            at=at,
        )
    for user, role in users:
        people.add_member(account.pk, user=user, role=role, actor=OPERATOR, at=at)
    if not Subscription.objects.filter(account=account).exists():
        open_subscription(account.pk, licenses=demo.licenses, actor=OPERATOR, at=at)
    return account


def _user(email: str, name: str, *, at: datetime, **flags: bool) -> User:
    user = User.objects.filter(email=email).first()
    if user is None:
        user = User.objects.create_user(email, PASSWORD, name=name, date_joined=at, **flags)
    return user


def _logins(account: Account, demo: DemoAccount) -> list[dict[str, str]]:
    """What the visitor is told; a role that was changed since is told as it is now."""
    roles = dict(Membership.objects.filter(account=account).values_list("user__email", "role"))
    return [
        _login(email, demo.told_as or roles.get(email, role.value), account.slug)
        for email, _, role in demo.people
    ]


def _login(email: str, role: str, account: str = "") -> dict[str, str]:
    return {"email": email, "password": PASSWORD, "role": role, "account": account}


def _agents(account: Account, demo: DemoAccount, *, at: datetime) -> None:
    for name in (*demo.live_agents, *demo.draft_agents):
        if Agent.objects.filter(account=account, name__iexact=name).exists():
            continue
        agent = agents.create_agent(account.pk, name=name, actor=OPERATOR, at=at)
        if name in demo.live_agents:
            agents.go_live(agent.pk, actor=OPERATOR, at=at)


def _connect(account: Account, subaccount: dict[str, Any], *, at: datetime) -> None:
    """Connect without importing: pressing "Import Numbers" is the visitor's first act."""
    if not Connection.objects.filter(account=account, sid=subaccount["sid"]).exists():
        connections.connect(
            account.pk,
            sid=subaccount["sid"],
            token=subaccount["auth_token"],
            actor=OPERATOR,
            at=at,
        )


def _api_key(account: Account, path: Path, *, at: datetime) -> str:
    """The key of the last start if it still works, else a fresh one."""
    if path.exists():
        text = str(json.loads(path.read_text()).get("api_key", ""))
        key = api_keys.authenticate(text, at=at)
        if key is not None and key.account_id == account.pk:
            return text
    _, text = api_keys.create(
        account.pk, name="Demo", scopes=Permission.values, actor=OPERATOR, at=at
    )
    return text


def _write(path: Path, content: dict[str, Any]) -> None:
    """Replace the file as a whole, so that nobody reads half of it."""
    path.parent.mkdir(exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(content, indent=2) + "\n")
    fresh.replace(path)
