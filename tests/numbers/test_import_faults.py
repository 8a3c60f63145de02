"""Imports while Twilio misbehaves: a clear state and sentence each, and nothing stored wrong.

Every fault strikes in the middle of a pass: the first of two pages is stored, then it begins. One
number has left Twilio and may be called missing only by the pass that reaches the last page.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.actor import Actor
from accounts.models import Event, Notice
from accounts.states import JobState
from carrier import Carrier
from licensing.models import GracePeriod
from numbers.models import Connection, Import, ImportPage, PhoneNumber
from numbers.services import connections, imports
from numbers.states import ConnectionState, NumberState
from tests.sandbox_process import SandboxProcess

pytestmark = [pytest.mark.process, pytest.mark.django_db]

KNOWN, ADDED = 27, 1_050


def begin(connection: Connection, actor: Actor) -> Import:
    return imports.request_import(connection.pk, actor=actor, at=timezone.now(), queue=False)


def go_on(run: Import, *, slices: int = 20) -> Import:
    """Work on the import as the worker would, until it ends."""
    for _ in range(slices):
        imports.work(run.job_id)
        run.job.refresh_from_db()
        if not run.job.is_open:
            break
    run.refresh_from_db()
    return run


@dataclass
class HalfRead:
    """An import of two pages whose first is stored."""

    run: Import
    connection: Connection
    before: list[Any]
    left: PhoneNumber


@pytest.fixture
def half(connection: Connection, by_admin: Actor, sandbox: SandboxProcess) -> HalfRead:
    go_on(begin(connection, by_admin))
    before = list(PhoneNumber.objects.order_by("pk").values())
    left = PhoneNumber.objects.order_by("pk")[5]
    Carrier(connection.sid, connection.auth_token).numbers.release(left.sid)
    sandbox.add_numbers(ADDED)
    sandbox.clear_requests()
    run = begin(connection, by_admin)
    imports.work(run.job_id, seconds=0)
    return HalfRead(run, connection, before, left)


Strike = Callable[[SandboxProcess], object]


def fault(kind: str, **options: Any) -> Strike:
    return lambda sandbox: sandbox.fault(kind, **options)


FAULTS: dict[str, tuple[Strike, str, str]] = {
    "token revoked": (
        lambda sandbox: sandbox.revoke_token(),
        "twilio_auth_failed",
        "does not accept this account SID and auth token",
    ),
    "account suspended": (
        lambda sandbox: sandbox.suspend(),
        "twilio_account_inactive",
        "suspended or closed",
    ),
    "429 without end": (fault("status", status=429), "twilio_unavailable", "too much at once"),
    "500 without end": (fault("status", status=500), "twilio_unavailable", "problem of its own"),
    "503 without end": (fault("status", status=503), "twilio_unavailable", "problem of its own"),
    "a hang": (fault("slow", seconds=5), "twilio_unavailable", "no answer in time"),
    "a cut connection": (fault("reset"), "twilio_unavailable", "broken connection"),
    "malformed JSON": (fault("malformed"), "twilio_confused", "not readable"),
    "another page altogether": (
        fault("malformed", body="<html>Sign in to the hotel's network</html>"),
        "twilio_confused",
        "not readable",
    ),
    "a list without its end": (
        fault("malformed", body='{"incoming_phone_numbers": []}'),
        "twilio_confused",
        "unexpected form",
    ),
    "a link to elsewhere": (
        fault(
            "malformed",
            body='{"incoming_phone_numbers": [], "next_page_uri": "https://evil.example/x"}',
        ),
        "twilio_confused",
        "unexpected place",
    ),
    "page links that expire at once": (
        fault("expired_tokens"),
        "twilio_page_expired",
        "has expired",
    ),
}
STATES = {
    "token revoked": ConnectionState.AUTH_FAILED,
    "account suspended": ConnectionState.SUSPENDED,
}


def mend(half: HalfRead, sandbox: SandboxProcess, actor: Actor) -> None:
    """What a person does, where anything has to be done."""
    sandbox.clear_faults()
    if sandbox.account(sandbox.acme_sid)["status"] == "suspended":
        sandbox.set_status("active")
        connections.check(half.connection.pk, actor=actor, at=timezone.now())
    sandbox.refresh()
    if sandbox.acme_token != half.connection.auth_token:
        connections.replace_token(
            half.connection.pk, token=sandbox.acme_token, actor=actor, at=timezone.now()
        )


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_ends_the_import_clearly_and_the_next_one_completes_it(
    half: HalfRead, by_admin: Actor, sandbox: SandboxProcess, settings: Settings, name: str
) -> None:  # S0-14, S0-15, S0-29
    strike, code, sentence = FAULTS[name]
    strike(sandbox)

    patience = settings.TWILIO_RETRY_SECONDS
    if code == "twilio_unavailable":
        settings.TWILIO_RETRY_SECONDS = 1
    failed = go_on(half.run)
    settings.TWILIO_RETRY_SECONDS = patience

    # A clear state and sentence, told once to whom it concerns.
    assert failed.job.state == JobState.FAILED
    assert failed.job.error_code == code
    assert sentence in failed.job.error
    assert "What was read so far is kept: 1,000 numbers." in failed.job.error
    assert not failed.is_open
    assert Event.objects.filter(type="import.failed", job=failed.job).count() == 1
    # A subaccount that does not work any more is the connection's to tell, and is told in one mail.
    told = Notice.objects.filter(kind__in=["import", "connection"])
    page = f"connections/{half.connection.pk}" if name in STATES else f"imports/{failed.pk}"
    assert {notice.url for notice in told} == {f"/a/acme/{page}/"}
    assert len({notice.user_id for notice in told}) == len(told)
    half.connection.refresh_from_db()
    assert half.connection.state == STATES.get(name, ConnectionState.ACTIVE)

    # Nothing stored wrong: what was there is as it was, what came is whole, nothing is missing.
    assert list(PhoneNumber.objects.order_by("pk").values()[:KNOWN]) == half.before
    assert set(PhoneNumber.objects.values_list("state", flat=True)) == {NumberState.HELD}
    assert PhoneNumber.objects.count() == KNOWN + 1_000
    assert not PhoneNumber.objects.filter(twilio={}).exists()
    assert not ImportPage.objects.exists()

    mend(half, sandbox, by_admin)
    done = go_on(begin(half.connection, by_admin))

    # The next one completes it.
    assert done.job.state == JobState.DONE, done.job.error
    found = {key: done.job.result[key] for key in ("new", "changed", "missing", "came_back")}
    assert found == {"new": ADDED - 1_000, "changed": 0, "missing": 1, "came_back": 0}
    half.left.refresh_from_db()
    assert half.left.state == NumberState.MISSING
    assert PhoneNumber.objects.held().count() == KNOWN - 1 + ADDED

    # S0-5: whatever happened, Twilio was only read.
    assert {row["method"] for row in sandbox.requests()} == {"GET"}


def test_a_looping_page_link_ends_the_import_before_anything_is_called_missing(
    half: HalfRead, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    sandbox.fault("loop")

    failed = go_on(half.run)

    assert (failed.job.state, failed.job.error_code) == (JobState.FAILED, "pages_loop")
    assert "in a circle" in failed.job.error
    assert set(PhoneNumber.objects.values_list("state", flat=True)) == {NumberState.HELD}
    # The links led to every page before they led back.
    assert PhoneNumber.objects.count() == KNOWN + ADDED

    sandbox.clear_faults()
    done = go_on(begin(half.connection, by_admin))

    assert done.job.state == JobState.DONE, done.job.error
    assert (done.job.result["new"], done.job.result["missing"]) == (0, 1)


@pytest.mark.parametrize(
    "passing",
    [
        fault("status", status=429, times=3),
        fault("status", status=503, times=3),
        fault("reset", times=2),
        fault("slow", seconds=5, times=1),
        fault("expired_tokens", times=2),
    ],
    ids=["429 burst", "503 burst", "cut twice", "slow once", "expired twice"],
)
def test_a_fault_that_passes_is_not_even_noticed(
    half: HalfRead, sandbox: SandboxProcess, settings: Settings, passing: Strike
) -> None:
    settings.TWILIO_TIMEOUT_SECONDS = 2
    passing(sandbox)

    done = go_on(half.run)

    assert done.job.state == JobState.DONE, done.job.error
    assert PhoneNumber.objects.held().count() == KNOWN - 1 + ADDED


def test_a_failed_import_neither_opens_nor_moves_a_grace_period(
    half: HalfRead, sandbox: SandboxProcess, settings: Settings
) -> None:  # S0-16
    opened = GracePeriod.objects.get()  # by the first import: 27 numbers, 10 licenses
    sandbox.fault("status", status=503)
    settings.TWILIO_RETRY_SECONDS = 1

    go_on(half.run)

    period = GracePeriod.objects.get()
    assert (period.pk, period.ends_at) == (opened.pk, opened.ends_at)


def test_a_closed_account_leaves_every_number_to_a_person(
    half: HalfRead, sandbox: SandboxProcess
) -> None:
    sandbox.close()

    failed = go_on(half.run)

    half.connection.refresh_from_db()
    assert failed.job.state == JobState.FAILED
    assert half.connection.state == ConnectionState.CLOSED
    assert PhoneNumber.objects.held().count() == KNOWN + 1_000


# --- What Twilio may send --------------------------------------------------------------------


def page(*rows: dict[str, Any]) -> str:
    return json.dumps({"incoming_phone_numbers": rows, "next_page_uri": None})


def row(position: int, e164: str, **fields: Any) -> dict[str, Any]:
    return {"sid": f"PN{position:032x}", "phone_number": e164, **fields}


def test_numbers_of_any_country_type_and_capability_import(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    sandbox.reset(numbers=1)
    connection.auth_token = sandbox.acme_token
    connection.save(update_fields=["auth_token"])
    voice, text = {"voice": True, "sms": False}, {"voice": False, "sms": True, "mms": True}
    sandbox.add_numbers(
        numbers=[
            {"phone_number": "+442079460123", "type": "local", "capabilities": voice},
            {"phone_number": "+447700900123", "type": "mobile", "capabilities": text},
            {"phone_number": "+18005550123", "type": "toll free", "capabilities": voice},
            {"phone_number": "+4932221234567", "type": "national", "capabilities": voice},
            {"phone_number": "+16045550123", "type": "local", "capabilities": {}},
            {"phone_number": "+882161234567", "type": "satellite", "capabilities": voice},
        ]
    )

    done = go_on(begin(connection, by_admin))

    assert done.job.state == JobState.DONE, done.job.error
    found = PhoneNumber.objects.values_list("e164", "country", "type", "voice", "sms", "mms")
    assert set(found.filter(e164__in=["+442079460123", "+447700900123"])) == {
        ("+442079460123", "GB", "local", True, False, False),
        ("+447700900123", "GB", "mobile", False, True, True),
    }
    assert set(found.filter(e164__in=["+18005550123", "+4932221234567"])) == {
        ("+18005550123", "US", "toll_free", True, False, False),
        ("+4932221234567", "DE", "national", True, False, False),
    }
    assert set(found.filter(e164__in=["+16045550123", "+882161234567"])) == {
        ("+16045550123", "CA", "local", False, False, False),
        ("+882161234567", "", "other", True, False, False),
    }


def test_absent_and_unknown_fields_are_taken_as_they_come(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    sandbox.fault(
        "malformed",
        body=page(
            row(1, "+14155550101"),
            row(2, "+14155550102", quantum={"entangled": [True, None]}, friendly_name="x" * 300),
            row(3, "+14155550103", friendly_name="nul\0 and \ud800 half", capabilities=None),
        ),
    )

    done = go_on(begin(connection, by_admin))

    assert done.job.state == JobState.DONE, done.job.error
    bare, strange, broken = PhoneNumber.objects.order_by("e164")
    assert bare.twilio == {}
    assert strange.twilio["quantum"] == {"entangled": [True, None]}
    assert len(strange.friendly_name) == 200
    assert broken.friendly_name == "nul and ? half"


def test_a_number_that_is_listed_twice_is_stored_once(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    sandbox.fault("malformed", body=page(row(1, "+14155550101"), row(1, "+14155550101")))

    done = go_on(begin(connection, by_admin))

    assert done.job.state == JobState.DONE, done.job.error
    assert PhoneNumber.objects.count() == 1


def test_a_number_bought_again_under_another_sid_is_the_same_number(
    connection: Connection, by_admin: Actor, sandbox: SandboxProcess
) -> None:
    sandbox.fault("malformed", body=page(row(1, "+14155550101")))
    go_on(begin(connection, by_admin))
    sandbox.clear_faults()
    sandbox.fault("malformed", body=page(row(2, "+14155550101")))

    done = go_on(begin(connection, by_admin))

    assert done.job.result["changed"] == 1
    assert PhoneNumber.objects.get().sid == f"PN{2:032x}"
