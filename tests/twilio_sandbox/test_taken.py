"""What Twilio takes away of its own accord, by the control API and in the room."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess, SandboxRefused
from tests.twilio_sandbox.refusals import refusal
from tests.twilio_sandbox.visitor import Visitor

pytestmark = pytest.mark.process

TAKEN = "room/taken"


@pytest.fixture
def visitor(sandbox: SandboxProcess) -> Visitor:
    return Visitor(sandbox.url)


def newest(client: Client) -> Any:
    return client.incoming_phone_numbers.list(limit=1, page_size=1)[0]


def give_notice(sandbox: SandboxProcess, **days: float) -> Any:
    given = {f"{name}_in_days": value for name, value in days.items()}
    return sandbox.control("POST", f"accounts/{sandbox.acme_sid}/notice", given)


def status(sandbox: SandboxProcess) -> str:
    """Acme's, as its parent sees it."""
    parent = sandbox.client(sandbox.main_sid, sandbox.main_token)
    return str(parent.api.accounts(sandbox.acme_sid).fetch().status)


def reason(sandbox: SandboxProcess, path: str, body: dict[str, Any]) -> tuple[int, str]:
    with pytest.raises(SandboxRefused) as refused:
        sandbox.control("POST", path, body)
    return refused.value.status, str(refused.value)


# A number


