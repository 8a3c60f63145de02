"""The rehearsal room, as a browser without JavaScript sees it."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from twilio.rest import Client

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox.visitor import Visitor

pytestmark = pytest.mark.process

SECTIONS = (
    *("taken", "ports", "carriers", "snap-port", "mails", "messages", "registrations"),
    *("calls", "webhooks", "alerts", "requests", "faults", "switches", "state"),
)
PAGES = ("", *(f"room/{section}" for section in SECTIONS))
HOSTILE = "</title></option><script>alert('x')</script>\"onclick='y' &amp; <b>\u2028é\U0001f600"


@pytest.fixture
def visitor(sandbox: SandboxProcess) -> Visitor:
    return Visitor(sandbox.url)


@pytest.fixture
def acme_page(sandbox: SandboxProcess) -> str:
    return f"room/accounts/{sandbox.acme_sid}"


def first_number(sandbox: SandboxProcess) -> tuple[str, str]:
    """(path of the page, phone number) of Acme's newest number."""
    number = sandbox.client().incoming_phone_numbers.list(limit=1)[0]
    return f"room/accounts/{sandbox.acme_sid}/numbers/{number.sid}", str(number.phone_number)


# Every page


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_whole(visitor: Visitor, path: str) -> None:
    page = visitor.open(path)

    assert visitor.status == 200
    assert page.tags.count("main") == page.tags.count("title") == 1
    assert "#main" in page.links


@pytest.mark.parametrize("path", PAGES)
def test_every_page_of_an_empty_world_is_whole(
    sandbox: SandboxProcess, visitor: Visitor, path: str
) -> None:
    world = sandbox.control("GET", "world")
    world["tables"] = {kind: [] for kind in world["tables"]}
    sandbox.control("POST", "world", world | {"roles": {}})

    visitor.open(path)

    assert visitor.status == 200


def test_the_navigation_leads_to_pages_only(visitor: Visitor) -> None:
    links = [link for link in visitor.open("").links if link.startswith("/_sandbox/")]

    statuses = set()
    for link in links:
        visitor.open(link)
        statuses.add(visitor.status)
    assert statuses == {200}


@pytest.mark.parametrize(
    ("path", "entry"),
    [
        ("", "Overview"),
        ("room/ports", "Ports"),
        ("room/snap-port", "Ports"),
        ("room/phones/+12025550123", "Messages"),
        ("room/switches?q=1", "Switches"),
    ],
)
def test_the_navigation_says_where_one_is(visitor: Visitor, path: str, entry: str) -> None:
    visitor.open(path)

    _, _, rest = visitor.html.partition('aria-label="Main"')
    assert re.findall('aria-current="page">([^<]+)', rest.partition("</nav>")[0]) == [entry]


@pytest.mark.parametrize(
    "path", ["room/nothing", "room/accounts/AC1", "room/webhooks/WH1", "room/files/../site.py"]
)
def test_what_is_not_there_is_a_page_that_says_so(visitor: Visitor, path: str) -> None:
    if "files" in path:
        answer = requests.get(f"{visitor.base}/_sandbox/{path}", timeout=5)
        assert answer.status_code == 404
        return
    page = visitor.open(path)

    assert visitor.status == 404
    assert page.headings == ["Not here"]


@pytest.mark.parametrize("path", ["/", "/_sandbox"])
def test_the_address_alone_leads_to_the_room(sandbox: SandboxProcess, path: str) -> None:
    answer = requests.get(f"{sandbox.url}{path}", timeout=5)

    assert answer.url == f"{sandbox.url}/_sandbox/"


def test_styles_and_scripts_are_there_and_nothing_else_is_loaded(visitor: Visitor) -> None:
    visitor.open("")

    policy = visitor.session.get(visitor.url, timeout=5).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for name, kind in (("css/tokens.css", "text/css"), ("room.js", "text/javascript")):
        assert f"/_sandbox/room/files/{name}" in visitor.html
        answer = visitor.session.get(f"{visitor.base}/_sandbox/room/files/{name}", timeout=5)
        assert answer.headers["Content-Type"].startswith(kind)


# Strangers


def test_another_name_for_this_machine_gets_no_page(sandbox: SandboxProcess) -> None:
    headers = {"Host": "evil.example"}

    answer = requests.get(f"{sandbox.url}/_sandbox/", headers=headers, timeout=5)

    assert answer.status_code == 403
    assert sandbox.acme_token not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=lambda headers: next(iter(headers.values())),
)
@pytest.mark.parametrize("path", ["room/faults", "faults"])
def test_another_sites_page_changes_nothing(
    sandbox: SandboxProcess, headers: dict[str, str], path: str
) -> None:
    body = {"do": "inject", "kind": "status"} if "room" in path else '{"kind": "status"}'

    answer = requests.post(f"{sandbox.url}/_sandbox/{path}", data=body, headers=headers, timeout=5)

    assert answer.status_code == 403
    assert sandbox.control("GET", "faults") == {"faults": []}


