"""Portability: every answer of Twilio's, from the world itself or as the control API says."""

from __future__ import annotations

from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess, SandboxRefused
from tests.twilio_sandbox.ports import LANDLINE, MOBILE, TOLL_FREE, call, post

pytestmark = pytest.mark.process

CHECK = "Porting/Portability/PhoneNumber/"


def check(sandbox: SandboxProcess, number: str, **query: str) -> dict[str, Any]:
    answer: dict[str, Any] = call(sandbox, "GET", CHECK + number, params=query).json()
    return answer


def codes(sandbox: SandboxProcess, number: str, **query: str) -> tuple[int, str]:
    answer = check(sandbox, number, **query)
    return answer["not_portable_reason_code"], answer["not_portable_reason"]


def first_number(client: Client) -> str:
    return str(client.incoming_phone_numbers.list(limit=1, page_size=1)[0].phone_number)


def test_a_landline_of_another_carrier_can_be_ported(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    found = acme_client.numbers.v1.porting_portabilities(LANDLINE).fetch()

    assert (found.portable, found.not_portable_reason, found.account_sid) == (True, None, None)
    assert (found.number_type, found.country) == ("LOCAL", "US")
    assert found.pin_and_account_number_required is False


@pytest.mark.parametrize("spelled", ["+16175551212", "%2B16175551212"])
def test_the_plus_may_be_spelled_both_ways(sandbox: SandboxProcess, spelled: str) -> None:
    answer = check(sandbox, spelled)

    assert answer["phone_number"] == LANDLINE
    assert answer["url"] == (
        f"https://numbers.twilio.com/v1/Porting/Portability/PhoneNumber/{LANDLINE}"
    )


def test_a_mobile_requires_pin_and_account_number(sandbox: SandboxProcess) -> None:
    answer = check(sandbox, MOBILE)

    assert answer["number_type"] == "MOBILE"
    assert answer["pin_and_account_number_required"] is True
    assert answer["portable"] is True


@pytest.mark.parametrize(
    ("number", "code", "reason"),
    [
        ("+1617555", 22102, "INVALID_PHONE_NUMBER"),
        ("hello", 22102, "INVALID_PHONE_NUMBER"),
        ("+390612345678", 22130, "UNSUPPORTED"),
        (TOLL_FREE, 22133, "MANUAL_PORTING_AVAILABLE"),
        ("+14165551234", 22133, "MANUAL_PORTING_AVAILABLE"),
        ("+442079460999", 22171, "MISSING_REQUIRED_FIELDS"),
    ],
)
def test_digits_alone_can_say_why_not(
    sandbox: SandboxProcess, number: str, code: int, reason: str
) -> None:
    assert codes(sandbox, number) == (code, reason)
    assert check(sandbox, number)["portable"] is False


def test_the_number_of_twilios_example_is_answered_as_there(sandbox: SandboxProcess) -> None:
    answer = check(sandbox, "+18001234567")

    assert (answer["portable"], answer["number_type"]) == (False, "TOLL-FREE")
    assert answer["not_portable_reason_code"] == 22133
    assert answer["not_portable_reason"] == "MANUAL_PORTING_AVAILABLE"
    assert (answer["country"], answer["pin_and_account_number_required"]) == ("US", False)


def test_an_address_is_all_that_a_british_number_lacked(sandbox: SandboxProcess) -> None:
    answer = codes(sandbox, "+442079460999", AddressSid=f"AD{'a' * 32}")

    assert answer == (22133, "MANUAL_PORTING_AVAILABLE")


def test_the_target_decides_between_here_and_elsewhere_in_the_family(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    ours = first_number(acme_client)
    parent = (sandbox.main_sid, sandbox.main_token)

    there = check(sandbox, ours)
    elsewhere = call(sandbox, "GET", CHECK + ours, credentials=parent).json()
    named = call(
        sandbox,
        "GET",
        CHECK + ours,
        credentials=parent,
        params={"TargetAccountSid": sandbox.acme_sid},
    ).json()

    assert there["not_portable_reason"] == "ALREADY_IN_THE_TARGET_ACCOUNT"
    assert (there["not_portable_reason_code"], there["account_sid"]) == (22131, sandbox.acme_sid)
    assert elsewhere["not_portable_reason"] == "ALREADY_IN_ONE_OF_YOUR_TWILIO_ACCOUNTS"
    assert elsewhere["not_portable_reason_code"] == 22136
    assert elsewhere["account_sid"] == sandbox.acme_sid
    assert named["not_portable_reason_code"] == 22131


def test_a_strangers_number_is_for_the_snap_port_route(sandbox: SandboxProcess) -> None:
    theirs = first_number(sandbox.client(sandbox.stranger_sid, sandbox.stranger_token))

    answer = check(sandbox, theirs)

    assert answer["not_portable_reason"] == "ALREADY_IN_TWILIO_DIFFERENT_OWNER"
    assert (answer["not_portable_reason_code"], answer["account_sid"]) == (22132, None)


def test_a_released_number_belongs_to_twilio_for_sixty_days(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    number = next(
        n
        for n in acme_client.incoming_phone_numbers.list(page_size=100)
        if str(n.phone_number).startswith("+1415")
    )
    acme_client.incoming_phone_numbers(number.sid).delete()

    before = codes(sandbox, str(number.phone_number))
    sandbox.forward(days=61)

    assert before == (22132, "ALREADY_IN_TWILIO_DIFFERENT_OWNER")
    assert check(sandbox, str(number.phone_number))["portable"] is True


def test_a_running_port_stands_in_the_way(sandbox: SandboxProcess) -> None:
    post(sandbox, LANDLINE)
    parent = (sandbox.main_sid, sandbox.main_token)
    stranger = (sandbox.stranger_sid, sandbox.stranger_token)

    assert codes(sandbox, LANDLINE)[0] == 22137
    assert (
        call(sandbox, "GET", CHECK + LANDLINE, credentials=stranger).json()[
            "not_portable_reason_code"
        ]
        == 22132
    )
    sandbox.control("POST", "switches", {"portability_while_porting": "as_held"})
    assert codes(sandbox, LANDLINE)[0] == 22131
    assert (
        call(sandbox, "GET", CHECK + LANDLINE, credentials=parent).json()[
            "not_portable_reason_code"
        ]
        == 22136
    )


@pytest.mark.parametrize("target", ["stranger_sid", "nobody"])
def test_a_target_of_others_is_not_authorized(sandbox: SandboxProcess, target: str) -> None:
    sid = getattr(sandbox, target, f"AC{'0' * 32}")

    assert codes(sandbox, LANDLINE, TargetAccountSid=sid) == (20003, "UNAUTHORIZED")


@pytest.mark.parametrize("query", [{"TargetAccountSid": "AC1"}, {"AddressSid": "RD1"}])
def test_sids_off_their_pattern_are_refused(sandbox: SandboxProcess, query: dict[str, str]) -> None:
    answer = call(sandbox, "GET", CHECK + LANDLINE, params=query)

    assert (answer.status_code, answer.json()["code"]) == (400, 20001)


def test_a_number_can_be_given_any_verdict(sandbox: SandboxProcess) -> None:
    sandbox.control(
        "POST",
        "portability",
        {
            "phone_number": LANDLINE,
            "code": 22135,
            "number_type": "MOBILE",
            "pin_and_account_number_required": False,
        },
    )
    sandbox.control("POST", "portability", {"phone_number": TOLL_FREE, "code": 0})

    told = check(sandbox, LANDLINE)
    assert told["not_portable_reason"] == "ERROR_INTERNAL_SERVER_ERROR"
    assert (told["number_type"], told["pin_and_account_number_required"]) == ("MOBILE", False)
    assert check(sandbox, TOLL_FREE)["portable"] is True
    listed = sandbox.control("GET", "portability")["portability"]
    assert [row["phone_number"] for row in listed] == [LANDLINE, TOLL_FREE]

    sandbox.control("POST", "portability", {"phone_number": LANDLINE})
    assert check(sandbox, LANDLINE)["portable"] is True


@pytest.mark.parametrize(
    "wrong",
    [
        {"phone_number": "617"},
        {"phone_number": LANDLINE, "code": 1},
        {"phone_number": LANDLINE, "number_type": "mobile"},
        {"phone_number": LANDLINE, "country": "USA"},
        {"phone_number": LANDLINE, "pin_and_account_number_required": "yes"},
        {"phone_number": LANDLINE, "rejection_reason": "BAD_WEATHER"},
        {"phone_number": LANDLINE, "record": {"street": "x"}},
        {"phone_number": LANDLINE, "colour": "red"},
    ],
)
def test_a_verdict_that_twilio_does_not_know_is_refused(
    sandbox: SandboxProcess, wrong: dict[str, Any]
) -> None:
    with pytest.raises(SandboxRefused) as error:
        sandbox.control("POST", "portability", wrong)

    assert error.value.status == 400


def test_not_portable_is_200_or_400_as_the_switch_says(sandbox: SandboxProcess) -> None:
    usual = call(sandbox, "GET", CHECK + TOLL_FREE)
    sandbox.control("POST", "switches", {"not_portable_status": "400"})
    other = call(sandbox, "GET", CHECK + TOLL_FREE)
    portable = call(sandbox, "GET", CHECK + LANDLINE)

    assert [usual.status_code, other.status_code, portable.status_code] == [200, 400, 200]
    assert usual.json() == other.json()


def test_a_number_on_its_way_here_is_not_on_sale(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    offered = acme_client.available_phone_numbers("US").local.list(area_code=415, limit=1)
    number = str(offered[0].phone_number)

    post(sandbox, number)

    with pytest.raises(TwilioRestException) as error:
        acme_client.incoming_phone_numbers.create(phone_number=number)
    assert error.value.code == 21422


def test_support_moves_a_number_between_families(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    stranger = sandbox.client(sandbox.stranger_sid, sandbox.stranger_token)
    theirs = stranger.incoming_phone_numbers.list(limit=1, page_size=1)[0]
    stranger.incoming_phone_numbers(theirs.sid).update(voice_url="https://example.com/")
    number = str(theirs.phone_number)

    moved = sandbox.control(
        "POST", "snap-transfers", {"phone_number": number, "account_sid": sandbox.acme_sid}
    )

    found = acme_client.incoming_phone_numbers.list(phone_number=number)
    assert [(n.sid, n.voice_url) for n in found] == [(moved["sid"], None)]
    assert moved["sid"] != theirs.sid
    assert stranger.incoming_phone_numbers.list(phone_number=number) == []
    assert codes(sandbox, number)[0] == 22131
    assert [row for row in sandbox.state()["released"] if row["phone_number"] == number] == []


def test_support_may_keep_sid_and_settings(sandbox: SandboxProcess, acme_client: Client) -> None:
    sandbox.control("POST", "switches", {"snap_transfer_number": "kept"})
    stranger = sandbox.client(sandbox.stranger_sid, sandbox.stranger_token)
    theirs = stranger.incoming_phone_numbers.list(limit=1, page_size=1)[0]
    stranger.incoming_phone_numbers(theirs.sid).update(voice_url="https://example.com/")

    sandbox.control(
        "POST",
        "snap-transfers",
        {"phone_number": theirs.phone_number, "account_sid": sandbox.acme_sid},
    )

    moved = acme_client.incoming_phone_numbers(theirs.sid).fetch()
    assert moved.voice_url == "https://example.com/"


def test_support_moves_only_what_needs_support(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    def refused(number: str, account_sid: str) -> int:
        wanted = {"phone_number": number, "account_sid": account_sid}
        with pytest.raises(SandboxRefused) as error:
            sandbox.control("POST", "snap-transfers", wanted)
        return error.value.status

    ours = first_number(acme_client)

    assert refused(LANDLINE, sandbox.acme_sid) == 404
    assert refused(ours, "AC0") == 404
    assert refused(ours, sandbox.main_sid) == 409
    sandbox.suspend(sandbox.stranger_sid)
    assert refused(ours, sandbox.stranger_sid) == 409
