"""What a web server owes its visitors, and what it does when some of them are slow or many."""

from __future__ import annotations

import os
import signal
import time

import psutil  # type: ignore[import-untyped]
import pytest

from config.management.commands.run_web import GAVE_UP, TOO_SOON
from config.server import MOST_CONNECTIONS
from tests.config.test_worker import wait_until

from .conftest import PATIENCE, Site, Wire, free_port

pytestmark = [pytest.mark.process, pytest.mark.sqlite]

#: More than the threads of all processes together.
MANY = 24
LOGIN = "POST /accounts/login/"


def slow_body(site: Site) -> Wire:
    wire = site.wire()
    form = {"Content_Type": "application/x-www-form-urlencoded", "Cookie": "csrftoken=" + "a" * 32}
    wire.say(wire.head(LOGIN, Content_Length="1000", **form), b"c")
    return wire


def slow_header(site: Site) -> Wire:
    wire = site.wire()
    wire.say("GET /accounts/login/ HTTP/1.1\r\nHost: ")
    return wire


def slow_chunks(site: Site) -> Wire:
    wire = site.wire()
    wire.say(wire.head(LOGIN, Transfer_Encoding="chunked"), b"3e8\r\nc")
    return wire


@pytest.mark.parametrize("slow", [slow_body, slow_header, slow_chunks, Site.wire])
def test_slow_clients_hold_no_thread(site: Site, slow: object) -> None:
    for _ in range(MANY):
        slow(site)  # type: ignore[operator]

    # The slow ones would hold on for ten times as long as a request may take here.
    for _ in range(MANY):
        assert site.wire().ask("GET /healthz").status == 200


def test_who_holds_every_connection_makes_room(site: Site) -> None:
    held = [site.wire() for _ in range(2 * MOST_CONNECTIONS + 200)]

    assert held
    assert site.wire().ask("GET /healthz").status == 200


def test_one_connection_serves_many_requests(site: Site) -> None:
    wire = site.wire()

    answers = [
        wire.ask(line)
        for line in ("GET /healthz", "GET /static/css/base.css", "HEAD /accounts/login/",
                     "GET /accounts/login/", "GET /nothing/", "TRACE /healthz", "GET /healthz")
    ]  # fmt: skip

    assert [answer.status for answer in answers] == [200, 200, 200, 200, 404, 405, 200]


def test_requests_sent_at_once_are_answered_in_order(site: Site) -> None:
    wire = site.wire()

    wire.say(wire.head("GET /healthz"), wire.head("GET /nothing/"), wire.head("GET /healthz"))

    assert [wire.hear().status for _ in range(3)] == [200, 404, 200]


def test_head_has_the_headers_of_the_page_and_nothing_else(site: Site) -> None:
    wire = site.wire()

    head, page = wire.ask("HEAD /accounts/login/"), wire.ask("GET /accounts/login/")

    assert head.headers["content-length"] == page.headers["content-length"]
    assert int(head.headers["content-length"]) == len(page.body)


def test_an_old_client_is_answered_and_the_connection_ends(site: Site) -> None:
    wire = site.wire()

    answer = wire.ask("GET /healthz HTTP/1.0")

    assert (answer.status, answer.body) == (200, b"ok\n")
    assert wire.ended()


def test_a_connection_that_the_client_wants_to_end_ends(site: Site) -> None:
    wire = site.wire()

    assert wire.ask("GET /healthz", Connection="close").status == 200
    assert wire.ended()


@pytest.mark.parametrize(
    "line", ["GET /healthz HTTP/2.0", "GET", "get /healthz HTTP/1.1", "GET http://[::1/ HTTP/1.1"]
)
def test_what_is_no_request_is_refused(site: Site, line: str) -> None:
    wire = site.wire()

    wire.say(f"{line}\r\nHost: {wire.host}\r\n\r\n")

    assert wire.hear().status == 400


# --- Processes -----------------------------------------------------------------------------------


def test_a_process_that_dies_is_replaced_and_the_others_serve_on(site: Site) -> None:
    port = free_port()
    parent = psutil.Process(site.serve(port).pid)
    wait_until(lambda: len(parent.children()) == 2, "both processes")
    first, second = parent.children()
    seen = time.monotonic()
    wait_until(lambda: time.monotonic() - seen > TOO_SOON, "both to be old enough")

    first.kill()

    wait_until(lambda: first.pid not in {each.pid for each in parent.children()}, "its end")
    wait_until(lambda: len(parent.children()) == 2, "another one")
    assert second.pid in {each.pid for each in parent.children()}
    assert site.wire(port).ask("GET /healthz").status == 200


def test_a_server_whose_processes_die_at_once_gives_up(site: Site) -> None:
    process = site.serve(free_port())
    parent = psutil.Process(process.pid)
    wait_until(lambda: len(parent.children()) == 2, "both processes")

    parent.children()[0].kill()

    assert process.wait(PATIENCE) == GAVE_UP


def test_no_process_serves_on_without_the_one_that_watches_it(site: Site) -> None:
    port = free_port()
    parent = psutil.Process(site.serve(port).pid)
    wait_until(lambda: len(parent.children()) == 2, "both processes")
    children = parent.children()

    parent.kill()

    gone, _ = psutil.wait_procs(children, PATIENCE)
    assert len(gone) == 2


def test_a_server_that_is_told_to_stop_answers_what_it_has_in_hand(site: Site) -> None:
    port = free_port()
    process = site.serve(port)
    busy, idle = site.wire(port), site.wire(port)
    assert idle.ask("GET /healthz").status == 200
    form = {"Content_Type": "application/x-www-form-urlencoded", "Content_Length": "7"}
    busy.say(busy.head(LOGIN, **form), b"log")
    # Its process has it in hand, and not only the kernel.
    assert [site.wire(port).ask("GET /healthz").status for _ in range(8)] == [200] * 8

    os.killpg(process.pid, signal.SIGTERM)
    assert idle.ended()
    busy.say(b"in=a")
    answer = busy.hear()

    assert (answer.status, answer.headers["connection"]) == (403, "close")
    assert process.wait(PATIENCE) == 0
    with pytest.raises(OSError, match="refused"):
        site.wire(port)