def test_names_and_settings_are_shown_as_text(
    sandbox: SandboxProcess, visitor: Visitor, acme_page: str
) -> None:
    account = sandbox.add_account(HOSTILE)
    sandbox.add_numbers(numbers=[{"phone_number": "+14155559900", "friendly_name": HOSTILE}])
    number = first_number(sandbox)[0]
    paths = ["", acme_page, number, f"room/accounts/{account['sid']}"]

    for path in [*paths, f"{acme_page}?q={HOSTILE}", "room/faults"]:
        visitor.open(path)
        assert "<script>alert" not in visitor.html
    assert HOSTILE in visitor.open(f"room/accounts/{account['sid']}").texts


def test_what_no_encoding_knows_is_shown_all_the_same(
    sandbox: SandboxProcess, visitor: Visitor
) -> None:
    sandbox.add_account("half a \ud800 pair")

    assert "half a ? pair" in visitor.open("").text


# The clock


@pytest.mark.parametrize(
    ("button", "seconds"),
    [("+1 min", 60), ("+1 h", 3600), ("+1 day", 86_400), ("+10 days", 864_000)],
)
def test_every_page_forwards_the_clock_and_stays(
    sandbox: SandboxProcess, visitor: Visitor, acme_page: str, button: str, seconds: int
) -> None:
    visitor.open(f"{acme_page}?tab=released")
    before = sandbox.now()

    visitor.submit("forward", button=button)

    ahead = sandbox.now() - before
    assert abs(ahead - timedelta(seconds=seconds)) < timedelta(seconds=30)
    assert visitor.url.startswith(f"{visitor.base}/_sandbox/{acme_page}?tab=released&note=")
    assert visitor.told("The clock was moved")


def test_what_was_done_is_told_once(visitor: Visitor) -> None:
    visitor.open("")
    visitor.submit("forward", button="+1 min")

    visitor.open(visitor.url)

    assert not visitor.told("The clock was moved")


def test_the_clock_is_set_and_given_back(sandbox: SandboxProcess, visitor: Visitor) -> None:
    visitor.open("")

    visitor.submit("set-clock", at="2031-05-01T12:00:00")

    assert sandbox.state()["clock"].startswith("2031-05-01T12:00")
    visitor.submit("real-time")
    assert not sandbox.state()["clock"].startswith("2031")


def test_a_refusal_stands_beside_the_form_and_keeps_what_was_typed(visitor: Visitor) -> None:
    visitor.open("")

    visitor.submit("set-clock", at="next week")

    assert visitor.status == 400
    assert visitor.told("not a time")
    assert visitor.form("set-clock").fields["at"] == "next week"


# Accounts


def test_an_account_is_added(sandbox: SandboxProcess, visitor: Visitor) -> None:
    visitor.open("")

    visitor.submit("add-account", friendly_name="Fjord", owner=sandbox.main_sid)

    assert visitor.page.headings == ["Fjord"]
    added = sandbox.account(visitor.path.rpartition("/")[2])
    assert added["owner_account_sid"] == sandbox.main_sid


def test_an_account_without_a_name_is_not_added(sandbox: SandboxProcess, visitor: Visitor) -> None:
    visitor.open("")

    visitor.submit("add-account", friendly_name=" ", owner=sandbox.main_sid)

    assert visitor.told("An account needs a name.")
    assert visitor.form("add-account").fields["owner"] == sandbox.main_sid


def test_an_account_is_suspended_taken_up_again_and_closed(
    sandbox: SandboxProcess, visitor: Visitor, acme_page: str
) -> None:
    seen = []
    visitor.open(acme_page)
    for do, to in (("suspend", {"by": "owner"}), ("reactivate", {}), ("close", {})):
        visitor.submit(do, to=to, typed={"sure": "1"} if do == "close" else {})
        seen.append(sandbox.account(sandbox.acme_sid)["status"])

    assert seen == ["suspended", "active", "closed"]
    assert visitor.told("is closed now")


def test_a_suspension_by_twilio_is_one(sandbox: SandboxProcess, visitor: Visitor) -> None:
    visitor.open(f"room/accounts/{sandbox.acme_sid}")

    visitor.submit("suspend", to={"by": "twilio"})

    visitor.open("")
    assert "Twilio suspended it" in visitor.html


