"""A browser, what it may not meet on any page, and a Numberdesk to visit."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    ViewportSize,
    expect,
)

from tests.installation import Migrated
from tests.sandbox_process import SandboxProcess

from .house import NUMBERS, House

WIDE = ViewportSize(width=1280, height=900)
NARROW = ViewportSize(width=390, height=844)
PATIENCE = 15_000  # milliseconds

Visit = Callable[..., Page]


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker(pytest.mark.e2e)


@pytest.hookimpl(trylast=True)  # whatever order the others have come into
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files begin: at the end, one would keep a single worker busy."""
    items.sort(key=lambda item: not item.path.name.startswith("test_every_"))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The Chromium of the system, which asks nobody for updates."""
    return {
        **browser_type_launch_args,
        "executable_path": os.environ.get("CHROMIUM", "/usr/bin/chromium"),
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
        ],
    }


@pytest.fixture(scope="session")
def house(
    tmp_path_factory: pytest.TempPathFactory, migrated: Migrated, django_db_blocker: Any
) -> Iterator[House]:
    expect.set_options(timeout=PATIENCE)
    with SandboxProcess(numbers=NUMBERS, at=None) as sandbox:
        with django_db_blocker.unblock():
            house = House(tmp_path_factory.mktemp("house"), migrated, sandbox)
        try:
            yield house
            assert house.complaints() == []
        finally:
            house.installation.end()


@pytest.fixture(scope="session")
def base_url(house: House) -> str:
    return house.url


@pytest.fixture
def visit(house: House, new_context: Callable[..., BrowserContext]) -> Iterator[Visit]:
    """``visit()`` opens a browser of its own; ``narrow`` and ``scripts`` vary it.

    ``answers`` are those from 400 on that a script may get besides a form that was refused (422).

    Whatever happens there, no page may log an error, break its content policy, fail to load
    something, or ask another server for anything.
    """
    problems: list[str] = []

    def open_page(
        *, narrow: bool = False, scripts: bool = True, answers: tuple[int, ...] = (), **options: Any
    ) -> Page:
        context = new_context(
            viewport=NARROW if narrow else WIDE,
            java_script_enabled=scripts,
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(PATIENCE)
        watch(context, house.url, problems, answers)
        return context.new_page()

    yield open_page
    assert problems == []


def watch(
    context: BrowserContext, home: str, problems: list[str], answers: tuple[int, ...] = ()
) -> None:
    """Note in `problems` whatever no page may do; `home` is the only server it may ask."""

    def logged(message: ConsoleMessage) -> None:
        # What could not be loaded is judged by its answer, below.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            problems.append(f"{message.page and message.page.url}: {message.text}")

    def asked(request: Request) -> None:
        there = urlsplit(request.url)
        if there.scheme in ("http", "https") and not request.url.startswith(f"{home}/"):
            problems.append(f"asked for {request.url}")

    def failed(request: Request) -> None:
        # Somebody who goes on stops what the page was still asking for; so does a download.
        if request.failure != "net::ERR_ABORTED":
            problems.append(f"{request.url}: {request.failure}")

    def answered(response: Response) -> None:
        page = response.request.resource_type == "document"
        form = response.status == 422 and response.request.method == "POST"
        if form or response.status in answers:
            return
        if response.status >= (500 if page else 400):
            problems.append(f"{response.url}: {response.status}")

    context.on("console", logged)
    context.on("weberror", lambda error: problems.append(f"{error.error}"))
    context.on("request", asked)
    context.on("requestfailed", failed)
    context.on("response", answered)
