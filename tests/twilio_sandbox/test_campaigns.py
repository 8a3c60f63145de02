"""A2P: brands, campaigns, the numbers they register, and the texts that are stopped without."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess, SandboxRefused
from tests.twilio_sandbox.receiver import Receiver
from tests.twilio_sandbox.refusals import refusal
from tests.twilio_sandbox.texting import (
    PHONE,
    messaging_service,
    switch,
    texting_number,
    toll_free_number,
)

pytestmark = pytest.mark.process

BUNDLES = {
    "customer_profile_bundle_sid": "BU" + "0" * 32,
    "a2p_profile_bundle_sid": "BU" + "1" * 32,
}
CAMPAIGN: dict[str, Any] = {
    "us_app_to_person_usecase": "MIXED",
    "description": "Reminders of appointments for customers who booked one with us.",
    "message_flow": "Customers tick a box on our page where they book their appointment.",
    "message_samples": ["Your appointment is tomorrow at 9:00.", "Your appointment was moved."],
    "has_embedded_links": False,
    "has_embedded_phone": False,
}
CHANGES = {name: value for name, value in CAMPAIGN.items() if name != "us_app_to_person_usecase"}
MONDAY = "2026-05-04T09:00:00Z"
CANADIAN = "+14165550123"


@pytest.fixture
def program() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def monday(sandbox: SandboxProcess) -> None:
    """The sandbox's clock at the beginning of a week of work."""
    sandbox.control("POST", "clock", {"set": MONDAY})


def a_brand(client: Client, **more: Any) -> Any:
    return client.messaging.v1.brand_registrations.create(**BUNDLES, **more)


def a_campaign(service: Any, brand: Any, **changes: Any) -> Any:
    """What the service says of its new campaign."""
    return service.us_app_to_person.create(brand_registration_sid=brand.sid, **CAMPAIGN | changes)


def resubmit(campaign: Any, **changes: Any) -> Any:
    return campaign.update(
        **CHANGES | changes,
        age_gated=False,
        direct_lending=False,
        privacy_policy_url="https://acme.example/privacy",
        terms_and_conditions_url="https://acme.example/terms",
    )


def outcome(sandbox: SandboxProcess, number: Any, to: str = PHONE) -> int | None:
    """The error code with which a text from the number ends, None if it is delivered."""
    sent = sandbox.client().messages.create(to=to, from_=number.phone_number, body="Hello")
    sandbox.forward(minutes=1)
    message = sent.fetch()
    assert message.status == ("delivered" if message.error_code is None else "undelivered")
    code: int | None = message.error_code
    return code


def approved(sandbox: SandboxProcess, *numbers: Any) -> tuple[Any, Any]:
    """A service with these numbers and its campaign, approved a moment ago."""
    service = messaging_service(sandbox, *numbers)
    return service, a_campaign(service, a_brand(sandbox.client(), mock=True))


# Brands


@pytest.mark.usefixtures("monday")
def test_a_brand_is_reviewed_and_approved(sandbox: SandboxProcess, acme_client: Client) -> None:
    brand = a_brand(acme_client)
    assert (brand.status, brand.tcr_id, brand.brand_score) == ("PENDING", None, None)
    assert brand.identity_status == "UNVERIFIED"

    sandbox.forward(hours=2)
    assert brand.fetch().status == "IN_REVIEW"
    sandbox.forward(days=3)  # Thursday
    assert brand.fetch().status == "IN_REVIEW"
    sandbox.forward(days=1)
    done = brand.fetch()
    assert (done.status, done.identity_status, done.brand_score) == ("APPROVED", "VERIFIED", 75)
    assert done.tcr_id.startswith("B")
    assert done.date_updated > done.date_created


def test_a_weekend_is_no_time_of_work(sandbox: SandboxProcess, acme_client: Client) -> None:
    sandbox.control("POST", "clock", {"set": "2026-05-08T09:00:00Z"})  # a Friday
    brand = a_brand(acme_client)

    sandbox.forward(days=5, hours=2)  # Wednesday: three days of work
    assert brand.fetch().status == "IN_REVIEW"
    sandbox.forward(days=1)
    assert brand.fetch().status == "APPROVED"


