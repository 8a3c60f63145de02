"""Brands, campaigns, and verifications of toll-free numbers."""

from __future__ import annotations

from typing import Any

from tests.twilio_sandbox.contract.scenes import Scene, drives
from tests.twilio_sandbox.texting import VERIFICATION

BRANDS = "/v1/a2p/BrandRegistrations"
CAMPAIGNS = "/v1/Services/{MessagingServiceSid}/Compliance/Usa2p"
VERIFICATIONS = "/v1/Tollfree/Verifications"
BUNDLES = {
    "customer_profile_bundle_sid": "BU" + "0" * 32,
    "a2p_profile_bundle_sid": "BU" + "1" * 32,
}
CAMPAIGN: dict[str, Any] = {
    "description": "Reminders of appointments for customers who booked one with us.",
    "message_flow": "Customers tick a box on our page where they book their appointment.",
    "message_samples": ["Your appointment is tomorrow at 9:00.", "Your appointment was moved."],
    "has_embedded_links": False,
    "has_embedded_phone": False,
}


@drives("messaging", BRANDS, "GET", "POST")
@drives("messaging", f"{BRANDS}/{{Sid}}", "GET", "POST")
def register_a_brand(scene: Scene) -> None:
    brands = scene.client.messaging.v1.brand_registrations
    created = brands.create(**BUNDLES, brand_type="STANDARD")
    brand = brands(str(created.sid))
    scene.sandbox.control("POST", f"brands/{created.sid}/status", {"status": "FAILED"})

    assert brand.fetch().status == "FAILED"
    assert brand.update().status == "PENDING"
    assert [each.sid for each in brands.list()] == [created.sid]


@drives("messaging", CAMPAIGNS, "GET", "POST")
@drives("messaging", f"{CAMPAIGNS}/{{Sid}}", "GET", "POST", "DELETE")
@drives("messaging", f"{CAMPAIGNS}/Usecases", "GET")
def register_a_campaign(scene: Scene) -> None:
    messaging = scene.client.messaging.v1
    brand = messaging.brand_registrations.create(**BUNDLES, mock=True)
    service = messaging.services(str(messaging.services.create(friendly_name="Reminders").sid))
    campaigns = service.us_app_to_person
    usecases = service.us_app_to_person_usecases.fetch(brand_registration_sid=str(brand.sid))
    assert "MIXED" in {each["code"] for each in usecases.us_app_to_person_usecases}

    created = campaigns.create(
        brand_registration_sid=str(brand.sid), us_app_to_person_usecase="MIXED", **CAMPAIGN
    )
    campaign = campaigns(str(created.sid))
    scene.sandbox.control("POST", f"campaigns/{created.sid}/status", {"status": "FAILED"})
    assert campaign.fetch().campaign_status == "FAILED"
    changed = campaign.update(
        **CAMPAIGN,
        age_gated=False,
        direct_lending=False,
        privacy_policy_url="https://acme.example/privacy",
        terms_and_conditions_url="https://acme.example/terms",
    )
    assert changed.campaign_status == "PENDING"
    assert [each.sid for each in campaigns.list()] == [created.sid]
    assert campaign.delete() is True


@drives("messaging", VERIFICATIONS, "GET", "POST")
@drives("messaging", f"{VERIFICATIONS}/{{Sid}}", "GET", "POST", "DELETE")
def verify_a_toll_free_number(scene: Scene) -> None:
    verifications = scene.client.messaging.v1.tollfree_verifications
    number = scene.client.incoming_phone_numbers.toll_free.list(limit=1)[0]
    created = verifications.create(tollfree_phone_number_sid=str(number.sid), **VERIFICATION)
    verification = verifications(str(created.sid))
    rejected = {"status": "TWILIO_REJECTED", "reasons": [{"code": 30446, "reason": "Unclear"}]}
    scene.sandbox.control("POST", f"tollfree-verifications/{created.sid}/status", rejected)

    assert verification.fetch().status == "TWILIO_REJECTED"
    assert verification.update(message_volume="10").status == "PENDING_REVIEW"
    assert [each.sid for each in verifications.list(status="PENDING_REVIEW")] == [created.sid]
    assert verification.delete() is True
