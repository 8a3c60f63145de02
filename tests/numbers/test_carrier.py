"""The door to Twilio, against the stand-in over real HTTP."""

from __future__ import annotations

import logging
import time
from functools import partial

import pytest
from django.db import transaction
from pytest_django import Settings

from config.errors import Invalid
from numbers.carrier import (
    AccountInactive,
    Carrier,
    CarrierAuthFailed,
    CarrierConfused,
    CarrierRefused,
    CarrierUnavailable,
    NotFound,
    PageExpired,
)
from numbers.carrier.http import ForbiddenHost
from numbers.models import Connection
from tests.sandbox_process import SandboxProcess

pytestmark = [pytest.mark.process, pytest.mark.django_db]

NUMBERS = "IncomingPhoneNumbers"


def asked(sandbox: SandboxProcess, method: str = "GET") -> int:
    """How many requests of a method reached the stand-in."""
    return sum(row["count"] for row in sandbox.requests() if row["method"] == method)


# --- Reading ---------------------------------------------------------------------------------


def test_the_account_says_whose_it_is(carrier: Carrier, sandbox: SandboxProcess) -> None:
    account = carrier.fetch_account()

    assert (account.sid, account.owner_sid) == (sandbox.acme_sid, sandbox.main_sid)
    assert account.status == "active"
    assert account.is_subaccount


def test_a_main_account_owns_itself(sandbox: SandboxProcess) -> None:
    assert not Carrier(sandbox.main_sid, sandbox.main_token).fetch_account().is_subaccount


def test_pages_bring_every_number_once(sandbox: SandboxProcess) -> None:
    sandbox.reset(numbers=2_500)
    carrier = Carrier(sandbox.acme_sid, sandbox.acme_token)

    pages = [carrier.page()]
    while pages[-1].next_page:
        pages.append(carrier.page(pages[-1].next_page))

    assert [len(page.records) for page in pages] == [1000, 1000, 500]
    assert len({record.sid for page in pages for record in page.records}) == 2_500


def test_a_number_is_found_by_its_digits(carrier: Carrier, sandbox: SandboxProcess) -> None:
    [added] = sandbox.add_numbers(numbers=[{"phone_number": "+14155550123"}])

    found = carrier.find_number("+14155550123")

    assert found is not None
    assert found.sid == added["sid"]
    assert carrier.find_number("+14155550199") is None


def test_a_part_of_a_number_is_not_the_number(carrier: Carrier, sandbox: SandboxProcess) -> None:
    sandbox.add_numbers(numbers=[{"phone_number": "+442079460000"}])

    assert carrier.find_number("+44207946000") is None


# --- Changing --------------------------------------------------------------------------------


def test_settings_are_changed_and_unset(carrier: Carrier) -> None:
    number = carrier.page().records[0]

    changed = carrier.update_number(
        number.sid,
        {"voice_url": "https://example.com/voice", "voice_caller_id_lookup": True},
    )
    unset = carrier.update_number(number.sid, {"voice_url": None})

    assert changed.twilio["voice_url"] == "https://example.com/voice"
    assert changed.twilio["voice_caller_id_lookup"] is True
    assert unset.twilio["voice_url"] is None


def test_a_released_number_is_gone_and_releasing_it_again_is_fine(carrier: Carrier) -> None:
    number = carrier.page().records[0]

    carrier.release_number(number.sid)
    carrier.release_number(number.sid)

    assert carrier.find_number(number.e164) is None


def test_a_release_whose_answer_got_lost_is_repeated(
    carrier: Carrier, sandbox: SandboxProcess, settings: Settings
) -> None:
    number = carrier.page().records[0]
    sandbox.fault("slow", seconds=2, method="DELETE", times=1)
    settings.TWILIO_TIMEOUT_SECONDS = 0.3

    carrier.release_number(number.sid)

    assert carrier.find_number(number.e164) is None
    assert asked(sandbox, "DELETE") == 2


def test_a_purchase_whose_answer_got_lost_is_not_repeated(
    carrier: Carrier, sandbox: SandboxProcess
) -> None:
    sandbox.fault("reset", method="POST", path=NUMBERS, processed=True)

    bought = carrier.buy_number("+15005550006")

    assert bought.e164 == "+15005550006"
    assert asked(sandbox, "POST") == 1


