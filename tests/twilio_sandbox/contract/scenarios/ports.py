"""Portability, port-in requests, and what is configured for them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from twilio.base.exceptions import TwilioException

from tests.twilio_sandbox.contract.scenes import Scene, drives
from tests.twilio_sandbox.ports import ANOTHER, LANDLINE, body, create

PORTS = "/v1/Porting/PortIn"
WEBHOOK = "/v1/Porting/Configuration/Webhook"


@drives("numbers", "/v1/Porting/Portability/PhoneNumber/{PhoneNumber}", "GET")
def ask_whether_a_number_can_be_ported(scene: Scene) -> None:
    portability = scene.client.numbers.v1.porting_portabilities(LANDLINE)

    assert portability.fetch(target_account_sid=scene.sandbox.acme_sid).portable is True


@drives("numbers", PORTS, "POST")
@drives("numbers", f"{PORTS}/{{PortInRequestSid}}", "GET", "DELETE")
@drives("numbers", f"{PORTS}/{{PortInRequestSid}}/PhoneNumber/{{PhoneNumberSid}}", "GET", "DELETE")
def port_numbers(scene: Scene) -> None:
    numbers = scene.client.numbers.v1
    sid = str(create(scene.client, body(scene.sandbox, LANDLINE, ANOTHER)).port_in_request_sid)
    first = numbers.porting_port_ins(sid).fetch().phone_numbers[0]
    number = numbers.porting_port_in_phone_number(sid, first["port_in_phone_number_sid"])

    assert number.fetch().phone_number == LANDLINE
    assert number.delete() is True
    assert numbers.porting_port_ins(sid).delete() is True


@drives("numbers", f"{PORTS}/PortInRequests", "GET")
def list_ports(scene: Scene) -> None:
    create(scene.client, body(scene.sandbox))

    with pytest.raises(TwilioException, match="can not be deserialized"):  # twilio-facts 9.4 a
        scene.client.numbers.v1.porting_all_port_ins.list()


@drives("numbers", WEBHOOK, "GET", "POST")
@drives("numbers", f"{WEBHOOK}/{{WebhookType}}", "DELETE")
def listen_to_ports(scene: Scene) -> None:
    numbers = scene.parent.numbers.v1
    wanted = {
        "port_in_target_url": "https://example.com/port-in",
        "port_out_target_url": "https://example.com/port-out",
        "notifications_of": ["PortInCompleted"],
    }
    created = numbers.porting_webhook_configurations.create(SimpleNamespace(to_dict=lambda: wanted))

    assert created.port_in_target_url == wanted["port_in_target_url"]
    assert numbers.webhook.fetch() is not None
    assert numbers.porting_webhook_configurations_delete("PORT_IN").delete() is True


@drives("numbers", "/v1/SigningRequest/Configuration", "GET", "POST")
def dress_the_letters(scene: Scene) -> None:
    configurations = scene.parent.numbers.v1.signing_request_configurations
    wanted = {
        "product": "Porting",
        "country": "US",
        "email_subject": "Sign this letter",
        "email_message": "Please sign.",
        "url_redirection": "https://example.com/signed",
    }
    created = configurations.create(SimpleNamespace(to_dict=lambda: wanted))

    assert created.email_subject == "Sign this letter"
    assert len(configurations.list(product="Porting")) == 1
