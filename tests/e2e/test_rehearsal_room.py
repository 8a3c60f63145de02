"""The rehearsal room of the Twilio stand-in: a rehearsal from text to port, and every page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.sandbox_process import SandboxProcess
from tests.twilio_sandbox import ports
from tests.twilio_sandbox.callers import twiml
from tests.twilio_sandbox.receiver import Receiver, Reply

from .conftest import NARROW, PATIENCE, WIDE, watch
from .looking import AXE, look

PHONE = "+12025550123"
GREETING = twiml(
    '<Start><Recording/><Transcription statusCallbackUrl="/live"/></Start>',
    '<Gather input="speech dtmf" action="/turn"><Say>How can I help you?</Say></Gather>',
)
Enter = Callable[..., Page]


class Room(NamedTuple):
    """A stand-in, and the program that its number's webhooks go to."""

    sandbox: SandboxProcess
    program: Receiver

    @property
    def acme(self) -> str:
        return f"room/accounts/{self.sandbox.acme_sid}"


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    expect.set_options(timeout=PATIENCE)
    with SandboxProcess() as sandbox, Receiver() as program:
        program.on("/sms", twiml("<Message>We are open until six.</Message>"))
        program.on("/voice", GREETING)
        program.on("/turn", twiml("<Say>You have a table.</Say>", "<Hangup/>"))
        program.on("/broken", Reply(500, "<h1>Out of order</h1>"))
        yield Room(sandbox, program)