def test_a_purchase_that_never_arrived_is_left_to_the_next_attempt(
    carrier: Carrier, sandbox: SandboxProcess
) -> None:
    sandbox.fault("status", status=503, method="POST", path=NUMBERS, times=1)

    with pytest.raises(CarrierUnavailable):
        carrier.buy_number("+15005550006")
    assert asked(sandbox, "POST") == 1

    assert carrier.buy_number("+15005550006").e164 == "+15005550006"
    assert asked(sandbox, "POST") == 2


def test_a_number_that_is_here_is_not_bought_again(
    carrier: Carrier, sandbox: SandboxProcess
) -> None:
    number = carrier.page().records[0]

    assert carrier.buy_number(number.e164) == number
    assert asked(sandbox, "POST") == 0


def test_a_number_nobody_can_buy_is_refused_with_twilios_code(carrier: Carrier) -> None:
    with pytest.raises(CarrierRefused) as refused:
        carrier.buy_number("+15005550000")

    assert refused.value.twilio_code == 21422
    assert "not available" in refused.value.message
    assert refused.value.request_id.startswith("RQ")
    assert refused.value.trace["twilio_status"] == 400


# --- Trouble ---------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_burst_of_errors_is_waited_out(
    carrier: Carrier, sandbox: SandboxProcess, status: int
) -> None:
    sandbox.fault("status", status=status, times=3)

    assert len(carrier.page().records) == 27
    assert asked(sandbox) == 4


def test_twilios_wish_for_a_pause_is_honored(carrier: Carrier, sandbox: SandboxProcess) -> None:
    sandbox.fault("status", status=429, times=1, retry_after=1)
    started = time.monotonic()

    carrier.page()

    assert time.monotonic() - started >= 1


def test_a_pause_longer_than_we_may_wait_ends_the_call_at_once(
    carrier: Carrier, sandbox: SandboxProcess
) -> None:
    sandbox.fault("status", status=429, retry_after=600)
    started = time.monotonic()

    with pytest.raises(CarrierUnavailable, match="too much at once") as error:
        carrier.page()

    assert time.monotonic() - started < 1
    assert (error.value.twilio_code, error.value.twilio_status) == (20429, 429)


def test_errors_without_end_are_given_up_in_time(
    carrier: Carrier, sandbox: SandboxProcess, settings: Settings
) -> None:
    settings.TWILIO_RETRY_SECONDS = 1
    sandbox.fault("status", status=503)
    started = time.monotonic()

    with pytest.raises(CarrierUnavailable, match="problem of its own"):
        carrier.page()

    assert time.monotonic() - started < 2
    assert asked(sandbox) > 1


def test_a_hang_ends_at_the_time_limit(sandbox: SandboxProcess, settings: Settings) -> None:
    settings.TWILIO_TIMEOUT_SECONDS, settings.TWILIO_RETRY_SECONDS = 0.3, 1
    sandbox.fault("slow", seconds=5)
    started = time.monotonic()

    with pytest.raises(CarrierUnavailable, match="no answer in time"):
        Carrier(sandbox.acme_sid, sandbox.acme_token).page()

    assert time.monotonic() - started < 2


def test_one_slow_answer_is_asked_for_again(sandbox: SandboxProcess, settings: Settings) -> None:
    settings.TWILIO_TIMEOUT_SECONDS = 0.3
    sandbox.fault("slow", seconds=2, times=1)

    assert len(Carrier(sandbox.acme_sid, sandbox.acme_token).page().records) == 27


def test_a_connection_cut_in_the_middle_is_asked_for_again(
    carrier: Carrier, sandbox: SandboxProcess
) -> None:
    sandbox.fault("reset", times=2)

    assert len(carrier.page().records) == 27


