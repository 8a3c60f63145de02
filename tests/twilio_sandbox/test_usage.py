"""Usage records agree with texts, calls and numbers (twilio-facts 7.1); the seeded past (7.2)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
import requests
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.refusals import refusal

pytestmark = pytest.mark.process

NOTHING = (0, Decimal(0), Decimal(0))


@pytest.fixture
def used(sandbox: SandboxProcess) -> SandboxProcess:
    """The seeded world with the calls and texts of its past."""
    sandbox.reset()
    return sandbox


def rows(sandbox: SandboxProcess, kind: str) -> list[dict[str, Any]]:
    """The rows of a table by the names of their fields, as they are kept."""
    names = {
        "messages": "sid account_sid seq created updated from_number to_number body direction "
        "status sent service error_code num_segments price",
        "calls": "sid account_sid seq created updated from_number to_number direction status "
        "phone_number_sid start end parent forwarded answered_by caller_name price",
        "numbers": "sid account_sid seq created updated phone_number changes",
    }[kind].split()
    table = sandbox.control("GET", "world")["tables"][kind]
    return [dict(zip(names, row, strict=False)) for row in table]


def day_of(at: float) -> date:
    return datetime.fromtimestamp(at, UTC).date()


def records(client: Client, kind: str | None = None, **filters: Any) -> list[Any]:
    found = client.usage.records if kind is None else getattr(client.usage.records, kind)
    return list(found.list(page_size=1000, **filters))


def sums(client: Client, kind: str | None = None, **filters: Any) -> dict[str, Any]:
    """(count, usage, price) by category of a list with one record for each."""
    return {
        str(record.category): (
            int(record.count or 0),
            Decimal(record.usage),
            Decimal(str(record.price)),
        )
        for record in records(client, kind, **filters)
    }


def added(parts: Iterator[tuple[int, int, str | None]]) -> tuple[int, Decimal, Decimal]:
    """(count, usage, price) of (1, usage, price) each."""
    count, usage, price = 0, Decimal(0), Decimal(0)
    for one, more, cost in parts:
        count, usage, price = count + one, usage + more, price - Decimal(cost or "0")
    return count, usage, price


def test_texts_are_counted_to_the_unit_and_the_cent(used: SandboxProcess) -> None:
    texts = rows(used, "messages")

    whole = sums(used.client(), "all_time")

    assert len(texts) > 50
    for way in ("inbound", "outbound"):
        expected = added(
            (1, text["num_segments"], text["price"])
            for text in texts
            if text["direction"].startswith(way)
        )
        assert whole[f"sms-{way}"] == whole[f"sms-{way}-longcode"] == expected
    assert whole["sms"] == added((1, t["num_segments"], t["price"]) for t in texts)
    assert whole["mms"] == NOTHING


def test_calls_are_counted_in_begun_minutes(used: SandboxProcess) -> None:
    calls = [call for call in rows(used, "calls") if call["status"] == "completed"]

    def minutes(call: dict[str, Any]) -> int:
        return -(-int(call["end"] - call["start"]) // 60)

    whole = sums(used.client(), "all_time")

    assert len(calls) > 50
    assert whole["calls"] == added((1, minutes(c), c["price"]) for c in calls)
    inbound = [c for c in calls if c["direction"] == "inbound"]
    assert whole["calls-inbound"] == added((1, minutes(c), c["price"]) for c in inbound)
    free = [c for c in inbound if c["to_number"][2:5] in ("800", "888", "877", "866", "855")]
    assert whole["calls-inbound-tollfree"] == added((1, minutes(c), c["price"]) for c in free)
    assert whole["calls-outbound"][0] == len(calls) - len(inbound)


def test_numbers_are_paid_for_once_a_month(sandbox: SandboxProcess, acme_client: Client) -> None:
    toll_free = acme_client.available_phone_numbers("US").toll_free.list(limit=1)[0]
    acme_client.incoming_phone_numbers.create(area_code="415")
    acme_client.incoming_phone_numbers.create(phone_number=str(toll_free.phone_number))

    today = sums(acme_client, "today")

    assert today["phonenumbers"] == (2, 2, Decimal("3.30"))
    assert today["phonenumbers-local"] == (1, 1, Decimal("1.15"))
    assert today["phonenumbers-tollfree"] == (1, 1, Decimal("2.15"))
    assert today["phonenumbers-mobile"] == NOTHING
    assert today["totalprice"] == (0, Decimal("3.30"), Decimal("3.30"))
    bought = sandbox.now().date()
    sandbox.forward(days=31)
    later = sums(acme_client, start_date=bought, end_date=bought + timedelta(days=31))
    assert later["phonenumbers-tollfree"][0] >= 2


def test_a_number_that_left_was_paid_for_until_then(
    sandbox: SandboxProcess, parent_client: Client
) -> None:
    account = parent_client.api.v2010.accounts.create(friendly_name="For a while")
    client = sandbox.client(str(account.sid), str(account.auth_token))
    bought = client.incoming_phone_numbers.create(area_code="415")
    day = sandbox.now().date()
    sandbox.forward(days=35)
    parent_client.api.v2010.accounts(str(account.sid)).incoming_phone_numbers(
        str(bought.sid)
    ).update(account_sid=sandbox.main_sid)
    sandbox.forward(days=35)
    parent_client.incoming_phone_numbers(str(bought.sid)).delete()
    sandbox.forward(days=35)

    def paid(client: Client) -> int:
        asked: dict[str, Any] = {"start_date": day, "end_date": day + timedelta(days=105)}
        return int(sums(client, **asked, include_subaccounts=False)["phonenumbers-local"][0])

    assert (paid(client), paid(parent_client)) == (2, 2)


def test_all_of_history_can_be_asked_for(used: SandboxProcess) -> None:
    whole = sums(used.client(), start_date=date(1, 1, 1), end_date=date(9999, 12, 31))

    assert whole == sums(used.client(), "all_time")


def test_the_total_is_the_sum_of_its_parts(used: SandboxProcess) -> None:
    whole = sums(used.client(), "all_time")

    parts = ("sms", "mms", "calls", "phonenumbers", "recordings")
    assert whole["totalprice"][2] == sum(whole[name][2] for name in parts)


@pytest.mark.parametrize("kind", ["daily", "monthly", "yearly"])
def test_parts_of_time_add_up_to_the_whole(used: SandboxProcess, kind: str) -> None:
    client = used.client()
    whole = sums(client, "all_time", category="calls")["calls"]

    parts = records(client, kind, category="calls")

    assert (
        sum(int(p.count) for p in parts),
        sum(Decimal(p.usage) for p in parts),
        sum(Decimal(str(p.price)) for p in parts),
    ) == whole
    days = [(p.start_date, p.end_date) for p in parts]
    assert days == sorted(days, reverse=True)
    assert all(later[0] - earlier[1] == timedelta(days=1) for later, earlier in pairwise(days))


def test_days_have_the_traffic_of_their_date(used: SandboxProcess) -> None:
    by_day = Counter(day_of(text["sent"]) for text in rows(used, "messages"))

    parts = records(used.client(), "daily", category="sms", start_date="-60days")

    assert len(parts) == 61
    assert {p.start_date: int(p.count) for p in parts if p.count != "0"} == by_day


def test_dates_may_be_relative_and_both_ends_count(used: SandboxProcess) -> None:
    client, today = used.client(), used.now().date()
    first, last = today - timedelta(days=30), today - timedelta(days=1)

    relative = sums(client, start_date="-30days", end_date="-1days")
    absolute = sums(client, start_date=first, end_date=last)

    texts = [t for t in rows(used, "messages") if first <= day_of(t["sent"]) <= last]
    assert relative == absolute
    assert relative["sms"][0] == len(texts) > 0


def test_the_named_spans_are_those_of_the_clock(used: SandboxProcess) -> None:
    used.control("POST", "clock", {"set": "2027-03-15T12:00:00Z"})
    client = used.client()

    def span(kind: str) -> tuple[date, date]:
        record = records(client, kind, category="sms")[0]
        return record.start_date, record.end_date

    assert span("today") == (date(2027, 3, 15), date(2027, 3, 15))
    assert span("yesterday") == (date(2027, 3, 14), date(2027, 3, 14))
    assert span("this_month") == (date(2027, 3, 1), date(2027, 3, 15))
    assert span("last_month") == (date(2027, 2, 1), date(2027, 2, 28))
    assert span("all_time") == (date(2024, 3, 4), date(2027, 3, 15))


def test_a_parent_counts_its_subaccounts_unless_told_not_to(used: SandboxProcess) -> None:
    parent = used.client(used.main_sid, used.main_token)

    assert sums(parent, "all_time") == sums(used.client(), "all_time")
    alone = sums(parent, "all_time", include_subaccounts=False)
    assert alone["totalprice"] == NOTHING


def test_a_record_is_written_as_twilio_writes_it(sandbox: SandboxProcess) -> None:
    base = f"/2010-04-01/Accounts/{sandbox.acme_sid}/Usage/Records"
    query = "Category=sms&StartDate=2026-01-02&EndDate=2026-01-03"
    auth = (sandbox.acme_sid, sandbox.acme_token)

    page = requests.get(f"{sandbox.url}/api{base}.json?{query}", auth=auth, timeout=5).json()

    record = page["usage_records"][0]
    assert datetime.fromisoformat(record.pop("as_of")).utcoffset() == timedelta(0)
    assert record.pop("subresource_uris")["daily"] == f"{base}/Daily.json?Category=sms"
    assert record == {
        "account_sid": sandbox.acme_sid,
        "api_version": "2010-04-01",
        "category": "sms",
        "count": "0",
        "count_unit": "messages",
        "description": "SMS",
        "end_date": "2026-01-03",
        "price": "0",
        "price_unit": "usd",
        "start_date": "2026-01-02",
        "uri": f"{base}.json?{query}",
        "usage": "0",
        "usage_unit": "segments",
    }


def test_records_come_in_pages(used: SandboxProcess) -> None:
    client = used.client()

    by_seven = client.usage.records.monthly.list(page_size=7, start_date="-60days")

    at_once = records(client, "monthly", start_date="-60days")
    assert [(r.start_date, r.category) for r in by_seven] == [
        (r.start_date, r.category) for r in at_once
    ]


def test_dates_that_make_no_sense_are_refused(acme_client: Client) -> None:
    listed = acme_client.usage.records.list

    assert refusal(listed, start_date="yesterday") == (400, 20001)
    assert refusal(listed, start_date="2026-02-30") == (400, 20001)
    assert refusal(listed, start_date="-1days", end_date="-2days") == (400, 20001)
    assert acme_client.usage.records.list(category="calleridlookups") == []


# The seeded past


def test_some_numbers_are_active_some_low_some_unused(used: SandboxProcess) -> None:
    since = used.now().timestamp() - 30 * 86_400
    texts: Counter[str] = Counter()
    calls: Counter[str] = Counter()
    for text in rows(used, "messages"):
        if text["created"] >= since:
            texts.update({text["from_number"], text["to_number"]})
    for call in rows(used, "calls"):
        if call["created"] >= since and call["status"] == "completed":
            calls.update(
                {call["from_number"], call["to_number"]}
                if call["end"] - call["start"] >= 12
                else ()
            )

    by_use = defaultdict(list)
    for number in (n["phone_number"] for n in rows(used, "numbers")):
        if texts[number] >= 3 or calls[number] >= 3:
            by_use["active"].append(number)
        else:
            by_use["low" if texts[number] + calls[number] else "inactive"].append(number)

    assert {use: len(numbers) for use, numbers in by_use.items()} == {
        "active": 11,
        "low": 6,
        "inactive": 13,
    }


def test_the_past_is_the_same_for_the_same_seed_and_shifts_nothing(
    sandbox: SandboxProcess,
) -> None:
    def told() -> tuple[Any, Any, Any]:
        return rows(sandbox, "calls"), rows(sandbox, "messages"), rows(sandbox, "numbers")

    plain_numbers = told()[2]
    bought_before = sandbox.client().incoming_phone_numbers.create(area_code="415").sid
    sandbox.reset()
    first = told()
    bought_after = sandbox.client().incoming_phone_numbers.create(area_code="415").sid
    sandbox.reset()

    assert told() == first
    assert first[2] == plain_numbers
    assert bought_before == bought_after
    sids = [row["sid"] for row in first[0] + first[1]]
    assert len(set(sids)) == len(sids)


def test_the_past_lies_within_sixty_days_and_not_in_the_future(used: SandboxProcess) -> None:
    now = used.now().timestamp()

    times = [row["created"] for row in rows(used, "calls") + rows(used, "messages")]

    assert now - 61 * 86_400 < min(times)
    assert max(times) < now


def test_numbers_without_texting_only_call(used: SandboxProcess) -> None:
    mute = {
        n["phone_number"]
        for n in rows(used, "numbers")
        if n["changes"].get("capabilities", {}).get("sms") is False
    }

    texting = {t["from_number"] for t in rows(used, "messages")} | {
        t["to_number"] for t in rows(used, "messages")
    }

    assert mute
    assert not mute & texting


def test_only_the_first_numbers_of_many_have_a_past(sandbox: SandboxProcess) -> None:
    sandbox.reset(numbers=1_000)

    used_numbers = {call["phone_number_sid"] for call in rows(sandbox, "calls")}

    first = [number["sid"] for number in rows(sandbox, "numbers")[:200]]
    assert 0 < len(used_numbers) <= 200
    assert used_numbers <= set(first)
