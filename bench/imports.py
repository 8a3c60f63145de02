"""Imports against Twilio's own client and one bulk upsert of the same columns; peak memory."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from typing import Any

from django.conf import settings
from django.utils import timezone
from twilio.rest import Client

from accounts.actor import SYSTEM
from accounts.models import Account
from carrier.types import NumberType
from licensing.services import licenses
from numbers.models import Connection, PhoneNumber
from numbers.services import imports
from numbers.services.records import RECORD_FIELDS
from numbers.states import ConnectionState, NumberState
from tests.sandbox_process import SandboxProcess

from .measuring import Row, ratio

NUMBERS = 50_000
ROUNDS = 3
LEAST_NUMBERS = 1_000
MEGABYTE = 1024  # in kilobytes
_slugs = itertools.count(1)


def account_with_connection(sandbox: SandboxProcess) -> Connection:
    """A fresh account that is connected to the sandbox's big subaccount, and no earlier one is."""
    Connection.objects.update(state=ConnectionState.DETACHED)
    at = timezone.now()
    slug = f"bench-{next(_slugs)}-{os.getpid()}"
    account = Account.objects.create(slug=slug, name=slug)
    licenses.open_subscription(account.pk, licenses=NUMBERS, actor=SYSTEM, at=at)
    return Connection.objects.create(
        account=account,
        sid=sandbox.acme_sid,
        owner_sid=sandbox.main_sid,
        name=slug,
        auth_token=sandbox.acme_token,
        checked_at=at,
    )


def our_import(connection: Connection) -> dict[str, Any]:
    """The whole import, in the foreground: pages, comparison, rows, events, grace."""
    run = imports.request_import(connection.pk, actor=SYSTEM, at=timezone.now(), queue=False)
    imports.work(run.job_id, seconds=float("inf"))
    run.job.refresh_from_db()
    if run.job.state != "done":
        raise RuntimeError(run.job.error)
    return dict(run.job.result)


def client_and_upsert(connection: Connection) -> None:
    """The bare program: the official client's ``list()`` and one bulk upsert of the columns."""
    client = Client(connection.sid, connection.auth_token)
    client.api.base_url = f"{settings.TWILIO_BASE_URL}/api"
    at = timezone.now()
    rows = [
        PhoneNumber(
            account_id=connection.account_id,
            connection_id=connection.pk,
            e164=number.phone_number,
            sid=number.sid,
            state=NumberState.HELD,
            state_changed_at=at,
            imported_at=at,
            country="US",
            type=NumberType.LOCAL,
            voice=number.capabilities["voice"],
            sms=number.capabilities["sms"],
            mms=number.capabilities["mms"],
            friendly_name=number.friendly_name,
            twilio={
                "voice_url": number.voice_url,
                "voice_method": number.voice_method,
                "voice_fallback_url": number.voice_fallback_url,
                "voice_fallback_method": number.voice_fallback_method,
                "voice_application_sid": number.voice_application_sid,
                "voice_caller_id_lookup": number.voice_caller_id_lookup,
                "voice_receive_mode": number.voice_receive_mode,
                "sms_url": number.sms_url,
                "sms_method": number.sms_method,
                "sms_fallback_url": number.sms_fallback_url,
                "sms_fallback_method": number.sms_fallback_method,
                "sms_application_sid": number.sms_application_sid,
                "status_callback": number.status_callback,
                "status_callback_method": number.status_callback_method,
                "trunk_sid": number.trunk_sid,
                "address_sid": number.address_sid,
                "address_requirements": number.address_requirements,
                "identity_sid": number.identity_sid,
                "bundle_sid": number.bundle_sid,
                "emergency_status": number.emergency_status,
                "emergency_address_sid": number.emergency_address_sid,
                "emergency_address_status": number.emergency_address_status,
                "origin": number.origin,
                "status": number.status,
                "beta": number.beta,
                "api_version": number.api_version,
            },
            fingerprint="0" * 32,
        )
        for number in client.incoming_phone_numbers.list(page_size=1000)
    ]
    PhoneNumber.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["account", "e164"],
        update_fields=[name for name in RECORD_FIELDS if name != "e164"],
    )


BARE = "the official client's list() and one bulk upsert of the same columns"


def rows() -> list[Row]:
    with SandboxProcess(numbers=NUMBERS, at=None) as sandbox:
        settings.TWILIO_BASE_URL = sandbox.url
        first = ratio(
            f"first import of {NUMBERS:,} numbers",
            lambda: our_import(account_with_connection(sandbox)),
            BARE,
            lambda: client_and_upsert(account_with_connection(sandbox)),
            limit=1.2,
            rounds=ROUNDS,
        )
        theirs, ours = account_with_connection(sandbox), account_with_connection(sandbox)
        our_import(ours)
        client_and_upsert(theirs)
        again = ratio(
            "import again, nothing changed",
            lambda: our_import(ours),
            BARE,
            lambda: client_and_upsert(theirs),
            limit=0.8,
            rounds=ROUNDS,
        )
        return [first, again, _memory(sandbox)]


def _memory(big: SandboxProcess) -> Row:
    """Peak memory of a process that imports 50,000 numbers, against one that imports 1,000."""
    with SandboxProcess(numbers=LEAST_NUMBERS, at=None) as small:
        least, most = _peak(small), _peak(big)
    return Row(
        work=f"peak memory of an import of {NUMBERS:,}, beyond one of {LEAST_NUMBERS:,}",
        compared_with=f"an import of {LEAST_NUMBERS:,}",
        value=(most - least) / MEGABYTE,
        limit=60,
        unit="MB",
        details={"small_mb": least / MEGABYTE, "big_mb": most / MEGABYTE},
    )


def _peak(sandbox: SandboxProcess) -> int:
    """Import in a process of its own and return its peak memory, in kilobytes."""
    answer = subprocess.run(
        [sys.executable, "-m", "bench.one_import"],
        env={**os.environ, "TWILIO_BASE_URL": sandbox.url},
        input=json.dumps(
            {"sid": sandbox.acme_sid, "token": sandbox.acme_token, "owner": sandbox.main_sid}
        ),
        capture_output=True,
        text=True,
        check=True,
    )
    return int(json.loads(answer.stdout)["peak_kilobytes"])
