"""The numbers of an account at Twilio, against the stand-in over real HTTP."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from pytest_django import Settings

from carrier import (
    Carrier,
    CarrierConfused,
    CarrierRefused,
    CarrierUnavailable,
    NotFound,
    PageExpired,
)
from tests.carrier.requests_made import asked
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.process

NUMBERS = "IncomingPhoneNumbers"


# --- Reading ---------------------------------------------------------------------------------


def test_pages_bring_every_number_once(sandbox: SandboxProcess) -> None:
    sandbox.reset(numbers=2_500)
    carrier = Carrier(sandbox.acme_sid, sandbox.acme_token)

    pages = [carrier.numbers.page()]
    while pages[-1].next_page:
        pages.append(carrier.numbers.page(pages[-1].next_page))

    assert [len(page.records) for page in pages] == [1000, 1000, 500]
    assert len({record.sid for page in pages for record in page.records}) == 2_500


def test_a_number_is_found_by_its_digits(carrier: Carrier, sandbox: SandboxProcess) -> None:
    [added] = sandbox.add_numbers(numbers=[{"phone_number": "+14155550123"}])

    found = carrier.numbers.find("+14155550123")

    assert found is not None
    assert found.sid == added["sid"]
    assert carrier.numbers.find("+14155550199") is None


def test_a_part_of_a_number_is_not_the_number(carrier: Carrier, sandbox: SandboxProcess) -> None:
    sandbox.add_numbers(numbers=[{"phone_number": "+442079460000"}])

    assert carrier.numbers.find("+44207946000") is None


# --- Changing --------------------------------------------------------------------------------


def test_settings_are_changed_and_unset(carrier: Carrier) -> None:
    number = carrier.numbers.page().records[0]

    changed = carrier.numbers.update(
        number.sid,
        {"voice_url": "https://example.com/voice", "voice_caller_id_lookup": True},
    )
    unset = carrier.numbers.update(number.sid, {"voice_url": None})

    assert changed.twilio["voice_url"] == "https://example.com/voice"
    assert changed.twilio["voice_caller_id_lookup"] is True
    assert unset.twilio["voice_url"] is None


def test_a_released_number_is_gone_and_nothing_has_its_sid(carrier: Carrier) -> None:
    number = carrier.numbers.page().records[0]

    carrier.numbers.release(number.sid)

    with pytest.raises(NotFound):
        carrier.numbers.release(number.sid)
    assert carrier.numbers.find(number.e164) is None


@pytest.mark.parametrize(
    "answer",
    [
        {"incoming_phone_numbers": [{"sid": "PN1", "phone_number": "4155550101"}]},
        {"next_page_uri": "/2010-04-01/Accounts/{sid}/IncomingPhoneNumbers.json?Page=1"},
    ],
)
def test_an_answer_that_may_hide_the_number_does_not_say_that_it_is_gone(
    carrier: Carrier, sandbox: SandboxProcess, answer: dict[str, Any]
) -> None:
    body = {"incoming_phone_numbers": [], "next_page_uri": None} | answer
    sandbox.fault("malformed", body=json.dumps(body).replace("{sid}", carrier.sid))

    with pytest.raises(CarrierConfused, match="clearly"):
        carrier.numbers.find("+14155550101")


def test_a_release_whose_answer_got_lost_is_repeated(
    carrier: Carrier, sandbox: SandboxProcess, settings: Settings
) -> None:
    number = carrier.numbers.page().records[0]
    sandbox.fault("slow", seconds=5, method="DELETE", times=1)
    settings.TWILIO_TIMEOUT_SECONDS = 2

    with pytest.raises(NotFound):  # the first one has done it
        carrier.numbers.release(number.sid)

    assert carrier.numbers.find(number.e164) is None
    assert asked(sandbox, "DELETE") == 2


def test_a_purchase_whose_answer_got_lost_is_not_repeated(
    carrier: Carrier, sandbox: SandboxProcess
) -> None:
    sandbox.fault("reset", method="POST", path=NUMBERS, processed=True)

    bought = carrier.numbers.buy("+15005550006")

    assert bought.e164 == "+15005550006"
    assert asked(sandbox, "POST") == 1


def test_a_purchase_that_never_arrived_is_left_to_the_next_attempt(
    carrier: Carrier, sandbox: SandboxProcess
) -> None:
    sandbox.fault("status", status=503, method="POST", path=NUMBERS, times=1)

    with pytest.raises(CarrierUnavailable):
        carrier.numbers.buy("+15005550006")
    assert asked(sandbox, "POST") == 1

    assert carrier.numbers.buy("+15005550006").e164 == "+15005550006"
    assert asked(sandbox, "POST") == 2


def test_a_number_that_is_here_is_not_bought_again(
    carrier: Carrier, sandbox: SandboxProcess
) -> None:
    number = carrier.numbers.page().records[0]

    assert carrier.numbers.buy(number.e164) == number
    assert asked(sandbox, "POST") == 0


def test_a_number_nobody_can_buy_is_refused_with_twilios_code(carrier: Carrier) -> None:
    with pytest.raises(CarrierRefused) as refused:
        carrier.numbers.buy("+15005550000")

    assert refused.value.twilio_code == 21422
    assert "not available" in refused.value.message
    assert refused.value.request_id.startswith("RQ")
    assert refused.value.trace["twilio_status"] == 400


# --- What Twilio says ------------------------------------------------------------------------


def test_an_expired_page_link_says_so(sandbox: SandboxProcess) -> None:
    sandbox.reset(numbers=1_500)
    carrier = Carrier(sandbox.acme_sid, sandbox.acme_token)
    first = carrier.numbers.page()
    sandbox.control("POST", "page-tokens/expire")

    with pytest.raises(PageExpired):
        carrier.numbers.page(first.next_page)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>Bad gateway</html>",
        '{"incoming_phone_numbers": [',
        "[]",
        "[" * 200_000,
        '{"next_page_uri": null}',
        '{"incoming_phone_numbers": {}, "next_page_uri": null}',
        '{"incoming_phone_numbers": []}',
        '{"incoming_phone_numbers": [], "next_page_uri": 7}',
        '{"incoming_phone_numbers": [], "next_page_uri": NaN}',
    ],
)
def test_an_answer_of_the_wrong_form_is_not_used(
    carrier: Carrier, sandbox: SandboxProcess, body: str
) -> None:
    sandbox.fault("malformed", body=body)

    with pytest.raises(CarrierConfused):
        carrier.numbers.page()


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/2010-04-01/Accounts/{sid}/IncomingPhoneNumbers.json?Page=1",
        "//evil.example/2010-04-01/Accounts/{sid}/IncomingPhoneNumbers.json?Page=1",
        "http://api.twilio.com/2010-04-01/Accounts/{sid}/IncomingPhoneNumbers.json?Page=1",
        "https://api.twilio.com@evil.example/2010-04-01/Accounts/{sid}/IncomingPhoneNumbers.json",
        "/2010-04-01/Accounts/{stranger}/IncomingPhoneNumbers.json?Page=1",
        "/2010-04-01/Accounts/{sid}/IncomingPhoneNumbers.json/../../Messages.json?Page=1",
        "/2010-04-01/Accounts/{sid}/Messages.json?Page=1",
        "/2010-04-01/Accounts/{sid}/IncomingPhoneNumbers.json?Page=1#x",
        "\\\\evil.example\\x",
        "/2010-04-01/Accounts/{sid}/IncomingPhoneNumbers.json?Page=" + "1" * 1000,
    ],
)
def test_a_page_link_that_leads_astray_is_refused(
    carrier: Carrier, sandbox: SandboxProcess, link: str
) -> None:
    link = link.format(sid=sandbox.acme_sid, stranger=sandbox.stranger_sid)
    escaped = link.replace("\\", "\\\\")
    sandbox.fault(
        "malformed", body=f'{{"incoming_phone_numbers": [], "next_page_uri": "{escaped}"}}'
    )

    with pytest.raises(CarrierConfused, match="unexpected place"):
        carrier.numbers.page()
    with pytest.raises(CarrierConfused, match="unexpected place"):
        carrier.numbers.page(link)


@pytest.mark.parametrize("sid", ["", "PN1/../../x?y=1", "AC" + "0" * 32, "PN" + "0" * 32 + "\n"])
def test_what_is_no_number_sid_never_reaches_a_path(
    carrier: Carrier, sandbox: SandboxProcess, sid: str
) -> None:
    for call in (partial(carrier.numbers.update, fields={}), carrier.numbers.release):
        with pytest.raises(ValueError, match="SID"):
            call(sid)
    assert asked(sandbox) == asked(sandbox, "DELETE") == 0


@pytest.mark.parametrize("text", ["", "4155550123", "+1415555*", "+14155550123\n", "+0123456789"])
def test_what_is_no_number_is_not_asked_about(
    carrier: Carrier, sandbox: SandboxProcess, text: str
) -> None:
    with pytest.raises(ValueError, match=r"E\.164"):
        carrier.numbers.buy(text)
    assert asked(sandbox) == 0


def test_an_unknown_setting_is_not_sent(carrier: Carrier) -> None:
    with pytest.raises(KeyError):
        carrier.numbers.update("PN" + "0" * 32, {"account_sid": "AC" + "0" * 32})
