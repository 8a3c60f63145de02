"""What Twilio leaves open is a switch: explained, shown, and tested with every answer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.sandbox_process import ROOT, SandboxProcess
from tests.twilio_sandbox.visitor import Visitor
from twilio_sandbox.switches import SWITCHES

DOCUMENT = ROOT / "docs" / "sandbox.md"


@pytest.fixture(scope="module")
def tests() -> list[str]:
    """The sources of all other tests of this folder."""
    files = Path(__file__).parent.rglob("test_*.py")
    return [file.read_text("utf-8") for file in files if file != Path(__file__)]


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_has_a_question_a_source_and_two_answers(name: str) -> None:
    switch = SWITCHES[name]

    assert switch.question.endswith("?")
    assert re.match(r"twilio-facts (\d|A|[BC] \d)|a setting of Twilio's Console", switch.source)
    assert len(switch.options) >= 2


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_is_described(name: str) -> None:
    rows = [line for line in DOCUMENT.read_text("utf-8").splitlines() if f"`{name}`" in line]

    assert rows, f"{name} is not in docs/sandbox.md"
    missing = [each for each in SWITCHES[name].options if f"`{each}`" not in "\n".join(rows)]
    assert missing == []


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_is_tested_with_every_other_answer(name: str, tests: list[str]) -> None:
    _, *others = SWITCHES[name].options
    about = "\n".join(source for source in tests if re.search(rf'"{name}"|\b{name}=', source))

    assert [each for each in others if f'"{each}"' not in about] == []


@pytest.mark.process
def test_every_switch_is_on_the_page(sandbox: SandboxProcess) -> None:
    page = Visitor(sandbox.url).open("room/switches")

    assert [each.question for each in SWITCHES.values() if each.question not in page.text] == []
