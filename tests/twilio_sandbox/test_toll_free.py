"""Verifications of toll-free numbers, and the texts that are stopped without one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess, SandboxRefused
from tests.twilio_sandbox.refusals import refusal
from tests.twilio_sandbox.texting import (
    PHONE,
    VERIFICATION,
    switch,
    texting_number,
    toll_free_number,
)

pytestmark = pytest.mark.process

MONDAY = "2026-05-04T09:00:00Z"
REASONS = [
    {"code": 30446, "reason": "The opt-in is not shown"},
    {"code": 30450, "reason": "The sample does not fit"},
]


def verify(client: Client, number: Any, **changes: Any) -> Any:
    return client.messaging.v1.tollfree_verifications.create(
        tollfree_phone_number_sid=number.sid, **VERIFICATION | changes
    )


def decide(sandbox: SandboxProcess, row: Any, status: str, **more: Any) -> None:
    body = {"status": status, **more}
    sandbox.control("POST", f"tollfree-verifications/{row.sid}/status", body)


def outcome(sandbox: SandboxProcess, number: Any, to: str = PHONE) -> int | None:
    """The error code with which a text from the number ends, None if it is delivered."""
    sent = sandbox.client().messages.create(to=to, from_=number.phone_number, body="Hello")
    sandbox.forward(minutes=1)
    code: int | None = sent.fetch().error_code
    return code


# Its course


def test_a_verification_is_reviewed_and_approved(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    sandbox.control("POST", "clock", {"set": MONDAY})
    number = toll_free_number(sandbox)
    row = verify(acme_client, number, external_reference_id="ours-7")
    assert (row.status, row.tollfree_phone_number_sid) == ("PENDING_REVIEW", number.sid)
    assert (row.rejection_reason, row.edit_allowed, row.edit_expiration) == (None, None, None)
    assert (row.business_name, row.external_reference_id) == ("Acme", "ours-7")

    sandbox.forward(days=1)
    assert row.fetch().status == "IN_REVIEW"
    sandbox.forward(days=2)
    assert row.fetch().status == "IN_REVIEW"
    sandbox.forward(days=1)
    assert row.fetch().status == "TWILIO_APPROVED"


def test_a_rejected_one_says_why_and_is_handed_in_again(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    row = verify(acme_client, toll_free_number(sandbox))
    decide(sandbox, row, "TWILIO_REJECTED", reasons=REASONS)

    rejected = row.fetch()
    assert rejected.status == "TWILIO_REJECTED"
    assert (rejected.error_code, rejected.rejection_reason) == (30446, REASONS[0]["reason"])
    assert rejected.rejection_reasons == REASONS
    assert rejected.edit_allowed is True
    assert rejected.edit_expiration - rejected.date_updated == timedelta(days=7)
    sandbox.forward(days=6)
    again = row.update(opt_in_type="PAPER_FORM", edit_reason="It is shown now")
    assert (again.status, again.opt_in_type) == ("PENDING_REVIEW", "PAPER_FORM")
    assert (again.error_code, again.rejection_reasons, again.edit_allowed) == (None, None, None)
    sandbox.forward(days=10)
    assert row.fetch().status == "TWILIO_APPROVED"


def test_the_time_to_edit_ends(sandbox: SandboxProcess, acme_client: Client) -> None:
    row = verify(acme_client, toll_free_number(sandbox))
    decide(sandbox, row, "TWILIO_REJECTED")
    assert row.fetch().rejection_reasons[0]["code"] == 30440
    sandbox.forward(days=8)

    assert refusal(row.update, message_volume="10") == (400, 20001)
    assert row.fetch().status == "TWILIO_REJECTED"
    assert row.delete() is True
    assert verify(acme_client, toll_free_number(sandbox)).status == "PENDING_REVIEW"


@pytest.mark.parametrize(
    ("status", "more"),
    [
        ("PENDING_REVIEW", {}),
        ("IN_REVIEW", {}),
        ("TWILIO_APPROVED", {}),
        ("TWILIO_REJECTED", {"edit_allowed": False}),
    ],
)
def test_what_may_not_be_edited_is_not(
    sandbox: SandboxProcess, acme_client: Client, status: str, more: dict[str, Any]
) -> None:
    row = verify(acme_client, toll_free_number(sandbox))
    decide(sandbox, row, status, **more)

    assert refusal(row.update, message_volume="10") == (400, 20001)
    assert (row.fetch().status, row.fetch().message_volume) == (status, "1,000")


def test_a_decision_of_a_person_stays(sandbox: SandboxProcess, acme_client: Client) -> None:
    row = verify(acme_client, toll_free_number(sandbox))
    decide(sandbox, row, "TWILIO_REJECTED")
    sandbox.forward(days=30)

    assert row.fetch().status == "TWILIO_REJECTED"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"status": "LOST"}, 400),
        ({"status": "TWILIO_REJECTED", "reasons": [{"reason": "No code"}]}, 400),
        ({"status": "TWILIO_REJECTED", "reasons": "bad"}, 400),
        ({"status": "TWILIO_REJECTED", "edit_allowed": "maybe"}, 400),
    ],
)
def test_what_no_reviewer_could_say_is_refused(
    sandbox: SandboxProcess, acme_client: Client, body: dict[str, Any], status: int
) -> None:
    row = verify(acme_client, toll_free_number(sandbox))
    path = f"tollfree-verifications/{row.sid}/status"

    with pytest.raises(SandboxRefused) as caught:
        sandbox.control("POST", path, body)
    assert caught.value.status == status
    assert row.fetch().status == "PENDING_REVIEW"


def test_a_review_survives_a_power_cut(tmp_path: Path) -> None:
    with SandboxProcess(state=tmp_path / "state.sqlite3") as sandbox:
        sid = verify(sandbox.client(), toll_free_number(sandbox)).sid
        sandbox.save()
        sandbox.kill()

        sandbox.start()
        row = sandbox.client().messaging.v1.tollfree_verifications(sid)
        assert row.fetch().status == "PENDING_REVIEW"
        sandbox.forward(days=10)
        assert row.fetch().status == "TWILIO_APPROVED"


# What may be verified


def test_only_toll_free_numbers_of_the_account_are_verified(
    sandbox: SandboxProcess, acme_client: Client, parent_client: Client
) -> None:
    number, local = toll_free_number(sandbox), texting_number(sandbox)

    assert refusal(verify, acme_client, local) == (400, 20001)
    assert refusal(verify, parent_client, number) == (404, 20404)
    assert verify(acme_client, number).account_sid == sandbox.acme_sid
    assert refusal(verify, acme_client, number) == (409, 20409)


@pytest.mark.parametrize(
    "changes",
    [
        {"business_name": ""},
        {"use_case_categories": ["CHATTER"]},
        {"opt_in_type": "TELEPATHY"},
        {"opt_in_image_urls": []},
        {"business_type": "HOBBY"},
        {"business_registration_authority": "NONE"},
        {"customer_profile_sid": "nonsense"},
    ],
)
def test_a_verification_off_the_rules_is_refused(
    sandbox: SandboxProcess, acme_client: Client, changes: dict[str, Any]
) -> None:
    assert refusal(verify, acme_client, toll_free_number(sandbox), **changes) == (400, 20001)
    assert acme_client.messaging.v1.tollfree_verifications.list() == []


def test_the_optional_fields_are_kept(sandbox: SandboxProcess, acme_client: Client) -> None:
    more = {
        "business_type": "NON_PROFIT",
        "business_registration_authority": "EIN",
        "age_gated_content": True,
        "opt_in_keywords": ["JOIN", "YES"],
        "doing_business_as": "Acme Kids",
    }
    row = verify(acme_client, toll_free_number(sandbox), **more).fetch()

    assert {name: getattr(row, name) for name in more} == more


# The list


def test_verifications_are_listed_by_number_status_and_reference(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    numbers = acme_client.incoming_phone_numbers.toll_free.list(limit=2)
    rows = [
        verify(acme_client, number, external_reference_id=f"ours-{place}")
        for place, number in enumerate(numbers)
    ]
    decide(sandbox, rows[1], "TWILIO_APPROVED")

    def found(**filters: Any) -> list[str]:
        listed = acme_client.messaging.v1.tollfree_verifications.list(**filters)
        return [str(row.sid) for row in listed]

    assert sorted(found()) == sorted(row.sid for row in rows)
    assert found(tollfree_phone_number_sid=numbers[0].sid) == [rows[0].sid]
    assert found(status="TWILIO_APPROVED") == [rows[1].sid]
    assert found(external_reference_id="ours-0") == [rows[0].sid]
    assert found(external_reference_id="theirs") == []


def test_a_main_account_lists_those_of_its_subaccounts(
    sandbox: SandboxProcess, acme_client: Client, parent_client: Client
) -> None:
    row = verify(acme_client, toll_free_number(sandbox))
    theirs = parent_client.messaging.v1.tollfree_verifications
    stranger = sandbox.client(sandbox.stranger_main_sid, sandbox.stranger_main_token)

    assert theirs.list() == []
    assert [each.sid for each in theirs.list(include_sub_accounts=True)] == [row.sid]
    assert refusal(theirs(row.sid).fetch) == (404, 20404)
    strangers = stranger.messaging.v1.tollfree_verifications
    assert strangers.list(include_sub_accounts=True) == []


# Texts


def test_without_the_switch_everything_is_delivered(sandbox: SandboxProcess) -> None:
    assert outcome(sandbox, toll_free_number(sandbox)) is None


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (None, 30032),
        ("PENDING_REVIEW", 30032),
        ("IN_REVIEW", 30032),
        ("TWILIO_REJECTED", 30032),
        ("TWILIO_APPROVED", None),
    ],
)
def test_texts_end_as_the_verification_says(
    sandbox: SandboxProcess, acme_client: Client, status: str | None, code: int | None
) -> None:
    switch(sandbox, toll_free_enforcement="on")
    number = toll_free_number(sandbox)
    if status is not None:
        decide(sandbox, verify(acme_client, number), status)

    assert outcome(sandbox, number) == code


def test_a_verification_is_of_one_number(sandbox: SandboxProcess, acme_client: Client) -> None:
    switch(sandbox, toll_free_enforcement="on")
    verified, other = acme_client.incoming_phone_numbers.toll_free.list(limit=2)
    decide(sandbox, verify(acme_client, verified), "TWILIO_APPROVED")

    assert [outcome(sandbox, number) for number in (verified, other)] == [None, 30032]


@pytest.mark.parametrize(("to", "code"), [("+14165550123", 30032), ("+447700900001", None)])
def test_only_north_america_asks_for_a_verification(
    sandbox: SandboxProcess, to: str, code: int | None
) -> None:
    switch(sandbox, toll_free_enforcement="on")

    assert outcome(sandbox, toll_free_number(sandbox), to) == code


def test_local_numbers_need_no_verification(sandbox: SandboxProcess) -> None:
    switch(sandbox, toll_free_enforcement="on")

    assert outcome(sandbox, texting_number(sandbox)) is None


def test_a_transferred_number_is_not_verified_in_its_new_account(
    sandbox: SandboxProcess, acme_client: Client, parent_client: Client
) -> None:
    switch(sandbox, toll_free_enforcement="on")
    number = toll_free_number(sandbox)
    decide(sandbox, verify(acme_client, number), "TWILIO_APPROVED")
    assert outcome(sandbox, number) is None

    parent = sandbox.client(sandbox.main_sid, sandbox.main_token, account=sandbox.acme_sid)
    parent.incoming_phone_numbers(number.sid).update(account_sid=sandbox.main_sid)

    sent = parent_client.messages.create(to=PHONE, from_=number.phone_number, body="Hello")
    sandbox.forward(minutes=1)
    assert sent.fetch().error_code == 30032
