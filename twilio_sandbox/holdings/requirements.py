"""What an account needs before a number may be in it (twilio-facts 1.6, 2).

Twilio publishes the codes; which kind of number asks for which paper is our choice (`plan`), made
so that every code can be met.
"""

from __future__ import annotations

from typing import Any

from twilio_sandbox import plan
from twilio_sandbox.errors import TwilioError
from twilio_sandbox.plan import Area
from twilio_sandbox.world import Account, World

BUNDLE, IDENTITY, DOCUMENT, CERTIFICATION = "bundle", "identity", "document", "certification"
# paper -> (prefix of its SID, code when it is missing, field of the number that names it)
PAPERS: dict[str, tuple[str, int, str | None]] = {
    BUNDLE: ("BU", 21649, "bundle_sid"),
    IDENTITY: ("RI", 21650, "identity_sid"),
    DOCUMENT: ("RD", 21651, None),
    CERTIFICATION: ("RD", 21613, None),
}


def check(world: World, account: Account, area: Area | None, settings: dict[str, Any]) -> None:
    """Refuse a number of `area` whose `settings` name no address or paper of the account."""
    country, number_type = (area.country, area.type) if area else ("", "local")
    _check_address(world, account, country, number_type, settings.get("address_sid"))
    for kind in plan.papers(country, number_type):
        _check_paper(world, account, kind, settings)


def check_address_is_ours(world: World, account: Account, address_sid: str | None) -> None:
    """Refuse an address that is not in the account."""
    if address_sid and world.addresses.find(account.sid, address_sid) is None:
        raise TwilioError(20001, f"Address {address_sid} is not in account {account.sid}")


def _check_address(
    world: World, account: Account, country: str, number_type: str, address_sid: str | None
) -> None:
    needed = plan.address_requirements(country, number_type)
    if needed == "none":
        check_address_is_ours(world, account, address_sid)
        return
    address = world.addresses.find(account.sid, address_sid) if address_sid else None
    if address is None:
        raise TwilioError(21631, f"An address in account {account.sid} is required")
    if needed == "local" and address.iso_country != country:
        raise TwilioError(21615, f"An address in {country} is required")


def _check_paper(world: World, account: Account, kind: str, settings: dict[str, Any]) -> None:
    _, code, name = PAPERS[kind]
    papers = [paper for paper in world.papers.of(account.sid) if paper.kind == kind]
    if name is not None:
        papers = [paper for paper in papers if paper.sid == settings.get(name)]
    if not papers:
        raise TwilioError(code, f"A {kind} in account {account.sid} is required")
