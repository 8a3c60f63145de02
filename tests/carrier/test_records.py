"""Twilio's JSON as typed values."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carrier import CarrierConfused
from carrier.accounts import account_record
from carrier.errors import SENTENCES
from carrier.numbers import number_page, number_record
from carrier.transport import parse

# The example of Twilio's own documents (twilio-facts 1.2), shortened.
EXAMPLE: dict[str, Any] = {
    "account_sid": "AC" + "a" * 32,
    "address_requirements": "none",
    "beta": None,
    "capabilities": {"voice": True, "sms": False, "mms": True, "fax": False},
    "date_created": "Thu, 30 Jul 2015 23:19:04 +0000",
    "date_updated": "Thu, 30 Jul 2015 23:19:04 +0000",
    "friendly_name": "(808) 925-5327",
    "phone_number": "+18089255327",
    "sid": "PN" + "a" * 32,
    "sms_application_sid": "",
    "sms_url": "",
    "trunk_sid": None,
    "type": "local",
    "uri": "/2010-04-01/Accounts/x",
    "voice_url": None,
}


def example(**changes: Any) -> dict[str, Any]:
    return {**EXAMPLE, **changes}


def test_a_record_keeps_everything_it_has_no_column_for() -> None:
    record = number_record(example(new_field={"deep": [1]}))

    assert (record.sid, record.e164) == ("PN" + "a" * 32, "+18089255327")
    assert record.friendly_name == "(808) 925-5327"
    assert (record.voice, record.sms, record.mms) == (True, False, True)
    assert record.twilio["new_field"] == {"deep": [1]}
    assert record.twilio["capabilities"]["fax"] is False
    assert record.twilio["trunk_sid"] is None
    assert "uri" not in record.twilio


def test_nothing_but_sid_and_number_is_needed() -> None:
    record = number_record({"sid": "PN" + "a" * 32, "phone_number": "+18089255327"})

    assert record.friendly_name == ""
    assert record.type == "other"
    assert (record.voice, record.sms, record.mms) == (False, False, False)
    assert record.twilio == {}


@pytest.mark.parametrize(
    "field",
    [{"friendly_name": 7}, {"capabilities": []}, {"capabilities": {"voice": "yes"}}, {"type": {}}],
)
def test_fields_of_an_unexpected_kind_are_not_believed(field: dict[str, Any]) -> None:
    record = number_record(example(**field))

    assert record.friendly_name in ("", "(808) 925-5327")
    assert record.voice in (False, EXAMPLE["capabilities"]["voice"])
    assert record.type in ("local", "other")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("local", "local"),
        ("mobile", "mobile"),
        ("toll free", "toll_free"),
        ("toll-free", "toll_free"),
        ("TollFree", "toll_free"),
        ("national", "national"),
        ("shared cost", "other"),
    ],
)
def test_every_spelling_of_a_type_is_understood(text: str, kind: str) -> None:
    assert number_record(example(type=text)).type == kind


def test_the_fingerprint_ignores_order_and_the_time_of_the_last_change() -> None:
    same = dict(reversed(example(date_updated="Fri, 31 Jul 2015 23:19:04 +0000").items()))
    same["capabilities"] = dict(reversed(EXAMPLE["capabilities"].items()))

    assert number_record(same).fingerprint == number_record(example()).fingerprint


# A change of any kept field must show; None, "", False and 0 are different things.
@given(
    name=st.sampled_from(sorted(set(EXAMPLE) - {"account_sid", "date_updated", "uri"})),
    value=st.none() | st.booleans() | st.integers() | st.text(max_size=5),
)
def test_the_fingerprint_shows_every_change(name: str, value: Any) -> None:
    try:
        changed = number_record(example(**{name: value}))
    except CarrierConfused:
        return
    unchanged = json.dumps(EXAMPLE[name]) == json.dumps(value)
    unreadable = name == "friendly_name" and not isinstance(value, str)

    same = changed.fingerprint == number_record(example()).fingerprint
    assert unreadable or same == unchanged


def test_text_that_no_database_takes_is_cleaned() -> None:
    value = parse(
        rb'{"sid": "PN%s", "phone_number": "+18089255327",'
        rb' "friendly_name": "a\u0000b\ud83d\ude00\ud800c", "x\u0000": ["\u0000"]}' % (b"a" * 32)
    )

    record = number_record(value)

    assert record.friendly_name == "ab😀?c"
    assert record.twilio == {"x": [""]}


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=5))
def test_any_json_is_either_a_page_or_refused(value: Any) -> None:
    text = json.dumps({"incoming_phone_numbers": value, "next_page_uri": None})

    try:
        page = number_page(parse(text.encode()))
    except CarrierConfused:
        return
    assert page.records == []
    assert len(page.odd) == len(value)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (None, ("", "")),
        ({}, ("", "")),
        ({"sid": 1, "phone_number": 2}, ("1", "2")),
        ({"sid": "PN" + "a" * 32, "phone_number": "anonymous"}, ("PN" + "a" * 32, "anonymous")),
        ({"sid": "PN1", "phone_number": "1415555" + "0" * 90}, ("PN1", "1415555" + "0" * 33)),
    ],
)
def test_an_odd_row_is_named_beside_those_that_can_be_read(row: Any, told: tuple[str, str]) -> None:
    page = number_page({"incoming_phone_numbers": [row, example()], "next_page_uri": None})

    assert [record.e164 for record in page.records] == [EXAMPLE["phone_number"]]
    assert page.odd == (told,)


def test_the_end_of_a_list_must_be_told() -> None:
    with pytest.raises(CarrierConfused):
        number_page({"incoming_phone_numbers": []})


@pytest.mark.parametrize("missing", ["sid", "owner_account_sid", "status"])
def test_an_account_needs_all_that_decides(missing: str) -> None:
    whole = {
        "sid": "AC" + "a" * 32,
        "owner_account_sid": "AC" + "b" * 32,
        "status": "active",
        "auth_token": "secret",
    }
    assert account_record(whole).name == whole["sid"]
    assert "secret" not in repr(account_record(whole))

    with pytest.raises(CarrierConfused):
        account_record({name: value for name, value in whole.items() if name != missing})


def test_fifty_thousand_records_are_a_matter_of_a_second() -> None:
    values = json.loads(json.dumps([EXAMPLE] * 50_000))
    started = time.process_time()

    for value in values:
        number_record(value)

    assert time.process_time() - started < 2  # 0.6 s when the machine is idle


def test_every_sentence_is_one() -> None:
    assert all(text.endswith(".") for text in SENTENCES.values())