def test_closing_has_to_be_meant(sandbox: SandboxProcess, visitor: Visitor, acme_page: str) -> None:
    visitor.open(acme_page)

    visitor.submit("close")

    assert visitor.told("Tick that you are sure.")
    assert sandbox.account(sandbox.acme_sid)["status"] == "active"


def test_a_new_token_takes_the_place_of_the_old_one(
    sandbox: SandboxProcess, visitor: Visitor, acme_page: str
) -> None:
    visitor.open(acme_page)

    visitor.submit("token")

    token = sandbox.account(sandbox.acme_sid)["auth_token"]
    assert token != sandbox.acme_token
    assert visitor.told(token)


def test_a_trial_account_may_not_write_to_everybody(
    sandbox: SandboxProcess, visitor: Visitor, acme_client: Client, acme_page: str
) -> None:
    visitor.open(acme_page)

    visitor.submit("type", to={"type": "Trial"})

    assert acme_client.api.accounts(sandbox.acme_sid).fetch().type == "Trial"
    visitor.submit("type", to={"type": "Full"})
    assert acme_client.api.accounts(sandbox.acme_sid).fetch().type == "Full"


def test_a_paper_is_made_and_named(visitor: Visitor, acme_page: str) -> None:
    visitor.open(acme_page)

    visitor.submit("paper", kind="bundle")

    assert visitor.told("The bundle is BU")
    visitor.submit("paper", kind="letter")
    assert visitor.status == 400


# Numbers


def test_numbers_are_found_and_paged(
    sandbox: SandboxProcess, visitor: Visitor, acme_page: str
) -> None:
    sandbox.add_numbers(100)
    wanted = sandbox.add_numbers(numbers=[{"phone_number": "+14155559900"}])[0]

    first, third = visitor.open(acme_page).text, visitor.open(f"{acme_page}?page=3").text

    assert "1 to 50 of 128" in first
    assert "101 to 128 of 128" in third
    for query in ("(415) 555-9900", "5559900", wanted["sid"]):
        page = visitor.open(f"{acme_page}?q={query}")
        assert "1 to 1 of 1" in page.text
    assert "No number matches" in visitor.open(f"{acme_page}?q=nothing+here").text


def test_numbers_are_put_in(sandbox: SandboxProcess, visitor: Visitor, acme_page: str) -> None:
    visitor.open(acme_page)

    visitor.submit("add-numbers", count="5")
    visitor.submit("add-number", phone_number="+14155559900")

    assert sandbox.account(sandbox.acme_sid)["numbers"] == 33
    visitor.submit("add-number", phone_number="+14155559900")
    assert visitor.status == 409
    assert visitor.told("is in an account already")


def test_a_number_is_set_as_in_console(sandbox: SandboxProcess, visitor: Visitor) -> None:
    path, _ = first_number(sandbox)
    visitor.open(path)

    visitor.submit("save", VoiceUrl="https://example.com/voice", VoiceMethod="GET")

    number = sandbox.client().incoming_phone_numbers.list(limit=1)[0]
    assert (number.voice_url, number.voice_method) == ("https://example.com/voice", "GET")
    visitor.submit("save", VoiceUrl="no address")
    assert visitor.status == 400
    assert visitor.form("save").fields["VoiceUrl"] == "no address"


def test_a_number_is_released_and_bought_back_within_ten_days(
    sandbox: SandboxProcess, visitor: Visitor, acme_page: str
) -> None:
    path, phone_number = first_number(sandbox)
    visitor.open(path)
    visitor.submit("release")
    visitor.submit("forward", button="+1 day")

    visitor.submit("buy-back", to={"number": phone_number})

    assert first_number(sandbox)[1] == phone_number
    visitor.open(first_number(sandbox)[0])
    visitor.submit("release")
    visitor.submit("forward", button="+10 days")
    assert visitor.told("Nothing was released")


def test_a_release_is_refused_as_long_as_it_is_said(
    sandbox: SandboxProcess, visitor: Visitor, acme_client: Client
) -> None:
    path, phone_number = first_number(sandbox)
    visitor.open(path)

    visitor.submit("refuse", code="22400")
    visitor.submit("release")
    refused = visitor.status, visitor.page.text
    visitor.submit("refuse", code="")
    visitor.submit("release")

    assert refused[0] == 400
    assert "22400" in refused[1]
    assert acme_client.incoming_phone_numbers.list(phone_number=phone_number) == []


def test_a_number_moves_inside_its_family(sandbox: SandboxProcess, visitor: Visitor) -> None:
    path, _ = first_number(sandbox)
    visitor.open(path)

    visitor.submit("move", AccountSid=sandbox.main_sid)

    assert sandbox.account(sandbox.main_sid)["numbers"] == 1
    assert f"/accounts/{sandbox.main_sid}/" in visitor.path