@pytest.fixture
def enter(room: Room, browser: Browser) -> Iterator[Enter]:
    """``enter()`` opens the room in a browser of its own.

    ``narrow`` is a phone, ``scripts=False`` runs none; ``blank`` are none that do anything, so that
    axe can look at what is there without them. With ``axe`` it is there on every page at once.
    """
    problems: list[str] = []
    contexts = []

    def open_page(
        *, narrow: bool = False, scripts: bool = True, blank: bool = False, axe: bool = False
    ) -> Page:
        context = browser.new_context(
            base_url=f"{room.sandbox.url}/_sandbox/",
            viewport=NARROW if narrow else WIDE,
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        watch(context, room.sandbox.url, problems)
        if blank:
            context.route("**/*.js", lambda route: route.fulfill(body=""))
        if axe:
            context.add_init_script(AXE)
        page = context.new_page()
        page.clock.install()
        page.goto("")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


# A rehearsal


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def follow(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("link", name=name, exact=True).first.click()


def go(page: Page, name: str) -> None:
    """Follow an entry of the navigation, which a phone hides behind a button."""
    menu = page.get_by_role("button", name="Menu")
    if menu.is_visible():
        menu.click()
    page.get_by_role("navigation", name="Main").get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def told(page: Page, text: str) -> None:
    expect(page.get_by_role("status").filter(has_text=text)).to_be_visible()


def wait_for_news(page: Page) -> None:
    """Let the two seconds pass after which the page looks for what is new."""
    page.clock.fast_forward(2_000)


def points_a_number_at_the_program(page: Page, room: Room, number: str) -> None:
    go(page, "Overview")
    follow(page, "Acme")
    page.get_by_label("Search digits, name, SID").fill(number)
    press(page, "Search")
    page.locator("tbody a").first.click()
    page.get_by_label("A call comes in").fill("nowhere")
    press(page, "Save")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("A call comes in")).to_have_value("nowhere")
    page.get_by_label("A call comes in").fill(f"{room.program.url}/voice")
    page.get_by_label("A message comes in").fill(f"{room.program.url}/sms")
    press(page, "Save")
    told(page, "Saved.")


def texts_it(page: Page) -> None:
    follow(page, "Text it")
    page.get_by_label("From the phone").fill(PHONE)
    page.get_by_label("Text", exact=True).fill("Are you open?")
    page.get_by_label("With").select_option("image/png")
    press(page, "Send")
    conversation = page.get_by_role("log", name="Conversation")
    expect(conversation).to_contain_text("Are you open?")
    expect(conversation).to_contain_text("We are open until six.")
    picture = conversation.get_by_role("img").first
    expect(picture).to_have_js_property("naturalWidth", 64)


def signs_and_completes_a_port(page: Page) -> None:
    go(page, "Ports")
    follow(page, "Acme Inc")
    port = page.url
    follow(page, "Open the letter")
    page.get_by_label("I am authorized to sign this letter.").check()
    press(page, "Sign the letter")
    told(page, "Signed by John Smith")
    page.goto(port)
    expect(page.get_by_role("main")).to_contain_text("Signed by John Smith")
    page.locator("#move-state").select_option("completed")
    press(page, "Move them")
    told(page, "The numbers are completed now.")


def fresh_port(room: Room) -> str:
    """The SID of a request that waits for its signature; the number is at another carrier."""
    room.sandbox.reset(history=False)
    sid = str(ports.post(room.sandbox, ports.LANDLINE)["port_in_request_sid"])
    ports.move(room.sandbox, sid, "waiting_for_signature")
    return sid


def newest_number(room: Room) -> str:
    return str(room.sandbox.client().incoming_phone_numbers.list(limit=1)[0].phone_number)


def test_a_rehearsal(room: Room, enter: Enter) -> None:
    fresh_port(room)
    number, page = newest_number(room), enter()
    points_a_number_at_the_program(page, room, number)
    texts_it(page)
    # What the program writes on its own is there without reloading.
    twilio = room.sandbox.client()
    twilio.messages.create(to=PHONE, from_=number, body="Do come by!")
    wait_for_news(page)
    expect(page.get_by_role("log", name="Conversation")).to_contain_text("Do come by!")

    page.goto(f"room/calls?to=%2B{number[1:]}")
    press(page, "Call")
    heard = page.get_by_role("log", name="What is heard")
    expect(heard).to_contain_text("How can I help you?")
    page.get_by_label("Say", exact=True).fill("A table, please")
    press(page, "Say it")
    expect(heard).to_contain_text("A table, please")
    expect(page.get_by_label("Say", exact=True)).to_be_focused()  # to go on speaking
    room.sandbox.forward(seconds=20)
    wait_for_news(page)
    expect(heard).to_contain_text("You have a table.")
    room.sandbox.forward(seconds=20)
    wait_for_news(page)
    expect(heard).to_contain_text("The call is over: completed")
    expect(page.get_by_text("You are on the phone")).to_have_count(0)
    expect(page.get_by_role("main")).to_be_focused()

    page.reload()  # the recording needs a moment
    seconds = page.locator("audio").evaluate(
        "one => new Promise(done => {"
        "one.addEventListener('loadedmetadata', () => done(one.duration)); one.load();"
        "one.preload = 'metadata'})"
    )
    assert seconds > 1
    signs_and_completes_a_port(page)
    follow(page, "(617) 555-1212")
    expect(page.get_by_role("heading", level=1)).to_have_text("(617) 555-1212")
    press(page, "+10 days")
    told(page, "The clock was moved")


def test_a_rehearsal_on_a_phone_without_scripts(room: Room, enter: Enter) -> None:
    fresh_port(room)
    number, page = newest_number(room), enter(narrow=True, scripts=False)
    points_a_number_at_the_program(page, room, number)
    follow(page, "Text it")
    page.get_by_label("From the phone").fill(PHONE)
    page.get_by_label("Text", exact=True).fill("Are you open?")
    press(page, "Send")
    expect(page.get_by_role("log")).to_contain_text("We are open until six.")
    page.goto(f"room/calls?to=%2B{number[1:]}")
    press(page, "Call")
    page.get_by_label("Say", exact=True).fill("A table, please")
    press(page, "Say it")
    press(page, "Hang up")
    expect(page.get_by_role("log")).to_contain_text("The call is over: completed")
    signs_and_completes_a_port(page)


def test_the_keyboard_finds_its_way(enter: Enter) -> None:
    page = enter()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("main").get_by_role("link").first).to_be_focused()
    show = page.get_by_text("Show the token of Acme", exact=True)
    show.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Copy").nth(2)).to_be_visible()


# Every page