def test_a_number_that_twilio_takes_back_is_gone(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    number = newest(acme_client)
    before = sandbox.account(sandbox.acme_sid)["numbers"]

    sandbox.control("POST", f"numbers/{number.phone_number}/reclaim", {})

    assert refusal(number.fetch) == (404, 20404)
    assert sandbox.account(sandbox.acme_sid)["numbers"] == before - 1
    assert refusal(acme_client.incoming_phone_numbers.create, phone_number=number.phone_number) == (
        400,
        21422,
    )
    event = acme_client.monitor.v1.events.list(limit=1)[0]
    assert (event.event_type, event.resource_sid) == ("phone-number.deleted", number.sid)
    assert event.actor_type == "twilio-admin"
    (released,) = sandbox.state()["released"]
    assert (released["phone_number"], released["by_twilio"]) == (number.phone_number, True)


def test_it_can_be_given_back_for_ten_days(sandbox: SandboxProcess, acme_client: Client) -> None:
    number = newest(acme_client)
    sandbox.control("POST", f"numbers/{number.phone_number}/reclaim", {})

    sandbox.forward(days=9)
    sandbox.buy_back(str(number.phone_number))

    assert newest(acme_client).phone_number == number.phone_number


def test_a_number_that_is_nobodys_cannot_be_taken(sandbox: SandboxProcess) -> None:
    assert reason(sandbox, "numbers/+14155550188/reclaim", {}) == (
        404,
        "404: +14155550188 is in no account",
    )


# An account


def test_an_account_is_suspended_with_notice_and_closed(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    now = sandbox.now()

    told = give_notice(sandbox, suspended=7, closed=37)

    assert told["suspended_at"] == f"{now + timedelta(days=7):%Y-%m-%dT%H:%M:%SZ}"
    assert told["closed_at"] == f"{now + timedelta(days=37):%Y-%m-%dT%H:%M:%SZ}"
    (mail,) = sandbox.control("GET", "mails")["mails"]
    assert (mail["kind"], mail["account_sid"]) == ("suspension_notice", sandbox.acme_sid)
    assert told["suspended_at"] in mail["body"]
    assert told["closed_at"] in mail["body"]
    sandbox.forward(days=6, hours=23)
    assert len(acme_client.incoming_phone_numbers.list()) == 27
    sandbox.forward(hours=2)
    assert refusal(acme_client.incoming_phone_numbers.list) == (403, 20403)
    parent = sandbox.client(sandbox.main_sid, sandbox.main_token)
    assert refusal(parent.api.accounts(sandbox.acme_sid).update, status="active") == (400, 21478)
    assert sandbox.account(sandbox.acme_sid)["numbers"] == 27
    sandbox.forward(days=30)
    account = sandbox.account(sandbox.acme_sid)
    assert (account["status"], account["numbers"]) == ("closed", 0)
    assert (account["suspended_at"], account["closed_at"]) == (None, None)


def test_a_notice_may_end_with_the_suspension(sandbox: SandboxProcess) -> None:
    give_notice(sandbox, suspended=0.5)

    sandbox.forward(days=300)

    assert status(sandbox) == "suspended"


def test_another_notice_takes_the_place_of_the_first(sandbox: SandboxProcess) -> None:
    give_notice(sandbox, suspended=1, closed=2)
    give_notice(sandbox, suspended=10)

    sandbox.forward(days=9)
    assert status(sandbox) == "active"
    sandbox.forward(days=2)
    assert status(sandbox) == "suspended"


def test_a_notice_that_is_withdrawn_comes_to_nothing(sandbox: SandboxProcess) -> None:
    give_notice(sandbox, suspended=1, closed=2)

    told = sandbox.control("DELETE", f"accounts/{sandbox.acme_sid}/notice")
    sandbox.forward(days=3)

    assert (told["suspended_at"], told["closed_at"]) == (None, None)
    assert status(sandbox) == "active"


def test_who_works_again_is_not_closed(sandbox: SandboxProcess) -> None:
    give_notice(sandbox, suspended=1, closed=30)
    sandbox.forward(days=2)

    sandbox.set_status("active")
    sandbox.forward(days=40)

    assert status(sandbox) == "active"


def test_a_notice_survives_a_power_cut(sandbox: SandboxProcess) -> None:
    give_notice(sandbox, suspended=1, closed=2)
    world = sandbox.control("GET", "world")
    sandbox.reset(history=False)

    sandbox.control("POST", "world", world)
    sandbox.forward(days=3)

    assert status(sandbox) == "closed"


@pytest.mark.parametrize(
    "days",
    [
        {},
        {"suspended_in_days": -1},
        {"suspended_in_days": "7"},
        {"suspended_in_days": True},
        {"suspended_in_days": 366},
        {"suspended_in_days": 7, "closed_in_days": 6},
        {"suspended_in_days": 7, "closed_in_days": "x"},
    ],
)
def test_days_that_are_none_are_refused(sandbox: SandboxProcess, days: dict[str, Any]) -> None:
    code, _ = reason(sandbox, f"accounts/{sandbox.acme_sid}/notice", days)

    assert code == 400
    assert sandbox.control("GET", "mails")["mails"] == []


def test_an_account_that_works_no_longer_gets_no_notice(sandbox: SandboxProcess) -> None:
    sandbox.suspend()

    path = f"accounts/{sandbox.acme_sid}/notice"
    assert reason(sandbox, path, {"suspended_in_days": 1}) == (409, "409: Acme is suspended")


# In the room


def test_a_number_is_taken_and_given_back_by_hand(
    sandbox: SandboxProcess, visitor: Visitor, acme_client: Client
) -> None:
    number = str(newest(acme_client).phone_number)
    visitor.open(TAKEN)
    assert visitor.told("No number was taken")

    visitor.submit("reclaim", phone_number=number)

    assert visitor.told("Twilio took")
    assert visitor.told("9 d 23 h") or visitor.told("10 d 0 h")
    visitor.submit("give-back", to={"number": number})
    assert visitor.told("is back, without its settings.")
    assert str(newest(acme_client).phone_number) == number


def test_a_number_is_taken_on_its_own_page(
    sandbox: SandboxProcess, visitor: Visitor, acme_client: Client
) -> None:
    number = newest(acme_client)
    visitor.open(f"room/accounts/{sandbox.acme_sid}/numbers/{number.sid}")

    visitor.submit("reclaim")

    assert visitor.path.endswith("/room/taken")
    with pytest.raises(TwilioRestException):
        number.fetch()


def test_an_account_goes_its_way_by_hand(sandbox: SandboxProcess, visitor: Visitor) -> None:
    visitor.open(f"{TAKEN}?account={sandbox.acme_sid}")
    assert visitor.form("notice").fields["sid"] == sandbox.acme_sid

    visitor.submit("notice", suspended="3", closed="")
    assert visitor.told("Acme was given notice.")
    visitor.submit("withdraw", to={"sid": sandbox.acme_sid})
    assert visitor.told("No account is in trouble")
    visitor.submit("notice", sid=sandbox.acme_sid, suspended="3", closed="9")
    visitor.submit("suspend", to={"sid": sandbox.acme_sid})
    assert status(sandbox) == "suspended"
    visitor.submit("reactivate", to={"sid": sandbox.acme_sid})
    assert status(sandbox) == "active"


def test_what_is_wrong_with_a_notice_is_said(sandbox: SandboxProcess, visitor: Visitor) -> None:
    visitor.open(TAKEN)

    visitor.submit("notice", sid=sandbox.acme_sid, suspended="7", closed="3")

    assert visitor.status == 400
    assert visitor.told("an account is suspended first, then closed")
    assert visitor.form("notice").fields["closed"] == "3"


def test_the_mail_of_a_notice_leads_to_its_account(
    sandbox: SandboxProcess, visitor: Visitor
) -> None:
    give_notice(sandbox, suspended=7)

    page = visitor.open("room/mails")

    assert f"/_sandbox/room/accounts/{sandbox.acme_sid}" in page.links
    assert visitor.told("suspension notice")