def test_what_a_person_does_is_no_request_of_a_program(
    sandbox: SandboxProcess, visitor: Visitor
) -> None:
    path, _ = first_number(sandbox)
    sandbox.clear_requests()
    sandbox.fault("status")
    visitor.open(path)

    visitor.submit("release")

    assert visitor.told("was released")
    assert sandbox.requests() == []


# Faults, switches, requests


def test_a_fault_is_injected_listed_and_cleared(
    sandbox: SandboxProcess, visitor: Visitor, acme_client: Client
) -> None:
    visitor.open("room/faults")

    visitor.submit("inject", kind="slow", path="Numbers", seconds="0.5", times="2", processed="no")

    fault = sandbox.control("GET", "faults")["faults"][0]
    assert (fault["kind"], fault["path"], fault["seconds"]) == ("slow", "Numbers", 0.5)
    assert (fault["times"], fault["processed"]) == (2, False)
    assert "1 in force" in visitor.page.text
    visitor.submit("clear")
    assert sandbox.control("GET", "faults") == {"faults": []}


@pytest.mark.parametrize(("name", "text"), [("times", "many"), ("rate", "half"), ("times", "0")])
def test_a_fault_that_makes_no_sense_is_refused(visitor: Visitor, name: str, text: str) -> None:
    visitor.open("room/faults")

    visitor.submit("inject", kind="slow", typed={name: text})

    assert visitor.status == 400
    assert visitor.form("inject").fields[name] == text
    assert visitor.form("inject").fields["kind"] == "slow"


def test_every_switch_is_there_with_its_options(sandbox: SandboxProcess, visitor: Visitor) -> None:
    page = visitor.open("room/switches")

    for switch in sandbox.control("GET", "switches")["switches"]:
        assert switch["question"] in page.text
        assert all(f"{name}: {text}" in page.text.replace(" :", ":")
                   for name, text in switch["options"].items())  # fmt: skip


def test_a_switch_is_set_and_shows_in_the_navigation(
    sandbox: SandboxProcess, visitor: Visitor
) -> None:
    visitor.open("room/switches")

    visitor.submit("switch", page_size_above_maximum="capped")

    switches = {s["name"]: s["value"] for s in sandbox.control("GET", "switches")["switches"]}
    assert switches["page_size_above_maximum"] == "capped"
    assert "1 in force" in visitor.page.text


def test_requests_are_listed_and_forgotten(
    sandbox: SandboxProcess, visitor: Visitor, acme_client: Client
) -> None:
    acme_client.incoming_phone_numbers.create(area_code="415")

    page = visitor.open("room/requests?q=Incoming")

    assert "AreaCode=415" in page.text
    visitor.submit("forget")
    assert sandbox.requests() == []


# The state


def test_a_state_is_downloaded_and_taken_up_again(
    sandbox: SandboxProcess, visitor: Visitor, acme_page: str
) -> None:
    link = next(link for link in visitor.open("room/state").links if link.endswith("/world"))
    kept = visitor.session.get(f"{visitor.base}{link}", timeout=10).content
    sandbox.close()

    visitor.open("room/state")
    visitor.submit("take-up", files={"world": kept})

    assert visitor.told("It goes on from that state.")
    assert sandbox.account(sandbox.acme_sid)["numbers"] == 27


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", json.dumps({"format": 1}).encode()])
def test_a_file_that_is_no_state_is_refused(
    sandbox: SandboxProcess, visitor: Visitor, content: bytes
) -> None:
    visitor.open("room/state")

    visitor.submit("take-up", files={"world": content})

    assert visitor.status == 400
    assert sandbox.account(sandbox.acme_sid)["numbers"] == 27


def test_a_reset_has_to_be_meant(sandbox: SandboxProcess, visitor: Visitor) -> None:
    sandbox.close()
    visitor.open("room/state")

    visitor.submit("reset")
    refused = sandbox.account(sandbox.acme_sid)["status"]
    visitor.submit("reset", sure="1", numbers="3", seed="1")

    assert refused == "closed"
    assert sandbox.account(sandbox.acme_sid)["numbers"] == 3
    assert visitor.path == "/_sandbox/"


def test_the_state_file_is_written_and_taken_up(tmp_path: Path) -> None:
    with SandboxProcess(numbers=3, state=tmp_path / "state.sqlite3") as sandbox:
        visitor = Visitor(sandbox.url)
        visitor.open("room/state")

        visitor.submit("save")

        assert visitor.told("The file is up to date.")
        visitor.submit("load")
        assert visitor.told("It goes on from what the file says.")
