"""What every test may ask for, and what no test may do."""

from __future__ import annotations

import gc
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection
from django.test import Client
from pytest_django import Settings

from accounts import actors
from accounts.actor import Actor
from accounts.models import Account, Membership, User
from accounts.states import Role
from carrier import Carrier
from tests.bank import CURRENT, Bank
from tests.factories import (
    NOON,
    MembershipFactory,
    UserFactory,
    count_from_zero,
    subscribed,
)
from tests.installation import Migrated
from tests.sandbox_process import SandboxProcess


def pytest_configure(config: pytest.Config) -> None:
    """Tests run on the settings of a laptop; only what would make them slow or loud differs."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.WHITENOISE_AUTOREFRESH = True  # static files straight from the sources
    settings.TWILIO_ONLY_LOOPBACK = True


def pytest_collection_finish() -> None:
    """What was loaded stays; looking through it for garbage takes a twentieth of the time."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Each database runs what it can say something about: SQLite all but what needs PostgreSQL,
    PostgreSQL what asks for a database and could find another answer there."""
    if connection.vendor == "postgresql":
        config.hook.pytest_deselected(items=[each for each in items if not _asks_postgres(each)])
        items[:] = filter(_asks_postgres, items)
        return
    needs_postgres = pytest.mark.skip(reason="needs PostgreSQL: python -m tests.on_postgres pytest")
    for item in items:
        if item.get_closest_marker("postgres"):
            item.add_marker(needs_postgres)


def _asks_postgres(item: pytest.Item) -> bool:
    if item.get_closest_marker("sqlite"):
        return False
    asked = {"django_db_setup", "migrated"}.intersection(getattr(item, "fixturenames", ()))
    return bool(asked) or item.get_closest_marker("django_db") is not None


# --- What no test may do ---------------------------------------------------------------------


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Refuse connections to anything but this machine."""
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not _is_here(address[0]):
            raise RuntimeError(f"A test tried to reach {address[0]}.")
        connect(self, address)

    def guarded_look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not _is_here(host):
            raise RuntimeError(f"A test tried to look up {host}.")
        return look_up(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        yield


def _is_here(host: Any) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    return name in (None, "", "localhost", "::1") or name.startswith("127.")


@pytest.fixture(autouse=True)
def _clean_cache() -> None:
    """Rate limits of one test must not reach the next."""
    cache.clear()


@pytest.fixture(autouse=True)
def _same_rows_in_any_order() -> None:
    """What a factory counts up must not depend on the tests that ran before."""
    count_from_zero()


# --- Time ------------------------------------------------------------------------------------


@pytest.fixture
def noon() -> Iterator[time_machine.Traveller]:
    """The clock stands at ``NOON``; ``noon.move_to(…)`` and ``noon.shift(…)`` move it."""
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> Migrated:
    """What every installation of its own begins with."""
    own = tmp_path_factory.getbasetemp()
    with django_db_blocker.unblock():
        return Migrated(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)


# --- A Twilio to talk to ----------------------------------------------------------------------


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[SandboxProcess]:
    with SandboxProcess(numbers=27, at=None) as process:
        yield process


@pytest.fixture
def sandbox(sandbox_process: SandboxProcess, settings: Settings) -> SandboxProcess:
    """The stand-in as a real process: Acme's subaccount with 27 numbers, fresh for every test.

    Its time is that of this machine, as the product's is. Who waits for it in vain says how long.
    """
    sandbox_process.reset(numbers=27)
    settings.TWILIO_BASE_URL = sandbox_process.url
    return sandbox_process


@pytest.fixture
def carrier(sandbox: SandboxProcess) -> Carrier:
    return Carrier(sandbox.acme_sid, sandbox.acme_token)


# --- Money -----------------------------------------------------------------------------------


@pytest.fixture
def bank(settings: Any) -> Iterator[Bank]:
    """The payment provider; ``bank.manners = ["lost"]`` makes its next answer get lost."""
    CURRENT.append(Bank())
    settings.PAYMENT_GATEWAY = "tests.bank.the_bank"
    yield CURRENT[-1]
    CURRENT.pop()


# --- Acme and its people ---------------------------------------------------------------------


@pytest.fixture
def acme(db: None) -> Account:
    """An account with ten licenses. Numbers, agents and connections: see ``tests.factories``."""
    return subscribed(slug="acme", name="Acme")


@pytest.fixture
def owner(acme: Account) -> User:
    return _person(acme, Role.OWNER)


@pytest.fixture
def billing(acme: Account) -> User:
    return _person(acme, Role.BILLING_ADMIN)


@pytest.fixture
def admin(acme: Account) -> User:
    return _person(acme, Role.ADMIN)


@pytest.fixture
def member(acme: Account) -> User:
    return _person(acme, Role.MEMBER)


@pytest.fixture
def stranger(db: None) -> User:
    """The owner of another account."""
    user = UserFactory.create(email="stranger@example.com")
    MembershipFactory.create(user=user, role=Role.OWNER, account=subscribed(slug="elsewhere"))
    return user


@pytest.fixture
def support(db: None) -> User:
    """A member of our own staff, in no account."""
    return UserFactory.create(email="support@example.com", support=True)


def _person(account: Account, role: Role) -> User:
    user = UserFactory.create(email=f"{role.value}@example.com")
    MembershipFactory.create(account=account, user=user, role=role)
    return user


@pytest.fixture
def sign_in() -> Callable[[User], Client]:
    """``sign_in(user)`` gives a browser in which that user is signed in."""

    def browser(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return browser


@pytest.fixture
def owner_client(owner: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(owner)


@pytest.fixture
def billing_client(billing: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(billing)


@pytest.fixture
def admin_client(admin: User, sign_in: Callable[[User], Client]) -> Client:
    """An admin of Acme (not of the Django admin: that is ``support_client``)."""
    return sign_in(admin)


@pytest.fixture
def member_client(member: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(member)


@pytest.fixture
def stranger_client(stranger: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(stranger)


@pytest.fixture
def support_client(support: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(support)


@pytest.fixture
def acting() -> Callable[[User, Account], Actor]:
    """``acting(user, account)`` is that member as an actor of services."""

    def actor(user: User, account: Account) -> Actor:
        return actors.member(
            Membership.objects.select_related("user").get(user=user, account=account)
        )

    return actor


@pytest.fixture
def by_owner(owner: User, acme: Account, acting: Callable[[User, Account], Actor]) -> Actor:
    return acting(owner, acme)


@pytest.fixture
def by_billing(billing: User, acme: Account, acting: Callable[[User, Account], Actor]) -> Actor:
    return acting(billing, acme)


@pytest.fixture
def by_admin(admin: User, acme: Account, acting: Callable[[User, Account], Actor]) -> Actor:
    return acting(admin, acme)


@pytest.fixture
def by_member(member: User, acme: Account, acting: Callable[[User, Account], Actor]) -> Actor:
    return acting(member, acme)


@pytest.fixture
def one_database_connection() -> Iterator[None]:
    """For tests that call the WSGI application itself: each request would close the connection,
    and with it the test's transaction."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def root() -> Path:
    """The folder of the project."""
    return Path(settings.BASE_DIR)
