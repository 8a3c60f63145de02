"""Addresses and papers that numbers ask for."""

from __future__ import annotations

from typing import Any

from twilio.rest import Client

from tests.sandbox_process import SandboxProcess


def new_address(client: Client, country: str = "US", **fields: Any) -> str:
    """The SID of a new address in the client's account."""
    address = client.addresses.create(
        customer_name="Acme",
        street="1 High Street",
        city="Springfield",
        region="XX",
        postal_code="12345",
        iso_country=country,
        **fields,
    )
    return str(address.sid)


def new_paper(sandbox: SandboxProcess, kind: str, account: str | None = None) -> str:
    """The SID of an approved bundle, identity, document or certification."""
    path = f"accounts/{account or sandbox.acme_sid}/papers"
    return str(sandbox.control("POST", path, {"kind": kind})["sid"])
