"""Twilio accounts, against the stand-in over real HTTP."""

from __future__ import annotations

import pytest

from carrier import Carrier, CarrierConfused
from config.errors import Invalid
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.process


def test_the_account_says_whose_it_is(carrier: Carrier, sandbox: SandboxProcess) -> None:
    account = carrier.accounts.fetch()

    assert (account.sid, account.owner_sid) == (sandbox.acme_sid, sandbox.main_sid)
    assert account.status == "active"
    assert account.is_subaccount


def test_a_main_account_owns_itself(sandbox: SandboxProcess) -> None:
    assert not Carrier(sandbox.main_sid, sandbox.main_token).accounts.fetch().is_subaccount


def test_an_account_that_answers_for_another_is_not_believed(
    carrier: Carrier, sandbox: SandboxProcess
) -> None:
    other = f'{{"sid": "{sandbox.stranger_sid}", "owner_account_sid": "{sandbox.main_sid}"}}'
    sandbox.fault("malformed", body=other[:-1] + ', "status": "active"}')

    with pytest.raises(CarrierConfused, match="another account"):
        carrier.accounts.fetch()


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
