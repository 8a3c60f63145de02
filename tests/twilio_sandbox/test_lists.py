"""Lists of numbers: pages, links, filters (twilio-facts 1.1, 1.3)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from twilio.base.exceptions import TwilioException
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.process


def get(sandbox: SandboxProcess, uri: str) -> dict[str, Any]:
    answer = requests.get(
        f"{sandbox.url}/api{uri}", auth=(sandbox.acme_sid, sandbox.acme_token), timeout=10
    )
    answer.raise_for_status()
    page: dict[str, Any] = answer.json()
    return page


def numbers_uri(sandbox: SandboxProcess, query: str = "") -> str:
    return f"/2010-04-01/Accounts/{sandbox.acme_sid}/IncomingPhoneNumbers.json{query}"


def refused_code(error: pytest.ExceptionInfo[TwilioException]) -> int:
    code: int = json.loads(error.value.args[1].text)["code"]
    return code


def test_2500_numbers_come_in_pages_without_loss_or_repetition(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    sandbox.add_numbers(2500 - 27)

    numbers = acme_client.incoming_phone_numbers.list(page_size=1000)

    assert len(numbers) == 2500
    assert len({number.sid for number in numbers}) == 2500
    assert len({number.phone_number for number in numbers}) == 2500
    asked = [r["query"] for r in sandbox.recent_requests()]
    assert [(q["PageSize"], q.get("Page")) for q in asked] == [
        ("1000", None),
        ("1000", "1"),
        ("1000", "2"),
    ]


def test_the_envelope_is_twilios(sandbox: SandboxProcess) -> None:
    first = get(sandbox, numbers_uri(sandbox, "?PageSize=10"))
    second = get(sandbox, first["next_page_uri"])
    third = get(sandbox, second["next_page_uri"])

    assert (first["page"], first["page_size"], first["start"], first["end"]) == (0, 10, 0, 9)
    assert (second["page"], second["start"], second["end"]) == (1, 10, 19)
    assert (third["page"], third["start"], third["end"]) == (2, 20, 26)
    assert first["previous_page_uri"] is None
    assert third["next_page_uri"] is None
    assert len(third["incoming_phone_numbers"]) == 7
    assert first["uri"] == first["first_page_uri"] == third["first_page_uri"]
    assert second["uri"] == first["next_page_uri"]
    query = parse_qs(urlsplit(first["next_page_uri"]).query)
    assert query["Page"] == ["1"]
    assert query["PageToken"][0].startswith("PA")


def test_the_way_back_shows_the_same_page(sandbox: SandboxProcess) -> None:
    first = get(sandbox, numbers_uri(sandbox, "?PageSize=10"))
    third = get(sandbox, get(sandbox, first["next_page_uri"])["next_page_uri"])

    back = get(sandbox, get(sandbox, third["previous_page_uri"])["previous_page_uri"])

    assert back["incoming_phone_numbers"] == first["incoming_phone_numbers"]
    assert back["page"] == 0


def test_fifty_is_the_default_and_a_thousand_the_most(sandbox: SandboxProcess) -> None:
    sandbox.add_numbers(40)

    assert len(get(sandbox, numbers_uri(sandbox))["incoming_phone_numbers"]) == 50
    for size in ("0", "1001", "-1", "ten"):
        with pytest.raises(requests.HTTPError) as refused:
            get(sandbox, numbers_uri(sandbox, f"?PageSize={size}"))
        assert refused.value.response.status_code == 400
        assert refused.value.response.json()["code"] == 20001


def test_an_empty_account_has_an_empty_page(sandbox: SandboxProcess) -> None:
    sandbox.reset(numbers=0)

    page = get(sandbox, numbers_uri(sandbox))

    assert page["incoming_phone_numbers"] == []
    assert (page["start"], page["end"], page["next_page_uri"]) == (0, 0, None)


def test_filters_stay_in_the_links(sandbox: SandboxProcess) -> None:
    page = get(sandbox, numbers_uri(sandbox, "?PhoneNumber=%2B1&PageSize=5"))

    assert "PhoneNumber=%2B1&PageSize=5&Page=1&PageToken=PA" in page["next_page_uri"]
    following = get(sandbox, page["next_page_uri"])["incoming_phone_numbers"]
    assert len(following) == 5
    assert all(number["phone_number"].startswith("+1") for number in following)


@pytest.mark.parametrize(
    "token",
    ["PA", "PAxyz", "PA" + "0" * 32, "XX" + "0" * 32],
)
def test_a_page_token_that_was_never_given_is_refused(sandbox: SandboxProcess, token: str) -> None:
    with pytest.raises(requests.HTTPError) as refused:
        get(sandbox, numbers_uri(sandbox, f"?Page=1&PageToken={token}"))

    assert refused.value.response.status_code == 400
    assert refused.value.response.json()["code"] == 21481


def test_a_token_of_another_list_is_refused(sandbox: SandboxProcess) -> None:
    first = get(sandbox, numbers_uri(sandbox, "?PageSize=10"))
    elsewhere = first["next_page_uri"].replace("Numbers.json", "Numbers/Local.json")

    with pytest.raises(requests.HTTPError) as refused:
        get(sandbox, elsewhere)

    assert refused.value.response.json()["code"] == 21481


def test_a_page_number_without_its_token_is_refused(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    with pytest.raises(TwilioException) as refused:
        acme_client.incoming_phone_numbers.page(page_number=1, page_size=10)

    assert refused_code(refused) == 21481


def test_the_list_of_accounts_refuses_it_with_a_code_of_its_own(parent_client: Client) -> None:
    with pytest.raises(TwilioException) as refused:
        parent_client.api.accounts.page(page_number=2, page_size=1)
    first = parent_client.api.accounts.page(page_number=0, page_size=1)

    assert refused_code(refused) == 70002
    assert len(list(parent_client.api.accounts.get_page(first.next_page_url))) == 1


def test_a_number_released_between_two_pages_makes_no_other_one_disappear(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    first = get(sandbox, numbers_uri(sandbox, "?PageSize=10"))
    acme_client.incoming_phone_numbers(first["incoming_phone_numbers"][4]["sid"]).delete()
    sandbox.add_numbers(3)

    second = get(sandbox, first["next_page_uri"])

    shown = first["incoming_phone_numbers"] + second["incoming_phone_numbers"]
    assert len({number["sid"] for number in shown}) == 20


def test_the_filter_by_name_is_exact(acme_client: Client) -> None:
    found = acme_client.incoming_phone_numbers.list(friendly_name="San Francisco main line")

    assert [number.friendly_name for number in found] == ["San Francisco main line"]
    assert acme_client.incoming_phone_numbers.list(friendly_name="San Francisco") == []


def test_the_filter_by_digits_finds_parts_and_wildcards(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    everything = acme_client.incoming_phone_numbers.list(page_size=1000)
    wanted = next(n.phone_number for n in everything if str(n.phone_number).startswith("+1415"))
    assert wanted is not None

    def digits(pattern: str) -> list[str | None]:
        found = acme_client.incoming_phone_numbers.list(phone_number=pattern)
        return [number.phone_number for number in found]

    assert digits(wanted) == [wanted]
    assert digits(wanted[1:]) == [wanted]
    assert digits("+1415*******") == [wanted]
    assert digits(wanted[2:5] + "***" + wanted[8:]) == [wanted]
    assert len(digits("+44")) == 2
    assert digits("+999") == []


def test_a_strangers_number_is_not_found(sandbox: SandboxProcess, acme_client: Client) -> None:
    client = sandbox.client(sandbox.stranger_sid, sandbox.stranger_token)
    theirs = client.incoming_phone_numbers.list()[0].phone_number

    assert theirs is not None
    assert acme_client.incoming_phone_numbers.list(phone_number=theirs) == []


def test_the_lists_by_type_share_the_numbers_out(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    numbers = acme_client.incoming_phone_numbers
    local = {n.sid for n in numbers.local.list(page_size=1000)}
    mobile = {n.sid for n in numbers.mobile.list(page_size=1000)}
    toll_free = {n.sid for n in numbers.toll_free.list(page_size=1000)}

    assert len(mobile) == 1
    assert len(toll_free) == 4
    assert local | mobile | toll_free == {n.sid for n in numbers.list(page_size=1000)}
    assert len(local) + len(mobile) + len(toll_free) == 27


def test_numbers_are_filtered_by_origin_and_beta(
    sandbox: SandboxProcess, acme_client: Client
) -> None:
    sandbox.add_numbers(
        numbers=[
            {"phone_number": "+14155559901", "origin": "hosted"},
            {"phone_number": "+14155559902", "beta": True},
        ]
    )

    def found(**filters: Any) -> set[str | None]:
        listed = acme_client.incoming_phone_numbers.list(page_size=1000, **filters)
        return {number.phone_number for number in listed}

    assert found(origin="hosted") == {"+14155559901"}
    assert len(found(origin="twilio")) == 28
    assert found() - found(beta=False) == {"+14155559902"}
    assert found(beta=True) == found()


def test_numbers_of_any_country_are_listed(sandbox: SandboxProcess, acme_client: Client) -> None:
    # S0-5: the import takes whatever Twilio has
    sandbox.add_numbers(numbers=[{"phone_number": "+493012345678"}])

    number = acme_client.incoming_phone_numbers.list(phone_number="+493012345678")[0]

    assert number.friendly_name == "+493012345678"


def test_a_page_token_works_for_a_day(sandbox: SandboxProcess) -> None:
    following = get(sandbox, numbers_uri(sandbox, "?PageSize=10"))["next_page_uri"]

    sandbox.forward(hours=23)
    still = get(sandbox, following)
    sandbox.forward(hours=3)
    url = f"{sandbox.url}/api{following}"
    late = requests.get(url, auth=(sandbox.acme_sid, sandbox.acme_token), timeout=5)

    assert len(still["incoming_phone_numbers"]) == 10
    assert (late.status_code, late.json()["code"]) == (400, 21481)
