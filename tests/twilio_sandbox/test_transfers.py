"""Moving a number inside a family (twilio-facts 1.6)."""

from __future__ import annotations

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.papers import new_address, new_paper
from tests.twilio_sandbox.refusals import refusal
from tests.twilio_sandbox.test_numbers import plain

pytestmark = pytest.mark.process


@pytest.fixture
def parent(sandbox: SandboxProcess) -> Client:
    """The parent's credentials with Acme in the path."""
    return sandbox.client(sandbox.main_sid, sandbox.main_token, account=sandbox.acme_sid)


@pytest.fixture
def sibling(sandbox: SandboxProcess) -> str:
    """The SID of another subaccount of the family."""
    return str(sandbox.add_account("Sibling")["sid"])


@pytest.fixture
def there(sandbox: SandboxProcess, sibling: str) -> Client:
    """The parent's credentials with the sibling in the path."""
    return sandbox.client(sandbox.main_sid, sandbox.main_token, account=sibling)


def test_the_parent_moves_a_number_and_its_sid_and_urls_stay(
    sandbox: SandboxProcess, parent: Client, sibling: str, there: Client
) -> None:
    number = plain(parent)
    number.update(voice_url="https://example.com/voice", friendly_name="Night line")

    moved = number.update(account_sid=sibling)

    assert (moved.sid, moved.account_sid) == (number.sid, sibling)
    assert (moved.voice_url, moved.friendly_name) == ("https://example.com/voice", "Night line")
    assert [n.sid for n in there.incoming_phone_numbers.list()] == [number.sid]
    assert sandbox.account(sandbox.acme_sid)["numbers"] == 26


def test_transfers_that_twilio_refuses(
    sandbox: SandboxProcess, acme_client: Client, parent: Client, sibling: str
) -> None:
    asleep = sandbox.add_account("Asleep")["sid"]
    sandbox.suspend(asleep)
    sid = str(plain(acme_client).sid)

    def code(client: Client, target: str) -> int:
        return refusal(client.incoming_phone_numbers(sid).update, account_sid=target)[1]

    assert code(parent, "AC1") == 21470
    assert code(parent, "AC" + "0" * 32) == 21471
    assert code(parent, asleep) == 21472
    assert code(parent, sandbox.stranger_sid) == 21473
    assert code(acme_client, sibling) == 21474


def test_what_is_bound_to_the_losing_account_is_lost(
    parent: Client, sibling: str, there: Client
) -> None:
    address = new_address(parent, emergency_enabled=True)
    application = str(parent.applications.create(friendly_name="Answering").sid)
    number = plain(parent)
    number.update(
        sms_application_sid=application,
        trunk_sid="TK" + "2" * 32,
        address_sid=address,
        emergency_address_sid=address,
    )

    moved = number.update(account_sid=sibling)

    assert moved.sms_application_sid == ""
    assert (moved.trunk_sid, moved.address_sid, moved.emergency_address_sid) == (None, None, None)
    assert (moved.emergency_status, moved.emergency_address_status) == ("Inactive", "unregistered")


def test_a_transfer_can_set_what_the_gaining_account_has(
    parent: Client, sibling: str, there: Client
) -> None:
    address = new_address(there, emergency_enabled=True)
    number = plain(parent)

    moved = number.update(account_sid=sibling, emergency_address_sid=address)

    assert moved.emergency_address_status == "registered"
    assert refusal(number.update, account_sid=sibling)[1] == 20404  # it is not Acme's any more


def test_a_british_number_needs_an_address_and_a_bundle_in_the_gaining_account(
    sandbox: SandboxProcess, parent: Client, sibling: str, there: Client
) -> None:
    number = parent.incoming_phone_numbers.list(phone_number="+44", limit=1)[0]
    foreign_bundle = new_paper(sandbox, "bundle")
    address, bundle = new_address(there), new_paper(sandbox, "bundle", sibling)

    bare = refusal(number.update, account_sid=sibling)
    of_acme = refusal(number.update, account_sid=sibling, address_sid=number.address_sid)
    without = refusal(number.update, account_sid=sibling, address_sid=address)
    wrong = refusal(
        number.update, account_sid=sibling, address_sid=address, bundle_sid=foreign_bundle
    )
    moved = number.update(account_sid=sibling, address_sid=address, bundle_sid=bundle)

    assert bare == of_acme == (400, 21631)
    assert without == wrong == (400, 21649)
    assert (moved.account_sid, moved.bundle_sid) == (sibling, bundle)


@pytest.mark.parametrize(
    ("digits", "country", "code"),
    [
        ("+493023125123", "FR", 21615),
        ("+493023125123", "DE", 21649),
        ("+4917604069012", "DE", 21650),
        ("+33199001234", "FR", 21651),
        ("+61491570156", "AU", 21613),
    ],
)
def test_other_countries_ask_for_other_papers(
    acme_client: Client, digits: str, country: str, code: int
) -> None:
    address = new_address(acme_client, country)

    create = acme_client.incoming_phone_numbers.create

    assert refusal(create, phone_number=digits) == (400, 21631)
    assert refusal(create, phone_number=digits, address_sid=address) == (400, code)


def test_papers_open_the_way_to_a_purchase(sandbox: SandboxProcess, acme_client: Client) -> None:
    german, australian = new_address(acme_client, "DE"), new_address(acme_client, "AU")
    identity = new_paper(sandbox, "identity")
    new_paper(sandbox, "certification")
    numbers = acme_client.incoming_phone_numbers

    mobile = numbers.create(
        phone_number="+4917604069012", address_sid=german, identity_sid=identity
    )
    elsewhere = numbers.create(phone_number="+61491570156", address_sid=australian)

    assert (mobile.type, mobile.identity_sid) == ("mobile", identity)
    assert elsewhere.type == "mobile"


def test_a_hosted_number_that_is_not_in_use_stays(
    sandbox: SandboxProcess, parent: Client, sibling: str
) -> None:
    pending = {"phone_number": "+14155559876", "origin": "hosted", "status": "pending"}
    sid = sandbox.add_numbers(numbers=[pending])[0]["sid"]

    update = parent.incoming_phone_numbers(sid).update

    assert refusal(update, account_sid=sibling) == (400, 22121)


def test_a_number_can_lose_its_sid_on_the_way(
    sandbox: SandboxProcess, parent: Client, sibling: str, there: Client
) -> None:
    sandbox.control("POST", "switches", {"transferred_number_sid": "new"})
    number = plain(parent)

    moved = number.update(account_sid=sibling)

    assert moved.sid != number.sid
    assert [n.sid for n in there.incoming_phone_numbers.list()] == [moved.sid]
    with pytest.raises(TwilioRestException):
        parent.incoming_phone_numbers(str(number.sid)).fetch()


def test_a_number_can_lose_its_urls_on_the_way(
    sandbox: SandboxProcess, parent: Client, sibling: str
) -> None:
    sandbox.control("POST", "switches", {"transferred_number_urls": "cleared"})
    number = plain(parent)
    number.update(voice_url="https://example.com/voice", sms_url="https://example.com/text")

    moved = number.update(account_sid=sibling)

    assert (moved.sid, moved.voice_url, moved.sms_url) == (number.sid, None, "")