def test_a_brand_fails_and_is_handed_in_again(sandbox: SandboxProcess, acme_client: Client) -> None:
    brand = a_brand(acme_client)
    assert refusal(brand.update) == (400, 21725)
    error = {"error_code": 30794, "description": "The tax number is another one's"}
    failed = {"status": "FAILED", "errors": [error]}
    sandbox.control("POST", f"brands/{brand.sid}/status", failed)

    row = brand.fetch()
    assert (row.status, row.failure_reason) == ("FAILED", error["description"])
    assert row.errors[0]["error_code"] == 30794
    sandbox.forward(days=20)
    assert brand.fetch().status == "FAILED"
    again = brand.update()
    assert (again.status, again.errors, again.failure_reason) == ("PENDING", [], None)
    sandbox.forward(days=20)
    assert brand.fetch().status == "APPROVED"


def test_a_mock_brand_is_approved_at_once(acme_client: Client) -> None:
    assert a_brand(acme_client, mock=True).status == "APPROVED"


@pytest.mark.parametrize(
    "status", ["IN_REVIEW", "DELETION_PENDING", "DELETION_FAILED", "SUSPENDED"]
)
def test_a_brand_can_be_in_any_state(
    sandbox: SandboxProcess, acme_client: Client, status: str
) -> None:
    brand = a_brand(acme_client)
    state = {"status": status, "identity_status": "VETTED_VERIFIED"}
    sandbox.control("POST", f"brands/{brand.sid}/status", state)

    assert brand.fetch().status == status
    assert brand.fetch().identity_status == "VETTED_VERIFIED"
    sandbox.forward(days=20)
    assert brand.fetch().status == status


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("brands/{brand}/status", {"status": "LOST"}, 400),
        ("brands/{brand}/status", {"status": "FAILED", "identity_status": "KNOWN"}, 400),
        ("brands/{brand}/status", {"status": "FAILED", "errors": [{}]}, 400),
        ("brands/{brand}/status", {"status": "FAILED", "errors": "all of it"}, 400),
        ("brands/BN0/status", {"status": "FAILED"}, 404),
        ("campaigns/{campaign}/status", {"status": "LOST"}, 400),
        ("campaigns/QE0/status", {"status": "FAILED"}, 404),
        ("numbers/{number}/a2p", {"status": "lost"}, 400),
        ("numbers/+12125550100/a2p", {"status": "registered"}, 404),
        ("accounts/{account}/type", {"type": "Big"}, 400),
        ("accounts/AC0/type", {"type": "Trial"}, 404),
    ],
)
def test_what_no_person_could_decide_is_refused(
    sandbox: SandboxProcess, acme_client: Client, path: str, body: dict[str, Any], status: int
) -> None:
    number = texting_number(sandbox)
    _, campaign = approved(sandbox, number)
    brand = acme_client.messaging.v1.brand_registrations.list()[0]
    path = path.format(
        brand=brand.sid,
        campaign=campaign.sid,
        number=number.phone_number,
        account=sandbox.acme_sid,
    )

    with pytest.raises(SandboxRefused) as caught:
        sandbox.control("POST", path, body)
    assert caught.value.status == status
    assert brand.fetch().status == "APPROVED"
    assert campaign.fetch().campaign_status == "VERIFIED"


# Campaigns