def test_a_twilio_that_is_not_there_is_unavailable(
    sandbox: SandboxProcess, settings: Settings
) -> None:
    settings.TWILIO_BASE_URL = "http://127.0.0.1:9"
    settings.TWILIO_RETRY_SECONDS = 0.5

    with pytest.raises(CarrierUnavailable, match="could not be reached"):
        Carrier(sandbox.acme_sid, sandbox.acme_token).page()


def test_a_wrong_token_is_not_tried_twice(sandbox: SandboxProcess) -> None:
    with pytest.raises(CarrierAuthFailed) as error:
        Carrier(sandbox.acme_sid, "0" * 32).page()

    assert error.value.twilio_code == 20003
    assert asked(sandbox) == 1


def test_a_suspended_account_is_a_refusal_of_its_own(
    carrier: Carrier, sandbox: SandboxProcess
) -> None:
    sandbox.suspend()

    with pytest.raises(AccountInactive, match="suspended or closed"):
        carrier.page()
    assert carrier.fetch_account().status == "suspended"


@pytest.mark.parametrize("code", [10001, 20005, 20403])
def test_every_code_for_an_inactive_account_is_known(
    carrier: Carrier, sandbox: SandboxProcess, code: int
) -> None:
    sandbox.fault("status", status=403, code=code)

    with pytest.raises(AccountInactive):
        carrier.page()


def test_an_unknown_refusal_carries_twilios_own_words(
    carrier: Carrier, sandbox: SandboxProcess
) -> None:
    sandbox.fault("status", status=400, code=29999, message="The moon is in the wrong house.")

    with pytest.raises(CarrierRefused, match=r"The moon is in the wrong house\. \(.*29999\)"):
        carrier.page()


def test_an_unknown_account_is_not_found(carrier: Carrier, sandbox: SandboxProcess) -> None:
    sandbox.fault("status", status=404)

    with pytest.raises(NotFound):
        carrier.fetch_account()


def test_an_expired_page_link_says_so(sandbox: SandboxProcess) -> None:
    sandbox.reset(numbers=1_500)
    carrier = Carrier(sandbox.acme_sid, sandbox.acme_token)
    first = carrier.page()
    sandbox.control("POST", "page-tokens/expire")

    with pytest.raises(PageExpired):
        carrier.page(first.next_page)


def test_a_redirect_is_not_followed(carrier: Carrier, sandbox: SandboxProcess) -> None:
    sandbox.fault("status", status=302)

    with pytest.raises(CarrierConfused, match="302"):
        carrier.page()
    assert asked(sandbox) == 1


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
        '{"incoming_phone_numbers": [null], "next_page_uri": null}',
        '{"incoming_phone_numbers": [{}], "next_page_uri": null}',
        '{"incoming_phone_numbers": [{"sid": 1, "phone_number": 2}], "next_page_uri": null}',
        '{"incoming_phone_numbers": [{"sid": "PN%s", "phone_number": "anonymous"}],'
        ' "next_page_uri": null}' % ("a" * 32),
    ],
)
def test_an_answer_of_the_wrong_form_is_not_used(
    carrier: Carrier, sandbox: SandboxProcess, body: str
) -> None:
    sandbox.fault("malformed", body=body)

    with pytest.raises(CarrierConfused):
        carrier.page()


def test_an_account_that_answers_for_another_is_not_believed(
    carrier: Carrier, sandbox: SandboxProcess
) -> None:
    other = f'{{"sid": "{sandbox.stranger_sid}", "owner_account_sid": "{sandbox.main_sid}"}}'
    sandbox.fault("malformed", body=other[:-1] + ', "status": "active"}')

    with pytest.raises(CarrierConfused, match="another account"):
        carrier.fetch_account()


# --- Where requests may lead -----------------------------------------------------------------


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
        carrier.page()
    with pytest.raises(CarrierConfused, match="unexpected place"):
        carrier.page(link)


@pytest.mark.parametrize(
    "sid",
    [
        "",
        "PN" + "0" * 32,
        "AC" + "0" * 31,
        "AC" + "0" * 32 + "\n",
        "AC1/../../x?y=1",
        "AC" + "g" * 32,
    ],
)
def test_what_is_no_account_sid_never_reaches_a_path(sid: str) -> None:
    with pytest.raises(Invalid) as error:
        Carrier(sid, "0" * 32)
    assert list(error.value.errors) == ["sid"]


