"""Ports in the rehearsal room: states, letters, carriers, Snap Port."""

from __future__ import annotations

import pytest
import requests
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.ports import ANOTHER, LANDLINE, fetch, move, post, statuses
from tests.twilio_sandbox.visitor import Visitor

pytestmark = pytest.mark.process

WRITTEN = "(617) 555-1212"


@pytest.fixture
def visitor(sandbox: SandboxProcess) -> Visitor:
    return Visitor(sandbox.url)


@pytest.fixture
def port(sandbox: SandboxProcess) -> str:
    """The SID of a request for two numbers that waits for its signature."""
    sid = str(post(sandbox, LANDLINE, ANOTHER)["port_in_request_sid"])
    move(sandbox, sid, "waiting_for_signature")
    return sid


def number_sid(sandbox: SandboxProcess, port: str, phone_number: str) -> str:
    rows = sandbox.control("GET", f"ports/{port}")["numbers"]
    return str(next(row["sid"] for row in rows if row["phone_number"] == phone_number))


# States


def test_there_is_no_port_at_first(visitor: Visitor) -> None:
    assert "No ports yet" in visitor.open("room/ports").text


def test_ports_are_listed_and_lead_to_their_pages(visitor: Visitor, port: str) -> None:
    page = visitor.open("room/ports")

    assert "Waiting for Signature 2 waiting for signature" in page.text
    assert f"/_sandbox/room/ports/{port}" in page.links
    assert visitor.open(f"room/ports/{port}").headings == ["Acme Inc"]
    assert WRITTEN in visitor.page.text
    # What usually comes next is chosen already.
    assert visitor.form("move-number").fields["state"] == "port_submitted"


def test_one_number_is_rejected_for_a_reason(
    sandbox: SandboxProcess, visitor: Visitor, port: str
) -> None:
    visitor.open(f"room/ports/{port}")
    number = number_sid(sandbox, port, LANDLINE)

    visitor.submit("move-number", to={"number": number}, state="port_rejected",
                   reason="INVALID_PIN")  # fmt: skip

    assert visitor.told("The number is port rejected now.")
    # A carrier rejects what was submitted, and one letter submits all of its numbers.
    assert statuses(fetch(sandbox, port))[1:] == ["Port Rejected", "Port Submitted"]
    assert "22155" in visitor.page.text


def test_all_numbers_are_completed_and_are_in_the_account(
    sandbox: SandboxProcess, visitor: Visitor, port: str
) -> None:
    visitor.open(f"room/ports/{port}")

    visitor.submit("move", state="completed")

    assert statuses(fetch(sandbox, port)) == ["Completed", "Completed", "Completed"]
    found = sandbox.client().incoming_phone_numbers.list(phone_number=LANDLINE)[0]
    address = f"/_sandbox/room/accounts/{sandbox.acme_sid}/numbers/{found.sid}"
    assert address in visitor.page.links
    assert visitor.open(address).headings == [WRITTEN]


def test_a_state_out_of_reach_is_refused_and_stays_chosen(visitor: Visitor, port: str) -> None:
    visitor.open(f"room/ports/{port}")

    visitor.submit("move", state="in_review", reason="INVALID_PIN")

    assert visitor.status == 400
    assert visitor.form("move").fields["reason"] == "INVALID_PIN"


def test_a_port_that_is_not_there(visitor: Visitor) -> None:
    assert visitor.open("room/ports/KW1").headings == ["Not here"]


# Letters


def letter_of(visitor: Visitor, port: str) -> str:
    """The address of the letter, as the port's page leads to it."""
    return next(link for link in visitor.open(f"room/ports/{port}").links if "/sign/" in link)


def answer_letter(visitor: Visitor, address: str, **filled: str) -> requests.Response:
    """What a browser posts from the letter's page."""
    headers = {"Origin": visitor.base, "Sec-Fetch-Site": "same-origin"}
    return visitor.session.post(
        f"{visitor.base}{address}", data=filled, headers=headers, timeout=10
    )


