"""Messaging services and the numbers in them."""

from __future__ import annotations

from tests.twilio_sandbox.contract.scenes import Scene, drives

SERVICES = "/v1/Services"


@drives("messaging", SERVICES, "GET", "POST")
@drives("messaging", f"{SERVICES}/{{Sid}}", "GET", "POST", "DELETE")
@drives("messaging", f"{SERVICES}/Usecases", "GET")
def run_a_service(scene: Scene) -> None:
    services = scene.client.messaging.v1.services
    created = services.create(friendly_name="Support", usecase="notifications")
    service = services(str(created.sid))

    assert service.update(inbound_request_url="https://example.com/sms").sid == created.sid
    assert service.fetch().inbound_request_url == "https://example.com/sms"
    assert [each.sid for each in services.list()] == [created.sid]
    assert scene.client.messaging.v1.usecases.fetch().usecases
    assert service.delete() is True


@drives("messaging", f"{SERVICES}/{{ServiceSid}}/PhoneNumbers", "GET", "POST")
@drives("messaging", f"{SERVICES}/{{ServiceSid}}/PhoneNumbers/{{Sid}}", "GET", "DELETE")
def fill_a_pool(scene: Scene) -> None:
    service = scene.client.messaging.v1.services.create(friendly_name="Support")
    number = scene.client.incoming_phone_numbers.create(area_code="415")
    pool = scene.client.messaging.v1.services(str(service.sid)).phone_numbers

    added = pool.create(phone_number_sid=str(number.sid))
    assert pool(str(added.sid)).fetch().phone_number == number.phone_number
    assert [each.sid for each in pool.list()] == [number.sid]
    assert pool(str(added.sid)).delete() is True
