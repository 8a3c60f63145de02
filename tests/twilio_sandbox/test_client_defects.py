"""What the official client gets wrong (twilio-facts 9.3, 9.4): red here means it was repaired.

Our own code works around each of these; a test that fails says that the detour can go.
"""

from __future__ import annotations

import asyncio
import json

import pytest
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.contract.scenes import Scene
from tests.twilio_sandbox.ports import LANDLINE, TOLL_FREE, body, create, post

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


# Port-in requests


def test_port_in_requests_cannot_be_listed(sandbox: SandboxProcess, acme_client: Client) -> None:
    post(sandbox)  # 9.4 a

    with pytest.raises(TwilioException, match="can not be deserialized"):
        acme_client.numbers.v1.porting_all_port_ins.list(limit=5)

    raw = acme_client.request(
        "GET", "https://numbers.twilio.com/v1/Porting/PortIn/PortInRequests", params={"Size": 100}
    )
    assert len(json.loads(raw.text)["port_in_requests"]) == 1


# 9.4 b; and 9.4 h: it uses what aiohttp has deprecated
@pytest.mark.filterwarnings("ignore:BasicAuth is deprecated")
@pytest.mark.filterwarnings("ignore:The 'auth' parameter is deprecated")
def test_the_asynchronous_client_sends_a_form_as_json(sandbox: SandboxProcess) -> None:
    async def configure() -> tuple[int, str]:
        transport = AsyncTwilioHttpClient()
        answer = await transport.request(
            "POST",
            f"{sandbox.url}/numbers/v1/Porting/Configuration/Webhook",
            data={"port_in_target_url": "https://example.com/"},
            headers={"Content-Type": "application/json"},
            auth=(sandbox.main_sid, sandbox.main_token),
        )
        await transport.close()
        return answer.status_code, answer.text

    status, text = asyncio.run(configure())

    assert status == 400
    assert json.loads(text)["message"] == "The body is not JSON"


def test_the_reason_of_a_400_is_lost(sandbox: SandboxProcess, acme_client: Client) -> None:
    sandbox.control("POST", "switches", {"not_portable_status": "400"})  # 9.4 c

    with pytest.raises(TwilioRestException) as caught:
        acme_client.numbers.v1.porting_portabilities(TOLL_FREE).fetch()

    assert (caught.value.status, caught.value.code) == (400, 400)
    assert "MANUAL_PORTING_AVAILABLE" not in str(caught.value)


def test_a_plain_dict_is_not_taken(sandbox: SandboxProcess, acme_client: Client) -> None:
    with pytest.raises(AttributeError, match="to_dict"):  # 9.4 d
        acme_client.numbers.v1.porting_port_ins.create(body(sandbox))


def test_nulls_are_dropped_at_every_depth(sandbox: SandboxProcess) -> None:
    scene = Scene(sandbox)  # 9.4 f

    create(scene.client, body(sandbox, {"phone_number": LANDLINE, "pin": None}))
    scene.transport.close()

    assert scene.transport.exchanges[-1].data["phone_numbers"] == [{"phone_number": LANDLINE}]


def test_an_error_of_the_new_kind_is_another_class(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    number = acme_client.incoming_phone_numbers("PN" + "0" * 32)  # 9.4 g
    problem = {"type": "about:blank", "title": "Not found", "status": 404, "code": 20404}
    sandbox.fault("malformed", body=json.dumps(problem))

    with pytest.raises(TwilioServiceException) as caught:
        number.fetch()

    assert not isinstance(caught.value, TwilioRestException)
