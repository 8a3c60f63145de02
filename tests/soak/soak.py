"""Odd requests at every door, and none of them ends in 5xx: ``make soak``.

Not a part of ``make test``: it takes minutes. ``SOAK_SEED`` repeats a run, ``SOAK_REQUESTS`` says
how many requests (20,000). Each request is undone, so that all of them find the same rows. An error
in the log counts like a 500: the last net of ``config/intake.py`` answers 400 and complains.
"""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Iterator
from itertools import chain
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from django.conf import settings as configured
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from rest_framework.settings import api_settings

from accounts.models import Account, HookDelivery, User
from accounts.services.hooks import HOOKS
from accounts.states import Permission
from licensing.models import Subscription
from tests.api.conftest import program_of
from tests.factories import (
    NOON,
    AgentFactory,
    ApiKeyFactory,
    CarrierTaskFactory,
    ConnectionFactory,
    EventFactory,
    ImportFactory,
    InvitationFactory,
    JobFactory,
    LicenseChangeFactory,
    MessageFactory,
    NoticeFactory,
    PhoneNumberFactory,
    SavedFilterFactory,
    TagFactory,
)
from tests.installation import Migrated
from tests.over_wsgi import ask
from tests.telephony.twilio import signature, told
from tests.web.conftest import Site, Wire

from .doors import Door, doors, learn
from .oddities import FORM, Dice

SEED = int(os.environ.get("SOAK_SEED") or secrets.randbelow(10**9))
REQUESTS = int(os.environ.get("SOAK_REQUESTS") or 20_000)
PARTS = 4
METHODS = ["GET"] * 9 + ["POST"] * 9 + ["PATCH", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "X"]

pytestmark = pytest.mark.process