@pytest.mark.usefixtures("monday")
def test_a_campaign_is_reviewed_and_verified(sandbox: SandboxProcess, acme_client: Client) -> None:
    # S3-38, S3-39
    brand = a_brand(acme_client)
    sandbox.control("POST", f"brands/{brand.sid}/status", {"status": "APPROVED"})
    service = messaging_service(sandbox)
    campaign = a_campaign(service, brand)
    assert (campaign.campaign_status, campaign.campaign_id) == ("PENDING", None)
    assert campaign.rate_limits is None
    assert service.fetch().us_app_to_person_registered is True

    sandbox.forward(days=1)
    assert campaign.fetch().campaign_status == "IN_PROGRESS"
    sandbox.forward(days=14)  # eleven days of work altogether
    assert campaign.fetch().campaign_status == "IN_PROGRESS"
    sandbox.forward(days=1)
    done = campaign.fetch()
    assert done.campaign_status == "VERIFIED"
    assert done.campaign_id.startswith("C")
    assert done.rate_limits["att"]["mps"] == 600
    assert (done.us_app_to_person_usecase, done.mock) == ("MIXED", False)


def test_a_campaign_is_rejected_and_handed_in_again(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    brand = a_brand(acme_client)
    sandbox.control("POST", f"brands/{brand.sid}/status", {"status": "APPROVED"})
    campaign = a_campaign(messaging_service(sandbox), brand)
    assert refusal(resubmit, campaign) == (400, 20001)  # nothing is wrong with it so far
    error = {"error_code": 30897, "description": "Unclear", "fields": ["MESSAGE_FLOW"]}
    path = f"campaigns/{campaign.sid}/status"
    sandbox.control("POST", path, {"status": "FAILED", "errors": [error]})

    assert campaign.fetch().campaign_status == "FAILED"
    assert campaign.fetch().errors == [
        {**error, "url": "https://www.twilio.com/docs/api/errors/30897"}
    ]
    sandbox.forward(days=30)
    assert campaign.fetch().campaign_status == "FAILED"
    flow = "Customers agree on paper, and tick a box on our page as well."
    again = resubmit(campaign, message_flow=flow)
    assert (again.campaign_status, again.message_flow, again.errors) == ("PENDING", flow, [])
    sandbox.forward(days=30)
    assert campaign.fetch().campaign_status == "VERIFIED"
    assert refusal(resubmit, campaign) == (400, 20001)
    sandbox.control("POST", path, {"status": "SUSPENDED"})
    assert refusal(resubmit, campaign) == (400, 21729)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"description": "x" * 39}, 21728),
        ({"description": "x" * 4097}, 21728),
        ({"message_flow": "x" * 39}, 21728),
        ({"message_flow": "x" * 2049}, 21728),
        ({"message_samples": ["x" * 20]}, 21728),
        ({"message_samples": ["x" * 20] * 6}, 21728),
        ({"message_samples": ["x" * 20, "x" * 19]}, 21728),
        ({"message_samples": ["x" * 20, "x" * 1025]}, 21728),
        ({"opt_in_message": "x" * 19}, 21728),
        ({"help_message": "x" * 321}, 21728),
        ({"opt_out_keywords": ["x" * 128] * 2}, 21728),
        ({"description": ""}, 21727),
        ({"message_samples": []}, 21727),
        ({"us_app_to_person_usecase": "CHATTER"}, 21720),
        ({"us_app_to_person_usecase": "SOLE_PROPRIETOR"}, 21717),
    ],
)
def test_a_campaign_off_the_rules_is_refused(
    sandbox: SandboxProcess, acme_client: Client, changes: dict[str, Any], code: int
) -> None:
    service, brand = messaging_service(sandbox), a_brand(acme_client, mock=True)

    assert refusal(a_campaign, service, brand, **changes) == (400, code)
    assert service.us_app_to_person.list() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"description": "x" * 40, "message_flow": "x" * 2048},
        {"message_samples": ["x" * 20] * 5},
        {"opt_in_message": "x" * 20, "help_message": "x" * 320},
        {"opt_out_keywords": ["x" * 127, "x" * 128]},
    ],
)
def test_a_campaign_at_the_edge_of_the_rules_is_taken(
    sandbox: SandboxProcess, acme_client: Client, changes: dict[str, Any]
) -> None:
    campaign = a_campaign(messaging_service(sandbox), a_brand(acme_client, mock=True), **changes)

    for name, value in changes.items():
        assert getattr(campaign, name) == value