@pytest.mark.parametrize("token", ["", "two words", "token\r\nX-Evil: 1", "ключ", "a" * 101])
def test_what_is_no_token_never_reaches_a_header(token: str) -> None:
    with pytest.raises(Invalid) as error:
        Carrier("AC" + "0" * 32, token)
    assert list(error.value.errors) == ["token"]


@pytest.mark.parametrize("sid", ["", "PN1/../../x?y=1", "AC" + "0" * 32, "PN" + "0" * 32 + "\n"])
def test_what_is_no_number_sid_never_reaches_a_path(
    carrier: Carrier, sandbox: SandboxProcess, sid: str
) -> None:
    for call in (partial(carrier.update_number, fields={}), carrier.release_number):
        with pytest.raises(ValueError, match="SID"):
            call(sid)
    assert asked(sandbox) == asked(sandbox, "DELETE") == 0


@pytest.mark.parametrize("text", ["", "4155550123", "+1415555*", "+14155550123\n", "+0123456789"])
def test_what_is_no_number_is_not_asked_about(
    carrier: Carrier, sandbox: SandboxProcess, text: str
) -> None:
    with pytest.raises(ValueError, match=r"E\.164"):
        carrier.buy_number(text)
    assert asked(sandbox) == 0


def test_an_unknown_setting_is_not_sent(carrier: Carrier) -> None:
    with pytest.raises(KeyError):
        carrier.update_number("PN" + "0" * 32, {"account_sid": "AC" + "0" * 32})


def test_tests_reach_this_machine_only(settings: Settings) -> None:
    for base in ("", "http://192.0.2.1:8001", "https://twilio.example"):
        settings.TWILIO_BASE_URL = base

        with pytest.raises(ForbiddenHost):
            Carrier("AC" + "0" * 32, "0" * 32).fetch_account()


def test_a_stand_in_on_this_machine_is_not_asked_through_a_proxy(
    sandbox: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    assert len(Carrier(sandbox.acme_sid, sandbox.acme_token).page().records) == 27


def test_no_host_but_twilios_is_asked(carrier: Carrier) -> None:
    with pytest.raises(ForbiddenHost):
        carrier._client.request("GET", "https://api.twilio.com.evil.example/x")


def test_another_twilio_host_is_routed_by_its_first_label(
    carrier: Carrier, sandbox: SandboxProcess
) -> None:
    carrier._client.request("GET", "https://numbers.twilio.com/v1/Porting/PortIn?Size=1")

    assert sandbox.recent_requests()[-1]["path"] == "/numbers/v1/Porting/PortIn"


# --- Discretion ------------------------------------------------------------------------------


def test_the_token_shows_nowhere(carrier: Carrier, sandbox: SandboxProcess) -> None:
    assert sandbox.acme_token not in repr(carrier) + str(vars(carrier))


def test_logs_hold_no_number_and_no_token(
    carrier: Carrier, sandbox: SandboxProcess, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.fault("reset", times=1)
    caplog.set_level(logging.DEBUG, "numbers")
    caplog.set_level(logging.DEBUG, "twilio.http_client")

    carrier.find_number("+14155550123")

    assert "asking again" in caplog.text
    assert "4155550123" not in caplog.text
    assert sandbox.acme_token not in caplog.text


def test_an_error_carries_no_number_and_no_token(
    sandbox: SandboxProcess, settings: Settings
) -> None:
    settings.TWILIO_BASE_URL, settings.TWILIO_RETRY_SECONDS = "http://127.0.0.1:9", 0.1

    with pytest.raises(CarrierUnavailable) as error:
        Carrier(sandbox.acme_sid, sandbox.acme_token).find_number("+14155550123")

    assert error.value.__cause__ is None
    assert "4155550123" not in str(error.value)


# --- Transactions ----------------------------------------------------------------------------


def test_twilio_is_not_asked_inside_a_transaction(
    carrier: Carrier, connection: Connection, sandbox: SandboxProcess
) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a database transaction"):
        carrier.page()

    assert asked(sandbox) == 0