class Complaints(logging.Handler):
    """What was logged as an error since the last look."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith("django.security."):
            return  # a refusal that Django logs as an error
        text = record.getMessage()
        if record.exc_info and record.exc_info[1]:
            last = record.exc_info[2]
            while last and last.tb_next:
                last = last.tb_next
            where = f"{last.tb_frame.f_code.co_filename}:{last.tb_lineno}" if last else ""
            text += f" {record.exc_info[1]!r:.300} at {where}"
        self.lines.append(text)

    def take(self) -> list[str]:
        lines, self.lines = self.lines, []
        return lines


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    handler = Complaints()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def furnished(acme: Account, owner: User) -> dict[str, list[str]]:
    """Acme with one of everything; values for the places in addresses."""
    Subscription.objects.filter(account=acme).update(licenses=100)
    connection = ConnectionFactory.create(account=acme)
    agent = AgentFactory.create(account=acme)
    numbers = [PhoneNumberFactory.create(account=acme, connection=connection) for _ in range(55)]
    PhoneNumberFactory.create(account=acme, connection=connection, agent=agent)
    for trait in ("excluded", "releasing", "released", "missing"):
        PhoneNumberFactory.create(account=acme, connection=connection, **{trait: True})
    enabled = PhoneNumberFactory.create(account=acme, connection=connection, enabled=True)
    message = MessageFactory.create(conversation__number=enabled)
    task = CarrierTaskFactory.create(number=numbers[0])
    delivery = HookDelivery.objects.create(
        account=acme, source="texts", key="1", address=enabled.hook_key, received_at=NOON
    )
    JobFactory.create(account=acme)
    ImportFactory.create(connection=connection)
    InvitationFactory.create(account=acme)
    ApiKeyFactory.create(account=acme)
    LicenseChangeFactory.create(account=acme)
    TagFactory.create(account=acme)
    SavedFilterFactory.create(account=acme, user=owner)
    NoticeFactory.create(account=acme, user=owner)
    EventFactory.create_batch(60, account=acme)
    rows = [numbers[0], enabled, message, message.conversation, delivery]
    return {
        "account": [acme.slug],
        "pk": [str(row.pk) for row in rows],
        "task": [str(task.pk)],
        "source": list(HOOKS),
        "address": [enabled.hook_key],
        "app_label": ["numbers", "telephony"],
    }


@pytest.mark.django_db
@pytest.mark.usefixtures("one_database_connection", "sandbox")
@pytest.mark.parametrize("part", range(PARTS))
def test_no_request_ends_in_a_fault_of_ours(
    part: int,
    acme: Account,
    furnished: dict[str, list[str]],
    complaints: Complaints,
    owner_client: Client,
    member_client: Client,
    support_client: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "actor", "1000000/min")
    print(f"SOAK_SEED={SEED} SOAK_REQUESTS={REQUESTS} part {part}")  # noqa: T201
    every_door = doors()
    learn(every_door, [owner_client, support_client], furnished)
    for door in every_door:
        if "source" in door.parameters:
            door.names = {
                *told(acme.numbers.get(enabled_at__isnull=False)),
                "MediaUrl0",
                "OptOutType",
            }
    program = program_of(acme, *Permission)
    visitors = [owner_client, owner_client, member_client, support_client, program, Client()]
    dice = Dice(Random(f"{SEED}-{part}"), _known(furnished))  # noqa: S311
    complaints.take()

    found: dict[str, str] = {}
    for number in range(REQUESTS // PARTS):
        door = every_door[number % len(every_door)]
        visitor = _visitor(door, dice, visitors, program, support_client)
        method = dice.random.choice(METHODS)
        address, environ = dice.address(door, furnished), dice.environ()
        body, kind = dice.body(door) if method not in ("GET", "HEAD") else (b"", "")
        if "source" in door.parameters and dice.chance(0.8):
            method, kind = "POST", FORM
            body = _said_by_twilio(acme, dice.form(door)[0])
            environ = {"HTTP_X_TWILIO_SIGNATURE": _signature(acme, address, body)}
        cache.clear()
        status = _undone(visitor, method, address, body, kind, environ)
        said = complaints.take()
        if status >= 500 or said:
            what = f"{status} {' | '.join(said)}"
            sent = f"{method} {address[:300]} {kind} {body[:300]!r} {environ}"
            found.setdefault(what, sent)

    assert not found, "\n\n".join(f"{what}\n    {sent}" for what, sent in found.items())


def _known(furnished: dict[str, list[str]]) -> list[str]:
    return sorted({*chain.from_iterable(furnished.values()), "+14155550123", "wanted"})


def _said_by_twilio(account: Account, form: bytes) -> bytes:
    """What any text says, and then the form; of a name that comes twice the last value counts."""
    number = account.numbers.get(enabled_at__isnull=False)
    return urlencode(told(number)).encode() + b"&" + form


def _signature(account: Account, address: str, form: bytes) -> str:
    fields = dict(parse_qsl(form.decode(errors="replace"), keep_blank_values=True))
    return signature(address, fields, account.connections.get().auth_token)


def _visitor(door: Door, dice: Dice, visitors: list[Client], *fitting: Client) -> Client:
    program, support = fitting
    if dice.chance(0.25):
        return dice.random.choice(visitors)
    if door.is_rest:
        return program
    return support if door.is_admin else dice.random.choice(visitors[:3])


def _undone(
    visitor: Client, method: str, address: str, body: bytes, kind: str, environ: dict[str, str]
) -> int:
    undone = transaction.atomic()
    undone._from_testcase = True  # type: ignore[attr-defined] # none of the application's
    with undone:
        status = ask(visitor, method, address, body, kind, **environ).status
        transaction.set_rollback(True)
    return status


# --- Over real sockets -----------------------------------------------------------------------


LINES = (
    b"GET /healthz HTTP/1.1", b"POST /accounts/login/ HTTP/1.1", b"POST /api/v1/agents/ HTTP/1.1",
    b"HEAD / HTTP/1.1", b"GET / HTTP/1.0", b"GET /", b"", b"OPTIONS * HTTP/1.1", b"\0 / HTTP/1.1",
    b"GET http://[::1/ HTTP/1.1", b"GET //x/../ HTTP/1.1", b"TRACE / HTTP/1.1", b"GET / HTTP/9.9",
    b"POST /api/v1/numbers/1/releases/ HTTP/1.1", b"GET /%00?%zz=%00 HTTP/1.1",
    b"GET /\xff HTTP/1.1",
)  # fmt: skip
FIELDS = (
    b"Host: 127.0.0.1", b"Host: 127.0.0.1", b"Host: \xff", b"Content-Length: 5",
    b"Content-Length: x", b"Content-Length: 5", b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: chunked, gzip",
    b"Transfer-Encoding: \x0bchunked", b"Content-Type: application/json; charset=zlib", b": x",
    b"Expect: 100-continue", b"Connection: keep-alive", b"Connection: close, \xff", b" folded",
    b"Content-Type: application/x-www-form-urlencoded", b"Cookie: sessionid=\"\\000\"", b"A\0: b",
    b"Upgrade: h2c", b"Content_Length: 5", b"X: " + b"a" * 9000,
)  # fmt: skip
BODIES = (
    b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n", b"5;x=y\r\nhello\r\n0\r\nA: b\r\n\r\n", b"zz\r\n",
    b"FFFFFFFFFFFFFFFFF\r\nhello", b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"a=1&\0",
)  # fmt: skip


@pytest.fixture(scope="module")
def house(
    tmp_path_factory: pytest.TempPathFactory, migrated: Migrated, django_db_blocker: Any
) -> Iterator[Site]:
    with django_db_blocker.unblock():
        site = Site(tmp_path_factory.mktemp("soak"), migrated)
    yield site
    site.installation.end()


def test_no_bytes_on_a_socket_stop_the_server(house: Site) -> None:
    print(f"SOAK_SEED={SEED}")  # noqa: T201
    random = Random(SEED)  # noqa: S311
    for _ in range(REQUESTS // 20):
        fields = random.sample(FIELDS, random.randint(0, 5))
        raw = b"\r\n".join([random.choice(LINES), *fields]) + b"\r\n\r\n" + random.choice(BODIES)
        if random.random() < 0.1:
            raw = random.randbytes(random.randint(1, 400)) + raw
        if random.random() < 0.1:
            raw = raw.replace(b"\r\n", b"\n")
        status = _said(Wire(house.port), raw, random.randint(1, len(raw)))
        assert status is None or status < 500 or status == 501, raw

    wire = Wire(house.port)
    assert wire.ask("GET /healthz").status == 200
    wire.close()
    log = house.log.read_text()
    assert "Traceback" not in log, log[log.index("Traceback") - 300 :][:4000]


def _said(wire: Wire, raw: bytes, cut: int) -> int | None:
    """The status that ``raw`` is answered with, sent in two pieces; None for a silent end."""
    try:
        wire.say(raw[:cut])
        wire.say(raw[cut:])
        wire.socket.shutdown(1)
        return wire.hear().status
    except (OSError, EOFError, ValueError, IndexError, KeyError):
        return None
    finally:
        wire.close()


def test_the_settings_are_those_of_a_site() -> None:
    """Whose error pages are Django's own would hide what people see."""
    assert not configured.DEBUG