def test_a_campaign_needs_an_approved_brand_of_the_account(
    sandbox: SandboxProcess, acme_client: Client, parent_client: Client
) -> None:
    service = messaging_service(sandbox)
    pending, theirs = a_brand(acme_client), a_brand(parent_client, mock=True)

    for brand in (pending, theirs):
        assert refusal(a_campaign, service, brand) == (400, 21717)
    sandbox.control("POST", f"brands/{pending.sid}/status", {"status": "APPROVED"})
    assert a_campaign(service, pending).campaign_status == "PENDING"


def test_a_sole_proprietor_has_one_use_case(sandbox: SandboxProcess, acme_client: Client) -> None:
    brand = a_brand(acme_client, brand_type="SOLE_PROPRIETOR", mock=True)
    service = messaging_service(sandbox)

    assert refusal(a_campaign, service, brand) == (400, 21717)
    alone = a_campaign(service, brand, us_app_to_person_usecase="SOLE_PROPRIETOR")
    assert alone.us_app_to_person_usecase == "SOLE_PROPRIETOR"


def test_a_service_has_one_campaign(sandbox: SandboxProcess, acme_client: Client) -> None:
    service, campaign = approved(sandbox)
    brand = acme_client.messaging.v1.brand_registrations.list()[0]

    assert refusal(a_campaign, service, brand) == (409, 20409)
    assert [each.sid for each in service.us_app_to_person.list()] == [campaign.sid]
    other = messaging_service(sandbox)
    assert refusal(other.us_app_to_person(campaign.sid).fetch) == (404, 20404)
    assert campaign.delete() is True
    assert service.fetch().us_app_to_person_registered is False
    assert a_campaign(service, brand).sid != campaign.sid


def test_a_review_survives_a_power_cut(tmp_path: Path) -> None:
    with SandboxProcess(state=tmp_path / "state.sqlite3") as sandbox:
        sandbox.control("POST", "clock", {"set": MONDAY})
        brand = a_brand(sandbox.client())
        sandbox.save()
        sandbox.kill()

        sandbox.start()
        row = sandbox.client().messaging.v1.brand_registrations(brand.sid)
        assert row.fetch().status == "PENDING"
        sandbox.control("POST", "clock", {"set": MONDAY})
        sandbox.forward(days=10)
        assert row.fetch().status == "APPROVED"


# Numbers and their texts


def test_without_the_switch_everything_is_delivered(sandbox: SandboxProcess) -> None:
    assert outcome(sandbox, texting_number(sandbox)) is None


def test_a_number_is_set_up_and_then_sends(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    # S2-8
    switch(sandbox, a2p_enforcement="on")
    number = texting_number(sandbox)
    assert outcome(sandbox, number) == 30034

    service, _ = approved(sandbox, number)
    assert outcome(sandbox, number) == 30035
    sandbox.forward(hours=1)
    assert outcome(sandbox, number) is None

    sent = acme_client.messages.create(
        to=PHONE, messaging_service_sid=service.sid, body="x", status_callback=program.url + "/s"
    )
    sandbox.forward(minutes=1)
    assert sent.fetch().status == "delivered"


def test_the_code_is_in_the_status_callback(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    switch(sandbox, a2p_enforcement="on")
    number = texting_number(sandbox).phone_number

    acme_client.messages.create(
        to=PHONE, from_=number, body="x", status_callback=f"{program.url}/status"
    )
    sandbox.forward(minutes=1)

    last = program.received[-1]
    assert (last.form["MessageStatus"], last.form["ErrorCode"]) == ("undelivered", "30034")
    assert last.is_signed_with(sandbox.acme_token)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("PENDING", 30034),
        ("IN_PROGRESS", 30034),
        ("FAILED", 30034),
        ("VERIFIED", None),
        ("SUSPENDED", 30033),
    ],
)
def test_texts_end_as_the_campaign_says(
    sandbox: SandboxProcess, status: str, code: int | None
) -> None:
    switch(sandbox, a2p_enforcement="on")
    number = texting_number(sandbox)
    _, campaign = approved(sandbox, number)
    sandbox.forward(hours=1)

    sandbox.control("POST", f"campaigns/{campaign.sid}/status", {"status": status})

    assert outcome(sandbox, number) == code