@pytest.fixture(scope="module")
def lived_in(room: Room) -> list[str]:
    """A room in which something of everything has happened; the addresses of its pages."""
    sandbox, program = room.sandbox, room.program
    port = fresh_port(room)
    twilio = sandbox.client()
    first, second, third, gone = twilio.incoming_phone_numbers.list(limit=4)
    first.update(sms_url=f"{program.url}/sms", voice_url=f"{program.url}/voice")
    second.update(sms_url=f"{program.url}/broken")
    third.delete()
    texts: tuple[tuple[Any, str, list[str]], ...] = (
        (first, "Look at this", ["image/png", "audio/mpeg"]),
        (first, "STOP", []),
        (second, "Donaudampfschifffahrtsgesellschaft" * 4, []),
    )
    for number, body, media in texts:
        sent = {"from": PHONE, "to": number.phone_number, "body": body, "media": media}
        sandbox.control("POST", "messages?settle=1", sent)
    called = {"from": PHONE, "to": first.phone_number}
    over = sandbox.control("POST", "calls?settle=1", {**called, "script": [{"hang_up": True}]})
    sandbox.forward(seconds=30)
    running = sandbox.control("POST", "calls?settle=1", called)
    carrier = {"phone_number": ports.ANOTHER, "code": 22133, "record": {"zip": "94105"}}
    sandbox.control("POST", "portability", carrier)
    sandbox.fault("status", status=429, code=20429, times=3, path="Nothing")
    sandbox.control("POST", f"numbers/{gone.phone_number}/reclaim", {})
    notice = {"suspended_in_days": 7, "closed_in_days": 37}
    sandbox.control("POST", f"accounts/{sandbox.stranger_sid}/notice", notice)
    sandbox.suspend(sandbox.stranger_main_sid, by_twilio=True)
    letter = sandbox.control("GET", f"ports/{port}")["sign_path"]
    hook = sandbox.control("GET", "webhooks")["webhooks"][-1]["sid"]
    message = twilio.messages.list(limit=1)[0].sid
    sections = ("taken", "ports", "carriers", "snap-port", "mails", "messages", "registrations",
                "calls", "webhooks",
                "alerts", "requests", "faults", "switches", "state")  # fmt: skip
    return [
        *("", room.acme, f"{room.acme}?tab=released", f"{room.acme}?q=nothing"),
        f"{room.acme}/numbers/{first.sid}",
        *(f"room/{section}" for section in sections),
        *(f"room/{section}?q=nothing" for section in ("messages", "calls", "requests")),
        *(f"room/ports/{port}", letter, f"room/messages/{message}", f"room/webhooks/{hook}"),
        *(f"room/phones/{PHONE}", "room/phones/+12025550177"),
        *(f"room/calls/{running['sid']}", f"room/calls/{over['sid']}"),
        "room/nothing",
    ]


def test_every_page(enter: Enter, lived_in: list[str]) -> None:
    page, found = enter(axe=True), []
    for path in lived_in:
        page.goto(path)
        found += look(page, f"room {path or 'overview'}")
    assert not found, "\n".join(found)


def test_pages_without_scripts(room: Room, enter: Enter, lived_in: list[str]) -> None:
    """Where scripts would show buttons for copying, and keep something fresh."""
    page, found = enter(blank=True, axe=True), []
    (number,) = (path for path in lived_in if "/numbers/" in path)
    running = next(path for path in lived_in if "room/calls/" in path)
    for path in ("", number, running, f"room/phones/{PHONE}"):
        page.goto(path)
        found += look(page, f"room without scripts {path or 'overview'}", looks=[(NARROW, "dark")])
    assert not found, "\n".join(found)


def test_long_words_fit(room: Room, enter: Enter) -> None:
    fresh_port(room)
    sandbox, long = room.sandbox, "Donaudampfschifffahrtsgesellschaftskapitaensmuetzenabzeichen"
    account = sandbox.add_account(long)["sid"]
    named = {"phone_number": "+14155559900", "friendly_name": long, "sms_url": room.program.url}
    number = sandbox.add_numbers(numbers=[named], account=account)[0]["sid"]
    sandbox.fault("status", path=f"{long}/{long}", message=f"{long} {long}")
    port = ports.post(sandbox, ports.ANOTHER, told={"customer_name": long * 2})
    page = enter()
    for path in (
        *("", f"room/accounts/{account}", f"room/accounts/{account}/numbers/{number}"),
        *("room/ports", f"room/ports/{port['port_in_request_sid']}", "room/faults"),
    ):
        page.goto(path)
        for size in (WIDE, NARROW):
            page.set_viewport_size(size)
            too_wide = page.locator(".table, .card, main, html").evaluate_all(
                "all => all.filter(each => each.scrollWidth > each.clientWidth + 1)"
                ".map(each => each.className)"
            )
            assert too_wide == [], f"{path} at {size['width']}"
    sandbox.clear_faults()


def test_pages_in_other_states(room: Room, enter: Enter, lived_in: list[str]) -> None:
    page, found = enter(narrow=True, axe=True), []
    port = next(path for path in lived_in if "room/ports/" in path)
    for path in (
        *("", room.acme, port),
        *("room/taken", "room/carriers", "room/faults", "room/calls"),
    ):
        page.goto(path)
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        found += look(page, f"room unfolded {path or 'overview'}", looks=[(NARROW, "light")])
    page.goto("room/carriers")
    page.get_by_label("Number", exact=True).fill("six")
    press(page, "Say so")
    expect(page.get_by_role("alert")).to_be_visible()
    found += look(page, "room refused", looks=[(WIDE, "dark")])
    page.set_viewport_size(NARROW)
    press(page, "Menu")
    found += look(page, "room menu", looks=[(NARROW, "dark")])
    assert not found, "\n".join(found)
