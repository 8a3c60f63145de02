"""Port-in requests for the tests: a bill, a body that is right, calls of the numbers host."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

import requests
from twilio.rest import Client
from twilio.rest.numbers.v1.porting_port_in import PortingPortInInstance, PortingPortInList

from tests.sandbox_process import SandboxProcess

LANDLINE, ANOTHER, THIRD = "+16175551212", "+16175551213", "+15025551214"
MOBILE = "+16175557001"
TOLL_FREE = "+18885551234"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\r\n\x00\xff\n"


def call(
    sandbox: SandboxProcess,
    method: str,
    path: str,
    *,
    host: str = "numbers",
    credentials: tuple[str, str] | None = None,
    **options: Any,
) -> requests.Response:
    """A request to `/v1/{path}` of a host, as Acme unless said otherwise."""
    return requests.request(
        method,
        f"{sandbox.url}/{host}/v1/{path}",
        auth=credentials or (sandbox.acme_sid, sandbox.acme_token),
        timeout=10,
        **options,
    )


def upload(
    sandbox: SandboxProcess,
    content: bytes = PDF,
    *,
    document_type: str = "utility_bill",
    **options: Any,
) -> requests.Response:
    """A document as the sandbox is given it."""
    return call(
        sandbox,
        "POST",
        "Documents",
        host="numbers-upload",
        data={"document_type": document_type, "friendly_name": "April bill"},
        files={"File": ("bill.pdf", content, "application/pdf")},
        **options,
    )


def bill(sandbox: SandboxProcess, **options: Any) -> str:
    return str(upload(sandbox, **options).json()["sid"])


def days_ahead(sandbox: SandboxProcess, days: int) -> str:
    now = sandbox.now()
    return f"{now.astimezone(UTC) + timedelta(days=days):%Y-%m-%d}"


def body(sandbox: SandboxProcess, *numbers: str | dict[str, Any], **changes: Any) -> dict[str, Any]:
    """What a right create call says, for these numbers."""
    wanted = [{"phone_number": n} if isinstance(n, str) else n for n in numbers or (LANDLINE,)]
    return {
        "account_sid": sandbox.acme_sid,
        "documents": changes.pop("documents", None) or [bill(sandbox)],
        "phone_numbers": wanted,
        "losing_carrier_information": {
            "customer_type": "Business",
            "customer_name": "Acme Inc",
            "account_number": "123456",
            "account_telephone_number": "+16175551212",
            "address": {
                "street": "101 Spear St",
                "street_2": "5th floor",
                "city": "San Francisco",
                "state": "CA",
                "zip": "94105",
                "country": "USA",
            },
            "authorized_representative": "John Smith",
            "authorized_representative_email": "signer@acme.example",
            **changes.pop("told", {}),
        },
        "notification_emails": ["copies@acme.example"],
        **changes,
    }


def post(sandbox: SandboxProcess, *numbers: str | dict[str, Any], **changes: Any) -> Any:
    """Create a request by a plain call; the answer as JSON."""
    answer = call(sandbox, "POST", "Porting/PortIn", json=body(sandbox, *numbers, **changes))
    assert answer.status_code == 202, answer.text
    return answer.json()


def create(client: Client, wanted: dict[str, Any]) -> PortingPortInInstance:
    """Create a request through the official client."""
    request = PortingPortInList.NumbersV1PortingPortInCreate(wanted)
    return client.numbers.v1.porting_port_ins.create(request)


def fetch(sandbox: SandboxProcess, sid: str) -> Any:
    return call(sandbox, "GET", f"Porting/PortIn/{sid}").json()


def statuses(request: Any) -> list[str]:
    """The request's status, then those of its numbers."""
    numbers = [number["port_in_phone_number_status"] for number in request["phone_numbers"]]
    return [request["port_in_request_status"], *numbers]


def move(sandbox: SandboxProcess, sid: str, state: str, reason: str | None = None) -> Any:
    """All numbers of a request to a state, as the control API does it."""
    wanted = {"state": state, **({"reason": reason} if reason else {})}
    return sandbox.control("POST", f"ports/{sid}/state", wanted)
