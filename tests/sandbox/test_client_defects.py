"""What the official client gets wrong (twilio-facts 9.3, 9.4): red here means it was repaired.

Our own code works around each of these; a test that fails says that the detour can go.
"""

from __future__ import annotations

import json

import pytest
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.process


@pytest.mark.parametrize("status", [401, 429, 503])
def test_a_list_raises_an_error_without_code_and_status(
    sandbox: SandboxProcess, acme_client: Client, status: int
) -> None:
    sandbox.fault("status", status=status)

    with pytest.raises(TwilioException) as caught:
        acme_client.incoming_phone_numbers.list()

    assert not isinstance(caught.value, TwilioRestException)
    assert not hasattr(caught.value, "code")
    assert caught.value.args[1].status_code == status
    assert json.loads(caught.value.args[1].text)["status"] == status


def test_a_limit_is_sent_as_a_page_size_beyond_the_maximum(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    with pytest.raises(TwilioException) as caught:
        acme_client.incoming_phone_numbers.list(limit=5000)

    assert sandbox.recent_requests()[-1]["query"]["PageSize"] == "5000"
    assert json.loads(caught.value.args[1].text)["code"] == 20001


def test_a_limit_of_none_at_all_reads_everything(acme_client: Client) -> None:
    assert len(acme_client.incoming_phone_numbers.list(limit=0)) == 27


def test_parts_of_a_path_are_not_encoded(sandbox: SandboxProcess, acme_client: Client) -> None:
    with pytest.raises(TwilioRestException):
        acme_client.incoming_phone_numbers("PN1/../../x?y=1").fetch()

    asked = sandbox.recent_requests()[-1]
    assert asked["path"] == f"/api/2010-04-01/Accounts/{sandbox.acme_sid}/x"
    assert asked["query"] == {"y": "1.json"}


@pytest.mark.parametrize("status", [429, 503])
def test_nothing_is_tried_again(sandbox: SandboxProcess, acme_client: Client, status: int) -> None:
    number = acme_client.incoming_phone_numbers.list(limit=1)[0]
    sandbox.clear_requests()
    sandbox.fault("status", status=status, times=1, retry_after=0)

    with pytest.raises(TwilioRestException) as caught:
        number.fetch()

    assert caught.value.status == status
    assert sum(request["count"] for request in sandbox.requests()) == 1


def test_there_is_no_time_limit_unless_one_is_given() -> None:
    assert TwilioHttpClient().timeout is None


def test_an_error_names_a_relative_path_and_prefixes_its_text(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    with pytest.raises(TwilioRestException) as caught:
        acme_client.incoming_phone_numbers("PN" + "0" * 32).fetch()

    assert caught.value.uri.startswith(f"/Accounts/{sandbox.acme_sid}/")
    assert caught.value.msg.startswith("Unable to fetch record: ")
