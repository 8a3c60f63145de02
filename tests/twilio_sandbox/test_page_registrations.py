"""Registrations for texting in the rehearsal room: reviews that are decided by hand."""

from __future__ import annotations

import pytest
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.contract.scenarios.registrations import BUNDLES, CAMPAIGN
from tests.twilio_sandbox.texting import VERIFICATION
from tests.twilio_sandbox.visitor import Visitor

pytestmark = pytest.mark.process

PAGE = "room/registrations"


@pytest.fixture
def visitor(sandbox: SandboxProcess) -> Visitor:
    return Visitor(sandbox.url)


def test_there_is_nothing_to_decide_at_first(visitor: Visitor) -> None:
    text = visitor.open(PAGE).text

    assert text.count("None yet.") == 3
    assert "No messaging service has a number." in text


def test_a_brand_fails_with_a_code_and_is_approved(visitor: Visitor, acme_client: Client) -> None:
    brands = acme_client.messaging.v1.brand_registrations
    sid = str(brands.create(**BUNDLES).sid)
    visitor.open(PAGE)

    visitor.submit("decide", to={"sid": sid}, status="FAILED", code="30795")
    failed = brands(sid).fetch()
    visitor.submit("decide", to={"sid": sid}, status="APPROVED")

    assert failed.status == "FAILED"
    assert [each["error_code"] for each in failed.errors] == [30795]
    assert brands(sid).fetch().status == "APPROVED"
    assert visitor.told("It is APPROVED now.")


def test_a_campaign_and_the_numbers_of_its_service_are_decided_about(
    visitor: Visitor, acme_client: Client
) -> None:
    messaging = acme_client.messaging.v1
    brand = messaging.brand_registrations.create(**BUNDLES, mock=True)
    service = messaging.services(str(messaging.services.create(friendly_name="Reminders").sid))
    number = acme_client.incoming_phone_numbers.local.list(limit=1)[0]
    service.phone_numbers.create(phone_number_sid=str(number.sid))
    campaign = service.us_app_to_person.create(
        brand_registration_sid=str(brand.sid), us_app_to_person_usecase="MIXED", **CAMPAIGN
    )
    visitor.open(PAGE)

    visitor.submit("decide", to={"sid": str(campaign.sid)}, status="VERIFIED")
    visitor.submit("register", to={"number": str(number.phone_number)}, status="registered")

    assert service.us_app_to_person(str(campaign.sid)).fetch().campaign_status == "VERIFIED"
    assert visitor.form("register").fields["status"] == "registered"


def test_a_verification_is_rejected_for_a_reason(visitor: Visitor, acme_client: Client) -> None:
    number = acme_client.incoming_phone_numbers.toll_free.list(limit=1)[0]
    verifications = acme_client.messaging.v1.tollfree_verifications
    sid = str(verifications.create(tollfree_phone_number_sid=str(number.sid), **VERIFICATION).sid)
    visitor.open(PAGE)

    visitor.submit("decide", to={"sid": sid}, status="TWILIO_REJECTED", code="30446")

    found = verifications(sid).fetch()
    assert (found.status, found.error_code) == ("TWILIO_REJECTED", 30446)


def test_a_code_that_is_none_is_refused_and_kept(visitor: Visitor, acme_client: Client) -> None:
    acme_client.messaging.v1.brand_registrations.create(**BUNDLES)
    visitor.open(PAGE)

    visitor.submit("decide", status="FAILED", code="many")

    assert visitor.status == 400
    assert visitor.form("decide").fields["code"] == "many"
    assert visitor.form("decide").fields["status"] == "FAILED"