def test_a_letter_is_signed_at_its_link(
    sandbox: SandboxProcess, visitor: Visitor, port: str
) -> None:
    address = letter_of(visitor, port)
    page = visitor.open(address)

    assert page.headings == ["Letter of authorization"]
    assert WRITTEN in page.text
    answer_letter(visitor, address, action="sign", signer="John Smith", agree="yes")

    assert "Signed by John Smith" in visitor.open(address).text
    assert "Signed by John Smith" in visitor.open(f"room/ports/{port}").text
    assert statuses(fetch(sandbox, port))[0] == "In progress"


def test_the_mail_leads_to_the_letter_too(visitor: Visitor, port: str) -> None:
    address = letter_of(visitor, port)

    page = visitor.open("room/mails")

    assert address in page.links
    assert "signer@acme.example" in page.text


def test_a_letter_without_a_yes_keeps_the_name(visitor: Visitor, port: str) -> None:
    address = letter_of(visitor, port)

    answer = answer_letter(visitor, address, action="sign", signer="Ann <Other>")

    assert answer.status_code == 400
    assert "Give your name and agree to the letter." in answer.text
    assert 'value="Ann &lt;Other&gt;"' in answer.text


def test_a_letter_looks_like_the_room_and_runs_no_script(visitor: Visitor, port: str) -> None:
    visitor.open(letter_of(visitor, port))

    assert "/_sandbox/room/files/css/tokens.css" in visitor.html
    assert "<script" not in visitor.html
    headers = visitor.session.get(visitor.url, timeout=5).headers
    assert "form-action" not in headers["Content-Security-Policy"]
    # With this policy a browser would post without an origin, which is refused.
    assert headers["Referrer-Policy"] != "no-referrer"


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_another_sites_page_signs_nothing(
    sandbox: SandboxProcess, visitor: Visitor, port: str, origin: str
) -> None:
    form = {"action": "sign", "signer": "Eve", "agree": "yes"}

    answer = requests.post(
        f"{visitor.base}{letter_of(visitor, port)}",
        data=form,
        headers={"Origin": origin},
        timeout=5,
    )

    assert answer.status_code == 403
    assert statuses(fetch(sandbox, port))[0] == "Waiting for Signature"


@pytest.mark.parametrize(("do", "status"), [("sign", "In progress"), ("expire", "Expired")])
def test_the_room_signs_a_letter_or_lets_it_expire(
    sandbox: SandboxProcess, visitor: Visitor, port: str, do: str, status: str
) -> None:
    visitor.open(f"room/ports/{port}")

    visitor.submit(do)

    assert statuses(fetch(sandbox, port))[0] == status
    assert not [link for link in visitor.page.links if "/sign/" in link]


# Carriers and Snap Port


def test_what_a_carrier_says_is_set_and_taken_back(
    sandbox: SandboxProcess, visitor: Visitor, acme_client: Client
) -> None:
    def code() -> int | None:
        found = acme_client.numbers.v1.porting_portabilities(LANDLINE).fetch()
        return None if found.portable else int(found.not_portable_reason_code)

    visitor.open("room/carriers")
    visitor.submit("say", phone_number=LANDLINE, code="22133", both="yes", pin="1234", zip="94105")

    assert code() == 22133
    assert "required PIN: 1234 ZIP code: 94105" in visitor.page.text
    visitor.submit("forget", to={"number": LANDLINE})
    assert code() is None
    assert "Everything is as usual" in visitor.page.text


def test_what_is_no_number_is_refused_and_kept(visitor: Visitor) -> None:
    visitor.open("room/carriers")

    visitor.submit("say", phone_number="six one seven", code="22133")

    assert visitor.status == 400
    fields = visitor.form("say").fields
    assert (fields["phone_number"], fields["code"]) == ("six one seven", "22133")


def test_support_moves_a_number_between_unrelated_accounts(
    sandbox: SandboxProcess, visitor: Visitor
) -> None:
    stranger = sandbox.client(sandbox.stranger_sid, sandbox.stranger_token)
    number = str(stranger.incoming_phone_numbers.list()[0].phone_number)
    visitor.open("room/snap-port")

    visitor.submit("transfer", phone_number=number, account_sid=sandbox.acme_sid)

    assert visitor.told("was transferred")
    assert f"/accounts/{sandbox.acme_sid}/numbers/" in visitor.path
    assert sandbox.client().incoming_phone_numbers.list(phone_number=number)