def test_a_suspension_that_ends_needs_no_new_set_up(sandbox: SandboxProcess) -> None:
    switch(sandbox, a2p_enforcement="on")
    number = texting_number(sandbox)
    _, campaign = approved(sandbox, number)
    sandbox.forward(hours=1)
    path = f"campaigns/{campaign.sid}/status"

    sandbox.control("POST", path, {"status": "SUSPENDED"})
    assert outcome(sandbox, number) == 30033
    sandbox.control("POST", path, {"status": "VERIFIED"})
    assert outcome(sandbox, number) is None
    sandbox.control("POST", path, {"status": "FAILED"})
    sandbox.control("POST", path, {"status": "VERIFIED"})
    assert outcome(sandbox, number) == 30035


def test_a_number_that_leaves_or_loses_its_campaign_is_unregistered(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    switch(sandbox, a2p_enforcement="on")
    numbers = [texting_number(sandbox) for _ in range(2)]
    service, campaign = approved(sandbox, *numbers)
    sandbox.forward(hours=1)
    service.phone_numbers(numbers[0].sid).delete()

    assert [outcome(sandbox, number) for number in numbers] == [30034, None]
    service.phone_numbers.create(phone_number_sid=numbers[0].sid)
    assert outcome(sandbox, numbers[0]) == 30035
    sandbox.forward(hours=1)
    assert outcome(sandbox, numbers[0]) is None
    campaign.delete()
    assert [outcome(sandbox, number) for number in numbers] == [30034] * 2
    a_campaign(service, acme_client.messaging.v1.brand_registrations.list()[0])
    assert [outcome(sandbox, number) for number in numbers] == [30035] * 2


def test_a_person_decides_how_far_a_number_is(sandbox: SandboxProcess) -> None:
    switch(sandbox, a2p_enforcement="on")
    number = texting_number(sandbox)
    approved(sandbox, number)
    path = f"numbers/{number.phone_number}/a2p"

    sandbox.control("POST", path, {"status": "registered"})
    assert outcome(sandbox, number) is None
    sandbox.control("POST", path, {"status": "configuring"})
    sandbox.forward(days=2)
    assert outcome(sandbox, number) == 30035
    sandbox.control("POST", path, {"status": "unregistered"})
    assert outcome(sandbox, number) == 30034


def test_only_american_local_numbers_that_write_to_americans_need_a_campaign(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    switch(sandbox, a2p_enforcement="on")
    number, toll_free = texting_number(sandbox), toll_free_number(sandbox)
    bought = acme_client.available_phone_numbers("CA").local.list(limit=1)[0].phone_number
    canadian = acme_client.incoming_phone_numbers.create(phone_number=bought)

    assert outcome(sandbox, number, CANADIAN) is None
    assert outcome(sandbox, canadian) is None
    assert outcome(sandbox, toll_free) is None
    assert outcome(sandbox, number) == 30034


def test_a_reply_needs_a_campaign_too(
    sandbox: SandboxProcess, acme_client: Client, program: Receiver
) -> None:
    switch(sandbox, a2p_enforcement="on")
    url = program.on("/sms", "<Response><Message>Hello yourself</Message></Response>")
    number = texting_number(sandbox, url).phone_number
    text = {"from": PHONE, "to": number, "body": "Hello"}
    sandbox.control("POST", "messages?settle=1", text)
    sandbox.forward(minutes=1)

    reply = acme_client.messages.list(from_=number)[0]
    assert (reply.status, reply.error_code) == ("undelivered", 30034)
