"""The world a seed makes: the same seed, the same accounts, SIDs, tokens and numbers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from twilio_sandbox import history, plan
from twilio_sandbox.clock import Clock
from twilio_sandbox.holdings.requirements import BUNDLE
from twilio_sandbox.holdings.rows import Address, Application, Paper
from twilio_sandbox.plan import Area
from twilio_sandbox.world import Account, Number, World

OPENED = datetime(2024, 3, 4, 9, 0, tzinfo=UTC).timestamp()  # when the seeded accounts were made
HOUR = 3600
STRANGERS_NUMBERS = 3

# Where the numbers come from, in turn: two of thirteen toll free, one Canadian, one British.
_MIX = [plan.US_LOCAL] * 13
_MIX[3] = _MIX[9] = plan.US_TOLL_FREE
_MIX[6] = plan.CA_LOCAL
_MIX[11] = [*plan.GB_LOCAL[:1], *plan.GB_MOBILE, *plan.GB_LOCAL[1:], *plan.GB_TOLL_FREE]
_PER_ROUND = {id(areas): _MIX.count(areas) for areas in _MIX}

_LINES = ("main line", "sales", "support", "front desk", "service desk")


def build(
    *, numbers: int, seed: int, at: datetime | None = None, with_history: bool = True
) -> World:
    """A main account, its subaccount Acme with `numbers` numbers, and a stranger's family.

    Its clock begins `at` that instant, otherwise it goes with the real time.
    """
    world = World(seed, Clock())
    if at is not None:
        world.clock.set(at)
    main = world.add_account("Northwind Communications", created=OPENED)
    acme = world.add_account("Acme", owner_sid=main.sid, created=OPENED + HOUR)
    stranger_main = world.add_account("Stranger Holdings", created=OPENED)
    stranger = world.add_account("Stranger", owner_sid=stranger_main.sid, created=OPENED + HOUR)
    world.roles = {
        "main": main.sid,
        "acme": acme.sid,
        "stranger_main": stranger_main.sid,
        "stranger": stranger.sid,
    }
    add_numbers(world, acme, numbers, first_created=OPENED + 24 * HOUR)
    for position in range(STRANGERS_NUMBERS):
        phone_number = plan.nth_number(plan.STRANGERS_AREA, position, seed)
        if phone_number is not None:
            world.add_number(stranger, phone_number, created=OPENED + (24 + position) * HOUR)
    if with_history:
        history.write(world, acme)
    return world


def add_numbers(
    world: World, account: Account, count: int, *, first_created: float | None = None
) -> list[Number]:
    """The next `count` numbers of the seeded sequence; created an hour apart, or all now."""
    added: list[Number] = []
    for position, area, phone_number in _sequence(world):
        if len(added) == count:
            break
        world.generated = position + 1
        if not world.is_free(phone_number):
            continue
        created = None if first_created is None else first_created + len(added) * HOUR / 10
        changes = _settings(world, account, position, area)
        added.append(world.add_number(account, phone_number, changes, created=created))
    return added


def _sequence(world: World) -> Iterator[tuple[int, Area, str]]:
    """From where it stopped last: (position, area, phone number); British areas run out first."""
    position = world.generated
    while True:
        turn, place = divmod(position, len(_MIX))
        areas = _MIX[place]
        rank = turn * _PER_ROUND[id(areas)] + sum(a is areas for a in _MIX[:place])
        row, column = divmod(rank, len(areas))
        phone_number = plan.nth_number(areas[column], row, world.seed)
        if phone_number is not None:
            yield position, areas[column], phone_number
        position += 1


def _settings(world: World, account: Account, position: int, area: Area) -> dict[str, Any]:
    """Some have names, webhooks, applications, a trunk, or an address; most are as bought."""
    settings: dict[str, Any] = {}
    if position % 5 == 0:
        place = area.locality or {"toll free": "Toll-free", "mobile": "Mobile"}[area.type]
        settings["friendly_name"] = f"{place} {_LINES[position // 5 % len(_LINES)]}"
    if position % 4 == 1:
        settings["voice_url"] = "https://voice.acme.example/answer"
        settings["sms_url"] = "https://voice.acme.example/text"
        settings["status_callback"] = "https://voice.acme.example/status"
    if position % 8 == 1:
        settings["voice_fallback_url"] = "https://backup.acme.example/answer"
        settings["voice_method"] = "GET"
    if position % 50 == 2:
        settings["emergency_address_sid"] = _address(world, account, "US", is_emergency=True)
        settings["emergency_address_status"] = "registered"
        settings["emergency_status"] = "Active"
    if position % 40 == 8:
        settings["trunk_sid"] = world.new_sid("TK")
    if position % 40 == 12:
        settings["voice_application_sid"] = _application(world, account, "Answering")
        settings["sms_application_sid"] = _application(world, account, "Texts")
    if position % 20 == 7:
        settings["capabilities"] = {"voice": True, "sms": False, "mms": False, "fax": False}
    if position % 20 == 14:
        settings["capabilities"] = {"voice": True, "sms": True, "mms": False, "fax": False}
    if area.country == "GB" and area.type != "toll free":
        settings["address_sid"] = _address(world, account, "GB")
        bundle = world.papers.add(Paper(*world.stamp("BU", account.sid), BUNDLE))
        settings["bundle_sid"] = bundle.sid
    return settings


def _address(world: World, account: Account, country: str, *, is_emergency: bool = False) -> str:
    """The SID of a new address at Acme's office in the country."""
    places = {
        "US": ("101 Spear St", "San Francisco", "CA", "94105"),
        "GB": ("1 High Street", "London", "England", "N1 1AA"),
    }
    row = Address(
        *world.stamp("AD", account.sid, at=OPENED),
        account.friendly_name,
        *places[country],
        country,
        emergency_enabled=is_emergency,
    )
    return world.addresses.add(row).sid


def _application(world: World, account: Account, name: str) -> str:
    """The SID of a new application."""
    url = "https://voice.acme.example/application"
    settings = {"voice_url": url, "sms_url": url}
    stamp = world.stamp("AP", account.sid, at=OPENED)
    return world.applications.add(Application(*stamp, name, settings)).sid
