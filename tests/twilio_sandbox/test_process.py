"""The process: starting, the seed, the state file, connections, and the ways it ends."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from tests.sandbox_process import ROOT, SandboxProcess

pytestmark = pytest.mark.process


def inventory(sandbox: SandboxProcess) -> list[dict[str, object]]:
    url = f"{sandbox.url}/api/2010-04-01/Accounts/{sandbox.acme_sid}/IncomingPhoneNumbers.json"
    answer = requests.get(
        url, params={"PageSize": "1000"}, auth=(sandbox.acme_sid, sandbox.acme_token), timeout=10
    )
    rows: list[dict[str, object]] = answer.json()["incoming_phone_numbers"]
    return rows


def test_the_same_seed_makes_the_same_world() -> None:
    with (
        SandboxProcess(seed=7) as one,
        SandboxProcess(seed=7) as two,
        SandboxProcess(seed=8) as other,
    ):
        assert one.state()["accounts"] == two.state()["accounts"]
        assert inventory(one) == inventory(two)
        assert other.acme_sid != one.acme_sid
        assert [n["phone_number"] for n in inventory(one)] != [
            n["phone_number"] for n in inventory(other)
        ]


def test_the_seeded_numbers_are_mixed(sandbox: SandboxProcess) -> None:
    numbers = inventory(sandbox)
    digits = [str(number["phone_number"]) for number in numbers]

    assert len({d[:5] for d in digits if d.startswith("+1")}) >= 20
    assert sum(d.startswith("+44") for d in digits) == 2
    assert {str(number["type"]) for number in numbers} == {"local", "mobile", "toll free"}
    assert len({json.dumps(number["capabilities"]) for number in numbers}) >= 3
    assert sum(number["emergency_status"] == "Active" for number in numbers) == 1
    assert any(number["trunk_sid"] for number in numbers)
    assert any(number["voice_application_sid"] for number in numbers)
    assert any(number["voice_url"] for number in numbers)
    named = [n for n in numbers if not str(n["friendly_name"]).startswith(("(", "+"))]
    assert 4 <= len(named) <= 10
    assert len({d[-4:] for d in digits}) == 27
    american = [d for d in digits if d.startswith("+1")]
    assert all(d[5:10] == "55501" for d in american)


def test_it_starts_without_django() -> None:
    code = "import sys, twilio_sandbox.__main__; print('django' in sys.modules)"

    listed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert listed.stdout.strip() == "False"


def test_a_hundred_thousand_numbers_are_paged_through_without_loss() -> None:
    with SandboxProcess(numbers=0) as sandbox:
        sandbox.reset(numbers=100_000)
        digits = {
            n.phone_number for n in sandbox.client().incoming_phone_numbers.stream(page_size=1000)
        }

    assert len(digits) == 100_000


def test_changes_survive_a_power_cut(tmp_path: Path) -> None:
    state = tmp_path / "sandbox.sqlite3"
    with SandboxProcess(state=state) as sandbox:
        client = sandbox.client()
        bought = client.incoming_phone_numbers.create(area_code="415", friendly_name="New line")
        released = client.incoming_phone_numbers.list(friendly_name="San Francisco main line")[0]
        released.delete()
        moved_to = sandbox.forward(days=3)
        token = sandbox.revoke_token()
        sandbox.seconds_until_saved(state, token)
        sandbox.kill()

    with SandboxProcess(state=state, numbers=5, seed=99) as again:
        numbers = {number["sid"]: number for number in inventory(again)}
        assert len(numbers) == 27
        assert numbers[str(bought.sid)]["friendly_name"] == "New line"
        assert again.acme_token == token
        clock = again.state()["clock"]
        assert clock > moved_to.isoformat()
        assert [row["phone_number"] for row in again.state()["released"]] == [released.phone_number]
        again.buy_back(str(released.phone_number))


def test_a_change_is_in_the_file_within_a_second(tmp_path: Path) -> None:
    state = tmp_path / "sandbox.sqlite3"
    with SandboxProcess(state=state) as sandbox:
        # Each change but the first comes right after a save, and so waits as long as any can. On a
        # machine that is busy one of them has to be in time.
        _, *taken = [sandbox.seconds_until_saved(state, sandbox.revoke_token()) for _ in range(6)]

    assert min(taken) < 1


def test_keys_addresses_and_the_past_survive_a_power_cut(tmp_path: Path) -> None:
    state = tmp_path / "sandbox.sqlite3"
    with SandboxProcess(state=state) as sandbox:
        client = sandbox.client()
        key = client.new_keys.create(friendly_name="Worker")
        second = client.accounts.v1.secondary_auth_token().create().secondary_auth_token
        tables = sandbox.control("GET", "world")["tables"]
        sandbox.save()
        sandbox.kill()

    with SandboxProcess(state=state) as again:
        numbers = again.client(key.sid, key.secret, account=again.acme_sid).incoming_phone_numbers
        assert len(numbers.list(page_size=1000)) == 27
        assert again.client(again.acme_sid, second).addresses.list()
        found = again.control("GET", "world")["tables"]
        for kind in ("keys", "addresses", "applications", "papers", "events", "calls", "messages"):
            assert tables[kind]
            assert sorted(found[kind]) == sorted(tables[kind])


def test_a_power_cut_while_writing_leaves_a_whole_file(tmp_path: Path) -> None:
    state = tmp_path / "sandbox.sqlite3"
    expected = 20_000
    with SandboxProcess(state=state, numbers=expected) as sandbox:
        sandbox.save()
        for pause in (0.25, 0.35, 0.45):
            sandbox.add_numbers(1)
            time.sleep(pause)
            sandbox.kill()
            sandbox.start()
            found = sandbox.account(sandbox.acme_sid)["numbers"]
            assert found in (expected, expected + 1)
            expected = found


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_an_orderly_end_saves_the_last_change(tmp_path: Path, signum: signal.Signals) -> None:
    state = tmp_path / "deep" / "sandbox.sqlite3"
    with SandboxProcess(state=state) as sandbox:
        token = sandbox.revoke_token()
        assert sandbox.stop(signum) == 0

    assert token.encode() in state.read_bytes()
    assert list(state.parent.iterdir()) == [state]


def test_it_ends_although_an_answer_is_pending() -> None:
    with SandboxProcess() as sandbox:
        sandbox.fault("slow", seconds=60)
        host, port = sandbox.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=5) as raw:
            raw.sendall(b"GET /api/2010-04-01/Accounts.json HTTP/1.1\r\nHost: x\r\n\r\n")
            time.sleep(0.2)

            assert sandbox.stop() == 0  # which waits for ten seconds, not for the sixty


def test_page_links_outlive_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "sandbox.sqlite3"
    with SandboxProcess(state=state) as sandbox:
        page = sandbox.client().incoming_phone_numbers.page(page_size=10)
        link = page.next_page_url
        sandbox.stop()

    assert link is not None
    with SandboxProcess(state=state) as again:
        following = again.client().incoming_phone_numbers.get_page(link)
        assert len(list(following)) == 10


def test_save_and_load_go_back_to_a_point(tmp_path: Path) -> None:
    state = tmp_path / "sandbox.sqlite3"
    with SandboxProcess(state=state) as sandbox:
        sandbox.save()
        kept = state.read_bytes()
        sandbox.add_numbers(5)
        sandbox.save()
        state.write_bytes(kept)
        sandbox.control("POST", "load")
        assert sandbox.account(sandbox.acme_sid)["numbers"] == 27


@pytest.mark.parametrize("content", ["", "{", "{}", '{"format": 99}', "[]"])
def test_a_state_file_that_cannot_be_used_is_left_alone(tmp_path: Path, content: str) -> None:
    state = tmp_path / "sandbox.sqlite3"
    state.write_text(content, "utf-8")

    ended = subprocess.run(
        [sys.executable, "-m", "twilio_sandbox", "--port", "0", "--state", str(state)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert ended.returncode == 2
    assert str(state) in ended.stderr
    assert "Traceback" not in ended.stderr
    assert state.read_text("utf-8") == content


def test_a_port_in_use_is_said_so() -> None:
    with SandboxProcess() as sandbox:
        port = sandbox.url.rpartition(":")[2]
        ended = subprocess.run(
            [sys.executable, "-m", "twilio_sandbox", "--port", port],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    assert ended.returncode == 2
    assert "in use" in ended.stderr


def test_one_connection_serves_many_requests(sandbox: SandboxProcess) -> None:
    host, port = sandbox.url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=5)
    connection.connect()
    ours = connection.sock

    for _ in range(50):
        connection.request("GET", f"/api/2010-04-01/Accounts/{sandbox.acme_sid}.json")
        assert connection.getresponse().read().startswith(b'{"code":20003')

    assert connection.sock is ours
    connection.close()


@pytest.mark.parametrize(
    "head",
    [
        b"GET /api HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"GET /api HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"POST /api HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_requests_of_unclear_length_are_refused(sandbox: SandboxProcess, head: bytes) -> None:
    host, port = sandbox.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as raw:
        raw.sendall(head)

        assert raw.recv(65536).startswith(b"HTTP/1.1 411 ")
