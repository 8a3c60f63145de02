"""What the tests about texts have in common: a number that can text, a phone, a few short words."""

from __future__ import annotations

from typing import Any

from tests.sandbox_process import SandboxProcess

PHONE = "+14155550123"
OTHER_PHONE = "+12065550199"
#: What a toll-free verification has to say.
VERIFICATION: dict[str, Any] = {
    "business_name": "Acme",
    "business_website": "https://acme.example",
    "notification_email": "texts@acme.example",
    "use_case_categories": ["CUSTOMER_CARE"],
    "use_case_summary": "Answers to customers",
    "production_message_sample": "Your parcel is on its way.",
    "opt_in_image_urls": ["https://acme.example/opt-in.png"],
    "opt_in_type": "WEB_FORM",
    "message_volume": "1,000",
}


def texting_number(
    sandbox: SandboxProcess, sms_url: str = "", *, area_code: str = "415", **settings: str
) -> Any:
    """A new number of Acme, as the official client shows it, that can send texts and pictures."""
    return sandbox.client().incoming_phone_numbers.create(
        area_code=area_code, sms_url=sms_url, **settings
    )


def toll_free_number(sandbox: SandboxProcess, sms_url: str = "") -> Any:
    """One of Acme's toll-free numbers."""
    numbers = sandbox.client().incoming_phone_numbers
    return numbers(str(numbers.toll_free.list(limit=1)[0].sid)).update(sms_url=sms_url)


def messaging_service(sandbox: SandboxProcess, *numbers: Any, **settings: Any) -> Any:
    """A new messaging service of Acme with these numbers in its pool."""
    service = sandbox.client().messaging.v1.services.create(friendly_name="Support", **settings)
    for number in numbers:
        service.phone_numbers.create(phone_number_sid=number.sid)
    return service


def write(sandbox: SandboxProcess, number: str, body: str, phone: str = PHONE, **more: Any) -> Any:
    """A text from a phone, and all that follows from it."""
    text = {"from": phone, "to": number, "body": body, **more}
    return sandbox.control("POST", "messages?settle=1", text)


def behave(sandbox: SandboxProcess, phone: str = PHONE, **how: Any) -> None:
    """How a phone takes texts from now on."""
    sandbox.control("POST", f"phones/{phone}", how)


def conversation(sandbox: SandboxProcess, phone: str = PHONE) -> list[dict[str, Any]]:
    """What a phone sent and got, oldest first."""
    lines: list[dict[str, Any]] = sandbox.control("GET", f"phones/{phone}")["conversation"]
    return lines


def switch(sandbox: SandboxProcess, **values: str) -> None:
    sandbox.control("POST", "switches", values)


def alerts(sandbox: SandboxProcess) -> list[str]:
    """The codes of Acme's alerts, oldest first."""
    return [str(each.error_code) for each in reversed(sandbox.client().monitor.v1.alerts.list())]
